"""Whether nodes can start from the machine images that the stack file gives."""

from collections.abc import Iterator
from dataclasses import dataclass

from tokenfleet.advice.findings import AccountFinding, blocks, warns
from tokenfleet.aws.advice.facts import Answers, MachineImage
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.plan.nodes.groups import SYSTEM_POOL, NodeGroupPlan
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.stack import Plan

ROOT_DEVICE, CACHE_DEVICE = "/dev/xvda", "/dev/xvdb"


@dataclass(frozen=True, kw_only=True)
class _Given:
    """An image, the key that gives it, and the first group of nodes that start from it."""

    image_id: str
    key: str
    pool: PoolPlan | None
    group: NodeGroupPlan


def image_ids(plan: Plan) -> list[str]:
    """The images that the stack file gives; others are public, and of EKS."""
    return sorted({given.image_id for given in _given(plan)})


def image_findings(plan: Plan, answers: Answers) -> Iterator[AccountFinding]:
    """Images that are not there, cannot be started from, or lack what was said of them."""
    if answers.images is None:
        return
    for given in _given(plan):
        image = answers.images.get(given.image_id)
        if image is None:
            yield blocks(
                given.key,
                f"there is no image {given.image_id} in {plan.region} that this account may use",
                _made_again(plan, given)
                + ", or have its owner share it and its snapshots, in this region",
            )
        elif problem := _unstartable(image, given):
            yield blocks(given.key, f"{given.image_id} {problem}", _made_again(plan, given))
        elif _lacks_weights(image, given):
            yield warns(
                given.key,
                f"{given.image_id} has no second volume: nodes fetch weights as if none were baked",
                f"{_made_again(plan, given)} --weights, or leave baked.weights out",
            )


def _unstartable(image: MachineImage, given: _Given) -> str | None:
    wanted = instance_type(given.group.instance_types[0]).architecture
    if image.state != "available":
        return f"is {image.state}, not available"
    if image.architecture != wanted:
        return f"is for {image.architecture}, its nodes are {wanted}"
    for template in given.group.templates:
        volumes = {ROOT_DEVICE: template.disks.root, CACHE_DEVICE: template.disks.cache}
        for device, volume in volumes.items():
            gib = image.gib_by_device.get(device, 0)
            if volume and gib > volume.size_gib:
                return (
                    f"has {gib} GiB on {device}, and nodes have {volume.size_gib} there:"
                    " a volume is never smaller than its snapshot"
                )
    return None


def _lacks_weights(image: MachineImage, given: _Given) -> bool:
    baked = given.pool.baked if given.pool else None
    return bool(baked and baked.weights) and CACHE_DEVICE not in image.gib_by_device


def _made_again(plan: Plan, given: _Given) -> str:
    if given.pool and given.pool.baked:
        return f"bake it here: tokenfleet bake {plan.stack} {given.pool.name}"
    return "give another, or leave it out for the pinned release of EKS"


def _given(plan: Plan) -> Iterator[_Given]:
    pools = {pool.name: pool for pool in plan.pools}
    for name, groups in plan.node_groups_by_pool.items():
        pool, group = pools.get(name), groups[0]
        if group.image.given_id is None:
            continue
        key = "cluster.systemNodes.imageId" if name == SYSTEM_POOL else f"pools.{name}.imageId"
        if pool and pool.baked:
            key = f"pools.{name}.baked.imageId"
        yield _Given(image_id=group.image.given_id, key=key, pool=pool, group=group)
