"""How late first tokens are at a load, beside what the recorded runs measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.accuracy.judged.comparison import Judged
from bench.accuracy.judged.scores import Score, score
from tokenfleet.estimate.load.served import Served, at_load
from tokenfleet.estimate.quantiles import Quantiles

# Above, how long the queue has grown says more than anything else.
BELOW = 0.9
FACTOR = 1.5
REGIMES = ("all", "idle", "knee")


@dataclass(frozen=True, kw_only=True)
class AtLoad:
    """Latencies of runs below 90 % of theta: those of the replayed run.

    ``within`` is the share of 99th percentiles of the time to the first token within a factor of
    1.5, in per cent, and ``within_steady`` that of the closed form that ``cost`` and ``preview`` print; where it
    says that a queue grows, it counts as missed.
    """

    within: float
    within_steady: float
    first_p99: Score
    first: Score
    gap: Score


def first_tokens(judged: Sequence[Judged]) -> Mapping[str, AtLoad]:
    """By regime, as far as there are runs of it."""
    below = [row for row in judged if row.run.offered < BELOW * row.run.theta]
    cut = {
        regime: [row for row in below if regime in {"all", row.run.regime}] for regime in REGIMES
    }
    return {regime: _at_load(rows) for regime, rows in cut.items() if rows}


def _at_load(rows: Sequence[Judged]) -> AtLoad:
    steady = [_steady(row).ttft_p99 for row in rows]
    late = [row.prediction.ttft_p99 for row in rows]
    return AtLoad(
        within=_within(rows, late),
        within_steady=_within(rows, steady),
        first_p99=_score(rows, lambda row: row.prediction.ttft_p99, lambda row: row.run.ttft_p99),
        first=_score(rows, lambda row: row.prediction.ttft, lambda row: row.run.ttft),
        gap=_score(rows, lambda row: row.prediction.tpot, lambda row: row.run.tpot),
    )


def _within(rows: Sequence[Judged], found: Sequence[Quantiles | None]) -> float:
    near = [
        late is not None and 1 / FACTOR <= late.p50 / row.run.ttft_p99 <= FACTOR
        for row, late in zip(rows, found, strict=True)
    ]
    return 100 * sum(near) / len(near)


def _steady(row: Judged) -> Served:
    arrivals = row.run.query.arrivals
    return at_load(row.prediction.saturation, arrivals.requests_per_second, arrivals.burstiness)


def _score(
    rows: Sequence[Judged],
    predicted: Callable[[Judged], Quantiles],
    measured: Callable[[Judged], float],
) -> Score:
    ranges = [predicted(row) for row in rows]
    return score([found.p50 for found in ranges], [measured(row) for row in rows], ranges)
