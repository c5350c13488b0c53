"""The steps that are chosen carry most, and a looser promise never carries less."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.estimate.servers import a_model, a_replica, saturations
from tokenfleet.estimate.load.carried import (
    Objective,
    StepLimits,
    carried,
    limited,
    most_carrying,
)
from tokenfleet.estimate.load.running import Running, late_gap
from tokenfleet.estimate.load.waits import waits
from tokenfleet.estimate.throughput import Saturation, saturation
from tokenfleet.estimate.traffic import RequestShape

# How near the load that is carried is found, and what smaller steps have to be worth.
NEAR = 1.005
WORTH = 1.01 * NEAR


@st.composite
def promises(draw: st.DrawFn) -> tuple[Saturation, Objective]:
    """A server, and a promise that it just keeps with nothing else to do, or with much."""
    most = draw(saturations())
    idle = waits(most, 1e-4 * most.theta.p50 / most.shape.produced)
    return most, Objective(
        ttft_p99=idle.ttft_p99 * draw(st.floats(1.01, 8)),
        itl_p99=idle.itl_p99 * draw(st.floats(1.01, 8)),
    )


def _candidates(most: Saturation) -> list[StepLimits]:
    return [
        StepLimits(tokens=tokens, sequences=min(most.concurrency, tokens))
        for tokens in (8192, 4096, 2048, 1024, 512, 256)
    ]


def _carries(most: Saturation, objective: Objective, limits: StepLimits) -> float:
    found = carried(limited(most, limits), objective)
    return 0.0 if isinstance(found, str) else found


@settings(max_examples=60)
@given(asked=promises())
def test_no_other_step_carries_more_than_the_chosen_one(
    asked: tuple[Saturation, Objective],
) -> None:
    most, objective = asked
    chosen = most_carrying(most, objective, _candidates(most))
    best = chosen.carries if chosen else 0.0
    for each in _candidates(most):
        assert _carries(most, objective, each) <= WORTH * best


@settings(max_examples=40)
@given(asked=promises(), share=st.floats(0.01, 1))
def test_fewer_sequences_never_carry_more(
    asked: tuple[Saturation, Objective], share: float
) -> None:
    most, objective = asked
    all_of_them = StepLimits(tokens=2048, sequences=most.concurrency)
    fewer = dataclasses.replace(all_of_them, sequences=max(1, int(share * most.concurrency)))
    # Less than a thousandth of what it could do is not looked for.
    idle = most.theta.p50 / most.shape.produced / 1000
    assert _carries(most, objective, fewer) <= (
        NEAR * max(idle, _carries(most, objective, all_of_them))
    )


@settings(max_examples=60)
@given(asked=promises(), times=st.floats(1, 4), first=st.booleans())
def test_a_looser_promise_never_carries_less(
    asked: tuple[Saturation, Objective], times: float, *, first: bool
) -> None:
    most, objective = asked
    key = "ttft_p99" if first else "itl_p99"
    looser = dataclasses.replace(objective, **{key: times * getattr(objective, key)})
    strict, loose = (most_carrying(most, each, _candidates(most)) for each in (objective, looser))
    assert (strict.carries if strict else 0.0) <= (WORTH * (loose.carries if loose else 0.0))


def test_of_steps_that_carry_alike_the_largest_is_chosen(most: Saturation) -> None:
    chosen = most_carrying(most, Objective(ttft_p99=600, itl_p99=600), _candidates(most))
    assert chosen
    assert chosen.limits.tokens == 8192
    assert (chosen.limit, chosen.first_carries) == (None, chosen.carries)


def test_what_no_step_keeps_chooses_none(most: Saturation) -> None:
    impossible = Objective(ttft_p99=1e-3, itl_p99=1e-3)
    assert most_carrying(most, impossible, _candidates(most)) is None
    assert isinstance(carried(most, impossible), str)


@pytest.mark.parametrize(("prompt", "read"), [(2000, 2000), (2100, 2048), (9000, 2048)])
def test_a_prompt_longer_than_a_step_fills_it(prompt: int, read: int) -> None:
    model = a_model()
    shape = RequestShape(input_tokens=prompt, output_tokens=100)
    most = limited(
        saturation(model, a_replica(model), shape), StepLimits(tokens=2048, sequences=256)
    )
    step, alone = most.step, Running(gap=most.step.decode(1, shape.mean_context), beside=0)
    seconds = step.prefill(prompt) * read / prompt
    assert late_gap(most, alone, 0.05) == pytest.approx(
        step.mixed(1, shape.mean_context, read, seconds)
    )


def test_nobody_waits_for_prompts_that_come_in_less_than_one_gap_of_a_hundred(
    most: Saturation,
) -> None:
    alone = Running(gap=most.step.decode(1, most.shape.mean_context), beside=0)
    assert late_gap(most, alone, 0.005) == alone.gap < late_gap(most, alone, 0.02)
