"""How long a start is expected to take: the stages put together for a type, its disks and a model."""

from collections.abc import Sequence

from tokenfleet.catalogue.cold_start import cold_start_facts
from tokenfleet.catalogue.machines.instances import InstanceType, instance_type
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.plan.nodes.disks import (
    IMAGES_ROOT_MIB_PER_SECOND,
    WITH_ARTIFACTS,
    DiskPlan,
)
from tokenfleet.plan.nodes.sizes import pulls_in_parallel
from tokenfleet.plan.ranges import Range, exactly, range_of
from tokenfleet.plan.start.budget import ColdStart
from tokenfleet.plan.start.fetches import replica_fetches
from tokenfleet.plan.start.stages import (
    Preparation,
    Stage,
    ami_variant,
    before_launch,
    boot,
    image_pull,
    in_turn,
    initialised,
    join,
    load,
    moved,
    pull_begins,
    side_by_side,
    warm_up,
)
from tokenfleet.plan.start.transfer import (
    Limit,
    client_limit,
    ebs_limit,
    gp3_limit,
    narrowest,
    network_limit,
    nvme_read_limit,
    nvme_write_limit,
)

_ON_DISK = Stage(seconds=exactly(0), limited_by="nothing: on its disks", sources=[])


def cold_start(
    kind: InstanceType,
    engine: str,
    model: ModelFacts,
    *,
    weights_mib_per_second: int | None,
    images_mib_per_second: int | None = None,
    fast_image_pull: bool = False,
    precompiled: bool = False,
    image_cached: bool = False,
    prepared: Preparation = "pulled",
    baked_weights: bool = False,
    by_controller: bool = False,
) -> ColdStart:
    """Predict a start of ``model`` on a new node of that type.

    Local disks, where there are any, form one array for weights and images (and the rates are
    not looked at). Elsewhere a gp3 volume of ``weights_mib_per_second`` holds the weights; images
    are on one of ``images_mib_per_second``, or on the same. ``precompiled``: compiled code comes
    beside the weights, on Neuron at worst as large as they are. ``image_cached``: ECR has the engine's image,
    which changes its way, not the rate of the pull: the figures are of pulls from ECR.
    ``by_controller``: the capacity controller launches, not the autoscaler.

    weights = size / min(network, disk write, client). The boot script fetches them, and the kubelet
    pulls the image, beside joining, so together = max(join, kubelet's start + image pull, weights,
    (image + weights) / network, (unpacked image + weights) / the disk or EBS bandwidth that both
    share). Where images are pulled one at a time, join + image pull.

    ``baked``: the volume of the image, and with ``baked_weights`` that of the weights, is made of a
    snapshot and filled from the launch on, so together = max(join, what is left of filling,
    weights). ``warm``: all is on the volumes, together = join, and the loader
    reads weights into memory meanwhile.

    Raises:
        ValueError: without local disks and without the rate of a volume; with local disks, of a
            node that waits stopped, which loses them.
    """
    if prepared == "warm" and kind.local_nvme:
        msg = f"{kind.instance_type} has local disks, which a stopped node loses"
        raise ValueError(msg)
    times = cold_start_facts().engines[engine]
    weights_gb = model.fetched_bytes / 1e9
    network = network_limit(kind)
    if disks := kind.local_nvme:
        disk = image_disk = shared_disk = nvme_write_limit(kind, disks.count * disks.gb_each / 1000)
        read = nvme_read_limit(disk)
    elif weights_mib_per_second is None:
        msg = f"{kind.instance_type} has no local disk: say how fast its cache volume is"
        raise ValueError(msg)
    else:
        disk = read = image_disk = shared_disk = gp3_limit(kind, weights_mib_per_second)
        if images_mib_per_second is not None:
            image_disk, shared_disk = gp3_limit(kind, images_mib_per_second), ebs_limit(kind)
    # Where compiling grows with the weights, what comes of it may hold them once more.
    heavy = precompiled and times.compile_per_gb is not None
    fetched = Range(
        low=weights_gb,
        expected=weights_gb,
        high=weights_gb * (WITH_ARTIFACTS if heavy else 1),
    )
    booted, joined = boot(kind, prepared), join(kind, prepared)
    weights = moved(fetched, narrowest([network, disk, client_limit(kind)]))
    read_for: Range | None = None
    if prepared == "pulled":
        image = image_pull(times, network, image_disk, fast=fast_image_pull)
        together = side_by_side(
            *_joined_and_pulled(kind, joined, image),
            weights,
            moved(fetched + range_of(times.image_compressed), network),
            moved(fetched + range_of(times.image_unpacked), shared_disk),
        )
    elif prepared == "baked":
        unpacked = times.image_unpacked
        image = initialised(range_of(unpacked), booted, unpacked.citation)
        if baked_weights:
            weights, read_for = initialised(fetched, booted), exactly(0)
        together = side_by_side(joined, image, weights)
    else:
        image, weights = _ON_DISK, moved(exactly(weights_gb), read)
        together, read_for = joined, joined.seconds
    loaded = load(
        kind,
        times,
        weights_gb,
        read,
        image_disk=_root_limit(kind, images_mib_per_second) or image_disk,
        prepared=prepared,
        precompiled=precompiled,
        read_for=read_for,
    )
    warm = warm_up(times, weights_gb, precompiled=precompiled)
    before = before_launch(prepared, by_controller=by_controller)
    total = in_turn(booted, together, loaded, warm).seconds
    return ColdStart(
        instance_type=kind.instance_type,
        engine=engine,
        prepared=prepared,
        precompiled=precompiled,
        before=before,
        boot=booted,
        join=joined,
        image=image,
        weights=weights,
        together=together,
        load=loaded,
        warm_up=warm,
        total=total,
        until_ready=before.seconds + total,
        fetches=replica_fetches(
            engine,
            ami_variant(kind),
            fetched,
            image_cached=image_cached,
            image=prepared == "pulled",
            weights_there=prepared == "warm" or baked_weights,
        ),
    )


def cold_starts(
    disks: Sequence[DiskPlan],
    engine: str,
    model: ModelFacts,
    *,
    precompiled: bool,
    image_cached: bool = False,
    prepared: Preparation = "pulled",
    baked_weights: bool = False,
    by_controller: bool = False,
) -> Sequence[ColdStart]:
    """The starts of ``model`` on every type of a pool, on the disks planned for it.

    Of nodes that wait stopped, on every type without local disks.
    """
    return [
        cold_start(
            instance_type(name),
            engine,
            model,
            weights_mib_per_second=plan.cache.throughput_mib_per_second if plan.cache else None,
            # As fast as a pool with a baked image would have it.
            images_mib_per_second=IMAGES_ROOT_MIB_PER_SECOND
            if prepared == "baked"
            else plan.root.throughput_mib_per_second,
            fast_image_pull=plan.fast_image_pull,
            precompiled=precompiled,
            image_cached=image_cached,
            prepared=prepared,
            # An array of local disks is empty at every launch.
            baked_weights=baked_weights and not plan.local,
            by_controller=by_controller,
        )
        for plan in disks
        if not (prepared == "warm" and plan.local)
        for name in plan.instance_types
    ]


def _joined_and_pulled(kind: InstanceType, joined: Stage, image: Stage) -> Sequence[Stage]:
    if pulls_in_parallel([kind]):
        return [joined, in_turn(pull_begins(), image)]
    return [in_turn(joined, image)]


def _root_limit(kind: InstanceType, mib_per_second: int | None) -> Limit | None:
    return None if mib_per_second is None else gp3_limit(kind, mib_per_second)
