"""``tokenfleet coldstart``: how long a new node needs until a model answers, by instance type."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from tokenfleet.catalogue.facts import CatalogueError, Price
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.commands.answers import AsJson, console, fail, say_json, today
from tokenfleet.commands.asked.measured_files import Measured, recorded_starts
from tokenfleet.commands.asked.model_facts import ConfigJson, ModelName, given_model
from tokenfleet.economics.bill.lines import MONTH
from tokenfleet.economics.bill.price_age import STALE_DAYS, is_stale
from tokenfleet.economics.bill.volumes import disks_price
from tokenfleet.json_document import Schema
from tokenfleet.plan.candidates import (
    Candidate,
    candidate,
    candidate_problem,
    served_families,
    smallest_types,
)
from tokenfleet.plan.measured.comparison import MeasuredStarts, compared_starts
from tokenfleet.plan.measured.starts import Start
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS, NoticeMet
from tokenfleet.preview.prices import how_to_renew
from tokenfleet.views.screens.candidates import compared
from tokenfleet.views.screens.measured import measured_starts

_REGION = "us-east-1"
# Long enough for most requests, and short enough that the weights decide which type fits.
_CONTEXT_LENGTH = 8192
# One of each kind a reader chooses between; c8g is c8gd without its disks.
_FAMILIES = ("c8gd", "c8g", "inf2", "p5")


@dataclass(frozen=True, kw_only=True)
class ColdstartAnswer:
    """How long a new node needs until a model answers, by instance type."""

    model: str
    weights_bytes: int
    region: str
    """That of the prices."""
    spot_notice_seconds: int
    usd_per_hour: Mapping[str, float | None]
    """By instance type, on demand with volumes; null where no price is known."""
    prices_as_of: dt.date | None
    """Of the oldest of these prices."""
    prices_stale: bool
    """Whether that is older than 90 days."""
    notice_met: Mapping[str, NoticeMet]
    """By instance type, whether a replacement is ready within a spot notice."""
    candidates: Sequence[Candidate]
    measured: Sequence[MeasuredStarts]
    """What --measured says of real starts, by instance type; empty without it."""


def coldstart(
    model: ModelName,
    types: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="instance types to compare; if not given, the smallest that fits of each of"
            f" {', '.join(_FAMILIES)}, or of all where none of these does",
        ),
    ] = None,
    config_json: ConfigJson = None,
    measured: Measured = None,
    as_json: AsJson = False,  # noqa: FBT002 - a switch of the command line
) -> None:
    """Predict the seconds from a pod that finds no node to a model that answers.

    With --measured, what real starts took stands beside what was predicted for their types. Ends with 2
    when the model or a type is unknown, a type cannot serve the model, or a file cannot be read.
    """
    facts = given_model(model, config_json)
    starts = recorded_starts(model, measured or [])
    given = None if types is None else _names(types)
    if given is None and starts:
        given = list(starts)
    if isinstance(facts, CatalogueError):
        fail(str(facts), *_type_mistakes(given, None))
    if mistakes := [*_type_mistakes(given, facts), *_unnamed(starts, given)]:
        fail(*mistakes)
    names = given or _smallest(facts, _FAMILIES) or _smallest(facts, served_families())
    if not names:
        fail(f"MODEL {model}: no type with an engine holds it")
    candidates = [candidate(name, facts) for name in names]
    beside = [
        compared_starts(starts[row.instance_type], row.start)
        for row in candidates
        if row.instance_type in starts
    ]
    price_by_type = {row.instance_type: _price(row) for row in candidates}
    usd_by_type = {name: price.usd if price else None for name, price in price_by_type.items()}
    dates = [price.date for price in price_by_type.values() if price]
    oldest = min(dates, default=None)
    stale = oldest is not None and is_stale(oldest, today())
    if as_json:
        answer = ColdstartAnswer(
            model=model,
            weights_bytes=facts.weights_bytes,
            region=_REGION,
            spot_notice_seconds=SPOT_NOTICE_SECONDS,
            usd_per_hour=usd_by_type,
            prices_as_of=oldest,
            prices_stale=stale,
            notice_met={row.instance_type: row.start.notice_met for row in candidates},
            candidates=candidates,
            measured=beside,
        )
        say_json(Schema.COLDSTART, answer)
        return

    prices = f"Prices: on demand in {_REGION}, with volumes, the oldest of {oldest}."
    if stale:
        prices += f" That is older than {STALE_DAYS} days. {how_to_renew(_REGION)}"
    screen = console()
    screen.print(f"Cold start of {model}, {facts.weights_bytes / 1e9:.1f} GB of weights\n")
    screen.print(compared(candidates, usd_by_type, prices=prices, width=screen.width))
    for part in measured_starts(beside):
        screen.print("", part, sep="\n")


def _smallest(facts: ModelFacts, families: Sequence[str]) -> Sequence[str]:
    return smallest_types(facts, families, _context_length(facts), _REGION)


def _names(types: str) -> Sequence[str]:
    return list(dict.fromkeys(name.strip() for name in types.split(",") if name.strip()))


def _context_length(facts: ModelFacts) -> int:
    return min(_CONTEXT_LENGTH, facts.context_length)


def _type_mistakes(names: Sequence[str] | None, facts: ModelFacts | None) -> Iterator[str]:
    if names is not None and not names:
        yield "--types: names no instance type: separate them with commas, c8gd.4xlarge,c8g.4xlarge"
    for name in names or ():
        problem = candidate_problem(name, facts, _CONTEXT_LENGTH, _REGION)
        if problem:
            yield f"--types {name}: {problem}"


def _unnamed(starts: Mapping[str, Sequence[Start]], names: Sequence[str] | None) -> Iterator[str]:
    for name in starts.keys() - set(names or []):
        yield f"--types: does not name {name}, on which the starts of --measured were: add it, or leave --types out"


def _price(row: Candidate) -> Price | None:
    """An hour on demand, with volumes; None where no price is known."""
    prices = Prices(region=_REGION)
    node, disks = prices.on_demand(row.instance_type), disks_price(row.disks, prices)
    if node is None or disks is None:
        return None
    return Price(
        usd=node.usd + disks.usd * MONTH,
        source=f"{node.source}; {disks.source}",
        date=min(node.date, disks.date),
    )
