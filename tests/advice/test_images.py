"""Machine images that the stack file gives: what of them keeps nodes from starting."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.advice.test_advice import unknown
from tokenfleet.advice.images import image_findings, image_ids
from tokenfleet.aws.advice.facts import MachineImage
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
PlanOf = Callable[[Mapping[str, Any]], Plan]
IMAGE, OTHER = "ami-0123456789abcdef0", "ami-0fedcba9876543210"
MODEL = "Qwen/Qwen3-8B/b968826d9c46dd6066d109eabc6255188de91218"
ENGINE = f"{engines()['vllm-cpu'].image}@sha256:{'1' * 64}"
BAKED: Keys = {"imageId": IMAGE, "engineImage": ENGINE, "weights": [MODEL]}
GOOD = MachineImage(
    architecture="arm64", state="available", gib_by_device={"/dev/xvda": 70, "/dev/xvdb": 33}
)
KEY = "pools.graviton4.baked.imageId"

# what the account says of the image; level, problem, and a part of the way out
ROWS: Mapping[str, tuple[MachineImage | None, str, str, str]] = {
    "not there": (None, "blocks", f"there is no image {IMAGE} in us-east-1", "tokenfleet bake dev graviton4, or have its owner share it"),
    "of another architecture": (replace(GOOD, architecture="x86_64"), "blocks", "is for x86_64, its nodes are arm64", "tokenfleet bake dev graviton4"),
    "not ready": (replace(GOOD, state="pending"), "blocks", "is pending, not available", "tokenfleet bake"),
    "larger than nodes": (replace(GOOD, gib_by_device={"/dev/xvda": 80}), "blocks", "has 80 GiB on /dev/xvda, and nodes have 70", "tokenfleet bake"),
    "more weights than room": (replace(GOOD, gib_by_device={"/dev/xvda": 70, "/dev/xvdb": 99}), "blocks", "has 99 GiB on /dev/xvdb", "tokenfleet bake"),
    "without its weights": (replace(GOOD, gib_by_device={"/dev/xvda": 70}), "warns", "has no second volume", "--weights, or leave baked.weights out"),
}  # fmt: skip


@pytest.fixture
def plan(keys_of: Callable[[str], Keys], plan_of: PlanOf) -> Plan:
    """A plan whose pool starts from a baked image."""
    keys = keys_of("prod")
    keys["pools"]["graviton4"]["baked"] = BAKED
    return plan_of(keys)


@pytest.mark.parametrize(("image", "level", "problem", "change"), ROWS.values(), ids=ROWS)
def test_an_image_that_nodes_cannot_start_from_is_found(
    image: MachineImage | None, level: str, problem: str, change: str, plan: Plan
) -> None:
    answers = replace(unknown(), images={} if image is None else {IMAGE: image})
    (found,) = image_findings(plan, answers)
    assert (found.level, found.about) == (level, KEY)
    assert problem in found.problem
    assert change in found.change


def test_a_good_image_and_one_that_could_not_be_asked_about_are_no_finding(plan: Plan) -> None:
    assert not [*image_findings(plan, replace(unknown(), images={IMAGE: GOOD}))]
    assert not [*image_findings(plan, unknown())]


def test_images_of_eks_are_not_asked_about_and_given_ones_by_their_key(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("prod")
    assert image_ids(plan_of(keys)) == []
    keys["pools"]["graviton4"]["imageId"] = IMAGE
    keys["cluster"]["systemNodes"]["imageId"] = OTHER
    plan = plan_of(keys)
    assert image_ids(plan) == [IMAGE, OTHER]
    findings = [*image_findings(plan, replace(unknown(), images={}))]
    assert {found.about for found in findings} == {
        "pools.graviton4.imageId",
        "cluster.systemNodes.imageId",
    }
    assert all("the pinned release of EKS" in found.change for found in findings)
