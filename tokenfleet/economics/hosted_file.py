"""Prices of hosted APIs that the user looked up: a YAML file with source and date of each."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from tokenfleet.economics.hosted import HostedPrice
from tokenfleet.economics.refusal import CostError

_EXAMPLE = (
    "a list of entries with name, input, output (US dollars per million tokens), source and date,"
    " and cachedInput where a cache hit is cheaper"
)
# Nothing that is sold by the million tokens is dearer; a larger figure is one per thousand.
_Usd = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
_Words = Annotated[str, Field(min_length=1)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    name: _Words
    input: _Usd
    output: Annotated[_Usd, Field(gt=0)]
    cached_input: _Usd | None = None
    source: _Words
    date: dt.date


def read_hosted(path: Path) -> Sequence[HostedPrice]:
    """The prices of a file, as they stand there.

    Raises:
        CostError: when the file cannot be read or an entry is not as it should be, naming file,
            line and key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        found: object = yaml.load(text, Loader=yaml.CSafeLoader)
    except OSError as error:
        problem = f"{error.strerror}: give {_EXAMPLE}"
        raise CostError(problem, place=str(path)) from error
    except (yaml.YAMLError, ValueError) as error:
        problem = f"is not YAML: {' '.join(str(error).split())}"
        raise CostError(problem, place=path.name) from error
    if not isinstance(node, yaml.SequenceNode) or not isinstance(found, list) or not found:
        problem = f"holds no prices: give {_EXAMPLE}"
        raise CostError(problem, place=path.name)
    rows = cast("list[object]", found)
    items = cast("list[yaml.Node]", node.value)
    lines = [item.start_mark.line + 1 for item in items]
    return [_price(row, f"{path.name}:{line}") for row, line in zip(rows, lines, strict=True)]


def _price(found: object, place: str) -> HostedPrice:
    try:
        row = _Row.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "entry"
        problem = f"{first['msg']}; an entry has {_EXAMPLE.partition(' with ')[2]}"
        raise CostError(problem, place=f"{place}: {key}") from error
    return HostedPrice(
        name=row.name,
        output=row.output,
        input=row.input,
        cached_input=row.cached_input,
        source=row.source,
        date=row.date,
    )
