"""What those that run wait for is the step of the price, with prompts of others and never their own."""

import pytest

from tests.estimate.servers import a_model, a_replica
from tokenfleet.estimate.load.carried import StepLimits, limited
from tokenfleet.estimate.throughput import saturation
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.plan.serving.limits.pace import Pace


def _pace(prompt: float, answer: float, chunk: int = 2048) -> Pace:
    model = a_model()
    shape = RequestShape(input_tokens=prompt, output_tokens=answer)
    most = saturation(model, a_replica(model), shape)
    return Pace(most=limited(most, StepLimits(tokens=chunk, sequences=most.concurrency)))


@pytest.mark.parametrize("answer", [2, 20, 250, 2000])
def test_a_request_alone_waits_for_a_step_of_one_and_never_for_its_own_prompt(
    answer: float,
) -> None:
    pace = _pace(4000, answer)
    alone = pace.most.step.decode(1, pace.most.shape.mean_context)
    assert pace.gap(1) == pace.gap_p99(1) == alone
    assert alone >= pace.most.step.weights


@pytest.mark.parametrize("running", [1, 2, 8, 64])
def test_more_that_run_and_longer_prompts_only_make_them_wait_longer(running: int) -> None:
    now, longer = _pace(1000, 200), _pace(4000, 200)
    for wait in (Pace.gap, Pace.first, Pace.first_p99, Pace.whole):
        assert wait(now, running) <= wait(now, running + 1)
        assert wait(now, running) <= wait(longer, running)


def test_smaller_steps_disturb_less_and_read_for_longer() -> None:
    large, small = _pace(4000, 200, 4096), _pace(4000, 200, 512)
    assert small.gap_p99(32) < large.gap_p99(32)
    assert small.first(32) > large.first(32)
