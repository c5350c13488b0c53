"""Instances and nodes: one becomes the other after its boot, and takes it along at its end."""

from collections.abc import Iterator

import pytest

from tests.cluster.api import Api, eventually
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import Fleet, FleetOf
from tests.cluster.nodes import planned_node
from tests.cluster.scarcity.bridge import Bridge
from tests.cluster.scarcity.clients import Clients
from tests.cluster.scarcity.observed import SPOT, ZONES, ids, in_service, launch
from tests.cluster.scarcity.scarcity import Scarcity

MODEL, POOL = "qwen3-8b", "graviton4"


@pytest.fixture
def fleet(fleet_of: FleetOf) -> Fleet:
    """The stack, in a namespace of its own."""
    return fleet_of("prod")


@pytest.fixture
def bridge(
    scarcity: Scarcity, aws: Clients, fleet: Fleet, control_plane: ControlPlane
) -> Iterator[Bridge]:
    """Instances of the groups become nodes at once."""
    assert aws
    with Bridge(scarcity, control_plane.access, fleet.plan, boot_seconds=0) as running:
        yield running


def _nodes(api: Api) -> set[str]:
    return {str(node["metadata"]["name"]) for node in api.items("/api/v1/nodes")}


def test_an_instance_joins_as_the_node_that_is_planned(
    bridge: Bridge, aws: Clients, fleet: Fleet, api: Api
) -> None:
    assert bridge
    (started,) = ids(launch(aws, SPOT, ZONES[1]))
    eventually(lambda: started in _nodes(api))
    node = api.get(f"/api/v1/nodes/{started}")
    group = fleet.plan.node_groups_by_pool[POOL][0]
    planned = planned_node(fleet.plan, POOL, group, ZONES[1])
    assert node["spec"]["providerID"] == f"aws:///{ZONES[1]}/{started}"
    labels = {**planned["metadata"]["labels"], "kubernetes.io/hostname": started}
    # The control plane adds some of its own.
    assert labels.items() <= node["metadata"]["labels"].items()
    assert [t["key"] for t in planned["spec"]["taints"]] == ["tokenfleet.io/pool"]
    assert planned["spec"]["taints"][0] in node["spec"]["taints"]
    assert node["status"]["allocatable"] == planned["status"]["allocatable"]


def test_it_joins_after_its_boot(bridge: Bridge, aws: Clients, api: Api) -> None:
    (first,) = ids(launch(aws, SPOT, ZONES[0], key="a"))
    eventually(lambda: _nodes(api) == {first})
    bridge.boot_seconds = 600
    launch(aws, SPOT, ZONES[0], key="b")
    in_service(aws, SPOT, 2)
    assert _nodes(api) == {first}
    bridge.boot_seconds = 0
    eventually(lambda: len(_nodes(api)) == 2)


def test_some_never_join(bridge: Bridge, aws: Clients, api: Api) -> None:
    bridge.never_join(1, ZONES[0])
    (lost,) = ids(launch(aws, SPOT, ZONES[0], key="a"))
    in_service(aws, SPOT, 1)
    joining = {*ids(launch(aws, SPOT, ZONES[0], key="b")), *ids(launch(aws, SPOT, ZONES[1]))}
    eventually(lambda: len(_nodes(api)) == 2)
    assert _nodes(api) == joining
    assert lost not in joining


def test_the_end_of_an_instance_takes_node_and_pods_along(
    bridge: Bridge, aws: Clients, scarcity: Scarcity, fleet: Fleet, api: Api
) -> None:
    assert bridge
    launch(aws, SPOT, ZONES[0])
    fleet.prepare()
    fleet.serve(MODEL, 1)
    (pod,) = fleet.await_ready(MODEL, 1)
    (taken,) = scarcity.reclaim(ZONES[0], seconds=0)
    assert pod["spec"]["nodeName"] == taken
    # The group refills itself, and another replica starts on what it got.
    eventually(lambda: taken not in _nodes(api))

    def moved() -> bool:
        """the replica serves on another node"""
        serving = fleet.ready(MODEL)
        return len(serving) == 1 and serving[0]["spec"]["nodeName"] != taken

    eventually(moved)
    assert pod["metadata"]["uid"] not in {p["metadata"]["uid"] for p in fleet.pods(MODEL)}


def test_what_goes_wrong_is_raised_at_the_end_of_its_block(
    scarcity: Scarcity, aws: Clients, fleet: Fleet, control_plane: ControlPlane, api: Api
) -> None:
    (started,) = ids(launch(aws, SPOT, ZONES[0]))
    group = fleet.plan.node_groups_by_pool[POOL][0]
    taken = planned_node(fleet.plan, POOL, group, ZONES[0])
    taken["metadata"]["name"] = started
    api.create(taken)
    with (
        pytest.raises(Exception, match="already exists"),
        Bridge(scarcity, control_plane.access, fleet.plan, boot_seconds=0) as bridge,
    ):
        eventually(lambda: not bridge.works)
