"""What vLLM gets out of each kind of accelerator: fitted, dated, with its spread."""

import datetime as dt
import math
from collections.abc import Mapping
from functools import cache
from typing import Literal

import yaml
from pydantic import Field, TypeAdapter

from tokenfleet.catalogue.facts import Fact, data_file


class FitErrors(Fact):
    """Mean absolute errors on runs that had no part in a fit, and how many its ranges held."""

    usd_per_mtok_percent: float
    theta_percent: float
    coverage_percent: float


class Spread(Fact):
    """By how much logarithms of the estimate are off, as standard deviations.

    Each is the 80th percentile of absolute errors on rows without a part in the fit over that of a
    normal distribution (split conformal prediction: of n rows the one of rank 0.8 (n + 1)), so that p10 to p90
    holds four in five of such rows. ``gap`` is of the time between tokens, ``first`` and ``first_p99`` of that to the
    first token, median and 99th percentile.
    """

    theta: float = Field(gt=0)
    gap: float = Field(gt=0)
    first: float = Field(gt=0)
    first_p99: float = Field(gt=0)

    def at_least(self, other: "Spread | None") -> "Spread":
        """The wider of both, each figure apart."""
        if other is None:
            return self
        pairs = zip(self.model_dump().items(), other.model_dump().values(), strict=True)
        return Spread(**{name: max(own, others) for (name, own), others in pairs})

    def widened(self, sigma: float) -> "Spread":
        """Theta off by ``sigma``, no less than before, for a reason that times have, too."""
        more = math.sqrt(max(0.0, sigma**2 - self.theta**2))
        return Spread(
            **{name: math.hypot(value, more) for name, value in self.model_dump().items()}
        )

    def with_theta(self, sigma: float) -> "Spread":
        """Theta known so well, or so badly, and times in the same proportion, but none better."""
        times = min(1.0, sigma / self.theta)
        figures = {name: max(sigma, value * times) for name, value in self.model_dump().items()}
        return Spread(**{**figures, "theta": sigma})


class Efficiencies(Fact):
    """The few figures that turn a data sheet into the time of an engine step.

    ``compute`` is a share of what a large matrix multiplication reaches, ``attention`` what the attention of prompts does (``sink_work`` times as long with sinks where the device has no kernel for them), ``bandwidth`` a share of
    the peak. A step takes the device ``step_seconds``, and ``layer_seconds`` for
    each layer, with ``mixture_layer_seconds`` more where it is a mixture of experts and
    ``latent_layer_seconds`` more where attention is latent; and the host ``sequence_seconds`` for each running
    request, at the same time where ``host_overlaps``. ``collective_work`` multiplies the latency of a
    collective between ranks. ``mixture_work`` multiplies the computation of a mixture of experts at its
    own kernel's speed, of which an expert ``half_width`` wide reaches half; ``unpacking_work`` that of a dense model
    whose weights' format the hardware has no units for; ``unpacking_operations`` are those, at the
    peak in 16 bits, that one such weight takes a step.
    ``request_seconds`` passes before the engine sees a request; ``late_seconds`` is by how much the 99th
    percentile of the time to the first token is above its median where nothing waits. ``spread`` is how far
    the estimate is off where the runs were made, ``run_sigma`` what
    two runs below saturation differ by. ``measured_on`` are the accelerators and
    ``measured_ranks`` the most ranks of the runs; on another accelerator ``spread_elsewhere`` and
    on more ranks ``spread_of_more_ranks`` are (None: ``spread`` holds for all).
    The basis is ``unverified`` where no run of vLLM with absolute figures is public; ``note`` says what
    a reader should know of it.
    ``errors_by_left_out`` are those of fits without one configuration, model or GPU.
    """

    basis: Literal["measured", "unverified"]
    compute: float = Field(gt=0, le=1)
    attention: float = Field(gt=0, le=1)
    sink_work: float = Field(default=1.0, ge=1)
    bandwidth: float = Field(gt=0, le=1)
    step_seconds: float = Field(ge=0)
    layer_seconds: float = Field(ge=0)
    mixture_layer_seconds: float = Field(ge=0)
    latent_layer_seconds: float = Field(ge=0)
    sequence_seconds: float = Field(ge=0)
    host_overlaps: bool
    collective_work: float = Field(ge=0)
    mixture_work: float = Field(gt=0)
    half_width: float = Field(ge=0)
    unpacking_work: float = Field(ge=1)
    unpacking_operations: float = Field(default=0.0, ge=0)
    request_seconds: float = Field(ge=0)
    late_seconds: float = Field(ge=0)
    spread: Spread
    run_sigma: float = Field(gt=0)
    spread_elsewhere: Spread | None = None
    spread_of_more_ranks: Spread | None = None
    measured_on: tuple[str, ...] = ()
    measured_ranks: int = Field(default=1, ge=1)
    note: str | None = None
    source: str
    date: dt.date
    errors_by_left_out: Mapping[str, FitErrors] = {}


@cache
def efficiencies() -> Mapping[str, Efficiencies]:
    """The figures by kind of accelerator: gpu, cpu, neuron."""
    rows = yaml.load(data_file("efficiencies.yaml"), Loader=yaml.CSafeLoader)
    return TypeAdapter(dict[str, Efficiencies]).validate_python(rows)
