"""What Envoy starts with: its listeners and the replicas behind each name."""

from collections.abc import Sequence

from tokenfleet.plan.edge.clusters import admin_cluster, cluster
from tokenfleet.plan.edge.extension import Json
from tokenfleet.plan.edge.listener import admin, listener, metrics_listener
from tokenfleet.plan.edge.served import ServedName

_RUNTIME = {
    # Else a replica whose connections are still being made looks idle (envoy#44989).
    "envoy.reloadable_features.least_request_lb_count_pending_requests": True,
}


def bootstrap(names: Sequence[ServedName], *, max_request_mib: int) -> Json:
    """All but routes, keys and limits, which change while it runs."""
    return {
        "node": {"id": "edge", "cluster": "edge"},
        "admin": admin(),
        "layered_runtime": {"layers": [{"name": "static", "static_layer": _RUNTIME}]},
        "static_resources": {
            "listeners": [listener(names, max_request_mib=max_request_mib), metrics_listener()],
            "clusters": [admin_cluster(), *(cluster(name) for name in names)],
        },
    }
