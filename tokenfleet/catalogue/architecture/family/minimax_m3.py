"""MiniMax M3: full attention, of which most layers choose blocks by an indexer of their own."""

from collections.abc import Sequence
from dataclasses import replace

from tokenfleet.catalogue.architecture.decoders import Kind, attention, feed_forwards
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer, Mixer, Names
from tokenfleet.catalogue.architecture.parameters import dense
from tokenfleet.catalogue.layer_cache import LayerCache

_KIND = Kind(has_experts=True, qk_norms="head")


def minimax_m3_layers(keys: Keys) -> Sequence[Layer]:
    """The layers; ``sparse_attention_config`` says which have an indexer.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    count, width = keys.layers(), keys.size("hidden_size")
    sparse = keys.below("sparse_attention_config") or Keys({})
    marks = sparse.numbers("sparse_attention_freq") or [0] * count
    if len(marks) != count:
        msg = f"sparse_attention_freq must say for each of {count} layers whether it is sparse"
        raise ShapeError(msg)
    if not sparse.flag("use_sparse_attention"):
        marks = [0] * count
    if any(marks) and sparse.size("sparse_num_index_heads") != keys.size("num_key_value_heads"):
        msg = "sparse_num_index_heads must be num_key_value_heads: the pinned engine has no other"
        raise ShapeError(msg)
    whole = attention(keys, _KIND, "full")
    chosen = _indexed(whole, sparse, width) if any(marks) else whole
    return [
        Layer(
            mixer=chosen if mark else whole,
            feed_forward=forward,
            norms=2 * width,
            names=Names(experts="block_sparse_moe.experts"),
        )
        for mark, forward in zip(marks, feed_forwards(keys, _KIND, count), strict=True)
    ]


def _indexed(mixer: Mixer, sparse: Keys, width: int) -> Mixer:
    """With queries of the indexer, its one key of every token, and a norm of each."""
    heads, index = sparse.size("sparse_num_index_heads"), sparse.size("sparse_index_dim")
    return replace(
        mixer,
        parameters=mixer.parameters + dense(width * (heads + 1) * index + 2 * index),
        caches=[*mixer.caches, LayerCache(kind="indexed", layers=1, width=index)],
    )
