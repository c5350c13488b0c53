"""What a stack's models may expect on spot: a short forecast, quick enough for every preview."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from tokenfleet.capacity.forecast import drawn
from tokenfleet.capacity.months import Months, months
from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.question import Question, questions
from tokenfleet.capacity.replay.player import Deciding
from tokenfleet.capacity.replay.replay import Pool, replay
from tokenfleet.plan.ranges import Range
from tokenfleet.plan.stack import Plan

DAYS, SEED = 10, 1


@dataclass(frozen=True, kw_only=True)
class Expected(Months):
    """What one model may expect under the policy that runs in the cluster.

    ``spot_share``: of its node-hours, those paid at the price of spot. Nodes that run beside each
    other while a replica moves count against it, so that the bill with it is what was replayed.
    """

    question: Question
    spot_share: Range


def expected(plan: Plan) -> Sequence[Expected]:
    """Every model whose pool has a spot tier."""
    return [_expected(asked) for asked in questions(plan)]


def spot_shares(plan: Plan) -> Mapping[str, Range]:
    """By pool with a spot tier: the mean of its models, by replicas."""
    return _shares(_Same(plan))


@dataclass(frozen=True, eq=False)
class _Same:
    """A plan by identity, since it cannot be hashed: a curve asks a thousand times for one."""

    plan: Plan

    def __hash__(self) -> int:
        return id(self.plan)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.plan is self.plan


@lru_cache(maxsize=8)
def _shares(same: _Same) -> Mapping[str, Range]:
    by_pool: dict[str, list[Expected]] = {}
    for each in expected(same.plan):
        by_pool.setdefault(each.question.pool, []).append(each)
    return {pool: _mean(models) for pool, models in by_pool.items()}


def _expected(asked: Question) -> Expected:
    found = _replayed(asked.zones, asked.played, asked.knobs)
    price = asked.spot_price
    return Expected(
        question=asked,
        spot_share=Range(
            low=_share(found.cost.high, price),
            expected=_share(found.cost.expected, price),
            high=_share(found.cost.low, price),
        ),
        **vars(found),
    )


@cache
def _replayed(zones: tuple[str, ...], pool: Pool, knobs: Knobs) -> Months:
    return months([replay(drawn(SEED, zones, pool.wanted, DAYS), Deciding(knobs), pool)])


def _share(cost: float, spot_price: float) -> float:
    """The share of spot at which as many nodes cost that."""
    return min(1.0, max(0.0, (1 - cost) / (1 - spot_price))) if spot_price < 1 else 0.0


def _mean(models: Sequence[Expected]) -> Range:
    replicas = sum(each.question.replicas for each in models)

    def weighted(end: str) -> float:
        shares = [getattr(each.spot_share, end) * each.question.replicas for each in models]
        return sum(shares) / replicas

    return Range(low=weighted("low"), expected=weighted("expected"), high=weighted("high"))
