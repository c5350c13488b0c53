"""Local disks against the models of their pool: which pools are refused, and what is said."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import decide

Keys = dict[str, Any]
SIX = [
    "Qwen/Qwen3-14B",
    "Qwen/Qwen3-30B-A3B-Instruct-2507-FP8",
    "Qwen/Qwen3-32B-FP8",
    "Qwen/Qwen3-8B",
    "google/gemma-3-12b-it",
    "microsoft/phi-4",
]
SMALL = ["Qwen/Qwen3-0.6B"]

# id: (hardware, instance types, models), parts of what is said of types by their place.
#
# 29.5 + 31.2 + 34.3 + 16.4 + 24.4 + 29.3 GB = 165.1, + 34.3 for the next revision of the largest, x 1.05 = 209.4
# in whole GiB = 210.5; + 60 for images and pods, / 0.9 = 301 GB.
ROWS: Mapping[str, tuple[tuple[str, Sequence[str], Sequence[str]], Mapping[int, Sequence[str]]]] = {
    "six models on 250 GB": (
        ("l40s", ["g6e.xlarge"], SIX),
        {0: ["has 250 GB", "need 301", "model-2 34.3", "Use g6e.2xlarge (450 GB)"]},
    ),
    "six models on 450 GB": (("l40s", ["g6e.2xlarge"], SIX), {}),
    "five of them on 250 GB": (("l40s", ["g6e.xlarge"], SIX[1:]), {0: ["need 266"]}),
    "four of them on 250 GB": (("l40s", ["g6e.xlarge"], SIX[2:]), {}),
    "only the type that is too small": (
        ("l40s", ["g6e.2xlarge", "g6e.xlarge"], SIX),
        {1: ["has 250 GB"]},
    ),
    "images and pods alone are too much": (
        ("graviton4", ["r8gd.medium"], SMALL),
        {0: ["has 59 GB", "Use r8g.medium (a volume as large as needed)"]},
    ),
    "a volume is made as large as needed": (("graviton4", ["r8g.medium"], SMALL), {}),
}


@pytest.mark.parametrize(("pool", "refused"), ROWS.values(), ids=list(ROWS))
def test_local_disks_that_cannot_hold_the_models_of_their_pool_are_refused(
    pool: tuple[str, Sequence[str], Sequence[str]],
    refused: Mapping[int, Sequence[str]],
    keys_of: Callable[[str], Keys],
    root: Path,
) -> None:
    problems = _problems(_keys(keys_of("dev"), *pool), root)
    assert problems.keys() == {f"pools.shared.instanceTypes[{index}]" for index in refused}
    for index, parts in refused.items():
        problem = problems[f"pools.shared.instanceTypes[{index}]"]
        assert [part for part in parts if part not in problem] == []


def test_models_of_another_pool_take_no_room(keys_of: Callable[[str], Keys], root: Path) -> None:
    keys = _keys(keys_of("dev"), "l40s", ["g6e.xlarge"], SIX)
    keys["pools"]["other"] = keys["pools"]["shared"]
    for name in list(keys["models"])[:3]:
        keys["models"][name]["pool"] = "other"
    assert _problems(keys, root) == {}


def test_what_is_not_known_of_one_model_hides_nothing_of_the_others(
    keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = _keys(keys_of("dev"), "l40s", ["g6e.xlarge"], [*SIX, "Qwen/Qwen3-999B"])
    problems = _problems(keys, root)
    assert "need 301" in problems["pools.shared.instanceTypes[0]"]
    assert "models.model-6.huggingFaceId" in problems


@pytest.mark.parametrize("region", [..., "us-east-9"])
def test_without_a_region_there_still_is_a_way_out(
    region: object, keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = _keys(keys_of("dev"), "l40s", ["g6e.xlarge"], SIX)
    keys.pop("region")
    if region is not ...:
        keys["region"] = region
    assert "Use g6e.2xlarge" in _problems(keys, root)["pools.shared.instanceTypes[0]"]


def _keys(keys: Keys, hardware: str, types: Sequence[str], models: Sequence[str]) -> Keys:
    """The dev stack with one pool that serves those models."""
    tiers = {"spot": {"max": 9}}
    keys["pools"] = {"shared": {"hardware": hardware, "instanceTypes": types, "tiers": tiers}}
    keys["models"] = {
        f"model-{number}": {
            "huggingFaceId": name,
            "revision": "0" * 40,
            "pool": "shared",
            "contextLength": 1024,
            "replicas": {"max": 1},
        }
        for number, name in enumerate(models)
    }
    return keys


def _problems(keys: Keys, root: Path) -> Mapping[str, str]:
    try:
        decide(keys, "dev", root)
    except StackError as error:
        return {mistake.path: mistake.problem for mistake in error.mistakes}
    return {}
