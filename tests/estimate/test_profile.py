"""A measured profile replaces the estimate, or is refused with a place and a way out."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.accuracy.prediction import saturation_of
from bench.accuracy.runs import Run, recorded_runs, saturated_runs
from tokenfleet.catalogue.machines.efficiencies import efficiencies
from tokenfleet.estimate.measured.profile import read_profile
from tokenfleet.estimate.measured.speed import measured_saturation, replayed_run
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.scheduler.finite_run import finite_run
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.estimate.traffic import Arrivals

MODEL = "meta-llama/Llama-3.1-8B-Instruct"
# What `vllm bench serve --save-result` of 0.32 writes, without the keys nobody reads here.
RESULT: Mapping[str, object] = {
    "date": "20261121-101500",
    "backend": "openai",
    "model_id": MODEL,
    "tokenizer_id": MODEL,
    "num_prompts": 500,
    "request_rate": "inf",
    "burstiness": 1.0,
    "max_concurrency": None,
    "duration": 24.4,
    "completed": 500,
    "failed": 0,
    "total_input_tokens": 400_000,
    "total_output_tokens": 125_000,
    "request_throughput": 20.5,
    "request_goodput": None,
    "output_throughput": 5120.0,
    "total_token_throughput": 21516.0,
    "median_ttft_ms": 3000.0,
    "median_tpot_ms": 60.0,
}


def saved(folder: Path, **edit: object) -> Path:
    """A result file."""
    path = folder / "result.json"
    path.write_text(json.dumps({**RESULT, **edit}), encoding="utf-8")
    return path


def as_result(run: Run) -> dict[str, Any]:
    """A recorded run as its own client would have saved it."""
    shape, sent = run.query.shape, run.query.requests
    return {
        "num_prompts": sent,
        "completed": sent,
        "request_rate": run.query.arrivals.requests_per_second,
        "total_input_tokens": round(shape.input_tokens * sent),
        "total_output_tokens": round(shape.output_tokens * sent),
        "output_throughput": run.output_tokens_per_second,
        "median_tpot_ms": run.tpot * 1000,
        "median_ttft_ms": run.ttft * 1000,
    }


def test_a_profile_is_believed_and_its_range_is_narrower(most: Saturation, tmp_path: Path) -> None:
    runs = read_profile([saved(tmp_path)], [MODEL])
    found = measured_saturation(most, runs)
    assert found.basis == "measured"
    assert found.theta.width < most.theta.width
    assert "result.json" in found.source
    assert replayed_run(found, runs[0]).output_tokens_per_second == pytest.approx(5120, rel=1e-3)


# The second file of the corpus repeats some of these questions with more requests.
FIRST_FILE = [run for run in recorded_runs() if "/v1/" in run.row_id]


@pytest.mark.parametrize("run", saturated_runs(FIRST_FILE), ids=lambda run: run.config_id)
def test_one_saturated_run_predicts_every_other_load(run: Run, tmp_path: Path) -> None:
    estimate, _ = saturation_of(run.query, efficiencies()["gpu"])
    profile = read_profile([saved(tmp_path, **as_result(run))], [MODEL])
    found = measured_saturation(estimate, profile)
    others = [other for other in FIRST_FILE if other.config_id == run.config_id]
    errors = [
        finite_run(
            found.step,
            other.query.shape,
            other.query.arrivals,
            requests=500,
            concurrency=found.concurrency,
            batched_tokens=found.batched_tokens,
        ).output_tokens_per_second
        / other.output_tokens_per_second
        - 1
        for other in others
    ]
    assert sum(map(abs, errors)) / len(errors) < 0.035


def test_a_run_below_saturation_teaches_by_its_time_between_tokens(
    most: Saturation, tmp_path: Path
) -> None:
    rate = 0.3 * most.theta.p50 / most.shape.output_tokens
    arrivals = Arrivals(requests_per_second=rate)
    slower = dataclasses.replace(most, step=most.step.slowed(1.3))
    truth = finite_run(
        slower.step,
        most.shape,
        arrivals,
        requests=500,
        concurrency=most.concurrency,
        batched_tokens=most.batched_tokens,
    )
    path = saved(
        tmp_path,
        request_rate=rate,
        output_throughput=truth.output_tokens_per_second,
        median_tpot_ms=truth.tpot * 1000,
    )
    found = measured_saturation(most, read_profile([path], [MODEL]))
    true_theta = slower.step.rate(most.concurrency, most.shape)
    assert found.theta.p50 == pytest.approx(true_theta, rel=0.02)
    assert any("no run was saturated" in note for note in found.notes)
    assert (
        found.spread.theta
        > measured_saturation(most, read_profile([saved(tmp_path)], [MODEL])).spread.theta
    )


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"model_id": "Qwen/Qwen3-8B"}, "result.json: model_id: measured Qwen/Qwen3-8B, not meta"),
        ({"failed": 60, "completed": 440}, "result.json: failed: 60 of 500 requests failed"),
        ({"failed": 500, "completed": 0}, "result.json: completed: no request was completed"),
        ({"output_throughput": 0}, "result.json: output_throughput: Input should be greater"),
        ({"output_throughput": -3.0}, "result.json: output_throughput: Input should be greater"),
        ({"output_throughput": "much"}, "result.json: output_throughput: Input should be a valid"),
        ({"completed": None}, "result.json: completed: Input should be a valid integer"),
        ({"total_output_tokens": 0}, "result.json: total_output_tokens: no run without output"),
        ({"request_rate": "often"}, "result.json: request_rate: 'often' is neither a number"),
        ({"request_rate": 0}, "result.json: requests per second: 0 is not between 1e-06"),
        ({"completed": 900}, "result.json: completed: 900 completed and 0 failed are more than"),
        ({"completed": 490, "failed": 20}, "result.json: completed: 490 completed and 20 failed"),
        (
            {"num_prompts": 10**9, "completed": 10**9},
            "result.json: num_prompts: Input should be less",
        ),
        ({"max_concurrency": -4}, "result.json: max_concurrency: Input should be greater"),
        ({"max_concurrency": 0}, "result.json: max_concurrency: Input should be greater"),
        ({"median_tpot_ms": -60.0}, "result.json: median_tpot_ms: Input should be greater"),
        ({"median_ttft_ms": float("nan")}, "result.json: median_ttft_ms: Input should be a finite"),
        ({"output_throughput": 1e300}, "result.json: output_throughput: Input should be less"),
        ({"total_input_tokens": 10**300}, "result.json: total_input_tokens: Input should be less"),
        ({"date": "\x1b[31m"}, "result.json: date: holds the control character U+001B"),
        (
            {"burstiness": float("nan")},
            "result.json: burstiness: nan is not between 0.01 and 1,000",
        ),
        ({"burstiness": 0}, "result.json: burstiness: 0 is not between 0.01 and 1,000"),
    ],
)
def test_a_result_that_cannot_be_used_is_refused_by_its_key(
    edit: dict[str, object], said: str, tmp_path: Path
) -> None:
    with pytest.raises(CostError) as refused:
        read_profile([saved(tmp_path, **edit)], [MODEL])
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps(RESULT)[:200], "cut.json:1: the file is cut short"),
        (json.dumps(RESULT, indent=1)[:-30], "cut.json:"),
        ("", "cut.json: the file is empty"),
        ("tokens per second: many", "cut.json:1: the file is not JSON"),
        ("[]", "cut.json: is no result of a run; write one with: vllm bench serve"),
        ("{}", "cut.json: model_id: Field required; write one with: vllm bench serve"),
    ],
)
def test_a_file_that_is_no_result_is_located(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CostError) as refused:
        read_profile([path], [MODEL])
    assert str(refused.value).startswith(said)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CostError, match="No such file"):
        read_profile([tmp_path / "nowhere.json"], [MODEL])
    (tmp_path / "picture.json").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(CostError, match="not UTF-8"):
        read_profile([tmp_path / "picture.json"], [MODEL])


def test_a_few_failures_are_labelled(most: Saturation, tmp_path: Path) -> None:
    path = saved(tmp_path, failed=5, completed=495)
    found = measured_saturation(most, read_profile([path], [MODEL]))
    assert any("5 of 500 requests failed" in note for note in found.notes)


def test_older_files_without_failed_count_what_is_missing(tmp_path: Path) -> None:
    old = {key: value for key, value in RESULT.items() if key != "failed"}
    path = tmp_path / "old.json"
    path.write_text(json.dumps({**old, "completed": 497}), encoding="utf-8")
    (run,) = read_profile([path], [MODEL])
    assert "3 of 500 requests failed" in run.notes[0]


def test_appended_results_are_runs_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    second = {**RESULT, "output_throughput": 5300.0}
    path.write_text(f"{json.dumps(RESULT)}\n{json.dumps(second)}\n", encoding="utf-8")
    runs = read_profile([path], [MODEL])
    assert [run.output_tokens_per_second for run in runs] == [5120, 5300]
    path.write_text(f"{json.dumps(RESULT)}\n{json.dumps(second)[:80]}", encoding="utf-8")
    with pytest.raises(CostError, match=r"sweep.json:2: the file is cut short"):
        read_profile([path], [MODEL])


def test_a_served_name_is_the_model_too(tmp_path: Path) -> None:
    assert read_profile([saved(tmp_path, model_id="Chat")], [MODEL, "chat"])


@pytest.mark.parametrize("output", [20.0, 500_000.0])
def test_a_result_of_other_hardware_is_refused(
    output: float, most: Saturation, tmp_path: Path
) -> None:
    runs = read_profile([saved(tmp_path, output_throughput=output)], [MODEL])
    with pytest.raises(CostError, match="times what this hardware is estimated to do"):
        measured_saturation(most, runs)


def test_other_lengths_and_a_client_limit_are_labelled(most: Saturation, tmp_path: Path) -> None:
    path = saved(tmp_path, total_input_tokens=50_000, max_concurrency=16, output_throughput=1500.0)
    found = measured_saturation(most, read_profile([path], [MODEL]))
    assert any("other lengths" in note for note in found.notes)
    assert any("at most 16 requests in flight" in note for note in found.notes)


def test_runs_that_disagree_widen_the_range(most: Saturation, tmp_path: Path) -> None:
    paths: list[Path] = []
    for output in (3500.0, 5120.0, 7000.0):
        folder = tmp_path / str(output)
        folder.mkdir()
        paths.append(saved(folder, output_throughput=output))
    found = measured_saturation(most, read_profile(paths, [MODEL]))
    assert found.spread.theta > 0.2
    assert found.theta.p50 == pytest.approx(
        measured_saturation(most, read_profile(paths[1:2], [MODEL])).theta.p50, rel=1e-6
    )


def test_no_run_is_refused(most: Saturation) -> None:
    with pytest.raises(CostError, match="profile: no run was given"):
        measured_saturation(most, [])
