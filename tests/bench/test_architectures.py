"""Names that benchmarks give models, and the shapes behind them."""

import pytest

from bench.accuracy.questions.architectures import (
    Row,
    architecture,
    known_architectures,
    model_folders,
    recorded,
)
from bench.accuracy.questions.model_names import Size, keys, sized
from tokenfleet.catalogue.models.facts import ModelFacts, known_models

ROWS = recorded().models
TEXT = {name: facts for name, facts in known_models().items() if facts.task == "generate"}

NAMES = {
    "meta-llama/Llama-2-7b-chat-hf": "meta-llama/Llama-2-7b-hf",
    "Llama-2-7B": "meta-llama/Llama-2-7b-hf",
    "llama-7b": "meta-llama/Llama-2-7b-hf",
    "TheBloke/Llama-2-13B-chat-GPTQ": "meta-llama/Llama-2-13b-hf",
    "qwen1_5-0_5b": "Qwen/Qwen1.5-0.5B-Chat",
    "qwen2_0_5b": "Qwen/Qwen2.5-0.5B-Instruct",
    "RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic": "meta-llama/Llama-3.3-70B-Instruct",
    "unsloth/Meta-Llama-3.1-8B-Instruct-bnb-4bit": "meta-llama/Llama-3.1-8B-Instruct",
    "llama-v3p1-8b-instruct": "meta-llama/Llama-3.1-8B-Instruct",
    "llama-3-1-8b": "meta-llama/Llama-3.1-8B-Instruct",
    "llama3.1:8b-instruct-q4_K_M": "meta-llama/Llama-3.1-8B-Instruct",
    "llama3_8b": "meta-llama/Llama-3.1-8B-Instruct",
    "llama_3_2_1b": "meta-llama/Llama-3.2-1B-Instruct",
    "DeepSeek-R1-0528": "deepseek-ai/DeepSeek-R1",
    "DeepSeek-V2-Lite": "deepseek-ai/DeepSeek-V2-Lite-Chat",
    "DeepSeek-R1-Distill-Qwen-32B": "Qwen/Qwen2.5-32B",
    "DeepSeek-R1-Distill-Llama-70B": "meta-llama/Llama-3.3-70B-Instruct",
    "Kimi-K2-Instruct-0905": "moonshotai/Kimi-K2-Instruct",
    "GLM-4.6-FP8": "zai-org/GLM-4.5",
    "GLM-4.5-Air": "zai-org/GLM-4.5-Air",
    "gemma-2b": "google/gemma-2b-it",
    "gemma2:2b": "google/gemma-2-2b-it",
    "SmolLM-135M": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "phi-4": "microsoft/phi-4",
    "Phi-4-mini": "microsoft/Phi-4-mini-instruct",
    "mistral-7b": "mistralai/Mistral-7B-Instruct-v0.3",
    "Mistral-7B-v0.1": "mistralai/Mistral-7B-Instruct-v0.1",
    "Mixtral-8x7B": "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "Qwen3-30B": "Qwen/Qwen3-30B-A3B-Instruct-2507",
    "Qwen/Qwen3-32B-AWQ": "Qwen/Qwen3-32B",
    "Qwen3-235B-A22B-Thinking-2507": "Qwen/Qwen3-235B-A22B-FP8",
    "Qwen2.5-7B-Instruct-1M": "Qwen/Qwen2.5-7B-Instruct",
    "OLMo-2-1124-7B-Instruct": "allenai/OLMo-2-1124-7B-Instruct",
    "ERNIE-4.5-300B-A47B-W4A8C8-TP4-Paddle": "baidu/ERNIE-4.5-300B-A47B-PT",
    "Llama-3_3-Nemotron-Super-49B-v1_5": "nvidia/Llama-3_3-Nemotron-Super-49B-v1",
}

BROTHERS = [
    ("Llama-3.1-8B", "Llama-3.2-1B"),
    ("Qwen3-30B-A3B", "Qwen3-32B"),
    ("Qwen3-30B-A3B", "Qwen3-235B-A22B"),
    ("gemma-2b", "gemma-2-2b"),
    ("gemma-2-27b", "gemma-3-27b"),
    ("Qwen1.5-0.5B", "Qwen2.5-0.5B"),
    ("DeepSeek-V2", "DeepSeek-V2-Lite"),
    ("DeepSeek-R1", "DeepSeek-R1-Distill-Llama-8B"),
    ("GLM-4.5", "GLM-4.5-Air"),
    ("GLM-4.7", "GLM-4.7-Flash"),
    ("phi-4", "phi-4-mini"),
    ("Mixtral-8x7B", "Mistral-7B"),
    ("SmolLM-135M", "SmolLM-360M"),
]

STRANGERS = [
    "",
    "v3",
    "Llama-3.1-13B",
    "Qwen3-31B",
    "Qwen3-Reranker-8B",
    "EAGLE3-LLaMA3.1-Instruct-8B",
    "deepseek-coder-33b-instruct",
    "Llama-3_1-Nemotron-Ultra-253B-v1",
    "1-2-3-4-5-6-7-8-9-1-2-3",
]


@pytest.mark.parametrize(("name", "model"), NAMES.items())
def test_a_loose_name_is_the_model_that_people_mean(name: str, model: str) -> None:
    found = architecture(name)
    assert found is not None
    assert found.name == model


@pytest.mark.parametrize(("name", "brother"), BROTHERS)
def test_brothers_are_told_apart(name: str, brother: str) -> None:
    one, other = architecture(name), architecture(brother)
    assert one is not None
    assert other is not None
    assert one.total_parameters != other.total_parameters


@pytest.mark.parametrize("name", STRANGERS)
def test_a_name_that_is_nobodys_is_not_guessed(name: str) -> None:
    assert architecture(name) is None


@pytest.mark.parametrize("name", known_architectures())
def test_every_model_is_found_by_its_own_id_with_its_own_size(name: str) -> None:
    own, found = known_architectures()[name], architecture(name)
    assert found is not None
    # Names that differ in date, format or version alone are one model: never another size.
    assert found.layers == own.layers
    assert found.hidden_size == own.hidden_size
    assert found.total_parameters == pytest.approx(own.total_parameters, rel=0.01)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("anything-7B", Size(total=7e9, active=7e9)),
        ("maker/new_0_5b-chat", Size(total=0.5e9, active=0.5e9)),
        ("maker/new2-0_5b", Size(total=0.5e9, active=0.5e9)),
        ("new-1p5b", Size(total=1.5e9, active=1.5e9)),
        ("new3_8b", Size(total=8e9, active=8e9)),
        ("Tiny-135M", Size(total=135e6, active=135e6)),
        ("New-30B-A3B-FP8", Size(total=30e9, active=3e9)),
        ("new-1b-a400m", Size(total=1e9, active=400e6)),
        ("New-1T-A50B", Size(total=1e12, active=50e9)),
        ("New-14B-Instruct-1M", Size(total=14e9, active=14e9)),
        ("New-Instruct-1M", None),
        ("New-A13B", None),
        ("New-8x7B", None),
        ("New-3.2", None),
        ("7b-org/New", None),
    ],
)
def test_the_size_in_a_name_is_read_where_it_says_one(name: str, size: Size | None) -> None:
    assert sized(name) == size


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_what_is_counted_is_what_the_maker_states(row: Row) -> None:
    counted, headline = row.read(), row.headline
    assert counted.total_parameters / 1e9 == pytest.approx(headline.total, rel=0.03)
    # Makers round, and most leave out embeddings; an expert more or less is further off.
    assert counted.active_parameters / 1e9 == pytest.approx(
        headline.active or headline.total, rel=0.2
    )
    assert bool(counted.mixture_layers) == bool(headline.active) == bool(counted.expert_width)


@pytest.mark.parametrize(
    ("name", "kv_values", "windows", "attention"),
    [
        ("DeepSeek-V2-Lite", 27 * 576, (), "latent"),
        ("DeepSeek-V3", 61 * 576, (), "latent"),
        ("Kimi-Linear-48B-A3B", 7 * 576, (), "hybrid"),
        ("Llama-3.1-8B", 32 * 2 * 8 * 128, (), "full"),
        ("Qwen3-14B", 40 * 2 * 8 * 128, (), "full"),
        ("gemma-2-9b", 21 * 2 * 8 * 256, ((21 * 2 * 8 * 256, 4096),), "hybrid"),
        ("gpt-oss-20b", 12 * 2 * 8 * 64, ((12 * 2 * 8 * 64, 128),), "hybrid"),
        ("Step3", 61 * 2 * 256, (), "full"),
        ("MiniMax-M1", 10 * 2 * 8 * 128, (), "hybrid"),
        # A window that is longer than its context is none.
        ("Phi-3.5-mini", 32 * 2 * 32 * 96, (), "full"),
    ],
)
def test_a_token_keeps_what_the_papers_say(
    name: str, kv_values: float, windows: tuple[tuple[float, int], ...], attention: str
) -> None:
    found = architecture(name)
    assert found is not None
    assert (found.kv_values_per_token, found.windows, found.attention) == (
        kv_values,
        windows,
        attention,
    )


@pytest.mark.parametrize(("name", "facts"), TEXT.items(), ids=list(TEXT))
def test_a_mixture_of_the_catalogue_has_layers_of_experts(name: str, facts: ModelFacts) -> None:
    found = known_architectures()[name]
    assert bool(found.mixture_layers) == facts.mixture_of_experts
    assert bool(found.expert_width) == facts.mixture_of_experts


def test_nothing_is_typed_that_the_catalogue_or_a_config_json_says() -> None:
    typed = {keys(name)[0] for name in ROWS}
    folders = [folder.name for folder in model_folders()]
    said = {keys(name)[0] for name in (*known_models(), *folders)}
    assert not typed & said


def test_every_source_and_other_name_in_the_file_is_used() -> None:
    assert {row.source for row in ROWS.values()} == {*recorded().sources}
    assert {*recorded().left_open} <= {*TEXT}
    others = {other: model for model, names in recorded().same_shape.items() for other in names}
    found = {other: architecture(other) for other in others}
    sizes = {other: each.total_parameters for other, each in found.items() if each}
    meant = {
        other: known_architectures()[model].total_parameters for other, model in others.items()
    }
    assert sizes == pytest.approx(meant, rel=0.01)
