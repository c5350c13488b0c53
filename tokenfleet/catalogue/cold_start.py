"""What a cold start is made of: dated seconds, sizes and rates, each with its range."""

import datetime as dt
from collections.abc import Mapping
from functools import cache
from typing import Literal

import yaml

from tokenfleet.catalogue.facts import Fact, data_file

AmiVariant = Literal["standard", "nvidia", "neuron"]


class Estimate(Fact):
    """One figure with its range; ``basis`` says how far to trust it.

    ``measured`` and ``documented`` are of somebody else, ``derived`` is arithmetic on them, an
    ``assumption`` is ours where nothing was found.
    """

    low: float
    expected: float
    high: float
    unit: str
    basis: Literal["measured", "documented", "derived", "assumption"]
    source: str
    date: dt.date

    @property
    def citation(self) -> str:
        """Source, basis and date in one line."""
        return f"{self.source} ({self.basis}, {self.date})"


class AutoscalerTimes(Fact):
    """What passes before a node is launched, in seconds."""

    decision: Estimate
    launch: Estimate


class NodeTimes(Fact):
    """Seconds to the boot script, from there to Ready, and on to registered devices."""

    boot: Estimate
    join: Estimate
    registration: Estimate | None


class WarmTimes(Fact):
    """Seconds of a stopped instance: from the group's new size to its units, and on to Ready."""

    start: Estimate
    join: Estimate


class Snapshots(Fact):
    """GB a second from a snapshot, at the highest rate that can be paid for.

    ``initialisation_price`` is what that rate costs, US dollars for each GiB of each volume made.
    ``boot`` is how many seconds longer a boot takes at that rate than from the public image.
    """

    initialised: Estimate
    initialisation_price: Estimate
    boot: Estimate


class ImagePull(Fact):
    """Compressed GB a second: as containerd pulls by default, and with SOCI parallel pull.

    ``begins`` is the seconds from the boot script to the kubelet's first pull.
    """

    containerd: Estimate
    parallel: Estimate
    begins: Estimate


class Network(Fact):
    """Share of the base and of the burst rate of a link that a fetch gets."""

    base: Estimate
    burst: Estimate


class FetchClient(Fact):
    """GB a second of one connection to S3, and of one vCPU with TLS and checksums."""

    connection: Estimate
    vcpu: Estimate


class Gp3(Fact):
    """Share of its provisioned throughput that a volume delivers."""

    delivered: Estimate


class LocalDiskRates(Fact):
    """How fast instance store is written, by capacity or by documented writes a second."""

    graviton_write_per_tb: Estimate
    write_per_thousand_iops: Estimate
    other_write_per_tb: Estimate
    read_over_write: Estimate
    graviton_families: tuple[str, ...]
    write_iops: Mapping[str, int]


class Controllers(Fact):
    """GB, compressed, of what may run on the cluster's own nodes and does not come from EKS."""

    autoscaler: Estimate
    edge: Estimate
    capacity_controller: Estimate
    prometheus: Estimate
    keda: Estimate


class Fetches(Fact):
    """GB, compressed, that a new node fetches besides the engine's image and weights."""

    eks_addons: Estimate
    device_plugins: Mapping[AmiVariant, Estimate]
    controllers: Controllers
    api_calls: Estimate


class EngineTimes(Fact):
    """Image sizes in GB, seconds of start, warm-up and compilation, GB a second of loading.

    ``image_platforms`` is how many images of about that size stand behind the image's name.
    """

    image_compressed: Estimate
    image_unpacked: Estimate
    image_platforms: int
    read_at_start: Estimate
    """GB of the unpacked image that a start reads."""
    start: Estimate
    start_with_code: Estimate | None
    """Where byte code of what it imports is published with the compiled code."""
    load: Estimate
    warm_up: Estimate
    compile: Estimate
    compile_per_gb: Estimate | None


class ColdStartFacts(Fact):
    """Every figure of ``data/cold_start.yaml``."""

    autoscaler: AutoscalerTimes
    nodes: Mapping[AmiVariant, NodeTimes]
    warm: WarmTimes
    snapshots: Snapshots
    local_disk_set_up: Estimate
    image_pull: ImagePull
    network: Network
    client: FetchClient
    gp3: Gp3
    local_disks: LocalDiskRates
    fetches: Fetches
    engines: Mapping[str, EngineTimes]


@cache
def cold_start_facts() -> ColdStartFacts:
    """The figures that predict a cold start."""
    rows = yaml.load(data_file("cold_start.yaml"), Loader=yaml.CSafeLoader)
    return ColdStartFacts.model_validate(rows)
