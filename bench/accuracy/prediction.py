"""What a recorded run will have measured, with its range."""

import dataclasses
from dataclasses import dataclass

from bench.accuracy.queries import Query
from tokenfleet.catalogue.efficiencies import Efficiencies
from tokenfleet.catalogue.hardware import engines
from tokenfleet.estimate.finite_run import FiniteRun, finite_run
from tokenfleet.estimate.quantiles import Quantiles, log_normal
from tokenfleet.estimate.replica import Replica, gpu_replica
from tokenfleet.estimate.throughput import Saturation, saturation

# vLLM 0.19, which made the runs: --gpu-memory-utilization was 0.9 by default.
_USABLE = 0.9
# A row somebody measured did fit, whatever our budget says: then this share was left.
_LEAST_KV_SHARE = 0.05
# What a row leaves open, and a budget that does not add up, widen the range by so much.
_GUESS_SIGMA = 0.10
_MILLION, _SECONDS_PER_HOUR = 1e6, 3600


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Output tokens a second and US dollars per million of them, over the whole run."""

    query: Query
    saturation: Saturation
    output_tokens_per_second: Quantiles
    usd_per_mtok: Quantiles
    run: FiniteRun
    notes: tuple[str, ...]


def replica_of_query(query: Query) -> tuple[Replica, tuple[str, ...]]:
    """The server that ran, and what had to be assumed for it to fit."""
    engine = engines()["vllm-cuda"]
    weights = query.model.weights_bytes
    replica = gpu_replica(query.gpu, query.gpu_count, weights, engine=engine, usable=_USABLE)
    one = query.model.kv_bytes(query.shape.input_tokens + query.shape.output_tokens)
    if replica.kv_bytes >= one:
        return replica, ()
    least = _LEAST_KV_SHARE * query.gpu.memory_gib * 2**30 * query.gpu_count
    note = f"weights of {weights / 2**30:.0f} GiB do not fit {replica.name} with a request beside"
    return dataclasses.replace(replica, kv_bytes=max(one, least)), (note,)


def saturation_of(query: Query, found: Efficiencies) -> tuple[Saturation, tuple[str, ...]]:
    """The product's own estimate for the configuration of a query."""
    replica, notes = replica_of_query(query)
    return saturation(query.model, replica, query.shape, found=found), notes


def predict(query: Query, found: Efficiencies, *, speed: float = 1.0) -> Prediction:
    """Replay the run; ``speed`` multiplies how fast steps are, where theta is known better."""
    most, unfit = saturation_of(query, found)
    guessed = (*unfit, *(f"{column} was not given" for column in query.guesses))
    sigma = (most.spread.theta**2 + len(guessed) * _GUESS_SIGMA**2) ** 0.5
    slow, middle, fast = (
        _replay(query, most, factor / speed)
        for factor in (log_normal(1, sigma).p90, 1.0, log_normal(1, sigma).p10)
    )
    noise = log_normal(1, most.run_sigma)
    output = Quantiles(
        p10=slow.output_tokens_per_second * noise.p10,
        p50=middle.output_tokens_per_second,
        p90=fast.output_tokens_per_second * noise.p90,
    )
    return Prediction(
        query=query,
        saturation=most,
        output_tokens_per_second=output,
        usd_per_mtok=output.under(query.usd_per_hour * _MILLION / _SECONDS_PER_HOUR),
        run=middle,
        notes=(*most.notes, *guessed),
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
    )
