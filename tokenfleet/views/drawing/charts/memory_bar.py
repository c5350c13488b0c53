"""The memory of one rank of a model as parts of a bar."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.plan.serving.memory import MemoryBudget

_WHERE_THERE_IS_ONE = ("draft", "adapters", "request")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the bar; ``share`` is in percent of its whole length."""

    name: str
    title: str
    gib: float
    share: float


def memory_parts(memory: MemoryBudget) -> Sequence[Part]:
    """Weights, a draft and adapters where there are any, runtime, KV cache and the rest, from left to right.

    The bar is as long as the rank's memory, or as what is needed where that is more.
    """
    rest = "free: nothing is kept of a request" if memory.keeps_nothing else "remaining KV cache"
    gib_by_part = {
        ("weights", "weights"): memory.weights_gib,
        ("draft", "draft"): memory.draft_gib,
        ("adapters", "adapters"): memory.adapters_gib,
        ("runtime", "runtime"): memory.runtime_gib,
        ("request", "KV cache of one full-length request"): memory.kv_one_request_gib,
        ("cache", rest): max(0.0, memory.kv_gib - memory.kv_one_request_gib),
        ("kept", "not for the engine"): memory.rank_gib - memory.usable_gib,
    }
    whole = max(memory.rank_gib, sum(gib_by_part.values()))
    return [
        Part(name=name, title=title, gib=gib, share=100 * gib / whole)
        for (name, title), gib in gib_by_part.items()
        if gib or name not in _WHERE_THERE_IS_ONE
    ]
