"""What each ``model_type`` is made of, checked against the pinned engine (tests/engine/test_sizes.py)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from tokenfleet.catalogue.architecture.decoders import Kind, attention, feed_forwards, text_layers
from tokenfleet.catalogue.architecture.family.bailing import bailing_layers
from tokenfleet.catalogue.architecture.family.classics import (
    BIASED,
    bloom_layers,
    falcon_layers,
    gpt2_layers,
    gptj_layers,
    opt_layers,
    starcoder2_layers,
)
from tokenfleet.catalogue.architecture.family.compressed import compressed_layers
from tokenfleet.catalogue.architecture.family.convolutions import lfm2_layers, lfm2_moe_layers
from tokenfleet.catalogue.architecture.family.gemma import gemma3n_layers, gemma4_layers
from tokenfleet.catalogue.architecture.family.hunyuan import hunyuan_moe_layers
from tokenfleet.catalogue.architecture.family.hybrids import (
    falcon_h1_layers,
    gated_delta_layers,
    granite_layers,
    nemotron_layers,
)
from tokenfleet.catalogue.architecture.family.jamba import jamba_layers
from tokenfleet.catalogue.architecture.family.kimi_linear import kimi_linear_layers
from tokenfleet.catalogue.architecture.family.laguna import laguna_layers
from tokenfleet.catalogue.architecture.family.latent import latent_layers, minicpm3_layers
from tokenfleet.catalogue.architecture.family.longcat import longcat_layers
from tokenfleet.catalogue.architecture.family.mamba import mamba2_layers, mamba_layers
from tokenfleet.catalogue.architecture.family.minimax_m3 import minimax_m3_layers
from tokenfleet.catalogue.architecture.family.searched import searched_layers
from tokenfleet.catalogue.architecture.family.zamba import zamba2_layers
from tokenfleet.catalogue.architecture.feed_forward import gated
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Names

Family = Callable[[Keys], Sequence[Layer]]


_LLAMA4 = Kind(has_experts=True)


def _llama4(keys: Keys) -> Sequence[Layer]:
    """Chunks where positions are rotated; experts beside one that every token visits."""
    count, width = keys.layers(), keys.size("hidden_size")
    rotated = keys.numbers("no_rope_layers") or [
        int((place + 1) % 4 != 0) for place in range(count)
    ]
    kinds = keys.words("layer_types") or [
        "chunked_attention" if each and keys.given("attention_chunk_size") else "full_attention"
        for each in rotated
    ]
    if len(kinds) != count:
        msg = (
            f"layer_types or no_rope_layers must say for each of {count} layers what it attends to"
        )
        raise ShapeError(msg)
    shared = gated(width, keys.size("intermediate_size"))
    forwards = [
        each + shared if each.experts else each for each in feed_forwards(keys, _LLAMA4, count)
    ]
    return [
        Layer(
            mixer=attention(keys, _LLAMA4, kind.removesuffix("_attention")),
            feed_forward=forward,
            norms=2 * width,
            names=Names(forward="feed_forward", experts="feed_forward.experts"),
        )
        for kind, forward in zip(kinds, forwards, strict=True)
    ]


def _needing(keys: Keys, *, names: Sequence[str], kind: Kind) -> Sequence[Layer]:
    """Where the engine has no default for keys that others leave out."""
    for name in names:
        if keys.given(name) is None:
            msg = f"{name} is missing"
            raise ShapeError(msg)
    return text_layers(keys, kind)


_GPT_OSS = Kind(bias=True, out_bias=True, sinks=True, expert_bias=True, pattern=2, has_experts=True)
_KINDS: Sequence[tuple[Kind, str]] = (
    (
        Kind(),
        """
        baichuan ernie4_5 gemma granite helium internlm2 internlm3 llama minicpm ministral
        ministral3 mistral olmo orion phi3 seed_oss smollm3 stablelm
        """,
    ),
    (
        Kind(has_experts=True),
        "ernie4_5_moe granitemoe granitemoeshared mixtral phimoe",
    ),
    (
        Kind(bias=True),
        "mimo qwen2 qwen2_vl qwen2_vl_text qwen2_5_vl qwen2_5_vl_text qwen2_5_omni_text",
    ),
    (Kind(bias=True, shared_gate=True, has_experts=True), "qwen2_moe"),
    (Kind(qk_norms="head"), "hunyuan_v1_dense qwen3 qwen3_asr_text qwen3_vl qwen3_vl_text"),
    (
        Kind(qk_norms="head", has_experts=True),
        "dots1 qwen3_moe qwen3_vl_moe qwen3_vl_moe_text qwen3_omni_moe_text",
    ),
    (Kind(qk_norms="all"), "olmo2"),
    (Kind(qk_norms="all", has_experts=True), "minimax_m2 olmoe"),
    (Kind(qk_norms="all", pattern=4), "olmo3"),
    (Kind(qk_norms="head", pattern=4), "exaone4 exaone4_5_text"),
    (Kind(matrices=2), "arcee"),
    (Kind(matrices=2, qk_norms="head"), "apertus"),
    (BIASED, "gpt_neox"),
    (replace(BIASED, norms=2), "phi"),
    (Kind(qk_norms="all", has_experts=True), "flex_olmo"),
    (Kind(norms=1, pattern=4, longer=1), "cohere2"),
    (Kind(norms=1), "cohere"),
    (Kind(norms=4, pattern=2), "gemma2"),
    (Kind(norms=4, qk_norms="head", pattern=6), "gemma3_text"),
    (Kind(norms=4, bias=True), "glm4 glm4v_text glm_ocr_text"),
    (Kind(bias=True), "glm"),
    (Kind(bias=True, has_experts=True), "glm4_moe glm4v_moe_text"),
    (_GPT_OSS, "gpt_oss"),
    (Kind(norms=4, qk_norms="head", gated_query=True, has_experts=True), "afmoe"),
    (Kind(norms=1, pattern=4, longer=1, has_experts=True), "cohere2_moe"),
    (Kind(qk_norms="head", pattern=4, has_experts=True), "exaone_moe"),
    (Kind(sinks=True), "granite_swa"),
    (Kind(sinks=True, has_experts=True), "granitemoe_swa"),
    (Kind(norms=4), "hyperclovax"),
)

FAMILIES: Mapping[str, Family] = {
    **{name: partial(text_layers, kind=kind) for kind, names in _KINDS for name in names.split()},
    **dict.fromkeys(
        ("deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2", "glm_moe_dsa", "glm4_moe_lite"),
        latent_layers,
    ),
    "hy_v3": partial(
        _needing,
        names=["first_k_dense_replace", "expert_hidden_dim"],
        kind=Kind(qk_norms="head", has_experts=True),
    ),
    "mimo_v2_flash": partial(_needing, names=["hybrid_layer_pattern"], kind=Kind(has_experts=True)),
    "axk1": partial(latent_layers, norms=3),
    "longcat_flash": longcat_layers,
    "minicpm3": minicpm3_layers,
    "minimax_m3_vl": minimax_m3_layers,
    **dict.fromkeys(
        ("qwen3_next", "qwen3_5_text", "qwen3_5_moe_text", "qwen3_5", "qwen3_5_moe"),
        gated_delta_layers,
    ),
    "jamba": jamba_layers,
    "kimi_linear": kimi_linear_layers,
    "lfm2": lfm2_layers,
    "lfm2_moe": lfm2_moe_layers,
    "nemotron_h": nemotron_layers,
    "granitemoehybrid": granite_layers,
    "falcon_h1": falcon_h1_layers,
    "deepseek_v4": compressed_layers,
    "llama4_text": _llama4,
    "gemma3n_text": gemma3n_layers,
    "gemma4_text": gemma4_layers,
    "gpt2": gpt2_layers,
    "gptj": gptj_layers,
    "opt": opt_layers,
    "starcoder2": starcoder2_layers,
    "falcon": falcon_layers,
    "nemotron-nas": searched_layers,
    "bloom": bloom_layers,
    "bailing_moe": bailing_layers,
    "bailing_moe_v2": bailing_layers,
    "hunyuan_v1_moe": hunyuan_moe_layers,
    "laguna": laguna_layers,
    "mamba": mamba_layers,
    "falcon_mamba": mamba_layers,
    "mamba2": mamba2_layers,
    "zamba2": zamba2_layers,
}
"""The layers of a model, by the ``model_type`` of what generates text."""
