"""Local disks: large enough for the models of their pool."""

from collections.abc import Iterator, Mapping

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.machines.instances import InstanceType, instance_types
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.catalogue.places.zones import is_offered
from tokenfleet.mistakes import Mistake
from tokenfleet.plan.nodes.disks import local_gb, local_gb_needed
from tokenfleet.plan.nodes.pools import engine_of, hardware_of
from tokenfleet.settings.draft import Draft
from tokenfleet.settings.sections import PoolSettings


def disk_mistakes(
    name: str,
    pool: PoolSettings,
    facts_by_model: Mapping[str, ModelFacts | CatalogueError],
    draft: Draft,
) -> Iterator[Mistake]:
    """Types whose local disks cannot hold what the nodes of the pool fetch.

    Weights on local disks have no volume to grow: the loader would stop at a full disk. Models
    without facts count as nothing here; they are reported at the model.
    """
    facts = {
        model: found
        for model, found in facts_by_model.items()
        if draft.pool_by_model.get(model) == name and isinstance(found, ModelFacts)
    }
    if not facts:
        return
    needed = local_gb_needed(list(facts.values()), compiled=engine_of(pool).sdk is not None)
    for index, type_name in enumerate(pool.instance_types):
        kind = instance_types().get(type_name)
        if kind is None or not hardware_of(pool).runs_on(kind):
            continue  # reported at the pool
        if kind.local_nvme is None or local_gb(kind) >= needed:
            continue
        sizes = ", ".join(f"{model} {row.fetched_bytes / 1e9:.1f}" for model, row in facts.items())
        yield Mistake(
            path=f"pools.{name}.instanceTypes[{index}]",
            value=type_name,
            problem=(
                f"has {local_gb(kind):,} GB of local disk, the pool's nodes need {needed:,}: weights"
                f" in GB ({sizes}), those of the largest once more for its next revision, images,"
                f" pods, and a tenth free. {_way_out(kind, needed, pool, draft.region)}"
            ),
        )


def _way_out(kind: InstanceType, needed: int, pool: PoolSettings, region: str | None) -> str:
    """A type of the same hardware that would do, one of the same size if there is any."""
    hardware = hardware_of(pool)
    enough = sorted(
        (
            other
            for other in instance_types().values()
            if hardware.runs_on(other)
            and is_offered(other.instance_type, region or "") is not False
            and "metal" not in other.instance_type
            and other.memory_gib >= kind.memory_gib
            and (other.local_nvme is None or local_gb(other) >= needed)
        ),
        key=lambda other: (
            (other.memory_gib, other.vcpus) != (kind.memory_gib, kind.vcpus),
            other.family != kind.family,
            other.memory_gib,
            other.instance_type,
        ),
    )
    split = "give some models a pool of their own"
    if not enough:
        return f"No {hardware.title} type has enough: {split}"
    best = enough[0]
    disks = f"{local_gb(best):,} GB" if best.local_nvme else "a volume as large as needed"
    return f"Use {best.instance_type} ({disks}) or {split}"
