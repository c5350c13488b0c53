"""Prices that a stack file gives: of things that have one, and spot below on demand."""

from collections.abc import Iterator
from typing import get_args

from tokenfleet.catalogue.machines.instances import instance_types
from tokenfleet.catalogue.places.services import ServiceName
from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.settings.draft import Draft
from tokenfleet.settings.sections import PriceSettings


def price_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Names that nothing has, prices that say nothing, spot prices of services."""
    services, types = get_args(ServiceName), instance_types()
    for name, row in draft.cost.prices.items() if draft.cost else ():
        path = f"cost.prices.{name}"
        if name not in types and name not in services:
            problem = (
                f"is neither an instance type of the catalogue nor a service"
                f" ({', '.join(services)}).{nearest(name, [*services, *types])}"
            )
            yield Mistake(path=path, value="", problem=problem)
        else:
            yield from _row(path, row, is_type=name in types)


def _row(path: str, row: PriceSettings, *, is_type: bool) -> Iterator[Mistake]:
    if row.usd is None and row.spot_usd is None:
        wanted = "usd, spotUsd or both" if is_type else "usd"
        yield Mistake(path=path, value="", problem=f"gives no price: add {wanted}")
    if row.spot_usd is not None and not is_type:
        problem = "only instances can be had on spot: remove it"
        yield Mistake(path=f"{path}.spotUsd", value=f"{row.spot_usd:g}", problem=problem)
    elif row.usd is not None and row.spot_usd is not None and row.spot_usd > row.usd:
        problem = f"is above usd, {row.usd:g}: a spot price is never above that on demand"
        yield Mistake(path=f"{path}.spotUsd", value=f"{row.spot_usd:g}", problem=problem)
