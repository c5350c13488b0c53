"""What somebody should look at, as alerting rules: shown by Prometheus, sent by nobody yet."""

from collections.abc import Iterator, Mapping, Sequence

from tokenfleet.plan.scaling.followed import Followed
from tokenfleet.plan.scaling.rules import ASKED, IN_FLIGHT, SHED, Rule


def alert_group(followed: Sequence[Followed], *, capacity: bool) -> Mapping[str, object]:
    """Those of every model, then those of what scales them."""
    rules = [*(rule for one in followed for rule in _of_model(one)), *_of_scaling()]
    if capacity:
        rules.append(
            _alert(
                "CapacityControllerStuck",
                "time() - max(tokenfleet_capacity_last_success_timestamp_seconds) > 300",
                "5m",
                "The capacity controller has not seen the cluster for five minutes: its log says why.",
            )
        )
    return {"name": "alerts", "rules": rules}


def _of_model(one: Followed) -> Iterator[Rule]:
    yield _alert(
        "ModelRefusesRequests",
        f"{SHED}{one.here} > 0",
        "5m",
        f"{one.model} has refused requests for five minutes: see what it asks for, and whether nodes come.",
        model=one.model,
    )
    yield _alert(
        "ModelAtItsMost",
        f"{ASKED}{one.here} / {one.policy.each:g} > {one.policy.most}",
        "15m",
        f"{one.model} asks for more than replicas.max {one.policy.most}: raise it, and the pool's max.",
        model=one.model,
    )
    yield _alert(
        "LoadUnknown",
        f"absent({IN_FLIGHT}{one.here})",
        "5m",
        f"Nothing is known of the load of {one.model}; its replicas stay as they are. Look at the targets.",
        model=one.model,
    )
    if one.policy.least:
        yield _alert(
            "ModelWithoutReplica",
            f"max(envoy_cluster_membership_healthy{one.at_edge()}) == 0",
            "5m",
            f"No replica of {one.model} has served for five minutes.",
            model=one.model,
        )


def _of_scaling() -> Iterator[Rule]:
    yield _alert(
        "ScalerFails",
        "sum by (scaledObject, scaler) (increase(keda_scaler_detail_errors_total[5m])) > 0",
        "5m",
        "KEDA gets no answer for {{ $labels.scaledObject }}; its replicas stay as they are.",
    )
    # Not by pods that are about to go: those that are older than a model refuse its routes.
    yield _alert(
        "RoutesRejected",
        "max by (instance) (increase(envoy_http_rds_update_rejected[1h])) > 0"
        ' and on (instance) up{job="edge"} == 1',
        "15m",
        "The edge has refused its newest routes and keys, and goes on with those before.",
    )


def _alert(name: str, expression: str, after: str, summary: str, **labels: str) -> Rule:
    return {
        "alert": name,
        "expr": expression,
        "for": after,
        "labels": labels,
        "annotations": {"summary": summary},
    }
