"""What a recorded run will have measured, with its range."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from bench.accuracy.questions.queries import Query
from bench.accuracy.servers import server_of
from tokenfleet.catalogue.machines.efficiencies import Efficiencies
from tokenfleet.estimate.load.waits import P90_OF_P99
from tokenfleet.estimate.quantiles import Quantiles, log_normal
from tokenfleet.estimate.scheduler.finite_run import FiniteRun, finite_run
from tokenfleet.estimate.throughput import Saturation, saturation

# What a row leaves open, what may not be as it says, and a budget that does not add up: each widens the
# range by so much.
_GUESS_SIGMA = 0.10
_MILLION, _SECONDS_PER_HOUR = 1e6, 3600


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a client will have counted over the whole run.

    Output tokens a second; in seconds the time between tokens (median over requests) and to the first
    token (median, 90th and 99th percentile over requests), as the client sees it.
    """

    query: Query
    saturation: Saturation
    output_tokens_per_second: Quantiles
    tpot: Quantiles
    ttft: Quantiles
    ttft_p90: Quantiles
    ttft_p99: Quantiles
    run: FiniteRun
    notes: tuple[str, ...]

    @property
    def usd_per_mtok(self) -> Quantiles:
        """US dollars per million output tokens.

        Raises:
            ValueError: the question has no price.
        """
        if self.query.usd_per_hour is None:
            msg = f"{self.query.place} has no price"
            raise ValueError(msg)
        hour = self.query.usd_per_hour * _MILLION / _SECONDS_PER_HOUR
        return self.output_tokens_per_second.under(hour)


def saturation_of(query: Query, found: Efficiencies) -> tuple[Saturation, tuple[str, ...]]:
    """The product's own estimate for the configuration of a query."""
    replica, notes = server_of(query)
    return saturation(query.model, replica, query.shape, found=query.software.as_run(found)), notes


def predict(query: Query, found: Efficiencies, *, speed: float = 1.0) -> Prediction:
    """Replay the run; ``speed`` multiplies how fast steps are, where theta is known better.

    ``found`` are the figures of the machine's kind.
    """
    most, unfit = saturation_of(query, found)
    guessed = (*unfit, *query.doubts, *(f"{column} was not given" for column in query.guesses))
    guess = _GUESS_SIGMA * math.sqrt(len(guessed))
    theta = log_normal(1, math.hypot(most.spread.theta, guess))
    runs = [_replay(query, most, factor / speed) for factor in (theta.p10, 1.0, theta.p90)]
    noise = log_normal(1, most.run_sigma)
    fast, middle, slow = (run.output_tokens_per_second for run in runs)

    def ranged(seconds: Callable[[FiniteRun], float], sigma: float) -> Quantiles:
        """By how much it is off in itself, and what a slower or faster server makes of a queue."""
        first, second, third = map(seconds, runs)
        own = log_normal(second, math.hypot(sigma, guess))
        return Quantiles(p10=min(first, own.p10), p50=second, p90=max(third, own.p90))

    def late(
        quantile: Callable[[FiniteRun], float], seconds: float
    ) -> Callable[[FiniteRun], float]:
        """As the client sees it: the network and what comes late without a queue are no steps."""
        return lambda run: (
            most.request_seconds + run.ttft + math.hypot(seconds, quantile(run) - run.ttft)
        )

    spread = most.spread
    return Prediction(
        query=query,
        saturation=most,
        output_tokens_per_second=Quantiles(p10=slow * noise.p10, p50=middle, p90=fast * noise.p90),
        tpot=ranged(lambda run: run.tpot, spread.gap),
        ttft=ranged(late(lambda run: run.ttft, 0.0), spread.first),
        ttft_p90=ranged(
            late(lambda run: run.ttft_p90, most.late_seconds * P90_OF_P99), spread.first_p99
        ),
        ttft_p99=ranged(late(lambda run: run.ttft_p99, most.late_seconds), spread.first_p99),
        run=runs[1],
        notes=(*most.notes, *query.notes, *guessed),
    )


def replayed(query: Query, found: Efficiencies) -> FiniteRun:
    """The run of the median alone."""
    most, _ = saturation_of(query, found)
    return _replay(query, most, 1.0)


def _replay(query: Query, most: Saturation, slow: float) -> FiniteRun:
    return finite_run(
        most.step.slowed(slow),
        query.shape,
        query.arrivals,
        requests=query.requests,
        concurrency=most.concurrency,
        batched_tokens=most.batched_tokens,
        max_concurrency=query.max_concurrency,
        chunked=query.machine.batched_tokens is not None,
    )
