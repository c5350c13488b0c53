"""What makes a node Ready waits for nothing of ours: not at the first boot, and not at a later one."""

import configparser
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.plan.nodes.user_data import ClusterFacts, render_user_data
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
Units = Mapping[str, str]
# The units of the image that lead to a kubelet: awslabs/amazon-eks-ami@81fec2e8 templates/al2023/
# runtime/rootfs/etc/systemd/system; cloud-init 22.2 systemd/*.service.tmpl as built for Amazon Linux;
# nodeadm starts containerd and the kubelet, which nothing else wants.
IMAGE: Units = {
    "nodeadm-boot-hook.service": """[Unit]
Before=nodeadm-config.service systemd-networkd-wait-online.service
After=systemd-networkd.service
[Install]
WantedBy=multi-user.target
""",
    "nodeadm-config.service": """[Unit]
Before=cloud-init.service
After=systemd-networkd-wait-online.service
[Install]
WantedBy=multi-user.target
""",
    "cloud-init.service": """[Unit]
After=systemd-networkd-wait-online.service
Before=network-online.target
[Install]
WantedBy=cloud-init.target
""",
    "cloud-config.service": """[Unit]
After=network-online.target cloud-config.target
[Install]
WantedBy=cloud-init.target
""",
    "cloud-final.service": """[Unit]
After=network-online.target cloud-config.service rc-local.service
[Install]
WantedBy=cloud-init.target
""",
    "nodeadm-run.service": """[Unit]
After=nodeadm-config.service cloud-final.service
Requires=nodeadm-config.service
[Install]
WantedBy=multi-user.target
""",
    "containerd.service": """[Unit]
After=network.target local-fs.target
""",
    "kubelet.service": """[Unit]
After=containerd.service nodeadm-run.service
Wants=containerd.service
""",
}
CLUSTER = ClusterFacts(
    cluster_name="fleet",
    api_server_endpoint="https://example.eks.amazonaws.com",
    certificate_authority="LS0tLS1CRUdJTg==",
    service_cidr="172.20.0.0/16",
    region="us-east-1",
    store_url="https://models.s3.us-east-1.amazonaws.com",
)
NEEDED = ("nodeadm-config.service", "nodeadm-run.service", "containerd.service", "kubelet.service")
# a unit of ours, a line of it, and what it becomes: each would hold a node up
DELAYS: Sequence[tuple[str, str, str]] = [
    ("tokenfleet-models.service", "[Service]", "Before=kubelet.service\n[Service]"),
    ("tokenfleet-models.service", "[Service]", "Before=containerd.service\n[Service]"),
    ("tokenfleet-cache.service", "[Service]", "Before=cloud-final.service\n[Service]"),
    ("tokenfleet-cache.service", "[Service]", "Before=nodeadm-run.service\n[Service]"),
    # A target is reached when all that it wants has started.
    (
        "tokenfleet-models.service",
        "WantedBy=multi-user.target",
        "WantedBy=network-online.target",
    ),
    ("tokenfleet-cache.service", "WantedBy=multi-user.target", "WantedBy=local-fs.target"),
]


@pytest.fixture
def script(keys_of: Callable[[str], Keys], plan_of: Callable[[Mapping[str, Any]], Plan]) -> str:
    """What a node is told at boot."""
    group = plan_of(keys_of("prod")).node_groups_by_pool["inferentia2"][0]
    return render_user_data(group.templates[0].boot, CLUSTER)


@pytest.fixture
def ours(script: str) -> dict[str, str]:
    """The units that the boot script writes, by name."""
    found = re.findall(
        r"^cat >/etc/systemd/system/(\S+) <<'END_OF_FILE'\n(.*?)^END_OF_FILE$",
        script,
        re.DOTALL | re.MULTILINE,
    )
    assert len(found) == script.count("/etc/systemd/system/")
    return dict(found)


def test_nothing_that_makes_a_node_ready_waits_for_a_unit_of_ours(ours: Units) -> None:
    assert ours
    assert not _waited_for(NEEDED, ours) & ours.keys()


@pytest.mark.parametrize(("name", "line", "changed"), DELAYS)
def test_a_unit_that_holds_a_node_up_would_be_noticed(
    name: str, line: str, changed: str, ours: dict[str, str]
) -> None:
    assert line in ours[name]
    ours[name] = ours[name].replace(line, changed)
    assert name in _waited_for(NEEDED, ours)


def test_systemd_finds_an_order_where_ours_come_last(ours: dict[str, str], tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        pytest.skip("systemd-analyze is not installed")
    # All of a boot in one go: if a kubelet waited for ours, a unit between both would close a circle.
    wanted = " ".join([*IMAGE, *ours])
    probe = f"[Unit]\nWants={wanted}\nAfter=kubelet.service\nBefore={' '.join(ours)}\n"
    units = {**IMAGE, **ours, "probe.service": probe}
    assert "cycle" not in _verified(analyze, units, tmp_path)
    units["tokenfleet-models.service"] += "[Unit]\nBefore=containerd.service\n"
    assert "cycle" in _verified(analyze, units, tmp_path)


def test_the_boot_script_starts_ours_without_waiting(script: str) -> None:
    starts = re.findall(
        r"^systemctl .*\b(?:re)?start\b.*|^systemctl .*--now\b.*", script, re.MULTILINE
    )
    assert starts
    assert all("--no-block" in line for line in starts)


def _waited_for(names: Sequence[str], ours: Units) -> set[str]:
    """Every unit that must have started before one of these, as systemd orders units and targets."""
    before: dict[str, set[str]] = {}
    for name, text in {**IMAGE, **ours}.items():
        unit = _sections(text)
        for other in unit.get("After", []):
            before.setdefault(name, set()).add(other)
        for other in unit.get("Before", []):
            before.setdefault(other, set()).add(name)
        for target in unit.get("WantedBy", []):
            before.setdefault(target, set()).add(name)
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        more = before.get(waiting.pop(), set()) - found
        found |= more
        waiting += more
    return found


def _sections(text: str) -> Mapping[str, Sequence[str]]:
    """The keys of a unit file that name others."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # pyright: ignore[reportAttributeAccessIssue] - as the documentation says
    parser.read_string(text)
    return {key: value.split() for section in parser.values() for key, value in section.items()}


def _verified(analyze: str, units: Units, folder: Path) -> str:
    """What systemd says of starting all of these."""
    for name, text in units.items():
        # Nothing is run: a command that is there will do.
        body = re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", text, flags=re.MULTILINE)
        if "ExecStart=" not in body:
            body += "[Service]\nType=oneshot\nExecStart=/bin/true\n"
        (folder / name).write_text(body, encoding="utf-8")
    checked = subprocess.run(
        [analyze, "verify", "--man=no", *sorted(folder.glob("*.service"))],
        check=False,
        capture_output=True,
        text=True,
        env={"SYSTEMD_UNIT_PATH": f"{folder}:", "SYSTEMD_LOG_COLOR": "0"},
    )
    return checked.stderr
