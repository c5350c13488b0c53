"""Runs of others are judged by the class of their machine, by figures that have not seen it."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.accuracy.outside import (
    DATA,
    GPUSTACK,
    GRAVITON4,
    INFERENTIA2,
    MORE_GPUS,
    ONE_GPU,
    OTHER_ENGINE,
    RECORDED,
    ClassErrors,
    OtherRun,
    errors_by_class,
    other_runs,
)
from tests.bench.questions import OTHER, asked
from tokenfleet.catalogue.machines.efficiencies import Efficiencies, efficiencies
from tokenfleet.estimate.refusal import CostError

FOUND = efficiencies()
MEASURED = {**OTHER, "measured_output_tok_s": "400", "measured_tpot_ms": "9"}


@pytest.fixture(scope="module")
def classes() -> Mapping[str, ClassErrors]:
    """The shipped runs, by the catalogue's figures."""
    return {each.name: each for each in errors_by_class(other_runs(), lambda _: FOUND)}


@pytest.mark.parametrize(
    ("name", "rows"),
    [(ONE_GPU, 17), (MORE_GPUS, 21), (INFERENTIA2, 7), (OTHER_ENGINE, 10)],
)
def test_every_shipped_run_counts_in_the_class_of_its_machine(
    name: str, rows: int, classes: Mapping[str, ClassErrors]
) -> None:
    assert len(classes[name].pairs) == classes[name].speed.rows == rows


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"hardware": "H200", "count_or_tp": "1"}, ONE_GPU),
        ({"hardware": "H200", "count_or_tp": "8"}, MORE_GPUS),
        ({"hardware": "inf2", "count_or_tp": "2"}, INFERENTIA2),
        ({"hardware": "c8g.4xlarge", "count_or_tp": ""}, GRAVITON4),
        ({"hardware": "c8g.4xlarge", "count_or_tp": "", "class": "mine"}, "mine"),
    ],
)
def test_a_file_of_ones_own_is_read_beside_those_of_gpustack(
    cells: dict[str, str], name: str, tmp_path: Path
) -> None:
    first, *rest = other_runs(asked(tmp_path, [{**MEASURED, **cells}]))
    assert first.of_class == name
    assert len(rest) == 36


def test_a_class_is_judged_by_the_figures_that_were_fitted_without_it() -> None:
    slow = FOUND["gpu"].model_copy(update={"bandwidth": FOUND["gpu"].bandwidth / 4})

    def fitted_to_all(_: OtherRun) -> Mapping[str, Efficiencies]:
        return FOUND

    def found_for(run: OtherRun) -> Mapping[str, Efficiencies]:
        return {**FOUND, "gpu": slow} if run.of_class == MORE_GPUS else FOUND

    runs = other_runs()
    before, after = (
        {each.name: each.speed.bias for each in errors_by_class(runs, found)}
        for found in (fitted_to_all, found_for)
    )
    assert after[ONE_GPU] == before[ONE_GPU]
    assert after[MORE_GPUS] < before[MORE_GPUS]


def test_where_the_client_set_the_pace_the_server_is_judged_by_its_tokens(tmp_path: Path) -> None:
    rows = [{**MEASURED, "counts_as_throughput": flag} for flag in ("0", "1")]
    paced, free, *_ = other_runs(asked(tmp_path, rows))
    assert (paced.output, paced.speed) == (None, pytest.approx(1000 / 9))
    assert free.output == free.speed == 400


def test_another_engine_is_right_on_the_mean_and_judged_by_how_rows_compare(
    classes: Mapping[str, ClassErrors],
) -> None:
    found = classes[OTHER_ENGINE]
    misses = [math.log(pair.speed.p50 / (pair.run.speed or 1)) for pair in found.pairs]
    assert sum(misses) == pytest.approx(0, abs=1e-9)
    assert max(map(abs, misses)) > 0.1
    assert found.scale != 1
    assert {each.scale for name, each in classes.items() if name != OTHER_ENGINE} == {1}


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"measured_output_tok_s": "fast"}, "queries.csv:2: measured_output_tok_s: 'fast' is not"),
        ({"measured_tpot_ms": "0"}, "queries.csv:2: measured_tpot_ms: 0 is not a number from"),
        ({"hardware": "H1000"}, "queries.csv:2: hardware: unknown GPU 'H1000'"),
    ],
)
def test_a_file_that_cannot_be_understood_says_where(
    cells: dict[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(CostError) as refused:
        other_runs(asked(tmp_path, [{**MEASURED, **cells}]))
    assert str(refused.value).startswith(said)


def test_only_runs_whose_licence_lets_them_be_copied_are_shipped() -> None:
    page = (DATA / "README.md").read_text(encoding="utf-8")
    with RECORDED.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["licence"] for row in rows} == {"Apache-2.0"}
    for source in {"/".join(row["source"].split()[0].split("/")[:3]) for row in rows}:
        assert source in page, f"{source} is copied from and not named"
    assert "github.com/gpustack/gpustack" in page
    assert GPUSTACK.is_file()
