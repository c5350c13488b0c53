"""A fleet that follows its load keeps its promise at the mean of it, and still does with what "saves" offers."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.economics.stacks import plan_of
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import StackCost, stack_cost
from tokenfleet.estimate.load.refused import MOST_REFUSED

Keys = dict[str, Any]

# What serves and what, and around which load a few replicas of it are needed: the loads tried are
# a tenth of it to ten times as much.
KINDS: Mapping[str, tuple[str, list[str], str, Keys]] = {
    "a small model on CPUs": (
        "graviton4",
        ["c8gd.4xlarge"],
        "Qwen/Qwen3-4B-Instruct-2507",
        {"requestsPerSecond": 0.3, "inputTokens": 512, "outputTokens": 256},
    ),
    "a larger one": (
        "graviton4",
        ["c8gd.8xlarge"],
        "Qwen/Qwen3-8B",
        {"requestsPerSecond": 0.5, "inputTokens": 800, "outputTokens": 250},
    ),
    "experts on an H100": (
        "h100",
        ["p5.4xlarge"],
        "openai/gpt-oss-120b",
        {"requestsPerSecond": 10, "inputTokens": 2000, "outputTokens": 400},
    ),
    "four small GPUs": (
        "l4",
        ["g6.12xlarge"],
        "Qwen/Qwen3-32B",
        {"requestsPerSecond": 1, "inputTokens": 800, "outputTokens": 250},
    ),
    "Neuron": (
        "inferentia2",
        ["inf2.8xlarge"],
        "Qwen/Qwen2.5-7B-Instruct",
        {"requestsPerSecond": 1, "inputTokens": 800, "outputTokens": 250},
    ),
    "long prompts, short answers": (
        "h100",
        ["p5.4xlarge"],
        "Qwen/Qwen3-8B",
        {"requestsPerSecond": 20, "inputTokens": 4000, "outputTokens": 2},
    ),
    "prompts that begin alike": (
        "h100",
        ["p5.4xlarge"],
        "Qwen/Qwen3-8B",
        {"requestsPerSecond": 20, "inputTokens": 4000, "outputTokens": 100, "cachedShare": 0.8},
    ),
    "vectors": (
        "l4",
        ["g6.xlarge"],
        "Qwen/Qwen3-Embedding-0.6B",
        {"requestsPerSecond": 100, "inputTokens": 500},
    ),
}
NO_TEXT = {"vectors"}
MOST = 1000
REVISION = "b968826d9c46dd6066d109eabc6255188de91218"


def _priced(name: str, times: float, objective: Mapping[str, int]) -> StackCost:
    hardware, types, model, traffic = KINDS[name]
    load = times * traffic["requestsPerSecond"]

    def edit(keys: Keys) -> None:
        keys["pools"] = {
            "pool": {
                "hardware": hardware,
                "instanceTypes": types,
                "tiers": {"on-demand": {"max": MOST}},
            }
        }
        keys["models"] = {
            "model": {
                "huggingFaceId": model,
                "revision": REVISION,
                "pool": "pool",
                "contextLength": 8192,
                "replicas": {"min": 1, "max": MOST},
                "objective": objective,
                "traffic": {**traffic, "requestsPerSecond": load},
            }
        }
        del keys["cost"]

    return stack_cost(plan_of("prod", edit), WhatIf(), curves=False)


def _missing_a_promise_that_can_be_kept(cost: StackCost) -> list[str]:
    """Not where no number of replicas keeps it, or more than there may be; what finds no room waits for nothing."""
    (model,) = cost.models
    if model.misses or model.replicas == MOST:
        return []
    return [
        f"{each.problem}: {each.way_out}"
        for each in cost.verdicts
        if each.judged == "objective" or (each.judged == "load" and each.fails)
    ]


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=8)
@given(st.floats(0.1, 10), st.integers(200, 30_000), st.integers(20, 3000))
def test_replicas_that_follow_the_mean_load_keep_the_promise_at_it(
    name: str, times: float, ttft: int, itl: int
) -> None:
    objective = {"ttftP99Ms": ttft} | ({} if name in NO_TEXT else {"itlP99Ms": itl})
    assert not _missing_a_promise_that_can_be_kept(_priced(name, times, objective))


# Promises that take more replicas than the load alone.
BRISK: Mapping[str, tuple[str, float, Mapping[str, int]]] = {
    "first tokens on CPUs": ("a larger one", 1, {"ttftP99Ms": 10_000, "itlP99Ms": 1500}),
    "and on smaller ones": ("a small model on CPUs", 3, {"ttftP99Ms": 6000, "itlP99Ms": 2000}),
    "tokens on small GPUs": ("four small GPUs", 1, {"ttftP99Ms": 2000, "itlP99Ms": 250}),
    "tokens that a prompt holds up thrice as long": (
        "four small GPUs",
        1,
        {"ttftP99Ms": 2000, "itlP99Ms": 200},
    ),
    "first tokens on them": ("four small GPUs", 3, {"ttftP99Ms": 1200, "itlP99Ms": 3000}),
    "tokens of experts": ("experts on an H100", 3, {"ttftP99Ms": 3000, "itlP99Ms": 30}),
    "short answers": ("long prompts, short answers", 5, {"ttftP99Ms": 800, "itlP99Ms": 500}),
    "vectors soon": ("vectors", 10, {"ttftP99Ms": 100}),
}


@pytest.mark.parametrize("row", BRISK.values(), ids=list(BRISK))
def test_whoever_takes_what_is_offered_pays_less_and_keeps_the_new_promise(
    row: tuple[str, float, Mapping[str, int]],
) -> None:
    name, times, objective = row
    before = _priced(name, times, objective)
    (saving,) = before.savings
    after = _priced(name, times, {**objective, saving.key: saving.milliseconds})
    assert not _missing_a_promise_that_can_be_kept(after)
    assert before.models[0].replicas - after.models[0].replicas == saving.fewer > 0
    refused = before.models[0].refused
    assert after.models[0].refused <= max(MOST_REFUSED, refused)
    found = before.bill.usd_per_month.expected - after.bill.usd_per_month.expected
    assert found == pytest.approx(saving.usd_per_month)
