"""Baked machine images: what is on them is what their pool serves, and where nodes find it."""

from collections.abc import Iterator

from tokenfleet.catalogue.machines.instances import instance_types
from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.plan.nodes.pools import engine_of
from tokenfleet.plan.pulls import digest_of, parted
from tokenfleet.settings.draft import Draft
from tokenfleet.settings.sections import BakedSettings, PoolSettings
from tokenfleet.weights.layout import snapshot_of


def baked_mistakes(name: str, pool: PoolSettings, draft: Draft) -> Iterator[Mistake]:
    """A baked image beside another one, with another engine, or with weights nobody would find."""
    if pool.baked is None:
        return
    path = f"pools.{name}"
    if pool.image_id:
        problem = (
            f"nodes start from one image, and baked.imageId gives {pool.baked.image_id}: leave one"
            f" out; tokenfleet bake STACK {name} starts from imageId while baked is not there"
        )
        yield Mistake(path=f"{path}.imageId", value=pool.image_id, problem=problem)
    yield from _another_engine(path, name, pool, pool.baked, draft)
    yield from _weights(path, name, pool, pool.baked, draft)


def _another_engine(
    path: str, name: str, pool: PoolSettings, baked: BakedSettings, draft: Draft
) -> Iterator[Mistake]:
    image = engine_of(pool).image
    baked_name, baked_digest = parted(baked.engine_image)
    pinned, given_by = digest_of(image, draft.cluster.digests if draft.cluster else {})
    others = {
        other: parted(found.baked.engine_image)[1]
        for other, found in draft.pools.items()
        if found.baked and engine_of(found).image == image and other < name
    }
    problem = None
    if baked_name != image:
        problem = (
            f"was baked with {baked_name}, and replicas run {image}: bake anew, tokenfleet bake STACK"
            f" {name}; until then, leave baked out"
        )
    elif pinned and pinned != baked_digest:
        where = f"cluster.digests.{image}" if given_by == "stack file" else "the catalogue"
        problem = (
            f"is not what replicas ask for: {pinned} by {where}. Bake anew, or the engine is pulled"
            f" as if nothing were baked: tokenfleet bake STACK {name} (docs/cold-start.md)"
        )
    elif differing := [other for other, found in others.items() if found != baked_digest]:
        problem = (
            f"pool {differing[0]} serves with the same engine, baked as {others[differing[0]]}: bake"
            " both from one digest"
        )
    if problem:
        yield Mistake(path=f"{path}.baked.engineImage", value=baked.engine_image, problem=problem)


def _weights(
    path: str, name: str, pool: PoolSettings, baked: BakedSettings, draft: Draft
) -> Iterator[Mistake]:
    served = sorted(_snapshots(name, draft))
    for index, weights in enumerate(baked.weights):
        here = f"{path}.baked.weights[{index}]"
        model, _, revision = weights.rpartition("/")
        same = [found.rpartition("/")[2] for found in served if found.startswith(f"{model}/")]
        problem = None
        if weights in baked.weights[:index]:
            problem = "is listed twice"
        elif same and weights not in served:
            problem = (
                f"the pool serves revision {' and '.join(same)} of it, not {revision}: nodes would"
                f" fetch that beside it. Bake anew: tokenfleet bake STACK {name} --weights"
            )
        elif served and not same:
            problem = (
                f"no model of this pool loads it.{nearest(weights, served)} They load:"
                f" {', '.join(served)}"
            )
        if problem:
            yield Mistake(path=here, value=weights, problem=problem)
    kinds = [instance_types()[kind] for kind in pool.instance_types if kind in instance_types()]
    if baked.weights and kinds and all(kind.local_nvme for kind in kinds):
        yield Mistake(
            path=f"{path}.baked.weights",
            value=", ".join(baked.weights),
            problem=(
                f"weights lie on the local disks of {', '.join(pool.instance_types)}, which are empty"
                " at boot: leave them out, or use types without local disks"
            ),
        )


def _snapshots(pool: str, draft: Draft) -> Iterator[str]:
    """The published revisions that replicas of the pool load, without compiled code."""
    for name, model in draft.models.items():
        if draft.pool_by_model.get(name) != pool:
            continue
        yield snapshot_of(model.hugging_face_id, model.revision)
        for adapter in model.adapters.values():
            yield snapshot_of(adapter.hugging_face_id, adapter.revision)
        if model.speculative and model.speculative.draft:
            draft_model = model.speculative.draft
            yield snapshot_of(draft_model.hugging_face_id, draft_model.revision)
