"""A question is understood as whoever measured would: machines, formats, engines, limits."""

import csv
import math
from pathlib import Path

import pytest

from bench.accuracy.outside import RECORDED
from bench.accuracy.prediction import predict
from bench.accuracy.questions.server_software import software_of
from bench.accuracy.shown.answers import answers
from tests.bench.questions import OTHER, ROW, asked, predicted, query
from tokenfleet.catalogue.machines.efficiencies import efficiencies

FOUND = efficiencies()
SAID = {"total_params_b": "8.1", "kv_bytes_per_token": "99000"}


@pytest.mark.parametrize(
    ("hardware", "count", "owned"),
    [
        ("H100", "1", ("H100", 1, 1, 79.6)),
        ("h200", "8", ("H200", 8, 8, 1125)),
        ("p5.48xlarge", "", ("H100", 8, 8, 637)),
        ("p5.48xlarge", "2", ("H100", 2, 2, 159)),
        ("p4de.24xlarge", "", ("A100 80GB SXM", 8, 8, 640)),
        ("inf2", "2", ("Inferentia2", 2, 2, 32)),
        ("inf2", "", ("Inferentia2", 24, 24, 384)),
        ("inf2.48xlarge", "", ("Inferentia2", 24, 24, 384)),
        ("inf2.48xlarge", "8", ("Inferentia2", 8, 8, 128)),
        ("c8g.4xlarge", "", ("AWS Graviton4", 1, 16, 32)),
        ("c8g.4xlarge", "16", ("AWS Graviton4", 1, 16, 32)),
        ("c8g.metal-48xl", "", ("AWS Graviton4", 2, 192, 384)),
        ("c8g.metal-48xl", "1", ("AWS Graviton4", 1, 96, 192)),
        ("graviton4", "96", ("AWS Graviton4", 1, 96, 192)),
    ],
)
def test_a_machine_has_the_ranks_and_the_memory_that_its_name_says(
    hardware: str, count: str, owned: tuple[str, int, int, float]
) -> None:
    """Device, ranks, what its peaks are stated for, and GiB."""
    device, ranks, units, gib = owned
    machine = query(hardware=hardware, count_or_tp=count).machine
    assert (machine.device, machine.ranks, machine.units) == (device, ranks, units)
    assert machine.memory_gib == pytest.approx(gib, rel=0.02)


def test_an_engine_without_sockets_uses_the_whole_machine_at_once() -> None:
    machine = query(hardware="c8g.48xlarge", count_or_tp="", engine="llama.cpp b4753").machine
    assert (machine.ranks, machine.units) == (1, 192)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({**ROW, "gpu": "H100"}, "H100 is taken for NVIDIA H100 NVL 94 GB"),
        ({**OTHER, "hardware": "H100"}, "H100 is taken for NVIDIA H100 SXM 80 GB"),
        ({**OTHER, "hardware": "A100"}, "A100 is taken for NVIDIA A100 40 GB"),
        ({**OTHER, "engine": "TensorRT-LLM 1.x"}, "predicted as vLLM, not TensorRT-LLM 1.x"),
        ({**OTHER, "engine": "sglang"}, "predicted as vLLM, not sglang"),
        ({**OTHER, "model": "nobody/knows-7B"}, "kv_bytes_per_token was not given"),
        ({**OTHER, "model": "meta-llama/Llama-3.3-70B-Instruct"}, "weights of 131 GiB do not fit"),
    ],
)
def test_what_was_taken_for_what_is_said(cells: dict[str, str], said: str, tmp_path: Path) -> None:
    (row,), problems = answers(asked(tmp_path, [cells]), FOUND)
    assert not problems
    assert said in row["notes"]


@pytest.mark.parametrize("text", ["vLLM 0.11.0", "vllm v0.9", "vLLM 2025-09", "vLLM 2025"])
def test_engines_before_0_12_let_the_device_wait_for_the_host(text: str) -> None:
    assert software_of(text).overlaps is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vllm",
        "vLLM 0.12",
        "vLLM 0.32.0",
        "vLLM 2025-12",
        "vLLM 2026-03",
        "llama.cpp b4753 Q4_K_M",
    ],
)
def test_any_other_engine_is_as_the_catalogue_says(text: str) -> None:
    assert software_of(text).overlaps is None


def test_an_older_engine_is_never_faster() -> None:
    many = {"concurrency": "256", "requests": "1000"}
    new, old = (predicted(engine=engine, **many) for engine in ("vllm", "vLLM 0.11"))
    assert old.output_tokens_per_second.p50 < new.output_tokens_per_second.p50


def test_an_engine_that_serializes_by_itself_stays_so() -> None:
    neuron = FOUND["neuron"]
    assert software_of("vLLM 2026-03").as_run(neuron) == neuron


@pytest.mark.parametrize(
    ("dtype", "gib"),
    [
        ("bf16", 13.98),
        ("fp8", 7.48),
        ("w8a8", 7.48),
        ("int4", 4.36),
        ("4-bit GGUF", 4.24),
        ("Q4_K_M", 4.24),
        ("q8_0", 7.43),
    ],
)
def test_a_format_takes_its_bits_and_no_embeddings_that_are_only_looked_up(
    dtype: str, gib: float
) -> None:
    """Of 8.03 billion parameters 0.53 are a table; as many are a head, in 16 bits beside few."""
    found = query(dtype=dtype)
    assert found.model.weights_bytes / 2**30 == pytest.approx(gib, rel=0.01)
    assert found.loaded_bytes > found.model.weights_bytes


@pytest.mark.parametrize(
    ("model", "ranks", "copies"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "8", 1),
        ("meta-llama/Llama-3.1-8B-Instruct", "16", 2),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", "8", 2),
        ("deepseek-ai/DeepSeek-R1-0528", "8", 8),
    ],
)
def test_ranks_beyond_its_kv_heads_hold_copies(model: str, ranks: str, copies: float) -> None:
    one, many = (query(model=model, hardware="H200", count_or_tp=n) for n in ("1", ranks))
    ratio = many.model.kv_bytes_per_token / one.model.kv_bytes_per_token
    assert ratio == pytest.approx(copies)


def test_latent_attention_is_known_by_name_and_not_guessed_from_the_size() -> None:
    found = query(model="deepseek-ai/DeepSeek-R1-0528", dtype="fp8", hardware="H200")
    assert found.model.is_latent
    assert not found.guesses
    assert found.model.kv_bytes_per_token == 61 * 576 * 2


def test_what_a_row_says_of_its_model_counts_more_than_its_name() -> None:
    found = query(**{**SAID, "layers": "40", "hidden_size": "4000"})
    model = found.model
    assert model.kv_bytes_per_token == 99000
    assert (model.layers, model.hidden_size) == (40, 4000)
    assert model.total_parameters == pytest.approx(8.1e9 - 128256 * 4096)


def test_a_name_that_stands_for_another_size_is_not_believed() -> None:
    found = query(**{**SAID, "total_params_b": "30"})
    assert found.model.total_parameters == 30e9
    assert found.model.head_parameters == 0


@pytest.mark.parametrize(
    "limit",
    [
        {"max_num_seqs": "2"},
        {"gpu_memory_utilization": "0.3"},
        {"max_concurrency": "3"},
        {"concurrency": "3"},
    ],
)
def test_every_limit_of_a_row_holds_back_a_server_that_has_too_much_to_do(
    limit: dict[str, str],
) -> None:
    flood = {"concurrency": "", "rate_rps": "inf", "requests": "300"}
    free, held = predicted(**flood), predicted(**{**flood, **limit})
    assert held.output_tokens_per_second.p50 < 0.8 * free.output_tokens_per_second.p50


def test_a_smaller_step_reads_long_prompts_with_less_delay_between_tokens() -> None:
    rows = {"concurrency": "", "rate_rps": "2", "requests": "100", "input_tokens": "16000"}
    large, small = (
        predicted(**rows, max_num_batched_tokens=tokens) for tokens in ("16384", "1024")
    )
    assert large.ttft.p50 < small.ttft.p50


def test_more_requests_in_flight_give_more_tokens_and_wait_longer() -> None:
    found = [predicted(concurrency=count) for count in ("1", "8", "64")]
    outputs = [each.output_tokens_per_second.p50 for each in found]
    gaps = [each.tpot.p50 for each in found]
    assert outputs == sorted(outputs)
    assert gaps == sorted(gaps)
    # One at a time: nobody waits, and every token is one step of one request.
    (alone, *_) = found
    whole = alone.ttft.p50 + 199 * alone.tpot.p50
    assert outputs[0] == pytest.approx(200 / whole, rel=0.05)


def test_the_first_token_takes_what_a_request_takes_to_arrive() -> None:
    """A network that is a second slower delays every first token by it, of a server."""
    for engine, seconds in (("vllm", 1.0), ("llama.cpp", 0.0)):
        asked_for = query(engine=engine)
        found = FOUND["gpu"]
        slow = found.model_copy(update={"request_seconds": found.request_seconds + 1})
        before, after = (predict(asked_for, each) for each in (found, slow))
        for name in ("ttft", "ttft_p90", "ttft_p99"):
            later = getattr(after, name).p50 - getattr(before, name).p50
            assert later == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"rate_rps": "5", "concurrency": "", "requests": "200"},
        {"hardware": "inf2", "count_or_tp": "8"},
        {"hardware": "c8g.24xlarge", "count_or_tp": ""},
        {"rate_rps": "inf", "concurrency": "", "requests": "200"},
    ],
)
def test_every_figure_lies_in_its_range_and_late_ones_are_later(cells: dict[str, str]) -> None:
    found = predicted(**cells)
    ranges = [
        found.output_tokens_per_second,
        found.tpot,
        found.ttft,
        found.ttft_p90,
        found.ttft_p99,
    ]
    assert all(0 < each.p10 < each.p50 < each.p90 < math.inf for each in ranges)
    assert found.ttft.p50 <= found.ttft_p90.p50 <= found.ttft_p99.p50


def test_without_a_price_the_rest_is_answered(tmp_path: Path) -> None:
    rows = [{key: value for key, value in ROW.items() if key != "usd_per_hour_config"}, ROW]
    (free, priced), problems = answers(asked(tmp_path, rows), FOUND)
    assert not problems
    assert free["output_tok_s"] == priced["output_tok_s"]
    dollars = [name for name in free if name.startswith("usd_per_mtok")]
    assert [free[name] for name in dollars] == ["", "", ""]
    assert all(float(priced[name]) > 0 for name in dollars)


def test_a_missing_price_is_no_price_of_zero() -> None:
    with pytest.raises(ValueError, match=r"q\.csv:2 has no price"):
        _ = predicted().usd_per_mtok


def test_every_shipped_run_of_others_is_a_question_that_is_answered() -> None:
    found, problems = answers(RECORDED, FOUND)
    assert not problems
    assert len(found) == 19
    assert all(float(row["tpot_p50_ms"]) > 0 for row in found)
    with RECORDED.open(encoding="utf-8", newline="") as lines:
        assert [row["id"] for row in found] == [row["id"] for row in csv.DictReader(lines)]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("hardware", "c8g.5xlarge", "queries.csv:2: hardware: unknown instance type"),
        ("hardware", "c7i.xlarge", "queries.csv:2: hardware: c7i.xlarge has no hardware"),
        ("hardware", "", "queries.csv:2: hardware: missing: give a GPU, an EC2 instance type"),
        ("count_or_tp", "0", "queries.csv:2: count_or_tp: 0 is not between"),
        ("concurrency", "0", "queries.csv:2: concurrency: 0 is not between"),
        ("concurrency", "", "queries.csv:2: rate_rps: missing: give requests a second"),
        ("concurrency", "1.5", "queries.csv:2: concurrency: 1.5 is not a whole number"),
        ("count_or_tp", "1.5", "queries.csv:2: count_or_tp: 1.5 is not a whole number"),
        ("max_num_seqs", "1.5", "queries.csv:2: max_num_seqs: 1.5 is not a whole number"),
        ("output_tokens", "0", "queries.csv:2: output_tokens: 0 is not between"),
        ("output_tokens", "0.5", "queries.csv:2: output_tokens: 0.5 is not between"),
        ("input_tokens", "1e9", "queries.csv:2: input_tokens: 1e+09 is not between"),
        ("rate_rps", "1e9", "queries.csv:2: rate_rps: 1e+09 is not between"),
        ("requests", "many", "queries.csv:2: requests: 'many' is not a number"),
        ("dtype", "fp3", "queries.csv:2: dtype: 'fp3' is none of"),
        ("max_num_seqs", "-1", "queries.csv:2: max_num_seqs: -1 is not between"),
        ("gpu_memory_utilization", "2", "queries.csv:2: gpu_memory_utilization: 2 is not between"),
        ("model", "someone/unheard-of", "queries.csv:2: model: 'someone/unheard-of' is not known"),
        ("model", "", "queries.csv:2: model: missing: describe it by total_params_b"),
    ],
)
def test_a_cell_that_makes_no_sense_is_located(
    column: str, value: str, said: str, tmp_path: Path
) -> None:
    row = {**OTHER, "rate_rps": "", "requests": "", column: value}
    found, problems = answers(asked(tmp_path, [row]), FOUND)
    assert not found
    assert problems[0].startswith(said)


def test_more_ranks_than_a_machine_has_are_refused(tmp_path: Path) -> None:
    row = {**OTHER, "hardware": "p5.4xlarge", "count_or_tp": "8"}
    _, problems = answers(asked(tmp_path, [row]), FOUND)
    assert problems == ["queries.csv:2: count_or_tp: 8 is more than the 1 ranks of p5.4xlarge"]
