"""What a replica serves at most: saturated output tokens a second, and what limits them."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.machines.efficiencies import Efficiencies, Spread, efficiencies
from tokenfleet.estimate.features.assumed import PLAIN, Assumed, Features, assumptions, notes
from tokenfleet.estimate.quantiles import Quantiles, log_normal
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.replica import Replica
from tokenfleet.estimate.served_model import ServedModel
from tokenfleet.estimate.step.times import StepTimes, step_times
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
    request_seconds: float
    late_seconds: float
    spread: Spread
    run_sigma: float
    basis: Basis
    source: str
    notes: tuple[str, ...] = ()

    @property
    def batched_tokens(self) -> int:
        """That a step takes in at most."""
        return self.step.room


def saturation(
    model: ServedModel,
    replica: Replica,
    shape: RequestShape,
    *,
    features: Features = PLAIN,
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
    kept = _kept_by(model, features)
    if replica.kv_bytes < sum(each.kv_bytes(tokens) for each in kept):
        problem = (
            f"a request of {tokens:,.0f} tokens does not fit the KV cache of {replica.name} beside"
            f" {model.name}; take shorter requests, more memory or smaller weights"
        )
        raise CostError(problem, place="lengths")
    alone = step_times(model, replica, found)
    assumed = assumptions(features, shape, replica.kind)

    def theta(one: Assumed) -> float:
        asked, step = one.shape(shape), one.times(alone, features, replica, found)
        most, _ = _concurrency(kept, replica, step, asked, one.once)
        return step.rate(most, asked)

    unmeasured = list(_unmeasured(replica, shape, found))
    spread = found.spread
    for _, wider in unmeasured:
        spread = spread.at_least(wider)
    step = assumed.usual.times(alone, features, replica, found)
    most, limited_by = _concurrency(kept, replica, step, shape, assumed.usual.once)
    return saturated(
        step,
        shape,
        concurrency=most,
        limited_by=limited_by,
        found=found.model_copy(
            update={"spread": spread.widened(assumed.spread(theta, spread.theta))}
        ),
        source=f"{found.source} ({found.date}); {replica.source}",
        notes=(
            *([_NO_PREFIX_CACHE] if uncached else []),
            *(note for note, _ in unmeasured),
            *notes(features, shape),
        ),
    )


def saturated(
    step: StepTimes,
    shape: RequestShape,
    *,
    concurrency: int,
    limited_by: Limit,
    found: Efficiencies,
    source: str,
    notes: tuple[str, ...] = (),
) -> Saturation:
    """What follows from the times of a step: theta, and the work of an input token."""
    theta = step.rate(concurrency, shape)
    uncached = shape.uncached_input_tokens
    prompt = step.prefill(uncached, shape.cached_input_tokens)
    # Where all is found in the cache, what a token would be that is not.
    prompt_token = step.prefill(uncached or 1.0, shape.cached_input_tokens) / (uncached or 1.0)
    return Saturation(
        theta=log_normal(theta, found.spread.theta),
        concurrency=concurrency,
        limited_by=limited_by,
        input_weight=prompt_token / (1 / theta - prompt / shape.produced),
        shape=shape,
        step=step,
        request_seconds=found.request_seconds,
        late_seconds=found.late_seconds,
        spread=found.spread,
        run_sigma=found.run_sigma,
        basis="estimated" if found.basis == "measured" else "unverified",
        source=source,
        notes=notes,
    )


def _kept_by(model: ServedModel, features: Features) -> Sequence[ServedModel]:
    """What keeps something of a sequence: the model, and what drafts for it."""
    draft = features.speculation.draft if features.speculation else None
    return [model, draft] if draft else [model]


def _concurrency(
    kept: Sequence[ServedModel],
    replica: Replica,
    step: StepTimes,
    shape: RequestShape,
    once: float,
) -> tuple[int, Limit]:
    """How many requests run at once, and what keeps it from being more.

    They run at different ages, so together they hold the mean of their growing caches, and ``once`` is
    the share of what they found in the cache that all hold together. Played without a prefix cache that
    keeps what was preempted, they hold more (bench/economics); measured runs agree with the mean.
    """
    shared = once * shape.cached_input_tokens * sum(each.kv_bytes_per_token for each in kept)
    own = sum(each.kv_bytes(shape.mean_context) for each in kept) - shared
    limits: Mapping[Limit, float] = {
        "max sequences": replica.max_sequences,
        **({"KV cache": (replica.kv_bytes - shared) / own} if own > 0 else {}),
        **({"prompt tokens a step": step.most(shape)} if shape.is_pooled else {}),
    }
    limited_by = min(limits, key=lambda limit: limits[limit])
    most = max(1, int(limits[limited_by]))
    return most, "prompt tokens a step" if step.most(shape) < most else limited_by


def _unmeasured(
    replica: Replica, shape: RequestShape, found: Efficiencies
) -> Iterator[tuple[str, Spread | None]]:
    """What of a replica no run in the fit has tried, and the spread that comes with it."""
    if shape.is_pooled:
        # For want of a better one, the spread of a card that nobody measured.
        yield _NO_POOLED_RUN, found.spread_elsewhere
    if found.basis == "unverified":
        yield f"unverified: {found.note}", None
        return
    if found.note:
        yield found.note, None
    if replica.device not in found.measured_on:
        known = " and ".join(found.measured_on)
        yield f"{replica.device} is scaled from {known}", found.spread_elsewhere
    if replica.ranks > found.measured_ranks:
        yield f"scaled from at most {found.measured_ranks} GPUs", found.spread_of_more_ranks
