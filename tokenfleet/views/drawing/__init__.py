"""The architecture diagram: layout, lettering, shapes."""
