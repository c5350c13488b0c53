"""What a controller does while something fails, or has to be left alone."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.capacity.controller.pools import MODEL, Machine, Seen, settings
from tests.capacity.controller.stand_ins import DENIED, SILENT, Run, World
from tokenfleet.capacity.controller.cluster import Deployment
from tokenfleet.capacity.controller.inbox import Message
from tokenfleet.capacity.controller.kubernetes import Refused

WANTED = Deployment(
    name=f"vllm-{MODEL}",
    uid="u",
    version="1",
    model=MODEL,
    replicas=2,
    surge=Seen().surge,
    told=False,
    marked=False,
    paused=False,
    rolling=False,
)

FAILURES: Mapping[str, tuple[str, Exception]] = {
    "AWS does not say what there is": ("held", DENIED),
    "the queue does not answer": ("receive", SILENT),
    "Kubernetes says no": ("pods", Refused(403, "no")),
    "Kubernetes does not answer": ("pods", OSError("no")),
    "a bug": ("launch", KeyError("zone")),
}


@pytest.mark.parametrize("row", list(FAILURES))
def test_a_turn_survives_and_does_not_call_it_a_success(row: str) -> None:
    call, error = FAILURES[row]
    run = Run(World(deployments=[WANTED]))
    run.world.fails[call] = error
    run.controller.turn()
    assert run.said("error", "crash")
    assert "last_success" not in run.metrics.text()


def test_a_turn_that_does_everything_is_a_success() -> None:
    run = Run(World(deployments=[WANTED]))
    run.controller.turn()
    assert not run.said("error", "crash")
    assert "last_success" in run.metrics.text()


def test_an_error_in_one_pool_is_not_another_pools() -> None:
    first = replace(settings(), name="first", models={})
    world = World(deployments=[WANTED])
    run = Run(world, replace(first, bounds={}), settings())
    run.controller.turn()
    assert [line["pool"] for line in run.said("crash")] == ["first"]
    assert {line["pool"] for line in run.said("launch")} == {"pool"}


def test_a_dry_run_asks_aws_once_a_look() -> None:
    run = Run(World(deployments=[WANTED]), settings(dry_run=True))
    run.controller.turn()
    assert run.said("would")
    assert run.world.calls.count("held") == 1
    assert "launch" not in run.world.calls


def test_a_replica_on_demand_goes_back_to_a_reservation_that_idles() -> None:
    pool = settings(tiers=("reserved", "spot", "on-demand"))
    machines = [Machine(tier="on-demand"), Machine(tier="reserved", pod=None)]
    state = Seen(machines=machines, replicas=1).state(pool)
    world = World(
        instances=[member.instance for member in state.members],
        nodes=[member.node for member in state.members if member.node],
        pods=state.pods[MODEL],
        deployments=list(state.deployments.values()),
    )
    run = Run(world, pool)
    run.controller.turn()
    assert [(line["why"], line["replicas"]) for line in run.said("surge")] == [("returns", 2)]


def _told(kind: str, instance: str) -> Message:
    detail = {"instance-id": instance, "state": "terminated"}
    event = {"detail-type": kind, "time": "2026-01-01T00:00:00Z", "detail": detail}
    return Message(body=json.dumps(event), receipt="r")


@pytest.mark.parametrize(
    ("kind", "instance", "looks"),
    [
        ("EC2 Instance State-change Notification", "i-elsewhere", 1),
        ("EC2 Instance State-change Notification", "i-00", 2),
        # Launched a moment ago, and not shown yet?
        ("EC2 Spot Instance Interruption Warning", "i-elsewhere", 2),
        ("Something Else", "i-00", 1),
    ],
)
def test_what_ends_elsewhere_is_no_reason_to_look(kind: str, instance: str, looks: int) -> None:
    (member,) = Seen(machines=[Machine()], replicas=1).state().members
    world = World(instances=[member.instance])
    run = Run(world)
    run.controller.turn()
    world.queue.append(_told(kind, instance))
    run.controller.turn()
    assert not world.queue
    assert world.calls.count("deployments") == looks
