"""Whether an instance type can be had in the stack's region."""

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.machines.instances import InstanceType, instance_type
from tokenfleet.catalogue.places.zones import asked_on, is_offered, regions_offering
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
    if draft.region and is_offered(name, draft.region) is False:
        offered = ", ".join(regions_offering(name)) or "no known region"
        problem = (
            f"is not offered in {draft.region}; it is offered in {offered} (as of"
            f" {asked_on(draft.region)}; tokenfleet catalogue refresh --region {draft.region} asks anew)"
        )
        return kind, [Mistake(path=path, value=name, problem=problem)]
    return kind, []
