"""The plan's rule beside others, on the same requests."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tokenfleet.elasticity.each import Each
from tokenfleet.elasticity.load import Load
from tokenfleet.elasticity.outcome import Outcome
from tokenfleet.elasticity.play import play
from tokenfleet.elasticity.rules import Rule, cpu, fixed, in_flight, request_rate
from tokenfleet.elasticity.scene import Scene

PLAYS = 5
"""Times that a load is played for a comparison."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Outcomes of the same load: the plan's rule first; ``checked`` is that, event by event."""

    checked: Outcome
    rules: Sequence[Outcome]


def compared(
    asked: Scene, load: Load, advance: Callable[[int], None] = lambda _: None
) -> Comparison:
    """Play them all; ``advance`` hears of seconds that were played."""
    rules = _rules(asked, load)
    return Comparison(
        checked=play(load, rules[0], asked.replica, Each, advance),
        rules=[
            dataclasses.replace(play(load, rule, asked.replica, advance=advance), course=())
            for rule in rules
        ],
    )


def _rules(asked: Scene, load: Load) -> Sequence[Rule]:
    policy, replica = asked.policy, asked.replica
    busiest = math.ceil(load.busiest_hour * replica.seconds_at(policy.each) / policy.each)
    always = fixed(
        policy.least if policy.is_fixed else min(policy.most, max(policy.least, busiest))
    )
    if policy.is_fixed:
        return [always]
    return [in_flight(policy, replica), request_rate(policy, replica), cpu(policy, replica), always]
