"""Everything that the catalogue wants to know of one region, asked of AWS."""

import datetime as dt
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError

from tokenfleet.aws.client import aws_regions, ec2_client, pricing_client
from tokenfleet.aws.price_list import PriceError, PriceList
from tokenfleet.aws.spot_market import SpotMarket
from tokenfleet.catalogue.renewal import Fetched


def regions_of_aws() -> Sequence[str]:
    """Every region there is.

    Raises:
        PriceError: when the profile or the files of AWS on this machine cannot be used.
    """
    try:
        return aws_regions()
    except BotoCoreError as error:
        raise PriceError([f"AWS cannot be asked: {error}"]) from error


def region_prices(
    region: str, kinds: Sequence[str], spot_kinds: Sequence[str], say: Callable[[str], None]
) -> Fetched:
    """Ask for offers, prices and spot prices; ``say`` hears what is asked for next.

    ``kinds`` are the instance types of the catalogue, ``spot_kinds`` those that may be spot.

    Raises:
        PriceError: when AWS cannot be asked, or has no instances there.
    """
    try:
        prices = PriceList(pricing_client(), region)
        market = SpotMarket(ec2_client(region), region)
    except (BotoCoreError, ValueError) as error:
        raise PriceError([f"AWS cannot be asked: {error}"]) from error
    say("instance types on offer")
    zones = {kind: ids for kind, ids in market.zones().items() if kind in kinds}
    say("instances on demand")
    on_demand = prices.on_demand()
    if not on_demand:
        raise PriceError([f"the AWS price list has no instances in {region}"])
    say("services")
    services = prices.services()
    say("spot")
    wanted = [name for name in spot_kinds if name in zones]
    return Fetched(
        region=region,
        zones=zones,
        on_demand=on_demand,
        services=services,
        spot=market.prices(wanted, dt.datetime.now(dt.UTC)) if wanted else {},
    )
