"""EC2 instance types: sizes, accelerators, disks, limits and dated on-demand prices."""

from collections.abc import Mapping, Sequence
from functools import cache

from tokenfleet.catalogue.facts import CatalogueError, Fact, Price, Source, data_file
from tokenfleet.mistakes import nearest

_FILE = "tokenfleet/catalogue/data/instances.json"


class Devices(Fact):
    """The accelerators of an instance type; memory per device as the EC2 API reports it."""

    name: str
    kind: str
    count: int
    memory_gib_each: float
    neuron_cores_each: int | None

    @property
    def ranks(self) -> int:
        """What tensor parallelism can count on: GPUs, or NeuronCores."""
        return self.count * (self.neuron_cores_each or 1)

    @property
    def memory_gib_per_rank(self) -> float:
        """GiB of device memory that one rank owns."""
        return self.memory_gib_each * self.count / self.ranks


class LocalDisks(Fact):
    """NVMe instance store: ``count`` disks of ``gb_each`` (10^9 bytes)."""

    count: int
    gb_each: int


class InstanceType(Fact):
    """One EC2 instance type; which recorded answers it comes from is in ``sources``."""

    instance_type: str
    family: str
    architecture: str
    vcpus: int
    memory_gib: float
    threads_per_core: int
    accelerator: Devices | None
    local_nvme: LocalDisks | None
    network_baseline_gbps: float
    network_gbps: float
    ebs_baseline_mib_per_second: int
    max_pods: int
    ipv4_per_interface: int
    usage_classes: tuple[str, ...]
    usd_per_hour: Mapping[str, float]
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    price_sources: Mapping[str, str]


class InstanceFile(Fact):
    """``data/instances.json``."""

    sources: Mapping[str, Source]
    instances: Sequence[InstanceType]


@cache
def _file() -> InstanceFile:
    return InstanceFile.model_validate_json(data_file("instances.json"))


@cache
def instance_types() -> Mapping[str, InstanceType]:
    """Every instance type of the catalogue by name."""
    return {row.instance_type: row for row in _file().instances}


@cache
def priced_regions() -> frozenset[str]:
    """The regions for which a price of any type is known."""
    return frozenset(region for row in instance_types().values() for region in row.usd_per_hour)


def instance_type(name: str) -> InstanceType:
    """The instance type of that name.

    Raises:
        CatalogueError: when the catalogue does not know the name.
    """
    known = instance_types()
    if name not in known:
        msg = (
            f"unknown instance type.{nearest(name, known)} A type that exists but is not listed"
            f" can be added as a row of {_FILE}"
        )
        raise CatalogueError(msg)
    return known[name]


def on_demand_price(name: str, region: str) -> Price:
    """The dated on-demand price of an hour: Linux, shared tenancy.

    Raises:
        CatalogueError: when the type is unknown or no price was found for that region;
            never a guess.
    """
    row = instance_type(name)
    if region not in row.usd_per_hour:
        known = ", ".join(sorted(row.usd_per_hour)) or "no region"
        msg = (
            f"no on-demand price of {name} in {region} was found (there is one for {known});"
            f" tokenfleet catalogue refresh --region {region} fetches it, or"
            f" add it with its source to usdPerHour in {_FILE}"
        )
        raise CatalogueError(msg)
    source = _file().sources[row.price_sources[region]]
    return Price(usd=row.usd_per_hour[region], source=source.title, date=source.date)
