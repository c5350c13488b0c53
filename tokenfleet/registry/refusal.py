"""Why a digest cannot be had."""

from collections.abc import Sequence


class UnresolvedError(Exception):
    """One digest cannot be had: why, and the way out, without the name that was asked for."""


class RegistryError(Exception):
    """Digests cannot be had: each line names an image or chart, what is wrong and the way out."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(lines))
