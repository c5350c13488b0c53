"""How a dated fact is read: data files checked against typed rows, and what is said when one is absent."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class CatalogueError(LookupError):
    """A fact the catalogue does not hold, with the way to add it."""


class Fact(BaseModel):
    """One row of a data file: frozen, camelCase in the file, unknown columns refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class Source(Fact):
    """Where figures come from, and the day they were true."""

    title: str
    date: dt.date


@dataclass(frozen=True, kw_only=True)
class Price:
    """A list price in US dollars, where it comes from, and the day it was true."""

    usd: float
    source: str
    date: dt.date


def data_folder() -> Path:
    """Where the data files of the catalogue are."""
    return Path(str(files("tokenfleet.catalogue") / "data"))


@cache
def data_file(name: str) -> str:
    """The text of a data file of the catalogue."""
    return (data_folder() / name).read_text(encoding="utf-8")
