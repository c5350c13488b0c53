"""Hunyuan's mixture of experts: in every layer, beside a part of the same width that all tokens visit."""

from collections.abc import Sequence

from tokenfleet.catalogue.architecture.decoders import Kind, attention
from tokenfleet.catalogue.architecture.feed_forward import Experts, gated
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer


def hunyuan_moe_layers(keys: Keys) -> Sequence[Layer]:
    """As transformers builds them, whose model the pinned engine runs.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    width, inner = keys.size("hidden_size"), keys.size("intermediate_size")
    experts = keys.size("num_experts", "num_local_experts")
    chosen = _per_token(keys)
    if not 0 < chosen <= experts:
        msg = f"moe_topk must be between 1 and {experts}"
        raise ShapeError(msg)
    has_bias = keys.flag("attention_bias")
    layer = Layer(
        mixer=attention(keys, Kind(out_bias=has_bias, qk_norms="head"), "full"),
        feed_forward=Experts(
            width=width, inner=inner, count=experts, per_token=chosen, shared=gated(width, inner)
        ).parameters(),
        norms=2 * width,
    )
    return [layer] * keys.layers()


def _per_token(keys: Keys) -> int:
    names = ("moe_topk", "num_experts_per_tok")
    if not isinstance(keys.given(*names), list):
        return keys.size(*names)
    # Published files say it for each layer, and the same of all.
    each = set(keys.numbers(*names) or ())
    if len(each) != 1:
        msg = "moe_topk must be the same in all layers"
        raise ShapeError(msg)
    return each.pop()
