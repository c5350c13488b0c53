"""A stack whose nodes start from a baked image, as the whole program asks for it."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.policies.rulebook import findings
from tokenfleet.recording.recorded import Mode, Recording

Keys = dict[str, Any]
Record = Callable[[Mapping[str, Any], Mode], Recording]
IMAGE, DIGEST = "ami-0123456789abcdef0", f"sha256:{'1' * 64}"
MODEL = "Qwen/Qwen3-8B/b968826d9c46dd6066d109eabc6255188de91218"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


@pytest.fixture
def baked(keys_of: Callable[[str], Keys]) -> Keys:
    keys = keys_of("prod")
    keys["pools"]["graviton4"] |= {
        "instanceTypes": ["c8gd.8xlarge", "c8g.8xlarge"],
        "baked": {
            "imageId": IMAGE,
            "engineImage": f"{engines()['vllm-cpu'].image}@{DIGEST}",
            "weights": [MODEL],
        },
    }
    return keys


def test_a_baked_stack_obeys_every_rule_and_is_previewed_whole(
    baked: Keys, recording_of: Record
) -> None:
    recording = recording_of(baked, "deployment")
    assert not findings(recording)
    previewed = recording_of(baked, "preview")
    assert {r.urn for r in previewed.resources} == {r.urn for r in recording.resources}


def test_volumes_come_from_the_image_at_the_most_that_ebs_offers(
    baked: Keys, recording_of: Record
) -> None:
    recording = recording_of(baked, "deployment")
    ours = [found for found in recording.of_type(TEMPLATE) if "-graviton4-" in found.name]
    assert {template.inputs["imageId"] for template in ours} == {IMAGE}
    devices = {
        template.name.split("-")[-2]: cast("list[Keys]", template.inputs["blockDeviceMappings"])
        for template in ours
    }
    for root, cache in devices.values():
        assert (root["deviceName"], cache["deviceName"]) == ("/dev/xvda", "/dev/xvdb")
        assert root["ebs"]["volumeInitializationRate"] == 300
        # The snapshot is the image's own: EC2 takes it where a template names the device alone.
        assert "snapshotId" not in root["ebs"]
    _, cache = devices["volume"]
    assert (cache["ebs"]["volumeInitializationRate"], cache["ebs"]["encrypted"]) == (300, "true")
    _, left_out = devices["local"]
    assert left_out == {"deviceName": "/dev/xvdb", "noDevice": "true"}


def test_nodes_of_other_pools_start_as_before(
    baked: Keys, keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    def others(keys: Keys) -> Mapping[str, object]:
        found = recording_of(keys, "deployment").of_type(TEMPLATE)
        return {t.name: t.inputs for t in found if "-graviton4-" not in t.name}

    assert others(baked) == others(keys_of("prod"))


def test_pods_ask_for_the_digest_that_was_baked(baked: Keys, recording_of: Record) -> None:
    recording = recording_of(baked, "deployment")
    (pod,) = (
        cast("Keys", found.inputs["spec"])["template"]["spec"]
        for found in recording.of_type("kubernetes:apps/v1:Deployment")
        if "qwen3-8b" in found.name
    )
    images = {each["image"] for each in [*pod["initContainers"], *pod["containers"]]}
    assert all(image.endswith(f"@{DIGEST}") for image in images)
    policies = {each.get("imagePullPolicy", "IfNotPresent") for each in pod["containers"]}
    assert policies == {"IfNotPresent"}
