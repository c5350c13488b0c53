"""What ``tokenfleet capacity status`` shows of a pool, as the controller last saw it."""

from collections.abc import Mapping

from tokenfleet.capacity.controller.members import Member, PoolState
from tokenfleet.capacity.policy.memory import Memory
from tokenfleet.capacity.policy.observation import Actions


def pool_status(state: PoolState, actions: Actions, memory: Memory) -> Mapping[str, object]:
    """Times in epoch seconds; nodes by tier and state; models; zones as the policy judges them."""
    return {
        "at": round(state.now, 1),
        "wanted": state.wanted,
        "dryRun": state.settings.dry_run,
        "nodes": [
            {
                "instance": member.instance.id,
                "type": member.instance.type,
                "tier": member.tier,
                "zone": member.instance.zone,
                "state": _state(member),
                "replicas": [pod.model for pod in member.pods if pod.model],
                "deadline": member.deadline,
            }
            for member in state.members
        ],
        "models": {
            name: {
                "wanted": deployment.wanted,
                "onDemand": len(state.on_demand_pods(name)),
                "surge": deployment.surge.replicas,
                "paused": deployment.paused,
                "rolling": deployment.rolling,
            }
            for name, deployment in state.deployments.items()
        },
        "zones": {
            name: {
                "heldSince": zone.held_since,
                "lossesPerHour": round(zone.losses_per_hour(state.now), 3),
                "restUntil": zone.rest_until if zone.rest_until > state.now else None,
            }
            for name, zone in memory.zones.items()
        },
        "onDemandRefusedUntil": memory.on_demand_dry_until
        if memory.on_demand_dry_until > state.now
        else None,
        "decided": {"spot": dict(actions.spot), "onDemand": actions.on_demand},
    }


def _state(member: Member) -> str:
    if member.doomed:
        return "under notice"
    if member.late:
        return "never joined"
    if not member.kept:
        return "leaving"
    return "ready" if member.ready else "booting"
