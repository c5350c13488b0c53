"""``tokenfleet catalogue refresh``: today's prices and digests into the catalogue's data files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tokenfleet.aws.price_list import PriceError
from tokenfleet.aws.region_prices import region_prices, regions_of_aws
from tokenfleet.catalogue.facts import CatalogueError, data_folder
from tokenfleet.catalogue.machines.instances import instance_types, priced_regions
from tokenfleet.catalogue.pulled.digests import DIGESTS, DigestChange, renew_digests
from tokenfleet.catalogue.pulled.in_use import NAMING_FILES, in_use
from tokenfleet.catalogue.renewal import FILES, Fetched, PriceChange, renew
from tokenfleet.catalogue.writing import read_files, replace_files
from tokenfleet.commands.answers import AsJson, console, fail, say_json, today
from tokenfleet.json_document import Schema
from tokenfleet.mistakes import nearest
from tokenfleet.registry.messenger import Messenger
from tokenfleet.registry.refusal import RegistryError
from tokenfleet.registry.resolve import resolve
from tokenfleet.views.screens.digests import digest_table, moved_tags
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.tables.table import Column


class Part(StrEnum):
    """What a refresh may be limited to."""

    PRICES = "prices"
    DIGESTS = "digests"


@dataclass(frozen=True, kw_only=True)
class RefreshAnswer:
    """What was asked for, and what of it is new."""

    regions: Sequence[str]
    """Those whose prices were asked for."""
    changes: Sequence[PriceChange]
    digests: Sequence[DigestChange]
    written: Sequence[str]
    """Names of the data files that changed."""


def refresh(
    region: Annotated[
        list[str] | None,
        typer.Option(
            help="AWS region of prices, may be repeated; without it, every region of the catalogue"
        ),
    ] = None,
    *,
    only: Annotated[
        Part | None, typer.Option(help="prices: ask AWS alone; digests: ask registries alone")
    ] = None,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept", help="take prices that are hard to believe, and tags that moved, too"
        ),
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
    """Fetch prices and digests and write them, with date and source, into the data files.

    Asks the Price List API for instances on demand and for services, EC2 for what a region
    offers and for spot prices by zone; and registries for the digest of every image and chart
    that the data files name. Ends with 2, and writes nothing, when one cannot be asked, or
    when prices are hard to believe or a tag moved and --accept is not given.
    """
    if region and only is Part.DIGESTS:
        fail("--region is of prices: leave it out, or --only digests")
    asked = [] if only is Part.DIGESTS else list(dict.fromkeys(region or sorted(priced_regions())))
    folder = into or data_folder()
    prices: Sequence[PriceChange] = []
    digests: Sequence[DigestChange] = []
    try:
        _check(asked)
        before = texts = read_files(folder, _files(only))
        if only is not Part.PRICES:
            texts, digests = _with_digests(texts)
        if only is not Part.DIGESTS:
            texts, prices = _with_prices(texts, asked)
        doubts = [*_doubtful_prices(prices), *moved_tags(digests)]
        if doubts and not accept:
            fail(*doubts, "nothing was written. --accept takes them all.")
        written = [name for name in texts if texts[name] != before[name]]
        replace_files(folder, {name: texts[name] for name in written})
    except (PriceError, RegistryError, CatalogueError) as error:
        hint = f". {_elsewhere(error)}" if only is None else ""
        fail(*str(error).splitlines(), f"nothing was written{hint}")
    if as_json:
        answer = RefreshAnswer(regions=asked, changes=prices, digests=digests, written=written)
        say_json(Schema.CATALOGUE_REFRESH, answer)
        return
    if prices:
        console().print(_table(prices))
    if digests:
        console().print(digest_table(digests))
    typer.echo(f"{folder}: {', '.join(written) or 'nothing'} changed. Look at it: git diff")


def _files(only: Part | None) -> tuple[str, ...]:
    prices = () if only is Part.DIGESTS else FILES
    return prices if only is Part.PRICES else (*prices, DIGESTS, *NAMING_FILES)


def _elsewhere(error: Exception) -> str:
    if isinstance(error, PriceError):
        return "--only digests asks nothing of AWS."
    return "--only prices asks no registry."


def _with_prices(
    texts: Mapping[str, str], asked: Sequence[str]
) -> tuple[Mapping[str, str], Sequence[PriceChange]]:
    changes: list[PriceChange] = []
    for place, name in enumerate(asked, 1):
        renewal = renew(texts, _fetched(name, f"{place}/{len(asked)} {name}"), today())
        texts = {**texts, **renewal.texts}
        changes += renewal.changes
    return texts, changes


def _with_digests(
    texts: Mapping[str, str],
) -> tuple[Mapping[str, str], Sequence[DigestChange]]:
    messenger = Messenger()
    try:
        found = resolve(in_use(texts), lambda what: typer.echo(what, err=True), messenger)
    finally:
        messenger.close()
    renewal = renew_digests(texts[DIGESTS], found, today())
    return {**texts, DIGESTS: renewal.text}, renewal.changes


def _check(asked: Sequence[str]) -> None:
    known = regions_of_aws()
    unknown = [name for name in asked if name not in known]
    if unknown:
        fail(*(f"--region {name}: no region of AWS.{nearest(name, known)}" for name in unknown))


def _fetched(region: str, step: str) -> Fetched:
    known = instance_types()
    spot = [name for name, kind in known.items() if "spot" in kind.usage_classes]
    return region_prices(
        region, list(known), spot, lambda what: typer.echo(f"{step}: {what}", err=True)
    )


def _doubtful_prices(changes: Sequence[PriceChange]) -> Sequence[str]:
    doubtful = [change for change in changes if change.doubt]
    if not doubtful:
        return []
    count = len(doubtful)
    heading = f"{count} {'price is' if count == 1 else 'prices are'} hard to believe"
    return [
        f"{heading}; compare with the pricing page of AWS:",
        *(
            f"  {change.region} {change.what} {change.doubt}:"
            f" {_usd(change.before)} before, {_usd(change.after)} now"
            for change in doubtful
        ),
    ]


def _table(changes: Sequence[PriceChange]) -> Fitted:
    screen = Fitted(
        title="Changed",
        columns=[
            Column("Region"),
            Column("Price of"),
            Column("Before", number=True),
            Column("Now", number=True),
            Column("Change", number=True, gives_way=1),
        ],
    )
    for change in changes:
        ratio = ""
        if change.before is not None and change.after is not None:
            ratio = f"{change.after / change.before - 1:+.1%}"
        screen.row(change.region, change.what, _usd(change.before), _usd(change.after), ratio)
    return screen


def _usd(price: float | None) -> str:
    return "none" if price is None else f"${price:.10g}"
