"""Which hardware should serve a model."""
