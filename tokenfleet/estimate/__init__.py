"""How fast a replica is: steps, saturation, waits."""
