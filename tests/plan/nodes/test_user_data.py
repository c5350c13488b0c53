"""What nodes are told at boot, for every hardware, tier and number of disks."""

import email
import gzip
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema  # pyright: ignore[reportMissingTypeStubs] - it ships none
import kubernetes_validate  # pyright: ignore[reportMissingTypeStubs] - it ships none
import pytest
import yaml

from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.catalogue.models.facts import model_facts
from tokenfleet.plan.nodes.groups import NodeGroupPlan, TemplatePlan
from tokenfleet.plan.nodes.user_data import ClusterFacts, packed, render_user_data
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
GOLDEN = Path(__file__).parents[2] / "golden" / "boot"
FACTS = ClusterFacts(
    cluster_name="tokenfleet-dev",
    api_server_endpoint="https://example.eks.amazonaws.com",
    certificate_authority="LS0tLS1CRUdJTg==",
    service_cidr="172.20.0.0/16",
    region="us-east-1",
    store_url="https://models.s3.us-east-1.amazonaws.com",
)
# pool of the prod stack, instance types, and the disks these have
NODES: Mapping[str, tuple[str, list[str], int]] = {
    "graviton4-no-disk": ("graviton4", ["c8g.8xlarge"], 0),
    "graviton4-one-disk": ("graviton4", ["c8gd.8xlarge"], 1),
    "graviton4-several-disks": ("graviton4", ["c8gd.24xlarge"], 3),
    "inferentia2-no-disk": ("inferentia2", ["inf2.8xlarge"], 0),
    "h100-one-disk": ("h100", ["p5.4xlarge"], 1),
    "h100-several-disks": ("h100", ["p5.48xlarge"], 8),
}
TIERS = ("spot", "on-demand", "reserved")
# path below spec, a value there that nodeadm would not take, and a part of what is said of it
MISTAKES: list[tuple[tuple[str, object], str]] = [
    (("instance.localStorage", {"strategy": "raid0"}), "raid0"),
    (("featureGate", {}), "featureGate"),
    (("cluster.cidr", None), "None"),
    (("kubelet.config.shutdownGracePeriod", 110), "110"),
]
SMALL = "Qwen/Qwen3-0.6B"
LIMIT = 16 * 1024
"""Bytes of user data that EC2 takes, before base64 (EC2 user guide, "Instance user data")."""


@pytest.fixture(scope="module")
def schema() -> Mapping[str, Any]:
    """What nodeadm takes."""
    text = (Path(__file__).parent / "node_config_schema.json").read_text(encoding="utf-8")
    return json.loads(text)


@pytest.fixture(params=[(nodes, tier) for nodes in NODES for tier in TIERS], ids="-".join)
def node(
    request: pytest.FixtureRequest,
    keys_of: Callable[[str], Keys],
    plan_of: Callable[[Mapping[str, Any]], Plan],
) -> tuple[str, NodeGroupPlan, TemplatePlan]:
    """A name, a group, and the template that its one kind of nodes uses."""
    nodes, tier = request.param
    pool, types, _ = NODES[nodes]
    reservation = {"capacityReservationId": "cr-0123456789abcdef0", "zone": "us-east-1a"}
    keys = keys_of("prod")
    keys["pools"][pool] |= {
        "instanceTypes": types,
        "tiers": {tier: {"max": 9} | ({"reservation": reservation} if tier == "reserved" else {})},
    }
    (group,) = plan_of(keys).node_groups_by_pool[pool]
    (template,) = group.templates
    return f"{nodes}-{tier}", group, template


def test_nodes_start_as_agreed(
    node: tuple[str, NodeGroupPlan, TemplatePlan], pytestconfig: pytest.Config
) -> None:
    name, _, template = node
    config, units = _parts(render_user_data(template.boot, FACTS))
    text = config + _file(units, "tokenfleet-models.service") + _file(units, "engine-image.json")
    agreed = GOLDEN / f"{name}.txt"
    if pytestconfig.getoption("--write-golden"):
        agreed.write_text(text, encoding="utf-8")
    assert text == agreed.read_text(encoding="utf-8")


def test_the_node_config_is_one_that_nodeadm_takes(
    node: tuple[str, NodeGroupPlan, TemplatePlan], schema: Mapping[str, Any]
) -> None:
    config, _ = _parts(render_user_data(node[2].boot, FACTS))
    jsonschema.validate(yaml.safe_load(config), schema)


def test_disks_are_set_up_only_where_there_are_some(
    node: tuple[str, NodeGroupPlan, TemplatePlan],
) -> None:
    name, _, template = node
    disks = next(row[2] for nodes, row in NODES.items() if name.startswith(nodes))
    for kind in template.disks.instance_types:
        found = instance_type(kind).local_nvme
        assert (found.count if found else 0) == disks
    config, _ = _parts(render_user_data(template.boot, FACTS))
    spec = yaml.safe_load(config)["spec"]
    assert spec["instance"] == ({"localStorage": {"strategy": "RAID0"}} if disks else {})
    # One volume beside the root volume, or the disks: never both, never neither.
    assert (template.disks.cache is None) == bool(disks)


def test_spot_nodes_end_pods_within_the_notice(
    node: tuple[str, NodeGroupPlan, TemplatePlan],
) -> None:
    _, group, template = node
    config, _ = _parts(render_user_data(template.boot, FACTS))
    kubelet = yaml.safe_load(config)["spec"]["kubelet"]["config"]
    grace = int(kubelet["shutdownGracePeriod"].removesuffix("s"))
    assert (grace < 120) == (group.purchase_option == "spot")


def test_user_data_fits_into_what_ec2_takes(node: tuple[str, NodeGroupPlan, TemplatePlan]) -> None:
    text = render_user_data(node[2].boot, FACTS)
    assert len(packed(text)) <= LIMIT
    assert gzip.decompress(packed(text)).decode() == text
    assert packed(text) == packed(text)


@pytest.mark.parametrize(("mistake", "says"), MISTAKES)
def test_a_node_config_with_a_mistake_would_be_noticed(
    mistake: tuple[str, object],
    says: str,
    schema: Mapping[str, Any],
    keys_of: Callable[[str], Keys],
    plan_of: Callable[[Mapping[str, Any]], Plan],
) -> None:
    group = plan_of(keys_of("dev")).node_groups_by_pool["graviton4"][0]
    config = yaml.safe_load(_parts(render_user_data(group.templates[0].boot, FACTS))[0])
    path, value = mistake
    *sections, key = path.split(".")
    place = config["spec"]
    for section in sections:
        place = place[section]
    place[key] = value
    with pytest.raises(jsonschema.ValidationError, match=says):
        jsonschema.validate(config, schema)


def test_the_kubelet_pulls_what_replicas_run_before_it_has_a_network(
    node: tuple[str, NodeGroupPlan, TemplatePlan],
    plan_of: Callable[..., Plan],
    keys_of: Callable[[str], Keys],
) -> None:
    name, _, template = node
    config, scripts = _parts(render_user_data(template.boot, FACTS))
    folder = yaml.safe_load(config)["spec"]["kubelet"]["config"]["staticPodPath"]
    assert f"{folder}/engine-image.json" in scripts
    pod = json.loads(_file(scripts, "engine-image.json"))
    kubernetes_validate.validate(pod, "1.35", strict=True)
    spec = pod["spec"]
    assert spec["hostNetwork"]
    (container,) = spec["containers"]
    pool = next(row[0] for nodes, row in NODES.items() if name.startswith(nodes))
    images = {m.image for m in plan_of(keys_of("prod")).models if m.pool == pool}
    assert images == {container["image"]}


@pytest.mark.parametrize(("kind", "early"), [("r8g.large", 0), ("r8g.xlarge", 1)])
def test_where_images_come_one_at_a_time_the_network_plug_in_is_not_kept_waiting(
    kind: str,
    early: int,
    keys_of: Callable[[str], Keys],
    plan_of: Callable[[Mapping[str, Any]], Plan],
) -> None:
    keys = keys_of("dev")
    (pool,), (model,) = keys["pools"].values(), keys["models"].values()
    pool["instanceTypes"] = [kind]
    model |= {"huggingFaceId": SMALL, "revision": model_facts(SMALL).revision}
    for group in plan_of(keys).node_groups_by_pool["graviton4"]:
        for template in group.templates:
            assert template.boot.kubelet.parallel_image_pulls == bool(early)
            assert (template.boot.pulled_image is not None) == bool(early)


def test_system_nodes_have_no_cache(
    keys_of: Callable[[str], Keys], plan_of: Callable[[Mapping[str, Any]], Plan]
) -> None:
    (group,) = plan_of(keys_of("prod")).node_groups_by_pool["system"]
    message = email.message_from_string(render_user_data(group.templates[0].boot, FACTS))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "application/node.eks.aws",
    ]


def test_the_units_are_ones_that_systemd_takes(
    tmp_path: Path, keys_of: Callable[[str], Keys], plan_of: Callable[[Mapping[str, Any]], Plan]
) -> None:
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        pytest.skip("systemd-analyze is not installed")
    units = _units(plan_of(keys_of("prod")))
    for name in ("tokenfleet-cache.service", "tokenfleet-models.service"):
        # The scripts are where the boot script will put them: a copy of the unit names ours.
        text = _file(units, name).replace("/usr/local/libexec/tokenfleet", str(tmp_path))
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in ("model-cache", "model-loader"):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    verified = _verify(analyze, tmp_path)
    assert (verified.returncode, verified.stderr) == (0, "")
    unit = tmp_path / "tokenfleet-cache.service"
    unit.write_text(unit.read_text().replace("Type=oneshot", "Type=onshot"), encoding="utf-8")
    assert "onshot" in _verify(analyze, tmp_path).stderr


def test_the_boot_script_is_sound(
    root: Path,
    tmp_path: Path,
    keys_of: Callable[[str], Keys],
    plan_of: Callable[[Mapping[str, Any]], Plan],
) -> None:
    script = tmp_path / "boot"
    script.write_text(_units(plan_of(keys_of("prod"))), encoding="utf-8")
    shellcheck = root / ".venv" / "bin" / "shellcheck"
    checked = subprocess.run(
        [shutil.which("shellcheck") or shellcheck, script],
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.stdout == ""


def test_the_scripts_arrive_as_they_are(
    root: Path, keys_of: Callable[[str], Keys], plan_of: Callable[[Mapping[str, Any]], Plan]
) -> None:
    units = _units(plan_of(keys_of("prod")))
    for name in ("model-cache", "model-loader"):
        assert _file(units, name) == (root / "userdata" / name).read_text(encoding="utf-8")


def _units(plan: Plan) -> str:
    group = plan.node_groups_by_pool["inferentia2"][0]
    return _parts(render_user_data(group.templates[0].boot, FACTS))[1]


def _verify(analyze: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", *folder.glob("*.service")],
        check=False,
        capture_output=True,
        text=True,
        env={"SYSTEMD_UNIT_PATH": f"{folder}:", "SYSTEMD_LOG_COLOR": "0"},
    )


def _parts(user_data: str) -> tuple[str, str]:
    """The NodeConfig and the script, as a reader of MIME finds them."""
    message = email.message_from_string(user_data)
    assert not message.defects
    parts = [part for part in message.walk() if not part.is_multipart()]
    kinds = [part.get_content_type() for part in parts]
    assert kinds == ["application/node.eks.aws", "text/x-shellscript", "text/x-shellscript"]
    config, *scripts = (str(part.get_payload()) for part in parts)
    return config, "".join(scripts)


def _file(script: str, name: str) -> str:
    """What the script writes into a file of that name."""
    _, _, rest = script.partition(f"{name} <<'END_OF_FILE'\n")
    assert rest, f"nothing is written into {name}"
    return rest.partition("END_OF_FILE\n")[0]
