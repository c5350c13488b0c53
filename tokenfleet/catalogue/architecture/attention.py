"""Attention, as the layers of vLLM hold it: parameters and what is kept of a sequence."""

from dataclasses import dataclass

from tokenfleet.catalogue.architecture.keys import ShapeError
from tokenfleet.catalogue.architecture.layer import Mixer
from tokenfleet.catalogue.architecture.parameters import dense
from tokenfleet.catalogue.layer_cache import CacheKind, LayerCache

# vllm/model_executor/layers/attention/mla_attention.py: of 128 values of an indexer's key in 8 bits,
# a 32-bit scale.
_INDEX_GROUP, _INDEX_SCALE_BYTES = 128, 4


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """Query heads in groups that share a key and a value head.

    ``bias`` counts on queries, keys and values, ``out_bias`` on the output; ``gated`` doubles the
    queries; ``norms`` are the values of norms of queries and keys; ``sinks``: one value a head.
    """

    width: int
    heads: int
    kv_heads: int
    head: int
    value_head: int
    bias: bool = False
    out_bias: bool = False
    gated: bool = False
    norms: int = 0
    sinks: bool = False
    kind: CacheKind = "full"
    tokens: int | None = None

    def mixer(self) -> Mixer:
        """The parameters, and keys and values of every token or of the last.

        Raises:
            ShapeError: the heads do not share those of keys and values.
        """
        if self.heads % self.kv_heads:
            msg = f"num_key_value_heads must divide the {self.heads} attention heads"
            raise ShapeError(msg)
        queries = self.heads * self.head * (2 if self.gated else 1)
        keys, values = self.kv_heads * self.head, self.kv_heads * self.value_head
        count = self.width * (queries + keys + values) + self.heads * self.value_head * self.width
        count += (queries + keys + values) * self.bias + self.width * self.out_bias
        count += self.norms + self.heads * self.sinks
        cache = LayerCache(
            kind=self.kind,
            layers=1,
            heads=self.kv_heads,
            width=self.head + self.value_head,
            tokens=self.tokens,
        )
        return Mixer(
            parameters=dense(count),
            output=self.heads * self.value_head * self.width,
            caches=[cache],
            heads=self.heads,
        )


@dataclass(frozen=True, kw_only=True)
class Latent:
    """Multi-head latent attention: every head's keys and values out of one small vector.

    ``query_rank`` 0 stands for queries that are not made small first. ``index_heads`` and
    ``index_head`` are of an indexer that chooses what to attend to, 0 without one; ``gated``: a gate on the output.
    """

    width: int
    heads: int
    rank: int
    query_rank: int
    plain: int
    rotary: int
    value_head: int
    index_heads: int = 0
    index_head: int = 0
    gated: bool = False

    def mixer(self) -> Mixer:
        """The parameters, and the small vector with the rotary part of every token."""
        head = self.plain + self.rotary
        queries = self.heads * head
        count = (
            self.width * self.query_rank + self.query_rank + self.query_rank * queries
            if self.query_rank
            else self.width * queries
        )
        count += self.width * (self.rank + self.rotary) + self.rank
        count += self.rank * self.heads * (self.plain + self.value_head)
        count += self.heads * self.value_head * self.width * (2 if self.gated else 1)
        caches = [LayerCache(kind="latent", layers=1, width=self.rank + self.rotary)]
        if self.index_heads:
            # Queries of the indexer, its one key with a norm, and a weight of every head.
            count += self.query_rank * self.index_heads * self.index_head
            count += self.width * self.index_head + 2 * self.index_head
            count += self.width * self.index_heads
            scales = _INDEX_SCALE_BYTES * -(-self.index_head // _INDEX_GROUP)
            caches.append(
                LayerCache(kind="indexed", layers=1, entry_bytes=self.index_head + scales)
            )
        return Mixer(
            parameters=dense(count),
            output=self.heads * self.value_head * self.width,
            caches=caches,
            heads=self.heads,
        )
