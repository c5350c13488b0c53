"""Whether each model carries its load, keeps its promise, and has the replicas that are priced."""

from collections.abc import Iterator, Sequence

from tokenfleet.counted import count, three_digits
from tokenfleet.economics.fleet_bills import FleetBills
from tokenfleet.economics.judgement.rounding import rounded_up
from tokenfleet.economics.judgement.verdict import Verdict
from tokenfleet.economics.model_cost import ModelCost
from tokenfleet.estimate.load.refused import MOST_REFUSED, replicas_holding
from tokenfleet.estimate.load.served import QUEUE_GROWS_ABOVE, Served, at_load

# Share of what a replica could do that is as good as nothing to do.
_ALONE = 1e-3
_SEVERAL = 3  # from here on a ratio reads better as "times"


def verdicts_on_model(
    bills: FleetBills, model: ModelCost, models: Sequence[ModelCost]
) -> Iterator[Verdict]:
    """What its load and its promise make of it; ``models`` are all that share the stack."""
    wanted = model.replicas + model.missing
    if model.queue_grows:
        most = model.replicas * model.most.theta.p50 / model.most.shape.produced
        yield Verdict(
            judged="load",
            fails=True,
            place=f"models.{model.name}.traffic.requestsPerSecond",
            problem=(
                f"{three_digits(model.requests_per_second or 0)} requests/s are more than {count(model.replicas, 'replica')}"
                f" can serve ({three_digits(QUEUE_GROWS_ABOVE * most)} before the queue grows)"
            ),
            way_out=_more_replicas(bills, model, models, wanted),
        )
    if model.misses:
        yield _never_met(model)
    elif model.missing and not model.queue_grows and model.served:
        late = _late(model, model.served)
        # A spare for a lost replica may be what is missing, and nobody waits for that.
        short = f"it takes {count(model.missing, 'replica')} more to keep its promise and spares"
        yield Verdict(
            judged="objective",
            fails=bool(late),
            place=f"models.{model.name}.objective",
            problem=f"{late or short} with {_running(model)}",
            way_out=_more_replicas(bills, model, models, wanted),
        )
    elif model.refused > MOST_REFUSED and not model.queue_grows:
        yield _refused(bills, model, models)


def _refused(bills: FleetBills, model: ModelCost, models: Sequence[ModelCost]) -> Verdict:
    """Each replica keeps the promise to few at once, and what comes is not even."""
    (plan,) = (each for each in bills.plan.models if each.name == model.name)
    load, bound = model.requests_per_second or 0, plan.admission.bound
    holding = replicas_holding(model.most, load, model.replicas, bound=bound)
    return Verdict(
        judged="load",
        fails=False,
        place=f"models.{model.name}.traffic.requestsPerSecond",
        problem=(
            f"{model.refused:.1%} of {three_digits(load)} requests/s find no room and are refused (429),"
            f" more where they come in bursts: {_running(model)} take in {model.replicas * bound:,} at once"
        ),
        way_out=_more_replicas(bills, model, models, holding, by_rule=False),
    )


def _running(model: ModelCost) -> str:
    if model.replicas < model.most_replicas:
        return f"the {count(model.replicas, 'replica')} that so many requests in flight make of it"
    return f"all {count(model.replicas, 'replica')} it may have"


def _never_met(model: ModelCost) -> Verdict:
    """A promise that a replica misses which has nothing else to do."""
    alone = at_load(model.most, _ALONE * model.most.theta.p50 / model.most.shape.produced)
    met = [
        f"{key} to {rounded_up(1000 * seconds):,} or more"
        for key, seconds, promised in _latencies(model, alone)
        if 1000 * seconds > promised
    ]
    return Verdict(
        judged="objective",
        fails=True,
        place=f"models.{model.name}.objective",
        problem=f"{_late(model, alone)} even when idle, so that no number of replicas keeps it",
        way_out=(
            f"set {' and '.join(met)}, or choose what keeps it: tokenfleet compare"
            f" {model.hugging_face_id}"
        ),
    )


def _latencies(model: ModelCost, served: Served) -> Iterator[tuple[str, float, int]]:
    """Key of the objective, seconds expected, milliseconds promised."""
    for key, quantiles, promised in (
        ("ttftP99Ms", served.ttft_p99, model.objective.ttft_p99_ms),
        ("itlP99Ms", served.itl_p99, model.objective.itl_p99_ms),
    ):
        if quantiles:
            yield key, quantiles.p50, promised


def _late(model: ModelCost, served: Served) -> str:
    first = "p99" if model.most.shape.is_pooled else "p99 TTFT"
    names = {"ttftP99Ms": first, "itlP99Ms": "p99 ITL"}
    late = [
        f"{names[key]} is {1000 * seconds:,.0f} ms, {_beyond(1000 * seconds / promised)} the"
        f" {promised:,} ms promised,"
        for key, seconds, promised in _latencies(model, served)
        if 1000 * seconds > promised
    ]
    return " and ".join(late)


def _beyond(ratio: float) -> str:
    return f"{ratio - 1:.0%} more than" if ratio < _SEVERAL else f"{ratio:,.2g} times"


def _more_replicas(
    bills: FleetBills,
    model: ModelCost,
    models: Sequence[ModelCost],
    wanted: int,
    *,
    by_rule: bool = True,
) -> str:
    """``by_rule``: where all that there may be are running, the rule of scaling would add more."""
    (plan,) = (each for each in bills.plan.models if each.name == model.name)
    beside = {each.name: each.replicas + each.missing for each in models}
    nodes = wanted + sum(
        beside[each.name]
        for each in bills.plan.models
        if each.pool == plan.pool and each.name != model.name
    )
    changes: list[str] = []
    held_back = by_rule and model.replicas == model.most_replicas
    if not held_back and wanted > plan.min_replicas:
        # The rule of scaling looks at requests in flight: it would not add what the promise takes.
        changes.append(f"models.{model.name}.replicas.min to {wanted:,}")
    if wanted > plan.max_replicas:
        changes.append(f"models.{model.name}.replicas.max to {wanted:,}")
    if nodes > bills.room(plan.pool):
        changes.append(f"the tiers of pools.{plan.pool} to {nodes:,} nodes together")
    return f"set {' and '.join(changes)}"
