"""A model as its cost sees it: what a token reads and computes."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.checkpoint.format import WeightsDtype
from tokenfleet.catalogue.layer_cache import KV_BYTES_PER_VALUE, LayerCache
from tokenfleet.catalogue.models import ModelFacts

USUAL_GROUPING = 6.0
"""Query heads that share a KV head where nobody says: between the 4 of Llama 3.1 8B and
Mixtral and the 8 of Qwen3-30B-A3B (their config.json). Only long prompts notice."""


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """Sizes of one replica's model, all ranks together, without what no token of text visits.

    ``kv_bytes_per_token`` counts the layers that keep something of every token; ``windows`` are
    bytes a token, and of how many of the last, of those that keep no more; ``state_bytes`` is what
    layers keep that is as large for any sequence, all copies of it.
    """

    name: str
    total_parameters: float
    active_parameters: float
    weights_bytes: float
    weights_dtype: WeightsDtype
    kv_bytes_per_token: float
    query_heads_per_kv_head: float = USUAL_GROUPING
    windows: Sequence[tuple[float, int]] = ()
    state_bytes: float = 0.0

    @property
    def active_share(self) -> float:
        """Share of the parameters that one token visits: 1 for a dense model."""
        return min(1.0, self.active_parameters / self.total_parameters)

    def kv_bytes(self, tokens: float) -> float:
        """KV cache of one sequence of that many tokens."""
        windowed = sum(each * min(tokens, window) for each, window in self.windows)
        return self.kv_bytes_per_token * tokens + windowed + self.state_bytes


def served_model(
    name: str, facts: ModelFacts, ranks: int, kv_bytes_per_value: int = KV_BYTES_PER_VALUE
) -> ServedModel:
    """The model of the catalogue on ``ranks`` ranks, each of which holds whole KV heads."""
    caches = facts.layer_caches

    def a_token(cache: LayerCache) -> float:
        return ranks * cache.bytes_of(1, ranks, kv_bytes_per_value)

    return ServedModel(
        name=name,
        total_parameters=facts.text_parameters,
        active_parameters=facts.active_parameters,
        weights_bytes=facts.text_bytes,
        weights_dtype=facts.weights_dtype,
        kv_bytes_per_token=sum(
            a_token(each) for each in caches if each.kind != "state" and each.tokens is None
        ),
        query_heads_per_kv_head=facts.attention_heads / facts.kv_heads,
        windows=[(a_token(each), each.tokens) for each in caches if each.tokens is not None],
        state_bytes=facts.state_copies
        * sum(a_token(each) for each in caches if each.kind == "state"),
    )
