"""What to expect of a model's replicas on spot: its pool replayed on capacity, beside other policies."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.replay.baselines import BASELINES
from tokenfleet.capacity.replay.outcome import Outcome, Stretch
from tokenfleet.capacity.replay.player import Deciding, Player
from tokenfleet.capacity.replay.replay import Pool, replay
from tokenfleet.capacity.traces.generated import generated_trace
from tokenfleet.capacity.traces.trace import CapacityTrace
from tokenfleet.catalogue.spot import spot_price
from tokenfleet.plan.ranges import Range
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS

OURS = "tokenfleet"
POLICIES: Sequence[str] = (OURS, *BASELINES)
_DAYS_OF_A_MONTH = 30
_MONTHS = 200
_TOGETHER = 3  # days that are drawn as one, because bad ones come together


@dataclass(frozen=True, kw_only=True)
class Question:
    """One model on spot; times in seconds, ``spot_price`` of an on-demand node's."""

    model: str
    pool: str
    replicas: int
    zones: Sequence[str]
    boot_seconds: float
    drain_seconds: float
    spot_price: float
    spot_price_source: str
    care: float
    spare: int


@dataclass(frozen=True, kw_only=True)
class PolicyForecast:
    """Shares: of time with every replica, of replica-hours served, of all on-demand's cost.

    ``availability`` and ``cost`` from the worst of ten months, over the mean of all, to the best.
    """

    policy: str
    availability: Range
    served: float
    cost: Range


@dataclass(frozen=True, kw_only=True)
class ModelForecast:
    """What to expect of a model; ``floor`` is the least cost that the capacity allows."""

    question: Question
    floor: float
    policies: Sequence[PolicyForecast]


def questions(plan: Plan, *, replicas: int | None, care: float, spare: int) -> Sequence[Question]:
    """One for every model whose pool has a spot tier: its fewest replicas, unless others are given."""
    zones_by_pool = {
        pool: next((g.zones for g in groups if g.purchase_option == "spot"), ())
        for pool, groups in plan.node_groups_by_pool.items()
    }
    return [
        Question(
            model=model.name,
            pool=model.pool,
            replicas=wanted,
            zones=zones,
            boot_seconds=model.cold_start.total.expected,
            drain_seconds=model.drain.grace_seconds,
            spot_price=price,
            spot_price_source=source,
            care=care,
            spare=spare,
        )
        for model in plan.models
        if (zones := zones_by_pool[model.pool]) and (wanted := replicas or model.min_replicas)
        for price, source in [spot_price(model.cold_start.instance_type, plan.region)]
    ]


def drawn_traces(asked: Question, *, days: int, seed: int) -> Sequence[CapacityTrace]:
    """Capacity drawn for the zones of a question."""
    seconds = days * 86400
    return [generated_trace(seed, zones=asked.zones, nodes=asked.replicas, seconds=seconds)]


def forecast(
    asked: Question, traces: Sequence[CapacityTrace], done: Callable[[], None]
) -> ModelForecast:
    """Every policy on every trace; ``done`` is called after each policy."""
    pool = Pool(
        wanted=asked.replicas,
        boot=asked.boot_seconds,
        notice=SPOT_NOTICE_SECONDS,
        drain=asked.drain_seconds,
        spot_price=asked.spot_price,
    )
    players: Mapping[str, Callable[[], Player]] = {
        OURS: lambda: Deciding(_knobs(asked)),
        **BASELINES,
    }
    scaled = [trace.for_nodes(asked.replicas) for trace in traces]
    found: list[PolicyForecast] = []
    for name, player in players.items():
        found.append(_summed(name, [replay(trace, player(), pool) for trace in scaled]))
        done()
    return ModelForecast(
        question=asked,
        floor=mean(trace.floor(asked.replicas, asked.spot_price) for trace in scaled),
        policies=found,
    )


def _knobs(asked: Question) -> Knobs:
    return Knobs(
        boot=asked.boot_seconds,
        serves=max(0.0, SPOT_NOTICE_SECONDS - asked.drain_seconds),
        spot_price=asked.spot_price,
        care=asked.care,
        spare=asked.spare,
    )


def _summed(name: str, outcomes: Sequence[Outcome]) -> PolicyForecast:
    wanted = outcomes[0].wanted
    months = [_month(outcomes, number, wanted) for number in range(_MONTHS)]
    availability = sorted(month.availability for month in months)
    cost = sorted(month.cost for month in months)
    whole = _together([day for outcome in outcomes for day in outcome.days], wanted)
    return PolicyForecast(
        policy=name,
        availability=_range(availability, whole.availability),
        served=whole.served,
        cost=_range(cost, whole.cost),
    )


def _month(outcomes: Sequence[Outcome], number: int, wanted: int) -> Outcome:
    """Thirty days drawn from those replayed, a few in a row."""
    draw = random.Random(number)  # noqa: S311 - weather, not secrets
    days: list[Stretch] = []
    while len(days) < _DAYS_OF_A_MONTH:
        source = draw.choice(outcomes).days
        first = draw.randrange(max(1, len(source) - _TOGETHER + 1))
        days += source[first : first + _TOGETHER]
    return _together(days[:_DAYS_OF_A_MONTH], wanted)


def _together(days: Sequence[Stretch], wanted: int) -> Outcome:
    return Outcome(wanted=wanted, days=days, reclaims=0, launches=0)


def _range(values: Sequence[float], expected: float) -> Range:
    tenth = len(values) // 10
    low, high = values[tenth], values[-1 - tenth]
    return Range(low=min(low, expected), expected=expected, high=max(high, expected))
