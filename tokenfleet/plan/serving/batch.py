"""How much one step of the engine takes in: sequences that run at once, tokens of prompts."""

import math
from dataclasses import dataclass, replace

from tokenfleet.catalogue.hardware import Engine, Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.serving.memory import MemoryBudget
from tokenfleet.plan.serving.prefill import most_batched_tokens, prefill_chunk
from tokenfleet.settings.models import ModelSettings
from tokenfleet.task import Task


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """The engine's limits a step, each with its reason."""

    sequences: int
    sequences_reason: str
    prompt_tokens: int
    prompt_tokens_reason: str


def batch_of(
    settings: ModelSettings,
    facts: ModelFacts,
    memory: MemoryBudget,
    *,
    hardware: Hardware,
    engine: Engine,
    kind: InstanceType,
) -> BatchPlan:
    """For the expected lengths; the user's own limit of prompt tokens stands where it is given."""
    traffic = settings.traffic
    planned = plan_batch(
        facts,
        memory,
        hardware=hardware,
        engine=engine,
        kind=kind,
        task=settings.task or facts.task,
        context_length=settings.context_length,
        request_tokens=traffic.input_tokens + traffic.output_tokens if traffic else None,
        itl_ms=settings.objective.itl_p99_ms,
        drafted_tokens=settings.speculative.tokens if settings.speculative else 0,
    )
    own = settings.engine_arguments.get("max-num-batched-tokens")
    return replace(planned, prompt_tokens=own) if isinstance(own, int) else planned


def plan_batch(
    facts: ModelFacts,
    memory: MemoryBudget,
    *,
    hardware: Hardware,
    engine: Engine,
    kind: InstanceType,
    task: Task,
    context_length: int,
    request_tokens: float | None,
    itl_ms: float,
    drafted_tokens: int = 0,
) -> BatchPlan:
    """Decide both for a replica that owns an instance of that type.

    ``request_tokens`` are those of a mean request, in and out; None where nobody knows.
    ``drafted_tokens`` are verified in each step for each request, besides its own.
    """
    if engine.sdk is not None:
        return _compiled(memory, engine, context_length)
    sequences, reason = _sequences(facts, memory, engine, request_tokens)
    if task != "generate":
        return BatchPlan(
            sequences=sequences,
            sequences_reason=reason,
            prompt_tokens=max(context_length, most_batched_tokens(kind)),
            prompt_tokens_reason="the engine's default, or the longest prompt: most that answer with"
            " numbers read one in a single step",
        )
    tokens, tokens_reason = prefill_chunk(
        facts,
        hardware,
        kind,
        ranks=memory.ranks,
        decoded=sequences * (1 + drafted_tokens),
        itl_ms=itl_ms,
    )
    return BatchPlan(
        sequences=sequences,
        sequences_reason=reason,
        prompt_tokens=tokens,
        prompt_tokens_reason=tokens_reason,
    )


def _compiled(memory: MemoryBudget, engine: Engine, context_length: int) -> BatchPlan:
    """Neuron compiles a fixed batch of full-length sequences: a power of two that fits."""
    held = memory.full_length_requests or 0
    fitting = min(engine.max_sequences, held)
    return BatchPlan(
        sequences=1 << max(0, fitting.bit_length() - 1),
        sequences_reason=f"the batch it is compiled for: {held} of full length fit",
        prompt_tokens=context_length,
        prompt_tokens_reason="a prompt is read as a whole",
    )


def _sequences(
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
