"""Towers of SigLIP, CLIP and InternViT: a square of patches, and one or two matrices after them."""

from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.towers.encoder import (
    COLOURS,
    encoder,
    side,
    square_patches,
    two_matrices,
)

# Of how many patches one is made, on each side.
_HALF = 0.5


def gemma3(vision: Keys, text: Keys) -> int:
    """SigLIP, a norm and one matrix to the model's width."""
    width = vision.size("hidden_size")
    return _siglip(vision) + width + width * text.size("hidden_size")


def paligemma(vision: Keys, text: Keys) -> int:
    """SigLIP, and one matrix with a bias."""
    out = text.size("hidden_size")
    return _siglip(vision) + (vision.size("hidden_size") + 1) * out


def idefics3(vision: Keys, text: Keys) -> int:
    """Idefics 3 and SmolVLM: patches put together, and one matrix."""
    merged = vision.size("hidden_size") * text.size("scale_factor", default=2) ** 2
    return _siglip(vision) + merged * text.size("hidden_size")


def lfm2(vision: Keys, text: Keys) -> int:
    """LFM2-VL: SigLIP 2, whose positions are counted, and two matrices."""
    width, patch = vision.size("hidden_size"), vision.size("patch_size")
    seen = COLOURS * patch**2 * width + width + vision.size("num_patches") * width
    seen += encoder(vision, bias=True, gate=False, norm=4).parameters() + 2 * width
    merged = width * text.size("downsample_factor", default=2) ** 2
    has_norm = text.flag("projector_use_layernorm", default=True)
    return (
        seen
        + 2 * merged * has_norm
        + two_matrices(
            merged,
            text.size("projector_hidden_size", default=2560),
            text.size("hidden_size"),
            bias=text.flag("projector_bias", default=True),
        )
    )


def cohere2(vision: Keys, text: Keys) -> int:
    """Command A Vision: patches put together, and a gate before the last matrix."""
    merged = vision.size("hidden_size") * text.size("downsample_factor", default=2) ** 2
    inner = text.size("alignment_intermediate_size", default=36864)
    out = text.size("hidden_size")
    return _siglip(vision) + merged * inner + inner + inner // 2 * out + out


def internvl(vision: Keys, text: Keys) -> int:
    """InternVL: InternViT with a class token and scales of layers, patches put together."""
    width = vision.size("hidden_size")
    norm = 6 if vision.word("norm_type") != "rms_norm" else 4
    layers = encoder(vision, bias=True, gate=False, norm=norm)
    unbiased = 0 if vision.flag("attention_bias") else 3 * width * layers.layers
    if vision.flag("use_qk_norm"):
        unbiased -= 2 * width * layers.layers
    # Half as many on each side: four become one (downsample_ratio).
    merged, out = 4 * width, text.size("hidden_size")
    ends = 2 * width + 2 * merged + two_matrices(merged, out, out)
    return square_patches(vision) + layers.parameters() - unbiased + ends


def internvl_chat(vision: Keys, text: Keys) -> int:
    """InternVL in its repositories' own form: the layers up to the one that is looked at.

    Raises:
        ShapeError: the layer is another, or a key cannot be counted.
    """
    width = vision.size("hidden_size")
    looked_at = text.given("select_layer")
    if looked_at not in (-1, -2) or text.given("downsample_ratio") != _HALF:
        msg = "select_layer must be -1 or -2, and downsample_ratio 0.5"
        raise ShapeError(msg)
    norm = 4 if vision.word("norm_type") == "rms_norm" else 6
    layers = encoder(vision, bias=True, gate=False, norm=norm)
    one = layers.parameters() // layers.layers
    one += 2 * width * vision.flag("qk_normalization")
    one -= 3 * width * (not vision.flag("qkv_bias"))
    merged, out = 4 * width, text.size("hidden_size")
    ends = 2 * width + 2 * merged + two_matrices(merged, out, out)
    return square_patches(vision) + (layers.layers + 1 + looked_at) * one + ends


def minicpmv(vision: Keys, text: Keys) -> int:
    """MiniCPM-V 4.6: SigLIP, a layer that sees windows, and two that put four patches together."""
    width, inner = vision.size("hidden_size"), vision.size("intermediate_size")
    merged = 4 * width
    layers = encoder(vision, bias=True, gate=False, norm=4)
    windows = 4 * width * (width + 1) + 2 * width
    windows += 2 * merged + two_matrices(merged, 4 * inner, width)
    last = 2 * merged + two_matrices(merged, merged, text.size("hidden_size"))
    left_out = layers.parameters() // layers.layers * text.flag("drop_vision_last_layer")
    return _siglip(vision) - left_out + windows + last


def llava(vision: Keys, text: Keys) -> int:
    """LLaVA: CLIP, SigLIP or Pixtral up to the layer that is looked at, and two matrices.

    Raises:
        ShapeError: the tower is another, or a key cannot be counted.
    """
    width, out = vision.size("hidden_size"), text.size("hidden_size")
    looked_at = text.given("vision_feature_layer")
    if looked_at not in (None, -1, -2):
        msg = "vision_feature_layer must be -1 or -2"
        raise ShapeError(msg)
    count = vision.size("num_hidden_layers") - (0 if looked_at == -1 else 1)
    layers = encoder(vision, bias=True, gate=False, norm=4)
    seen = layers.parameters() * count // layers.layers
    kind = vision.word("model_type")
    if kind == "clip_vision_model":
        patch = side(vision, "patch_size")
        positions = (side(vision, "image_size") // patch) ** 2 + 1
        seen += COLOURS * patch**2 * width + (1 + positions + 2) * width
    elif kind == "siglip_vision_model":
        seen += square_patches(vision)
    elif kind == "pixtral":
        seen = encoder(vision, bias=False, gate=True, norm=2).parameters() * count // layers.layers
        seen += COLOURS * side(vision, "patch_size") ** 2 * width + width
    else:
        msg = "vision_config: a tower of this model_type cannot be counted"
        raise ShapeError(msg)
    has_bias = text.flag("multimodal_projector_bias", default=True)
    return seen + two_matrices(width, out, out, bias=has_bias)


def _siglip(vision: Keys) -> int:
    layers = encoder(vision, bias=True, gate=False, norm=4)
    return square_patches(vision) + layers.parameters() + 2 * vision.size("hidden_size")
