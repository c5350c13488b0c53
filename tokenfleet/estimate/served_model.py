"""A model as its cost sees it: what a token reads and computes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from tokenfleet.catalogue.checkpoint.format import WeightsDtype
from tokenfleet.catalogue.layer_cache import KV_BYTES_PER_VALUE, LayerCache
from tokenfleet.catalogue.models.facts import ModelFacts

MODEL_TYPES_WITH_SINKS = frozenset({"gpt_oss"})
"""As transformers names models whose heads have a learned sink (vllm/model_executor/models/gpt_oss.py)."""
# Kinds of cache that hold what stands for keys and values.
_LATENT = frozenset({"latent", "compressed", "indexed"})
# A dense model is one whose tokens visit every parameter.
_DENSE = 0.99
USUAL_EXPERT_WIDTH = 1500
"""Of an expert where nobody says: between the 768 of Qwen3-30B-A3B and the 2,048 of DeepSeek-V3, of
Qwen3-235B-A22B 1,536 and of GLM-4.5-Air 1,408 (their config.json)."""
USUAL_GROUPING = 6.0
"""Query heads that share a KV head where nobody says: between the 4 of Llama 3.1 8B and
Mixtral and the 8 of Qwen3-30B-A3B (their config.json). Only long prompts notice."""
# Of a dense model whose width is 128 times its layers: 12 layers x width^2, which gives Llama 3.1's 8B
# 34 (of 32) and its 70B 71 (of 80). A mixture is about as deep as the geometric mean says.
_WIDTH_OF_A_LAYER, _MATRICES = 128, 12


def usual_layers(total_parameters: float, active_parameters: float) -> int:
    """How many layers a model of that size has where nobody says."""
    mean = math.sqrt(total_parameters * active_parameters)
    return max(1, round((mean / _MATRICES / _WIDTH_OF_A_LAYER**2) ** (1 / 3)))


def usual_hidden_size(total_parameters: float, active_parameters: float) -> int:
    """How wide it then is."""
    return _WIDTH_OF_A_LAYER * usual_layers(total_parameters, active_parameters)


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """Sizes of one replica's model, all ranks together, without what no token of text is multiplied with.

    Neither parameters nor ``weights_bytes`` count a table of embeddings that tokens are only looked
    up in; ``head_parameters`` are those that only an output token visits, of ``active_parameters``.
    ``expert_width`` is the intermediate size of one expert, ``is_latent`` whether attention is to what stands for keys and values (MLA),
    ``has_sinks`` whether some of it goes nowhere (attention sinks).
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
    layers: int
    hidden_size: int
    head_parameters: float = 0.0
    expert_width: int = USUAL_EXPERT_WIDTH
    is_latent: bool = False
    has_sinks: bool = False

    @property
    def is_mixture(self) -> bool:
        """Whether a token visits a part of the parameters only."""
        return self.active_share < _DENSE

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
    """The model of the catalogue on ``ranks`` ranks, each of which holds whole KV heads.

    What drafts for it is a model of its own: ``drafting_model``.
    """
    caches = facts.model_copy(update={"draft": None}).layer_caches
    return ServedModel(
        name=name,
        total_parameters=facts.text_parameters - facts.looked_up_parameters,
        active_parameters=facts.active_parameters - facts.looked_up_parameters,
        weights_bytes=facts.text_bytes,
        layers=facts.layers,
        hidden_size=facts.hidden_size,
        head_parameters=facts.head_parameters,
        expert_width=facts.expert_width or USUAL_EXPERT_WIDTH,
        is_latent=any(each.kind in _LATENT for each in caches),
        has_sinks=facts.model_type in MODEL_TYPES_WITH_SINKS,
        weights_dtype=facts.weights_dtype,
        query_heads_per_kv_head=facts.attention_heads / facts.kv_heads,
        **_kept(caches, ranks, kv_bytes_per_value, facts.state_copies),
    )


def drafting_model(
    facts: ModelFacts, ranks: int, kv_bytes_per_value: int = KV_BYTES_PER_VALUE
) -> ServedModel | None:
    """What drafts one token for that model on the same ranks, None where nothing is loaded for it."""
    draft = facts.draft
    if draft is None:
        return None
    return ServedModel(
        name="a draft",
        total_parameters=draft.parameters,
        active_parameters=draft.active_parameters,
        weights_bytes=draft.read_bytes,
        weights_dtype=draft.weights_dtype or facts.weights_dtype,
        layers=draft.layers,
        hidden_size=facts.hidden_size,
        head_parameters=draft.head_parameters,
        expert_width=facts.expert_width or USUAL_EXPERT_WIDTH,
        is_latent=any(each.kind in _LATENT for each in draft.caches),
        **_kept(draft.caches, ranks, kv_bytes_per_value, facts.state_copies),
    )


class _Kept(TypedDict):
    kv_bytes_per_token: float
    windows: Sequence[tuple[float, int]]
    state_bytes: float


def _kept(
    caches: Sequence[LayerCache], ranks: int, kv_bytes_per_value: int, state_copies: int
) -> _Kept:
    """What all ranks together keep of a sequence."""

    def a_token(cache: LayerCache) -> float:
        return ranks * cache.bytes_of(1, ranks, kv_bytes_per_value)

    return {
        "kv_bytes_per_token": sum(
            a_token(each) for each in caches if each.kind != "state" and each.tokens is None
        ),
        "windows": [(a_token(each), each.tokens) for each in caches if each.tokens is not None],
        "state_bytes": state_copies * sum(a_token(each) for each in caches if each.kind == "state"),
    }
