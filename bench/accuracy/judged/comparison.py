"""Every method on every recorded run, each figure made without the runs it is judged on."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.accuracy.fit import fit, observed_runs, with_latencies
from bench.accuracy.judged.baselines import ENSEMBLE, FORMS, rooflines
from bench.accuracy.judged.scores import Score, score
from bench.accuracy.prediction import Prediction, predict, replayed
from bench.accuracy.runs import Run, by_config, saturated_runs
from tokenfleet.catalogue.machines.efficiencies import Efficiencies
from tokenfleet.estimate.load.served import QUEUE_GROWS_ABOVE, at_load

OURS = "tokenfleet"
MEASURED_THETA = "given theta: min(rate x length, theta)"
OURS_MEASURED_THETA = "given theta: tokenfleet"
PEAK, UTILISATION = "theta at every load", "70 % utilisation"

# What a run is left out with: nothing else in the fit has the same.
SPLITS: Mapping[str, Callable[[Run], str]] = {
    "configuration": lambda run: run.config_id,
    "model": lambda run: run.model,
    "GPU": lambda run: run.gpu,
}
_ASSUMED_UTILISATION = 0.7
# Corrections of the speed until the replay meets the measured theta; each gains a digit.
_CORRECTIONS = 3
_BASE_SHAPE = (512, 256)


@dataclass(frozen=True, kw_only=True)
class Method:
    """Errors of one method: $/Mtok over all runs, theta over all shapes and the base shape."""

    name: str
    left_out: str
    usd_per_mtok: Score
    theta: Score | None
    theta_base: Score | None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A run and what was predicted of it without its configuration."""

    run: Run
    prediction: Prediction


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Methods beside each other; ``judged`` and ``by_regime`` are ours without the configuration.

    ``gap`` and ``first_token`` are errors of median latencies below saturation;
    ``misses`` are logarithms of predicted over measured theta over all splits;
    ``idle_sigma`` is the median of such errors of the output of idle runs.
    """

    methods: Sequence[Method]
    by_regime: Mapping[str, Score]
    judged: Sequence[Judged]
    gap: Score
    first_token: Score
    misses: Sequence[float]
    idle_sigma: float


def compare(
    runs: Sequence[Run], start: Efficiencies, progress: Callable[[str], None]
) -> Comparison:
    """Fit and judge every method; ``progress`` hears what is being left out."""
    methods: list[Method] = []
    misses: list[float] = []
    judged: list[Judged] = []
    rooflines_by_name: dict[str, list[tuple[Run, float]]] = {}
    for left_out, key in SPLITS.items():
        found: list[Judged] = []
        thetas: list[tuple[Run, float]] = []
        for value in sorted({key(run) for run in runs}):
            progress(f"without {left_out} {value}")
            training = [run for run in runs if key(run) != value]
            unseen = [run for run in runs if key(run) == value]
            fitted = with_latencies(fit(observed_runs(training), start), training)
            found += [Judged(run=run, prediction=predict(run.query, fitted)) for run in unseen]
            thetas += [
                (run, replayed(run.query, fitted).output_tokens_per_second)
                for run in saturated_runs(unseen)
            ]
            if left_out == "configuration":
                for name, theta in rooflines(training, [run.query for run in unseen]).items():
                    pairs = zip(unseen, theta, strict=True)
                    rooflines_by_name.setdefault(name, []).extend(pairs)
        methods.append(_ours(left_out, found, thetas))
        misses += [math.log(theta / run.output_tokens_per_second) for run, theta in thetas]
        judged = judged or found
    simple = [_simple(name, rooflines_by_name[name]) for name in (*FORMS, ENSEMBLE)]
    idle = [row for row in judged if row.run.regime == "idle"]
    return Comparison(
        methods=[*_without_model(runs), *simple, *methods, *_given_theta(runs, start)],
        by_regime={
            regime: _score([row for row in judged if row.run.regime == regime])
            for regime in ("idle", "knee", "saturated")
        },
        judged=judged,
        gap=_latency(judged, first_token=False),
        first_token=_latency(judged, first_token=True),
        misses=misses,
        idle_sigma=statistics.median(
            abs(
                math.log(
                    row.prediction.output_tokens_per_second.p50 / row.run.output_tokens_per_second
                )
            )
            for row in idle
        ),
    )


def measured_speed(query_run: Run, found: Efficiencies) -> float:
    """How much faster than estimated steps are, so that the replay meets a measured theta."""
    speed = 1.0
    for _ in range(_CORRECTIONS):
        output = predict(query_run.query, found, speed=speed).run.output_tokens_per_second
        speed *= query_run.output_tokens_per_second / output
    return speed


def _ours(left_out: str, found: Sequence[Judged], thetas: Sequence[tuple[Run, float]]) -> Method:
    base = [pair for pair in thetas if _is_base(pair[0])]
    return Method(
        name=OURS,
        left_out=left_out,
        usd_per_mtok=_score(found),
        theta=_theta_score(thetas),
        theta_base=_theta_score(base),
    )


def _score(found: Sequence[Judged]) -> Score:
    return score(
        [row.prediction.usd_per_mtok.p50 for row in found],
        [row.run.usd_per_mtok for row in found],
        [row.prediction.usd_per_mtok for row in found],
    )


def _theta_score(thetas: Sequence[tuple[Run, float]]) -> Score:
    measured = [run.output_tokens_per_second for run, _ in thetas]
    return score([theta for _, theta in thetas], measured)


def _simple(name: str, thetas: Sequence[tuple[Run, float]]) -> Method:
    most = {run.row_id for run in saturated_runs([run for run, _ in thetas])}
    judged = [pair for pair in thetas if pair[0].row_id in most]
    return Method(
        name=name,
        left_out="configuration",
        usd_per_mtok=_usd(thetas),
        theta=_theta_score(judged),
        theta_base=_theta_score([pair for pair in judged if _is_base(pair[0])]),
    )


def _usd(thetas: Sequence[tuple[Run, float]]) -> Score:
    predicted = [_usd_at(run, min(run.offered, theta)) for run, theta in thetas]
    return score(predicted, [run.usd_per_mtok for run, _ in thetas])


def _usd_at(run: Run, output: float) -> float:
    return run.usd_per_mtok * run.output_tokens_per_second / output


def _without_model(runs: Sequence[Run]) -> Sequence[Method]:
    """What calculators do with a measured theta: ignore the load, or assume one."""
    measured = [run.usd_per_mtok for run in runs]
    outputs = {
        PEAK: [run.theta for run in runs],
        UTILISATION: [_ASSUMED_UTILISATION * run.theta for run in runs],
    }
    return [
        Method(
            name=name,
            left_out="nothing",
            usd_per_mtok=score(
                [_usd_at(*pair) for pair in zip(runs, output, strict=True)], measured
            ),
            theta=None,
            theta_base=None,
        )
        for name, output in outputs.items()
    ]


def _given_theta(runs: Sequence[Run], found: Efficiencies) -> Sequence[Method]:
    """With theta measured, what remains is the load and the drain."""
    ours: list[Judged] = []
    for config_runs in by_config(runs).values():
        for most in saturated_runs(config_runs):
            speed = measured_speed(most, found)
            shape = most.query.shape
            ours += [
                Judged(run=run, prediction=predict(run.query, found, speed=speed))
                for run in config_runs
                if run.query.shape == shape
            ]
    plain = _usd([(run, run.theta) for run in runs])
    return [
        Method(
            name=MEASURED_THETA,
            left_out="nothing",
            usd_per_mtok=plain,
            theta=None,
            theta_base=None,
        ),
        Method(
            name=OURS_MEASURED_THETA,
            left_out="nothing",
            # A range that allows for an unknown theta says nothing here.
            usd_per_mtok=score(
                [row.prediction.usd_per_mtok.p50 for row in ours],
                [row.run.usd_per_mtok for row in ours],
            ),
            theta=None,
            theta_base=None,
        ),
    ]


def _latency(judged: Sequence[Judged], *, first_token: bool) -> Score:
    predicted: list[float] = []
    measured: list[float] = []
    for row in judged:
        run = row.run
        if run.offered > QUEUE_GROWS_ABOVE * run.theta:
            continue
        now = at_load(row.prediction.saturation, run.query.arrivals.requests_per_second)
        latency = now.ttft if first_token else now.itl
        if latency:
            predicted.append(latency.p50)
            measured.append(run.ttft if first_token else run.tpot)
    return score(predicted, measured)


def _is_base(run: Run) -> bool:
    return (run.query.shape.input_tokens, run.query.shape.output_tokens) == _BASE_SHAPE
