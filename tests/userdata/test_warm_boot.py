"""The boots of a node that may be stopped first, by a real systemd: who starts, who does not."""

import email
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.api import eventually
from tests.userdata.machine import CannotBootError, Machine
from tests.userdata.metadata import Metadata
from tokenfleet.plan.nodes.user_data import ClusterFacts, render_user_data
from tokenfleet.plan.stack import Plan

pytestmark = pytest.mark.e2e

FACTS = ClusterFacts(
    cluster_name="tokenfleet-dev",
    api_server_endpoint="https://example.eks.amazonaws.com",
    certificate_authority="LS0tLS1CRUdJTg==",
    service_cidr="172.20.0.0/16",
    region="us-east-1",
    store_url="https://models.s3.us-east-1.amazonaws.com",
)
# The units around ours, ordered as those of the image are (awslabs/amazon-eks-ami at 81fec2e, 2026-07-23,
# templates/al2023/runtime/rootfs/etc/systemd/system; cloud-init's of Amazon Linux 2023), and stand-ins for
# what they run. cloud-init runs user data in the first boot of an instance alone.
UNITS: Mapping[str, str] = {
    "nodeadm-config": "[Unit]\nBefore=cloud-init.service\n[Service]\nType=oneshot\nExecStart=note nodeadm-config\n",
    "cloud-final": (
        "[Unit]\nAfter=nodeadm-config.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        "ExecStart=cloud-final\n"
    ),
    "nodeadm-run": (
        "[Unit]\nAfter=nodeadm-config.service cloud-final.service\nRequires=nodeadm-config.service\n"
        "[Service]\nType=oneshot\nExecStart=nodeadm-run\nStandardError=journal+console\n"
    ),
    "kubelet": (
        "[Unit]\nAfter=containerd.service\nWants=containerd.service\n"
        "[Service]\nExecStartPre=note kubelet\nExecStart=sleep infinity\n"
    ),
    "containerd": "[Service]\nExecStartPre=note containerd\nExecStart=sleep infinity\n",
    "tokenfleet-models": "[Service]\nType=oneshot\nExecStart=note weights\n",
}
AT_BOOT = ("nodeadm-config", "cloud-final", "nodeadm-run")
PROGRAMS: Mapping[str, str] = {
    "note": 'echo "$*" >>/var/log/calls',
    "cloud-final": "[ -e /var/lib/ran ] || { touch /var/lib/ran && note user data && bash /etc/user-data; }",
    "nodeadm-run": "note nodeadm-run && systemctl restart containerd.service kubelet.service",
    "ctr": "note ctr",
    # It answers which network plug-in runs, and is told that a hook is completed.
    "aws": '[ "$1" = autoscaling ] && note "completed ${@: -1}" || echo v1.21.1-eksbuild.1',
}
LAUNCHED = [
    "nodeadm-config",
    "user data",
    "nodeadm-run",
    "containerd",
    "kubelet",
    "completed CONTINUE",
]
STARTED = [call for call in LAUNCHED if call != "user data"]
# The engine's image, and the two of the network plug-in.
WARMED = [
    "nodeadm-config",
    "user data",
    "containerd",
    *["ctr"] * 3,
    "weights",
    "completed CONTINUE",
]


class Node:
    """A node of a group with a warm pool, and what happened on it since it was switched on."""

    def __init__(self, machine: Machine, metadata: Metadata) -> None:
        self._machine, self.metadata = machine, metadata

    def boot(self, *, then: str = "completed CONTINUE") -> Sequence[str]:
        """Switch it on, and what was called until that was."""
        self._machine.write("var/log/calls", "")
        self._machine.boot()
        return self.calls_until(then)

    def calls_until(self, call: str) -> Sequence[str]:
        """What was called up to the first call of that."""

        def called() -> Sequence[str]:
            """A call of it."""
            calls = self._machine.read("var/log/calls").splitlines()
            return calls[: calls.index(call) + 1] if call in calls else []

        try:
            return eventually(called)
        except TimeoutError as error:
            error.add_note(self._machine.read("var/log/calls") + self.said)
            raise

    def program(self, name: str, text: str) -> None:
        """A stand-in for what units run."""
        self._machine.write(f"local/bin/{name}", f"#!/bin/bash\n{text}\n", mode=0o755)

    def user_data(self, text: str) -> None:
        """What cloud-init runs in the first boot."""
        self._machine.write("etc/user-data", text)

    def stop(self) -> None:
        """Switch it off as EC2 does."""
        self._machine.power_off()

    @property
    def said(self) -> str:
        """What all units wrote, in all boots."""
        return self._machine.read("var/log/units")


@pytest.fixture
def seconds_to_ask() -> int:
    """How long a boot asks for metadata before it goes on without: as much as a busy machine takes."""
    return 120


@pytest.fixture
def node(
    tmp_path: Path,
    seconds_to_ask: int,
    keys_of: Callable[[str], dict[str, Any]],
    plan_of: Callable[[Mapping[str, Any]], Plan],
) -> Iterator[Node]:
    """A node as it comes from its image, with the user data of an on-demand tier with warm nodes."""
    keys = keys_of("prod")
    keys["pools"]["inferentia2"]["tiers"]["on-demand"]["warmNodes"] = 1
    groups = plan_of(keys).node_groups_by_pool["inferentia2"]
    (boot,) = [template.boot for group in groups if group.warm_pool for template in group.templates]
    message = email.message_from_string(render_user_data(boot, FACTS))
    *_, user_data = [part for part in message.walk() if not part.is_multipart()]
    with Metadata() as metadata:
        try:
            machine = Machine(
                tmp_path,
                {
                    "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.endpoint,
                    "WARM_SECONDS_TO_ASK": str(seconds_to_ask),
                    "WARM_SECONDS_TO_APPEAR": "2",
                    "WARM_PAUSE": "1",
                },
            )
        except CannotBootError as error:
            pytest.skip(str(error))
        for name, text in UNITS.items():
            install = "[Install]\nWantedBy=multi-user.target\n"
            machine.write(f"etc/systemd/system/{name}.service", text + install)
        machine.enable(*(f"{name}.service" for name in AT_BOOT))
        made = Node(machine, metadata)
        made.user_data(str(user_data.get_payload()))
        for name, text in PROGRAMS.items():
            made.program(name, text)
        try:
            yield made
        finally:
            machine.power_off()


def test_a_node_that_gets_ready_does_not_join_and_one_that_is_started_does(node: Node) -> None:
    node.metadata.wants = lambda: "Warmed:Stopped"
    assert node.boot() == WARMED
    node.stop()
    node.metadata.wants = lambda: "InService"
    assert node.boot() == STARTED
    node.stop()
    # As often as it likes: a node that serves may be rebooted.
    assert node.boot() == STARTED


def test_without_these_units_a_node_would_join_that_is_to_be_stopped(node: Node) -> None:
    node.metadata.wants = lambda: "Warmed:Stopped"
    node.user_data("")
    assert node.boot(then="kubelet") == LAUNCHED[:-1]


def test_a_node_that_is_launched_to_serve_joins_at_once(node: Node) -> None:
    node.metadata.wants = lambda: "InService"
    assert node.boot() == LAUNCHED


def test_a_node_of_no_group_joins(node: Node) -> None:
    assert node.boot() == LAUNCHED


def test_a_node_that_is_stopped_half_ready_gets_ready_in_its_next_boot(node: Node) -> None:
    node.metadata.wants = lambda: "Warmed:Stopped"
    node.program("ctr", "note ctr && sleep infinity")
    node.boot(then="ctr")
    node.stop()
    node.program("ctr", PROGRAMS["ctr"])
    assert node.boot() == [call for call in WARMED if call != "user data"]


def test_a_node_that_is_drawn_while_it_runs_joins_without_another_boot(node: Node) -> None:
    node.metadata.wants = lambda: "Warmed:Stopped"
    node.boot()
    node.metadata.wants = lambda: "InService"
    joined = [call for call in node.calls_until("kubelet") if call != "completed CONTINUE"]
    # nodeadm-run requires nodeadm-config, which is over by then and runs again.
    assert joined == [*WARMED[:-1], "nodeadm-config", "nodeadm-run", "containerd", "kubelet"]


def test_metadata_that_is_slow_delays_a_node_that_gets_ready_and_nothing_else(node: Node) -> None:
    node.metadata.wants, node.metadata.seconds = lambda: "Warmed:Stopped", 1.0
    assert node.boot() == WARMED


@pytest.mark.parametrize("seconds_to_ask", [2])
def test_without_metadata_a_node_joins_and_says_why_and_is_ended_if_that_was_wrong(
    node: Node,
) -> None:
    node.metadata.wants, node.metadata.status = lambda: "Warmed:Stopped", 503
    joined = node.boot(then="kubelet")
    assert joined == LAUNCHED[:-1]
    assert "gave no answer in 2 s: joining as a node that serves" in node.said
    node.metadata.status = 200
    assert node.calls_until("completed ABANDON") == [*joined, "completed ABANDON"]
    assert "it has joined" in node.said
