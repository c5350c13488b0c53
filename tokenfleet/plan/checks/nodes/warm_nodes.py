"""Warm nodes: stopped ones that keep what they need, and may be started."""

from collections.abc import Iterator

from tokenfleet.catalogue.machines.instances import InstanceType, instance_types
from tokenfleet.mistakes import Mistake
from tokenfleet.plan.nodes.pools import hardware_of
from tokenfleet.settings.sections import PoolSettings, PurchaseOption, TierSettings


def warm_node_mistakes(name: str, pool: PoolSettings) -> Iterator[Mistake]:
    """Warm nodes where none can be bought, kept or started."""
    for option, tier in pool.tiers.items():
        if tier.warm_nodes:
            path = f"pools.{name}.tiers.{option}.warmNodes"
            for problem in _problems(option, tier, pool):
                yield Mistake(path=path, value=str(tier.warm_nodes), problem=problem)


def _problems(option: PurchaseOption, tier: TierSettings, pool: PoolSettings) -> Iterator[str]:
    if option == "spot":
        # "Limitations" of warm pools, EC2 Auto Scaling user guide.
        yield (
            "spot nodes cannot wait stopped: only on-demand nodes can. Move warmNodes to an"
            " on-demand tier"
        )
        return
    if option == "reserved":
        yield (
            "of a reservation all nodes run, because it is paid for whether used or not: move"
            " warmNodes to an on-demand tier"
        )
        return
    room = tier.max - tier.min
    if tier.warm_nodes > room:
        yield (
            f"at most {room} of them could ever be started: {tier.min} of at most {tier.max} nodes"
            f" always run. {'Lower warmNodes or raise' if room else 'Raise'} max"
        )
    known = instance_types()
    lost = [known[t] for t in pool.instance_types if t in known and known[t].local_nvme]
    if lost:
        yield (
            f"{', '.join(kind.instance_type for kind in lost)} keep image and weights on local"
            f" disks, which are empty after a stop. {_way_out(lost, pool)}"
        )


def _way_out(lost: list[InstanceType], pool: PoolSettings) -> str:
    """The same sizes without local disks, if there are any of the pool's hardware."""
    hardware = hardware_of(pool)
    same = {
        other.instance_type
        for kind in lost
        for other in instance_types().values()
        if other.local_nvme is None
        and hardware.runs_on(other)
        and other.architecture == kind.architecture
        and (other.vcpus, other.memory_gib) == (kind.vcpus, kind.memory_gib)
        and f"{other.family}d" == kind.family
    }
    if not same:
        return f"Leave warmNodes out: every such {hardware.title} type has some"
    return f"Give the pool {', '.join(sorted(same))} instead, or leave warmNodes out"
