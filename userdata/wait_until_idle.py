"""preStop hook of an engine that drops requests on SIGTERM: waits until none is left.

usage: wait_until_idle.py PORT PROPAGATION_SECONDS IDLE_SECONDS

First until no client chooses this replica any more, then until it runs and queues nothing, at
most IDLE_SECONDS. METRICS_KEY is the key to its metrics.
"""

import os
import sys
import time
import urllib.error
import urllib.request

_BUSY = ("vllm:num_requests_running", "vllm:num_requests_waiting")


def _requests(port: str) -> float:
    """How many requests are running or waiting; none when the engine does not answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/metrics",
        headers={"Authorization": f"Bearer {os.environ['METRICS_KEY']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - see above
            text = answer.read().decode()
    except urllib.error.HTTPError:
        return 1  # it does not tell us: as if it were busy
    except OSError:
        return 0
    return sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.partition("{")[0] in _BUSY
    )


def main(port: str, propagation_seconds: str, idle_seconds: str) -> None:
    """Sleep, then look twice a second."""
    time.sleep(float(propagation_seconds))
    end = time.monotonic() + float(idle_seconds)
    while _requests(port) and time.monotonic() < end:
        time.sleep(0.5)


if __name__ == "__main__":
    main(*sys.argv[1:])
