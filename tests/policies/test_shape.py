"""Mistakes in the shape of a program."""

import dataclasses
from collections.abc import Mapping

import pytest

from tests.policies.planting import (
    Plant,
    Planted,
    added,
    assert_reported_alone,
    changed,
    pick,
    replaced,
    reported,
)
from tokenfleet.recording.recorded import SECRET, Recording

VPC = ":Vpc::*"
NAMESPACE = ":Namespace::*"
SECRET_RESOURCE = ":Secret::*"  # noqa: S105 - a pattern of a URN
NETWORK = ":Network::*"
AWS = "pulumi:providers:aws::*"
KUBERNETES = "pulumi:providers:kubernetes::*"
STR_OF_OUTPUT = "Calling __str__ on an Output[T] is not supported."
REPR_OF_OUTPUT = "<pulumi.output.Output object at 0x7f0000000000>"


def registered_twice(pattern: str) -> Plant:
    """A second resource of the same name."""
    return lambda recording: dataclasses.replace(
        recording, duplicate_urns=[pick(recording, pattern).urn]
    )


def never_finished(pattern: str) -> Plant:
    """A component that forgets register_outputs."""

    def plant(recording: Recording) -> Recording:
        urn = pick(recording, pattern).urn
        outputs = {k: v for k, v in recording.component_outputs.items() if k != urn}
        return dataclasses.replace(recording, component_outputs=outputs)

    return plant


def below(parent: str, pattern: str) -> Plant:
    """A resource under another parent; "" stands for the stack."""

    def plant(recording: Recording) -> Recording:
        urn = pick(recording, parent).urn if parent else recording.stack_urn
        return replaced(pattern, parent=urn)(recording)

    return plant


def shapeless(plant: Plant, rule: str, on: str, says: str) -> Planted:
    """A mistake in the shape of the program."""
    return Planted(plant=plant, rule=rule, on=on, says=says)


def output_as_text(pattern: str, *path: str | int, to: object) -> Planted:
    """An input that holds the text of an Output."""
    plant = changed(pattern, *path, to=to)
    return Planted(plant=plant, rule="no-output-as-text", on=pattern, says="text of an Output")


def plain_secret(field: str, to: object) -> Planted:
    """A Kubernetes Secret that anyone who reads the state can read."""
    return Planted(
        plant=changed(SECRET_RESOURCE, field, to=to),
        rule="secrets-stay-secret",
        on=SECRET_RESOURCE,
        says=f"{field} holds plain text",
    )


MISTAKES: Mapping[str, Planted] = {
    "two resources of one name": shapeless(
        registered_twice(VPC), "unique-urns", VPC, "registered twice"
    ),
    "two components of one name": shapeless(
        registered_twice(NETWORK), "unique-urns", NETWORK, "registered twice"
    ),
    "resource at the top": shapeless(below("", VPC), "parented", VPC, "no component"),
    "resource without a parent": shapeless(
        replaced(VPC, parent=""), "parented", VPC, "no component"
    ),
    "manifest at the top": shapeless(below("", NAMESPACE), "parented", NAMESPACE, "no component"),
    "resource below a resource": shapeless(
        below(VPC, ":Subnet::*-public-*"), "parented", ":Subnet::*-public-*", "no component"
    ),
    "component below a resource": shapeless(
        below(VPC, ":Budget::*-budget"), "parented", ":Budget::*-budget", "no component"
    ),
    "component that never finishes": shapeless(
        never_finished(NETWORK), "outputs-registered", NETWORK, "register_outputs"
    ),
    "inner component that never finishes": shapeless(
        never_finished(":NodeGroup::*"), "outputs-registered", ":NodeGroup::*", "register_outputs"
    ),
    "default provider": shapeless(
        replaced(VPC, provider=""), "explicit-providers", VPC, "default provider"
    ),
    "default provider by its URN": shapeless(
        replaced(VPC, provider="urn:pulumi:prod::tokenfleet::pulumi:providers:aws::default_7_51_1"),
        "explicit-providers",
        VPC,
        "default provider",
    ),
    "default provider of a manifest": shapeless(
        replaced(NAMESPACE, provider=""), "explicit-providers", NAMESPACE, "default provider"
    ),
    "Output in a text": output_as_text(VPC, "tags", "Name", to=f"vpc of {STR_OF_OUTPUT}"),
    "Output shown in a text": output_as_text(VPC, "tags", "Name", to=REPR_OF_OUTPUT),
    "Output in a list": output_as_text(":Subnet::*", "arguments", to=[{"a": [STR_OF_OUTPUT]}]),
    "Output in a key": output_as_text(VPC, "tags", to={REPR_OF_OUTPUT: "owned"}),
    "Output in a manifest": output_as_text(":Service::*", "spec", "clusterIP", to=STR_OF_OUTPUT),
    "plain text in a Secret": plain_secret("stringData", to={"key": "hunter2"}),
    "plain base64 in a Secret": plain_secret("data", to={"key": "aHVudGVyMg=="}),
    "one plain value beside a secret one": plain_secret(
        "stringData", to={"key": SECRET, "other": "hunter2"}
    ),
}

HARMLESS: Mapping[str, Plant] = {
    "component below a component": below(NETWORK, ":Budget::*-budget"),
    "provider at the top": below("", KUBERNETES),
    "provider inside a component": below(NETWORK, AWS),
    "secret values": changed(SECRET_RESOURCE, "data", to={"key": SECRET}),
    "text about outputs": changed(VPC, "tags", "Name", to="the Output of pulumi.output"),
    "config map in plain text": added("kubernetes:core/v1:ConfigMap", data={"key": "value"}),
}


@pytest.mark.parametrize("planted", [pytest.param(row, id=name) for name, row in MISTAKES.items()])
def test_a_mistake_in_shape_is_reported_by_its_rule_alone(
    prod: Recording, planted: Planted
) -> None:
    assert_reported_alone(prod, planted)


@pytest.mark.parametrize("plant", [pytest.param(row, id=name) for name, row in HARMLESS.items()])
def test_a_program_of_good_shape_is_not_reported(prod: Recording, plant: Plant) -> None:
    assert reported(plant(prod)) == []
