"""Nodes: pools of them, what is on them, and the cluster's own."""
