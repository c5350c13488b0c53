"""How much memory the edge takes, and what it does before it has none left."""

from tokenfleet.plan.edge.envoy.extension import Json, extension

REQUEST_MIB = 256
"""What it has at least: 67 to 71 MiB at rest and at 300 requests a second (lab of 2026-11-28), the
rest for bodies that are under way."""
_PARSED_PER_BYTE = 100
# Envoy 1.40 takes 90 bytes for each byte of a list of one-digit numbers while it reads it
# (2026-11-30: 4 MiB of `1,1,1` raise the most it held by 360 MiB, a text of that size by 20).
_HEAP_SHARE = 0.9
_MOST_CONNECTIONS = 10_000
_MONITORS = "envoy.resource_monitors"
_HEAP, _CONNECTIONS = f"{_MONITORS}.fixed_heap", f"{_MONITORS}.global_downstream_max_connections"


def memory_limit_mib(max_request_mib: int) -> int:
    """Of its container: enough for the worst body, one at a time, as its one thread reads them."""
    return REQUEST_MIB + _PARSED_PER_BYTE * max_request_mib


def overload_manager(max_request_mib: int) -> Json:
    """Refuse requests rather than be killed with all streams."""
    heap = int(memory_limit_mib(max_request_mib) * _HEAP_SHARE) * 2**20
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            extension(
                _HEAP,
                "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                max_heap_size_bytes=heap,
            ),
            extension(
                _CONNECTIONS,
                "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                max_active_downstream_connections=_MOST_CONNECTIONS,
            ),
        ],
        "actions": [
            {
                "name": f"envoy.overload_actions.{action}",
                "triggers": [{"name": _HEAP, "threshold": {"value": share}}],
            }
            for action, share in (("shrink_heap", 0.9), ("stop_accepting_requests", 0.95))
        ],
    }
