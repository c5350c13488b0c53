"""What a refresh found of digests, on a terminal."""

from collections.abc import Sequence

from tokenfleet.catalogue.pulled.digests import DigestChange
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.tables.table import Column

_SHOWN = len("sha256:") + 12


def digest_table(changes: Sequence[DigestChange]) -> Fitted:
    """What is pinned, moved or not in use any more, a line each."""
    columns = [Column("Image or chart"), Column("Before"), Column("Now")]
    screen = Fitted(title="Pinned", columns=columns)
    for change in changes:
        screen.row(change.name, _short(change.before), _short(change.after))
    return screen


def moved_tags(changes: Sequence[DigestChange]) -> Sequence[str]:
    """Lines on the tags that stand for something else than before."""
    moved = [change for change in changes if change.doubt]
    if not moved:
        return []
    count = f"{len(moved)} {'tags have' if len(moved) > 1 else 'tag has'} moved"
    return [
        f"{count}, which tags of releases should not; ask their makers why:",
        *(
            f"  {change.name} {change.doubt}: {change.before} before, {change.after} now"
            for change in moved
        ),
    ]


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest[:_SHOWN]
