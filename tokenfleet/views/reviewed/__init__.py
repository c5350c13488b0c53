"""A reviewed stack as its drawing: where each change is, how it is marked, what is gone."""
