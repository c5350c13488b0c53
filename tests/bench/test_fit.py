"""The fit finds what made the runs, and what it writes can be read back."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from bench.accuracy import refit
from bench.accuracy.fit import PRIORS, fit, observed_runs, steady_gap
from bench.accuracy.judged.comparison import OURS, Comparison, Method
from bench.accuracy.judged.scores import Score, score
from bench.accuracy.prediction import replayed
from bench.accuracy.runs import Run, recorded_runs, saturated_runs
from tokenfleet.catalogue.machines.efficiencies import Efficiencies, efficiencies
from tokenfleet.estimate.quantiles import known, log_normal

GPU = efficiencies()["gpu"]


def made_by(truth: Efficiencies) -> Sequence[Run]:
    """The recorded questions, answered by other efficiencies than the catalogue's."""
    runs: list[Run] = []
    for run in recorded_runs():
        output = replayed(run.query, truth).output_tokens_per_second
        runs.append(
            dataclasses.replace(
                run, output_tokens_per_second=output, tpot=steady_gap(run.query, truth)
            )
        )
    theta: dict[str, float] = {}
    for run in runs:
        key = f"{run.config_id} {run.query.shape}"
        theta[key] = max(theta.get(key, 0), run.output_tokens_per_second)
    return [
        dataclasses.replace(run, theta=theta[f"{run.config_id} {run.query.shape}"]) for run in runs
    ]


def test_a_fit_explains_runs_that_its_own_model_made() -> None:
    truth = GPU.model_copy(
        update={"compute": 0.7, "bandwidth": 0.75, "mixture_work": 1.2, "step_seconds": 0.005}
    )
    runs = made_by(truth)
    found = fit(observed_runs(runs), GPU)
    most = saturated_runs(runs)
    result = score(
        [replayed(run.query, found).output_tokens_per_second for run in most],
        [run.output_tokens_per_second for run in most],
    )
    assert result.mean < 2
    assert found.compute == pytest.approx(truth.compute, rel=0.1)
    assert found.mixture_work == pytest.approx(truth.mixture_work, rel=0.1)


def test_figures_that_no_run_depends_on_stay_at_their_prior() -> None:
    dense = [run for run in recorded_runs() if run.model.startswith("llama")]
    found = fit(observed_runs(dense), GPU)
    assert found.mixture_work == pytest.approx(PRIORS["gpu"]["mixture_work"][0], rel=1e-3)


def test_what_is_written_is_read_back_and_other_rows_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tokenfleet" / "efficiencies.yaml"
    path.parent.mkdir()
    before = refit.FILE.read_text(encoding="utf-8")
    path.write_text(before, encoding="utf-8")
    monkeypatch.setattr(refit, "FILE", path)
    monkeypatch.setattr(refit, "ROOT", tmp_path)
    fitted = GPU.model_copy(update={"compute": 0.123456, "date": dt.date(2030, 1, 2)})
    refit.written({**efficiencies(), "gpu": fitted})
    after, old = (yaml.safe_load(text) for text in (path.read_text(encoding="utf-8"), before))
    assert after["gpu"]["compute"] == 0.1235
    assert Efficiencies.model_validate(after["gpu"]).date == dt.date(2030, 1, 2)
    assert after["gpu"]["spread"] == old["gpu"]["spread"]
    assert (after["cpu"], after["neuron"]) == (old["cpu"], old["neuron"])
    assert path.read_text(encoding="utf-8").startswith(before[: before.index("gpu:")])


def comparison() -> Comparison:
    """A comparison with one method."""
    some = Score(rows=1, mean=3.0, median=3.0, p90=3.0, bias=0.0, coverage=80.0, width=1.2)
    ours = Method(name=OURS, left_out="model", usd_per_mtok=some, theta=some, theta_base=some)
    return Comparison(
        methods=[ours],
        by_regime={},
        judged=[],
        gap=some,
        first_token=some,
        misses=[0.1, -0.1],
        idle_sigma=0.01,
    )


@pytest.mark.parametrize(
    ("predicted", "measured", "mean_median_p90_bias"),
    [
        ([1.0], [1.0], (0, 0, 0, 0)),
        ([1.1, 0.9], [1, 1], (10, 10, 10, 0)),
        ([2, 1, 1, 1], [1, 1, 1, 1], (25, 0, 100, 25)),
        ([1], [2], (50, 50, 50, -50)),
    ],
)
def test_errors_are_in_percent_of_what_was_measured(
    predicted: list[float], measured: list[float], mean_median_p90_bias: tuple[float, ...]
) -> None:
    found = score(predicted, measured)
    assert (found.mean, found.median, found.p90, found.bias) == pytest.approx(mean_median_p90_bias)
    assert found.coverage is None


def test_coverage_counts_what_lies_in_the_range() -> None:
    found = score([1, 1], [1.0, 3.0], [known(1.0), log_normal(1, 0.5)])
    assert found.coverage == 50
