"""Laguna: a gate on what attention gives out, and another number of heads in each layer."""

from collections.abc import Sequence
from dataclasses import replace

from tokenfleet.catalogue.architecture.attention import Grouped
from tokenfleet.catalogue.architecture.decoders import Kind, feed_forwards
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer
from tokenfleet.catalogue.architecture.parameters import dense
from tokenfleet.catalogue.architecture.patterns import listed_kinds

_KIND = Kind(has_experts=True)


def laguna_layers(keys: Keys) -> Sequence[Layer]:
    """The layers; a first one without experts where no list says which have them.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    count, width = keys.layers(), keys.size("hidden_size")
    kinds = listed_kinds(keys, count) or ["full"] * count
    heads = keys.numbers("num_attention_heads_per_layer")
    heads = [keys.size("num_attention_heads")] * count if heads is None else heads
    if len(heads) != count or not all(heads):
        msg = f"num_attention_heads_per_layer must be a number for each of {count} layers"
        raise ShapeError(msg)
    if keys.flag("moe_apply_router_weight_on_input"):
        msg = "moe_apply_router_weight_on_input: the pinned engine's configuration refuses it"
        raise ShapeError(msg)
    keys = keys.with_default("mlp_layer_types", ["dense"] + ["sparse"] * (count - 1))
    return [
        Layer(mixer=_mixer(keys, kind, each), feed_forward=forward, norms=2 * width)
        for kind, each, forward in zip(kinds, heads, feed_forwards(keys, _KIND, count), strict=True)
    ]


def _mixer(keys: Keys, kind: str, heads: int) -> Mixer:
    if kind not in {"full", "sliding"}:
        msg = f"layer_types: models of this model_type have no {kind} layers in the pinned engine"
        raise ShapeError(msg)
    is_local = kind == "sliding"
    width, head = keys.size("hidden_size"), keys.size("head_dim")
    has_bias = keys.flag("attention_bias")
    mixer = Grouped(
        width=width,
        heads=heads,
        kv_heads=keys.size("num_key_value_heads"),
        head=head,
        value_head=head,
        bias=has_bias,
        out_bias=has_bias,
        norms=2 * head,
        sinks=is_local and keys.flag("swa_attention_sink_enabled"),
        kind="sliding" if is_local else "full",
        tokens=keys.size("sliding_window") if is_local else None,
    ).mixer()
    return replace(mixer, parameters=mixer.parameters + dense(width * _gates(keys, heads, head)))


def _gates(keys: Keys, heads: int, head: int) -> int:
    """One for each head, or for each of its values."""
    gating = keys.given("gating")
    known = {None: heads, True: heads, "per-head": heads, "per-element": heads * head, False: 0}
    if not isinstance(gating, bool | str | None) or gating not in known:
        msg = "gating must be true, false, per-head or per-element"
        raise ShapeError(msg)
    return known[gating]
