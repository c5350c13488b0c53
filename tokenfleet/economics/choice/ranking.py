"""Every instance type of the catalogue for one model: what it would cost there, or why not there."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.machines.hardware import hardware_by_name
from tokenfleet.catalogue.machines.instances import InstanceType, instance_types
from tokenfleet.catalogue.machines.unserved import unserved
from tokenfleet.catalogue.places.zones import is_offered, regions_offering
from tokenfleet.economics.choice.node_hour import NodeHour, node_hour
from tokenfleet.economics.choice.question import Question
from tokenfleet.economics.price.quote import Quote, quote_at_load, quote_at_saturation
from tokenfleet.estimate.load.carried import carried
from tokenfleet.estimate.load.replicas import replicas_needed
from tokenfleet.estimate.load.served import Served, at_load
from tokenfleet.estimate.quantiles import Quantiles, combined
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.plan.nodes.disks import local_gb, local_gb_needed
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.batch_choice import plan_batch
from tokenfleet.plan.serving.limits.server import Server

Reason = Literal[
    "no engine",
    "not offered",
    "cannot run these weights",
    "does not fit",
    "local disks too small",
    "misses the objective",
    "no price",
]
_Refusal = tuple[Reason, str]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A type that serves the model within the objective.

    ``carries`` is the load in requests a second that one replica (a node) carries within the
    objective; ``replicas`` is what the load takes, the spare included, None without a load. ``served``
    is one replica at its share of the load, or at what it carries. ``safe``: met even at the estimate's slow end.
    ``memory`` is what the model takes of each rank, and of how much.
    """

    instance_type: str
    family: str
    hardware: str
    memory: str
    most: Saturation
    served: Served
    carries: float
    safe: bool
    node: NodeHour
    replicas: int | None
    at_load: Quote | None
    flat_out: Quote

    @property
    def rank(self) -> float:
        """US dollars for the same tokens: at the load where there is one, else at saturation."""
        return (self.at_load or self.flat_out).prices.blended


@dataclass(frozen=True, kw_only=True)
class RuledOut:
    """A type that cannot serve the model, or not as asked; ``hardware`` is empty where it is not known."""

    instance_type: str
    family: str
    hardware: str
    memory_gib: float
    reason: Reason
    detail: str


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Every type of the catalogue once: the choices from the cheapest on, and the others."""

    choices: Sequence[Choice]
    ruled_out: Sequence[RuledOut]


def ranking(question: Question, names: Sequence[str] | None = None) -> Ranking:
    """Rank the types of those names, or of the whole catalogue but bare metal.

    Bare metal is left out because a replica is no faster there and its sizes are those of the
    largest virtual ones.
    """
    kinds = [
        kind
        for name, kind in instance_types().items()
        if (name in names if names is not None else "metal" not in name)
    ]
    found = [_judged(question, kind) for kind in kinds]
    return Ranking(
        choices=sorted(
            (row for row in found if isinstance(row, Choice)),
            key=lambda row: (row.rank, row.instance_type),
        ),
        ruled_out=[row for row in found if isinstance(row, RuledOut)],
    )


def _judged(question: Question, kind: InstanceType) -> Choice | RuledOut:
    hardware = next((row for row in hardware_by_name().values() if row.runs_on(kind)), None)
    if hardware is None:
        found = _no_engine(kind)
    else:
        server = question.server_on(hardware, kind)
        found = _unfit(question, server) or _fitting(question, server)
    if isinstance(found, Choice):
        return found
    reason, detail = found
    return RuledOut(
        instance_type=kind.instance_type,
        family=kind.family,
        hardware=known.title if (known := hardware or unserved(kind.family)) else "",
        memory_gib=kind.memory_gib,
        reason=reason,
        detail=detail,
    )


def _no_engine(kind: InstanceType) -> _Refusal:
    known = unserved(kind.family)
    return "no engine", known.way_out if known else "there is no pinned vLLM build for it"


def _unfit(question: Question, server: Server) -> _Refusal | None:
    """What rules a type out before any load is looked at."""
    kind = server.kind
    if refusal := server.hardware.refusal(question.facts):
        return "cannot run these weights", refusal
    if is_offered(kind.instance_type, question.region) is False:
        elsewhere = ", ".join(regions_offering(kind.instance_type))
        return "not offered", f"offered in {elsewhere}" if elsewhere else "offered nowhere"
    if not server.memory.fits:
        return "does not fit", server.memory.arithmetic()
    compiled = server.engine.sdk is not None
    needed = local_gb_needed([question.facts], compiled=compiled)
    if kind.local_nvme is not None and local_gb(kind) < needed:
        return "local disks too small", f"{local_gb(kind):,} GB, needed {needed:,}"
    return None


def _fitting(question: Question, server: Server) -> Choice | _Refusal:
    """A type that holds the model: what it carries, and at what price."""
    batch = _batch(question, server)
    try:
        most = server.saturation(batch, question.shape, name=question.model)
    except CostError as error:
        return "does not fit", error.problem
    carries = batch.carries or carried(most, question.objective)
    if isinstance(carries, str):
        return "misses the objective", carries
    node = node_hour(question, server.kind, server.engine)
    if node is None:
        return "no price", f"{'on spot' if question.spot else 'on demand'} in {question.region}"
    return _choice(question, server, most, carries=carries, node=node)


def estimated(question: Question, server: Server) -> Saturation:
    """What one replica would do at most, on a type that holds the model.

    Raises:
        CostError: when not one request fits beside it.
    """
    return server.saturation(_batch(question, server), question.shape, name=question.model)


def _batch(question: Question, server: Server) -> BatchPlan:
    return plan_batch(
        server,
        task=question.facts.task,
        context_length=question.context_length,
        shape=question.shape,
        objective=question.objective,
    )


def _choice(
    question: Question, server: Server, most: Saturation, *, carries: float, node: NodeHour
) -> Choice:
    load = question.requests_per_second
    replicas = None if load is None else replicas_needed(most, carries, load) + question.spare
    share = carries if load is None or replicas is None else load / replicas
    served = at_load(most, share)
    return Choice(
        instance_type=server.kind.instance_type,
        family=server.kind.family,
        hardware=server.hardware.title,
        memory=server.memory.arithmetic(),
        most=most,
        served=served,
        carries=carries,
        safe=question.objective.is_safe(served),
        node=node,
        replicas=replicas,
        at_load=None if load is None else _quote(most, load, carries, question.spare, node.usd),
        flat_out=quote_at_saturation(most, node.usd, replicas=1),
    )


def _quote(most: Saturation, load: float, carries: float, spare: int, node: Quantiles) -> Quote:
    """At the load; a slower server takes more replicas, which is most of the range."""
    by_theta = sorted(
        replicas_needed(most, carries, load, theta) + spare
        for theta in (most.theta.p10, most.theta.p50, most.theta.p90)
    )
    replicas = by_theta[1]
    quote = quote_at_load(most, node * replicas, replicas=replicas, requests_per_second=load)
    fleet = Quantiles(p10=by_theta[0] / replicas, p50=1.0, p90=by_theta[2] / replicas)
    return dataclasses.replace(quote, range_of_price=combined([node.relative, fleet]))
