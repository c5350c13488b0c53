"""What must hold between the facts about a model, whatever models are listed."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from tokenfleet.catalogue.facts import CatalogueError, data_file
from tokenfleet.catalogue.layer_cache import CacheKind, LayerCache
from tokenfleet.catalogue.models.config_json import facts_from_config
from tokenfleet.catalogue.models.facts import ModelFacts, known_models, model_facts
from tokenfleet.estimate.served_model import served_model

LLAMA_8B = "meta-llama/Llama-3.1-8B-Instruct"
LLAMA_70B = "meta-llama/Llama-3.3-70B-Instruct"
GPT_OSS = "openai/gpt-oss-20b"
GPT_OSS_120B = "openai/gpt-oss-120b"

EVERY = pytest.mark.parametrize(
    ("name", "model"),
    [pytest.param(name, model, id=name) for name, model in known_models().items()],
)


def tiny(**changes: object) -> ModelFacts:
    """The test model of shared/facts/vllm.md section 9, whose KV cache was measured."""
    return known_models()[LLAMA_8B].model_copy(
        update={"layers": 2, "kv_heads": 1, "head_size": 32, **changes}
    )


@EVERY
def test_no_model_uses_more_parameters_than_it_has(name: str, model: ModelFacts) -> None:
    assert model.active_parameters <= model.parameters, name


@EVERY
def test_a_table_beside_a_head_is_as_large_and_both_are_visited(
    name: str, model: ModelFacts
) -> None:
    assert model.looked_up_parameters in {0, model.head_parameters}, name
    assert model.looked_up_parameters + model.head_parameters < model.active_parameters, name


@EVERY
def test_what_chooses_experts_says_how_wide_they_are(name: str, model: ModelFacts) -> None:
    assert (model.expert_width is not None) == model.mixture_of_experts, name


@pytest.mark.parametrize(("name", "billions"), [(GPT_OSS, 3.6), (GPT_OSS_120B, 5.1)])
def test_a_token_is_multiplied_with_as_many_parameters_as_its_makers_say(
    name: str, billions: float
) -> None:
    # OpenAI counts the head and not the embeddings (model card, as its row of the catalogue says).
    model = known_models()[name]
    multiplied = model.active_parameters - model.looked_up_parameters
    assert round(multiplied / 1e9, 1) == billions


@pytest.mark.parametrize(
    ("name", "unread"),
    [
        pytest.param(LLAMA_8B, 2 * 128_256 * 4096, id="a table beside a head"),
        pytest.param("meta-llama/Llama-3.2-1B-Instruct", 0, id="a table that is the head"),
        # In 16 bits whatever the experts are in.
        pytest.param(GPT_OSS_120B, 2 * 201_088 * 2880, id="beside experts in 4 bits"),
        pytest.param("Qwen/Qwen3-VL-2B-Instruct", 2 * 406_957_056, id="a tower"),
        pytest.param("Qwen/Qwen3-Embedding-8B", 2 * 151_680 * 4096, id="a table without a head"),
    ],
)
def test_a_step_reads_all_that_is_held_but_towers_and_tables_that_are_looked_up(
    name: str, unread: int
) -> None:
    model = known_models()[name]
    assert model.loaded_bytes - served_model(name, model, 1).weights_bytes == unread


@EVERY
def test_kv_heads_are_shared_evenly(name: str, model: ModelFacts) -> None:
    assert model.attention_heads % model.kv_heads == 0, name


@EVERY
def test_bfloat16_weights_take_two_bytes_a_parameter(name: str, model: ModelFacts) -> None:
    if model.weights_dtype == "bfloat16":
        assert model.loaded_bytes == pytest.approx(2 * model.parameters, rel=0.002), name
        assert model.skipped_bytes >= 0, name


@EVERY
def test_quantised_weights_take_fewer_bytes_than_16_bit_and_more_than_their_type(
    name: str, model: ModelFacts
) -> None:
    bits = {"fp8": 8, "int8": 8, "mxfp4": 4, "int4": 4}.get(model.weights_dtype)
    if bits:
        assert bits / 8 * model.parameters < model.weights_bytes < 2 * model.parameters, name


@EVERY
def test_every_model_is_pinned_to_a_commit(name: str, model: ModelFacts) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", model.revision or ""), name


@EVERY
def test_a_window_covers_some_layers_and_less_than_the_context(
    name: str, model: ModelFacts
) -> None:
    kinds = {each.kind for each in model.layer_caches}
    if kinds <= {"full", "sliding", "chunked"}:
        assert sum(each.layers for each in model.layer_caches) == model.layers, name
    for each in model.layer_caches:
        assert each.layers <= model.layers, name
        assert each.tokens is None or each.tokens < model.context_length, name


@EVERY
def test_every_model_says_where_its_facts_come_from(name: str, model: ModelFacts) -> None:
    header = "".join(line for line in data_file("models.yaml").splitlines() if line.startswith("#"))
    assert len(model.source) > len("config.json"), name
    assert re.search(r"20\d\d-\d\d-\d\d", model.source + header), name


CONFIGS = Path(__file__).parent / "configs"
# Of whose shape a model is, where the configuration here is another's. Its context may be another.
SHAPED_AS = {
    "google/gemma-4-26B-A4B-it": "google--gemma-4-26B-A4B",
    "meta-llama/Llama-3.1-8B-Instruct": "meta-llama--Meta-Llama-3.1-8B",
    "meta-llama/Llama-3.3-70B-Instruct": "meta-llama--Meta-Llama-3.1-70B",
    "mistralai/Devstral-2-123B-Instruct-2512": "mistralai--Devstral-2-123B-Instruct",
    "mistralai/Devstral-Small-2-24B-Instruct-2512": "mistralai--Devstral-Small-2-24B-Instruct",
    "mistralai/Mixtral-8x7B-Instruct-v0.1": "mistralai--Mixtral-8x7B-v0.1",
    "Qwen/Qwen2.5-7B-Instruct": "Qwen--Qwen2.5-7B",
    "Qwen/Qwen2.5-Coder-32B-Instruct": "Qwen--Qwen2.5-32B",
    "Qwen/Qwen3-30B-A3B-Instruct-2507": "Qwen--Qwen3-30B-A3B",
    "Qwen/Qwen3-30B-A3B-Instruct-2507-FP8": "Qwen--Qwen3-30B-A3B-FP8",
    "Qwen/Qwen3-Coder-30B-A3B-Instruct": "Qwen--Qwen3-30B-A3B",
}
# What a row has otherwise, and why.
OTHERWISE = {
    # The copy of its configuration leaves the vision tower out.
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": {"parameters", "loaded_bytes", "idle_parameters"},
}
SHAPE = (
    *("parameters", "active_parameters", "layers", "hidden_size", "attention_heads", "kv_heads"),
    *("head_size", "vocabulary_size", "model_type", "weights_dtype", "quantization_method"),
    *("divided", "context_length", "loaded_bytes", "idle_parameters", "draft_layers", "task"),
    *("looked_up_parameters", "expert_width"),
)


def config_of(name: str) -> Path:
    return CONFIGS / SHAPED_AS.get(name, name.replace("/", "--")) / "config.json"


@pytest.mark.parametrize("name", [name for name in known_models() if config_of(name).exists()])
def test_a_row_says_what_is_read_of_the_models_configuration(name: str) -> None:
    row, found = known_models()[name], facts_from_config(config_of(name))
    like_another = {"context_length"} if name in SHAPED_AS else set[str]()
    for key in sorted({*SHAPE} - like_another - OTHERWISE.get(name, set())):
        # Block scales, headers of the files and layers' few 32-bit values are not counted.
        rel = 0.004 if key == "loaded_bytes" else 0
        expected = getattr(found, key)
        exact = not isinstance(expected, int)
        assert getattr(row, key) == (expected if exact else pytest.approx(expected, rel=rel)), key
    assert set(row.layer_caches) == set(found.layer_caches)


# Whose configuration is not here: one of its kind, and the sizes that make as many parameters of it.
COUNTED_AS: Mapping[str, tuple[str, Mapping[str, int | bool]]] = {
    "google/gemma-3-12b-it": (
        "google--gemma-3-4b-it",
        {
            "hidden_size": 3840,
            "intermediate_size": 15360,
            "num_hidden_layers": 48,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
        },
    ),
    "mistralai/Mistral-Small-3.2-24B-Instruct-2506": (
        "mistralai--Devstral-Small-2-24B-Instruct",
        {},
    ),
    "Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4": ("Qwen--Qwen2.5-7B", {}),
    "Qwen/Qwen3-4B-Instruct-2507": (
        "Qwen--Qwen3-8B",
        {"hidden_size": 2560, "intermediate_size": 9728, "tie_word_embeddings": True},
    ),
    "Qwen/Qwen3-14B": (
        "Qwen--Qwen3-8B",
        {
            "hidden_size": 5120,
            "intermediate_size": 17408,
            "num_hidden_layers": 40,
            "num_attention_heads": 40,
        },
    ),
    "Qwen/Qwen3-32B-AWQ": ("Qwen--Qwen3-32B", {}),
    "RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic": ("meta-llama--Meta-Llama-3.1-70B", {}),
    # Its kind has biases that the transformers class leaves out by default.
    "zai-org/GLM-4.5-Air": ("transformers--glm4_moe", {"attention_bias": True}),
}


@pytest.mark.parametrize("name", [name for name in known_models() if not config_of(name).exists()])
def test_a_row_without_a_configuration_here_is_counted_like_its_kind(
    name: str, tmp_path: Path
) -> None:
    kind, sizes = COUNTED_AS[name]
    config = json.loads((CONFIGS / kind / "config.json").read_text(encoding="utf-8"))
    config.get("text_config", config).update(sizes)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    row, found = known_models()[name], facts_from_config(path)
    # Biases of the router that correct its choice are not counted: 128 in each of GLM's 45 layers.
    assert row.parameters == pytest.approx(found.parameters, rel=1e-7)
    assert row.active_parameters - found.active_parameters == row.parameters - found.parameters
    assert row.looked_up_parameters == found.looked_up_parameters
    assert row.expert_width == found.expert_width


def test_an_adapter_of_a_model_that_embeds_is_as_large_as_of_one_that_writes() -> None:
    embeds, writes = (model_facts(f"Qwen/Qwen3{each}-0.6B") for each in ("-Embedding", ""))
    assert embeds.adapter_bytes(16) == pytest.approx(writes.adapter_bytes(16), rel=1e-6)


def test_most_rows_have_a_configuration_here_and_all_kinds_of_model_are_among_them() -> None:
    known = known_models()
    assert len(known) >= 40
    assert sum(config_of(name).exists() for name in known) >= 0.85 * len(known)
    kinds = {cache.kind for facts in known.values() for cache in facts.layer_caches}
    assert kinds == set(get_args(CacheKind))
    formats = {(facts.weights_dtype, facts.quantization_method) for facts in known.values()}
    assert {
        ("int4", "awq"),
        ("int4", "gptq"),
        ("nvfp4", "modelopt"),
        ("fp8", "modelopt"),
    } <= formats
    assert {("mxfp4", "mxfp4"), ("fp8", "fp8"), ("fp8", "compressed-tensors")} <= formats


def test_revisions_are_not_copied_from_one_model_to_another() -> None:
    revisions = [model.revision for model in known_models().values()]
    assert len(set(revisions)) == len(revisions)


def test_models_range_from_a_laptops_to_a_racks() -> None:
    sizes = sorted(model.parameters for model in known_models().values())
    assert len(sizes) >= 12
    assert sizes[0] <= 0.6e9
    assert sizes[-1] >= 100e9


def test_a_mixture_of_experts_is_among_the_models() -> None:
    assert any(model.active_parameters < model.parameters / 3 for model in known_models().values())


@pytest.mark.parametrize(
    ("model", "tokens", "ranks", "expected"),
    [
        pytest.param(known_models()[LLAMA_8B], 1, 1, 131_072, id="Llama 8B"),
        pytest.param(known_models()[LLAMA_70B], 1, 1, 327_680, id="Llama 70B"),
        pytest.param(known_models()[LLAMA_70B], 1750, 1, 573_440_000, id="Llama 70B, a sequence"),
        pytest.param(known_models()[LLAMA_70B], 1, 8, 40_960, id="Llama 70B on 8 ranks"),
        pytest.param(known_models()[LLAMA_70B], 1, 16, 40_960, id="a rank holds a whole head"),
        pytest.param(tiny(), 1, 1, 256, id="tiny model"),
        pytest.param(tiny(), 4_194_304, 1, 2**30, id="tiny model, measured GiB"),
        pytest.param(known_models()[LLAMA_8B], 0, 1, 0, id="no tokens"),
        # 12 of 24 layers: 2 x 8 heads x 64 x 2 bytes = 2,048 B a token and layer.
        pytest.param(known_models()[GPT_OSS], 100, 1, 4_915_200, id="shorter than the window"),
        pytest.param(known_models()[GPT_OSS], 128, 1, 6_291_456, id="as long as the window"),
        pytest.param(known_models()[GPT_OSS], 1128, 1, 30_867_456, id="longer than the window"),
    ],
)
def test_kv_cache_is_as_large_as_published(
    model: ModelFacts, tokens: int, ranks: int, expected: int
) -> None:
    assert model.kv_bytes(tokens, ranks) == expected


def test_a_window_over_every_layer_stops_growing() -> None:
    window = LayerCache(kind="sliding", layers=2, heads=1, width=64, tokens=1024)
    model = tiny(caches=(window,))
    assert model.kv_bytes(1024, 1) == model.kv_bytes(100_000, 1) == 262_144


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        pytest.param("Qwen/Qwen3-8b", "'Qwen/Qwen3-8B'", id="another case"),
        pytest.param("Qwen/Qwen-3-8B", "'Qwen/Qwen3-8B'", id="a hyphen too many"),
        pytest.param("llama/Llama-3.1-8B-Instruct", f"'{LLAMA_8B}'", id="another organisation"),
    ],
)
def test_an_unknown_model_is_refused_with_the_nearest_name(wrong: str, meant: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        model_facts(wrong)
    assert meant in str(refused.value)
    assert "configJson" in str(refused.value)
    assert "models.yaml" in str(refused.value)
