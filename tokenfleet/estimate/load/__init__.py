"""What a replica carries at a load below saturation, and what its users wait for."""
