"""Which quotas of an account an instance type counts against: EC2's, in vCPUs."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

import yaml

from tokenfleet.catalogue.facts import CatalogueError, Fact, data_file

Market = Literal["on-demand", "spot"]
_LETTERS = re.compile("[a-z]+")
_GENERATION = re.compile("[a-z]+[0-9]+")


class QuotaClass(Fact):
    """Types that are counted together, and the codes of what they are counted against."""

    name: str
    letters: tuple[str, ...]
    on_demand: str
    spot: str


class _QuotaFile(Fact):
    source: str
    date: dt.date
    classes: tuple[QuotaClass, ...]
    spot_of_generation: Mapping[str, str]


@cache
def _file() -> _QuotaFile:
    text = data_file("quotas.yaml")
    return _QuotaFile.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))


def quota_codes(instance_type: str, market: Market) -> Sequence[str]:
    """The codes that a type may count against, the most special first: an account has one of them.

    Raises:
        CatalogueError: when no class of types begins with its letters.
    """
    found = _class_of(instance_type)
    if market == "on-demand":
        return [found.on_demand]
    own = _file().spot_of_generation
    return [own[key] for key in _GENERATION.findall(instance_type)[:1] if key in own] + [found.spot]


def quota_name(code: str) -> str:
    """What Service Quotas calls a code, shortened: for an account that does not list it."""
    for each in _file().classes:
        if code == each.on_demand:
            return f"Running On-Demand {each.name} instances"
        if code == each.spot:
            return f"All {each.name} Spot Instance Requests"
    return code


def _class_of(instance_type: str) -> QuotaClass:
    letters = _LETTERS.match(instance_type)
    for each in _file().classes:
        if letters and letters.group() in each.letters:
            return each
    msg = f"which quota {instance_type} counts against is not known: add it to quotas.yaml"
    raise CatalogueError(msg)
