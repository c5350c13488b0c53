"""What is played: a model's replicas and rule as planned, what comes to them, and what is different."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.economics.served_fleet import WhatIf, served_fleet, shape_of
from tokenfleet.elasticity.replica import Replica
from tokenfleet.estimate.refusal import CostError
from tokenfleet.plan.scaling.policy import ScalingPolicy
from tokenfleet.plan.serving.limits.admission import slack_seconds
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
class Coming:
    """What comes, where that is not what the stack file says; lengths are means in tokens.

    ``is_recorded``: somebody has recorded when, so that nothing need say how often.
    """

    requests_per_second: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    is_recorded: bool = False


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Mean lengths of the played requests in tokens; ``assumed`` are those that nobody says."""

    input_tokens: float
    output_tokens: float
    assumed: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A model to play: its rule, a replica, and what comes; load in requests a second.

    The rule, its slots and the replica's queue are those that are deployed, whatever comes: other
    lengths only change how fast a replica is, and how many it has memory for.
    ``requests_per_second`` is the mean of what is drawn, None for a recording.
    ``starts`` are the seconds of a start: low, expected and high, or the one that was asked for.
    """

    model: str
    policy: ScalingPolicy
    replica: Replica
    lengths: Lengths
    requests_per_second: float | None
    starts: Sequence[float]


def scene(plan: Plan, model: ModelPlan, coming: Coming, different: Different) -> Scene:
    """The scene of a model of a plan.

    Raises:
        CostError: where nobody says how much comes, or such a request does not fit.
    """
    rate = None if coming.is_recorded else _rate(model, coming)
    lengths = _lengths(model, coming)
    shape = dataclasses.replace(
        shape_of(model), input_tokens=lengths.input_tokens, output_tokens=lengths.output_tokens
    )
    fleet = served_fleet(plan, model, WhatIf(), shape)
    # What memory has no room for waits inside the engine, and is let in nevertheless.
    slots = min(model.admission.slots, fleet.most.concurrency)
    start = model.cold_start.until_ready
    changes = {
        "target": different.target,
        "spare": different.spare,
        "down_window_seconds": different.down_window_seconds,
        "least": different.least,
        "most": different.most,
    }
    return Scene(
        model=model.name,
        policy=dataclasses.replace(
            model.scaling, **{name: value for name, value in changes.items() if value is not None}
        ),
        replica=Replica(
            seconds=[fleet.answer_seconds(running) for running in range(1, slots + 1)],
            queue=model.admission.bound - slots,
            slack_seconds=max(0.0, slack_seconds(fleet.most, model.objective, slots)),
            start_seconds=different.start_seconds or start.expected,
        ),
        lengths=lengths,
        requests_per_second=rate,
        starts=[different.start_seconds]
        if different.start_seconds
        else [start.low, start.expected, start.high],
    )


def _rate(model: ModelPlan, coming: Coming) -> float:
    if coming.requests_per_second is not None:
        return coming.requests_per_second
    if model.traffic is None:
        problem = (
            "nobody says how much is asked of it: give --requests-per-second, or traffic in the"
            " stack file"
        )
        raise CostError(problem, place=f"models.{model.name}")
    return model.traffic.requests_per_second


def _lengths(model: ModelPlan, coming: Coming) -> Lengths:
    """Those asked for, else the stack file's, else assumed ones."""
    is_text = model.task == "generate"
    if not is_text and coming.output_tokens is not None:
        problem = f"its answers have no tokens ({model.task}): leave it out"
        raise CostError(problem, place="--output-tokens")
    known = shape_of(model)
    found = Lengths(
        input_tokens=known.input_tokens
        if coming.input_tokens is None
        else float(coming.input_tokens),
        output_tokens=known.output_tokens
        if coming.output_tokens is None
        else float(coming.output_tokens),
        assumed=[
            name
            for name, given, there in (
                ("inputTokens", coming.input_tokens, True),
                ("outputTokens", coming.output_tokens, is_text),
            )
            if there and given is None and model.traffic is None
        ],
    )
    whole = found.input_tokens + found.output_tokens
    if whole > model.context_length:
        problem = (
            f"requests of {found.input_tokens:,.0f} tokens in and {found.output_tokens:,.0f} out do"
            f" not fit contextLength {model.context_length}: shorten them, or raise it"
        )
        raise CostError(problem, place=f"models.{model.name}")
    return found
