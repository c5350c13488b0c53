"""LFM2: short convolutions in most layers, attention in the others."""

from collections.abc import Sequence

from tokenfleet.catalogue.architecture.decoders import Kind, attention, feed_forwards
from tokenfleet.catalogue.architecture.feed_forward import gated
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer, Names
from tokenfleet.catalogue.architecture.mixers import MODEL_BYTES
from tokenfleet.catalogue.architecture.parameters import Parameters, dense
from tokenfleet.catalogue.architecture.patterns import listed_kinds
from tokenfleet.catalogue.layer_cache import LayerCache

_KIND = Kind(has_experts=True, qk_norms="head")


def lfm2_layers(keys: Keys) -> Sequence[Layer]:
    """Of one size each; what stands between the matrices is adjusted as the engine does."""
    count, width = keys.layers(), keys.size("block_dim")
    forward = gated(width, _inner(keys))
    return _layers(keys, [forward] * count, convolved=keys.size("conv_dim"))


def lfm2_moe_layers(keys: Keys) -> Sequence[Layer]:
    """With experts in all but the first layers."""
    forwards = feed_forwards(keys, _KIND, keys.layers())
    return _layers(keys, forwards, convolved=keys.size("hidden_size"))


def _layers(keys: Keys, forwards: Sequence[Parameters], *, convolved: int) -> Sequence[Layer]:
    kinds = listed_kinds(keys, len(forwards))
    if kinds is None:
        msg = f"layer_types must say conv or full_attention for each of {len(forwards)} layers"
        raise ShapeError(msg)
    state = _convolution(keys, convolved)
    return [
        Layer(
            mixer=state if kind == "convolution" else attention(keys, _KIND, kind),
            feed_forward=forward,
            norms=2 * keys.size("hidden_size"),
            names=Names(
                mixer="conv" if kind == "convolution" else "self_attn",
                forward="feed_forward",
                experts="feed_forward.experts",
            ),
        )
        for kind, forward in zip(kinds, forwards, strict=True)
    ]


def _convolution(keys: Keys, width: int) -> Mixer:
    tokens = keys.size("conv_L_cache")
    count = 4 * width * width + width * tokens + 5 * width * keys.flag("conv_bias")
    size = (tokens - 1) * width * MODEL_BYTES
    caches = [LayerCache(kind="state", layers=1, entry_bytes=size)] if size else []
    return Mixer(parameters=dense(count), output=width * width, caches=caches, heads=width)


def _inner(keys: Keys) -> int:
    inner = keys.size("block_ff_dim", "intermediate_size")
    if not keys.flag("block_auto_adjust_ff_dim", default=True):
        return inner
    # vllm/model_executor/models/lfm2.py: Lfm2MLP
    times = keys.given("block_ffn_dim_multiplier")
    if isinstance(times, bool) or not isinstance(times, int | float | None):
        msg = "block_ffn_dim_multiplier must be a number"
        raise ShapeError(msg)
    if times is not None and not 0 < times < keys.size("hidden_size"):
        msg = "block_ffn_dim_multiplier must be above 0"
        raise ShapeError(msg)
    step = keys.size("block_multiple_of", default=256)
    inner = int((1.0 if times is None else times) * int(2 * inner / 3))
    return max(step, -(-inner // step) * step)
