"""YAML lists that a user typed: every entry with the line it stands on."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError

from tokenfleet.estimate.refusal import CostError
from tokenfleet.given_file import TYPED_BYTES, GivenFileError, given_text
from tokenfleet.yaml_document import YamlError, scalars, two_readings, yaml_document

_Row = TypeVar("_Row", bound=BaseModel)


def rows_of(path: Path, example: str) -> Sequence[tuple[object, str]]:
    """The entries of a list, each with its place; ``example`` says what belongs there.

    Raises:
        CostError: when the file cannot be read, or holds no list.
    """
    try:
        document = yaml_document(given_text(path, TYPED_BYTES))
    except (OSError, GivenFileError) as error:
        problem = f"{getattr(error, 'strerror', None) or error}: give {example}"
        raise CostError(problem, place=str(path)) from error
    except YamlError as error:
        line = f":{error.line}" if error.line else ""
        raise CostError(error.problem, place=f"{path}{line}") from error
    node, found = document.root, document.value
    if not isinstance(node, yaml.SequenceNode) or not isinstance(found, list) or not found:
        problem = f"holds no entry: give {example}"
        raise CostError(problem, place=str(path))
    for scalar in scalars(node):
        if unclear := two_readings(scalar, dates=True):
            raise CostError(unclear, place=f"{path}:{scalar.start_mark.line + 1}: {scalar.value}")
    rows = cast("list[object]", found)
    items = cast("list[yaml.Node]", node.value)
    places = [f"{path}:{item.start_mark.line + 1}" for item in items]
    return list(zip(rows, places, strict=True))


def check_past(date: dt.date, today: dt.date, place: str) -> None:
    """The day on which a figure was true.

    Raises:
        CostError: when it is still to come.
    """
    if date > today:
        problem = f"{date} is still to come: give the day on which it was true"
        raise CostError(problem, place=f"{place}: date")


def checked(row: type[_Row], found: object, place: str, example: str) -> _Row:
    """An entry as it should be.

    Raises:
        CostError: naming file, line and key of the first mistake.
    """
    try:
        return row.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "entry"
        problem = f"{first['msg']}; give {example}"
        raise CostError(problem, place=f"{place}: {key}") from error
