"""What a replica serves at most: saturated output tokens a second, and what limits them."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.efficiencies import Efficiencies, Spread, efficiencies
from tokenfleet.estimate.quantiles import Quantiles, log_normal
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.replica import Replica
from tokenfleet.estimate.served_model import ServedModel
from tokenfleet.estimate.step import StepTimes, step_times
from tokenfleet.estimate.traffic import RequestShape

Basis = Literal["measured", "estimated", "unverified"]

Limit = Literal["max sequences", "KV cache", "prompt tokens a step"]

_NO_PREFIX_CACHE = "no prefix cache here: all of the input is computed"

_NO_POOLED_RUN = (
    "no run without output is in the fit: prompts are taken to cost what those before text do"
)


@dataclass(frozen=True, kw_only=True)
class Saturation:
    """One replica that always has more to do than it can, for one shape of requests.

    ``theta`` is output tokens a second, or answers where they are no text; ``concurrency`` how many requests run at once and
    ``limited_by`` what keeps it from being more. ``input_weight`` is the work of an uncached
    input token over that of an output token (rho of ``price.weights_of``). ``basis`` says
    whether theta is measured, estimated, or unverified because nobody has measured such
    hardware; ``source`` names data and data sheet, ``notes`` what else a reader should know.
    ``spread`` is by how much theta and times may be off.
    """

    theta: Quantiles
    concurrency: int
    limited_by: Limit
    input_weight: float
    shape: RequestShape
    step: StepTimes
    batched_tokens: int
    request_seconds: float
    late_seconds: float
    spread: Spread
    run_sigma: float
    basis: Basis
    source: str
    notes: tuple[str, ...] = ()


def saturation(
    model: ServedModel,
    replica: Replica,
    shape: RequestShape,
    *,
    found: Efficiencies | None = None,
) -> Saturation:
    """Estimate what a replica serves at most; ``found`` replaces the catalogue's efficiencies.

    Raises:
        CostError: when not one request of that shape fits the KV cache.
    """
    found = found or efficiencies()[replica.kind]
    uncached = shape.cached_share > 0 and not replica.prefix_cache
    shape = dataclasses.replace(shape, cached_share=0.0) if uncached else shape
    tokens = shape.input_tokens + shape.output_tokens
    if replica.kv_bytes < model.kv_bytes(tokens):
        problem = (
            f"a request of {tokens:,.0f} tokens does not fit the KV cache of {replica.name} beside"
            f" {model.name}; take shorter requests, more memory or smaller weights"
        )
        raise CostError(problem, place="lengths")
    # Requests run at different ages, so together they hold the mean of their growing caches.
    kept = model.kv_bytes(shape.mean_context)
    limits: Mapping[Limit, int] = {
        "max sequences": replica.max_sequences,
        **({"KV cache": int(replica.kv_bytes / kept)} if kept else {}),
        **({"prompt tokens a step": _prompts_a_step(replica, shape)} if shape.is_pooled else {}),
    }
    limited_by = min(limits, key=lambda limit: limits[limit])
    unmeasured = list(_unmeasured(replica, shape, found))
    notes = [_NO_PREFIX_CACHE] * uncached + [note for note, _ in unmeasured]
    spread = found.spread
    for _, wider in unmeasured:
        spread = spread.at_least(wider)
    found = found.model_copy(update={"spread": spread})
    step = step_times(model, replica, found)
    return saturated(
        step,
        shape,
        concurrency=limits[limited_by],
        limited_by=limited_by,
        batched_tokens=replica.batched_tokens,
        found=found,
        source=f"{found.source} ({found.date}); {replica.source}",
        notes=tuple(notes),
    )


def saturated(
    step: StepTimes,
    shape: RequestShape,
    *,
    concurrency: int,
    limited_by: Limit,
    batched_tokens: int,
    found: Efficiencies,
    source: str,
    notes: tuple[str, ...] = (),
) -> Saturation:
    """What follows from the times of a step: theta, and the work of an input token."""
    theta = step.rate(concurrency, shape)
    prompt = step.prefill(shape.uncached_input_tokens, shape.cached_input_tokens)
    prompt_token = prompt / shape.uncached_input_tokens if shape.uncached_input_tokens else 0.0
    return Saturation(
        theta=log_normal(theta, found.spread.theta),
        concurrency=concurrency,
        limited_by=limited_by,
        input_weight=prompt_token / (1 / theta - prompt / shape.produced),
        shape=shape,
        step=step,
        batched_tokens=batched_tokens,
        request_seconds=found.request_seconds,
        late_seconds=found.late_seconds,
        spread=found.spread,
        run_sigma=found.run_sigma,
        basis="estimated" if found.basis == "measured" else "unverified",
        source=source,
        notes=notes,
    )


def _prompts_a_step(replica: Replica, shape: RequestShape) -> int:
    """How many prompts a step reads that all end with it."""
    return max(1, int(replica.batched_tokens / max(1.0, shape.uncached_input_tokens)))


def _unmeasured(
    replica: Replica, shape: RequestShape, found: Efficiencies
) -> Iterator[tuple[str, Spread | None]]:
    """What of a replica no run in the fit has tried, and the spread that comes with it."""
    if shape.is_pooled:
        # For want of a better one, the spread of a card that nobody measured.
        yield _NO_POOLED_RUN, found.spread_elsewhere
    if found.basis == "unverified":
        yield f"unverified: nobody has published a run of vLLM on {replica.device}", None
        return
    if replica.device not in found.measured_on:
        known = " and ".join(found.measured_on)
        yield f"{replica.device} is scaled from {known}", found.spread_elsewhere
    if replica.ranks > found.measured_ranks:
        yield f"scaled from at most {found.measured_ranks} GPUs", found.spread_of_more_ranks
