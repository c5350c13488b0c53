"""The steps that are chosen carry most, and a looser promise never carries less."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.estimate.servers import a_model, a_replica, saturations
from tokenfleet.estimate.at_load import Running, late_gap
from tokenfleet.estimate.carried import (
    Objective,
    StepLimits,
    carried,
    limited,
    most_carrying,
)
from tokenfleet.estimate.throughput import Saturation, saturation
from tokenfleet.estimate.traffic import RequestShape

OBJECTIVES = st.builds(Objective, ttft_p99=st.floats(0.1, 60), itl_p99=st.floats(0.005, 2))
# What halving finds, of what a replica could do; and what smaller steps have to be worth.
FOUND, WORTH = 1 / 500, 1.01


def _candidates(most: Saturation) -> list[StepLimits]:
    return [
        StepLimits(tokens=tokens, sequences=min(most.concurrency, tokens))
        for tokens in (8192, 4096, 2048, 1024, 512, 256)
    ]


def _carries(most: Saturation, objective: Objective, limits: StepLimits) -> float:
    found = carried(limited(most, limits), objective)
    return 0.0 if isinstance(found, str) else found


@settings(max_examples=60)
@given(most=saturations(), objective=OBJECTIVES)
def test_no_other_step_carries_more_than_the_chosen_one(
    most: Saturation, objective: Objective
) -> None:
    full = most.theta.p50 / most.shape.produced
    chosen = most_carrying(most, objective, _candidates(most))
    best = chosen.carries if chosen else 0.0
    for each in _candidates(most):
        assert _carries(most, objective, each) <= WORTH * best + FOUND * full


@settings(max_examples=40)
@given(most=saturations(), objective=OBJECTIVES, share=st.floats(0.01, 1))
def test_fewer_sequences_never_carry_more(
    most: Saturation, objective: Objective, share: float
) -> None:
    full = most.theta.p50 / most.shape.produced
    all_of_them = StepLimits(tokens=2048, sequences=most.concurrency)
    fewer = dataclasses.replace(all_of_them, sequences=max(1, int(share * most.concurrency)))
    assert _carries(most, objective, fewer) <= (
        _carries(most, objective, all_of_them) + FOUND * full
    )


@settings(max_examples=60)
@given(most=saturations(), objective=OBJECTIVES, times=st.floats(1, 4), first=st.booleans())
def test_a_looser_promise_never_carries_less(
    most: Saturation, objective: Objective, times: float, *, first: bool
) -> None:
    full = most.theta.p50 / most.shape.produced
    key = "ttft_p99" if first else "itl_p99"
    looser = dataclasses.replace(objective, **{key: times * getattr(objective, key)})
    strict, loose = (most_carrying(most, each, _candidates(most)) for each in (objective, looser))
    assert (strict.carries if strict else 0.0) <= (
        WORTH * (loose.carries if loose else 0.0) + FOUND * full
    )


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
    most = dataclasses.replace(saturation(model, a_replica(model), shape), batched_tokens=2048)
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
