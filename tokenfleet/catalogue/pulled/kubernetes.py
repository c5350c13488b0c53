"""Minor versions of Kubernetes on EKS: until when they are in standard support."""

import datetime as dt
from collections.abc import Mapping
from functools import cache

import yaml
from pydantic import TypeAdapter

from tokenfleet.catalogue.facts import Fact, Source, data_file


class KubernetesRelease(Fact):
    """A minor version; from that day on EKS upgrades a control plane that has no extended support."""

    standard_support_ends: dt.date
    source: Source


_FILE = TypeAdapter(Mapping[str, KubernetesRelease])


@cache
def kubernetes_releases() -> Mapping[str, KubernetesRelease]:
    """Every minor version that a stack may ask for."""
    return _FILE.validate_python(yaml.load(data_file("kubernetes.yaml"), Loader=yaml.CSafeLoader))
