"""A model under the controller's care: what a scenario does to it, and what is seen meanwhile."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import requests

from tests.cluster.api import Access, Api, Refused, eventually
from tests.cluster.capacity.controller import Controller
from tests.cluster.fleet import Fleet, is_ready
from tests.cluster.scarcity.bridge import Bridge
from tests.cluster.scarcity.records import Instance
from tests.cluster.scarcity.scarcity import Market, Scarcity
from tokenfleet.capacity.controller.cluster import RECLAIM, SURGE

POOL, MODEL = "graviton4", "qwen3-8b"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
SPOT, ON_DEMAND = f"tokenfleet-prod-{POOL}-spot", f"tokenfleet-prod-{POOL}-on-demand"
GRACE_SECONDS, BOOT_SECONDS, LOAD_SECONDS = 2.0, 2.0, 1.0
"""What takes minutes passes ten times faster here."""

NOTICE_SECONDS = 60.0
"""Only of a notice all of this machine's delays have to fit in, which are not ten times shorter.

That of a message is one: who was killed while it listened had it for ten seconds (inbox.py).
"""
REST_SECONDS, LONGEST_REST_SECONDS = 3.0, 6.0
SETTLE_SECONDS = 300.0
_SILENCE = ("timed out", "timeout")


@dataclass(frozen=True, kw_only=True)
class Times:
    """Of a scenario, in seconds; a ``slow`` boot is over after a notice's end."""

    notice: float = NOTICE_SECONDS
    grace: float = GRACE_SECONDS

    @property
    def slow_boot(self) -> float:
        """Of a new node where others wait stopped."""
        return self.notice + 5

    def knobs(self, *, warm: bool) -> Mapping[str, float]:
        """Of the policy."""
        soon = BOOT_SECONDS + LOAD_SECONDS + 1
        knobs = {
            "boot": soon,
            "serves": self.notice - self.grace,
            "reaction": 1,
            "answer": 1,
            "rest": REST_SECONDS,
            "longestRest": LONGEST_REST_SECONDS,
        }
        return knobs | ({"boot": self.slow_boot + soon, "warmBoot": soon} if warm else {})


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Replicas that serve at a moment, in seconds of the epoch, and nodes that run, by tier."""

    at: float
    ready: int
    on_spot: int
    under_notice: int
    spot_nodes: int
    on_demand_nodes: int


class Loop:
    """Watches while its block runs; ``notes`` are what the scenario did, by when."""

    def __init__(
        self,
        *,
        api: Api,
        access: Access,
        fleet: Fleet,
        scarcity: Scarcity,
        bridge: Bridge,
        controller: Controller,
        times: Times,
    ) -> None:
        self.times = times
        self.api, self.fleet, self.scarcity = api, fleet, scarcity
        self.bridge, self.controller = bridge, controller
        self.samples: list[Sample] = []
        self.notes: list[tuple[float, str]] = []
        self._taken: set[str] = set()
        self._watcher = Api(access)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()
        self.controller.stop()

    def note(self, text: str) -> None:
        """What the scenario does now."""
        self.notes.append((time.time(), text))

    def reclaim(
        self, zone: str, count: int = 1, *, dry: bool = True, notices: int = 1, late: float = 0
    ) -> Sequence[str]:
        """Take spot nodes of a zone back with a notice, and give none there afterwards."""
        taken = self.scarcity.reclaim(
            zone, count, seconds=self.times.notice, notices=notices, late=late
        )
        self._taken |= set(taken)
        if dry:
            held = [i for i in self.spot() if i.zone == zone and i.instance_id not in taken]
            self.scarcity.capacity("spot", zone, len(held))
        self.note(f"AWS takes {len(taken)} of {zone} back")
        return taken

    def dry(self, *zones: str, market: Market = "spot", left: int = 0) -> None:
        """No more capacity than that in these zones."""
        for zone in zones:
            self.scarcity.capacity(market, zone, left)
        self.note(f"{market} is dry in {', '.join(zones)}")

    def back(self, *zones: str, market: Market = "spot") -> None:
        """As much as anybody wants."""
        for zone in zones:
            self.scarcity.capacity(market, zone, None)
        self.note(f"{market} is back in {', '.join(zones)}")

    def spot(self) -> Sequence[Instance]:
        """The spot instances that run or start."""
        return self.scarcity.instances(SPOT, "pending", "running")

    def on_demand(self) -> Sequence[Instance]:
        """The on-demand instances that run or start."""
        return self.scarcity.instances(ON_DEMAND, "pending", "running")

    def stopped(self) -> Sequence[Instance]:
        """The on-demand instances that wait stopped."""
        return self.scarcity.instances(ON_DEMAND, "stopped")

    def await_stopped(self, count: int) -> None:
        """Wait until so many do."""

        def done() -> bool:
            """so many nodes wait stopped"""
            return len(self.stopped()) == count

        self.eventually(done)

    def surged(self) -> bool:
        """more replicas are asked for than wanted"""
        return SURGE in self.fleet.deployment(MODEL)["metadata"].get("annotations", {})

    def settled(self, replicas: int, *, spot: int | None, on_demand: int | None = 0) -> bool:
        """Whether so many replicas serve on so many nodes, and nothing is under way.

        None: on any number. What AWS takes has gone.
        """
        held = [instance.instance_id for instance in self.spot()]
        if not self._taken.isdisjoint(held) or spot not in (None, len(held)):
            return False
        if on_demand not in (None, len(self.on_demand())):
            return False
        if self.surged():
            return False
        deployment = self.fleet.deployment(MODEL)
        pods = self.fleet.pods(MODEL)
        ready = [pod for pod in pods if is_ready(pod)]
        return deployment["spec"]["replicas"] == len(pods) == len(ready) == replicas

    def await_settled(
        self,
        replicas: int,
        *,
        spot: int | None,
        on_demand: int | None = 0,
        seconds: float = SETTLE_SECONDS,
    ) -> None:
        """Wait for that; on the way every moment is watched."""

        def done() -> bool:
            """the wanted replicas serve on the wanted nodes, nothing under way"""
            return self.settled(replicas, spot=spot, on_demand=on_demand)

        self.eventually(done, seconds)
        self.note(f"settled: {replicas} replicas serve")

    def eventually(self, what: Callable[[], object], seconds: float = SETTLE_SECONDS) -> None:
        """Wait, as long as everything that watches and drives goes on."""

        def alive() -> object:
            assert self._thread.is_alive(), "nobody watches any more"
            assert self.bridge.works, "no node joins any more"
            return what()

        alive.__doc__ = what.__doc__
        try:
            eventually(alive, seconds=seconds, every=0.2)
        except TimeoutError as error:
            msg = f"{error}\n{self.timeline()}"
            raise AssertionError(msg) from error

    def refusals(self) -> Sequence[Mapping[str, Any]]:
        """What the controller was refused: not what a busy machine did not answer in time."""
        errors = self.controller.said("error")
        return [e for e in errors if not any(word in e["message"].lower() for word in _SILENCE)]

    def mark(self) -> float:
        """Now, to look at what happens from here on."""
        return time.time()

    def fewest(self, since: float) -> int:
        """The fewest replicas that served at any moment from then on."""
        return min(sample.ready for sample in self.samples if sample.at >= since)

    def timeline(self) -> str:
        """Everything in order: seconds, replicas that serve, nodes, what was done."""
        first = self.notes[0][0] if self.notes else 0.0
        lines = [(at, text) for at, text in self.notes]
        lines += [(line["at"], f"  {_told(line)}") for line in self.controller.said()]
        rows = ["      s  ready  spot  on-demand  what"]
        for at, text in sorted(lines, key=lambda line: line[0]):
            before = [sample for sample in self.samples if sample.at <= at]
            seen = before[-1] if before else Sample(at=0, ready=0, on_spot=0, under_notice=0,
                                                    spot_nodes=0, on_demand_nodes=0)  # fmt: skip
            rows.append(
                f"{at - first:7.1f}  {seen.ready:5}  {seen.spot_nodes:4}  "
                f"{seen.on_demand_nodes:9}  {text}"
            )
        return "\n".join(rows)

    def _watch(self) -> None:
        while not self._end.wait(0.1):
            with suppress(requests.RequestException, Refused):
                self._look()

    def _look(self) -> None:
        at = time.time()
        path = f"/api/v1/namespaces/{self.fleet.namespace}/pods"
        pods, version = self._watcher.listed(path, f"tokenfleet.io/model={MODEL}")
        # At the same moment: a node that joins in between would bring a replica, and not be there.
        found, _ = self._watcher.listed("/api/v1/nodes", f"tokenfleet.io/pool={POOL}", at=version)
        nodes = {node["metadata"]["name"]: node for node in found}
        ready = [
            nodes[pod["spec"]["nodeName"]]
            for pod in pods
            if is_ready(pod) and pod["spec"]["nodeName"] in nodes
        ]
        tiers = [node["metadata"]["labels"]["tokenfleet.io/tier"] for node in nodes.values()]
        now = Sample(
            at=at,
            ready=len(ready),
            on_spot=sum(n["metadata"]["labels"]["tokenfleet.io/tier"] == "spot" for n in ready),
            under_notice=sum(_doomed(node) for node in ready),
            spot_nodes=tiers.count("spot"),
            on_demand_nodes=tiers.count("on-demand"),
        )
        self.samples.append(now)


def _doomed(node: Mapping[str, Any]) -> bool:
    return any(taint["key"] == RECLAIM for taint in node["spec"].get("taints", ()))


def _told(line: Mapping[str, Any]) -> str:
    """A line of the controller's log in few words."""
    hidden = {"at", "did", "pool", "model", "group"}
    rest = (f"{key} {_short(value)}" for key, value in line.items() if key not in hidden)
    return f"{line['did']}: {', '.join(rest)}"


def _short(value: object) -> str:
    text = str(value).translate(str.maketrans("", "", "[]'"))
    return text if len(text) <= 60 else text[:57] + "..."
