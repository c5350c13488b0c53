"""Mistakes in what nodes reveal, register and are tagged with."""

import base64
import gzip
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.policies.planting import (
    Plant,
    Planted,
    assert_reported_alone,
    changed,
    edited,
    pick,
    replaced,
    reported,
)
from tokenfleet.recording.recorded import Recording

AUTOSCALER = "k8s.io/cluster-autoscaler"
NODE_TEMPLATE = f"{AUTOSCALER}/node-template"
GROUP = ":Group::*-inferentia2-on-demand-group"
TEMPLATE = ":LaunchTemplate::*-inferentia2-on-demand-volume-template"
SYSTEM_GROUP = ":Group::*-system-group-group"
SYSTEM_TEMPLATE = ":LaunchTemplate::*-system-group-volume-template"
AWS = "pulumi:providers:aws::*"
OURS = {"tokenfleet:project": "tokenfleet", "tokenfleet:stack": "prod"}

Tags = list[dict[str, Any]]


def tags_of(pattern: str, edit: Callable[[Tags], Tags]) -> Plant:
    """The tags of a group, edited."""
    return edited(pattern, ("tags",), edit)


def without_tag(key: str, pattern: str = GROUP) -> Plant:
    """A group that lost a tag."""
    return tags_of(pattern, lambda tags: [tag for tag in tags if tag["key"] != key])


def with_tag(key: str, value: str) -> Plant:
    """A group with one more tag."""
    return tags_of(GROUP, lambda tags: [*tags, {"key": key, "value": value}])


def retagged(key: str, value: str) -> Plant:
    """A group with another value for a tag."""
    return tags_of(
        GROUP, lambda tags: [t | {"value": value} if t["key"] == key else t for t in tags]
    )


def in_user_data(old: str, new: str) -> Plant:
    """User data with one text in place of another."""

    def edit(user_data: str) -> str:
        text = gzip.decompress(base64.b64decode(user_data)).decode()
        assert old in text
        return base64.b64encode(gzip.compress(text.replace(old, new).encode())).decode()

    return edited(TEMPLATE, ("userData",), edit)


def metadata(option: str, to: object) -> Planted:
    """A node that hands its role to its pods."""
    plant = changed(TEMPLATE, "metadataOptions", option, to=to)
    return Planted(plant=plant, rule="imds-v2", on=TEMPLATE, says="hop limit of 1")


def scaling(plant: Plant, says: str) -> Planted:
    """A group that an autoscaler would misjudge while it is empty."""
    return Planted(plant=plant, rule="scale-from-zero", on=GROUP, says=says)


def untagged(plant: Plant, on: str, says: str) -> Planted:
    """Something that costs money without saying whose it is."""
    return Planted(plant=plant, rule="tagged", on=on, says=says)


MISTAKES: Mapping[str, Planted] = {
    "tokens optional": metadata("httpTokens", to="optional"),
    "tokens not mentioned": metadata("httpTokens", to=...),
    "two hops": metadata("httpPutResponseHopLimit", to=2),
    "hops not mentioned": metadata("httpPutResponseHopLimit", to=...),
    "no metadata options": Planted(
        plant=changed(TEMPLATE, "metadataOptions", to=...), rule="imds-v2", on=TEMPLATE, says="must"
    ),
    "no cpu": scaling(without_tag(f"{NODE_TEMPLATE}/resources/cpu"), "resources/cpu"),
    "no memory": scaling(without_tag(f"{NODE_TEMPLATE}/resources/memory"), "resources/memory"),
    "no disk": scaling(
        without_tag(f"{NODE_TEMPLATE}/resources/ephemeral-storage"), "resources/ephemeral-storage"
    ),
    "devices that are not promised": scaling(
        without_tag(f"{NODE_TEMPLATE}/resources/aws.amazon.com/neuron"), "aws.amazon.com/neuron"
    ),
    "group the autoscaler does not know": scaling(
        without_tag(f"{AUTOSCALER}/enabled"), "cluster-autoscaler/enabled=true"
    ),
    "user data that is not YAML": scaling(
        in_user_data("kind: NodeConfig", "kind: [NodeConfig"), "NodeConfig that can be read"
    ),
    "label without a value": scaling(
        in_user_data("--node-labels=", "--node-labels=plain,"), "label plain"
    ),
    "taint without a value": scaling(
        in_user_data('"value": "present", ', ""), "nodes register :NoSchedule"
    ),
    "no owner": scaling(without_tag(f"{AUTOSCALER}/tokenfleet-prod"), "tokenfleet-prod=owned"),
    "owner's tag with another value": scaling(
        retagged(f"{AUTOSCALER}/tokenfleet-prod", "shared"), "tokenfleet-prod=owned"
    ),
    "label that the tags do not promise": scaling(
        without_tag(f"{NODE_TEMPLATE}/label/tokenfleet.io/tier"), "the tag says None"
    ),
    "label that no node registers": scaling(
        with_tag(f"{NODE_TEMPLATE}/label/disk", "nvme"), "nodes register None"
    ),
    "label with another value on the tag": scaling(
        retagged(f"{NODE_TEMPLATE}/label/tokenfleet.io/tier", "spot"), "nodes register on-demand"
    ),
    "label with another value on the node": scaling(
        in_user_data("tier=on-demand", "tier=spot"), "nodes register spot"
    ),
    "taint that the tags do not promise": scaling(
        without_tag(f"{NODE_TEMPLATE}/taint/aws.amazon.com/neuron"), "taint aws.amazon.com/neuron"
    ),
    "taint that no node registers": scaling(
        with_tag(f"{NODE_TEMPLATE}/taint/spare", "yes:NoSchedule"), "taint spare"
    ),
    "taint with another effect on the node": scaling(
        in_user_data("NoSchedule", "NoExecute"), "nodes register present:NoExecute"
    ),
    "taint with another value on the node": scaling(
        in_user_data('"value": "present"', '"value": "yes"'), "nodes register yes:NoSchedule"
    ),
    "group without a template of this program": scaling(
        replaced(GROUP, dependencies=[]), "no launch template"
    ),
    "group without the stack's tag": untagged(
        without_tag("tokenfleet:stack"), GROUP, "its tags lack tokenfleet:stack"
    ),
    "system group without the project's tag": untagged(
        without_tag("tokenfleet:project", SYSTEM_GROUP),
        SYSTEM_GROUP,
        "its tags lack tokenfleet:project",
    ),
    "group tagged for another stack": untagged(
        retagged("tokenfleet:stack", "dev"), GROUP, "tokenfleet:stack=prod"
    ),
    "group without any tags": untagged(
        changed(SYSTEM_GROUP, "tags", to=...),
        SYSTEM_GROUP,
        "tokenfleet:project=tokenfleet, tokenfleet:stack=prod",
    ),
    "untagged volumes": untagged(
        changed(
            SYSTEM_TEMPLATE, "tagSpecifications", to=[{"resourceType": "instance", "tags": OURS}]
        ),
        SYSTEM_TEMPLATE,
        "volumes lack",
    ),
    "untagged instances": untagged(
        changed(
            SYSTEM_TEMPLATE, "tagSpecifications", to=[{"resourceType": "volume", "tags": OURS}]
        ),
        SYSTEM_TEMPLATE,
        "instances lack",
    ),
    "instances without the stack's tag": untagged(
        changed(TEMPLATE, "tagSpecifications", 0, "tags", "tokenfleet:stack", to=...),
        TEMPLATE,
        "instances lack tokenfleet:stack",
    ),
    "provider without default tags": untagged(
        changed(AWS, "defaultTags", to=...), AWS, "its default tags lack"
    ),
    "provider whose default tags lack the stack": untagged(
        changed(AWS, "defaultTags", to='{"tags": {"tokenfleet:project": "tokenfleet"}}'),
        AWS,
        "its default tags lack tokenfleet:stack",
    ),
}

HARMLESS: Mapping[str, Plant] = {
    "tags of the owner's own": with_tag("team", "platform"),
    "tags in another order": tags_of(GROUP, lambda tags: tags[::-1]),
}


@pytest.mark.parametrize("planted", [pytest.param(row, id=name) for name, row in MISTAKES.items()])
def test_a_mistake_in_a_node_is_reported_by_its_rule_alone(
    prod: Recording, planted: Planted
) -> None:
    assert_reported_alone(prod, planted)


@pytest.mark.parametrize("plant", [pytest.param(row, id=name) for name, row in HARMLESS.items()])
def test_what_agrees_with_the_nodes_is_not_reported(prod: Recording, plant: Plant) -> None:
    assert reported(plant(prod)) == []


def test_user_data_that_cannot_be_read_is_reported_once(prod: Recording) -> None:
    recording = changed(TEMPLATE, "userData", to="<secret>")(prod)
    assert reported(recording) == [("scale-from-zero", pick(recording, GROUP).urn)]
