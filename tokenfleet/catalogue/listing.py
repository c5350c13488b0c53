"""What the catalogue knows, as rows: instance types, models and regions."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.checkpoint.format import WeightsDtype
from tokenfleet.catalogue.machines.instances import InstanceType, instance_types
from tokenfleet.catalogue.models.facts import known_models
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.catalogue.places.regions import regions
from tokenfleet.catalogue.places.services import service_prices
from tokenfleet.catalogue.places.zones import is_offered


@dataclass(frozen=True, kw_only=True)
class KnownType:
    """An instance type; its price on demand in one region, None where none is known.

    ``is_offered`` is None where nobody has asked.
    """

    instance_type: str
    family: str
    architecture: str
    vcpus: int
    memory_gib: float
    accelerators: str
    disks: str
    is_offered: bool | None
    usd_per_hour: float | None
    price_date: dt.date | None


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """A model by its id on the Hugging Face Hub."""

    model: str
    parameters: int
    active_parameters: int
    weights_bytes: int
    weights_dtype: WeightsDtype
    context_length: int
    license: str
    gated: bool


@dataclass(frozen=True, kw_only=True)
class KnownRegion:
    """How much is known of a region; ``types_offered`` is None where nobody has asked."""

    region: str
    types_offered: int | None
    types_priced: int
    services_priced: int
    services: int


def types_in(region: str) -> Sequence[KnownType]:
    """Every instance type of the catalogue, with what is known of it in a region."""
    prices = Prices(region=region)
    return [_type(kind, prices) for kind in instance_types().values()]


def models() -> Sequence[KnownModel]:
    """Every model of the catalogue."""
    return [
        KnownModel(
            model=name,
            parameters=facts.parameters,
            active_parameters=facts.active_parameters,
            weights_bytes=facts.weights_bytes,
            weights_dtype=facts.weights_dtype,
            context_length=facts.context_length,
            license=facts.license,
            gated=facts.gated,
        )
        for name, facts in known_models().items()
    ]


def region_rows() -> Sequence[KnownRegion]:
    """Every region of AWS with EKS, in order."""
    types, services = instance_types(), service_prices()
    rows: list[KnownRegion] = []
    for region in sorted(regions()):
        offered = [is_offered(name, region) for name in types]
        rows.append(
            KnownRegion(
                region=region,
                types_offered=None if None in offered else sum(map(bool, offered)),
                types_priced=sum(region in kind.usd_per_hour for kind in types.values()),
                services_priced=sum(region in price.by_region for price in services.values()),
                services=len(services),
            )
        )
    return rows


def _type(kind: InstanceType, prices: Prices) -> KnownType:
    price, devices, disks = prices.on_demand(kind.instance_type), kind.accelerator, kind.local_nvme
    return KnownType(
        instance_type=kind.instance_type,
        family=kind.family,
        architecture=kind.architecture,
        vcpus=kind.vcpus,
        memory_gib=kind.memory_gib,
        accelerators=f"{devices.count} x {devices.name}" if devices else "",
        disks=f"{disks.count} x {disks.gb_each:,} GB" if disks else "",
        is_offered=is_offered(kind.instance_type, prices.region),
        usd_per_hour=price and price.usd,
        price_date=price and price.date,
    )
