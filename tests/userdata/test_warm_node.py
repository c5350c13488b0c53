"""What a node does that may be stopped before it serves: asked of the script as its units run it."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.userdata.metadata import INSTANCE, Metadata

SCRIPT = Path(__file__).parents[2] / "userdata" / "warm-node"
IMAGE = "registry.example/engine:v1"
CACHED = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/dev/engine@sha256:1"
PULL = f"ctr --namespace k8s.io images pull {IMAGE}"
ASK = (
    "aws eks describe-addon --region eu-west-1 --cluster-name a-cluster --addon-name vpc-cni"
    " --query addon.addonVersion --output text"
)
PLUG_IN = [
    f"602401143452.dkr.ecr.eu-west-1.amazonaws.com/{name}:v1.21.1-eksbuild.1"
    for name in ("amazon-k8s-cni-init", "amazon-k8s-cni")
]


def complete(result: str) -> str:
    """The call that tells Auto Scaling to go on."""
    return (
        "aws autoscaling complete-lifecycle-action --region eu-west-1"
        " --auto-scaling-group-name a-group --lifecycle-hook-name a-hook"
        f" --instance-id {INSTANCE} --lifecycle-action-result {result}"
    )


CONTINUE, ABANDON = complete("CONTINUE"), complete("ABANDON")
# What Auto Scaling wants of the instance, and the answer: of an ExecCondition= 0 lets a unit start, 1 to
# 254 pass it over, 255 fails it.
WANTED: Mapping[str | None, int] = {
    "InService": 0,
    "Warmed:Stopped": 1,
    "Warmed:Running": 1,
    "Warmed:Hibernated": 1,
    "Terminated": 0,
    "Detached": 0,
    None: 0,
}
# A program that the script calls, what it does after it is noted, and what the script says then:
# whatever happens to a node that gets ready, it is stopped.
TROUBLES: Mapping[str, tuple[str, str, str]] = {
    "a registry is down": ("ctr", "exit 1", f"stopping without the image {IMAGE}"),
    "containerd is broken": ("systemctl", "[[ $2 != containerd.service ]]", "containerd does not"),
    "no weights": ("systemctl", "[[ $2 != tokenfleet-models.service ]]", "not fetched"),
}


class Node:
    """The script among programs that note how they are called."""

    def __init__(self, folder: Path, metadata: Metadata) -> None:
        self._folder = folder
        self.metadata, self.calls_file, self.ready = metadata, folder / "calls", folder / "READY"
        self.calls_file.touch()
        self.ready.touch()
        for name in ("aws", "ctr", "sync"):
            self.program(name, "[[ $1 != eks ]]")
        self.program("systemctl", "[[ $1 != is-active ]]")

    def program(self, name: str, then: str = "") -> None:
        """A stand-in of that name, and what it does once its call is noted."""
        path = self._folder / name
        path.write_text(
            f'#!/usr/bin/env bash\necho "{name} $*" >>"{self.calls_file}"\n{then}\n',
            encoding="utf-8",
        )
        path.chmod(0o755)

    def run(
        self, verb: str, *, images: str = IMAGE, ask: int = 5, appears: int = 0, seconds: int = 20
    ) -> subprocess.CompletedProcess[str]:
        """One run to its end."""
        return subprocess.run(
            [SCRIPT, verb],
            check=False,
            capture_output=True,
            text=True,
            timeout=seconds,
            env={
                "PATH": f"{self._folder}:{os.environ['PATH']}",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.metadata.endpoint,
                "AWS_REGION": "eu-west-1",
                "WARM_CLUSTER": "a-cluster",
                "WARM_GROUP": "a-group",
                "WARM_HOOK": "a-hook",
                "WARM_IMAGES": images,
                "WARM_READY": str(self.ready),
                "WARM_SECONDS_TO_ASK": str(ask),
                "WARM_SECONDS_TO_APPEAR": str(appears),
                "WARM_PAUSE": "0",
            },
        )

    @property
    def calls(self) -> Sequence[str]:
        """What was called, in that order."""
        return self.calls_file.read_text(encoding="utf-8").splitlines()

    def until(self, call: str, wants: str, then: str) -> None:
        """Auto Scaling wants one thing until that call, and another then."""
        self.metadata.wants = lambda: then if call in self.calls else wants


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node of a group, in no state yet."""
    with Metadata() as metadata:
        yield Node(tmp_path, metadata)


@pytest.mark.parametrize(("wants", "answer"), WANTED.items())
def test_a_node_joins_unless_it_is_to_be_stopped(
    wants: str | None, answer: int, node: Node
) -> None:
    node.metadata.wants = lambda: wants
    asked = node.run("joins")
    assert asked.returncode == answer
    assert asked.stderr == (f"warm-node: to be {wants}: not joining\n" if answer else "")
    assert not node.calls


def test_a_wish_that_appears_late_is_heard(node: Node) -> None:
    since = time.monotonic()
    node.metadata.wants = lambda: "Warmed:Stopped" if time.monotonic() - since > 1 else None
    assert node.run("joins", appears=5).returncode == 1


def test_metadata_that_is_slow_is_waited_for(node: Node) -> None:
    node.metadata.wants, node.metadata.seconds = lambda: "Warmed:Stopped", 0.8
    assert node.run("joins").returncode == 1


def test_metadata_that_fails_is_asked_again_and_then_the_node_joins_and_says_why(
    node: Node,
) -> None:
    node.metadata.wants, node.metadata.status = lambda: "Warmed:Stopped", 503
    asked = node.run("joins", ask=2)
    assert asked.returncode == 0
    assert asked.stderr == (
        "warm-node: instance metadata gave no answer in 2 s: joining as a node that serves\n"
    )
    assert node.metadata.asked > 2


def test_a_node_that_serves_says_so_and_does_nothing_else(node: Node) -> None:
    node.metadata.wants = lambda: "InService"
    assert node.run("settle").returncode == 0
    assert node.calls == [CONTINUE]


def test_a_node_gets_ready_before_it_may_be_stopped(node: Node) -> None:
    node.until(CONTINUE, "Warmed:Stopped", then="InService")
    assert node.run("settle", images=f"{IMAGE} another:v2").returncode == 0
    assert node.calls == [
        "systemctl is-active --quiet kubelet.service",
        "systemctl start containerd.service",
        ASK,
        PULL,
        "ctr --namespace k8s.io images pull another:v2",
        "systemctl start tokenfleet-models.service",
        "sync ",
        CONTINUE,
        # Drawn before it was stopped.
        "systemctl start --no-block nodeadm-run.service",
        CONTINUE,
    ]


def test_an_image_of_ecr_is_pulled_with_the_credentials_of_its_region(node: Node) -> None:
    node.until(CONTINUE, "Warmed:Stopped", then="InService")
    node.program("aws", '[[ $1 != ecr ]] || echo "a-password"')
    node.run("settle", images=CACHED)
    assert "aws ecr get-login-password --region eu-west-1" in node.calls
    assert f"ctr --namespace k8s.io images pull --user AWS:a-password {CACHED}" in node.calls


def test_the_network_plug_in_is_got_ready_in_the_version_of_the_cluster(node: Node) -> None:
    node.until(CONTINUE, "Warmed:Stopped", then="InService")
    node.program("aws", "case $1 in eks) echo v1.21.1-eksbuild.1 ;; ecr) echo a-password ;; esac")
    node.run("settle")
    pulls = [f"ctr --namespace k8s.io images pull --user AWS:a-password {name}" for name in PLUG_IN]
    assert [call for call in node.calls if "602401143452" in call] == pulls


def test_a_plug_in_that_is_not_known_keeps_no_node_from_being_stopped(node: Node) -> None:
    node.until(CONTINUE, "Warmed:Stopped", then="InService")
    settled = node.run("settle")
    assert "which network plug-in runs here is not known" in settled.stderr
    assert PULL in node.calls
    assert CONTINUE in node.calls


def test_a_pull_that_fails_is_tried_again(node: Node) -> None:
    node.until(CONTINUE, "Warmed:Stopped", then="InService")
    node.program("ctr", f'(($(grep -c "^ctr" "{node.calls_file}") > 2))')
    assert "stopping without" not in node.run("settle").stderr
    assert node.calls.count(PULL) == 3


@pytest.mark.parametrize(("program", "then", "says"), TROUBLES.values(), ids=list(TROUBLES))
def test_a_node_that_does_not_get_ready_says_why_and_is_stopped_all_the_same(
    program: str, then: str, says: str, node: Node
) -> None:
    node.until(CONTINUE, "Warmed:Stopped", then="InService")
    node.program(program, then if program == "ctr" else f"[[ $1 != is-active ]] && {then}")
    settled = node.run("settle")
    assert settled.returncode == 0
    assert says in settled.stderr
    assert CONTINUE in node.calls


def test_weights_that_are_missing_are_named(node: Node) -> None:
    node.until(CONTINUE, "Warmed:Stopped", then="InService")
    node.ready.unlink()
    assert f"stopping without the weights of {node.ready}\n" in node.run("settle").stderr


def test_a_node_that_joined_by_mistake_is_ended(node: Node) -> None:
    node.metadata.wants = lambda: "Warmed:Stopped"
    node.program("systemctl")
    settled = node.run("settle")
    assert settled.returncode == 0
    assert "it has joined" in settled.stderr
    assert node.calls == ["systemctl is-active --quiet kubelet.service", ABANDON]


def test_what_cannot_be_completed_yet_is_completed_later(node: Node) -> None:
    node.metadata.wants = lambda: "InService"
    node.program("aws", f'(($(wc -l <"{node.calls_file}") > 2))')
    assert not node.run("settle").stderr
    assert node.calls == [CONTINUE] * 3


def test_what_can_never_be_completed_is_given_up_and_said(node: Node) -> None:
    node.metadata.wants = lambda: "InService"
    node.program("aws", "echo 'No active Lifecycle Action found' >&2; exit 254")
    settled = node.run("settle")
    assert settled.returncode == 0
    assert settled.stderr == (
        "warm-node: could not tell Auto Scaling to CONTINUE: No active Lifecycle Action found\n"
    )
    assert node.calls == [CONTINUE] * 12


@pytest.mark.parametrize("verb", ["", "jions"])
def test_wrong_use_is_told(verb: str, node: Node) -> None:
    used = node.run(verb)
    assert (used.returncode, used.stderr) == (2, "warm-node: usage: warm-node joins|settle\n")


def test_the_script_is_sound(root: Path) -> None:
    shellcheck = root / ".venv" / "bin" / "shellcheck"
    checked = subprocess.run(
        [shutil.which("shellcheck") or shellcheck, SCRIPT],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stdout) == (0, "")
