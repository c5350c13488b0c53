"""``tokenfleet catalogue``: what its data files know, and their renewal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, get_args

import typer

from tokenfleet.catalogue.listing import KnownModel, KnownRegion, KnownType, region_rows, types_in
from tokenfleet.catalogue.listing import models as known_models
from tokenfleet.catalogue.places.regions import regions as all_regions
from tokenfleet.catalogue.places.services import ServiceName
from tokenfleet.commands.answers import AsJson, console, fail, say_json
from tokenfleet.commands.refresh import refresh
from tokenfleet.json_document import Schema
from tokenfleet.mistakes import nearest
from tokenfleet.views.screens.catalogue import models_table, regions_table, types_table

Only = Annotated[str | None, typer.Argument(metavar="[PART]", help="only names with this in them")]


@dataclass(frozen=True, kw_only=True)
class TypesAnswer:
    """Instance types, with their prices in a region."""

    region: str
    types: Sequence[KnownType]


@dataclass(frozen=True, kw_only=True)
class ModelsAnswer:
    """Models whose memory and speed are known."""

    models: Sequence[KnownModel]


@dataclass(frozen=True, kw_only=True)
class RegionsAnswer:
    """Regions of AWS with EKS."""

    regions: Sequence[KnownRegion]


catalogue = typer.Typer(no_args_is_help=True, add_completion=False)


@catalogue.callback()
def catalogue_commands() -> None:
    """The dated facts that every figure comes from."""


catalogue.command()(refresh)


@catalogue.command()
def types(
    only: Only = None,
    region: Annotated[str, typer.Option(help="AWS region of prices")] = "us-east-1",
    as_json: AsJson = False,  # noqa: FBT002 - a switch of the command line
) -> None:
    """List instance types with their prices in a region."""
    if region not in all_regions():
        fail(f"--region {region}: no region of AWS with EKS.{nearest(region, all_regions())}")
    rows = [row for row in types_in(region) if _is_asked(row.instance_type, only)]
    _check_found(rows, only)
    if as_json:
        say_json(Schema.CATALOGUE_TYPES, TypesAnswer(region=region, types=rows))
    else:
        console().print(types_table(rows, region))


@catalogue.command()
def models(
    only: Only = None,
    as_json: AsJson = False,  # noqa: FBT002 - as above
) -> None:
    """List models whose memory and speed are known; others are given by their config.json."""
    rows = [row for row in known_models() if _is_asked(row.model, only)]
    _check_found(rows, only)
    if as_json:
        say_json(Schema.CATALOGUE_MODELS, ModelsAnswer(models=rows))
    else:
        console().print(models_table(rows))


@catalogue.command("regions")
def list_regions(
    only: Only = None,
    as_json: AsJson = False,  # noqa: FBT002 - as above
) -> None:
    """List regions, and of how much in each a price is known; a stack file may state others."""
    rows = [row for row in region_rows() if _is_asked(row.region, only)]
    _check_found(rows, only)
    if as_json:
        say_json(Schema.CATALOGUE_REGIONS, RegionsAnswer(regions=rows))
    else:
        names = ", ".join(get_args(ServiceName))
        screen = console()
        screen.print(regions_table(rows))
        screen.print(f"\nServices, by the name that cost.prices takes: {names}", highlight=False)


def _is_asked(name: str, part: str | None) -> bool:
    return part is None or part.casefold() in name.casefold()


def _check_found(rows: Sequence[object], only: str | None) -> None:
    if not rows:
        fail(f"{only}: nothing in the catalogue has that in its name")
