"""Decoders from before Llama whose layers depend on a choice: OPT, BLOOM, Falcon and StarCoder 2."""

from collections.abc import Sequence

from tokenfleet.catalogue.architecture.attention import Grouped
from tokenfleet.catalogue.architecture.decoders import Kind, text_layers
from tokenfleet.catalogue.architecture.feed_forward import plain
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer, Names

BIASED = Kind(bias=True, out_bias=True, forward_bias=True, matrices=2, norms=4)
"""Norms with a bias, as all matrices have one, and no gate."""


def gpt2_layers(keys: Keys) -> Sequence[Layer]:
    """Four times the model's width between the matrices, unless ``n_inner`` says otherwise.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    for name in (
        "add_cross_attention",
        "scale_attn_by_inverse_layer_idx",
        "reorder_and_upcast_attn",
    ):
        if keys.flag(name):
            msg = f"{name}: the pinned engine knows no such model"
            raise ShapeError(msg)
    return _four_times(keys, BIASED)


def gptj_layers(keys: Keys) -> Sequence[Layer]:
    """One norm before both parts, and attention without a bias.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    if keys.flag("tie_word_embeddings"):
        msg = "tie_word_embeddings: the pinned engine wants a head of its own here"
        raise ShapeError(msg)
    return _four_times(keys, Kind(matrices=2, forward_bias=True))


def bloom_layers(keys: Keys) -> Sequence[Layer]:
    """Every head keeps keys and values; four times the model's width between the matrices.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    width = keys.size("hidden_size")
    mixer = _even_heads(keys, kv_heads=keys.size("num_attention_heads"), has_bias=True)
    forward = plain(width, 4 * width, bias=True)
    names = Names(mixer="self_attention")
    layer = Layer(mixer=mixer, feed_forward=forward, norms=4 * width, names=names)
    return [layer] * keys.layers()


def opt_layers(keys: Keys) -> Sequence[Layer]:
    """OPT, with embeddings as wide as the model.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    width = keys.size("hidden_size")
    if keys.size("word_embed_proj_dim", default=width) != width:
        msg = "word_embed_proj_dim: embeddings narrower than the model cannot be counted"
        raise ShapeError(msg)
    return text_layers(keys.with_default("intermediate_size", keys.size("ffn_dim")), BIASED)


def starcoder2_layers(keys: Keys) -> Sequence[Layer]:
    """With a bias everywhere, or but in the norms."""
    has_bias = keys.flag("use_bias", default=True)
    return text_layers(keys, BIASED if has_bias else Kind(matrices=2, norms=4))


def falcon_layers(keys: Keys) -> Sequence[Layer]:
    """One head of keys and values, or groups of them in the newer kind, which has two norms."""
    count, width = keys.layers(), keys.size("hidden_size")
    heads = keys.size("num_attention_heads")
    is_new = keys.flag("new_decoder_architecture")
    has_bias = keys.flag("bias")
    kv_heads = 1 if keys.flag("multi_query", default=True) else heads
    norms = 2 if is_new or not keys.flag("parallel_attn", default=True) else 1
    if is_new:
        kv_heads = keys.size("num_kv_heads")
        norms = keys.size("num_ln_in_parallel_attn", default=2)
    mixer = _even_heads(keys, kv_heads=kv_heads, has_bias=has_bias)
    forward = plain(width, keys.size("ffn_hidden_size", default=4 * width), bias=has_bias)
    names = Names(mixer="self_attention")
    return [Layer(mixer=mixer, feed_forward=forward, norms=2 * norms * width, names=names)] * count


def _four_times(keys: Keys, kind: Kind) -> Sequence[Layer]:
    inner = keys.size("n_inner", default=4 * keys.size("hidden_size"))
    return text_layers(keys.with_default("intermediate_size", inner), kind)


def _even_heads(keys: Keys, *, kv_heads: int, has_bias: bool) -> Mixer:
    """Attention whose heads share the model's width evenly."""
    width, heads = keys.size("hidden_size"), keys.size("num_attention_heads")
    if width % heads:
        msg = f"hidden_size must be a multiple of {heads} heads"
        raise ShapeError(msg)
    return Grouped(
        width=width,
        heads=heads,
        kv_heads=kv_heads,
        head=width // heads,
        value_head=width // heads,
        bias=has_bias,
        out_bias=has_bias,
    ).mixer()
