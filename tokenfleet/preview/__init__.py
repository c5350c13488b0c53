"""Records the real program and reports what it would build."""
