"""Jamba: a state space in most layers, attention and experts in some, each by a period."""

from collections.abc import Sequence

from tokenfleet.catalogue.architecture.decoders import Kind, attention
from tokenfleet.catalogue.architecture.feed_forward import Experts, gated
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer, Names
from tokenfleet.catalogue.architecture.mixers import Mamba1


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
    if first >= step:
        msg = f"{offset} must be below {period}, which is {step}"
        raise ShapeError(msg)
    return [place % step == first for place in range(layers)]


def _mamba(keys: Keys, width: int) -> Mixer:
    return Mamba1(
        width=width,
        inner=keys.size("mamba_expand") * width,
        state=keys.size("mamba_d_state"),
        rank=keys.size("mamba_dt_rank"),
        kernel=keys.size("mamba_d_conv"),
        bias=keys.flag("mamba_proj_bias"),
        convolution_bias=keys.flag("mamba_conv_bias", default=True),
        norms=True,
    ).mixer()
