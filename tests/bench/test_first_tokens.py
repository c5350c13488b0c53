"""How late first tokens are said to be, beside runs that this made itself."""

import dataclasses
from collections.abc import Sequence

import pytest

from bench.accuracy.judged.comparison import Judged
from bench.accuracy.judged.first_tokens import BELOW, first_tokens
from bench.accuracy.prediction import predict
from bench.accuracy.runs import recorded_runs
from tokenfleet.catalogue.machines.efficiencies import efficiencies

GPU = efficiencies()["gpu"]


def made(times: float) -> Sequence[Judged]:
    """Every second recorded question, whose answer is the prediction's 99th percentile times that."""
    judged: list[Judged] = []
    for run in recorded_runs()[::2]:
        prediction = predict(run.query, GPU)
        late = prediction.ttft_p99.p50 * times
        judged.append(Judged(run=dataclasses.replace(run, ttft_p99=late), prediction=prediction))
    return judged


@pytest.mark.parametrize(
    ("times", "within"), [(1.0, 100), (1.49, 100), (1.51, 0), (0.68, 100), (0.66, 0)]
)
def test_a_run_counts_when_it_is_less_than_half_as_late_again(times: float, within: float) -> None:
    assert first_tokens(made(times))["all"].within == within


def test_runs_near_saturation_are_not_judged() -> None:
    judged = made(1.0)
    found = first_tokens(judged)
    below = [row for row in judged if row.run.offered < BELOW * row.run.theta]
    assert found["all"].first_p99.rows == len(below) < len(judged)
    cut = [found[name].first_p99.rows for name in found if name != "all"]
    assert sum(cut) == len(below)
