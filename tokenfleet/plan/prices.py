"""What things cost in a stack's region: as its file says, else as the catalogue does."""

from collections.abc import Mapping

from tokenfleet.catalogue.facts import Price
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.settings.sections import PriceSettings


def stack_prices(region: str, given: Mapping[str, PriceSettings]) -> Prices:
    """The prices of a region, after those that a stack file states by name."""
    return Prices(
        region=region,
        given={
            name: Price(usd=row.usd, source=row.source, date=row.date)
            for name, row in given.items()
            if row.usd is not None
        },
        given_spot={
            name: Price(usd=row.spot_usd, source=row.source, date=row.date)
            for name, row in given.items()
            if row.spot_usd is not None
        },
    )
