"""What a model runs on: instance types, accelerators, engines, and how fast they are."""
