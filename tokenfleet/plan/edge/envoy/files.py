"""Files of Envoy in its pod, and how it is started with them."""

from collections.abc import Sequence

BOOTSTRAP_PATH = "/etc/envoy/envoy.json"
"""Listeners and clusters; a change of it is a rollout."""
ROUTES_FOLDER = "/etc/envoy/routes"
"""Watched: what is put here counts at once, and no stream ends by it."""
ROUTES_PATH = f"{ROUTES_FOLDER}/rds.json"
"""Routes, keys and limits."""
ROUTES_NAME = "edge"
"""What the routes are called in that file."""
CHECK_PATH = "/etc/envoy/check/envoy.json"
"""Bootstrap and routes in one, for a check before a pod takes requests."""


def arguments(bootstrap_path: str = BOOTSTRAP_PATH) -> Sequence[str]:
    """What follows ``envoy``."""
    return [
        "--config-path",
        bootstrap_path,
        # Circuit breakers and buckets are those of the process; one thread does 1,400 requests a
        # second and more pods do the rest (facts of the lab: 0.7 ms of CPU a request).
        "--concurrency",
        "1",
        # The kubelet starts another pod, Envoy no other process.
        "--disable-hot-restart",
        # Else a misspelt field of the routes is accepted, and what it meant to limit is open.
        "--reject-unknown-dynamic-fields",
        # A drain tells clients at once, not over minutes.
        "--drain-strategy",
        "immediate",
        "--log-level",
        "warning",
        # `config` prints a file that does not parse, with the keys in it (edge.md, trap 2): the metrics
        # `update_failure` and `update_rejected` tell instead. `filter` prints values of bodies that
        # are no numbers. `misc` says of each use of a part that it is not stable yet.
        "--component-log-level",
        "config:off,filter:error,misc:error",
    ]


def check_command(
    bootstrap_path: str = BOOTSTRAP_PATH, check_path: str = CHECK_PATH
) -> Sequence[str]:
    """What an init container runs: Envoy itself says whether it would take its files.

    Of the second one it says nothing more: its words about routes may repeat keys (edge.md, trap 2).
    """
    script = """\
envoy --mode validate --log-level error --config-path "$1"
envoy --mode validate --config-path "$2" > /dev/null 2>&1 || {
  echo "Envoy refuses the routes in Secret edge-routes. To see why, where keys may be seen:" >&2
  echo "kubectl -n edge get secret edge-routes -o jsonpath='{.data.check}' | base64 -d > check.json" >&2
  echo "envoy --mode validate --config-path check.json" >&2
  exit 1
}
"""
    return ["/bin/bash", "-e", "-c", script, "check", bootstrap_path, check_path]
