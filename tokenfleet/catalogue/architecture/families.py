"""What each ``model_type`` is made of, checked against the pinned engine (tests/engine/test_sizes.py)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tokenfleet.catalogue.architecture.compressed import compressed_layers
from tokenfleet.catalogue.architecture.decoders import Kind, attention, feed_forwards, text_layers
from tokenfleet.catalogue.architecture.feed_forward import gated
from tokenfleet.catalogue.architecture.hybrids import (
    falcon_layers,
    gated_delta_layers,
    granite_layers,
    nemotron_layers,
)
from tokenfleet.catalogue.architecture.keys import Keys
from tokenfleet.catalogue.architecture.latent import latent_layers
from tokenfleet.catalogue.architecture.layer import Layer, Names
from tokenfleet.catalogue.architecture.parameters import dense

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


def _gemma4(keys: Keys) -> Sequence[Layer]:
    """Experts beside the dense part, where there are any, with three more norms and a scale."""
    kind = Kind(norms=4, qk_norms="head", parallel=True, pattern=6, has_experts=True)
    layers = text_layers(keys, kind)
    width = keys.size("hidden_size")
    return [
        Layer(
            mixer=each.mixer,
            feed_forward=each.feed_forward + dense(4 * width if each.feed_forward.experts else 0),
            norms=each.norms,
            names=Names(experts="experts"),
        )
        for each in layers
    ]


_GPT_OSS = Kind(bias=True, out_bias=True, sinks=True, expert_bias=True, pattern=2, has_experts=True)
_KINDS: Sequence[tuple[Kind, str]] = (
    (
        Kind(),
        """
        baichuan ernie4_5 gemma granite helium internlm2 internlm3 llama minicpm ministral
        ministral3 mistral olmo orion phi3 seed_oss smollm3 stablelm
        """,
    ),
    (Kind(has_experts=True), "ernie4_5_moe granitemoe mimo_v2_flash mixtral phimoe"),
    (Kind(bias=True), "qwen2 qwen2_vl qwen2_vl_text qwen2_5_vl qwen2_5_vl_text"),
    (Kind(bias=True, shared_gate=True, has_experts=True), "qwen2_moe"),
    (Kind(qk_norms="head"), "hunyuan_v1_dense qwen3 qwen3_vl qwen3_vl_text"),
    (
        Kind(qk_norms="head", has_experts=True),
        "dots1 hunyuan_v1_moe qwen3_moe qwen3_vl_moe qwen3_vl_moe_text",
    ),
    (Kind(qk_norms="all"), "olmo2"),
    (Kind(qk_norms="all", has_experts=True), "minimax_m2 olmoe"),
    (Kind(qk_norms="all", pattern=4), "olmo3"),
    (Kind(qk_norms="head", pattern=4), "exaone4 exaone4_5_text"),
    (Kind(matrices=2), "arcee"),
    (Kind(norms=1, pattern=4), "cohere2"),
    (Kind(norms=1), "cohere"),
    (Kind(norms=4, pattern=2), "gemma2"),
    (Kind(norms=4, qk_norms="head", pattern=6), "gemma3_text"),
    (Kind(norms=4, bias=True), "glm4 glm4v_text"),
    (Kind(bias=True), "glm"),
    (Kind(bias=True, has_experts=True), "glm4_moe"),
    (_GPT_OSS, "gpt_oss"),
)

FAMILIES: Mapping[str, Family] = {
    **{name: partial(text_layers, kind=kind) for kind, names in _KINDS for name in names.split()},
    **dict.fromkeys(
        ("deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2", "glm_moe_dsa"), latent_layers
    ),
    **dict.fromkeys(
        ("qwen3_next", "qwen3_5_text", "qwen3_5_moe_text", "qwen3_5", "qwen3_5_moe"),
        gated_delta_layers,
    ),
    "nemotron_h": nemotron_layers,
    "granitemoehybrid": granite_layers,
    "falcon_h1": falcon_layers,
    "deepseek_v4": compressed_layers,
    "llama4_text": _llama4,
    "gemma4_text": _gemma4,
}
"""The layers of a model, by the ``model_type`` of what generates text."""
