"""Where requests come in, and where metrics are read."""

from collections.abc import Sequence

from tokenfleet.plan.edge.envoy.access_log import access_logs
from tokenfleet.plan.edge.envoy.extension import Json, extension
from tokenfleet.plan.edge.envoy.filters import filters
from tokenfleet.plan.edge.envoy.matches import GET, MODELS_PATH
from tokenfleet.plan.edge.envoy.metadata import CLIENT_HEADER, PRIORITY_HEADER
from tokenfleet.plan.edge.envoy.ports import ADMIN, HTTP, METRICS
from tokenfleet.plan.edge.envoy.replies import mappers
from tokenfleet.plan.edge.served import ServedName

_MANAGER = "envoy.filters.network.http_connection_manager"
_MANAGER_KIND = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - a pod has one address, which is not known before it runs
LOOPBACK = "127.0.0.1"
ADMIN_CLUSTER = "_admin"
"""As no model is called: names of the stack file begin with a letter."""
LIVE = "/live"
"""Answered by the thread that serves requests, whatever the state of Envoy."""
IDLE_SECONDS = 300
"""Without a byte in either direction; below the 350 s of a network load balancer."""
_KEPT_SECONDS = 340


def listener(names: Sequence[ServedName], route_source: Json, *, max_request_mib: int) -> Json:
    """The door of clients; ``route_source`` says where its routes are."""
    manager = extension(
        _MANAGER,
        _MANAGER_KIND,
        stat_prefix="edge",
        # What clients speak in a cluster and behind a load balancer; less to attack than with HTTP/2.
        codec_type="HTTP1",
        http_protocol_options={"allow_absolute_url": False},
        use_remote_address=True,
        internal_address_config={"cidr_ranges": []},
        early_header_mutation_extensions=[_nobody_elses_headers()],
        # Paths are compared as they came and go on as they came: what a change of them could let
        # through (`..;`, `//`, %2f) is no path that is open.
        normalize_path=False,
        merge_slashes=False,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        common_http_protocol_options={
            # Closed here before a network load balancer forgets it, after 350 s, without a word.
            "idle_timeout": f"{_KEPT_SECONDS}s",
            # Codex and others send `session_id`: nothing here or behind reads such headers.
            "headers_with_underscores_action": "DROP_HEADER",
        },
        request_headers_timeout="10s",
        # To receive the whole request, not to answer it.
        request_timeout="30s",
        stream_idle_timeout=f"{IDLE_SECONDS}s",
        delayed_close_timeout="1s",
        drain_timeout="30s",
        generate_request_id=True,
        always_set_request_id_in_response=True,
        server_header_transformation="PASS_THROUGH",
        **route_source,
        http_filters=filters(names, max_request_mib=max_request_mib),
        local_reply_config={"mappers": mappers()},
        access_log=access_logs(
            sorted({MODELS_PATH, *(path for name in names for path in name.routes)})
        ),
    )
    return {
        "name": "edge",
        "address": address(_EVERYWHERE, HTTP),
        "per_connection_buffer_limit_bytes": 2**20,
        "filter_chains": [{"filters": [manager]}],
    }


def _nobody_elses_headers() -> Json:
    """What only the edge may say: who calls, and how Envoy and replicas are to treat the request."""
    return extension(
        "envoy.http.early_header_mutation.header_mutation",
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[
            {"remove": CLIENT_HEADER},
            {"remove": PRIORITY_HEADER},
            {"remove": "x-request-id"},
            {"remove_on_match": {"key_matcher": {"prefix": "x-envoy-"}}},
        ],
    )


def metrics_listener() -> Json:
    """The two pages of Envoy's own door that others may read, and a sign of life.

    It answers when clients are refused, too: a pod that is full is not to be taken for one that is
    ill, nor its metrics to be missed just then.
    """
    routes = [
        {"match": {"path": LIVE, "headers": [GET]}, "direct_response": {"status": 200}},
        *(
            {"match": {"path": path, "headers": [GET]}, "route": {"cluster": ADMIN_CLUSTER}}
            for path in ("/stats/prometheus", "/ready")
        ),
    ]
    manager = extension(
        _MANAGER,
        _MANAGER_KIND,
        stat_prefix="metrics",
        route_config={
            "virtual_hosts": [{"name": "metrics", "domains": ["*"], "routes": routes}],
        },
        http_filters=[
            extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")
        ],
    )
    return {
        "name": "metrics",
        "address": address(_EVERYWHERE, METRICS),
        "bypass_overload_manager": True,
        "ignore_global_conn_limit": True,
        "filter_chains": [{"filters": [manager]}],
    }


def admin() -> Json:
    """Envoy's own door."""
    return {"address": address(LOOPBACK, ADMIN)}


def address(host: str, port: int) -> Json:
    """Of a socket."""
    return {"socket_address": {"address": host, "port_value": port}}
