"""How publishing says no: lines for a person, never a traceback."""

from collections.abc import Iterable, Sequence


class PublishError(Exception):
    """Publishing cannot go on: each line names what is wrong or the way out."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines: Sequence[str] = tuple(lines)
        super().__init__("\n".join(self.lines))


class SnapshotError(PublishError):
    """Files that cannot be published: every problem found, one a line, with its way out.

    ``where`` is the folder, or what else holds them.
    """

    def __init__(self, where: object, problems: Iterable[str]) -> None:
        found = sorted({*problems})
        many = f"{len(found)} problem{'' if len(found) == 1 else 's'}"
        super().__init__([f"{where} cannot be published: {many}", *(f"  {line}" for line in found)])


class StoreError(PublishError):
    """The bucket cannot be used as asked."""
