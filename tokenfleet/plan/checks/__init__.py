"""What parsed but cannot be built: contradictions between sections, and with the catalogue."""
