"""Towers that see or hear, and what makes what they find into tokens."""
