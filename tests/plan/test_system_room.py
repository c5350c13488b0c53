"""What is counted for the nodes of the cluster's own, against what is asked for there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.plan.edge.envoy.memory import REQUEST_MIB
from tokenfleet.plan.edge.pod import MILLICPU
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.system_room import residents, room_for_edge

Keys = dict[str, Any]
PlanOf = Callable[[Mapping[str, Any]], Plan]


@pytest.fixture
def following(keys_of: Callable[[str], Keys], plan_of: PlanOf) -> Plan:
    """A stack with a spot tier, and with a model whose replicas follow the load."""
    keys = keys_of("dev")
    (model,) = plan_of(keys).models
    keys["models"][model.name]["published"] = model.mark
    return plan_of(keys)


def parsed(requests: Mapping[str, str]) -> tuple[int, int]:
    """Thousandths of a CPU, and MiB."""
    return int(requests["cpu"].removesuffix("m")), int(requests["memory"].removesuffix("Mi"))


def asked(manifests: Sequence[Any]) -> Iterator[tuple[str, tuple[int, int]]]:
    """What each Deployment asks for."""
    for manifest in manifests:
        if manifest["kind"] == "Deployment":
            (container,) = manifest["spec"]["template"]["spec"]["containers"]
            yield manifest["metadata"]["name"], parsed(container["resources"]["requests"])


def test_what_is_counted_is_what_manifests_and_charts_ask_for(following: Plan) -> None:
    counted = {each.name: each for each in residents(spot=True, scaling=True)}
    (capacity,), (scaling,) = following.capacity, following.scaling
    found = dict(asked([*capacity.manifests, *scaling.manifests, *following.edge.manifests]))
    assert found.pop("edge") == (MILLICPU, REQUEST_MIB)
    for release in following.addons.helm_releases:
        resources: Any = release.values["resources"]
        pods = [resources] if "requests" in resources else list(resources.values())
        assert counted[release.name].pods == len(pods)
        (found[release.name],) = {parsed(pod["requests"]) for pod in pods}
    of_eks = {"CoreDNS", "metrics-server"}
    assert {n: (e.millicpu, e.mib) for n, e in counted.items() if n not in of_eks} == found


# Of 2,000 thousandths 1,930 are allocatable and 250 are DaemonSets'; each pod of the edge takes 250.
@pytest.mark.parametrize(
    ("nodes", "spot", "scaling", "room"),
    [
        # 1,680 - 500; - 550; - 700; - 750
        (1, False, False, 4),
        (1, True, False, 4),
        (1, False, True, 3),
        (1, True, True, 3),
        # 5 beside 350 and beside 400.
        (2, True, True, 10),
    ],
)
def test_the_room_is_what_the_others_leave_node_by_node(
    *, nodes: int, spot: bool, scaling: bool, room: int
) -> None:
    beside = residents(spot=spot, scaling=scaling)
    assert room_for_edge(instance_type("m8g.large"), nodes, beside) == room
