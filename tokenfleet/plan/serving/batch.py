"""How much one step of the engine takes in: sequences that run at once, tokens of prompts."""

import math
from dataclasses import dataclass

from tokenfleet.catalogue.hardware import Engine
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.serving.memory import MemoryBudget


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """The engine's limits a step, each with its reason.

    ``carries`` is what a replica then carries within the objective, requests a second: None where
    nobody knows what is asked, where nothing is carried and where there was no choice.
    """

    sequences: int
    sequences_reason: str
    prompt_tokens: int
    prompt_tokens_reason: str
    carries: float | None = None


def compiled_batch(memory: MemoryBudget, engine: Engine, context_length: int) -> BatchPlan:
    """Neuron compiles a fixed batch of full-length sequences: a power of two that fits."""
    held = memory.full_length_requests or 0
    fitting = min(engine.max_sequences, held)
    return BatchPlan(
        sequences=1 << max(0, fitting.bit_length() - 1),
        sequences_reason=f"the batch it is compiled for: {held} of full length fit",
        prompt_tokens=context_length,
        prompt_tokens_reason="a prompt is read as a whole",
    )


def sequences_of(
    facts: ModelFacts, memory: MemoryBudget, engine: Engine, request_tokens: float | None
) -> tuple[int, str]:
    """What the KV cache holds of the expected lengths, or the engine's cap.

    Without traffic the cap stands, and vLLM preempts when the cache is full.
    """
    most = engine.max_sequences
    if facts.keeps_nothing:
        return most, "the engine's cap; nothing is kept of a request"
    if request_tokens is None:
        return most, "the engine's cap; without traffic the KV cache decides as it goes"
    tokens = math.ceil(request_tokens)
    one_gib = facts.held_bytes(tokens, memory.ranks, memory.kv_bytes_per_value) / 2**30
    fitting = int(memory.kv_gib / one_gib)
    if fitting >= most:
        return most, f"the engine's cap; the KV cache would hold {fitting} of {tokens} tokens"
    reason = f"so many of {tokens} tokens fit into {memory.kv_gib:.1f} GiB of KV cache"
    return max(1, fitting), reason
