"""Any frozen decision as plain JSON values, in the order its fields are written."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import cast

from pydantic import BaseModel


def plain(value: object) -> object:
    """Dataclasses, settings, mappings and lists as what ``json.dumps`` takes."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return {str(key): plain(entry) for key, entry in entries.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(entry) for entry in cast("Sequence[object]", value)]
    return str(value) if isinstance(value, IPv4Network | dt.date) else value
