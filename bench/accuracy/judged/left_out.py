"""Figures that have not seen a run of others, for each of them, and how far off those are."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.accuracy.fit import (
    OTHERS_SIGMA,
    Kind,
    Measure,
    Observed,
    fit,
    observed_runs,
    with_latencies,
)
from bench.accuracy.judged.comparison import Judged
from bench.accuracy.outside import MORE_GPUS, ONE_GPU, ClassErrors, OtherRun
from bench.accuracy.runs import Run
from tokenfleet.catalogue.machines.efficiencies import Efficiencies, Spread
from tokenfleet.estimate.load.served import at_load
from tokenfleet.estimate.quantiles import Z90

# Of GPUs their class is left out. Of other machines nothing else would be left: the models, or the
# numbers of ranks, that one at a time can be.
NOTHING = "nothing"
_LEFT_OUT: Mapping[Kind, Callable[[OtherRun], str]] = {
    "gpu": lambda run: run.of_class if run.of_class in _FITTED else NOTHING,
    "cpu": lambda run: run.query.model.name,
    "neuron": lambda run: str(run.query.machine.ranks),
}
KINDS: Sequence[Kind] = ("gpu", "cpu", "neuron")
_FITTED = frozenset({ONE_GPU, MORE_GPUS})
# A prompt that waits for those of others says little of how long it takes itself.
_FEW_AT_ONCE = 1
_HELD = 0.8
# Two runs of one configuration differ by so much.
_LEAST_SIGMA = 0.05


def observed_others(runs: Sequence[OtherRun], kind: Kind) -> Sequence[Observed]:
    """What a fit of that kind of machine looks at: GPUs under vLLM, and whatever there is of others."""
    found: list[Observed] = []
    for run in runs:
        if run.query.machine.kind != kind or (kind == "gpu" and run.of_class not in _FITTED):
            continue
        group = f"{run.query.model.name} {run.query.model.weights_dtype} {run.query.machine.title}"
        few = (run.query.max_concurrency or math.inf) <= _FEW_AT_ONCE
        measured: Sequence[tuple[Measure, float | None]] = (
            ("output", run.output),
            ("gap", run.gap),
            ("first token", run.first if kind == "neuron" and few else None),
        )
        found += [
            Observed(query=run.query, measure=measure, value=value, sigma=OTHERS_SIGMA, group=group)
            for measure, value in measured
            if value
        ]
    return found


@dataclass(frozen=True, kw_only=True)
class Fits:
    """Fits by what was left out of each, made when asked for."""

    runs: Sequence[Run]
    others: Sequence[OtherRun]
    start: Mapping[str, Efficiencies]
    progress: Callable[[str], None]
    made: dict[tuple[Kind, str], Efficiencies] = field(
        default_factory=dict[tuple[Kind, str], Efficiencies]
    )

    def unseen_by(self, run: OtherRun) -> Mapping[str, Efficiencies]:
        """The figures that were fitted without it and its like."""
        kind: Kind = run.query.machine.kind
        return {**self.start, kind: self.without(kind, _LEFT_OUT[kind](run))}

    def without(self, kind: Kind, left_out: str) -> Efficiencies:
        """The figures of a kind of machine by everything else that is recorded of it."""
        key = kind, left_out
        if key not in self.made:
            self.progress(f"{kind} without {left_out}")
            like = _LEFT_OUT[kind]
            seen = [
                run
                for run in self.others
                if run.query.machine.kind == kind and like(run) != left_out
            ]
            self.made[key] = self._fitted(kind, seen)
        return self.made[key]

    def _fitted(self, kind: Kind, seen: Sequence[OtherRun]) -> Efficiencies:
        start, observed = self.start[kind], observed_others(seen, kind)
        if kind == "gpu":
            return with_latencies(fit([*observed_runs(self.runs), *observed], start), self.runs)
        return fit(observed, start, kind) if observed else start


def spread_here(judged: Sequence[Judged], thetas: Sequence[float]) -> Spread:
    """Of the corpus, configurations left out; ``thetas`` are logarithms of predicted over measured."""
    gaps: list[float] = []
    first: list[float] = []
    late: list[float] = []
    for row in judged:
        arrivals = row.run.query.arrivals
        now = at_load(row.prediction.saturation, arrivals.requests_per_second, arrivals.burstiness)
        if row.run.regime == "idle" and now.ttft and now.ttft_p99 and now.itl:
            gaps.append(math.log(now.itl.p50 / row.run.tpot))
            first.append(math.log(now.ttft.p50 / row.run.ttft))
            late.append(math.log(now.ttft_p99.p50 / row.run.ttft_p99))
    return Spread(
        theta=conformal(thetas),
        gap=conformal(gaps),
        first=conformal(first),
        first_p99=conformal(late),
    )


def spread_of(errors: ClassErrors, least: Spread) -> Spread:
    """Of a class; what nobody measured there is off as much as its speed, and no less than ``least``."""
    speeds: list[float] = []
    gaps: list[float] = []
    first: list[float] = []
    for pair in errors.pairs:
        run, found = pair.run, pair.prediction
        if run.speed:
            speeds.append(math.log(pair.speed.p50 / run.speed))
        if run.gap:
            gaps.append(math.log(found.tpot.p50 / run.gap))
        if run.first and (run.query.max_concurrency or math.inf) <= _FEW_AT_ONCE:
            first.append(math.log(found.ttft.p50 / run.first))
    theta = conformal(speeds)
    # Two or three rows say little.
    gap = max(conformal(gaps), theta) if gaps else theta
    begin = max(conformal(first), theta) if first else theta
    return Spread(theta=theta, gap=gap, first=begin, first_p99=begin).at_least(least)


def conformal(misses: Sequence[float]) -> float:
    """The standard deviation whose p10 to p90 holds four in five more such (``Spread``)."""
    sizes = sorted(map(abs, misses))
    rank = math.ceil(_HELD * (len(sizes) + 1))
    return max(_LEAST_SIGMA, sizes[min(rank, len(sizes)) - 1] / Z90)
