"""A real configuration with one key changed is what the pinned engine makes of that, or refused as it refuses it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.config_json import facts_from_config
from tokenfleet.catalogue.models.facts import ModelFacts

CONFIGS = Path(__file__).parent / "configs"
GONE = object()
Change = tuple[str, object]

# id: model, key (below others with a dot) and what it becomes, part of the refusal
REFUSED: Mapping[str, tuple[str, Change, str]] = {
    "no type of the whole": ("transformers--qwen3_5", ("model_type", GONE), "model_type is missing"),
    "an offset beyond its period": ("transformers--jamba", ("attn_layer_offset", 8), "below attn_layer_period"),
    "KV heads that share no queries": ("transformers--stablelm", ("num_key_value_heads", 64), "must divide the 32"),
    "KV heads of the class, not of the heads": ("Qwen--Qwen2.5-VL-7B-Instruct", ("num_key_value_heads", GONE), "must divide the 28"),
    "an indexer of other heads": ("nvidia--MiniMax-M3-NVFP4", ("text_config.num_key_value_heads", 8), "sparse_num_index_heads"),
    "sections of another head": ("Qwen--Qwen3.5-122B-A10B", ("text_config.head_dim", 512), "mrope_section"),
    "sections of more heads": ("Qwen--Qwen2.5-VL-7B-Instruct", ("num_attention_heads", 56), "mrope_section"),
    "dense layers left out": ("transformers--hy_v3", ("first_k_dense_replace", GONE), "first_k_dense_replace"),
    "a pattern left out": ("XiaomiMiMo--MiMo-V2-Flash", ("hybrid_layer_pattern", GONE), "hybrid_layer_pattern"),
    "GPT-2 with scales of layers": ("transformers--gpt2", ("scale_attn_by_inverse_layer_idx", True), "scale_attn"),
    "a pattern of other letters": ("zai-org--GLM-5.3-FP8", ("indexer_types", []), "indexer_types"),
    "state spaces of another width": ("transformers--mamba2", ("num_heads", 64), "expand times hidden_size"),
    "groups that heads do not share": ("transformers--mamba2", ("n_groups", 3), "n_groups must divide"),
    "Zamba's state spaces of another width": ("transformers--zamba2", ("mamba_headdim", 64), "mamba_headdim"),
    "Zamba's attention of another width": ("transformers--zamba2", ("attention_head_dim", 80), "attention_hidden_size"),
    "a gate of another kind": ("transformers--laguna", ("gating", "per-token"), "gating must be"),
    "shared experts with a bias": ("own-code--bailing_moe", ("use_bias", True), "use_bias"),
    "code of another repository": ("own-code--new", ("auto_map.AutoConfig", "org/impl--configuration.NewConfig"), "its code is in org/impl"),
    "an encoder of other positions": ("transformers--gte", ("position_embedding_type", "absolute"), "position_embedding_type"),
    "an encoder without positions": ("transformers--gte", ("position_embedding_type", GONE), "must be rope"),
    "biases of some matrices": ("transformers--nomic_bert", ("mlp_fc1_bias", True), "biases of all matrices alike"),
    "GPT-J with tied embeddings": ("transformers--gptj", ("tie_word_embeddings", True), "tie_word_embeddings"),
    "experts' width left out": ("transformers--hy_v3", ("expert_hidden_dim", GONE), "expert_hidden_dim"),
    "a tower left out": ("nvidia--Gemma-4-26B-A4B-NVFP4", ("vision_config", GONE), "vision_config is missing"),
    "a tower cut short elsewhere": ("OpenGVLab--InternVL3-1B", ("select_layer", 3), "select_layer"),
}  # fmt: skip


@pytest.mark.parametrize(("model", "change", "part"), REFUSED.values(), ids=list(REFUSED))
def test_what_the_engine_refuses_is_refused(
    model: str, change: Change, part: str, tmp_path: Path
) -> None:
    with pytest.raises(CatalogueError) as refused:
        changed(model, change, tmp_path)
    assert part in str(refused.value)


# id: model, the change, parameters of the engine, its bytes of a token
SIZED: Mapping[str, tuple[str, Change, int, int]] = {
    "experts of the class": ("transformers--ernie4_5_moe", ("moe_num_experts", GONE), 21_825_437_888, 57_344),
    "experts in every other layer": ("transformers--ernie4_5_moe", ("moe_layer_interval", 2), 12_928_761_216, 57_344),
    "a rotary part by another name": ("zai-org--GLM-4.7-Flash", ("head_dim", 128), 0, 60_160),
    "embeddings tied by the class": ("transformers--qwen2_5_omni", ("thinker_config.text_config.tie_word_embeddings", GONE), 10_793_291_520, 57_344),
    "embeddings tied whatever is said": ("transformers--gemma3n_text", ("tie_word_embeddings", False), 6_835_235_568, 40_960),
    "embeddings tied by the text alone": ("transformers--qwen3_5", ("tie_word_embeddings", True), 8_953_803_264, 32_768),
    "embeddings tied by the text too": ("transformers--llava_onevision", ("text_config.tie_word_embeddings", True), 11_846_769_952, 0),
    "embeddings tied unless denied": ("transformers--internvl", ("tie_word_embeddings", GONE), 11_765_025_792, 0),
    "embeddings of Command R": ("transformers--cohere", ("tie_word_embeddings", False), 34_980_831_232, 0),
    "indexers by their schedule": ("zai-org--GLM-5.3-FP8", ("indexer_types", GONE), 0, 92_628),
}  # fmt: skip


@pytest.mark.parametrize(("model", "change", "parameters", "kept"), SIZED.values(), ids=list(SIZED))
def test_what_the_engine_sizes_in_its_way_is_sized_so(
    model: str, change: Change, parameters: int, kept: int, tmp_path: Path
) -> None:
    facts = changed(model, change, tmp_path)
    assert not parameters or facts.parameters == pytest.approx(parameters, rel=0.0005)
    if kept:
        assert (
            sum(each.bytes_of(1, 1) for each in facts.layer_caches if each.kind != "state") == kept
        )


def changed(model: str, change: Change, folder: Path) -> ModelFacts:
    """What is read of a model of ``configs`` after one change."""
    config: dict[str, Any] = json.loads((CONFIGS / model / "config.json").read_text("utf-8"))
    *parents, key = change[0].split(".")
    inner = config
    for parent in parents:
        inner = cast("dict[str, Any]", inner[parent])
    if change[1] is GONE:
        del inner[key]
    else:
        inner[key] = change[1]
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return facts_from_config(path)
