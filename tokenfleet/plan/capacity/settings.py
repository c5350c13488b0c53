"""What the capacity controller is told: settings.json."""

import json
from collections.abc import Iterator, Mapping, Sequence

from tokenfleet.catalogue.places.spot import spot_price
from tokenfleet.plan.capacity.warm import warm_nodes
from tokenfleet.plan.iam import CAPACITY, MODEL_READER
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.nodes.pools import LOOK_SECONDS, PoolPlan
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS

STATE = "capacity-state"
"""The ConfigMap that the controller remembers zones in."""

METRICS_PORT = 8080
# Tiers that it writes; of a reservation all runs by itself.
_WRITTEN = ("spot", "on-demand")


def settings_json(
    region: str,
    pools: Sequence[PoolPlan],
    groups_by_pool: Mapping[str, Sequence[NodeGroupPlan]],
    models: Sequence[ModelPlan],
) -> str:
    """The settings for pools with a spot tier; times in seconds, bounds in nodes."""
    settings = {
        "region": region,
        "namespace": MODEL_READER.namespace,
        "stateNamespace": CAPACITY.namespace,
        "stateName": STATE,
        "noticeSeconds": SPOT_NOTICE_SECONDS,
        "intervalSeconds": LOOK_SECONDS,
        "metricsPort": METRICS_PORT,
        "pools": {
            pool.name: _pool(
                pool,
                region,
                groups_by_pool[pool.name],
                [model for model in models if model.pool == pool.name],
            )
            for pool in pools
            if pool.has_spot
        },
    }
    return json.dumps(settings, indent=1) + "\n"


def _pool(
    pool: PoolPlan, region: str, groups: Sequence[NodeGroupPlan], models: Sequence[ModelPlan]
) -> Mapping[str, object]:
    by_option = {group.purchase_option: group for group in groups}
    slowest = max((model.cold_start for model in models), key=lambda s: s.total.expected)
    longest_drain = max(model.drain.grace_seconds for model in models)
    price, _ = spot_price(slowest.instance_type, region)
    warm = warm_nodes(groups, [model.warm_start for model in models])
    return {
        "groups": {option: group.physical_name for option, group in by_option.items()},
        "zones": list(by_option["spot"].zones),
        "bounds": dict(_bounds(by_option)),
        "knobs": {
            "boot": round(slowest.total.expected, 1),
            **({"warmBoot": round(warm.start_seconds, 1)} if warm else {}),
            "serves": float(max(0, SPOT_NOTICE_SECONDS - longest_drain)),
            "care": pool.care,
            "spare": pool.spare,
            "spotPrice": price,
        },
        **({"warm": {"nodes": warm.nodes, "drawSeconds": warm.draw_seconds}} if warm else {}),
        "provisionSeconds": float(max(model.deadlines.provision_seconds for model in models)),
        "models": {
            model.name: {
                "graceSeconds": float(model.drain.grace_seconds),
                "startSeconds": float(model.deadlines.start_seconds),
            }
            for model in models
        },
        "dryRun": pool.dry_run,
    }


def _bounds(by_option: Mapping[str, NodeGroupPlan]) -> Iterator[tuple[str, Sequence[int]]]:
    for option in _WRITTEN:
        if group := by_option.get(option):
            yield option, [group.min_nodes, group.max_nodes]
