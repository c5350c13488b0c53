"""Jamba: a state space in most layers, attention and experts in some, each by a period."""

from collections.abc import Sequence

from tokenfleet.catalogue.architecture.decoders import Kind, attention
from tokenfleet.catalogue.architecture.feed_forward import Experts, gated
from tokenfleet.catalogue.architecture.keys import Keys
from tokenfleet.catalogue.architecture.layer import Layer, Mixer, Names
from tokenfleet.catalogue.architecture.mixers import MODEL_BYTES
from tokenfleet.catalogue.architecture.parameters import dense
from tokenfleet.catalogue.layer_cache import LayerCache


def jamba_layers(keys: Keys) -> Sequence[Layer]:
    """The layers.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    count, width = keys.layers(), keys.size("hidden_size")
    inner = keys.size("intermediate_size")
    attends = _every(keys, count, "attn_layer_period", "attn_layer_offset")
    dense_forward = forward = gated(width, inner)
    experts = keys.size("num_experts", default=1)
    if experts > 1:
        forward = Experts(
            width=width,
            inner=inner,
            count=experts,
            per_token=keys.size("num_experts_per_tok"),
        ).parameters()
    routes = _every(keys, count, "expert_layer_period", "expert_layer_offset")
    state, full = _mamba(keys, width), attention(keys, Kind(), "full")
    names = Names(mixer="mamba", forward="feed_forward", experts="feed_forward.experts")
    return [
        Layer(
            mixer=full if attends[place] else state,
            feed_forward=forward if routes[place] else dense_forward,
            norms=2 * width,
            names=names,
        )
        for place in range(count)
    ]


def _every(keys: Keys, layers: int, period: str, offset: str) -> Sequence[bool]:
    step, first = keys.size(period), keys.number(offset)
    return [place % step == first for place in range(layers)]


def _mamba(keys: Keys, width: int) -> Mixer:
    """A selective state space without heads (arXiv:2312.00752), with norms before its step."""
    inner = keys.size("mamba_expand") * width
    state, kernel, rank = (
        keys.size("mamba_d_state"),
        keys.size("mamba_d_conv"),
        keys.size("mamba_dt_rank"),
    )
    count = 3 * width * inner + (2 * inner + width) * keys.flag("mamba_proj_bias")
    count += inner * (kernel + keys.flag("mamba_conv_bias", default=True))
    count += inner * (rank + 2 * state) + (rank + 1) * inner
    count += inner * (state + 1) + rank + 2 * state
    size = ((kernel - 1) * inner + inner * state) * MODEL_BYTES
    return Mixer(
        parameters=dense(count),
        output=inner * width,
        caches=[LayerCache(kind="state", layers=1, entry_bytes=size)],
        heads=inner,
    )
