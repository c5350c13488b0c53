"""Spot: dated prices by zone where they were fetched, savings elsewhere."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

import yaml

from tokenfleet.catalogue.cold_start import Estimate
from tokenfleet.catalogue.facts import Fact, data_file
from tokenfleet.catalogue.machines.instances import instance_type

_ASSUMED_PRICE = 0.3


class RegionalSpotPrices(Fact):
    """Spot prices of one region, US dollars an hour by instance type and zone."""

    date: dt.date
    source: str
    usd_by_zone_by_type: Mapping[str, Mapping[str, float]]


class SpotPriceFile(Fact):
    """``data/spot_prices.json``, which ``tokenfleet catalogue refresh`` writes."""

    regions: Mapping[str, RegionalSpotPrices]


class _Savings(Fact):
    region: str
    date: dt.date
    source: str
    percent_by_type: Mapping[str, float]


class _SpotFile(Fact):
    drift: Estimate
    savings: Sequence[_Savings]


@dataclass(frozen=True, kw_only=True)
class SpotSaving:
    """What share of the on-demand price spot saved, and how that is known."""

    share: float
    source: str
    date: dt.date


@cache
def _file() -> _SpotFile:
    return _SpotFile.model_validate(yaml.load(data_file("spot.yaml"), Loader=yaml.CSafeLoader))


@cache
def _prices() -> SpotPriceFile:
    return SpotPriceFile.model_validate_json(data_file("spot_prices.json"))


def spot_prices(region: str) -> RegionalSpotPrices | None:
    """The fetched prices of a region, None before the first refresh."""
    return _prices().regions.get(region)


def spot_drift() -> Estimate:
    """How far a spot price moves from what an older saving promised: a ratio."""
    return _file().drift


@cache
def spot_saving(name: str, region: str) -> SpotSaving | None:
    """The saving of a type; of its family or of all types where it has none of its own.

    Raises:
        CatalogueError: when the type is unknown.
    """
    family = instance_type(name).family
    rows = {
        kind: SpotSaving(share=percent / 100, source=savings.source, date=savings.date)
        for savings in _file().savings
        if savings.region == region
        for kind, percent in savings.percent_by_type.items()
    }
    if name in rows:
        return rows[name]
    relatives = [row for kind, row in rows.items() if instance_type(kind).family == family]
    of = f"the {family} types" if relatives else "all types"
    likely = relatives or list(rows.values())
    if not likely:
        return None
    oldest = min(likely, key=lambda row: row.date)
    return SpotSaving(
        share=median(row.share for row in likely),
        source=f"{oldest.source}: median of {of}",
        date=oldest.date,
    )


def spot_price(name: str, region: str) -> tuple[float, str]:
    """What spot costs of the on-demand price, and how that is known; assumed where nothing is.

    Raises:
        CatalogueError: when the type is unknown.
    """
    saving = spot_saving(name, region)
    if saving is None:
        return _ASSUMED_PRICE, "assumed"
    return round(1 - saving.share, 3), saving.source


def render_spot_prices(prices: SpotPriceFile) -> str:
    """The data file, a line for each type of a region, sorted, so that a change is one line."""
    regions = [
        "\n".join(
            [
                f"{json.dumps(region)}: {{",
                f' "date": "{row.date}",',
                f' "source": {json.dumps(row.source)},',
                ' "usdByZoneByType": {',
                ",\n".join(
                    f"  {json.dumps(kind)}: {json.dumps(dict(sorted(by_zone.items())))}"
                    for kind, by_zone in sorted(row.usd_by_zone_by_type.items())
                ),
                " }\n}",
            ]
        )
        for region, row in prices.regions.items()
    ]
    body = "\n".join(["{", ",\n".join(regions), "}"]) if regions else "{}"
    return f'{{\n"regions": {body}\n}}\n'
