"""What vLLM reserves of its cache for a request: whole blocks, of groups of layers that are alike in size."""

import math
from collections import Counter
from collections.abc import Sequence

from tokenfleet.catalogue.layer_cache import LayerCache

# vllm/v1/core/kv_cache_utils.py of 0.32.0 below; blocks are multiples of these many tokens.
_BLOCK_TOKENS, _LATENT_BLOCK_TOKENS = 16, 128
# The largest group counts where it is not half as large again as the smallest.
_ALIKE = 1.5
# vllm/models/deepseek_v4: a block is of 256 tokens that are compressed, of 64 of the window, and of 4
# or 8 of what compressors keep open, by the bytes of an entry.
_COMPRESSED_TOKENS, _WINDOW_TOKENS = 256, 64
_OPEN_TOKENS = {8208: 4, 2160: 4, 4104: 8}


def reserved_bytes(
    caches: Sequence[LayerCache],
    tokens: float,
    ranks: int,
    bytes_per_value: int,
    in_flight: int,
    *,
    state_copies: int,
) -> float:
    """What a request of ``tokens`` tokens takes on one of ``ranks`` ranks, in bytes.

    Of layers in which vLLM does not add to what they keep: the sum of that.
    """
    if any(each.kind == "compressed" for each in caches):
        return _packed(caches, tokens, in_flight)
    states = [each for each in caches if each.kind == "state"]
    kept = [each for each in caches if each.kind != "state"]
    if len(states) == len(kept) == 1 and kept[0].tokens is None:
        return _with_state(states[0], kept[0], tokens, ranks, bytes_per_value, copies=state_copies)
    counts = Counter[int | None]()
    for each in kept:
        counts[each.tokens] += each.layers
    alike = len(counts) == len(kept) and len(kept) > 1 and not states
    size = _group_size([*counts.values()]) if alike else 1
    return sum(
        each.bytes_of(tokens, ranks, bytes_per_value, in_flight)
        * (-(-each.layers // size) * size / each.layers)
        * (state_copies if each.kind == "state" else 1)
        for each in caches
    )


def _with_state(
    state: LayerCache,
    kept: LayerCache,
    tokens: float,
    ranks: int,
    bytes_per_value: int,
    *,
    copies: int,
) -> float:
    """A block holds a state, and of keys and values as many tokens as are as large."""
    entry = kept.bytes_of(1, ranks, bytes_per_value) / kept.layers
    step = _LATENT_BLOCK_TOKENS if kept.kind == "latent" else _BLOCK_TOKENS
    one = state.bytes_of(1, ranks) / state.layers
    block = max(1, math.ceil(one / (entry * step))) * step
    size = _group_size([state.layers, kept.layers])
    groups = -(-state.layers // size), -(-kept.layers // size)
    blocks = groups[0] * copies + groups[1] * math.ceil(tokens / block)
    return blocks * size * block * entry


def _group_size(counts: Sequence[int]) -> int:
    """How many layers each group has; those of the last are padded."""
    smallest, largest = min(counts), max(counts)
    return largest if largest < smallest * _ALIKE else smallest


def _packed(caches: Sequence[LayerCache], tokens: float, in_flight: int) -> float:
    """DeepSeek V4: every group takes blocks as wide as what 256 tokens are compressed to."""
    width = sum(each.bytes_of(_COMPRESSED_TOKENS, 1) for each in caches if each.tokens is None)
    # Entries of different sizes that are kept for as long are in one group.
    layers: dict[tuple[int, int], list[int]] = {}
    for each in caches:
        if each.tokens is not None:
            block = _OPEN_TOKENS.get(each.entry_bytes or 0, _WINDOW_TOKENS)
            layers.setdefault((each.tokens, block), []).append(each.layers)
    whole = max((max(counts) for counts in layers.values() if len(counts) > 1), default=1)
    size = _least_padding([max(counts) for counts in layers.values()], at_least=whole)
    blocks = math.ceil(tokens / _COMPRESSED_TOKENS)
    for (window, block), counts in layers.items():
        held = min(tokens, window - 1 + in_flight)
        blocks += math.ceil(max(counts) / size) * (math.ceil(held / block) + 1)
    return blocks * width


def _least_padding(counts: Sequence[int], *, at_least: int) -> int:
    """The size of groups that leaves the fewest layers to be padded, the largest such."""
    sizes = range(at_least, max(*counts, at_least) + 1)
    return min(sizes, key=lambda size: (sum(-count % size for count in counts), -size))
