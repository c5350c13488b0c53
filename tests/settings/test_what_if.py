"""The same stack under other circumstances."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from tokenfleet.settings.stack_file import StackFile
from tokenfleet.settings.what_if import StackEdit, edited

ASSUMED = {"inputTokens": 800, "outputTokens": 250}


@pytest.fixture
def prod(stack_files: Mapping[str, StackFile]) -> Mapping[str, Any]:
    """The keys of the prod stack."""
    return stack_files["prod"].keys


def test_no_edit_changes_nothing(prod: Mapping[str, Any]) -> None:
    assert edited(prod, StackEdit()) == prod


def test_load_multiplies_every_rate_and_leaves_the_original(prod: Mapping[str, Any]) -> None:
    found: Any = edited(prod, StackEdit(load=3))
    assert found["models"]["gpt-oss-120b"]["traffic"]["requestsPerSecond"] == 12
    assert prod["models"]["gpt-oss-120b"]["traffic"]["requestsPerSecond"] == 4
    assert "traffic" not in found["models"]["qwen25-7b"]


@pytest.mark.parametrize(
    ("model", "traffic"),
    [
        ("qwen3-8b", {"requestsPerSecond": 2.0, "inputTokens": 800, "outputTokens": 250}),
        ("qwen25-7b", {"requestsPerSecond": 2.0, **ASSUMED}),
    ],
)
def test_a_rate_keeps_the_lengths_or_takes_those_assumed(
    prod: Mapping[str, Any], model: str, traffic: Mapping[str, float]
) -> None:
    edit = StackEdit(traffic_by_model={model: {"requestsPerSecond": 2.0}}, assumed_traffic=ASSUMED)
    found: Any = edited(prod, edit)
    assert found["models"][model]["traffic"] == traffic


def test_in_another_region_zones_keep_their_letters(prod: Mapping[str, Any]) -> None:
    found: Any = edited(prod, StackEdit(region="us-west-2"))
    assert found["region"] == "us-west-2"
    assert found["network"]["zones"] == ["us-west-2a", "us-west-2b", "us-west-2c"]


def test_what_exists_in_one_region_only_stays_behind(prod: Mapping[str, Any]) -> None:
    keys: Any = copy.deepcopy(dict(prod))
    keys["edge"]["certificateArn"] = "arn:aws:acm:us-east-1:111122223333:certificate/x"
    keys["cluster"]["imageCache"] = {"enabled": True}
    keys["cluster"]["systemNodes"]["imageId"] = keys["pools"]["h100"]["imageId"] = "ami-01234567"
    keys["network"]["zoneIds"] = {"us-east-1a": "use1-az1"}
    keys["pools"]["graviton4"]["baked"] = {"imageId": "ami-01234567"}
    found: Any = edited(keys, StackEdit(region="us-west-2"))
    assert "us-east-1" not in str(found)
    assert "ami-01234567" not in str(found)
    assert "zoneIds" not in str(found)
    assert "us-east-1" in str(edited(keys, StackEdit()))


def test_a_reservation_moves_with_its_region() -> None:
    tiers: Any = {"reserved": {"max": 1, "reservation": {"zone": "us-east-1b"}}}
    keys: dict[str, Any] = {
        "region": "us-east-1",
        "network": {"zones": []},
        "pools": {"a": {"tiers": tiers}},
    }
    found: Any = edited(keys, StackEdit(region="us-west-2"))
    zone = found["pools"]["a"]["tiers"]["reserved"]["reservation"]["zone"]
    assert zone == "us-west-2b"


@pytest.mark.parametrize(
    "keys",
    [{}, {"models": 3}, {"models": {"a": None}}, {"pools": []}, {"region": 1, "network": "x"}],
)
def test_what_is_malformed_is_left_to_the_checks(keys: Mapping[str, object]) -> None:
    edit = StackEdit(load=2, traffic_by_model={"a": {"inputTokens": 1}}, types_by_pool={"a": ["b"]})
    assert edited(keys, edit) == keys
