"""Regions of AWS that have EKS: where a stack can be, known prices or not."""

import datetime as dt
from functools import cache

import yaml

from tokenfleet.catalogue.facts import Fact, data_file


class _RegionFile(Fact):
    source: str
    date: dt.date
    regions: tuple[str, ...]


@cache
def regions() -> frozenset[str]:
    """Every region that EKS is in."""
    text = data_file("regions.yaml")
    return frozenset(_RegionFile.model_validate(yaml.load(text, Loader=yaml.CSafeLoader)).regions)
