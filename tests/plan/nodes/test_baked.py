"""Nodes that start from a baked image find what is on it, and pull and format nothing."""

import email
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema  # pyright: ignore[reportMissingTypeStubs] - it ships none
import pytest
import yaml

from tests.plan.nodes.test_user_data import FACTS, GOLDEN, LIMIT, schema
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.plan.nodes.groups import TemplatePlan
from tokenfleet.plan.nodes.user_data import packed, render_user_data
from tokenfleet.plan.stack import Plan

__all__ = ["schema"]  # a fixture

Keys = dict[str, Any]
MODEL = "Qwen/Qwen3-8B/b968826d9c46dd6066d109eabc6255188de91218"
DIGEST = f"sha256:{'1' * 64}"
BAKED: Keys = {
    "imageId": "ami-0123456789abcdef0",
    "engineImage": f"{engines()['vllm-cpu'].image}@{DIGEST}",
}
WITH_WEIGHTS = BAKED | {"weights": [MODEL]}
LOCAL, VOLUME = "c8gd.8xlarge", "c8g.8xlarge"


@pytest.fixture
def templates(
    keys_of: Callable[[str], Keys], plan_of: Callable[[Mapping[str, Any]], Plan]
) -> Callable[[Keys | None], tuple[TemplatePlan, TemplatePlan]]:
    """The templates of nodes with local disks and of those without, by what is baked."""

    def planned(baked: Keys | None) -> tuple[TemplatePlan, TemplatePlan]:
        keys = keys_of("prod")
        keys["pools"]["graviton4"] |= {"instanceTypes": [LOCAL, VOLUME], "baked": baked}
        group, *_ = plan_of(keys).node_groups_by_pool["graviton4"]
        return group.template_of(LOCAL), group.template_of(VOLUME)

    return planned


Templates = Callable[[Keys | None], tuple[TemplatePlan, TemplatePlan]]


def test_nodes_start_from_the_baked_image_and_pods_ask_for_what_is_on_it(
    keys_of: Callable[[str], Keys], plan_of: Callable[[Mapping[str, Any]], Plan]
) -> None:
    keys = keys_of("prod")
    keys["pools"]["graviton4"]["baked"] = BAKED
    plan = plan_of(keys)
    assert {g.image.given_id for g in plan.node_groups_by_pool["graviton4"]} == {BAKED["imageId"]}
    (model,) = (model for model in plan.models if model.pool == "graviton4")
    assert model.image == f"{engines()['vllm-cpu'].image}@{DIGEST}"
    (pull,) = (pull for pull in plan.pulls if pull.name == engines()["vllm-cpu"].image)
    assert (pull.digest, pull.given_by) == (DIGEST, "stack file")
    for group in plan.node_groups_by_pool["graviton4"]:
        assert {template.boot.baked_image for template in group.templates} == {model.image}


@pytest.mark.parametrize("kind", ["local", "volume"])
def test_nodes_start_as_agreed(
    kind: str, templates: Templates, pytestconfig: pytest.Config
) -> None:
    (template,) = (found for found in templates(BAKED) if found.role == kind)
    config = _part(template, "node.eks.aws/v1alpha1")
    text = f"{config}\n{_part(template, 'tokenfleet-baked.service')}"
    agreed = GOLDEN / f"graviton4-baked-{kind}-spot.txt"
    if pytestconfig.getoption("--write-golden"):
        agreed.write_text(text, encoding="utf-8")
    assert text == agreed.read_text(encoding="utf-8")


def test_the_store_stays_on_the_root_volume_where_local_disks_would_hide_it(
    templates: Templates, schema: Mapping[str, Any]
) -> None:
    for template in templates(BAKED):
        config = yaml.safe_load(_part(template, "node.eks.aws/v1alpha1"))
        jsonschema.validate(config, schema)
        storage = config["spec"]["instance"].get("localStorage", {})
        assert storage.get("disabledMounts", []) == (["Containerd"] if storage else [])
        assert config["spec"]["featureGates"] == {}


@pytest.mark.parametrize("baked", [BAKED, WITH_WEIGHTS], ids=["engine", "engine and weights"])
def test_only_what_is_baked_is_initialized_and_nothing_is_smaller_than_before(
    templates: Templates, baked: Keys
) -> None:
    local, volume = templates(baked)
    _, plain = templates(None)
    for disks in (local.disks, volume.disks):
        assert disks.root.initialization_mib_per_second == 300
        assert disks.root.size_gib == plain.disks.root.size_gib
    assert plain.disks.cache is not None
    rate = 300 if baked is WITH_WEIGHTS else None
    assert volume.disks.cache == replace(plain.disks.cache, initialization_mib_per_second=rate)
    # The volume of weights comes with the image: nodes with disks of their own start without it.
    assert local.disks.leaves_weights_out == (baked is WITH_WEIGHTS)
    assert not volume.disks.leaves_weights_out


def test_a_node_looks_whether_the_image_came_before_the_kubelet_asks(
    templates: Templates,
) -> None:
    for template in templates(BAKED):
        unit = _part(template, "tokenfleet-baked.service")
        started = f"/usr/local/libexec/tokenfleet/baked-image {template.boot.baked_image}\n"
        assert f"ExecStart={started}" in unit
        assert "WantedBy=containerd.service" in unit
        assert len(packed(render_user_data(template.boot, FACTS))) < LIMIT
    for template in templates(None):
        assert "baked" not in render_user_data(template.boot, FACTS)


def test_a_node_that_waits_stopped_pulls_nothing_that_is_baked(
    keys_of: Callable[[str], Keys], plan_of: Callable[[Mapping[str, Any]], Plan]
) -> None:
    def images(baked: Keys | None) -> Sequence[str]:
        keys = keys_of("prod")
        keys["pools"]["graviton4"] |= {"instanceTypes": [VOLUME], "baked": baked}
        keys["pools"]["graviton4"]["tiers"]["on-demand"]["warmNodes"] = 1
        groups = plan_of(keys).node_groups_by_pool["graviton4"]
        (warm,) = (group.warm_pool for group in groups if group.warm_pool)
        return warm.boot.images

    assert images(BAKED) == []
    assert len(images(None)) == 1


def test_the_boot_script_is_sound_and_brings_the_script_as_it_is(
    templates: Templates, root: Path, tmp_path: Path
) -> None:
    text = _part(templates(BAKED)[0], "tokenfleet-baked.service")
    assert (root / "userdata" / "baked-image").read_text(encoding="utf-8") in text
    boot = tmp_path / "boot"
    boot.write_text(text, encoding="utf-8")
    shellcheck = shutil.which("shellcheck") or root / ".venv" / "bin" / "shellcheck"
    checked = subprocess.run([shellcheck, boot], check=False, capture_output=True, text=True)
    assert checked.stdout == ""


def _part(template: TemplatePlan, mark: str) -> str:
    """The one part of the user data that holds a text, as a reader of MIME finds it."""
    message = email.message_from_string(render_user_data(template.boot, FACTS))
    assert not message.defects
    parts = [str(part.get_payload()) for part in message.walk() if not part.is_multipart()]
    (found,) = (part for part in parts if mark in part)
    return found
