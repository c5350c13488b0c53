"""Decoders in which only some layers attend: the others keep a state of fixed size."""

from collections.abc import Sequence
from dataclasses import replace

from tokenfleet.catalogue.architecture.decoders import Kind, attention, feed_forwards
from tokenfleet.catalogue.architecture.feed_forward import Experts, gated, plain
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer, Names
from tokenfleet.catalogue.architecture.mixers import MODEL_BYTES, STATE_BYTES, GatedDelta, Mamba2
from tokenfleet.catalogue.architecture.parameters import dense
from tokenfleet.catalogue.architecture.patterns import every, listed_kinds

_QWEN = Kind(has_experts=True, qk_norms="head", gated_query=True, shared_gate=True)
_LETTERS = {
    "mamba": "M",
    "linear_attention": "M",
    "attention": "*",
    "full_attention": "*",
    "mlp": "-",
    "moe": "E",
}
_NEMOTRON = Kind(has_experts=True, matrices=2)


def gated_delta_layers(keys: Keys) -> Sequence[Layer]:
    """Qwen3-Next and Qwen3.5: gated delta networks, and attention in every fourth layer."""
    count, width = keys.layers(), keys.size("hidden_size")
    kinds = listed_kinds(keys, count) or every(
        keys.size("full_attention_interval", default=4), count, others="state"
    )
    state = GatedDelta(
        width=width,
        key_heads=keys.size("linear_num_key_heads"),
        key_head=keys.size("linear_key_head_dim"),
        value_heads=keys.size("linear_num_value_heads"),
        value_head=keys.size("linear_value_head_dim"),
        kernel=keys.size("linear_conv_kernel_dim"),
        state_bytes=_state_bytes(keys, MODEL_BYTES),
    ).mixer()
    return [
        Layer(
            mixer=state if kind == "state" else attention(keys, _QWEN, kind),
            feed_forward=forward,
            norms=2 * width,
            names=Names(mixer="linear_attn" if kind == "state" else "self_attn"),
        )
        for kind, forward in zip(kinds, feed_forwards(keys, _QWEN, count), strict=True)
    ]


def nemotron_layers(keys: Keys) -> Sequence[Layer]:
    """Nemotron-H: each layer is one thing - a state space, attention, a feed-forward part or experts."""
    width = keys.size("hidden_size")
    letters = _letters(keys)
    made = {
        "M": lambda: Layer(mixer=_mamba2(keys, width, STATE_BYTES), norms=width),
        "*": lambda: Layer(mixer=attention(keys, _NEMOTRON, "full"), norms=width),
        "-": lambda: Layer(feed_forward=plain(width, keys.size("intermediate_size")), norms=width),
        "E": lambda: Layer(feed_forward=feed_forwards(keys, _NEMOTRON, 1)[0], norms=width),
    }
    names = Names(mixer="mixer", forward="mixer", experts="mixer.experts")
    return [replace(made[letter](), names=names) for letter in letters]


def granite_layers(keys: Keys) -> Sequence[Layer]:
    """Granite 4: a state space or attention, then experts, where there are any, beside what all visit."""
    count, width = keys.layers(), keys.size("hidden_size")
    kinds = listed_kinds(keys, count)
    if kinds is None:
        msg = f"layer_types must say mamba or attention for each of {count} layers"
        raise ShapeError(msg)
    forward = shared = gated(width, keys.size("shared_intermediate_size"))
    if experts := keys.number("num_local_experts", default=0):
        forward = Experts(
            width=width,
            inner=keys.size("intermediate_size"),
            count=experts,
            per_token=keys.size("num_experts_per_tok"),
            shared=shared,
        ).parameters()
    return [
        Layer(
            mixer=_mamba2(keys, width) if kind == "state" else attention(keys, Kind(), kind),
            feed_forward=forward,
            norms=2 * width,
            names=Names(mixer="mamba" if kind == "state" else "self_attn"),
        )
        for kind in kinds
    ]


def falcon_h1_layers(keys: Keys) -> Sequence[Layer]:
    """Falcon-H1: attention and a state space beside each other in every layer."""
    count, width = keys.layers(), keys.size("hidden_size")
    attending, space = attention(keys, Kind(), "full"), _mamba2(keys, width)
    # The norm over its output is an option.
    unused = 0 if keys.flag("mamba_rms_norm") else keys.size("mamba_d_ssm")
    mixer = Mixer(
        parameters=attending.parameters + space.parameters + dense(-unused),
        output=attending.output + space.output,
        caches=[*attending.caches, *space.caches],
        heads=attending.heads,
    )
    forward = gated(width, keys.size("intermediate_size"))
    return [Layer(mixer=mixer, feed_forward=forward, norms=2 * width)] * count


def _letters(keys: Keys) -> str:
    """The pattern of layers: M, *, - and E; newer configurations spell it out and count no layers."""
    words = keys.words("layers_block_type")
    pattern = keys.given("hybrid_override_pattern")
    if words is not None:
        letters = "".join(_LETTERS.get(word, "?") for word in words)
    else:
        letters = pattern if isinstance(pattern, str) else ""
    count = keys.layers(default=len(letters))
    if len(letters) != count or set(letters) - {*"M*-E"}:
        msg = f"hybrid_override_pattern must be one of M, *, - and E for each of {count} layers"
        raise ShapeError(msg)
    return letters


def _mamba2(keys: Keys, width: int, state_bytes: int = MODEL_BYTES) -> Mixer:
    heads = keys.size("mamba_num_heads", "mamba_n_heads", "n_mamba_heads")
    head = keys.size("mamba_head_dim", "mamba_d_head")
    return Mamba2(
        width=width,
        heads=heads,
        head=head,
        state=keys.size("ssm_state_size", "mamba_d_state"),
        groups=keys.size("n_groups", "mamba_n_groups"),
        kernel=keys.size("conv_kernel", "mamba_d_conv"),
        bias=keys.flag("use_bias", "mamba_proj_bias"),
        convolution_bias=keys.flag("use_conv_bias", "mamba_conv_bias", default=True),
        state_bytes=_state_bytes(keys, state_bytes),
    ).mixer()


def _state_bytes(keys: Keys, default: int) -> int:
    """Of a value of the state: 32 bits where a key says so, or a family's configuration does."""
    named = keys.word("mamba_ssm_dtype", "mamba_ssm_cache_dtype")
    return {None: default, "float32": STATE_BYTES}.get(named, MODEL_BYTES)
