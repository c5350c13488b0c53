"""Towers of Qwen, and of those that took them over: patches over frames, merged four to one."""

from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.towers.encoder import Encoder, film_patches, two_matrices


def qwen3(vision: Keys, text: Keys) -> int:
    """Qwen3-VL and Qwen3.5: patches over two frames, positions that are learnt, mergers."""
    width, merge = vision.size("hidden_size"), vision.size("spatial_merge_size", default=2)
    layers = Encoder(
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
        film_patches(vision, width)
        + width
        + layers.parameters()
        + positions
        + (merger + 2 * width)
        + deep * (merger + 2 * width * merge**2)
    )


def qwen2_5(vision: Keys, text: Keys) -> int:
    """Qwen2.5-VL: windows, a gate, one merger."""
    width, merge = vision.size("hidden_size"), vision.size("spatial_merge_size", default=2)
    layers = Encoder(
        width=width,
        inner=vision.size("intermediate_size"),
        layers=vision.size("depth", default=32),
        bias=True,
        gate=True,
        norm=2,
    )
    out = vision.number("out_hidden_size", default=0) or text.size("hidden_size")
    merger = _merger(width * merge**2, out)
    return film_patches(vision, width) + layers.parameters() + merger + width


def qwen2(vision: Keys, text: Keys) -> int:
    """Qwen2-VL: ``embed_dim`` is the tower's width, ``hidden_size`` the model's."""
    width, merge = vision.size("embed_dim"), vision.size("spatial_merge_size", default=2)
    layers = Encoder(
        width=width,
        inner=width * vision.size("mlp_ratio", default=4),
        layers=vision.size("depth", default=32),
        bias=True,
        gate=False,
        norm=4,
    )
    merger = _merger(width * merge**2, text.size("hidden_size"))
    return film_patches(vision, width) + layers.parameters() + merger + 2 * width


def exaone(vision: Keys, text: Keys) -> int:
    """EXAONE 4.5: Qwen2.5-VL's, with fewer heads of keys and values than of queries.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    width, heads = vision.size("hidden_size"), vision.size("num_heads")
    kv_heads = vision.size("num_key_value_heads", default=heads)
    if heads % kv_heads:
        msg = f"num_key_value_heads must divide {heads} heads"
        raise ShapeError(msg)
    more = 2 * width * (width + 1) * (heads - kv_heads) // heads
    return qwen2_5(vision, text) - vision.size("depth", default=28) * more


def _merger(merged: int, out: int) -> int:
    return two_matrices(merged, merged, out)
