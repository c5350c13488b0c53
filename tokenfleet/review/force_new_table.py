"""What of a resource cannot change in place, by type: the data file, typed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import BeforeValidator, Field, TypeAdapter

from tokenfleet.catalogue.facts import Fact

Outcome = Literal["replace", "refused", "replaces-managed"]
Change = Literal["added", "removed", "changed", "lowered"]


class Row(Fact):
    """A property, with everything below it; what is not given makes no condition."""

    path: str
    because: str = "the provider marks it as force-new"
    source: str | None = None
    unsure: str | None = None
    outcome: Outcome = "replace"
    when: Sequence[Change] = ()
    from_: str | bool | None = Field(default=None, alias="from")
    to: str | bool | None = None
    unless_set: str | None = None


class DeletesFirst(Fact):
    """Where a replacement deletes before it creates: ``by`` names the properties that decide."""

    when: Literal["given", "same"]
    by: Sequence[str]


def _row(given: object) -> object:
    return {"path": given} if isinstance(given, str) else given


class TypeRows(Fact):
    """One type; a property in neither ``replaces`` nor ``updates`` is one that nobody read about."""

    source: str
    replaces: Sequence[Annotated[Row, BeforeValidator(_row)]]
    updates: Sequence[str] = ()
    others_update: bool = False
    deletes_first: DeletesFirst | None = None


class Table(Fact):
    """The file: when it was read, for which versions, and the rows by type token."""

    read: dt.date
    packages: Mapping[str, str]
    shared: Sequence[object]  # what rows of several types refer to
    types: Mapping[str, TypeRows]


_FILE = TypeAdapter(Table)


@cache
def force_new_table() -> Table:
    """Every type that the program uses."""
    text = (files("tokenfleet.review") / "data" / "force_new.yaml").read_text(encoding="utf-8")
    return _FILE.validate_python(yaml.load(text, Loader=yaml.CSafeLoader))
