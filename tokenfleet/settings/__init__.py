"""The stack file: parsed once, typed, with every default."""
