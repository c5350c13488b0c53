"""How long a new node needs until a model answers."""
