"""What a caller of each model meets: the door, how much is let in, who answers, and when there are more."""

from collections.abc import Iterator, Sequence

from tokenfleet.counted import count, three_digits
from tokenfleet.plan.edge.clients import ClientPlan
from tokenfleet.plan.edge.plan import EdgePlan
from tokenfleet.plan.edge.served import ServedName
from tokenfleet.plan.manifests.network_policy import CALLER_LABEL
from tokenfleet.plan.scaling.policy import ScalingPolicy
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.report import Report
from tokenfleet.views.tables.table import Column, Table

Row = tuple[str, str, str]


def call_rows(plan: Plan, model: ModelPlan) -> Sequence[Row]:
    """What, how much, and why: a row for each of door, step, bound, queue, refusal, choice and scaling."""
    (name,) = (each for each in plan.edge.names if each.name == model.served_as)
    return [
        ("door", _door(plan.edge, name), "; ".join(_callers(plan.edge, name))),
        _step(model),
        _bound(model),
        ("queue", f"{model.admission.queue:,} of them wait", model.admission.queue_reason),
        _refusal(plan.edge, model, name),
        ("affinity", name.affinity.kind, name.affinity.reason),
        _scaling(model, name),
    ]


def calls_table(report: Report) -> Table:
    """The rows of every model."""
    return Table(
        title="How each model is called",
        columns=[Column("Model"), Column("What"), Column("How much"), Column("Why, and who")],
        rows=[
            [model.plan.name if place == 0 else "", *row]
            for model in report.models
            for place, row in enumerate(call_rows(report.plan, model.plan))
        ],
        caption=(
            "Limits of clients count on each pod of the edge:"
            f" {_pods(report.plan.edge)}. What is refused gets Retry-After: docs/edge.md."
        ),
    )


def _door(edge: EdgePlan, name: ServedName) -> str:
    where = {
        "cluster": "inside the cluster only",
        "internal": "load balancer of the VPC",
        "public": "load balancer of the internet",
    }[edge.exposure]
    secured = "plain HTTP" if edge.certificate_arn is None else "TLS"
    adapters = f" (adapters {', '.join(name.adapters)})" if name.adapters else ""
    return f"{where}, {secured}, model {name.name}{adapters}"


def _callers(edge: EdgePlan, name: ServedName) -> Iterator[str]:
    """From where, and which clients."""
    if edge.has_load_balancer:
        yield f"from {', '.join(sorted(map(str, edge.allowed_cidrs)))}"
    else:
        yield f"from namespaces labelled {CALLER_LABEL}=true"
    may_call = [
        client
        for client in edge.clients
        if client.models is None or not set(name.models).isdisjoint(client.models)
    ]
    limited = [client for client in may_call if _limits(client)]
    yield "whoever has a key" + ("" if len(may_call) == len(edge.clients) else ", but:")
    for client in edge.clients:
        if client not in may_call:
            yield f"{client.name} not"
    for client in limited:
        yield f"{client.name} {', '.join(_limits(client))}"


def _limits(client: ClientPlan) -> Sequence[str]:
    return [
        *(
            [f"{client.requests_per_minute:,} requests a minute"]
            if client.requests_per_minute
            else []
        ),
        *([f"{client.tokens_per_minute:,} tokens a minute"] if client.tokens_per_minute else []),
        *(["refused first (batch)"] if client.priority == "batch" else []),
    ]


def _step(model: ModelPlan) -> Row:
    batch = model.batch
    return (
        "step",
        f"{count(batch.sequences, 'sequence')}, {batch.prompt_tokens:,} prompt tokens",
        f"{batch.sequences_reason}; {batch.prompt_tokens_reason}",
    )


def _bound(model: ModelPlan) -> Row:
    admission = model.admission
    return (
        "bound",
        f"{admission.bound:,} on each replica, of which {admission.slots:,} run",
        admission.slots_reason,
    )


def _refusal(edge: EdgePlan, model: ModelPlan, name: ServedName) -> Row:
    most = count(sum(backend.most_replicas for backend in name.backends), "replica")
    others = [backend.model for backend in name.backends if backend.model != model.name]
    shared = f", those of {', '.join(others)} among them" if others else ""
    admission = model.admission
    holds = "" if admission.engine_holds else " in front of its engine, which has no bound"
    why = f"each refuses by itself{holds}, then others are asked; {name.guard:,} on {most}{shared}"
    batch = any(client.priority == "batch" for client in edge.clients)
    return (
        "shed",
        f"429, Retry-After {name.retry_after_seconds} s, once every replica has {admission.bound:,}",
        f"{why}; batch clients once each has {admission.batch_bound:,}" if batch else why,
    )


def _scaling(model: ModelPlan, name: ServedName) -> Row:
    rule = model.scaling
    if rule.is_fixed:
        return "scaling", f"fixed: {count(rule.least, 'replica')}", "replicas.min is replicas.max"
    until = "" if model.published else ", once published"
    return (
        "scaling",
        f"{rule.least:,} to {count(rule.most, 'replica')}{until}: one for each {three_digits(rule.each)} in flight",
        "; ".join(_rule(rule, name)),
    )


def _rule(rule: ScalingPolicy, name: ServedName) -> Iterator[str]:
    yield f"{rule.target:.0%} of {rule.slots:,} slots, as {rule.reason}"
    if rule.spare:
        yield f"{rule.spare} spare, at most {rule.spare_share:.0%} of the load"
    else:
        yield "no spare, as the other slots hold twice the load"
    yield f"averaged over {rule.average_seconds} s, fewer after {rule.down_window_seconds} s"
    if rule.least == 0:
        yield (
            f"none after {rule.idle_seconds} s without requests: the next one wakes it and gets 503,"
            f" Retry-After {name.start_seconds} s"
        )


def _pods(edge: EdgePlan) -> str:
    bounds = f"{edge.least_pods} to {edge.most_pods}" if edge.follows_load else f"{edge.least_pods}"
    return f"there are {bounds}"
