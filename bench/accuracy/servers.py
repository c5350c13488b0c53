"""The server that a question is about, as the estimate sees it."""

import math

from bench.accuracy.questions.queries import Query
from tokenfleet.estimate.replica import Replica, reachable_flops, source_of

# A row somebody measured did fit, whatever our budget says: then this share was left. Weights larger than
# all of the memory just fit, with one request at a time, so that they are not faster than what fits.
_LEAST_KV_SHARE = 0.05
_GIB = 2**30


def server_of(query: Query) -> tuple[Replica, tuple[str, ...]]:
    """The server that ran, and what had to be assumed for it to fit."""
    machine, limits = query.machine, query.limits
    usable = limits.usable or query.software.usable or machine.usable
    fixed = machine.engine.runtime_gib_per_rank * machine.ranks
    kv_bytes = (usable * machine.memory_gib - fixed) * _GIB - query.loaded_bytes
    one = query.model.kv_bytes(
        math.ceil(query.shape.input_tokens) + math.ceil(query.shape.output_tokens)
    )
    notes: tuple[str, ...] = ()
    if kv_bytes < one:
        size, memory = query.loaded_bytes / _GIB, machine.memory_gib
        notes = (f"weights of {size:.0f} GiB do not fit {machine.title} with a request beside",)
        left = min(_LEAST_KV_SHARE * memory, memory - size)
        kv_bytes = max(one, left * _GIB)
    most = limits.max_sequences or query.software.max_sequences or machine.max_sequences
    # An engine that is compiled ahead of time reads one prompt, whatever its length, in a step.
    tokens = (
        limits.batched_tokens or machine.batched_tokens or max(1, round(query.shape.input_tokens))
    )
    peaks = machine.peaks
    replica = Replica(
        name=machine.title,
        device=machine.device,
        kind=machine.kind,
        ranks=machine.ranks,
        bandwidth=peaks.bandwidth_gb_per_second(machine.units) * 1e9,
        flops_by_dtype=reachable_flops(peaks, machine.units),
        grouped_share=peaks.grouped_share,
        sink_kernel=peaks.sink_kernel,
        link=peaks.link,
        kv_bytes=kv_bytes,
        max_sequences=most,
        batched_tokens=tokens,
        prefix_cache=machine.batched_tokens is not None,
        source=source_of(peaks),
    )
    return replica, notes
