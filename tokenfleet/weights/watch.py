"""Who watches long work: told what begins and how far it is."""

from collections.abc import Callable
from typing import Protocol

Advance = Callable[[int], None]
"""Hears how many more bytes were handled; fewer than none when some must be sent again.

Called from several threads.
"""


class Watch(Protocol):
    """Shows progress, or does not."""

    def begin(self, task: str, total_bytes: int) -> Advance:
        """A new task begins and the one before is over."""
        ...

    def say(self, line: str) -> None:
        """One line that a person should read."""
        ...


def size(size_bytes: float) -> str:
    """Bytes as people say them, three digits or so: ``16.4 GB``."""
    for unit in ("B", "kB", "MB"):
        if size_bytes < 1000:  # noqa: PLR2004 - the step between units
            return f"{size_bytes:.3g} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:,.1f} GB"
