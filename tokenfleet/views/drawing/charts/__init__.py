"""Charts, each a picture of its own."""
