"""How many sequences run at once on a server: as many as its memory holds, and its engine takes."""

import math

from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.server import Server


def compiled_batch(server: Server, context_length: int) -> BatchPlan:
    """Neuron compiles a fixed batch of full-length sequences: a power of two that fits."""
    held = server.memory.full_length_requests or 0
    fitting = min(server.engine.max_sequences, held)
    return BatchPlan(
        sequences=1 << max(0, fitting.bit_length() - 1),
        sequences_reason=f"the batch it is compiled for: {held} of full length fit",
        prompt_tokens=context_length,
        prompt_tokens_reason="a prompt is read as a whole",
    )


def sequences_of(server: Server, request_tokens: float | None) -> tuple[int, str]:
    """What the KV cache holds of the expected lengths, or the engine's cap.

    Without traffic the cap stands, and vLLM preempts when the cache is full.
    """
    facts, memory, most = server.facts, server.memory, server.engine.max_sequences
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
