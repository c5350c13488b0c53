"""What to expect of a model's replicas on spot: its pool replayed on capacity, beside other policies."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import mean

from tokenfleet.capacity.months import Months, months
from tokenfleet.capacity.question import Question
from tokenfleet.capacity.replay.baselines import BASELINES
from tokenfleet.capacity.replay.player import Deciding, Player
from tokenfleet.capacity.replay.replay import Pool, replay
from tokenfleet.capacity.traces.generated import generated_trace
from tokenfleet.capacity.traces.trace import CapacityTrace

OURS = "tokenfleet"
POLICIES: Sequence[str] = (OURS, *BASELINES)
CARES = (0.0, 0.5, 1.0, 2.0, 4.0)
"""The frontier: from the cheapest to a very careful one."""
_DAY = 86400


@dataclass(frozen=True, kw_only=True)
class PolicyForecast(Months):
    """What a policy reaches."""

    policy: str


@dataclass(frozen=True, kw_only=True)
class CareForecast(Months):
    """What the policy reaches that takes so much care."""

    care: float


@dataclass(frozen=True, kw_only=True)
class WarmForecast(Months):
    """What the policy reaches beside which so many nodes wait stopped; their disks are not in the cost."""

    warm: int


@dataclass(frozen=True, kw_only=True)
class ModelForecast:
    """What to expect of a model; ``floor`` is the least cost that the capacity allows.

    ``frontier`` is what other values of ``care`` would reach, ``stopped`` what more or fewer stopped
    nodes would: none where a start fits in the notice, or one of theirs is no sooner.
    """

    question: Question
    floor: float
    policies: Sequence[PolicyForecast]
    frontier: Sequence[CareForecast]
    stopped: Sequence[WarmForecast]


class Forecaster:
    """Forecasts on the same capacity; what was replayed for one model is not for the next.

    ``traces`` is what was recorded; without any, capacity of so many ``days`` is drawn.
    """

    def __init__(self, traces: Sequence[CapacityTrace], *, days: int, seed: int) -> None:
        self._recorded, self._days, self._seed = traces, days, seed
        self._found: dict[object, Months] = {}

    @staticmethod
    def replays(asked: Question) -> int:
        """How often a forecast reports progress."""
        return len(list(_players(asked)))

    def of(self, asked: Question, done: Callable[[], None]) -> ModelForecast:
        """Every policy, and ours with every care; ``done`` is called after each."""
        capacity = self._capacity(asked)
        found: dict[object, Months] = {}
        for name, key, pool, player in _players(asked):
            known = (key, pool, asked.zones)
            if known not in self._found:
                outcomes = [replay(trace, player(), pool) for trace in capacity]
                self._found[known] = months(outcomes)
            found[name] = self._found[known]
            done()
        return ModelForecast(
            question=asked,
            floor=mean(trace.floor(asked.replicas, asked.spot_price) for trace in capacity),
            policies=[PolicyForecast(policy=name, **vars(found[name])) for name in POLICIES],
            frontier=[CareForecast(care=care, **vars(found[care])) for care in CARES],
            stopped=[
                WarmForecast(warm=stopped.warm, **vars(found[stopped]))
                for stopped in _with_stopped_nodes(asked)
            ],
        )

    def _capacity(self, asked: Question) -> Sequence[CapacityTrace]:
        if self._recorded:
            return [trace.for_nodes(asked.replicas) for trace in self._recorded]
        return [drawn(self._seed, asked.zones, asked.replicas, self._days)]


@cache
def drawn(seed: int, zones: tuple[str, ...], nodes: int, days: int) -> CapacityTrace:
    """Drawn capacity, the same for all that asks alike."""
    return generated_trace(seed, zones=zones, nodes=nodes, seconds=days * _DAY)


def _players(asked: Question) -> Iterator[tuple[object, object, Pool, Callable[[], Player]]]:
    """What each is called, what makes two of them play alike on a pool, the pool, and one of them."""
    named: Mapping[object, Question] = {
        OURS: asked,
        **{care: replace(asked, care=care) for care in CARES},
        **{stopped: stopped for stopped in _with_stopped_nodes(asked)},
    }
    for name, question in named.items():
        knobs, pool = question.knobs, question.played
        # Where a start fits in the notice, care changes nothing.
        yield name, (knobs.losses_allowed, knobs.spare), pool, lambda knobs=knobs: Deciding(knobs)
    for name, player in BASELINES.items():
        yield name, name, asked.played, player


def _with_stopped_nodes(asked: Question) -> Sequence[Question]:
    """The same with none, one, half as many as replicas, as many, and as many as there are."""
    if not asked.knobs.warm_saves:
        return []
    counts = {0, 1, asked.replicas // 2, asked.replicas, asked.warm}
    return [replace(asked, warm=count) for count in sorted(counts)]
