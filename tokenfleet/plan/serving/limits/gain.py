"""What drafting gains or loses at a load: the same step with and without it."""

from dataclasses import dataclass

from tokenfleet.catalogue.machines.efficiencies import efficiencies
from tokenfleet.estimate.features.assumed import Features, assumptions
from tokenfleet.estimate.features.speculation import Speculation, speculation
from tokenfleet.estimate.load.running import running_at, running_beside
from tokenfleet.estimate.quantiles import Quantiles
from tokenfleet.estimate.served_model import drafting_model
from tokenfleet.estimate.step.times import StepTimes
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.server import Server
from tokenfleet.settings.models import TrafficSettings
from tokenfleet.settings.speculation import SpeculativeMethod


def speculation_of(
    server: Server,
    *,
    method: SpeculativeMethod,
    tokens: int,
    accepted_share: float | None,
) -> Speculation:
    """What drafts for its model."""
    memory = server.memory
    draft = drafting_model(server.facts, memory.ranks, memory.kv_bytes_per_value)
    return speculation(method, tokens, draft=draft, accepted_share=accepted_share)


@dataclass(frozen=True, kw_only=True)
class Gain:
    """On each of some replicas: requests ``in_flight``, and how many times as soon a token comes as without drafts.

    ``step``, where acceptance is at its best, and ``step_alone`` are seconds of a mean step with and without
    them. Where more is asked than a replica can, it is full in both.
    """

    in_flight: float
    step: float
    step_alone: float
    times_as_soon: Quantiles


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A replica that drafts beside one that does not, for requests of the expected lengths."""

    alone: StepTimes
    drafting: StepTimes
    kept: Quantiles
    traffic: TrafficSettings
    most: int

    def gain(self, replicas: int) -> Gain:
        """Where ``replicas`` share the load."""
        shape = RequestShape(
            input_tokens=self.traffic.input_tokens,
            output_tokens=self.traffic.output_tokens,
            cached_share=self.traffic.cached_share,
        )
        load = self.traffic.requests_per_second / replicas

        def between(step: StepTimes) -> float:
            """Of two steps of one request: where there is no room for all that run, they take turns."""
            found = running_beside(step, shape, load, self.most)
            return found.gap * max(1.0, (found.beside + 1) / step.most(shape))

        without = between(self.alone)
        steps = [
            self.drafting.keeping(kept) for kept in (self.kept.p10, self.kept.p50, self.kept.p90)
        ]
        gaps = [between(step) for step in steps]
        low, usual, high = (
            without * step.drafting.kept / gap for step, gap in zip(steps, gaps, strict=True)
        )
        return Gain(
            in_flight=running_at(steps[1], shape, load * shape.produced, self.most),
            step=gaps[-1],
            step_alone=without,
            times_as_soon=Quantiles(p10=low, p50=usual, p90=high),
        )


def compared(
    found: Speculation, server: Server, batch: BatchPlan, traffic: TrafficSettings
) -> Compared:
    """For a replica whose steps are of ``batch``."""
    alone, replica = server.step(batch), server.replica(batch, prefix_cache=True)
    features = Features(speculation=found)
    shape = RequestShape(input_tokens=1, output_tokens=1)
    usual = assumptions(features, shape, replica.kind).usual
    return Compared(
        alone=alone,
        drafting=usual.times(alone, features, replica, efficiencies()[replica.kind]),
        kept=found.kept,
        traffic=traffic,
        most=batch.sequences,
    )
