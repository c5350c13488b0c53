"""The files that a model is published as: in which format they keep what."""
