"""Tables as plain text cells: every medium shows the same ones."""
