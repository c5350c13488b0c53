"""The stages of a cold start, one by one: seconds with a range, what limits them, their sources."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from tokenfleet.catalogue.cold_start import AmiVariant, EngineTimes, Estimate, cold_start_facts
from tokenfleet.catalogue.machines.instances import InstanceType
from tokenfleet.plan.nodes.pools import LOOK_SECONDS
from tokenfleet.plan.nodes.sizes import node_size
from tokenfleet.plan.ranges import Range, exactly, less, most, range_of
from tokenfleet.plan.start.transfer import Limit

Preparation = Literal["pulled", "baked", "warm"]
"""Where a new node has the engine's image from: a registry; its machine image; or it waited, stopped."""

# System, kubelet and DaemonSets beside page cache and engine: an assumption, above the 2.4 GiB
# that plan/nodes/sizes.py takes off a 16 vCPU node.
_SYSTEM_GB = 4.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Seconds with a range, what they are spent on, and the sources of the figures."""

    seconds: Range
    limited_by: str
    sources: Sequence[str]


def in_turn(*stages: Stage) -> Stage:
    """One after the other: as long as all together, and said to be limited by the longest."""
    seconds = exactly(0)
    for stage in stages:
        seconds += stage.seconds
    return _limited_by_longest(seconds, stages)


def side_by_side(*stages: Stage) -> Stage:
    """At the same time: as long as the longest, and limited by it."""
    return _limited_by_longest(most([stage.seconds for stage in stages]), stages)


def before_launch(prepared: Preparation, *, by_controller: bool) -> Stage:
    """From a pod that finds no node to the launch of one; to the order to start a stopped one."""
    decided = (
        Stage(
            seconds=Range(low=0, expected=LOOK_SECONDS / 2, high=LOOK_SECONDS),
            limited_by="capacity controller's next look",
            sources=[f"the controller looks every {LOOK_SECONDS} s (docs/spot.md)"],
        )
        if by_controller
        else _timed("autoscaler's decision", cold_start_facts().autoscaler.decision)
    )
    return decided if prepared == "warm" else in_turn(decided, launch())


def launch() -> Stage:
    """The Auto Scaling group's delay until it launches an instance."""
    return _timed("Auto Scaling group", cold_start_facts().autoscaler.launch)


def boot(kind: InstanceType, prepared: Preparation) -> Stage:
    """Launch to the first command of the boot script, and local disks made ready.

    A stopped node starts: no first boot, and no local disks. A system on a snapshot of one's own
    comes later than that of the public image.
    """
    facts = cold_start_facts()
    if prepared == "warm":
        return _timed("start of a stopped node", facts.warm.start)
    parts = [_timed("launch and boot", facts.nodes[ami_variant(kind)].boot)]
    if prepared == "baked":
        parts.append(_timed("the system's own snapshot", facts.snapshots.boot))
    if kind.local_nvme:
        parts.append(_timed("local disks", facts.local_disk_set_up))
    return in_turn(*parts)


def join(kind: InstanceType, prepared: Preparation) -> Stage:
    """The boot script to a node that is Ready and has registered its devices."""
    facts = cold_start_facts()
    times = facts.nodes[ami_variant(kind)]
    joined = facts.warm.join if prepared == "warm" else times.join
    ready = _timed("kubelet and network plug-in", joined)
    if times.registration is None:
        return ready
    return in_turn(ready, _timed("device registration", times.registration))


def pull_begins() -> Stage:
    """The boot script to a kubelet that pulls the engine's image."""
    return _timed("nodeadm and kubelet", cold_start_facts().image_pull.begins)


def image_pull(times: EngineTimes, network: Limit, disk: Limit, *, fast: bool) -> Stage:
    """The engine's image: the slowest of unpacking, download and disk.

    compressed size / containerd's own rate, compressed size / network, unpacked size / disk;
    ``fast`` is nodeadm's FastImagePull, layers side by side.
    """
    rates = cold_start_facts().image_pull
    rate = rates.parallel if fast else rates.containerd
    compressed = times.image_compressed
    return side_by_side(
        Stage(
            seconds=range_of(compressed).over(range_of(rate)),
            limited_by=f"containerd {rate.expected:.2f} GB/s of compressed image",
            sources=[compressed.citation, rate.citation],
        ),
        moved(range_of(compressed), network),
        moved(range_of(times.image_unpacked), disk, times.image_unpacked.citation),
    )


def initialised(gigabytes: Range, booted: Stage, *sources: str) -> Stage:
    """What a volume made of a snapshot still lacks when its node has booted.

    EBS fills it from S3 at the initialisation rate, from the launch on. Blocks that are asked for
    sooner come at once, but slowly: at best nothing is waited for, expected and at worst the
    whole snapshot is.
    """
    rate = cold_start_facts().snapshots.initialised
    whole = gigabytes.over(range_of(rate))
    return Stage(
        seconds=less(Range(low=0, expected=whole.expected, high=whole.high), booted.seconds),
        limited_by=f"volume initialisation {rate.expected:.2f} GB/s",
        sources=[*sources, rate.citation],
    )


def moved(gigabytes: Range, limit: Limit, *sources: str) -> Stage:
    """So many GB (10^9 bytes) at that rate."""
    return Stage(
        seconds=gigabytes.over(limit.rate),
        limited_by=str(limit),
        sources=[*sources, *limit.sources],
    )


def load(
    kind: InstanceType,
    times: EngineTimes,
    gigabytes: float,
    disk: Limit,
    *,
    image_disk: Limit,
    prepared: Preparation,
    precompiled: bool,
    read_for: Range | None,
) -> Stage:
    """Engine start, then weights into place: the slower of the engine and of reading the disk.

    Weights are not read where the page cache holds them: node memory >= weights + 4 GB of system,
    + the weights again on a CPU, whose engine copies them in the same memory. It does where they
    were written since the boot (``read_for`` of None). Where they were there before, the loader has
    read for so many seconds when the engine starts, and goes on. At best nothing is read elsewhere
    either. A program that was not written since the boot is read before it starts.
    """
    with_code = times.start_with_code if precompiled else None
    started = _timed("engine start", with_code or times.start)
    if prepared != "pulled":
        read = moved(range_of(times.read_at_start), image_disk, times.read_at_start.citation)
        started = in_turn(started, read)
    copied = Stage(
        seconds=exactly(gigabytes).over(range_of(times.load)),
        limited_by=f"engine's load {times.load.expected:.2f} GB/s",
        sources=[times.load.citation],
    )
    held = 0.0 if kind.accelerator else gigabytes
    fits = gigabytes + held + _SYSTEM_GB <= node_size(kind).memory_mib * 2**20 / 1e9
    if not fits:
        least = Range(low=0, expected=gigabytes, high=gigabytes)
        return in_turn(started, side_by_side(copied, moved(least, disk)))
    if read_for is None:
        return in_turn(started, copied)
    whole = moved(exactly(gigabytes), disk)
    left = replace(whole, seconds=less(whole.seconds, read_for + started.seconds))
    return in_turn(started, side_by_side(copied, left))


def warm_up(times: EngineTimes, gigabytes: float, *, precompiled: bool) -> Stage:
    """Profiling, graphs and first requests, after compiling what did not come compiled."""
    if precompiled:
        return _timed("profiling and first requests", times.warm_up)
    fixed = [
        _timed("profiling and first requests", times.warm_up),
        _timed("compilation", times.compile),
    ]
    growing = times.compile_per_gb
    if growing is None:
        return in_turn(*fixed)
    return in_turn(
        *fixed,
        Stage(
            seconds=range_of(growing) * gigabytes,
            limited_by=f"compilation, {growing.expected:.0f} s for each GB of weights",
            sources=[growing.citation],
        ),
    )


def ami_variant(kind: InstanceType) -> AmiVariant:
    """Which of the EKS images a type boots."""
    return cast("AmiVariant", kind.accelerator.kind) if kind.accelerator else "standard"


def _timed(limited_by: str, figure: Estimate) -> Stage:
    return Stage(seconds=range_of(figure), limited_by=limited_by, sources=[figure.citation])


def _limited_by_longest(seconds: Range, stages: Sequence[Stage]) -> Stage:
    longest = max(stages, key=lambda stage: stage.seconds.expected)
    sources = [source for stage in stages for source in stage.sources]
    return Stage(
        seconds=seconds, limited_by=longest.limited_by, sources=list(dict.fromkeys(sources))
    )
