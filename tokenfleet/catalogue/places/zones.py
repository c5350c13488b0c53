"""Which zones of a region offer an instance type, by zone id: names differ between accounts, ids do not."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from tokenfleet.catalogue.facts import Fact, data_file


class ZoneOffer(Fact):
    """Instance types that are offered in exactly these zones of a region."""

    zone_ids: tuple[str, ...]
    instance_types: tuple[str, ...]


class RegionalOffers(Fact):
    """What one region offers where; types of the catalogue that are in none are not offered."""

    date: dt.date
    source: str
    offers: tuple[ZoneOffer, ...]


class ZoneOfferFile(Fact):
    """``data/zone_offers.json``, which ``tokenfleet catalogue refresh`` renews.

    ``without_eks`` are zones in which EKS takes no subnet of a cluster, and where that is said.
    """

    without_eks: tuple[str, ...]
    without_eks_source: str
    regions: Mapping[str, RegionalOffers]

    def offered_in(self, region: str) -> frozenset[str]:
        """Types that a zone of the region has; none of a region that nobody asked about."""
        known = self.regions.get(region)
        return frozenset(
            name for offer in (known.offers if known else ()) for name in offer.instance_types
        )


@cache
def _file() -> ZoneOfferFile:
    return ZoneOfferFile.model_validate_json(data_file("zone_offers.json"))


@cache
def zones_offering(name: str, region: str) -> frozenset[str] | None:
    """Ids of the zones that offer a type, None where nobody has asked."""
    known = _file().regions.get(region)
    if known is None:
        return None
    return next((frozenset(o.zone_ids) for o in known.offers if name in o.instance_types), None)


def is_offered(name: str, region: str) -> bool | None:
    """Whether any zone of a region offers a type, None where nobody has asked."""
    return bool(zones_offering(name, region)) if region in _file().regions else None


def asked_on(region: str) -> dt.date | None:
    """The day that a region's offers were true, None where nobody has asked."""
    known = _file().regions.get(region)
    return known.date if known else None


def regions_offering(name: str) -> Sequence[str]:
    """Every region that is known to offer a type, in order."""
    return sorted(region for region in _file().regions if zones_offering(name, region))


def zone_ids(region: str) -> Sequence[str]:
    """Every zone of a region that offers anything of the catalogue, in order; none when unknown."""
    known = _file().regions.get(region)
    return sorted({zone for offer in known.offers for zone in offer.zone_ids}) if known else []


def without_eks() -> frozenset[str]:
    """Zones in which EKS takes no subnet of a cluster."""
    return frozenset(_file().without_eks)


def renewed_offers(
    file: ZoneOfferFile,
    region: str,
    zones_by_type: Mapping[str, Iterable[str]],
    *,
    source: str,
    today: dt.date,
) -> ZoneOfferFile:
    """The file with another answer for one region."""
    types_by_zones: dict[tuple[str, ...], list[str]] = {}
    for name, zones in sorted(zones_by_type.items()):
        types_by_zones.setdefault(tuple(sorted(zones)), []).append(name)
    here = RegionalOffers(
        date=today,
        source=source,
        offers=tuple(
            ZoneOffer(zone_ids=zones, instance_types=tuple(names))
            for zones, names in sorted(types_by_zones.items())
        ),
    )
    regions = dict(file.regions)
    if here.offers:
        regions[region] = here
    else:
        regions.pop(region, None)
    return file.model_copy(update={"regions": dict(sorted(regions.items()))})


def render_zone_offers(file: ZoneOfferFile) -> str:
    """The data file, a line for each set of zones, so that a type that moves is two lines."""
    regions = [
        "\n".join(
            [
                f"{json.dumps(region)}: {{",
                f' "date": "{row.date}",',
                f' "source": {json.dumps(row.source)},',
                ' "offers": [',
                ",\n".join(f"  {json.dumps(o.model_dump(by_alias=True))}" for o in row.offers),
                " ]\n}",
            ]
        )
        for region, row in file.regions.items()
    ]
    body = "\n".join(["{", ",\n".join(regions), "}"]) if regions else "{}"
    return (
        f'{{\n"withoutEks": {json.dumps(file.without_eks)},\n'
        f'"withoutEksSource": {json.dumps(file.without_eks_source)},\n"regions": {body}\n}}\n'
    )
