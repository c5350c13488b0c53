"""What a server is asked to do besides: drafts, adapters, prefixes; and how far each figure may be off."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.cold_start import Estimate
from tokenfleet.catalogue.machines.efficiencies import Efficiencies
from tokenfleet.catalogue.machines.serving_features import serving_features
from tokenfleet.estimate.features.adapters import Adapters, adapted
from tokenfleet.estimate.features.speculation import Speculation, drafting
from tokenfleet.estimate.quantiles import Z90, Quantiles
from tokenfleet.estimate.replica import Replica
from tokenfleet.estimate.step.times import StepTimes
from tokenfleet.estimate.traffic import RequestShape


@dataclass(frozen=True, kw_only=True)
class Features:
    """What of it a server does.

    ``gathered``: whether requests that begin alike meet at the same replica, which then holds what they
    begin with once.
    """

    speculation: Speculation | None = None
    adapters: Adapters | None = None
    gathered: bool = False


PLAIN = Features()


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """One value of each figure: see ``catalogue.serving_features`` and ``Speculation.kept``.

    ``once`` is how much of a prefix that is found in the cache running requests hold together, 0 to 1.
    """

    kept: float
    pass_seconds: float
    look_up_seconds: float
    layer_seconds: float
    adapter_work: float
    hit_share: float
    once: float

    def times(
        self, step: StepTimes, features: Features, replica: Replica, found: Efficiencies
    ) -> StepTimes:
        """The step of a server that does it, from that of one which does nothing besides."""
        if features.adapters:
            step = adapted(
                step,
                features.adapters,
                layer_seconds=self.layer_seconds,
                work=self.adapter_work,
                ranks=replica.ranks,
            )
        if features.speculation:
            step = drafting(
                step,
                features.speculation,
                kept=self.kept,
                pass_seconds=self.pass_seconds,
                look_up_seconds=self.look_up_seconds,
                replica=replica,
                figures=found,
            )
        return step

    def shape(self, asked: RequestShape) -> RequestShape:
        """The same requests where so much of their prefixes is found."""
        return dataclasses.replace(asked, cached_share=asked.cached_share * self.hit_share)


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """The middle of each figure, and its two ends one figure at a time."""

    usual: Assumed
    ends: Sequence[tuple[Assumed, Assumed]]

    def spread(self, theta: Callable[[Assumed], float], sigma: float) -> float:
        """``sigma``, the standard deviation of a logarithm, with what each figure may be off."""
        apart = (abs(math.log(theta(high) / theta(low))) for low, high in self.ends)
        return math.hypot(sigma, *(each / (2 * Z90) for each in apart))


def assumptions(features: Features, shape: RequestShape, kind: str) -> Assumptions:
    """Those that matter to a server of that kind which does so for such requests."""
    figures = serving_features()
    kept = features.speculation.kept if features.speculation else Quantiles(p10=1, p50=1, p90=1)
    ranges = {
        "kept": kept,
        "pass_seconds": _quantiles(figures.pass_seconds),
        "look_up_seconds": _quantiles(figures.look_up_seconds),
        "layer_seconds": _quantiles(figures.adapter_layer_seconds[kind]),
        "adapter_work": _quantiles(figures.adapter_work),
        "hit_share": _quantiles(figures.hit_share),
        # Nobody says how many prefixes there are: one for all, or one for each.
        "once": Quantiles(p10=0.0, p50=float(features.gathered), p90=1.0),
    }
    usual = Assumed(**{name: each.p50 for name, each in ranges.items()})
    return Assumptions(
        usual=usual,
        ends=[
            (
                dataclasses.replace(usual, **{name: ranges[name].p10}),
                dataclasses.replace(usual, **{name: ranges[name].p90}),
            )
            for name in _that_matter(features, shape)
        ],
    )


def notes(features: Features, shape: RequestShape) -> Iterator[str]:
    """What was assumed, in words."""
    if features.speculation:
        yield features.speculation.note
    if features.adapters:
        of = serving_features().adapter_work.basis
        yield f"LoRA kernels take longer than as many parameters of the model ({of})"
    if shape.cached_share:
        least = serving_features().hit_share.low
        yield (
            f"of what requests began with before, {least:.0%} to 100% is found in the cache"
            " (the rest went for want of room)"
        )


def _that_matter(features: Features, shape: RequestShape) -> Iterator[str]:
    if features.speculation:
        yield "kept"
        yield "pass_seconds" if features.speculation.draft else "look_up_seconds"
    if features.adapters:
        yield from ("layer_seconds", "adapter_work")
    if shape.cached_share:
        yield from ("hit_share", "once")


def _quantiles(found: Estimate) -> Quantiles:
    return Quantiles(p10=found.low, p50=found.expected, p90=found.high)
