"""Nemotron NAS: each layer as a search left it, some of them without attention."""

from collections.abc import Mapping, Sequence
from typing import cast

from tokenfleet.catalogue.architecture.attention import Grouped
from tokenfleet.catalogue.architecture.feed_forward import gated
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer
from tokenfleet.catalogue.architecture.parameters import NONE, Parameters

_STEP = 256


def searched_layers(keys: Keys) -> Sequence[Layer]:
    """The layers that ``block_configs`` describe one by one.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    count, width = keys.layers(), keys.size("hidden_size")
    blocks = keys.given("block_configs")
    if not isinstance(blocks, list) or len(cast("list[object]", blocks)) != count:
        msg = f"block_configs must describe each of {count} layers"
        raise ShapeError(msg)
    return [_layer(keys, width, block) for block in cast("list[object]", blocks)]


def _layer(keys: Keys, width: int, block: object) -> Layer:
    if not isinstance(block, Mapping):
        msg = "block_configs must be mappings"
        raise ShapeError(msg)
    parts = Keys(cast("Mapping[str, object]", block))
    mixer = _mixer(keys, width, parts.below("attention") or Keys({}))
    forward = _forward(width, parts.below("ffn") or Keys({}))
    norms = width * (bool(mixer) + bool(forward.total))
    return Layer(mixer=mixer, feed_forward=forward, norms=norms)


def _mixer(keys: Keys, width: int, block: Keys) -> Mixer | None:
    _refuse_linear(block)
    if block.flag("no_op"):
        return None
    if block.given("window_length"):
        msg = "window_length: windows of single layers are not known"
        raise ShapeError(msg)
    heads = keys.size("num_attention_heads")
    head = keys.number("head_dim", default=0) or width // heads
    kv_heads = heads // block.size("n_heads_in_group")
    if not kv_heads or not head:
        msg = f"n_heads_in_group must be at most {heads}, and hidden_size at least that"
        raise ShapeError(msg)
    return Grouped(width=width, heads=heads, kv_heads=kv_heads, head=head, value_head=head).mixer()


def _forward(width: int, block: Keys) -> Parameters:
    _refuse_linear(block)
    if block.flag("no_op"):
        return NONE
    if block.given("ffn_mult") is None:
        return gated(width, block.size("intermediate_size"))
    times = block.given("ffn_mult")
    if isinstance(times, bool) or not isinstance(times, int | float) or not 0 < times < width:
        msg = "ffn_mult must be a number above 0"
        raise ShapeError(msg)
    # vllm/model_executor/models/nemotron_nas.py: _ffn_mult_to_intermediate_size
    return gated(width, -(-int(2 * times * width / 3) // _STEP) * _STEP)


def _refuse_linear(block: Keys) -> None:
    if block.flag("replace_with_linear"):
        msg = "replace_with_linear: the pinned engine has no such layers"
        raise ShapeError(msg)
