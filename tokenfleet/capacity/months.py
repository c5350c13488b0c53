"""From replayed days to what a month may be like."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.capacity.replay.outcome import Outcome
from tokenfleet.plan.ranges import Range

_DAYS_OF_A_MONTH = 30
_MONTHS = 200
_TOGETHER = 3  # days that are drawn as one, because bad ones come together


@dataclass(frozen=True, kw_only=True)
class Months:
    """Shares: of time with every replica, of replica-hours served, of all on-demand's cost.

    ``availability`` and ``cost`` from the worst of ten months, over the mean of all, to the best.
    """

    availability: Range
    served: float
    cost: Range


@dataclass(slots=True)
class _Sums:
    """Of some days; shares are of the time and replicas in them."""

    seconds: float = 0.0
    whole: float = 0.0
    paid: float = 0.0


def months(outcomes: Sequence[Outcome]) -> Months:
    """How months differ that are drawn from the days of some replays of one pool."""
    wanted = outcomes[0].wanted
    days = [
        [
            _Sums(day.seconds, day.whole, day.spot * outcome.spot_price + day.on_demand)
            for day in outcome.days
        ]
        for outcome in outcomes
    ]
    drawn = [_drawn(days, number) for number in range(_MONTHS)]
    every = _together([day for source in days for day in source])
    served = sum(day.served for outcome in outcomes for day in outcome.days)
    return Months(
        availability=_range(
            [month.whole / month.seconds for month in drawn], every.whole / every.seconds
        ),
        served=served / every.seconds / wanted,
        cost=_range(
            [month.paid / month.seconds / wanted for month in drawn],
            every.paid / every.seconds / wanted,
        ),
    )


def _drawn(sources: Sequence[Sequence[_Sums]], number: int) -> _Sums:
    """Thirty days drawn from those replayed, a few in a row."""
    draw = random.Random(number)  # noqa: S311 - weather, not secrets
    days: list[_Sums] = []
    while len(days) < _DAYS_OF_A_MONTH:
        source = draw.choice(sources)
        first = draw.randrange(len(source))
        # After the last day comes the first, so that every day counts alike.
        days += (*source[first:], *source[:first])[:_TOGETHER]
    return _together(days[:_DAYS_OF_A_MONTH])


def _together(days: Sequence[_Sums]) -> _Sums:
    return _Sums(
        sum([day.seconds for day in days]),
        sum([day.whole for day in days]),
        sum([day.paid for day in days]),
    )


def _range(values: Sequence[float], expected: float) -> Range:
    ordered = sorted(values)
    tenth = len(ordered) // 10
    low, high = ordered[tenth], ordered[-1 - tenth]
    return Range(low=min(low, expected), expected=expected, high=max(high, expected))
