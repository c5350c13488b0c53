"""What is asked: a model's replicas and rule as planned, with what is different."""

import dataclasses
from dataclasses import dataclass

from tokenfleet.elasticity.replica import Replica
from tokenfleet.plan.scaling.policy import ScalingPolicy
from tokenfleet.plan.serving.model import ModelPlan


class NoAnswerError(Exception):
    """A model of which nobody says how long its answers take; the message says the way out."""


@dataclass(frozen=True, kw_only=True)
class Different:
    """What differs from the plan; None where nothing does. Times in seconds."""

    target: float | None = None
    spare: int | None = None
    down_window_seconds: int | None = None
    start_seconds: float | None = None
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """A model to play: its rule, a replica, and a mean answer in seconds.

    ``starts`` are the seconds of a start: low, expected and high, or the one that was asked for.
    """

    model: str
    policy: ScalingPolicy
    replica: Replica
    answer_seconds: float
    requests_per_second: float
    starts: tuple[float, ...]


def question(model: ModelPlan, different: Different) -> Question:
    """The question about a model of a plan.

    Raises:
        NoAnswerError: where it has no traffic.
    """
    admission, traffic, policy = model.admission, model.traffic, model.scaling
    if traffic is None or admission.answer_seconds is None or admission.slack_seconds is None:
        msg = (
            f"models.{model.name} has no traffic, so that nobody knows how long its answers take:"
            " give --requests-per-second, or traffic in the stack file"
        )
        raise NoAnswerError(msg)
    start = model.cold_start.until_ready
    least = policy.least if different.least is None else different.least
    changes = {
        "target": different.target,
        "spare": different.spare,
        "down_window_seconds": different.down_window_seconds,
        "least": different.least,
        # A fleet that may not shrink below what it may not exceed stays as it is.
        "most": max(least, policy.most) if different.most is None else different.most,
    }
    return Question(
        model=model.name,
        policy=dataclasses.replace(
            policy, **{name: value for name, value in changes.items() if value is not None}
        ),
        replica=Replica(
            slots=admission.slots,
            queue=admission.queue,
            slack_seconds=admission.slack_seconds,
            start_seconds=different.start_seconds or start.expected,
        ),
        answer_seconds=admission.answer_seconds,
        requests_per_second=traffic.requests_per_second,
        starts=(different.start_seconds,)
        if different.start_seconds
        else (start.low, start.expected, start.high),
    )
