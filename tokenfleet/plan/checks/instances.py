"""Whether an instance type can be had in the stack's region, at a known price."""

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.instances import (
    InstanceType,
    instance_type,
    on_demand_price,
    regions,
)
from tokenfleet.mistakes import Mistake
from tokenfleet.settings.draft import Draft


def checked_instance_type(
    path: str, name: str, draft: Draft
) -> tuple[InstanceType | None, list[Mistake]]:
    """The type, if the catalogue knows it, and what speaks against using it."""
    try:
        kind = instance_type(name)
    except CatalogueError as error:
        return None, [Mistake(path=path, value=name, problem=str(error))]
    if draft.region is None or draft.region not in regions():
        return kind, []
    if draft.region in kind.not_offered_in:
        offered = ", ".join(kind.offered_in) or "no known region"
        problem = f"is not offered in {draft.region}; it is offered in {offered}"
        return kind, [Mistake(path=path, value=name, problem=problem)]
    try:
        on_demand_price(name, draft.region)
    except CatalogueError as error:
        return kind, [Mistake(path=path, value=name, problem=str(error))]
    return kind, []
