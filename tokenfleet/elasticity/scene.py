"""What is played: a model's replicas and rule as planned, with what is different."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.economics.served_fleet import WhatIf, served_fleet
from tokenfleet.elasticity.replica import Replica
from tokenfleet.estimate.refusal import CostError
from tokenfleet.plan.scaling.policy import ScalingPolicy
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan


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
class Scene:
    """A model to play: its rule and a replica; load in requests a second.

    ``starts`` are the seconds of a start: low, expected and high, or the one that was asked for.
    """

    model: str
    policy: ScalingPolicy
    replica: Replica
    requests_per_second: float
    starts: Sequence[float]


def scene(plan: Plan, model: ModelPlan, different: Different) -> Scene:
    """The scene of a model of a plan.

    Raises:
        CostError: where it has no traffic, or a request of it does not fit.
    """
    admission, traffic, policy = model.admission, model.traffic, model.scaling
    if traffic is None or admission.slack_seconds is None:
        problem = (
            "nobody says how much is asked of it, and how long answers are: give"
            " --requests-per-second, or traffic in the stack file"
        )
        raise CostError(problem, place=f"models.{model.name}")
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
    fleet = served_fleet(plan, model, WhatIf())
    # What memory has no room for waits inside the engine, and is let in nevertheless.
    slots = min(admission.slots, fleet.most.concurrency)
    return Scene(
        model=model.name,
        policy=dataclasses.replace(
            policy, **{name: value for name, value in changes.items() if value is not None}
        ),
        replica=Replica(
            seconds=[fleet.answer_seconds(running) for running in range(1, slots + 1)],
            queue=admission.bound - slots,
            slack_seconds=admission.slack_seconds,
            start_seconds=different.start_seconds or start.expected,
        ),
        requests_per_second=traffic.requests_per_second,
        starts=[different.start_seconds]
        if different.start_seconds
        else [start.low, start.expected, start.high],
    )
