"""The format of a question is what its dtype says, else its model's name, else what is published."""

from pathlib import Path

import pytest

from bench.accuracy.shown.answers import answers
from tests.bench.questions import OTHER, asked, predicted, query
from tokenfleet.catalogue.checkpoint.format import WeightsDtype
from tokenfleet.catalogue.machines.efficiencies import efficiencies

_LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
_PROMPTS = {"input_tokens": "4000", "output_tokens": "100", "concurrency": "32"}


@pytest.mark.parametrize(
    ("dtype", "format_"),
    [
        ("w8a8", "int8_channel"),
        ("int8", "int8_channel"),
        ("INT8 W8A8", "int8_channel"),
        ("w8a16", "int8"),
        ("int8-w8a16", "int8"),
        ("gptq-int8", "int8"),
        ("GPTQ 8-bit", "int8"),
        ("wint8", "int8"),
        ("gptq", "int4"),
        ("awq", "int4"),
        ("w4a16", "int4"),
        ("fp8", "fp8"),
        ("fp8-w8a8", "fp8"),
        ("fp8_e4m3", "fp8"),
        ("fp8-w8a16", "fp8_a16"),
        ("mxfp8", "mxfp8"),
        ("nvfp4", "nvfp4"),
        ("fp4", "nvfp4"),
        ("nvfp4a16", "nvfp4_a16"),
        ("mxfp4", "mxfp4"),
        # llama.cpp multiplies its eight bits by eight of the activations.
        ("q8_0", "int8_channel"),
        ("q4_k_m", "int4"),
    ],
)
def test_a_word_for_a_format_means_what_its_kernels_multiply(
    dtype: str, format_: WeightsDtype
) -> None:
    assert query(dtype=dtype).model.weights_dtype == format_


@pytest.mark.parametrize("dtype", ["", "auto"])
@pytest.mark.parametrize(
    ("model", "format_", "guesses"),
    [
        ("RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic", "fp8", []),
        ("RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w8a8", "int8_channel", []),
        ("RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w8a16", "int8", []),
        ("hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4", "int4", []),
        ("Qwen/Qwen2.5-7B-Instruct-GPTQ-Int8", "int8", []),
        ("Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4", "int4", []),
        ("nvidia/Llama-3.1-8B-Instruct-NVFP4", "nvfp4", []),
        ("RedHatAI/Llama-3.1-8B-Instruct-NVFP4A16", "nvfp4_a16", []),
        ("amd/Llama-3.1-8B-Instruct-MXFP4", "mxfp4", []),
        ("unsloth/Llama-3.1-8B-Instruct-bnb-4bit", "int4", []),
        ("bartowski/Llama-3.1-8B-Instruct-GGUF", "int4", []),
        ("openai/gpt-oss-20b", "mxfp4", []),
        ("unsloth/gpt-oss-20b-BF16", "bfloat16", []),
        ("deepseek-ai/DeepSeek-R1", "fp8", []),
        ("deepseek-ai/DeepSeek-V3", "fp8", []),
        (_LLAMA, "bfloat16", []),
        # Its shape is known from its variant in FP8, which says nothing of its own format.
        ("Qwen/Qwen3-235B-A22B", "bfloat16", ["dtype"]),
        ("somebody/knows-7B", "bfloat16", ["active_params_b", "kv_bytes_per_token", "dtype"]),
    ],
)
def test_a_dtype_that_is_not_given_is_read_elsewhere(
    model: str, format_: WeightsDtype, guesses: list[str], dtype: str
) -> None:
    found = query(model=model, dtype=dtype)
    assert found.model.weights_dtype == format_
    assert list(found.guesses) == guesses


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"model": "somebody/knows-7B", "dtype": ""}, "dtype was not given"),
        ({"model": "openai/gpt-oss-20b", "dtype": ""}, "mxfp4 is what the model is published in"),
        ({"model": f"{_LLAMA}-FP8", "dtype": ""}, "fp8 is read in the model's name"),
        ({"dtype": "int8"}, "int8 is taken for w8a8; weights alone are w8a16"),
        ({"count_or_tp": "3"}, "vLLM does not divide 32 heads among 3 GPUs"),
        ({"count_or_tp": "16"}, "a machine has 8 GPUs"),
        ({"input_tokens": "140000"}, "140,200 tokens are more than the model's context of 131,072"),
    ],
)
def test_how_a_row_was_understood_is_in_its_notes(
    cells: dict[str, str], said: str, tmp_path: Path
) -> None:
    (row,), problems = answers(asked(tmp_path, [{**OTHER, **cells}]), efficiencies())
    assert not problems
    assert said in row["notes"]


@pytest.mark.parametrize(
    ("sure", "unsure"),
    [
        ({"model": "Qwen/Qwen3-235B-A22B", "hardware": "H200", "count_or_tp": "8"}, {"dtype": ""}),
        ({"hardware": "H200", "count_or_tp": "2"}, {"count_or_tp": "3"}),
        ({"input_tokens": "131000", "output_tokens": "72"}, {"output_tokens": "73"}),
    ],
)
def test_what_may_not_be_as_a_row_says_widens_the_range(
    sure: dict[str, str], unsure: dict[str, str]
) -> None:
    narrow, wide = (
        predicted(**cells).output_tokens_per_second for cells in (sure, {**sure, **unsure})
    )
    assert wide.p90 / wide.p10 > 1.03 * narrow.p90 / narrow.p10


@pytest.mark.parametrize(
    ("hardware", "count"), [("GB200", "16"), ("inf2.48xlarge", "24"), ("H100", "8")]
)
def test_what_machines_have_is_not_doubted(hardware: str, count: str) -> None:
    assert not query(hardware=hardware, count_or_tp=count, model="nobody/knows-7B").doubts


@pytest.mark.parametrize("hardware", ["A100", "L40S", "H100", "H200"])
def test_prompts_gain_by_8_bit_activations_and_not_by_few_bits_of_weights(hardware: str) -> None:
    def speed(dtype: str) -> float:
        return predicted(**_PROMPTS, dtype=dtype, hardware=hardware).output_tokens_per_second.p50

    wide = speed("bfloat16")
    assert speed("w8a8") > 1.2 * wide
    assert speed("w8a16") < wide


@pytest.mark.parametrize(
    ("model", "dtype", "fits"),
    [("deepseek-ai/DeepSeek-R1", "fp8", "8"), ("meta-llama/Llama-3.3-70B-Instruct", "bf16", "4")],
)
def test_a_machine_that_a_model_does_not_fit_is_no_faster_than_one_it_fits(
    model: str, dtype: str, fits: str
) -> None:
    cells = {"model": model, "dtype": dtype, "concurrency": "64", "hardware": "H100"}
    if dtype == "fp8":
        cells["hardware"] = "B200"
    small = predicted(**cells, count_or_tp="1")
    large = predicted(**cells, count_or_tp=fits)
    assert "do not fit" in "; ".join(small.notes)
    assert "do not fit" not in "; ".join(large.notes)
    assert small.output_tokens_per_second.p90 < large.output_tokens_per_second.p50
