"""``tokenfleet catalogue``: what its data files know, and their renewal."""

import json
from collections.abc import Sequence
from typing import Annotated, get_args

import typer
from rich.table import Table

from tokenfleet.catalogue.listing import models as known_models
from tokenfleet.catalogue.listing import region_rows, types_in
from tokenfleet.catalogue.regions import regions as all_regions
from tokenfleet.catalogue.services import ServiceName
from tokenfleet.commands.answers import AsJson, console, fail
from tokenfleet.commands.refresh import refresh
from tokenfleet.mistakes import nearest
from tokenfleet.plan.plain import plain
from tokenfleet.views.screens.catalogue import models_table, regions_table, types_table

Only = Annotated[str | None, typer.Argument(metavar="[PART]", help="only names with this in them")]

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
    _list(rows, types_table(rows, region), only, as_json=as_json)


@catalogue.command()
def models(
    only: Only = None,
    as_json: AsJson = False,  # noqa: FBT002 - as above
) -> None:
    """List models whose memory and speed are known; others are given by their config.json."""
    rows = [row for row in known_models() if _is_asked(row.model, only)]
    _list(rows, models_table(rows), only, as_json=as_json)


@catalogue.command("regions")
def list_regions(
    only: Only = None,
    as_json: AsJson = False,  # noqa: FBT002 - as above
) -> None:
    """List regions, and of how much in each a price is known; a stack file may state others."""
    rows = [row for row in region_rows() if _is_asked(row.region, only)]
    _list(rows, regions_table(rows), only, as_json=as_json)
    if not as_json:
        names = ", ".join(get_args(ServiceName))
        typer.echo(f"\nServices, by the name that cost.prices takes: {names}")


def _is_asked(name: str, part: str | None) -> bool:
    return part is None or part.casefold() in name.casefold()


def _list(rows: Sequence[object], table: Table, only: str | None, *, as_json: bool) -> None:
    if not rows:
        fail(f"{only}: nothing in the catalogue has that in its name")
    if as_json:
        typer.echo(json.dumps(plain(rows), indent=2))
    else:
        console().print(table)
