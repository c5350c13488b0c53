"""Reports as files: Markdown and HTML."""
