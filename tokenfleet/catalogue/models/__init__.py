"""Models: what sizing needs to know of them, from a list or from their own files."""
