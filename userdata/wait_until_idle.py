"""preStop hook of an engine that drops requests on SIGTERM: waits until none is left.

usage: wait_until_idle.py PORT PROPAGATION_SECONDS IDLE_SECONDS

First until no client chooses this replica any more, then until it runs and queues nothing, at
most IDLE_SECONDS.
"""

import sys
import time
import urllib.request

_BUSY = ("vllm:num_requests_running", "vllm:num_requests_waiting")


def _requests(port: str) -> float:
    """How many requests are running or waiting; none when the engine does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
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
