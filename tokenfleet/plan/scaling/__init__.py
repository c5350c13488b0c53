"""Replicas that follow the load: the rule, and what makes Kubernetes obey it."""
