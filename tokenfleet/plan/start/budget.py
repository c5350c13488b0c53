"""From the launch of a node to the first token: how long it takes, and what limits it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.cold_start import cold_start_facts
from tokenfleet.catalogue.instances import InstanceType, instance_type
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.nodes.disks import WITH_ARTIFACTS, DiskPlan
from tokenfleet.plan.ranges import Range, range_of
from tokenfleet.plan.start.fetches import Fetch, replica_fetches
from tokenfleet.plan.start.stages import (
    Stage,
    ami_variant,
    before_launch,
    boot,
    image_pull,
    in_turn,
    join,
    launch,
    load,
    moved,
    side_by_side,
    warm_up,
)
from tokenfleet.plan.start.transfer import (
    client_limit,
    ebs_limit,
    gp3_limit,
    narrowest,
    network_limit,
    nvme_read_limit,
    nvme_write_limit,
)

SPOT_NOTICE_SECONDS = 120
"""Between the notice of a spot interruption and the end of the node (EC2 user guide)."""

NoticeMet = Literal["always", "expected", "at best", "never"]
"""Where in its range a start is over within a spot notice."""

# An assumption: giving up on a start that makes progress begins it anew, waiting too long
# only delays a fallback. The figures are others' measurements, not of these machines.
_DEADLINE_MARGIN = 1.5


@dataclass(frozen=True, kw_only=True)
class ColdStart:
    """What a replica on a new node waits for, in seconds.

    ``total`` = boot + together + load + warm-up, from the launch of the node to a replica that
    is ready and warm. ``together`` is how long join, image pull and weights take side by side.
    ``until_ready`` = ``before`` + ``total``, from a pod that finds no node: what a spot notice
    leaves its seconds for. ``fetches`` are the bytes of image and weights, and their way.
    """

    instance_type: str
    engine: str
    before: Stage
    boot: Stage
    join: Stage
    image: Stage
    weights: Stage
    together: Stage
    load: Stage
    warm_up: Stage
    total: Range
    until_ready: Range
    fetches: Sequence[Fetch]

    @property
    def stages(self) -> Mapping[str, Stage]:
        """The stages as a reader knows them; join and image pull run beside weights."""
        return {
            "launch": self.before,
            "boot": self.boot,
            "join": self.join,
            "image pull": self.image,
            "weights": self.weights,
            "engine load": self.load,
            "warm-up": self.warm_up,
        }

    @property
    def notice_met(self) -> NoticeMet:
        """Whether a replacement is ready before a reclaimed spot node is gone."""
        if self.until_ready.high <= SPOT_NOTICE_SECONDS:
            return "always"
        if self.until_ready.expected <= SPOT_NOTICE_SECONDS:
            return "expected"
        return "at best" if self.until_ready.low <= SPOT_NOTICE_SECONDS else "never"


@dataclass(frozen=True, kw_only=True)
class StartDeadlines:
    """When to give up, in seconds: on a node, on the engine's start, on a rollout."""

    provision_seconds: int
    start_seconds: int
    rollout_seconds: int


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
) -> ColdStart:
    """Predict a start of ``model`` on a new node of that type.

    Local disks, where there are any, form one array for weights and images (and the rates are
    not looked at). Elsewhere a gp3 volume of ``weights_mib_per_second`` holds the weights; images
    are on one of ``images_mib_per_second``, or on the same. ``precompiled``: compiled code comes
    beside the weights, at worst as large as they are. ``image_cached``: ECR has the engine's image,
    which changes its way, not the rate of the pull: the figures are of pulls from ECR.

    weights = size / min(network, disk write, client). The boot script fetches them beside join
    and pull, so together = max(join + image pull, weights, (image + weights) / network,
    (unpacked image + weights) / the disk or EBS bandwidth that both share).

    Raises:
        ValueError: without local disks and without the rate of a volume.
    """
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
    fetched = Range(
        low=weights_gb,
        expected=weights_gb,
        high=weights_gb * (WITH_ARTIFACTS if precompiled else 1),
    )
    before, booted, joined = before_launch(), boot(kind), join(kind)
    image = image_pull(times, network, image_disk, fast=fast_image_pull)
    weights = moved(fetched, narrowest([network, disk, client_limit(kind)]))
    both_packed = fetched + range_of(times.image_compressed)
    both_unpacked = fetched + range_of(times.image_unpacked)
    together = side_by_side(
        in_turn(joined, image),
        weights,
        moved(both_packed, network),
        moved(both_unpacked, shared_disk),
    )
    loaded = load(kind, times, weights_gb, read)
    warm = warm_up(times, weights_gb, precompiled=precompiled)
    total = in_turn(booted, together, loaded, warm).seconds
    return ColdStart(
        instance_type=kind.instance_type,
        engine=engine,
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
        fetches=replica_fetches(engine, ami_variant(kind), fetched, image_cached=image_cached),
    )


def cold_starts(
    disks: Sequence[DiskPlan],
    engine: str,
    model: ModelFacts,
    *,
    precompiled: bool,
    image_cached: bool = False,
) -> Sequence[ColdStart]:
    """The starts of ``model`` on every type of a pool, on the disks planned for it."""
    return [
        cold_start(
            instance_type(name),
            engine,
            model,
            weights_mib_per_second=plan.cache.throughput_mib_per_second if plan.cache else None,
            images_mib_per_second=plan.root.throughput_mib_per_second,
            fast_image_pull=plan.fast_image_pull,
            precompiled=precompiled,
            image_cached=image_cached,
        )
        for plan in disks
        for name in plan.instance_types
    ]


def slowest(starts: Sequence[ColdStart]) -> ColdStart:
    """The worst start of a pool's types."""
    return max(starts, key=lambda start: (start.total.expected, start.total.high))


def start_deadlines(starts: Sequence[ColdStart]) -> StartDeadlines:
    """Deadlines that hold on every type of a pool: high ends, and half as much again.

    provision = launch by the group + boot + join with device registration; start = load +
    warm-up, the engine alone; rollout = one tier that yields no node, then all stages of
    another, in whole minutes. The half is an assumption.
    """
    yielding = max(_high(launch(), start.boot, start.join) for start in starts)
    starting = max(_high(start.load, start.warm_up) for start in starts)
    everything = max(start.until_ready.high for start in starts)
    provision = math.ceil(_DEADLINE_MARGIN * yielding)
    return StartDeadlines(
        provision_seconds=provision,
        start_seconds=math.ceil(_DEADLINE_MARGIN * starting),
        rollout_seconds=math.ceil((provision + _DEADLINE_MARGIN * everything) / 60) * 60,
    )


def _high(*stages: Stage) -> float:
    return in_turn(*stages).seconds.high
