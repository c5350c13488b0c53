"""What Envoy starts with: its listeners and the replicas behind each name."""

from collections.abc import Sequence
from typing import Any

from tokenfleet.plan.edge.envoy.clusters import admin_cluster, cluster
from tokenfleet.plan.edge.envoy.extension import Json
from tokenfleet.plan.edge.envoy.files import ROUTES_FOLDER, ROUTES_NAME, ROUTES_PATH
from tokenfleet.plan.edge.envoy.listener import admin, listener, metrics_listener
from tokenfleet.plan.edge.envoy.memory import overload_manager
from tokenfleet.plan.edge.served import ServedName

_RUNTIME = {
    # Else a replica whose connections are still being made looks idle (envoy#44989).
    "envoy.reloadable_features.least_request_lb_count_pending_requests": True,
    # Else 100, which seven names take: Envoy then refuses all routes, so that a key that was ended
    # still counts. A guard against patterns of strangers; these are names, compared in linear time
    # (envoyproxy.io, type.matcher.RegexMatcher: `re2.max_program_size.error_level`).
    "re2.max_program_size.error_level": 2**31 - 1,
}
_WATCHED: Json = {
    "rds": {
        "route_config_name": ROUTES_NAME,
        "config_source": {
            "resource_api_version": "V3",
            "path_config_source": {
                "path": ROUTES_PATH,
                "watched_directory": {"path": ROUTES_FOLDER},
            },
        },
    }
}


def bootstrap(names: Sequence[ServedName], *, max_request_mib: int) -> Json:
    """All but routes, keys and limits, which change while it runs."""
    return _with_routes(names, _WATCHED, max_request_mib)


def checked_bootstrap(names: Sequence[ServedName], routes: Any, *, max_request_mib: int) -> Json:  # noqa: ANN401 - JSON
    """The same with these routes in it, for ``envoy --mode validate``, which reads no others.

    It holds keys, as the routes do: a Secret.
    """
    (resource,) = routes["resources"]
    inside = {name: value for name, value in resource.items() if name != "@type"}
    return _with_routes(names, {"route_config": inside}, max_request_mib)


def _with_routes(names: Sequence[ServedName], route_source: Json, max_request_mib: int) -> Json:
    return {
        "node": {"id": "edge", "cluster": "edge"},
        "admin": admin(),
        "layered_runtime": {"layers": [{"name": "static", "static_layer": _RUNTIME}]},
        "overload_manager": overload_manager(max_request_mib),
        "static_resources": {
            "listeners": [
                listener(names, route_source, max_request_mib=max_request_mib),
                metrics_listener(),
            ],
            "clusters": [admin_cluster(), *(cluster(name) for name in names)],
        },
    }
