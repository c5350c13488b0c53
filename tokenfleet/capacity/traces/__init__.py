"""How much spot capacity there was, or could be, over time."""
