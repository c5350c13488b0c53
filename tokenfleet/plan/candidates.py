"""Instance types that could serve a model: which hold it, on which disks, how soon it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.machines.hardware import engines, hardware_by_name
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.catalogue.machines.unserved import unserved
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.plan.nodes.disks import DiskPlan, plan_disks
from tokenfleet.plan.serving.memory import MemoryUse, memory_budget, smallest_that_fits
from tokenfleet.plan.start.budget import ColdStart
from tokenfleet.plan.start.prediction import cold_starts


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A type as the only one of a pool that serves only that model.

    ``start`` pulls the engine's image and has compiled code beside the weights; ``uncompiled``
    compiles; ``baked`` has the image on its machine image; ``warm`` waited stopped, which a type
    with local disks cannot.
    """

    instance_type: str
    disks: DiskPlan
    start: ColdStart
    uncompiled: ColdStart
    baked: ColdStart
    warm: ColdStart | None


def candidate(name: str, facts: ModelFacts) -> Candidate:
    """A type that ``candidate_problem`` has nothing against."""
    kind = instance_type(name)
    engine_name = next(row for row in hardware_by_name().values() if row.runs_on(kind)).engine
    sharded = engines()[engine_name].sdk is not None
    (disks,) = plan_disks([kind], [facts], compiled=sharded)
    # As in a pool with a spot tier.
    starts = partial(cold_starts, [disks], engine_name, facts, by_controller=True)
    (start,) = starts(precompiled=True)
    (uncompiled,) = starts(precompiled=False)
    (baked,) = starts(precompiled=True, prepared="baked")
    warm = starts(precompiled=True, prepared="warm")
    return Candidate(
        instance_type=name,
        disks=disks,
        start=start,
        uncompiled=uncompiled,
        baked=baked,
        warm=warm[0] if warm else None,
    )


def candidate_problem(
    name: str, facts: ModelFacts | None, context_length: int, region: str
) -> str | None:
    """Why a type cannot serve the model, and the way out; ``facts`` of None is any model."""
    try:
        kind = instance_type(name)
    except CatalogueError as error:
        return str(error)
    hardware = next((row for row in hardware_by_name().values() if row.runs_on(kind)), None)
    if hardware is None:
        known = unserved(kind.family)
        why = f"{known.title}: {known.way_out}" if known else "there is no engine for it"
        return f"{why}; there are engines for {', '.join(served_families())}"
    if facts is None:
        return None
    if refusal := hardware.refusal(facts):
        runs = [
            family
            for row in hardware_by_name().values()
            if not row.refusal(facts)
            for family in row.families
        ]
        return f"{hardware.title} {refusal}; families that do: {', '.join(runs) or 'none'}"
    engine = engines()[hardware.engine]
    use = MemoryUse(context_length=min(context_length, facts.context_length))
    budget = memory_budget(facts, use, kind, engine)
    if budget.fits:
        return None
    bigger = smallest_that_fits(
        facts,
        use,
        hardware=hardware,
        engine=engine,
        region=region,
        families=[kind.family],
    )
    way_out = (
        f"the smallest type that fits is {bigger.instance_type}"
        if bigger
        else f"no {hardware.title} type offered in {region} fits it on one node"
    )
    return f"does not hold the model: {budget.arithmetic()}; {way_out}"


def served_families() -> Sequence[str]:
    """The families for which there is an engine."""
    return [family for row in hardware_by_name().values() for family in row.families]


def smallest_types(
    facts: ModelFacts, families: Sequence[str], context_length: int, region: str
) -> Sequence[str]:
    """Of every family the smallest type that holds the model, as far as there is one."""
    found = [
        smallest_that_fits(
            facts,
            MemoryUse(context_length=context_length),
            hardware=hardware,
            engine=engines()[hardware.engine],
            region=region,
            families=[family],
        )
        for family in families
        for hardware in hardware_by_name().values()
        if family in hardware.families and not hardware.refusal(facts)
    ]
    # Where no type of a family fits, the smallest of another family was found instead.
    return list(dict.fromkeys(k.instance_type for k in found if k and k.family in families))
