"""What AWS or Kubernetes does not take is told, whatever else is updated with it."""

from collections.abc import Mapping, Sequence

import pytest

from tests.review.synthetic import SUBNET, resource
from tokenfleet.review.changes import resource_changes
from tokenfleet.review.resource_change import Resource

_CLUSTER = "aws:eks/cluster:Cluster"
_ONE = {"vpcConfig": {"subnetIds": ["one"]}, "version": "1.35", "tags": {"team": "a"}}


def _state(cluster: Mapping[str, object], subnet: Mapping[str, object]) -> Sequence[Resource]:
    inputs = {"name": "fleet", **_ONE, **cluster}
    return [
        resource("net", SUBNET, {"cidrBlock": "10.0.0.0/24", **subnet}),
        resource("fleet", _CLUSTER, inputs, sources={"vpcConfig": ["net"]}),
    ]


@pytest.mark.parametrize(
    ("cluster", "subnet", "done", "refused"),
    [
        ({}, {"cidrBlock": "10.0.1.0/24"}, "update", True),
        ({"tags": {"team": "b"}}, {"cidrBlock": "10.0.1.0/24"}, "update", True),
        ({"tags": {"team": "b"}}, {}, "update", False),
        ({"version": "1.34"}, {}, "update", True),
        ({"name": "another"}, {"cidrBlock": "10.0.1.0/24"}, "replace", False),
    ],
    ids=["follows", "follows an update", "an update", "itself", "replaced anyhow"],
)
def test_a_refused_update_is_told_beside_whatever_else_changes(
    cluster: Mapping[str, object], subnet: Mapping[str, object], done: str, *, refused: bool
) -> None:
    before, after = _state({}, {}), _state(cluster, subnet)
    (found,) = (each for each in resource_changes(before, after) if each.name == "fleet")
    assert (found.action, bool(found.refused)) == (done, refused)
