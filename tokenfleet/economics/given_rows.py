"""YAML lists that a user typed: every entry with the line it stands on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError

from tokenfleet.economics.refusal import CostError

_Row = TypeVar("_Row", bound=BaseModel)


def rows_of(path: Path, example: str) -> Sequence[tuple[object, str]]:
    """The entries of a list, each with its place; ``example`` says what belongs there.

    Raises:
        CostError: when the file cannot be read, or holds no list.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        found: object = yaml.load(text, Loader=yaml.CSafeLoader)
    except OSError as error:
        problem = f"{error.strerror}: give {example}"
        raise CostError(problem, place=str(path)) from error
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = f"is not YAML: {error.problem}"
        raise CostError(problem, place=f"{path}{line}") from error
    except (yaml.YAMLError, ValueError) as error:
        problem = f"is not YAML: {' '.join(str(error).split())}"
        raise CostError(problem, place=str(path)) from error
    if not isinstance(node, yaml.SequenceNode) or not isinstance(found, list) or not found:
        problem = f"holds no entry: give {example}"
        raise CostError(problem, place=str(path))
    rows = cast("list[object]", found)
    items = cast("list[yaml.Node]", node.value)
    places = [f"{path}:{item.start_mark.line + 1}" for item in items]
    return list(zip(rows, places, strict=True))


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
