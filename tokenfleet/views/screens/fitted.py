"""Tables on a terminal of any width: whole columns give way, and no figure is ever broken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import wrap

from rich.bar import Bar
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table as Grid
from rich.text import Text

from tokenfleet.plain_text import written_out
from tokenfleet.views.tables.table import Column, Table

_GAP = 2
# A column of words is not made narrower than this, or than its longest word up to the second.
_NARROWEST, _LONGEST_WORD = 16, 36
_LINES = 2
_SHORTEST_BAR, _LONGEST_BAR = 10, 40
_REST = "dim"

Cell = str | RenderableType


class Span(Bar):
    """A bar from one share of the way to another, in a column that need not be wide."""

    def __init__(self, begin: float, end: float, color: str) -> None:
        super().__init__(1.0, begin, end, color=color)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Enough to compare lengths, and never a whole wide terminal."""
        return Measurement(_SHORTEST_BAR, _LONGEST_BAR)


@dataclass(kw_only=True)
class Fitted:
    """A table that asks its terminal for its width.

    Columns that give way are left out, the highest first, until the rest has room, and are named
    below; where that is not enough, every row becomes a few lines of its own.
    """

    title: str
    columns: Sequence[Column]
    caption: str = ""
    rows: list[tuple[Sequence[Cell], str]] = field(default_factory=list)
    headed: bool = True

    def row(self, *cells: Cell, style: str = "") -> None:
        """Add a row: a string is text, never markup, and all of it is seen."""
        texts = [Text(written_out(cell)) if isinstance(cell, str) else cell for cell in cells]
        self.rows.append((texts, style))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Print the title, what has room, and what is to be known about it."""
        if self.title:
            yield Text(self.title, "bold")
        widths = [self._width(console, options, place) for place in range(len(self.columns))]
        places, used = _fitting(self.columns, widths, options.max_width)
        yield self._grid(places, used) if used else self._records(places)
        if self.caption:
            yield Text(self.caption, _REST)
        left_out = [column.name for place, column in enumerate(self.columns) if place not in places]
        if any(left_out):
            yield Text(f"Left out for want of room: {'; '.join(left_out)}.", _REST)

    def _grid(self, places: Sequence[int], widths: Sequence[int]) -> Grid:
        grid = Grid(box=None, pad_edge=False, show_header=self.headed, padding=(0, _GAP, 0, 0))
        for place, width in zip(places, widths, strict=True):
            column = self.columns[place]
            grid.add_column(
                column.name,
                justify="right" if column.number else "left",
                header_style=_REST,
                overflow="fold",
                width=width,
            )
        for cells, style in self.rows:
            grid.add_row(*(cells[place] for place in places), style=style)
        return grid

    def _records(self, places: Sequence[int]) -> Grid:
        grid = Grid(box=None, pad_edge=False, show_header=False)
        grid.add_column(style=_REST)
        grid.add_column(overflow="fold")
        for number, (cells, style) in enumerate(self.rows):
            if number:
                grid.add_row()
            for place in places:
                grid.add_row(self.columns[place].name, cells[place], style=style)
        return grid

    def _width(self, console: Console, options: ConsoleOptions, place: int) -> tuple[int, int]:
        """The least and the most cells that a column takes."""
        column = self.columns[place]
        found = [Measurement.get(console, options, cells[place]) for cells, _ in self.rows]
        title = _title_width(column.name) if self.headed else 0
        longest = max((each.maximum for each in found), default=0)
        most = max(longest, cell_len(column.name) if self.headed else 0)
        if column.number:
            return max(longest, title), most
        words = max((each.minimum for each in found), default=0)
        limit = most if column.whole else _LONGEST_WORD
        return max(title, min(most, max(_NARROWEST, min(words, limit)))), most


def on_screen(table: Table) -> Fitted:
    """A table of a written report on a terminal, without references to the list of its sources."""
    kept = [place for place, column in enumerate(table.columns) if not column.reference]
    columns = [table.columns[place] for place in kept]
    screen = Fitted(title=table.title, columns=columns, caption=table.caption)
    for row in table.rows:
        screen.row(*(row[place] for place in kept))
    if table.total:
        screen.row(*(table.total[place] for place in kept), style="bold")
    return screen


def _title_width(title: str) -> int:
    """The least width at which a title takes no more than two lines."""
    longest_word = max(map(len, title.split()), default=1)
    widths = range(longest_word, len(title) + 1)
    return next((width for width in widths if len(wrap(title, width)) <= _LINES), 0)


def _fitting(
    columns: Sequence[Column], widths: Sequence[tuple[int, int]], room: int
) -> tuple[Sequence[int], Sequence[int]]:
    """The places of the columns that stay, and their widths: none where even they have no room."""
    places = list(range(len(columns)))
    while True:
        spare = room - sum(widths[place][0] for place in places) - _GAP * (len(places) - 1)
        if spare >= 0:
            return places, list(_widened([widths[place] for place in places], spare))
        last = max(places, key=lambda place: columns[place].gives_way, default=None)
        if last is None or columns[last].gives_way == 0:
            return places, ()
        places.remove(last)


def _widened(widths: Sequence[tuple[int, int]], spare: int) -> Iterator[int]:
    """Share what is left among the columns in proportion to what each would still take."""
    wanted = sum(most - least for least, most in widths)
    given = min(spare, wanted)
    for least, most in widths:
        share = given * (most - least) // wanted if wanted else 0
        wanted, given = wanted - (most - least), given - share
        yield least + share
