"""What machines read: one JSON object whose first key is its schema, as docs/json.md lists them.

Imports nothing that takes time: also what calls no command may have to be said to a machine.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Protocol, cast, runtime_checkable


class Schema(StrEnum):
    """What an object is, with its version.

    The version goes up when a key is removed, renamed or means something else, and CHANGELOG.md
    says so; new keys may appear at any time.
    """

    PREVIEW = "tokenfleet/preview/1"
    RESOURCES = "tokenfleet/resources/1"
    COST = "tokenfleet/cost/1"
    COMPARE = "tokenfleet/compare/1"
    COLDSTART = "tokenfleet/coldstart/1"
    CAPACITY = "tokenfleet/capacity/1"
    CAPACITY_STATUS = "tokenfleet/capacity-status/1"
    SIMULATE = "tokenfleet/simulate/1"
    ADVICE = "tokenfleet/advice/1"
    EXPLAIN = "tokenfleet/explain/1"
    PUBLISH = "tokenfleet/publish/1"
    MODELS = "tokenfleet/models/1"
    STACK_MODELS = "tokenfleet/stack-models/1"
    COMPILE = "tokenfleet/compile/1"
    BAKE = "tokenfleet/bake/1"
    REVIEW = "tokenfleet/review/1"
    CATALOGUE_TYPES = "tokenfleet/catalogue-types/1"
    CATALOGUE_MODELS = "tokenfleet/catalogue-models/1"
    CATALOGUE_REGIONS = "tokenfleet/catalogue-regions/1"
    CATALOGUE_REFRESH = "tokenfleet/catalogue-refresh/1"
    ERROR = "tokenfleet/error/1"


@runtime_checkable
class _Model(Protocol):
    """A model of pydantic, which takes longer to import than to say that a flag is unknown."""

    def model_dump(self, *, mode: str, by_alias: bool) -> dict[str, object]: ...


def json_document(schema: Schema, answer: object) -> str:
    """A dataclass as text.

    Raises:
        ValueError: when a figure is infinite or none: JSON has no such number.
    """
    keys = cast("Mapping[str, object]", plain(answer))
    return json.dumps({"schema": schema, **keys}, indent=2, allow_nan=False)


def plain(value: object) -> object:
    """What ``json.dumps`` takes: names of fields in camelCase, keys of mappings as they are."""
    if isinstance(value, str):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            camel_case(f.name): plain(getattr(value, f.name)) for f in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return {str(key): plain(entry) for key, entry in entries.items()}
    if isinstance(value, Sequence):
        return [plain(entry) for entry in cast("Sequence[object]", value)]
    return value if value is None or isinstance(value, int | float) else _scalar(value)


def _scalar(value: object) -> object:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, _Model):
        return value.model_dump(mode="json", by_alias=True)
    return str(value) if isinstance(value, IPv4Network) else value


def camel_case(name: str) -> str:
    """A field's name as it is written outside: ``usdPerHour``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
