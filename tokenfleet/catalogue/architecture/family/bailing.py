"""Ling and Ring: experts that some of all tokens share, several of them beside each other."""

from collections.abc import Sequence
from dataclasses import replace

from tokenfleet.catalogue.architecture.decoders import Kind, text_layers
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Names


def bailing_layers(keys: Keys) -> Sequence[Layer]:
    """The layers of ``bailing_moe``, in its first and its second version.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    shared = keys.number("num_shared_experts", default=0)
    if keys.flag("use_bias") and shared:
        msg = "use_bias: the pinned engine divides no experts that all tokens share with a bias"
        raise ShapeError(msg)
    inner = keys.size("moe_shared_expert_intermediate_size", "moe_intermediate_size")
    has_bias = keys.flag("use_bias")
    kind = Kind(
        bias=has_bias or keys.flag("use_qkv_bias"),
        out_bias=has_bias,
        forward_bias=has_bias,
        qk_norms="head" if keys.flag("use_qk_norm") else None,
        has_experts=True,
    )
    # Its window is of all layers, whatever use_sliding_window says; several shared experts are one.
    told = keys.replacing(
        use_sliding_window=True,
        num_shared_experts=0,
        shared_expert_intermediate_size=shared * inner,
    )
    names = Names(mixer="attention")
    return [replace(layer, names=names) for layer in text_layers(told, kind)]
