"""Fetched prices into the texts of the data files: what changes, and what is hard to believe."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, cast

from yaml import YAMLError

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.machines.instances import InstanceFile
from tokenfleet.catalogue.places.services import (
    RegionalPrice,
    ServiceName,
    ServicePrice,
    parse_service_prices,
    render_service_prices,
)
from tokenfleet.catalogue.places.spot import RegionalSpotPrices, SpotPriceFile, render_spot_prices
from tokenfleet.catalogue.places.zones import ZoneOfferFile, render_zone_offers, renewed_offers

INSTANCES, SERVICES, SPOT, ZONES = FILES = (
    "instances.json",
    "services.yaml",
    "spot_prices.json",
    "zone_offers.json",
)
# A list price has fallen by 44 % at once (p5, 2025): more is likelier a mistake of ours.
_MOST_CHANGE = 0.5
_PRICE_LIST = "AWS Price List API, GetProducts"
_ZONE_OFFERS = "EC2 DescribeInstanceTypeOfferings, by availability zone id"
_SPOT_HISTORY = "EC2 DescribeSpotPriceHistory, the latest price by zone"
# What a spot price may be above on demand by rounding.
_ROUNDING = 1.001


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What AWS says of one region, US dollars; ``zones`` are ids by offered type of the catalogue."""

    region: str
    zones: Mapping[str, frozenset[str]]
    on_demand: Mapping[str, float]
    services: Mapping[ServiceName, float]
    spot: Mapping[str, Mapping[str, float]]

    @property
    def offered(self) -> frozenset[str]:
        """Types that a zone of the region has."""
        return frozenset(self.zones)


@dataclass(frozen=True, kw_only=True)
class PriceChange:
    """A price that is another than before; ``doubt`` says why it is hard to believe, if it is.

    None where there was, or is, no price.
    """

    region: str
    what: str
    before: float | None
    after: float | None
    doubt: str | None = None


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """The texts of the data files with a region's prices renewed."""

    texts: Mapping[str, str]
    changes: Sequence[PriceChange]


class _Row(TypedDict):
    """The keys of an instance type that a renewal touches."""

    instanceType: str
    usdPerHour: dict[str, float]
    sources: list[str]
    priceSources: dict[str, str]


class _Instances(TypedDict):
    sources: dict[str, dict[str, str]]
    instances: list[_Row]


def renew(texts: Mapping[str, str], fetched: Fetched, today: dt.date) -> Renewal:
    """Renew one region in the texts of ``FILES``; every other line stays as it is.

    A price that is not fetched any more is taken out, with a doubt.

    Raises:
        CatalogueError: when a text is not that of a data file.
    """
    try:
        InstanceFile.model_validate_json(texts[INSTANCES])
        instances = cast("_Instances", json.loads(texts[INSTANCES]))
        services = dict(parse_service_prices(texts[SERVICES]))
        spot = SpotPriceFile.model_validate_json(texts[SPOT])
        zones = ZoneOfferFile.model_validate_json(texts[ZONES])
    except (ValueError, YAMLError) as error:
        msg = f"one of {', '.join(FILES)} is no data file of the catalogue: {error}"
        raise CatalogueError(msg) from error
    changes = [
        *_renew_instances(instances, zones.offered_in(fetched.region), fetched, today),
        *_renew_services(services, fetched, today),
        *_doubtful_spot(fetched),
    ]
    heading = "".join(
        line for line in texts[SERVICES].splitlines(keepends=True) if line.startswith("#")
    )
    return Renewal(
        texts={
            INSTANCES: render_instances(instances),
            SERVICES: render_service_prices(heading, services),
            SPOT: render_spot_prices(_renewed_spot(spot, fetched, today)),
            ZONES: render_zone_offers(
                renewed_offers(
                    zones, fetched.region, fetched.zones, source=_ZONE_OFFERS, today=today
                )
            ),
        },
        changes=changes,
    )


def render_instances(instances: _Instances) -> str:
    """The data file, a line for each source and each type, so that a change is one line."""
    sources = [
        f" {json.dumps(key)}: {json.dumps(row)}" for key, row in instances["sources"].items()
    ]
    rows = [json.dumps(row) for row in instances["instances"]]
    return "\n".join(
        [
            "{",
            '"sources": {',
            ",\n".join(sources),
            "},",
            '"instances": [',
            ",\n".join(rows),
            "]\n}\n",
        ]
    )


def _renew_instances(
    instances: _Instances, were_offered: frozenset[str], fetched: Fetched, today: dt.date
) -> Iterator[PriceChange]:
    key = f"awsPriceList.{fetched.region}"
    for row in instances["instances"]:
        yield from _renew_row(row, fetched, key, was_offered=row["instanceType"] in were_offered)
    title = f"{_PRICE_LIST} AmazonEC2, {fetched.region}"
    sources = instances["sources"] | {key: {"title": title, "date": today.isoformat()}}
    used = {
        source
        for row in instances["instances"]
        for source in (*row["sources"], *row["priceSources"].values())
    }
    instances["sources"] = {name: source for name, source in sources.items() if name in used}


def _renew_row(
    row: _Row, fetched: Fetched, key: str, *, was_offered: bool
) -> Iterator[PriceChange]:
    region, name = fetched.region, row["instanceType"]
    prices, sources = row["usdPerHour"], row["priceSources"]
    before = prices.get(region)
    is_offered = name in fetched.offered
    after = fetched.on_demand.get(name) if is_offered else None
    if after is not None:
        prices[region], sources[region] = after, key
    elif before is not None:
        del prices[region], sources[region]
    doubt = _doubt(before, after)
    if was_offered and not is_offered:
        doubt = "is not offered any more"
    if doubt or before != after:
        yield PriceChange(region=region, what=name, before=before, after=after, doubt=doubt)


def _renew_services(
    services: dict[ServiceName, ServicePrice], fetched: Fetched, today: dt.date
) -> Iterator[PriceChange]:
    region = fetched.region
    for name, service in services.items():
        rows = dict(service.by_region)
        old = rows.pop(region, None)
        before, after = old.usd if old else None, fetched.services.get(name)
        if after is not None:
            renewed = RegionalPrice(usd=after, date=today, source=_PRICE_LIST)
            # Where it stood, so that a change is one line.
            rows = dict(service.by_region) | {region: renewed}
        services[name] = service.model_copy(update={"by_region": rows})
        if before != after:
            yield PriceChange(
                region=region,
                what=service.title,
                before=before,
                after=after,
                doubt=_doubt(before, after),
            )


def _doubt(before: float | None, after: float | None) -> str | None:
    if before is None:
        return None
    if after is None:
        return "has no price any more"
    change = after / before - 1
    return f"changed by {change:+.0%}" if abs(change) > _MOST_CHANGE else None


def _doubtful_spot(fetched: Fetched) -> Iterator[PriceChange]:
    for name, by_zone in fetched.spot.items():
        listed, dearest = fetched.on_demand.get(name), max(by_zone.values())
        if listed is not None and dearest > listed * _ROUNDING:
            yield PriceChange(
                region=fetched.region,
                what=f"{name} on spot",
                before=listed,
                after=dearest,
                doubt="is dearer on spot than on demand",
            )


def _renewed_spot(spot: SpotPriceFile, fetched: Fetched, today: dt.date) -> SpotPriceFile:
    others = {name: row for name, row in spot.regions.items() if name != fetched.region}
    here = {
        fetched.region: RegionalSpotPrices(
            date=today, source=_SPOT_HISTORY, usd_by_zone_by_type=fetched.spot
        )
    }
    return SpotPriceFile(regions=dict(sorted((others | (here if fetched.spot else {})).items())))
