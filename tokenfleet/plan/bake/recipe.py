"""What is baked for a pool: from which image, on which machine, and what is put on it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.catalogue.machines.instances import InstanceType, instance_types
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.catalogue.places.zones import is_offered
from tokenfleet.plan.nodes.disks import IMAGES_ROOT_GIB
from tokenfleet.plan.nodes.image import ImagePlan
from tokenfleet.plan.stack import Plan

# Unpacking goes one layer after the other: more would wait. Less than 8 GiB is little for layers
# of several GB on their way through the page cache.
_LEAST_VCPUS, _LEAST_MEMORY_GIB = 4, 8
# organisation/model/revision: code that is compiled for it is below.
_SLASHES = 2


class UnbakeableError(Exception):
    """There is nothing that could be baked; the message says why, and the way out."""


@dataclass(frozen=True, kw_only=True)
class BakePlan:
    """A machine image to be made.

    ``image`` is what pods ask for, tag and digest; ``engine_image`` is the same as its own registry
    has it, whatever cache it comes by: so the stack file names it. ``snapshots`` go on a second
    volume of ``weights_gib``; without any there is none. ``usd_per_hour`` is what ``instance_type``,
    on which the image is made, costs on demand, None where unknown.
    """

    name: str
    pool: str
    region: str
    parent: ImagePlan
    architecture: str
    image: str
    engine_image: str
    instance_type: str
    usd_per_hour: float | None
    root_gib: int
    weights_gib: int | None
    snapshots: Sequence[str]
    weights_gb: float
    """10^9 bytes of the snapshots, without code that is compiled ahead of time."""
    tags: Mapping[str, str]

    @property
    def revisions(self) -> Sequence[str]:
        """The snapshots that a stack file names: compiled code follows from its weights."""
        return [found for found in self.snapshots if found.count("/") == _SLASHES]

    @property
    def registry(self) -> str:
        """The host that the image comes from."""
        return self.image.partition("/")[0]


def plan_bake(plan: Plan, pool_name: str, *, weights: bool) -> BakePlan:
    """Decide what is baked for a pool of a plan in which nothing is baked yet.

    Raises:
        UnbakeableError: when no digest holds the engine's image, or no node would find weights.
    """
    pool = next(found for found in plan.pools if found.name == pool_name)
    group = plan.node_groups_by_pool[pool_name][0]
    served = [model for model in plan.models if model.pool == pool_name]
    engine, image = engines()[pool.engine].image, served[0].image
    _, _, digest = image.partition("@")
    if not digest:
        msg = (
            f"pool {pool_name} serves with {image}, and no digest says what that tag stands for: what is"
            " baked today may not be what pods ask for tomorrow. Pin it: tokenfleet catalogue"
            f' refresh --only digests, or cluster.digests: {{"{engine}": "sha256:..."}}'
        )
        raise UnbakeableError(msg)
    cache = next((disks.cache for disks in pool.disks if disks.cache), None)
    if weights and cache is None:
        types = ", ".join(pool.instance_types)
        msg = (
            f"pool {pool_name}: weights lie on the local disks of {types}, which are empty at boot: leave"
            " --weights out, or add a type without local disks"
        )
        raise UnbakeableError(msg)
    kind = _machine(pool.architecture, plan.region, plan.prices)
    price = plan.prices.on_demand(kind.instance_type)
    return BakePlan(
        name=f"{plan.name}-{pool_name}",
        pool=pool_name,
        region=plan.region,
        parent=group.image,
        architecture=pool.architecture,
        image=image,
        engine_image=f"{engine}@{digest}",
        instance_type=kind.instance_type,
        usd_per_hour=price.usd if price else None,
        root_gib=IMAGES_ROOT_GIB,
        weights_gib=cache.size_gib if cache and weights else None,
        snapshots=group.templates[0].boot.snapshots if weights else [],
        weights_gb=sum(model.weights_gb for model in served) if weights else 0.0,
        tags=plan.tags,
    )


def mark_of(content: str) -> str:
    """A short name of what a document holds: Image Builder changes none that is there."""
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _machine(architecture: str, region: str, prices: Prices) -> InstanceType:
    """The cheapest type that the image boots on; drivers are there, and need no device yet."""
    able = [
        kind
        for kind in instance_types().values()
        if kind.architecture == architecture
        and kind.vcpus >= _LEAST_VCPUS
        and kind.memory_gib >= _LEAST_MEMORY_GIB
        and "on-demand" in kind.usage_classes
        and is_offered(kind.instance_type, region) is not False
    ]

    def cost(kind: InstanceType) -> tuple[float, float, str]:
        price = prices.on_demand(kind.instance_type)
        return price.usd if price else float("inf"), kind.memory_gib, kind.instance_type

    return min(able, key=cost)
