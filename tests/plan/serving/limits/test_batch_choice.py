"""What a step takes in serves most within the objective, and the plan says so."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.edits import Edit, put
from tokenfleet.counted import three_digits
from tokenfleet.estimate.load.carried import StepLimits, carried, limited
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.plan.serving.limits.batch_choice import BATCHED_TOKENS_FLAG, promised
from tokenfleet.plan.serving.limits.expected import expected_shape
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.serving.planned import server_of
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
PlanOf = Callable[[Keys], Plan]
H100 = "models.gpt-oss-120b"
OBJECTIVE, ARGUMENTS = f"{H100}.objective", f"{H100}.engineArguments"
LAX = {"ttftP99Ms": 60_000, "itlP99Ms": 20_000}
BRISK = {"ttftP99Ms": 2000, "itlP99Ms": 60}
DEFAULT = 8192


@pytest.fixture
def on_h100(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> Callable[..., tuple[Plan, ModelPlan]]:
    """The prod stack after some edits, and its model on an H100."""

    def plan(*edits: Edit) -> tuple[Plan, ModelPlan]:
        keys = keys_of("prod")
        for edit in edits:
            edit(keys)
        made = plan_of(keys)
        return made, next(each for each in made.models if each.name == "gpt-oss-120b")

    return plan


def _saturation(plan: Plan, model: ModelPlan) -> Saturation:
    (pool,) = (each for each in plan.pools if each.name == model.pool)
    assert model.traffic
    shape = expected_shape(model.traffic, model.task)
    return server_of(model, pool).saturation(model.batch, shape)


OnH100 = Callable[..., tuple[Plan, ModelPlan]]


def test_smaller_steps_serve_more_within_a_brisk_promise_and_the_plan_says_how_much(
    on_h100: OnH100,
) -> None:
    plan, model = on_h100(put(OBJECTIVE, BRISK))
    assert 256 <= model.batch.prompt_tokens < DEFAULT
    most, objective = _saturation(plan, model), promised(model.objective)
    default = limited(most, StepLimits(tokens=DEFAULT, sequences=model.batch.sequences))
    now, then = carried(most, objective), carried(default, objective)
    assert isinstance(now, float)
    found = re.fullmatch(
        r"carries ([\d.]+) requests/s within itlP99Ms 60; 8,192 would carry ([\d.]+|none)",
        model.batch.prompt_tokens_reason,
    )
    assert found
    assert float(found[1]) == pytest.approx(now, rel=0.01)
    assert found[2] == ("none" if isinstance(then, str) else three_digits(then))


def test_a_lax_promise_leaves_the_engines_default(on_h100: OnH100) -> None:
    plan, model = on_h100(put(OBJECTIVE, LAX))
    carries = carried(_saturation(plan, model), promised(model.objective))
    assert isinstance(carries, float)
    assert (model.batch.prompt_tokens, model.batch.prompt_tokens_reason) == (
        DEFAULT,
        f"the engine's default: carries {three_digits(carries)} requests/s within the objective",
    )


# id: edits; prompt tokens of a step where they are certain, and what is said of them.
ROWS: Mapping[str, tuple[list[Edit], int | None, str]] = {
    "the user's own": (
        [put(OBJECTIVE, BRISK), put(ARGUMENTS, {BATCHED_TOKENS_FLAG: 4096})],
        4096,
        "max-num-batched-tokens in the stack file",
    ),
    "the user's own, as text": (
        [put(OBJECTIVE, BRISK), put(ARGUMENTS, {BATCHED_TOKENS_FLAG: "4096"})],
        4096,
        "max-num-batched-tokens in the stack file",
    ),
    "no traffic": (
        [put(OBJECTIVE, BRISK), put(f"{H100}.traffic")],
        None,
        r"a step takes about \d+ ms, within itlP99Ms 60",
    ),
    "no traffic and a promise that no step keeps": (
        [put(OBJECTIVE, {"ttftP99Ms": 2000, "itlP99Ms": 1}), put(f"{H100}.traffic")],
        256,
        r"the fewest that pay: a step takes about \d+ ms, above itlP99Ms 1",
    ),
    "a promise that nothing keeps": (
        [put(OBJECTIVE, {"ttftP99Ms": 2000, "itlP99Ms": 1})],
        256,
        r"the fewest that pay: a step takes about \d+ ms, above itlP99Ms 1",
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_a_step_is_what_the_stack_file_leaves_room_for(
    row: tuple[list[Edit], int | None, str], on_h100: OnH100
) -> None:
    edits, tokens, said = row
    _, model = on_h100(*edits)
    assert tokens in {None, model.batch.prompt_tokens}
    assert re.fullmatch(said, model.batch.prompt_tokens_reason)
    told = {a.flag: a.values[0] for a in model.arguments if a.values}
    assert told[BATCHED_TOKENS_FLAG] == str(model.batch.prompt_tokens)


def test_a_step_has_room_for_a_token_of_every_sequence(on_h100: OnH100) -> None:
    short = {"requestsPerSecond": 4, "inputTokens": 60, "outputTokens": 40}
    for itl in (6, 8, 10, 20, 50):
        _, model = on_h100(
            put(f"{H100}.traffic", short), put(OBJECTIVE, {"ttftP99Ms": 2000, "itlP99Ms": itl})
        )
        assert model.batch.sequences <= model.batch.prompt_tokens
