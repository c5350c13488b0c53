"""A model as its cost sees it: what a token reads and computes."""

from dataclasses import dataclass

from tokenfleet.catalogue.models import KV_BYTES_PER_VALUE, ModelFacts, WeightsDtype

USUAL_GROUPING = 6.0
"""Query heads that share a KV head where nobody says: between the 4 of Llama 3.1 8B and
Mixtral and the 8 of Qwen3-30B-A3B (their config.json). Only long prompts notice."""


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """Sizes of one replica's model, all ranks together.

    ``kv_bytes_per_token`` counts every layer; where ``windowed_share`` of it belongs to layers
    that attend to the last ``window_tokens`` only, a longer sequence holds no more of those.
    """

    name: str
    total_parameters: float
    active_parameters: float
    weights_bytes: float
    weights_dtype: WeightsDtype
    kv_bytes_per_token: float
    query_heads_per_kv_head: float = USUAL_GROUPING
    windowed_share: float = 0.0
    window_tokens: float = 0.0

    @property
    def active_share(self) -> float:
        """Share of the parameters that one token visits: 1 for a dense model."""
        return min(1.0, self.active_parameters / self.total_parameters)

    def kv_bytes(self, tokens: float) -> float:
        """KV cache of one sequence of that many tokens."""
        full = (1 - self.windowed_share) * tokens
        windowed = self.windowed_share * min(tokens, self.window_tokens)
        return self.kv_bytes_per_token * (full + windowed)


def served_model(
    name: str, facts: ModelFacts, ranks: int, kv_bytes_per_value: int = KV_BYTES_PER_VALUE
) -> ServedModel:
    """The model of the catalogue on ``ranks`` ranks, each of which holds whole KV heads."""
    window = facts.sliding_window
    return ServedModel(
        name=name,
        total_parameters=facts.parameters,
        active_parameters=facts.active_parameters,
        weights_bytes=facts.weights_bytes,
        weights_dtype=facts.weights_dtype,
        kv_bytes_per_token=ranks * facts.kv_bytes(1, ranks, kv_bytes_per_value),
        query_heads_per_kv_head=facts.attention_heads / facts.kv_heads,
        windowed_share=window.layers / facts.layers if window else 0.0,
        window_tokens=window.tokens if window else 0.0,
    )
