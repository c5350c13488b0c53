"""Decoders with multi-head latent attention: DeepSeek V2 and V3, Kimi K2, GLM 5."""

from collections.abc import Sequence
from dataclasses import replace

from tokenfleet.catalogue.architecture.attention import Latent
from tokenfleet.catalogue.architecture.decoders import Kind, feed_forwards
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer
from tokenfleet.catalogue.layer_cache import LayerCache

_KIND = Kind(has_experts=True)
_LATENT = {"full_attention", "deepseek_sparse_attention"}


def latent_attention(keys: Keys) -> Latent:
    """Attention without an indexer.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    return Latent(
        width=keys.size("hidden_size"),
        heads=keys.size("num_attention_heads"),
        rank=keys.size("kv_lora_rank"),
        query_rank=keys.number("q_lora_rank", default=0),
        plain=keys.size("qk_nope_head_dim"),
        rotary=keys.size("qk_rope_head_dim"),
        value_head=keys.size("v_head_dim"),
        gated=keys.flag("mla_use_output_gate"),
    )


def minicpm3_layers(keys: Keys) -> Sequence[Layer]:
    """MiniCPM 3: latent by its matrices, but heads keep keys and values of their own."""
    each = latent_attention(keys)
    head = each.plain + each.rotary
    cache = LayerCache(kind="full", layers=1, heads=each.heads, width=2 * head)
    return [
        replace(layer, mixer=replace(each.mixer(), caches=[cache])) for layer in latent_layers(keys)
    ]


def latent_layers(keys: Keys, *, norms: int = 2) -> Sequence[Layer]:
    """The layers; an indexer in each where the keys of one are given.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    count = keys.layers()
    width = keys.size("hidden_size")
    if others := {*(keys.words("layer_types") or ())} - _LATENT:
        msg = f"layer_types: models of this model_type have no {min(others)[:40]} layers"
        raise ShapeError(msg)
    plain = latent_attention(keys)
    indexers = keys.number("index_n_heads", default=0)
    index = keys.size("index_head_dim") if indexers else 0
    indexed = replace(plain, index_heads=indexers, index_head=index)
    own = _own_indexer(keys, count)
    return [
        Layer(
            mixer=(indexed if has_own else plain).mixer(),
            feed_forward=forward,
            norms=norms * width,
        )
        for has_own, forward in zip(own, feed_forwards(keys, _KIND, count), strict=True)
    ]


def _own_indexer(keys: Keys, layers: int) -> Sequence[bool]:
    """Which layers have an indexer of their own; the others take what the one before them found."""
    words = keys.words("indexer_types")
    if words is None:
        return _scheduled(keys, layers)
    if len(words) != layers:
        msg = f"indexer_types must say full or shared for each of {layers} layers"
        raise ShapeError(msg)
    return [word == "full" for word in words]


def _scheduled(keys: Keys, layers: int) -> Sequence[bool]:
    """One in so many layers from an offset on, or as a pattern of F and S says.

    transformers, configuration_glm_moe_dsa.py.
    """
    pattern = keys.word("index_topk_pattern")
    if pattern is not None:
        if len(pattern) != layers or set(pattern) - {"F", "S"}:
            msg = f"index_topk_pattern must be F or S for each of {layers} layers"
            raise ShapeError(msg)
        return [letter == "F" for letter in pattern]
    step = max(1, keys.number("index_topk_freq", default=1))
    offset = keys.number("index_skip_topk_offset", default=2)
    return [max(place - offset + 1, 0) % step == 0 for place in range(layers)]
