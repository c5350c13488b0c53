"""The architecture of a stack: the same parts wide, narrow, and as a small flowchart."""
