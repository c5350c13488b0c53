"""Zamba 2: a state space in every layer, before some of them one of few blocks of attention that these share."""

from collections.abc import Sequence

from tokenfleet.catalogue.architecture.attention import Grouped
from tokenfleet.catalogue.architecture.feed_forward import gated
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer, Names
from tokenfleet.catalogue.architecture.mixers import MODEL_BYTES, Mamba2
from tokenfleet.catalogue.architecture.parameters import NONE, Parameters, dense

_NAMES = Names(mixer="mamba", forward="shared_transformer.feed_forward")


def zamba2_layers(keys: Keys) -> Sequence[Layer]:
    """The layers; blocks that several share are counted where they come first.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    count, width = keys.layers(), keys.size("hidden_size")
    kinds = keys.words("layers_block_type") or ()
    if len(kinds) != count:
        msg = f"layers_block_type must say for each of {count} layers whether it is hybrid"
        raise ShapeError(msg)
    space = _space(keys, width)
    shared, adapters = _attention(keys, width), _adapters(keys, width)
    forward = gated(width, keys.size("intermediate_size"), bias=keys.flag("add_bias_linear"))
    blocks = keys.size("num_mem_blocks")
    layers: list[Layer] = []
    hybrids = 0
    for kind in kinds:
        if kind != "hybrid":
            layers.append(Layer(mixer=space, norms=width, names=_NAMES))
            continue
        is_first = hybrids < blocks
        hybrids += 1
        layers.append(
            Layer(
                mixer=_both(space, shared, is_first=is_first),
                feed_forward=(forward if is_first else NONE) + adapters + dense(width * width),
                norms=width + (3 * width if is_first else 0),
                names=_NAMES,
            )
        )
    return layers


def _both(space: Mixer, shared: Mixer, *, is_first: bool) -> Mixer:
    own = shared.parameters if is_first else NONE
    return Mixer(
        parameters=space.parameters + own,
        output=space.output + (shared.output if is_first else 0),
        caches=[*space.caches, *shared.caches],
        heads=space.heads,
    )


def _space(keys: Keys, width: int) -> Mixer:
    heads, head = keys.size("n_mamba_heads"), keys.size("mamba_headdim")
    inner = keys.size("mamba_expand") * width
    if heads * head != inner:
        msg = f"n_mamba_heads times mamba_headdim must be mamba_expand times hidden_size, {inner}"
        raise ShapeError(msg)
    return Mamba2(
        width=width,
        heads=heads,
        head=head,
        state=keys.size("mamba_d_state"),
        groups=keys.size("mamba_ngroups"),
        kernel=keys.size("mamba_d_conv"),
        bias=keys.flag("add_bias_linear"),
        convolution_bias=keys.flag("use_conv_bias", default=True),
        state_bytes=MODEL_BYTES,
    ).mixer()


def _attention(keys: Keys, width: int) -> Mixer:
    """Over what layers before it made and the embeddings, beside each other."""
    heads = keys.size("num_attention_heads")
    head, wide = keys.size("attention_head_dim"), keys.size("attention_hidden_size")
    if heads * head != wide:
        msg = f"attention_hidden_size must be {heads} heads of attention_head_dim"
        raise ShapeError(msg)
    mixer = Grouped(width=wide, heads=heads, kv_heads=heads, head=head, value_head=head).mixer()
    return Mixer(
        # Its output is as wide as the model.
        parameters=mixer.parameters + dense(wide * width - mixer.output),
        output=wide * width,
        caches=mixer.caches,
        heads=heads,
    )


def _adapters(keys: Keys, width: int) -> Parameters:
    """What a layer has of its own of a block that it shares."""
    rank, wide = keys.size("adapter_rank"), keys.size("attention_hidden_size")
    count = rank * (width + 2 * keys.size("intermediate_size"))
    if keys.flag("use_shared_attention_adapter"):
        count += 6 * wide * rank
    return dense(count, rank)
