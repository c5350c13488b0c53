"""What a model is made of, read from its ``config.json`` as the pinned engine reads it."""
