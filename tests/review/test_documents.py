"""What a recorded value means, however it is written: the same thing is no difference."""

import base64
import copy
import gzip
import json
import random
from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.review.states import state_of
from tokenfleet.review.changes import resource_changes
from tokenfleet.review.differences import differences
from tokenfleet.review.documents import opened

FLAGS = st.dictionaries(
    st.from_regex(r"--[a-z][a-z-]{0,8}[a-z]", fullmatch=True),
    st.from_regex(r"[a-z0-9/.:]{1,12}", fullmatch=True),
    min_size=1,
    max_size=6,
)
TEXT = st.text(max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
# Lists whose order means nothing to AWS or Kubernetes, by the property that has them.
UNORDERED: Mapping[str, list[object]] = {
    "securityGroupIds": ["sg-1", "sg-2", "sg-3"],
    "subnetIds": ["subnet-1", "subnet-2", "subnet-3"],
    "vpcZoneIdentifiers": ["subnet-1", "subnet-2"],
    "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}],
    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C"}],
    "volumeMounts": [{"mountPath": "/a", "name": "x"}, {"mountPath": "/b", "name": "x"}],
    "tolerations": [{"key": "a", "operator": "Exists"}, {"operator": "Exists"}],
    "tagSpecifications": [{"resourceType": "instance"}, {"resourceType": "volume"}],
    "policy.Statement": [
        {"Sid": "A", "Effect": "Allow", "Action": ["s3:Get", "s3:List"]},
        {"Sid": "B", "Effect": "Deny", "Action": "s3:Put"},
    ],
    "policy.Action": ["s3:Get", "s3:List", "s3:Put"],
}
ORDERED: Mapping[str, list[object]] = {
    "overrides": [{"instanceType": "c8g.large"}, {"instanceType": "m8g.large"}],
    "initContainers": [{"name": "a"}, {"name": "b"}],
    "command": ["bash", "-c", "x"],
    "args": ["model", "other"],
}


def _same(name: str, before: object, after: object) -> bool:
    return not differences({name: before}, {name: after})


@given(FLAGS)
def test_arguments_are_the_same_with_an_equals_sign_or_a_space(flags: dict[str, str]) -> None:
    joined = [f"{flag}={value}" for flag, value in flags.items()]
    spaced = [word for flag, value in flags.items() for word in (flag, value)]
    assert _same("args", joined, spaced)


@given(FLAGS, st.randoms())
def test_the_order_of_arguments_means_nothing(flags: dict[str, str], dice: random.Random) -> None:
    words = [f"{flag}={value}" for flag, value in flags.items()]
    assert _same("args", words, dice.sample(words, len(words)))


@given(FLAGS, st.data())
def test_another_value_of_an_argument_is_found_under_its_flag(
    flags: dict[str, str], data: st.DataObject
) -> None:
    flag = data.draw(st.sampled_from(sorted(flags)))
    before, after = (
        [f"{key}={value}" for key, value in given.items()]
        for given in (flags, {**flags, flag: f"{flags[flag]}!"})
    )
    assert [each.path for each in differences({"args": before}, {"args": after})] == [
        f"args.{flag}"
    ]


@given(JSON.filter(lambda value: isinstance(value, dict | list)))
def test_a_document_in_text_is_the_same_however_it_is_laid_out(value: object) -> None:
    assert _same("policy", json.dumps(value), json.dumps(value, indent=2, sort_keys=True))


@given(TEXT, st.integers(0, 9))
def test_user_data_is_what_it_holds_packed_or_not(text: str, level: int) -> None:
    content = f"#!/bin/bash\n{text}".encode()
    plain = base64.b64encode(content).decode()
    packed = base64.b64encode(gzip.compress(content, level)).decode()
    assert _same("userData", plain, packed)
    assert opened("userData", packed) == content.decode()


@pytest.mark.parametrize("text", ["not base64!", base64.b64encode(b"\xff\xfe\x00").decode()])
def test_user_data_that_nobody_can_read_is_compared_all_the_same(text: str) -> None:
    assert not _same("userData", text, f"{text[:-4]}AAAA")


@given(JSON)
def test_a_value_differs_from_another_and_never_from_itself(value: object) -> None:
    assert _same("a", value, copy.deepcopy(value))
    # No text of the strategy is as long.
    assert not _same("a", value, "quite another")
    assert not _same("a", [value], [value, "quite another"])


@pytest.mark.parametrize("name", UNORDERED)
@given(dice=st.randoms())
def test_an_order_that_means_nothing_is_no_difference(name: str, dice: random.Random) -> None:
    entries = UNORDERED[name]
    top, _, inner = name.partition(".")
    before, after = (
        {top: json.dumps({inner: listed}) if inner else listed}
        for listed in (entries, dice.sample(entries, len(entries)))
    )
    assert differences(before, after) == []


@pytest.mark.parametrize("name", ORDERED)
def test_an_order_that_means_something_is_a_difference(name: str) -> None:
    assert not _same(name, ORDERED[name], ORDERED[name][::-1])


@pytest.mark.parametrize("name", [*UNORDERED, *ORDERED])
def test_one_entry_less_is_a_difference(name: str) -> None:
    entries = {**UNORDERED, **ORDERED}[name]
    assert not _same(name.rpartition(".")[2], entries, entries[1:])


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        (["a", "a", "b"], ["a", "b", "b"], ["securityGroupIds[]"]),
        (["a", "b"], ["a", "c"], ["securityGroupIds[]"]),
        (["a"], ["a", "b"], ["securityGroupIds"]),
    ],
)
def test_entries_count_as_often_as_they_are_there(
    before: list[str], after: list[str], paths: list[str]
) -> None:
    found = differences({"securityGroupIds": before}, {"securityGroupIds": after})
    assert [each.path for each in found] == paths


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_nothing_of_a_real_stack_differs_when_what_has_no_order_is_shuffled(stack: str) -> None:
    before = cast("list[dict[str, Any]]", state_of(stack).resources["resources"])
    after = copy.deepcopy(before)
    dice = random.Random(7)  # noqa: S311 - a seed, no secret
    shuffled = sum(_shuffle(each["inputs"], dice) for each in after)
    assert shuffled > len(after)
    assert resource_changes(before, dice.sample(after, len(after))) == []


def _shuffle(value: object, dice: random.Random) -> int:
    """Reorder keys, and lists whose order means nothing; how many."""
    done = 0
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        for key, inner in dice.sample(sorted(entries.items()), len(entries)):
            del entries[key]
            entries[key] = inner
            done += 1 + _shuffle(inner, dice)
            if isinstance(inner, list) and key in UNORDERED:
                dice.shuffle(cast("list[object]", inner))
    elif isinstance(value, list):
        done += sum(_shuffle(each, dice) for each in cast("list[object]", value))
    return done
