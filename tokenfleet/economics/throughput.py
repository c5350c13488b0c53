"""What a replica serves: saturated output tokens a second, and latencies at a load."""

from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.efficiencies import Efficiencies, efficiencies
from tokenfleet.economics.quantiles import Quantiles, known, log_normal
from tokenfleet.economics.refusal import CostError
from tokenfleet.economics.replica import Replica
from tokenfleet.economics.served_model import ServedModel
from tokenfleet.economics.traffic import RequestShape

Basis = Literal["estimated", "unverified", "measured"]

QUEUE_GROWS_ABOVE = 0.85
"""Share of theta above which waiting grows out of hand: say so instead of a latency."""


@dataclass(frozen=True, kw_only=True)
class Saturation:
    """One replica that always has more to do than it can.

    ``theta`` is output tokens a second; ``concurrency`` how many requests run at once, and
    ``limited_by`` what keeps it from being more. ``input_weight`` is the work of an input
    token over that of an output token (rho). A step of b requests takes
    ``step_seconds + b x sequence_seconds``, prefill included.
    """

    theta: Quantiles
    concurrency: int
    limited_by: Literal["max sequences", "KV cache"]
    input_weight: float
    step_seconds: float
    sequence_seconds: float
    prefill_seconds: float
    basis: Basis
    source: str


@dataclass(frozen=True, kw_only=True)
class Served:
    """One replica at a load: what it completes, and what its users wait for.

    ``utilisation`` is offered output over theta. Latencies are None where the queue grows:
    they depend on how long it has grown.
    """

    utilisation: Quantiles
    requests_per_second: Quantiles
    output_tokens_per_second: Quantiles
    ttft_seconds: Quantiles | None
    itl_seconds: Quantiles | None
    queue_grows: bool


def saturation(model: ServedModel, replica: Replica, shape: RequestShape) -> Saturation:
    """Estimate what a replica serves at most.

    Raises:
        CostError: when not one request of that shape fits the KV cache.
    """
    found = efficiencies()[replica.kind]
    held = int(replica.kv_bytes / model.kv_bytes(shape.input_tokens + shape.output_tokens))
    if held < 1:
        tokens = shape.input_tokens + shape.output_tokens
        problem = (
            f"a request of {tokens:,.0f} tokens does not fit the KV cache of {replica.name};"
            " shorten it or take more memory"
        )
        raise CostError(problem, place="lengths")
    concurrency = min(held, replica.max_sequences)
    token = _token_seconds(model, replica, found)
    read = model.kv_bytes(shape.mean_context) / (found.bandwidth * replica.bandwidth)
    step = found.step_seconds + model.weights_bytes / (found.bandwidth * replica.bandwidth)
    prefill = token * shape.uncached_input_tokens
    sequence = token + read + prefill / shape.output_tokens
    theta = concurrency / (step + concurrency * sequence)
    return Saturation(
        theta=log_normal(theta, found.sigma),
        concurrency=concurrency,
        limited_by="KV cache" if held < replica.max_sequences else "max sequences",
        input_weight=token * theta,
        step_seconds=step,
        sequence_seconds=sequence,
        prefill_seconds=prefill,
        basis="estimated" if found.basis == "measured" else "unverified",
        source=f"{found.source} ({found.date}); {replica.source}",
    )


def at_load(found: Saturation, shape: RequestShape, requests_per_second: float) -> Served:
    """What one replica does with its share of the load, in steady state."""
    offered = requests_per_second * shape.output_tokens
    utilisation = found.theta.under(offered)
    grows = utilisation.p50 > QUEUE_GROWS_ABOVE
    output = Quantiles(
        p10=min(offered, found.theta.p10),
        p50=min(offered, found.theta.p50),
        p90=min(offered, found.theta.p90),
    )
    # Little's law over steps that grow with what runs: b = X t(b), so t = step / (1 - X sequence).
    itl = found.step_seconds / max(1e-9, 1 - output.p50 * found.sequence_seconds)
    return Served(
        utilisation=utilisation,
        requests_per_second=output * (1 / shape.output_tokens),
        output_tokens_per_second=output,
        ttft_seconds=None if grows else known(itl + found.prefill_seconds),
        itl_seconds=None if grows else known(itl),
        queue_grows=grows,
    )


def _token_seconds(model: ServedModel, replica: Replica, found: Efficiencies) -> float:
    # Where units for the weights' dtype are missing, they are unpacked and computed in 16 bits.
    flops = replica.flops_by_dtype
    peak = flops.get(model.weights_dtype, flops["bfloat16"])
    return 2 * model.active_parameters / (found.compute * peak)
