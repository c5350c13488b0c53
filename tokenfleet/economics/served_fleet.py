"""One model's replicas on its pool: what each does, carries, and how many a load takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tokenfleet.economics.bill.commitments import Commitment
from tokenfleet.economics.bill.scenario import Buying
from tokenfleet.estimate.load.carried import carried
from tokenfleet.estimate.load.refused import refused_share
from tokenfleet.estimate.load.replicas import replicas_needed, requests_on
from tokenfleet.estimate.measured.profile import ProfileRun
from tokenfleet.estimate.measured.speed import measured_saturation
from tokenfleet.estimate.throughput import Saturation, saturation
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.plan.serving.limits.batch_choice import promised
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.serving.planned import features_of, server_of
from tokenfleet.plan.stack import Plan

ASSUMED_SHAPE = RequestShape(input_tokens=800, output_tokens=250)
"""Lengths of a request where a model has no traffic: an assumption to draw its curve with, shortened
where the context is shorter."""


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """How a stack is run beyond its plan: how nodes are bought, what is cached, spare and measured.

    ``cached_share`` is that of each model's traffic where it is None.
    """

    buying: Buying = field(default_factory=Buying)
    cached_share: float | None = None
    spare: int = 0
    profile: Sequence[ProfileRun] = ()
    commitments: Sequence[Commitment] = ()


@dataclass(frozen=True, kw_only=True)
class ServedFleet:
    """One model's replicas: what each does at most, and what it carries within the objective.

    ``misses`` says why the objective is missed even by a replica that has nothing else to do;
    then replicas are needed for the queue alone.
    """

    model: ModelPlan
    most: Saturation
    carries: float
    misses: str | None
    spare: int

    def needed(self, requests_per_second: float, theta: float | None = None) -> int:
        """Replicas that keep queue and promise, the spare included and bounds left out.

        ``theta`` if not the median.
        """
        return replicas_needed(self.most, self.carries, requests_per_second, theta) + self.spare

    def followed(self, requests_per_second: float, theta: float | None = None) -> int:
        """Replicas that the rule of scaling settles on: the fewest that it does not raise.

        Within its bounds, and the spare on top. ``theta`` if not the median.
        """
        most, rule, bound = self.most, self.model.scaling, self.model.admission.bound
        keeping = 0
        if rule.carries is not None:
            # Where it turns out faster than planned, fewer are in flight on it.
            carries = max(rule.carries, self.carries)
            keeping = replicas_needed(most, carries, requests_per_second, theta)
        return self.spare + rule.settled(
            lambda replicas: requests_on(
                most, requests_per_second, replicas, bound=bound, theta=theta
            ),
            keeping,
        )

    def refused(self, requests_per_second: float, replicas: int) -> float:
        """The share of requests that so many replicas refuse, as all hold what they take in."""
        bound = self.model.admission.bound
        return refused_share(self.most, requests_per_second, replicas, bound=bound)

    def answer_seconds(self, running: float) -> float:
        """How long a mean answer takes while so many run on its replica (Little's law)."""
        most = self.most
        steps = most.step.steps(most.shape)
        return most.request_seconds + steps * most.step.cycle(running, most.shape)


def served_fleet(
    plan: Plan, model: ModelPlan, what_if: WhatIf, shape: RequestShape | None = None
) -> ServedFleet:
    """What the replicas of a model do, by the estimate or by a profile of that model.

    For requests of that ``shape``, if not of those that the model's traffic says.

    Raises:
        CostError: when a request does not fit the KV cache, or a profile cannot be of this server.
    """
    (pool,) = (pool for pool in plan.pools if pool.name == model.pool)
    server = server_of(model, pool)
    prefix_cache = any(a.flag == "enable-prefix-caching" for a in model.arguments)
    most = saturation(
        server.model(model.name),
        server.replica(model.batch, prefix_cache=prefix_cache),
        shape or shape_of(model, what_if.cached_share),
        features=features_of(model, server, gathered=_is_gathered(plan, model)),
    )
    names = {model.name.casefold(), model.hugging_face_id.casefold()}
    runs = [run for run in what_if.profile if run.model_id.casefold() in names]
    if runs:
        most = measured_saturation(most, runs)
    carries = carried(most, promised(model.objective))
    missed = isinstance(carries, str)
    return ServedFleet(
        model=model,
        most=most,
        carries=most.theta.p50 / most.shape.produced if missed else carries,
        misses=carries if missed else None,
        spare=what_if.spare,
    )


def _is_gathered(plan: Plan, model: ModelPlan) -> bool:
    """Whether requests that begin alike meet at one replica: the edge sees to it, or there is no other."""
    by_prefix = any(
        name.affinity.kind == "prefix" and any(each.model == model.name for each in name.backends)
        for name in plan.edge.names
    )
    return by_prefix or model.max_replicas == 1


def shape_of(model: ModelPlan, cached_share: float | None = None) -> RequestShape:
    """Lengths of its requests: those of its traffic, or the assumed ones."""
    if model.traffic is None:
        whole = ASSUMED_SHAPE.input_tokens + ASSUMED_SHAPE.output_tokens
        if model.task != "generate":
            whole -= ASSUMED_SHAPE.output_tokens
        part = min(1.0, model.context_length / whole)
        output = part * ASSUMED_SHAPE.output_tokens if model.task == "generate" else 0
        lengths, cached = (part * ASSUMED_SHAPE.input_tokens, output), 0.0
    else:
        lengths = (model.traffic.input_tokens, model.traffic.output_tokens)
        cached = model.traffic.cached_share
    return RequestShape(
        input_tokens=lengths[0],
        output_tokens=lengths[1],
        cached_share=cached if cached_share is None else cached_share,
    )
