"""What the engine says beside a review: it wins, and the review says so."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.review.synthetic import SUBNET, VPC, resource
from tokenfleet.review.changes import resource_changes
from tokenfleet.review.danger import Danger
from tokenfleet.review.engine import read_steps, with_engine
from tokenfleet.review.resource_change import Resource
from tokenfleet.review.revisions import RevisionError

_VPC = "urn:pulumi:dev::acme::aws:ec2/vpc:Vpc::net"
_BUCKET = "urn:pulumi:dev::acme::aws:s3/bucket:Bucket::store"


def _resource(urn: str, inputs: Mapping[str, object]) -> Resource:
    return {
        "urn": urn,
        "type": urn.split("::")[2],
        "name": urn.rpartition("::")[2],
        "isComponent": False,
        "parent": "",
        "inputs": inputs,
        "provider": "",
        "propertyDependencies": {},
        "ignoreChanges": [],
        "protect": False,
        "deleteBeforeReplace": False,
        "retainOnDelete": False,
    }


BEFORE = [_resource(_VPC, {"tags": {"team": "a"}}), _resource(_BUCKET, {"bucket": "store"})]
AFTER = [_resource(_VPC, {"tags": {"team": "b"}}), _resource(_BUCKET, {"bucket": "store"})]


@pytest.mark.parametrize(
    ("steps", "actions", "said"),
    [
        ({}, {"net": "update"}, ""),
        ({_VPC: "update"}, {"net": "update"}, ""),
        ({_VPC: "create-replacement"}, {"net": "replace"}, "engine says replace because of tags"),
        ({_VPC: "same"}, {}, ""),
        ({_BUCKET: "delete"}, {"store": "delete", "net": "update"}, "engine says delete"),
        ({"urn:pulumi:dev::acme::x::another": "delete"}, {"net": "update"}, ""),
    ],
    ids=["no steps", "agrees", "replaces", "same", "deletes", "of another program"],
)
def test_the_engine_wins_where_it_differs(
    steps: Mapping[str, str], actions: Mapping[str, str], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "engine.json"
    rows = [{"urn": urn, "op": op, "replaceReasons": ["tags"]} for urn, op in steps.items()]
    file.write_text(json.dumps({"steps": rows}), encoding="utf-8")
    ours = resource_changes(BEFORE, AFTER)
    found = with_engine(ours, read_steps(file), BEFORE, AFTER).changes
    assert {change.name: change.action for change in found} == actions
    assert any(said in line for change in found for line in change.because) == bool(said)


def test_what_the_engine_deletes_is_as_dangerous_as_what_we_find(tmp_path: Path) -> None:
    file = tmp_path / "engine.json"
    file.write_text(json.dumps({"steps": [{"urn": _BUCKET, "op": "delete"}]}), encoding="utf-8")
    first = with_engine(resource_changes(BEFORE, AFTER), read_steps(file), BEFORE, AFTER).changes[0]
    assert (first.name, first.danger) == ("store", Danger.DATA_LOSS)


def _net(cidr: str, other: str, tag: str) -> Sequence[Resource]:
    """Two networks, a subnet and what is in it, and a subnet of both whose tag changes."""
    return [
        resource("net", VPC, {"cidrBlock": cidr}),
        resource("other", VPC, {"cidrBlock": other}),
        resource("subnet", SUBNET, {"vpcId": "id-net"}, sources={"vpcId": ["net"]}),
        resource("inner", SUBNET, {"vpcId": "id-subnet"}, sources={"vpcId": ["subnet"]}),
        resource(
            "tagged",
            SUBNET,
            {"vpcId": "id-net", "tags": {"a": tag}},
            sources={"vpcId": ["net"]},
        ),
        resource(
            "both",
            SUBNET,
            {"vpcId": "id-net", "outpostArn": "id-other"},
            sources={"vpcId": ["net"], "outpostArn": ["other"]},
        ),
    ]


REPLACED = {
    "net": "replace",
    "other": "replace",
    "subnet": "replace",
    "inner": "replace",
    "tagged": "replace",
    "both": "replace",
}
SPARED = {"net": "update", "other": "replace", "tagged": "update", "both": "replace"}
FOLLOWING: Mapping[str, tuple[Mapping[str, str], Mapping[str, str], str]] = {
    "as we say": ({"net": "replace"}, REPLACED, ""),
    "updated instead": ({"net": "update"}, SPARED, "subnet, inner, tagged"),
    "not changed": (
        {"net": "same"},
        {name: action for name, action in SPARED.items() if name != "net"},
        "subnet, inner, tagged",
    ),
    "a follower by itself": (
        {"net": "update", "subnet": "replace"},
        {**SPARED, "subnet": "replace", "inner": "replace"},
        "tagged",
    ),
    "in the middle": (
        {"subnet": "same"},
        {name: action for name, action in REPLACED.items() if name not in {"subnet", "inner"}},
        "inner",
    ),
    "both causes": (
        {"net": "update", "other": "update"},
        {"net": "update", "other": "update", "tagged": "update"},
        "subnet, inner, tagged, both",
    ),
}


@pytest.mark.parametrize(("steps", "actions", "spared"), FOLLOWING.values(), ids=list(FOLLOWING))
def test_what_hangs_on_a_cause_alone_follows_what_the_engine_says_of_it(
    steps: Mapping[str, str], actions: Mapping[str, str], spared: str, tmp_path: Path
) -> None:
    before, after = _net("10.0.0.0/16", "10.2.0.0/16", "1"), _net("10.1.0.0/16", "10.3.0.0/16", "2")
    urns = {each["name"]: each["urn"] for each in before}
    file = tmp_path / "engine.json"
    rows = [{"urn": urns[name], "op": op} for name, op in steps.items()]
    file.write_text(json.dumps({"steps": rows}), encoding="utf-8")
    ours = resource_changes(before, after)
    assert {change.name: change.action for change in ours} == REPLACED
    found = with_engine(ours, read_steps(file), before, after)
    assert {change.name: change.action for change in found.changes} == actions
    gone = {name for line in found.said for name in line.rpartition(": ")[2][:-1].split(", ")}
    assert gone == {*filter(None, spared.split(", "))}
    assert all("the engine does not replace it" in line for line in found.said)
    follows = {change.follows for change in found.changes if change.follows}
    assert follows <= {change.urn for change in found.changes if change.action == "replace"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "has no list of steps"),
        ('{"steps": 3}', "has no list of steps"),
        ('{"steps": [3]}', "a step without a URN"),
        ('{"steps": [{"urn": "u", "op": "dance"}]}', "of an unknown kind: 'dance'"),
    ],
)
def test_a_file_that_is_not_the_engines_is_refused_with_the_flag(
    text: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "engine.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RevisionError, match=r"--engine-json") as refused:
        read_steps(file)
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RevisionError, match=r"--engine-json .*nothing\.json"):
        read_steps(tmp_path / "nothing.json")
