"""What is read from a config.json: counted from shapes, or taken from the weight index."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.config_json import facts_from_config
from tokenfleet.catalogue.models.facts import ModelFacts, known_models

Config = dict[str, object]
Read = Callable[..., ModelFacts]

LLAMA_8B: Config = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
}
MIXTRAL: Config = {
    **LLAMA_8B,
    "model_type": "mixtral",
    "vocab_size": 32000,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
}
QWEN_30B: Config = {
    **LLAMA_8B,
    "model_type": "qwen3_moe",
    "hidden_size": 2048,
    "num_hidden_layers": 48,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "intermediate_size": 6144,
    "moe_intermediate_size": 768,
    "vocab_size": 151936,
    "num_experts": 128,
    "num_experts_per_tok": 8,
}
GLM_AIR: Config = {
    **LLAMA_8B,
    "model_type": "glm4_moe",
    "num_hidden_layers": 46,
    "num_attention_heads": 96,
    "head_dim": 128,
    "intermediate_size": 10944,
    "moe_intermediate_size": 1408,
    "vocab_size": 151552,
    "n_routed_experts": 128,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "first_k_dense_replace": 1,
}
QWEN_MOE: Config = {
    **LLAMA_8B,
    "model_type": "qwen2_moe",
    "hidden_size": 2048,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "num_key_value_heads": 16,
    "intermediate_size": 5632,
    "moe_intermediate_size": 1408,
    "shared_expert_intermediate_size": 5632,
    "vocab_size": 151936,
    "num_experts": 60,
    "num_experts_per_tok": 4,
}
GPT_OSS: Config = {
    **LLAMA_8B,
    "model_type": "gpt_oss",
    "hidden_size": 2880,
    "num_hidden_layers": 24,
    "num_attention_heads": 64,
    "head_dim": 64,
    "intermediate_size": 2880,
    "vocab_size": 201088,
    "num_local_experts": 32,
    "num_experts_per_tok": 4,
    "sliding_window": 128,
    "layer_types": ["sliding_attention", "full_attention"] * 12,
    "quantization_config": {"quant_method": "mxfp4"},
}
LLAMA_1B: Config = {
    **LLAMA_8B,
    "hidden_size": 2048,
    "num_hidden_layers": 16,
    "head_dim": 64,
    "intermediate_size": 8192,
    "tie_word_embeddings": True,
}
QWEN_32B_FP8: Config = {
    **LLAMA_8B,
    "model_type": "qwen3",
    "hidden_size": 5120,
    "num_hidden_layers": 64,
    "num_attention_heads": 64,
    "head_dim": 128,
    "intermediate_size": 25600,
    "vocab_size": 151936,
    "quantization_config": {"quant_method": "fp8"},
}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The facts of a config.json, with or without a weight index beside it."""

    def read_config(config: Config, total_size: object = None) -> ModelFacts:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        if total_size:
            index = {"metadata": {"total_size": total_size}, "weight_map": {}}
            path.with_name("model.safetensors.index.json").write_text(json.dumps(index))
        return facts_from_config(path)

    return read_config


@pytest.mark.parametrize(
    ("config", "total", "active"),
    [
        pytest.param(LLAMA_8B, 8_030_261_248, 8_030_261_248, id="dense"),
        pytest.param(LLAMA_1B, 1_235_814_400, 1_235_814_400, id="tied embeddings"),
        pytest.param(MIXTRAL, 46_702_792_704, 12_879_925_248, id="experts"),
    ],
)
def test_parameters_are_counted_to_the_last_one(
    read: Read, config: Config, total: int, active: int
) -> None:
    facts = read(config)
    assert (facts.parameters, facts.active_parameters) == (total, active)


@pytest.mark.parametrize(
    ("config", "total", "active"),
    [
        pytest.param(QWEN_30B, 30_532_122_624, 3_353_032_704, id="narrow experts"),
        pytest.param(GLM_AIR, 106_852_251_264, 13_424_129_664, id="shared and dense layers"),
        pytest.param(
            QWEN_MOE, 14_315_784_192, 2_689_173_504, id="one shared expert of its own width"
        ),
        pytest.param(GPT_OSS, 20_914_757_184, 4_187_440_704, id="biases beside the weights"),
    ],
)
def test_what_shapes_leave_out_is_below_a_thousandth(
    read: Read, config: Config, total: int, active: int
) -> None:
    facts = read(config)
    assert facts.parameters == pytest.approx(total, rel=0.001)
    assert facts.active_parameters == pytest.approx(active, rel=0.001)


@pytest.mark.parametrize(
    ("config", "dtype", "size"),
    [
        pytest.param(LLAMA_8B, "bfloat16", 16_060_522_496, id="bfloat16"),
        pytest.param({**LLAMA_8B, "dtype": "float16"}, "float16", 16_060_522_496, id="float16"),
        pytest.param(
            {**LLAMA_8B, "torch_dtype": "float16"}, "float16", 16_060_522_496, id="old key"
        ),
        # Published: Qwen3-32B-FP8 and gpt-oss-20b (catalogue), Llama-3.1-8B AWQ about 5.73 GB.
        pytest.param(QWEN_32B_FP8, "fp8", 34_322_434_048, id="fp8 beside 16-bit embeddings"),
        pytest.param(
            {**QWEN_30B, "quantization_config": {"quant_method": "fp8"}},
            "fp8",
            31_170_895_872,
            id="fp8 in experts and attention",
        ),
        pytest.param(GPT_OSS, "mxfp4", 13_761_264_768, id="mxfp4 in the experts only"),
        pytest.param(
            {**LLAMA_8B, "quantization_config": {"quant_method": "awq"}},
            "int4",
            5_730_000_000,
            id="awq with its scales",
        ),
        pytest.param(
            {**LLAMA_8B, "quantization_config": {"quant_method": "gptq", "bits": 8}},
            "int8",
            9_240_000_000,
            id="gptq of eight bits",
        ),
    ],
)
def test_weights_are_as_large_as_published(
    read: Read, config: Config, dtype: str, size: int
) -> None:
    facts = read(config)
    assert facts.weights_dtype == dtype
    assert facts.weights_bytes == pytest.approx(size, rel=0.002)
    assert "counted" in facts.source


def test_files_in_32_bits_are_twice_what_is_loaded_of_them(read: Read) -> None:
    facts = read({**LLAMA_8B, "torch_dtype": "float32"})
    assert facts.weights_dtype == "bfloat16"
    assert facts.loaded_bytes == pytest.approx(16_060_522_496, rel=0.002)
    assert facts.weights_bytes == 2 * facts.loaded_bytes


def test_a_weight_index_has_the_last_word_on_size(read: Read) -> None:
    facts = read(LLAMA_8B, 16_060_522_497)
    assert facts.weights_bytes == 16_060_522_497
    assert facts.parameters == 8_030_261_248
    assert "index" in facts.source


def test_a_model_that_also_sees_is_read_from_its_text_config(read: Read) -> None:
    text = {**LLAMA_8B, "model_type": "mistral"}
    vision = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24}
    whole = {"model_type": "mistral3", "text_config": text, "vision_config": vision}
    seen, alone = read({**whole, "hidden_size": 1}), read(text)
    assert seen.layers == alone.layers
    assert seen.active_parameters == alone.active_parameters
    assert 0.3e9 < seen.parameters - alone.parameters < 0.5e9


def windows(facts: ModelFacts) -> dict[int | None, int]:
    return {each.tokens: each.layers for each in facts.layer_caches}


def test_layers_keep_what_the_engine_keeps_for_them(read: Read) -> None:
    assert windows(read(GPT_OSS)) == {128: 12, None: 12}
    assert windows(read(LLAMA_8B)) == {None: 32}
    mostly = ["sliding_attention"] * 5 + ["full_attention"]
    gemma = {
        **LLAMA_8B,
        "model_type": "gemma3_text",
        "num_hidden_layers": 6,
        "sliding_window": 1024,
    }
    assert windows(read({**gemma, "layer_types": mostly})) == {1024: 5, None: 1}
    assert windows(read({**gemma, "sliding_window_pattern": 3})) == {1024: 4, None: 2}
    assert windows(read(gemma)) == {1024: 5, None: 1}
    # vLLM takes a window that nothing limits for one of all layers, of whatever model.
    assert windows(read({**LLAMA_8B, "sliding_window": 4096})) == {4096: 32}
    off = {"model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": False}
    assert windows(read({**LLAMA_8B, **off})) == {None: 32}
    assert windows(read({**LLAMA_8B, "layer_types": ["full_attention"] * 32})) == {None: 32}


def test_without_kv_heads_every_head_has_its_own(read: Read) -> None:
    facts = read({key: value for key, value in LLAMA_8B.items() if key != "num_key_value_heads"})
    assert (facts.kv_heads, facts.head_size) == (32, 128)


def test_a_config_agrees_with_the_catalogue_on_what_sizing_needs(read: Read) -> None:
    listed, counted = known_models()["openai/gpt-oss-20b"], read(GPT_OSS)
    assert counted.kv_bytes(8192, 1) == listed.kv_bytes(8192, 1)
    assert counted.context_length == listed.context_length


@pytest.mark.parametrize(
    ("config", "same"),
    [
        pytest.param({"num_experts": 0, "num_experts_per_tok": 0}, LLAMA_8B, id="no experts, said"),
        pytest.param({**QWEN_30B, "intermediate_size": ...}, QWEN_30B, id="experts only"),
    ],
)
def test_what_goes_without_saying_may_be_left_out(read: Read, config: Config, same: Config) -> None:
    merged = {**LLAMA_8B, **config}
    assert read({key: value for key, value in merged.items() if value is not ...}) == read(same)


def test_a_token_may_visit_a_single_expert(read: Read) -> None:
    one, two = read({**MIXTRAL, "num_experts_per_tok": 1}), read(MIXTRAL)
    assert two.active_parameters - one.active_parameters == 32 * 3 * 4096 * 14336
    assert one.parameters == two.parameters


UNKNOWN_TOWER = {"model_type": "minicpmv", "text_config": LLAMA_8B, "vision_config": {"depth": 2}}


def test_a_tower_that_cannot_be_counted_is_what_the_weight_index_has_more(read: Read) -> None:
    alone = read(LLAMA_8B)
    seen = read(UNKNOWN_TOWER, alone.weights_bytes + 600_000_000)
    assert seen.loaded_bytes == alone.weights_bytes + 600_000_000
    assert seen.parameters == alone.parameters + 300_000_000
    assert seen.active_parameters == alone.active_parameters


@pytest.mark.parametrize("tower", ["vision_config", "audio_config"])
def test_without_an_index_such_a_tower_is_refused_with_the_way_out(read: Read, tower: str) -> None:
    config = {"model_type": "minicpmv", "text_config": LLAMA_8B, tower: {"depth": 2}}
    with pytest.raises(CatalogueError, match=rf"{tower} of .* put model.safetensors.index.json"):
        read(config)


@pytest.mark.parametrize(
    ("names", "skipped"),
    [
        (["model.embed_tokens.weight", "lm_head.weight"], True),
        (["model.embed_tokens.weight"], False),
        (["model.layers.16.mlp.up_proj.weight"], True),
        (["model.layers.15.mlp.up_proj.weight"], False),
        (["mtp.fc.weight"], True),
    ],
    ids=["a head again", "no head", "a layer too many", "the last layer", "a draft"],
)
def test_what_the_engine_does_not_load_is_in_the_files_and_not_in_memory(
    tmp_path: Path, names: list[str], *, skipped: bool
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA_1B), encoding="utf-8")
    counted = facts_from_config(path).weights_bytes
    index = {"metadata": {"total_size": counted + 1000}, "weight_map": dict.fromkeys(names, "a")}
    path.with_name("model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    facts = facts_from_config(path)
    assert facts.weights_bytes == counted + 1000
    assert facts.loaded_bytes == (counted if skipped else counted + 1000)
