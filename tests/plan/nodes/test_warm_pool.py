"""Nodes that wait stopped: what they are told at boot, and what the plan says of their pool."""

import email
import math
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.plan.nodes.test_user_data import FACTS, GOLDEN, LIMIT
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.nodes.user_data import packed, render_user_data
from tokenfleet.plan.nodes.warm_pool import Warming, name_in_store, plan_warm_pool
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
DIGEST = f"sha256:{'1' * 64}"
# pool of the prod stack, and types of it that keep what they have over a stop
POOLS: Mapping[str, list[str]] = {"graviton4": ["c8g.8xlarge"], "inferentia2": ["inf2.8xlarge"]}
# as a pod asks for an image, and what containerd's CRI then looks for
NAMES: Mapping[str, str] = {
    "registry.example/a/engine:v1": "registry.example/a/engine:v1",
    f"registry.example/a/engine@{DIGEST}": f"registry.example/a/engine@{DIGEST}",
    f"registry.example/a/engine:v1@{DIGEST}": f"registry.example/a/engine@{DIGEST}",
    f"registry.example:5000/engine:v1@{DIGEST}": f"registry.example:5000/engine@{DIGEST}",
    f"registry.example:5000/engine@{DIGEST}": f"registry.example:5000/engine@{DIGEST}",
}
# seconds that a node may take, and those that the hook waits: PutLifecycleHook takes 30 to 7,200
WAITED = [(1.0, 30), (600.2, 601), (50_000.0, 7200)]


@pytest.fixture(params=POOLS)
def pool(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def warm(
    pool: str, keys_of: Callable[[str], Keys], plan_of: Callable[[Mapping[str, Any]], Plan]
) -> NodeGroupPlan:
    """A group with two warm nodes."""
    keys = keys_of("prod")
    tiers = {"on-demand": {"max": 9, "warmNodes": 2}}
    keys["pools"][pool] |= {"instanceTypes": POOLS[pool], "tiers": tiers}
    (group,) = plan_of(keys).node_groups_by_pool[pool]
    return group


def test_nodes_that_may_be_stopped_start_as_agreed(
    pool: str, warm: NodeGroupPlan, pytestconfig: pytest.Config
) -> None:
    script = _units(warm)
    text = "".join(
        f"# {name}\n{_file(script, name)}" for name in ("10-tokenfleet.conf", "warm.service")
    )
    agreed = GOLDEN / f"{pool}-warm.txt"
    if pytestconfig.getoption("--write-golden"):
        agreed.write_text(text, encoding="utf-8")
    assert text == agreed.read_text(encoding="utf-8")


def test_their_script_arrives_as_it_is(root: Path, warm: NodeGroupPlan) -> None:
    script = (root / "userdata" / "warm-node").read_text(encoding="utf-8")
    assert _file(_units(warm), "warm-node") == script


def test_their_user_data_fits_into_what_ec2_takes(warm: NodeGroupPlan) -> None:
    text = render_user_data(warm.templates[0].boot, FACTS)
    assert len(packed(text)) <= LIMIT


def test_their_units_are_ones_that_systemd_takes(warm: NodeGroupPlan, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        pytest.skip("systemd-analyze is not installed")
    # The script is where the boot script will put it: a copy of the units names ours.
    program = tmp_path / "warm-node"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    texts = {
        "nodeadm-run.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n",
        "nodeadm-run.service.d/10-tokenfleet.conf": _file(_units(warm), "10-tokenfleet.conf"),
        "tokenfleet-warm.service": _file(_units(warm), "warm.service"),
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        ours = text.replace("/usr/local/libexec/tokenfleet", str(tmp_path))
        (tmp_path / name).write_text(ours, encoding="utf-8")
    assert _verified(analyze, tmp_path) == ""
    dropped = tmp_path / "nodeadm-run.service.d/10-tokenfleet.conf"
    dropped.write_text(dropped.read_text().replace("Condition=", "Kondition="), encoding="utf-8")
    assert "ExecKondition" in _verified(analyze, tmp_path)


def test_their_boot_script_is_sound(root: Path, warm: NodeGroupPlan, tmp_path: Path) -> None:
    script = tmp_path / "boot"
    script.write_text(_units(warm), encoding="utf-8")
    shellcheck = root / ".venv" / "bin" / "shellcheck"
    checked = subprocess.run(
        [shutil.which("shellcheck") or shellcheck, script],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stdout) == (0, "")


def test_their_hook_waits_until_the_slowest_start_would_be_ready(
    pool: str, keys_of: Callable[[str], Keys], plan_of: Callable[[Mapping[str, Any]], Plan]
) -> None:
    keys = keys_of("prod")
    keys["pools"][pool] |= {
        "instanceTypes": POOLS[pool],
        "tiers": {"on-demand": {"max": 9, "warmNodes": 2}},
    }
    plan = plan_of(keys)
    (group,) = plan.node_groups_by_pool[pool]
    (start,) = [model.cold_start for model in plan.models if model.pool == pool]
    assert group.warm_pool
    slowest = start.boot.seconds.high + start.together.seconds.high
    assert group.warm_pool.heartbeat_seconds >= math.ceil(slowest)


@pytest.mark.parametrize(("seconds", "waited"), WAITED)
def test_a_hook_waits_as_long_as_the_api_lets_it(seconds: float, waited: int) -> None:
    warming = Warming(images=[], seconds=seconds, published=True)
    planned = plan_warm_pool("a-cluster", "a-group", 1, warming)
    assert planned
    assert planned.heartbeat_seconds == waited


@pytest.mark.parametrize(("image", "name"), NAMES.items())
def test_an_image_is_pulled_under_the_name_that_the_kubelet_finds_it_by(
    image: str, name: str
) -> None:
    assert name_in_store(image) == name


def _units(group: NodeGroupPlan) -> str:
    """The last script of a node, as a reader of MIME finds it."""
    (template,) = group.templates
    message = email.message_from_string(render_user_data(template.boot, FACTS))
    assert not message.defects
    parts = [part for part in message.walk() if not part.is_multipart()]
    kinds = [part.get_content_type() for part in parts]
    assert kinds == ["application/node.eks.aws", *["text/x-shellscript"] * 3]
    return str(parts[-1].get_payload())


def _file(script: str, name: str) -> str:
    """What the script writes into a file whose path ends so."""
    _, _, rest = script.partition(f"{name} <<'END_OF_FILE'\n")
    assert rest, f"nothing is written into {name}"
    return rest.partition("END_OF_FILE\n")[0]


def _verified(analyze: str, folder: Path) -> str:
    """What systemd has to say against the units of a folder."""
    return subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", *folder.glob("*.service")],
        check=False,
        capture_output=True,
        text=True,
        env={"SYSTEMD_UNIT_PATH": f"{folder}:", "SYSTEMD_LOG_COLOR": "0"},
    ).stderr
