"""A network of two ends on this machine, with a link between them that is as slow as asked for."""

import os
import subprocess
from ipaddress import IPv4Network
from pathlib import Path

from bench.undo import Undo

# RFC 2544 keeps this for benchmarks: no real network is in the way.
_NETWORK = IPv4Network("198.18.0.0/15")
# One packet as the kernel hands it over has up to 64 KiB; at 2 Gbit/s this is 4 ms.
_BURST = "1mb"


class ShapedLink:
    """A namespace for the server and a veth pair to it; what comes from there is shaped.

    Gone when ``undo`` is done. Needs root.
    """

    def __init__(self, undo: Undo, gigabits: float) -> None:
        self.namespace = f"tokenfleet-bench-{os.getpid()}"
        # Another bench may run beside this one: four addresses for each process.
        first = _NETWORK[4 * os.getpid() % _NETWORK.num_addresses]
        here, self.there = first + 1, str(first + 2)
        # Names of interfaces have at most 15 characters.
        self._near, far = f"tfb{os.getpid()}n", f"tfb{os.getpid()}f"
        undo.later("ip", "netns", "del", self.namespace)
        _run("ip", "netns", "add", self.namespace)
        undo.later("ip", "link", "del", self._near)
        _run("ip", "link", "add", self._near, "type", "veth", "peer", "name", far)
        _run("ip", "link", "set", far, "netns", self.namespace)
        _run("ip", "addr", "add", f"{here}/30", "dev", self._near)
        _run("ip", "link", "set", self._near, "up")
        there = ("ip", "-n", self.namespace)
        _run(*there, "addr", "add", f"{self.there}/30", "dev", far)
        _run(*there, "link", "set", far, "up")
        _run(*there, "link", "set", "lo", "up")
        shape = ("root", "tbf", "rate", f"{gigabits * 1000:.0f}mbit", "burst", _BURST)
        _run("tc", "-n", self.namespace, "qdisc", "add", "dev", far, *shape, "latency", "20ms")

    def inside(self) -> list[str]:
        """What a command begins with to run at the server's end."""
        return ["ip", "netns", "exec", self.namespace]

    def received_bytes(self) -> int:
        """What came over the link so far, headers included."""
        return int(Path(f"/sys/class/net/{self._near}/statistics/rx_bytes").read_text("ascii"))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
