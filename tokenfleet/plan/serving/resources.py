"""What a replica asks the scheduler for."""

from collections.abc import Mapping
from dataclasses import dataclass

from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.serving.memory import MemoryBudget, shared_memory_mib


@dataclass(frozen=True, kw_only=True)
class PodResources:
    """What a replica asks for: whole nodes, so a replica never shares memory bandwidth."""

    millicpu: int
    memory_mib: int
    ephemeral_gib: int
    shared_memory_mib: int
    devices: Mapping[str, int]


def plan_resources(pool: PoolPlan, memory: MemoryBudget) -> PodResources:
    """All that the smallest node of the pool has for models."""
    return PodResources(
        millicpu=pool.size.for_models_millicpu // 1000 * 1000,
        memory_mib=pool.size.for_models_mib,
        # Compiled code, temporary files and logs; weights lie in the cache of the node.
        ephemeral_gib=10,
        shared_memory_mib=shared_memory_mib(memory.ranks),
        devices=pool.resources,
    )
