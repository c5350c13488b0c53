"""`bench/economics --predict`: right within what is promised, and clear where a row is not."""

import csv
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.accuracy.judged.comparison import measured_speed
from bench.accuracy.judged.scores import score
from bench.accuracy.prediction import predict
from bench.accuracy.questions.queries import KEY
from bench.accuracy.runs import RECORDED, by_config, recorded_runs, saturated_runs
from bench.accuracy.shown.answers import answers
from tests.bench.questions import ROW, asked
from tokenfleet.catalogue.machines.accelerators import accelerators
from tokenfleet.catalogue.machines.efficiencies import efficiencies

GPU = efficiencies()["gpu"]
FOUND = efficiencies()


def test_recorded_runs_are_predicted_within_what_the_catalogue_states() -> None:
    runs = recorded_runs()
    found = [predict(run.query, GPU) for run in runs]
    result = score(
        [prediction.usd_per_mtok.p50 for prediction in found],
        [run.usd_per_mtok for run in runs],
        [prediction.usd_per_mtok for prediction in found],
    )
    # What the fit has seen it must explain at least as well as what it has not.
    assert result.mean < GPU.errors_by_left_out["configuration"].usd_per_mtok_percent
    assert result.coverage is not None
    assert result.coverage > 75


def test_with_theta_measured_the_price_is_within_three_and_a_half_percent() -> None:
    predicted: list[float] = []
    measured: list[float] = []
    for runs in by_config([run for run in recorded_runs() if run.query.requests == 500]).values():
        (most, *_) = saturated_runs(runs)
        speed = measured_speed(most, GPU)
        same = [run for run in runs if run.query.shape == most.query.shape]
        predicted += [predict(run.query, GPU, speed=speed).usd_per_mtok.p50 for run in same]
        measured += [run.usd_per_mtok for run in same]
    assert score(predicted, measured).mean < 3.5


@pytest.mark.parametrize("gpu", [*sorted(accelerators()), "NVIDIA A100-SXM4-80GB"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "fp8", "int4"])
def test_any_gpu_and_dtype_has_an_answer_with_a_range(gpu: str, dtype: str, tmp_path: Path) -> None:
    rows = [{**ROW, "gpu": gpu, "dtype": dtype, "n_gpu": str(count)} for count in (1, 2, 8)]
    found, problems = answers(asked(tmp_path, rows), FOUND)
    assert not problems
    outputs = [float(row["output_tok_s"]) for row in found]
    assert outputs == sorted(outputs)
    for row in found:
        assert float(row["usd_per_mtok_p10"]) < float(row["usd_per_mtok"])
        assert float(row["usd_per_mtok"]) < float(row["usd_per_mtok_p90"])


def test_a_rate_of_inf_sends_everything_at_once(tmp_path: Path) -> None:
    rows = [{**ROW, "arrival_rps": rate} for rate in ("inf", "100000")]
    (at_once, fast), problems = answers(asked(tmp_path, rows), FOUND)
    assert not problems
    assert at_once["output_tok_s"] == fast["output_tok_s"]


def test_what_a_row_leaves_open_is_labelled_and_widens_the_range(tmp_path: Path) -> None:
    saturated = {**ROW, "arrival_rps": "500"}
    least = {key: value for key, value in saturated.items() if key != "kv_bytes_per_token"}
    (full, bare), problems = answers(asked(tmp_path, [saturated, least]), FOUND)
    assert not problems
    assert "kv_bytes_per_token was not given" in bare["notes"]

    def width(row: Mapping[str, str]) -> float:
        return float(row["output_tok_s_p90"]) / float(row["output_tok_s_p10"])

    assert width(bare) > width(full)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("gpu", "H1000", "queries.csv:3: gpu: unknown GPU 'H1000'. Did you mean 'H100'?"),
        ("gpu", "", "queries.csv:3: gpu: missing: give a GPU, an EC2"),
        ("arrival_rps", "fast", "queries.csv:3: arrival_rps: 'fast' is not a number"),
        ("arrival_rps", "0", "queries.csv:3: arrival_rps: 0 is not between 1e-06"),
        ("arrival_rps", "-1", "queries.csv:3: arrival_rps: -1 is not a number from 0 on"),
        ("arrival_rps", "nan", "queries.csv:3: arrival_rps: nan is not a number from 0 on"),
        ("output_tokens", "0", "queries.csv:3: output_tokens: 0 is not between"),
        ("input_tokens", "", "queries.csv:3: input_tokens: missing"),
        ("total_params_b", "", "queries.csv:3: model: missing: describe it by total_params_b"),
        ("total_params_b", "0", "queries.csv:3: total_params_b: a model has more"),
        ("dtype", "fp3", "queries.csv:3: dtype: 'fp3' is none of"),
        ("n_gpu", "1e9", "queries.csv:3: n_gpu: 1e9 is not between"),
        ("n_gpu", "0", "queries.csv:3: n_gpu: 0 is not between"),
    ],
)
def test_a_row_that_makes_no_sense_is_located_and_the_others_are_answered(
    column: str, value: str, said: str, tmp_path: Path
) -> None:
    found, problems = answers(asked(tmp_path, [ROW, {**ROW, column: value}]), FOUND)
    assert len(found) == 1
    assert len(problems) == 1
    assert problems[0].startswith(said)


def test_the_command_answers_in_the_columns_it_is_scored_by(tmp_path: Path, root: Path) -> None:
    command = [str(root / "bench" / "economics"), "--predict", str(asked(tmp_path, [ROW]))]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert {*KEY, "output_tok_s", "usd_per_mtok", "usd_per_mtok_p10", "usd_per_mtok_p90"} <= {*row}


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "No such file"), ("config_id\n", "no rows"), (b"\xff\xfe\x00", "not a CSV file")],
)
def test_a_file_without_questions_ends_with_code_2_and_no_traceback(
    text: str | bytes | None, said: str, tmp_path: Path, root: Path
) -> None:
    path = tmp_path / "queries.csv"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run(
        [str(root / "bench" / "economics"), "--predict", str(path)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_vendored_runs_are_those_the_licence_is_about() -> None:
    runs = recorded_runs()
    assert len(runs) == 61
    assert {run.query.software.name for run in runs} == {"vllm"}
    assert "Chitral Patil" in (RECORDED.parent / "LICENSE.vllm_runs").read_text(encoding="utf-8")
