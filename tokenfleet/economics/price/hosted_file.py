"""Prices of hosted APIs that the user looked up: a YAML file with source and date of each."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tokenfleet.economics.given_rows import check_past, checked, rows_of
from tokenfleet.economics.price.hosted import HostedPrice

_EXAMPLE = (
    "a list of entries with name, input, output (US dollars per million tokens), source and date,"
    " and cachedInput where a cache hit is cheaper"
)
# Nothing that is sold by the million tokens is dearer; a larger figure is one per thousand.
_Usd = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
_Words = Annotated[str, Field(min_length=1)]


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)

    name: _Words
    input: _Usd
    output: Annotated[_Usd, Field(gt=0)]
    cached_input: _Usd | None = None
    source: _Words
    date: dt.date


def read_hosted(path: Path, today: dt.date) -> Sequence[HostedPrice]:
    """The prices of a file, as they stand there; none is of a day after ``today``.

    Raises:
        CostError: when the file cannot be read or an entry is not as it should be, naming file,
            line and key.
    """
    return [_price(row, place, today) for row, place in rows_of(path, _EXAMPLE)]


def _price(found: object, place: str, today: dt.date) -> HostedPrice:
    row = checked(_Row, found, place, _EXAMPLE)
    check_past(row.date, today, place)
    return HostedPrice(
        name=row.name,
        output=row.output,
        input=row.input,
        cached_input=row.cached_input,
        source=row.source,
        date=row.date,
    )
