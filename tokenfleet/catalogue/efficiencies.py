"""How much of the data sheet vLLM gets on each kind of accelerator: fitted, dated, with its spread."""

import datetime as dt
from collections.abc import Mapping
from functools import cache
from typing import Literal

import yaml
from pydantic import Field, TypeAdapter

from tokenfleet.catalogue.facts import Fact, data_file


class Efficiencies(Fact):
    """``compute`` and ``bandwidth`` are shares of the peak, ``step_seconds`` what every step takes.

    ``sigma`` is the standard deviation of the logarithm of theta on configurations that had no
    part in the fit. ``unverified`` where no public measured run exists.
    """

    compute: float = Field(gt=0, le=1)
    bandwidth: float = Field(gt=0, le=1)
    step_seconds: float = Field(ge=0)
    sigma: float = Field(gt=0)
    basis: Literal["measured", "unverified"]
    source: str
    date: dt.date


@cache
def efficiencies() -> Mapping[str, Efficiencies]:
    """The figures by kind of accelerator: gpu, cpu, neuron."""
    rows = yaml.load(data_file("efficiencies.yaml"), Loader=yaml.CSafeLoader)
    return TypeAdapter(dict[str, Efficiencies]).validate_python(rows)
