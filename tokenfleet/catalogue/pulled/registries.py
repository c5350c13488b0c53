"""Registries of images, and how ECR keeps copies of what is in them."""

from collections.abc import Mapping
from functools import cache

import yaml
from pydantic import TypeAdapter

from tokenfleet.catalogue.facts import Fact, data_file


class Registry(Fact):
    """A registry that ECR can cache.

    ``namespace`` is what copies are kept under; ``upstream`` the address ECR's API wants.
    """

    namespace: str
    upstream: str
    needs_secret: bool
    source: str


@cache
def registries() -> Mapping[str, Registry]:
    """By the host that a reference begins with."""
    rows = yaml.load(data_file("registries.yaml"), Loader=yaml.CSafeLoader)
    return TypeAdapter(dict[str, Registry]).validate_python(rows)
