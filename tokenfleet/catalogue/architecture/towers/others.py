"""Towers of one family each."""

from tokenfleet.catalogue.architecture.keys import Keys
from tokenfleet.catalogue.architecture.towers.encoder import (
    COLOURS,
    Encoder,
    encoder,
    film_patches,
    two_matrices,
)


def gemma4(vision: Keys, text: Keys) -> int:
    """Gemma 4: a table of positions for each axis, norms on queries and keys."""
    width = vision.size("hidden_size")
    layers, inner = vision.size("num_hidden_layers"), vision.size("intermediate_size")
    heads, head = vision.size("num_attention_heads"), vision.size("head_dim")
    one = 4 * width * heads * head + 2 * head + 3 * width * inner + 4 * width
    positions = 2 * vision.size("position_embedding_size", default=10240) * width
    patches = COLOURS * vision.size("patch_size") ** 2 * width
    return patches + positions + layers * one + width * text.size("hidden_size")


def llama4(vision: Keys, text: Keys) -> int:
    """Llama 4: a class token, positions, an adapter over shuffled pixels, one matrix."""
    width, patch = vision.size("hidden_size"), vision.size("patch_size")
    inner, out = vision.size("intermediate_size"), vision.size("projector_output_dim")
    layers = encoder(vision, bias=True, gate=False, norm=4)
    positions = ((vision.size("image_size") // patch) ** 2 + 1) * width
    adapter = inner * vision.size("projector_input_dim") + vision.size("projector_input_dim") * out
    ends = 5 * width + adapter + vision.size("vision_output_dim") * text.size("hidden_size")
    return COLOURS * patch**2 * width + layers.parameters() + positions + ends


def pixtral(vision: Keys, text: Keys) -> int:
    """Mistral 3: Pixtral, patches merged two by two, two matrices."""
    width, patch = vision.size("hidden_size"), vision.size("patch_size")
    layers = encoder(vision, bias=False, gate=True, norm=2)
    out = text.size("hidden_size")
    projector = width + 4 * width * width + width * out + out * out
    return COLOURS * patch**2 * width + width + layers.parameters() + projector


def glm(vision: Keys, text: Keys) -> int:
    """GLM-4V: patches over frames, with positions; a gate; what a convolution merges passes a gate, too."""
    width, out = vision.size("hidden_size"), vision.size("out_hidden_size")
    positions = (vision.size("image_size") // vision.size("patch_size")) ** 2 * width
    del text
    return _glm(vision, out, vision.size("intermediate_size")) + positions + width


def glm_ocr(vision: Keys, text: Keys) -> int:
    """GLM-OCR: the same with norms of queries and keys, and without positions."""
    norms = 2 * (vision.size("hidden_size") // vision.size("num_heads")) * vision.size("depth")
    return _glm(vision, vision.size("intermediate_size"), text.size("intermediate_size")) + norms


def _glm(vision: Keys, inner: int, merged: int) -> int:
    width, merge = vision.size("hidden_size"), vision.size("spatial_merge_size")
    out = vision.size("out_hidden_size")
    layers = Encoder(
        width=width,
        inner=inner,
        layers=vision.size("depth"),
        bias=vision.flag("attention_bias"),
        gate=True,
        norm=2,
    )
    joined = out * width * merge**2 + out + out * out + 2 * out + 3 * out * merged
    return film_patches(vision, width) + 2 * width + layers.parameters() + joined


def minimax_m3(vision: Keys, text: Keys) -> int:
    """MiniMax M3: CLIP's layers over frames, then two matrices before and two after merging."""
    width, out = vision.size("hidden_size"), text.size("hidden_size")
    merging = vision.below("img_token_compression_config") or Keys({})
    patches = film_patches(vision, width, frames=merging.size("temporal_patch_size"))
    layers = encoder(vision, bias=True, gate=False, norm=4)
    inner = text.size("projector_hidden_size", default=out)
    merged = out * merging.size("spatial_merge_size") ** 2
    joined = two_matrices(width, inner, out) + two_matrices(merged, inner, out)
    return patches + 2 * width + layers.parameters() + joined


def kimi_k25(vision: Keys, text: Keys) -> int:
    """Kimi K2.5: MoonViT with a table of positions, patches merged by two matrices."""
    width = vision.size("vt_hidden_size")
    layers = Encoder(
        width=width,
        inner=vision.size("vt_intermediate_size"),
        layers=vision.size("vt_num_hidden_layers"),
        bias=True,
        gate=False,
        norm=4,
    )
    ends = 2 * width + 2 * width + width
    merged = 4 * width
    joined = two_matrices(merged, merged, text.size("hidden_size"))
    return _moon_patches(vision, width) + layers.parameters() + ends + joined


def kimi_k3(vision: Keys, text: Keys) -> int:
    """Kimi K3: the same without a bias, wider in attention, with a norm after all."""
    width, out = vision.size("vt_hidden_size"), text.size("hidden_size")
    wide = vision.size("qkv_hidden_size", default=width)
    one = 4 * width * wide + 2 * width * vision.size("vt_intermediate_size") + 2 * width
    merged = 4 * width
    joined = two_matrices(merged, merged, out, bias=False) + out
    layers = vision.size("vt_num_hidden_layers") * one
    return _moon_patches(vision, width) + layers + width + joined


def _moon_patches(vision: Keys, width: int) -> int:
    positions = vision.size("init_pos_emb_height") * vision.size("init_pos_emb_width")
    return (COLOURS * vision.size("patch_size") ** 2 + positions) * width
