"""Two revisions of a stack side by side: what changes, and how dangerous that is."""
