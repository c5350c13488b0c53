"""What a refresh found of digests, on a terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from tokenfleet.catalogue.digests import DigestChange

_SHOWN = len("sha256:") + 12


def digest_table(changes: Sequence[DigestChange]) -> Table:
    """What is pinned, moved or not in use any more, a line each."""
    table = Table(title="Pinned", title_justify="left", box=None, pad_edge=False)
    for column in ("image or chart", "before", "now"):
        table.add_column(column, header_style="dim", overflow="fold")
    for change in changes:
        table.add_row(Text(change.name), _short(change.before), _short(change.after))
    return table


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
