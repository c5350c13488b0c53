"""A table as plain text cells, and which of its columns matter most where there is little room."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Figures are set to the right and never broken. A ``reference`` is the place of a source in the
    table's list, counted from 1, and stands only where that list does.
    """

    name: str
    number: bool = False
    gives_way: int = 0
    """Where not every column has room, the highest goes first; those of 0 always stay."""
    reference: bool = False
    whole: bool = False
    """Whether its words are never broken, such as names that are copied."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A titled table. The cells of ``total`` close it where they are not empty."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] = ()
    caption: str = ""
    sources: Sequence[str] = ()
