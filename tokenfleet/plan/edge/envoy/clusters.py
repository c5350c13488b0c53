"""The replicas behind a name: how they are found, chosen, watched and kept from too much."""

from collections.abc import Sequence
from itertools import groupby

from tokenfleet.plan.edge.affinity import AffinityPlan
from tokenfleet.plan.edge.envoy.balancing import load_balancing
from tokenfleet.plan.edge.envoy.extension import Json, extension, typed
from tokenfleet.plan.edge.envoy.listener import ADMIN_CLUSTER, LOOPBACK, address
from tokenfleet.plan.edge.envoy.ports import ADMIN
from tokenfleet.plan.edge.served import Backend, ServedName

_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

# Which replicas are left out for a while, judged by their answers.
_OUTLIERS = {
    "consecutive_5xx": 3,
    "consecutive_gateway_failure": 3,
    "consecutive_local_origin_failure": 3,
    "split_external_local_origin_errors": True,
    # One that breaks every stream after its first token makes no failures in a row: each request
    # that it takes is a success before. Half of what is counted then fails, and of five at least.
    "enforcing_failure_percentage_local_origin": 100,
    "failure_percentage_threshold": 30,
    "failure_percentage_minimum_hosts": 2,
    "failure_percentage_request_volume": 5,
    # A replica that breaks its requests may answer 200 to /health all along (edge.md, trap 5).
    "successful_active_health_check_uneject_host": False,
    "interval": "2s",
    "base_ejection_time": "10s",
    # One of two, but never an only one.
    "max_ejection_percent": 50,
}


def cluster(name: ServedName) -> Json:
    """All replicas of a name."""
    return {
        "name": name.name,
        "cluster_type": extension(
            "envoy.cluster.dns",
            "envoy.extensions.clusters.dns.v3.DnsCluster",
            dns_lookup_family="V4_ONLY",
            respect_dns_ttl=True,
            # Where there is no answer, and so no TTL.
            dns_refresh_rate="5s",
        ),
        # Gone from DNS means no new request, although it answers /health to its end (edge.md, trap 8).
        "ignore_health_on_host_removal": True,
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name.name,
            "endpoints": [
                _locality(priority, list(backends), name.affinity)
                for priority, backends in groupby(
                    sorted(name.backends, key=lambda backend: backend.priority),
                    key=lambda backend: backend.priority,
                )
            ],
        },
        "load_balancing_policy": load_balancing(name.affinity),
        "circuit_breakers": {"thresholds": _thresholds(name.guard)},
        "health_checks": [
            {
                "timeout": "2s",
                "interval": "2s",
                "no_traffic_interval": "2s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "http_health_check": {"path": "/health"},
            }
        ],
        "common_lb_config": {
            "healthy_panic_threshold": {"value": 0},
            # Of two replicas that fall ill at once, the second would be asked for a second more.
            "update_merge_window": "0s",
        },
        "outlier_detection": _OUTLIERS,
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: typed(
                _HTTP_OPTIONS,
                explicit_http_config={"http_protocol_options": {}},
                # A full engine answers 503, which is no fault of the host (edge.md, trap 6). A 500 may be
                # the request's: three of one client had half of the replicas left out. One that
                # drains says it to all, but is no longer asked by then (``plan/serving/drain.py``),
                # and whatever still is finds another.
                outlier_detection={
                    "error_matcher": {
                        "http_response_headers_match": {
                            "headers": [
                                {
                                    "name": ":status",
                                    "string_match": {
                                        "safe_regex": {"regex": "5(0[124-9]|[1-9][0-9])"}
                                    },
                                }
                            ]
                        }
                    }
                },
                # Below the 5 s after which uvicorn closes a connection.
                common_http_protocol_options={"idle_timeout": "4s"},
            )
        },
    }


def admin_cluster() -> Json:
    """Envoy itself, for the two pages of it that others may read."""
    endpoint = {"endpoint": {"address": address(LOOPBACK, ADMIN)}}
    return {
        "name": ADMIN_CLUSTER,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": ADMIN_CLUSTER,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }


def _locality(priority: int, backends: Sequence[Backend], affinity: AffinityPlan) -> Json:
    return {
        "priority": priority,
        "lb_endpoints": [
            {
                "endpoint": {"address": address(backend.host, backend.port)},
                "load_balancing_weight": _weight(backend, affinity),
            }
            for backend in backends
        ],
    }


def _weight(backend: Backend, affinity: AffinityPlan) -> int:
    """So that replicas have requests in the ratio of what they hold.

    Where weights differ, least request gives w / (requests + 1) of new requests to each, so that
    as many are under way as the square root of w (Envoy, least_request_lb.cc, hostWeight). A ring is
    shared by the weights as they are.
    """
    return backend.weight if affinity.kind == "prefix" else backend.weight**2


def _thresholds(guard: int) -> Sequence[Json]:
    """``batch`` clients, whose routes have the default priority, get half of it: they shed first.

    Of this pod, and of as many replicas as there may be: replicas themselves hold what each of
    them takes, and this keeps Envoy from more than all of them ever could.
    """
    shares = {"DEFAULT": max(1, guard // 2), "HIGH": guard}
    return [
        {
            "priority": priority,
            # What is refused by it counts as `upstream_rq_active_overflow`, not as pending (edge.md, trap 10).
            "max_requests": share,
            # These count requests that wait for a cold connection, too: no bound (edge.md, trap 9).
            "max_connections": 4096,
            "max_pending_requests": 4096,
            "max_retries": max(64, share),
            "track_remaining": True,
        }
        for priority, share in shares.items()
    ]
