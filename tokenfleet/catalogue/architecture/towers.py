"""Towers that see, and what makes their patches into tokens, by ``model_type`` of the whole model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tokenfleet.catalogue.architecture.keys import Keys

_COLOURS = 3


@dataclass(frozen=True, kw_only=True)
class _Encoder:
    """A transformer over patches; ``bias`` on every matrix, ``gate``: three of them feed forward."""

    width: int
    inner: int
    layers: int
    bias: bool
    gate: bool
    norm: int

    def parameters(self) -> int:
        matrices = 3 if self.gate else 2
        attention = 4 * self.width * (self.width + self.bias)
        forward = matrices * self.width * self.inner
        forward += ((matrices - 1) * self.inner + self.width) * self.bias
        return self.layers * (attention + forward + self.norm * self.width)


def _encoder(vision: Keys, *, bias: bool, gate: bool, norm: int) -> _Encoder:
    """One whose figures stand under their usual names."""
    return _Encoder(
        width=vision.size("hidden_size"),
        inner=vision.size("intermediate_size"),
        layers=vision.size("num_hidden_layers"),
        bias=bias,
        gate=gate,
        norm=norm,
    )


def qwen3(vision: Keys, text: Keys) -> int:
    """Qwen3-VL and Qwen3.5: patches over two frames, positions that are learnt, mergers."""
    width, merge = vision.size("hidden_size"), vision.size("spatial_merge_size", default=2)
    encoder = _Encoder(
        width=width,
        inner=vision.size("intermediate_size"),
        layers=vision.size("depth", "num_hidden_layers"),
        bias=True,
        gate=False,
        norm=4,
    )
    positions = vision.size("num_position_embeddings", default=2304) * width
    out = vision.size("out_hidden_size")
    deep = len(vision.numbers("deepstack_visual_indexes") or ())
    merger = _merger(width * merge**2, out)
    del text
    return (
        _patches(vision, width)
        + width
        + encoder.parameters()
        + positions
        + (merger + 2 * width)
        + deep * (merger + 2 * width * merge**2)
    )


def qwen2_5(vision: Keys, text: Keys) -> int:
    """Qwen2.5-VL: windows, a gate, one merger."""
    width, merge = vision.size("hidden_size"), vision.size("spatial_merge_size", default=2)
    encoder = _Encoder(
        width=width,
        inner=vision.size("intermediate_size"),
        layers=vision.size("depth", default=32),
        bias=True,
        gate=True,
        norm=2,
    )
    out = vision.number("out_hidden_size", default=0) or text.size("hidden_size")
    merger = _merger(width * merge**2, out)
    return _patches(vision, width) + encoder.parameters() + merger + width


def qwen2(vision: Keys, text: Keys) -> int:
    """Qwen2-VL: ``embed_dim`` is the tower's width, ``hidden_size`` the model's."""
    width, merge = vision.size("embed_dim"), vision.size("spatial_merge_size", default=2)
    encoder = _Encoder(
        width=width,
        inner=width * vision.size("mlp_ratio", default=4),
        layers=vision.size("depth", default=32),
        bias=True,
        gate=False,
        norm=4,
    )
    merger = _merger(width * merge**2, text.size("hidden_size"))
    return _patches(vision, width) + encoder.parameters() + merger + 2 * width


def siglip(vision: Keys, text: Keys) -> int:
    """Gemma 3: SigLIP, and one matrix to the model's width."""
    width, patch = vision.size("hidden_size"), vision.size("patch_size")
    encoder = _encoder(vision, bias=True, gate=False, norm=4)
    positions = (vision.size("image_size", default=224) // patch) ** 2 * width
    ends = 2 * width + width + width * text.size("hidden_size")
    return _COLOURS * patch**2 * width + width + encoder.parameters() + positions + ends


def gemma4(vision: Keys, text: Keys) -> int:
    """Gemma 4: a table of positions for each axis, norms on queries and keys."""
    width = vision.size("hidden_size")
    layers, inner = vision.size("num_hidden_layers"), vision.size("intermediate_size")
    heads, head = vision.size("num_attention_heads"), vision.size("head_dim")
    one = 4 * width * heads * head + 2 * head + 3 * width * inner + 4 * width
    positions = 2 * vision.size("position_embedding_size", default=10240) * width
    patches = _COLOURS * vision.size("patch_size") ** 2 * width
    return patches + positions + layers * one + width * text.size("hidden_size")


def llama4(vision: Keys, text: Keys) -> int:
    """Llama 4: a class token, positions, an adapter over shuffled pixels, one matrix."""
    width, patch = vision.size("hidden_size"), vision.size("patch_size")
    inner, out = vision.size("intermediate_size"), vision.size("projector_output_dim")
    encoder = _encoder(vision, bias=True, gate=False, norm=4)
    positions = ((vision.size("image_size") // patch) ** 2 + 1) * width
    adapter = inner * vision.size("projector_input_dim") + vision.size("projector_input_dim") * out
    ends = 5 * width + adapter + vision.size("vision_output_dim") * text.size("hidden_size")
    return _COLOURS * patch**2 * width + encoder.parameters() + positions + ends


def pixtral(vision: Keys, text: Keys) -> int:
    """Mistral 3: Pixtral, patches merged two by two, two matrices."""
    width, patch = vision.size("hidden_size"), vision.size("patch_size")
    encoder = _encoder(vision, bias=False, gate=True, norm=2)
    out = text.size("hidden_size")
    projector = width + 4 * width * width + width * out + out * out
    return _COLOURS * patch**2 * width + width + encoder.parameters() + projector


Tower = Callable[[Keys, Keys], int]

TOWERS: Mapping[str, Tower] = {
    "qwen3_vl": qwen3,
    "qwen3_vl_moe": qwen3,
    "qwen3_5": qwen3,
    "qwen3_5_moe": qwen3,
    "qwen2_5_vl": qwen2_5,
    "qwen2_vl": qwen2,
    "gemma3": siglip,
    "gemma4": gemma4,
    "llama4": llama4,
    "mistral3": pixtral,
}
"""How many parameters the tower of a model has, with what joins it to the model."""


def _patches(vision: Keys, width: int) -> int:
    patch = vision.size("patch_size", default=14)
    return _COLOURS * vision.size("temporal_patch_size", default=2) * patch**2 * width


def _merger(merged: int, out: int) -> int:
    return merged * (merged + 1) + (merged + 1) * out
