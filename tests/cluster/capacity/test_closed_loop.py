"""Capacity that falls back and comes back: the controller, a real control plane, scarce capacity."""

import random
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.api import Api, eventually
from tests.cluster.capacity.conftest import LoopOf
from tests.cluster.capacity.drawing import NOTICE_SECONDS as DRAWN_NOTICE_SECONDS
from tests.cluster.capacity.drawing import drawn
from tests.cluster.capacity.loop import (
    BOOT_SECONDS,
    LONGEST_REST_SECONDS,
    MODEL,
    REST_SECONDS,
    ZONES,
    Loop,
    Times,
)
from tests.cluster.control_plane import ControlPlane
from tokenfleet.capacity.controller.cluster import PAUSE

REPLICAS = 4
KILLS = 10
DRAWING = "docs/spot-run.svg"
"""Of a run of the first scenario: `make golden-spot`."""

_MOMENTS = {
    "notice": "a notice",
    "launch": "launched on demand",
    "settle": "the doomed are replaced",
    "end": "empty nodes are ended",
}


def _dry(loop: Loop) -> None:
    """What is held stays, and nobody gets more."""
    for zone in ZONES:
        loop.dry(zone, left=sum(instance.zone == zone for instance in loop.spot()))


def _zones_held(loop: Loop) -> list[str]:
    return sorted({instance.zone for instance in loop.spot()})


def _lost_and_returned(loop: Loop) -> None:
    """Two notices with spot dry, on-demand in their place, spot again."""
    _dry(loop)
    # Of two zones, where it is held in two.
    held = [instance.zone for instance in loop.spot()]
    zones = [*_zones_held(loop), *held][:2]
    for zone in sorted(set(zones)):
        loop.reclaim(zone, zones.count(zone))
    loop.await_settled(REPLICAS, spot=REPLICAS - 2, on_demand=2)
    loop.back(*ZONES)
    loop.await_settled(REPLICAS, spot=REPLICAS)


def _moments(loop: Loop, since: float) -> dict[float, str]:
    """What a reader should know of, each the first time it happened."""
    found: dict[float, str] = {}
    back = next(at for at, text in loop.notes if "is back" in text)
    for did, text in _MOMENTS.items():
        found[next(s["at"] for s in loop.controller.said(did) if s["at"] >= since)] = text
    found[back] = "spot is back"
    after = [line for line in loop.controller.said("launch", "settle") if line["at"] > back]
    found[next(line["at"] for line in after if line["did"] == "launch")] = "launched on spot"
    found[next(line["at"] for line in after if line["did"] == "settle")] = "one has returned"
    return found


def _path(loop: Loop) -> str:
    return f"/apis/apps/v1/namespaces/{loop.fleet.namespace}/deployments/vllm-{MODEL}"


def test_two_notices_with_spot_dry_fall_back_and_return(
    loop_of: LoopOf, root: Path, pytestconfig: pytest.Config
) -> None:
    draws = pytestconfig.getoption("--write-golden")
    loop = loop_of(REPLICAS, times=Times(notice=DRAWN_NOTICE_SECONDS) if draws else Times())
    since = loop.mark()
    _lost_and_returned(loop)
    if draws:
        loop.eventually(lambda: not loop.samples[-1].on_demand_nodes)
        shown = [sample for sample in loop.samples if sample.at >= since]
        (root / DRAWING).write_text(drawn(shown, _moments(loop, since), REPLICAS))
    assert loop.fewest(since) == REPLICAS
    assert not loop.scarcity.calls("SetDesiredCapacity")
    assert not loop.controller.said("crash", "force")
    assert not loop.refusals()


def test_a_controller_killed_at_ten_points_ends_the_same(loop_of: LoopOf) -> None:
    loop = loop_of(REPLICAS)
    since = loop.mark()
    with _killed(loop):
        while len(loop.controller.logs) <= KILLS:
            _lost_and_returned(loop)
    assert len(loop.controller.logs) > KILLS
    assert loop.fewest(since) == REPLICAS
    assert not loop.controller.said("crash", "force")


@contextmanager
def _killed(loop: Loop) -> Generator[None]:
    """SIGKILL at random moments, as long as the block runs or ten times, and a new one after each.

    Moments of its work: how long it takes to begin is the machine's.
    """
    chance, over = random.Random(18), threading.Event()  # noqa: S311 - moments, no secret

    def begun() -> bool:
        """every controller so far has begun, or it is over"""
        return over.is_set() or len(loop.controller.said("started")) == len(loop.controller.logs)

    def kill() -> None:
        for _ in range(KILLS):
            eventually(begun)
            if over.wait(chance.uniform(1, 3.5)):
                return
            loop.controller.kill()
            loop.note("the controller is killed")
            loop.controller.start()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_with_spot_dry_for_long_on_demand_serves_and_spot_is_asked_seldom(
    loop_of: LoopOf,
) -> None:
    loop = loop_of(2, settled=False, spot=0)
    loop.await_settled(2, spot=0, on_demand=2)
    since, before = loop.mark(), len(loop.scarcity.calls("LaunchInstances"))
    loop.eventually(lambda: loop.mark() - since > 4 * LONGEST_REST_SECONDS)
    loop.eventually(lambda: len(loop.scarcity.calls("LaunchInstances")) > before)
    asked = len(loop.scarcity.calls("LaunchInstances")) - before
    # Each zone rests after it refused.
    assert asked <= len(ZONES) * ((loop.mark() - since) / REST_SECONDS + 1)
    loop.back(*ZONES)
    loop.await_settled(2, spot=2)
    assert loop.fewest(since) == 2


def test_half_the_fleet_goes_at_once_and_nothing_is_lost(loop_of: LoopOf) -> None:
    loop = loop_of(8)
    since = loop.mark()
    _dry(loop)
    zone = max(ZONES, key=lambda zone: sum(i.zone == zone for i in loop.spot()))
    taken = loop.reclaim(zone, 4)
    loop.await_settled(8, spot=8 - len(taken), on_demand=len(taken))
    assert len(taken) == 4
    assert loop.fewest(since) == 8
    assert not loop.controller.said("force")
    loop.back(*ZONES)
    loop.await_settled(8, spot=8)


def test_where_nothing_replaces_it_a_replica_serves_until_its_drain_just_fits(
    loop_of: LoopOf,
) -> None:
    # The controller has the drain's time to do by force what has to be done.
    times = Times(notice=60, grace=25)
    loop = loop_of(2, times=times)
    _dry(loop)
    loop.dry(*ZONES, market="on-demand")
    since = loop.mark()
    # Two at once: of the second the disruption budget says no until the last moment.
    zones = [instance.zone for instance in loop.spot()]
    for zone in sorted(set(zones)):
        loop.reclaim(zone, zones.count(zone))

    def gone() -> bool:
        """both are ended"""
        return not loop.spot()

    loop.eventually(gone)
    assert loop.controller.said("force")
    ends = [line["at"] for line in loop.controller.said("evict", "force")]
    # Not a moment before an eviction is due: it is asked for a twentieth of the notice earlier than
    # it must be, and a notice tells the second that it was sent in.
    assert min(ends) - since > 0.95 * times.notice - times.grace - 1
    loop.back(*ZONES, market="on-demand")
    loop.await_settled(2, spot=0, on_demand=2)


def test_a_release_stops_returns_and_not_the_fallback(loop_of: LoopOf) -> None:
    loop = loop_of(REPLICAS)
    _dry(loop)
    loop.reclaim(_zones_held(loop)[0])
    loop.await_settled(REPLICAS, spot=REPLICAS - 1, on_demand=1)
    loop.fleet.release(MODEL, "v2")
    loop.note("a release begins")
    loop.back(*ZONES)
    loop.reclaim(_zones_held(loop)[0], dry=False)

    def released() -> bool:
        """every replica is of the release"""
        images = [p["spec"]["containers"][0]["image"] for p in loop.fleet.ready(MODEL)]
        return len(images) >= REPLICAS and all(image.endswith("v2") for image in images)

    loop.eventually(released)
    loop.await_settled(REPLICAS, spot=REPLICAS)
    assert not loop.controller.said("force")


def _surge(loop: Loop) -> None:
    """One is lost, and more replicas are asked for, as long as nodes boot slowly."""
    loop.bridge.boot_seconds = 30
    loop.reclaim(_zones_held(loop)[0])
    loop.eventually(loop.surged)


def test_replicas_that_keda_adds_during_a_surge_stay(loop_of: LoopOf, api: Api) -> None:
    loop = loop_of(2)
    _dry(loop)
    _surge(loop)
    # As an autoscaler sets it: on what it sees, the surge included.
    scale = f"{_path(loop)}/scale?fieldManager=kube-controller-manager"
    api.merge(scale, {"spec": {"replicas": 5}})
    loop.note("KEDA asks for two more")
    loop.bridge.boot_seconds = BOOT_SECONDS
    loop.back(*ZONES)
    loop.await_settled(4, spot=4)


def test_a_deployment_during_a_surge_is_taken_at_its_word(loop_of: LoopOf) -> None:
    loop = loop_of(2)
    _dry(loop)
    _surge(loop)
    # As `pulumi up` does it, which knows nothing of a surge.
    loop.fleet.serve(MODEL, 3)
    loop.note("pulumi up asks for three")
    loop.bridge.boot_seconds = BOOT_SECONDS
    loop.back(*ZONES)
    loop.await_settled(3, spot=3)


def test_aws_that_throttles_fails_and_refuses_costs_time_alone(loop_of: LoopOf) -> None:
    loop = loop_of(REPLICAS)
    since = loop.mark()
    loop.scarcity.fault("LaunchInstances", "Throttling", times=3)
    loop.scarcity.fault("DescribeAutoScalingGroups", "InternalFailure", share=0.3)
    loop.scarcity.fault("ReceiveMessage", "InternalFailure", share=0.3)
    loop.scarcity.fault("TerminateInstanceInAutoScalingGroup", "AccessDenied", times=2)
    loop.note("AWS throttles, fails and refuses")
    loop.reclaim(_zones_held(loop)[0], dry=False)
    loop.await_settled(REPLICAS, spot=REPLICAS)
    loop.scarcity.heal()
    codes = {line["code"] for line in loop.controller.said("error")}
    assert {"Throttling", "AccessDenied"} <= codes
    assert not loop.controller.said("crash", "force")
    assert loop.fewest(since) >= REPLICAS - 1


def test_a_launch_whose_answer_is_lost_is_not_made_twice(loop_of: LoopOf) -> None:
    loop = loop_of(2, settled=False)
    loop.scarcity.fault("LaunchInstances", "InternalFailure", times=1, done=True)
    loop.note("an answer is lost")
    loop.await_settled(2, spot=2)
    assert len(loop.scarcity.instances()) == 2


def test_notices_twice_late_or_never_end_the_same(loop_of: LoopOf) -> None:
    # What nobody is told of is there until its end.
    loop = loop_of(3, times=Times(notice=25))
    for notices, late in ((2, 0.0), (1, 6.0), (0, 0.0)):
        zone = _zones_held(loop)[0]
        loop.note(f"{notices} notices, {late:.0f} s late")
        loop.reclaim(zone, notices=notices, late=late, dry=False)
        # What is lost without a notice is insured against.
        loop.await_settled(3, spot=3 if notices else None)
    # Of one that was announced twice the first deadline counts.
    assert len(loop.controller.said("notice")) == 2


def test_with_everything_refused_what_comes_first_is_taken(loop_of: LoopOf) -> None:
    loop = loop_of(2)
    _dry(loop)
    loop.dry(*ZONES, market="on-demand")
    zone = _zones_held(loop)[0]
    loop.reclaim(zone)

    def refused() -> bool:
        """on-demand said no"""
        return any(line["tier"] == "on-demand" for line in loop.controller.said("refused"))

    loop.eventually(refused)
    loop.back(ZONES[2])
    # With a spare: who has been refused once insures itself for a day.
    loop.await_settled(2, spot=3)


def test_a_node_that_never_joins_is_given_up(loop_of: LoopOf) -> None:
    # The next one has time to join on a busy machine.
    loop = loop_of(1, settled=False, provisionSeconds=25.0)
    loop.bridge.never_join(1)
    loop.await_settled(1, spot=1)
    ended = [line for line in loop.controller.said("end") if line["why"] == "never joined"]
    assert len(ended) == 1


def test_a_person_may_pause_moves(loop_of: LoopOf, api: Api) -> None:
    loop = loop_of(1, settled=False, spot=0)
    loop.await_settled(1, spot=0, on_demand=1)
    api.merge(_path(loop), {"metadata": {"annotations": {PAUSE: "true"}}})
    loop.note("a person pauses")
    loop.back(*ZONES)
    loop.eventually(lambda: loop.samples[-1].spot_nodes == 1)
    since = loop.mark()
    loop.eventually(lambda: loop.mark() - since > 6)
    assert loop.settled(1, spot=1, on_demand=1)
    api.merge(_path(loop), {"metadata": {"annotations": {PAUSE: None}}})
    loop.note("a person lets go")
    loop.await_settled(1, spot=1)


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(loop_of: LoopOf) -> None:
    loop = loop_of(1, settled=False, dryRun=True)
    loop.eventually(lambda: bool(loop.controller.said("would")))
    since = loop.mark()
    loop.eventually(lambda: loop.mark() - since > 3)
    reads = {"DescribeAutoScalingGroups", "ReceiveMessage", "DeleteMessage"}
    assert {call.action for call in loop.scarcity.calls()} <= reads
    assert not loop.scarcity.instances()


def test_status_is_read_from_the_cluster(
    loop_of: LoopOf, control_plane: ControlPlane, tools: Path
) -> None:
    loop_of(1)
    done = subprocess.run(
        [Path(".venv/bin/tokenfleet").absolute(), "capacity", "status"],
        env={
            "PATH": f"{tools}:/usr/bin:/bin",
            "KUBECONFIG": str(control_plane.access.kubeconfig),
            "COLUMNS": "80",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "graviton4: 1 nodes wanted" in done.stdout
