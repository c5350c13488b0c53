"""``tokenfleet catalogue refresh``: prices of today from AWS into the catalogue's data files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokenfleet.catalogue.facts import CatalogueError, data_folder
from tokenfleet.catalogue.instances import instance_types, regions
from tokenfleet.commands.answers import AsJson, console, fail, today
from tokenfleet.mistakes import nearest
from tokenfleet.plan.plain import plain

if TYPE_CHECKING:
    from rich.table import Table

    from tokenfleet.catalogue.renewal import Fetched, PriceChange

catalogue = typer.Typer(no_args_is_help=True)


@catalogue.callback()
def catalogue_commands() -> None:
    """The dated facts that every figure comes from."""


@catalogue.command()
def refresh(
    region: Annotated[
        list[str] | None,
        typer.Option(help="AWS region, may be repeated; without it, every region of the catalogue"),
    ] = None,
    *,
    accept: Annotated[
        bool, typer.Option("--accept", help="take prices that are hard to believe, too")
    ] = False,
    into: Annotated[
        Path | None,
        typer.Option(
            help="folder of the data files; without it, the catalogue's own",
            file_okay=False,
            exists=True,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch prices from AWS and write them, with date and source, into the data files.

    Asks the Price List API for instances on demand and for services, EC2 for what a region
    offers and for spot prices by zone. Ends with 2, and writes nothing, when AWS cannot be
    asked, or when prices are hard to believe and --accept is not given.
    """
    # Imported when needed: --help should not wait for boto3.
    from tokenfleet.aws.price_list import PriceError  # noqa: PLC0415 - see above
    from tokenfleet.catalogue.renewal import FILES, renew  # noqa: PLC0415 - see above
    from tokenfleet.catalogue.writing import read_files, replace_files  # noqa: PLC0415 - see above

    asked = list(dict.fromkeys(region or sorted(regions())))
    _check(asked)
    folder = into or data_folder()
    changes: list[PriceChange] = []
    try:
        before = texts = read_files(folder, FILES)
        for place, name in enumerate(asked, 1):
            renewal = renew(texts, _fetched(name, f"{place}/{len(asked)} {name}"), today())
            texts = renewal.texts
            changes += renewal.changes
        doubtful = [change for change in changes if change.doubt]
        if doubtful and not accept:
            _refuse(doubtful)
        replace_files(folder, texts)
    except (PriceError, CatalogueError) as error:
        fail(*str(error).splitlines(), "nothing was written")
    written = [name for name in FILES if texts[name] != before[name]]
    if as_json:
        answer = {"regions": asked, "changes": plain(changes), "written": written}
        typer.echo(json.dumps(answer, indent=2))
        return
    if changes:
        console().print(_table(changes))
    typer.echo(f"{folder}: {', '.join(written) or 'nothing'} changed. Look at it: git diff")


def _check(asked: Sequence[str]) -> None:
    from tokenfleet.aws.client import aws_regions  # noqa: PLC0415 - see refresh

    known = aws_regions()
    unknown = [name for name in asked if name not in known]
    if unknown:
        fail(*(f"--region {name}: no region of AWS.{nearest(name, known)}" for name in unknown))


def _fetched(region: str, step: str) -> "Fetched":
    from tokenfleet.aws.region_prices import region_prices  # noqa: PLC0415 - see refresh

    known = instance_types()
    spot = [name for name, kind in known.items() if "spot" in kind.usage_classes]
    return region_prices(
        region, list(known), spot, lambda what: typer.echo(f"{step}: {what}", err=True)
    )


def _refuse(doubtful: Sequence["PriceChange"]) -> None:
    count = len(doubtful)
    fail(
        f"{count} {'price is' if count == 1 else 'prices are'} hard to believe:",
        *(
            f"  {change.region} {change.what} {change.doubt}:"
            f" {_usd(change.before)} before, {_usd(change.after)} now"
            for change in doubtful
        ),
        "nothing was written. Compare with the pricing page of AWS; --accept takes them.",
    )


def _table(changes: Sequence["PriceChange"]) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - see refresh
    from rich.text import Text  # noqa: PLC0415 - see refresh

    table = Table(title="Changed", title_justify="left", box=None, pad_edge=False)
    for column in ("region", "price of", "before", "now", "change"):
        right = column in {"before", "now", "change"}
        table.add_column(column, justify="right" if right else "left", header_style="dim")
    for change in changes:
        ratio = ""
        if change.before is not None and change.after is not None:
            ratio = f"{change.after / change.before - 1:+.1%}"
        table.add_row(
            change.region, Text(change.what), _usd(change.before), _usd(change.after), ratio
        )
    return table


def _usd(price: float | None) -> str:
    return "none" if price is None else f"${price:.10g}"
