"""Policies played against capacity over time."""
