"""The edge: one proxy in front of all models, its configuration and its objects."""
