"""DeepSeek V4: attention to a short window, and to what stands for 4 or 128 older tokens each."""

from collections.abc import Sequence

from tokenfleet.catalogue.architecture.decoders import Kind, feed_forwards
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer, Names
from tokenfleet.catalogue.architecture.parameters import dense
from tokenfleet.catalogue.layer_cache import LayerCache

# vllm/models/deepseek_v4 of 0.32.0: an entry is 584 bytes of 8-bit values, their scales and 16-bit
# rotary parts; pages are padded to multiples of 576 bytes, which the figures include.
_WINDOW_BYTES, _INDEX_BYTES = 585, 135
_ENTRY_BYTES = {4: 585, 128: 864}
# What a compressor keeps of the group that it is still at, 32-bit values and padding.
_OPEN_BYTES, _OPEN_TOKENS = {4: 8208, 128: 4104}, {4: 8, 128: 128}
_OPEN_INDEX_BYTES = 2160
_NAMES = Names(mixer="attn", forward="ffn", experts="ffn.experts")


def compressed_layers(keys: Keys) -> Sequence[Layer]:
    """The layers, by ``compress_ratios``: 0 for the window alone.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    count, width = keys.layers(), keys.size("hidden_size")
    ratios = (keys.numbers("compress_ratios") or ())[:count]
    if len(ratios) != count or set(ratios) - {0, *_ENTRY_BYTES}:
        msg = f"compress_ratios must be 0, 4 or 128 for each of {count} layers"
        raise ShapeError(msg)
    streams = keys.size("hc_mult")
    # What mixes the residual streams, before attention and before the experts.
    mixing = 2 * (streams * streams + 2 * streams) * (streams * width + 1)
    return [
        Layer(
            mixer=_mixer(keys, width, ratio),
            feed_forward=forward,
            norms=2 * width + mixing,
            names=_NAMES,
        )
        for ratio, forward in zip(
            ratios, feed_forwards(keys, Kind(has_experts=True), count), strict=True
        )
    ]


def _mixer(keys: Keys, width: int, ratio: int) -> Mixer:
    heads, head = keys.size("num_attention_heads"), keys.size("head_dim")
    rank = keys.size("q_lora_rank")
    groups, out = keys.size("o_groups"), keys.size("o_lora_rank")
    count = width * (rank + head) + rank + head + rank * heads * head + heads
    count += heads * head * out + groups * out * width
    window = keys.size("sliding_window")
    caches = [LayerCache(kind="sliding", layers=1, tokens=window, entry_bytes=_WINDOW_BYTES)]
    if ratio:
        # Groups of 4 overlap, so that each is made of twice as much.
        overlap = 2 if ratio == 4 else 1  # noqa: PLR2004 - the ratio that overlaps
        count += overlap * head * (2 * width + ratio) + head
        caches += [
            LayerCache(
                kind="compressed", layers=1, tokens_per_entry=ratio, entry_bytes=_ENTRY_BYTES[ratio]
            ),
            LayerCache(
                kind="sliding", layers=1, tokens=_OPEN_TOKENS[ratio], entry_bytes=_OPEN_BYTES[ratio]
            ),
        ]
    if ratio == 4:  # noqa: PLR2004 - the ratio that is searched
        index, wide = keys.size("index_n_heads"), keys.size("index_head_dim")
        count += rank * index * wide + width * index + 2 * wide * (2 * width + ratio) + wide
        caches += [
            LayerCache(kind="indexed", layers=1, tokens_per_entry=ratio, entry_bytes=_INDEX_BYTES),
            LayerCache(
                kind="sliding", layers=1, tokens=_OPEN_TOKENS[4], entry_bytes=_OPEN_INDEX_BYTES
            ),
        ]
    return Mixer(parameters=dense(count), output=groups * out * width, caches=caches, heads=heads)
