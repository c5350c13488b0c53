"""What a token costs, why, and whether somebody sells it for less."""
