"""Two revisions of a project: what changes, how dangerous it is, and what it costs."""
