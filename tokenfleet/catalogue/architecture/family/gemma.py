"""Gemma 3n and 4: embeddings for each layer, and layers that attend to what earlier ones keep."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tokenfleet.catalogue.architecture.decoders import Kind, attention, attention_kinds, text_layers
from tokenfleet.catalogue.architecture.feed_forward import gated
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer, Names
from tokenfleet.catalogue.architecture.parameters import Parameters, dense, idle

# transformers/models/gemma4/configuration_gemma4.py takes it where it is left out.
_GLOBAL_HEAD = 512
_GEMMA3N = Kind(norms=4, qk_norms="head", pattern=5)
_GEMMA4 = Kind(norms=4, qk_norms="head", parallel=True, pattern=6, has_experts=True)


def gemma3n_layers(keys: Keys) -> Sequence[Layer]:
    """Four streams that one layer mixes (AltUp), and a low-rank part beside attention (Laurel).

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    count, width = keys.layers(), keys.size("hidden_size")
    streams, rank = keys.size("altup_num_inputs"), keys.size("laurel_rank")
    mixed = 2 * width + streams * (width + streams + streams**2)
    mixed += 2 * rank * width + width + _layer_input(keys, width)
    kinds = attention_kinds(keys, _GEMMA3N, count)
    return [
        Layer(
            mixer=_mixer(keys, _GEMMA3N, kind, shared=shared),
            feed_forward=gated(width, inner) + dense(mixed),
            norms=_GEMMA3N.norms * width,
        )
        for kind, inner, shared in zip(
            kinds, _inner_widths(keys, count), _shared(keys, count), strict=True
        )
    ]


def gemma4_layers(keys: Keys) -> Sequence[Layer]:
    """Experts beside the dense part, where there are any, with three more norms and a scale.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    for name, value in _global_sizes(keys).items():
        keys = keys.with_default(name, value)
    layers = text_layers(keys, _GEMMA4)
    count, width = len(layers), keys.size("hidden_size")
    kinds = attention_kinds(keys, _GEMMA4, count)
    more = dense(_layer_input(keys, width))
    twice = keys.flag("use_double_wide_mlp")
    inner = gated(width, keys.size("intermediate_size") * 2) if twice else None
    return [
        Layer(
            mixer=_mixer(keys, _GEMMA4, kind, shared=shared),
            feed_forward=(inner if shared and inner else each.feed_forward)
            + dense(4 * width if each.feed_forward.experts else 0)
            + more,
            norms=each.norms,
            names=Names(experts="experts"),
        )
        for each, kind, shared in zip(layers, kinds, _shared(keys, count), strict=True)
    ]


def _global_sizes(keys: Keys) -> Mapping[str, int]:
    """Of layers that attend to all: a saved configuration repeats them for each such layer."""
    layers = keys.below("per_layer_config") or Keys({})
    own = [layers.below(place) or Keys({}) for place in layers.names()]
    sizes = {
        (each.number("head_dim"), each.number("num_key_value_heads", default=0)) for each in own
    }
    if len(sizes) > 1:
        msg = "per_layer_config must say the same of all its layers"
        raise ShapeError(msg)
    head, kv_heads = sizes.pop() if sizes else (_GLOBAL_HEAD, 0)
    return {"global_head_dim": head, "num_global_key_value_heads": kv_heads}


def gemma3n_outside(keys: Keys) -> Parameters:
    """The embeddings of the layers, and what makes one stream to several and back."""
    width = keys.size("hidden_size")
    streams = 2 * (keys.size("altup_num_inputs") - 1) * width * width
    return layer_embeddings(keys) + dense(streams)


def layer_embeddings(keys: Keys) -> Parameters:
    """A vector for each token and layer, of which a token reads its own alone."""
    each = keys.number("hidden_size_per_layer_input", default=0)
    if not each:
        return dense(0)
    inner = each * keys.layers()
    vocabulary = keys.size("vocab_size_per_layer_input", "vocab_size")
    return idle(vocabulary * inner) + dense(keys.size("hidden_size") * inner + each)


def _layer_input(keys: Keys, width: int) -> int:
    each = keys.number("hidden_size_per_layer_input", default=0)
    return 2 * each * width + width if each else 0


def _shared(keys: Keys, layers: int) -> Sequence[bool]:
    """Which layers attend to the keys and values of an earlier one: the last of them."""
    shared = keys.number("num_kv_shared_layers", default=0)
    if shared >= layers:
        msg = f"num_kv_shared_layers must be below {layers}"
        raise ShapeError(msg)
    return [place >= layers - shared for place in range(layers)]


def _mixer(keys: Keys, kind: Kind, what: str, *, shared: bool) -> Mixer:
    mixer = attention(keys, kind, what)
    if not shared:
        return mixer
    # Without matrices for keys and values, and the norm of keys.
    (cache,) = mixer.caches
    head = cache.width // 2
    unused = cache.heads * cache.width * keys.size("hidden_size") + head
    return replace(mixer, parameters=mixer.parameters + dense(-unused), caches=())


def _inner_widths(keys: Keys, layers: int) -> Sequence[int]:
    if not isinstance(keys.given("intermediate_size"), list):
        return [keys.size("intermediate_size")] * layers
    widths = keys.numbers("intermediate_size") or ()
    if len(widths) != layers or not all(widths):
        msg = f"intermediate_size must be one width, or one for each of {layers} layers"
        raise ShapeError(msg)
    return widths
