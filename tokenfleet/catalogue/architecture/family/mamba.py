"""Mamba, Falcon Mamba and Mamba 2: a state space in every layer, and nothing else."""

from collections.abc import Sequence

from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Names
from tokenfleet.catalogue.architecture.mixers import MODEL_BYTES, STATE_BYTES, Mamba1, Mamba2

_NAMES = Names(mixer="mixer")
# transformers, configuration_mamba.py: "auto" stands for one for this many of the model's width.
_RANK_STEP = 16


def mamba_layers(keys: Keys) -> Sequence[Layer]:
    """Without heads: ranks divide what is between the matrices.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    width = keys.size("hidden_size")
    is_auto = keys.given("time_step_rank") == "auto"
    mixer = Mamba1(
        width=width,
        inner=keys.size("intermediate_size", default=keys.size("expand") * width),
        state=keys.size("state_size"),
        rank=-(-width // _RANK_STEP) if is_auto else keys.size("time_step_rank"),
        kernel=keys.size("conv_kernel"),
        bias=keys.flag("use_bias"),
        convolution_bias=keys.flag("use_conv_bias", default=True),
    ).mixer()
    return [Layer(mixer=mixer, norms=width, names=_NAMES)] * keys.layers()


def mamba2_layers(keys: Keys) -> Sequence[Layer]:
    """With heads.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    width, heads, head = keys.size("hidden_size"), keys.size("num_heads"), keys.size("head_dim")
    inner = keys.size("intermediate_size", default=heads * head)
    if not inner == heads * head == keys.size("expand") * width:
        msg = f"num_heads times head_dim must be expand times hidden_size, and intermediate_size ({inner}) too"
        raise ShapeError(msg)
    if heads % keys.size("n_groups"):
        msg = f"n_groups must divide {heads} heads"
        raise ShapeError(msg)
    mixer = Mamba2(
        width=width,
        heads=heads,
        head=head,
        state=keys.size("state_size"),
        groups=keys.size("n_groups"),
        kernel=keys.size("conv_kernel"),
        bias=keys.flag("use_bias"),
        convolution_bias=keys.flag("use_conv_bias", default=True),
        state_bytes=STATE_BYTES if keys.word("mamba_ssm_dtype") == "float32" else MODEL_BYTES,
    ).mixer()
    return [Layer(mixer=mixer, norms=width, names=_NAMES)] * keys.layers()
