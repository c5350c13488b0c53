"""How many there are of something, as people write it."""


def count(number: int, noun: str) -> str:
    """``1 node``, ``12 nodes``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
