"""What a fleet costs."""
