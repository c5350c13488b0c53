"""Takes the startup taint off the node it runs on, once the node's devices are registered.

usage: startup_taint.py TAINT RESOURCE

Until then a node that is ready looks to the Cluster Autoscaler like one that will never take the
pods it was bought for, and it buys another. NODE_NAME is the node, ACCOUNT the folder with the
token and the authority of the API server; the address of that is in the variables that every pod
has. Never ends by itself: a node that registers anew has its taint again, and an API server that
is away comes back.
"""

import json
import os
import signal
import ssl
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

_WAITING_SECONDS, _WATCHING_SECONDS = 2, 60
_ANSWER_SECONDS = 10


class Node:
    """A node, as the API server knows it."""

    def __init__(self, name: str, account: Path) -> None:
        host, port = (os.environ[f"KUBERNETES_SERVICE_{part}"] for part in ("HOST", "PORT"))
        host = f"[{host}]" if ":" in host else host
        self._url = f"https://{host}:{port}/api/v1/nodes/{name}"
        self._account = account

    def read(self) -> dict[str, Any]:
        """The whole object."""
        return self._call("GET", None, {})

    def remove(self, taints: list[dict[str, Any]], position: int) -> None:
        """Take one of the taints that were read away, in one step with the proof that it is there.

        Whoever else changes taints meanwhile moves them, and then this is refused.
        """
        path = f"/spec/taints/{position}"
        steps = [
            {"op": "test", "path": path, "value": taints[position]},
            {"op": "remove", "path": path},
        ]
        content = {"Content-Type": "application/json-patch+json"}
        self._call("PATCH", json.dumps(steps).encode(), content)

    def _call(self, method: str, body: bytes | None, headers: dict[str, str]) -> dict[str, Any]:
        # The kubelet renews the token: it is read every time.
        token = (self._account / "token").read_text(encoding="utf-8").strip()
        headers = {**headers, "Authorization": f"Bearer {token}"}
        request = urllib.request.Request(self._url, body, headers, method=method)  # noqa: S310 - https, see above
        trusted = ssl.create_default_context(cafile=self._account / "ca.crt")
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS, context=trusted) as answer:  # noqa: S310 - see above
            return json.load(answer)


def waits(node: Node, taint: str, resource: str) -> bool:
    """Look once, and take the taint away if the devices are there; whether to look again soon."""
    found = node.read()
    taints = found["spec"].get("taints", [])
    positions = [n for n, present in enumerate(taints) if present["key"] == taint]
    if not positions:
        return False
    if found["status"].get("allocatable", {}).get(resource, "0") != "0":
        node.remove(taints, positions[0])
        print(f"{resource} is there: removed {taint}", flush=True)  # noqa: T201 - the pod's log
    return True


def main(taint: str, resource: str) -> None:
    """Look for as long as the pod runs."""
    # The first process of a container gets no signal that it does not handle.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    node = Node(os.environ["NODE_NAME"], Path(os.environ["ACCOUNT"]))
    while True:
        try:
            again = waits(node, taint, resource)
        except (OSError, ValueError) as error:
            print(f"looking again: {error}", flush=True)  # noqa: T201 - the pod's log
            again = True
        time.sleep(_WAITING_SECONDS if again else _WATCHING_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
