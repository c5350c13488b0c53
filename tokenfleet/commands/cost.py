"""``tokenfleet cost``: what a stack costs, and what a million of its tokens."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar, cast

import typer

from tokenfleet.commands.answers import (
    FAILED_VERDICT,
    AnswersPath,
    AsJson,
    ProjectFolder,
    Strict,
    answers_of,
    console,
    fail,
    fail_stack,
    fail_unwritten,
    say_json,
    stack_file_of,
    today,
)
from tokenfleet.commands.asked.stack_name import DEFAULT_STACK, StackOption, StackWord, given_stack
from tokenfleet.economics.bill.commitments_file import read_commitments
from tokenfleet.economics.bill.price_age import StalePrice, stale_prices
from tokenfleet.economics.bill.scenario import Buying
from tokenfleet.economics.judgement.verdict import failing
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import StackCost, stack_cost
from tokenfleet.economics.stack_day import StackDay, stack_day
from tokenfleet.estimate.measured.profile import read_profile
from tokenfleet.estimate.refusal import CostError
from tokenfleet.json_document import Schema
from tokenfleet.mistakes import StackError, nearest
from tokenfleet.plan.decide import plan_of
from tokenfleet.plan.ranges import Range
from tokenfleet.settings.what_if import StackEdit, edited
from tokenfleet.views.drawing.charts.cost import write_pictures
from tokenfleet.views.screens.cost import cost_screen

_Value = TypeVar("_Value")
_EACH = "[MODEL=]N"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CostAnswer(StackCost):
    """What a stack costs, and what a million of its tokens."""

    usd_per_month: Range
    stale_prices: Sequence[StalePrice]
    day: StackDay | None
    """With ``--day`` alone."""


def cost(
    stack: StackWord = None,
    project: ProjectFolder = Path(),
    *,
    named: StackOption = None,
    load: Annotated[float, typer.Option(help="times the load of the stack file")] = 1.0,
    requests_per_second: Annotated[
        list[str] | None, typer.Option(metavar=_EACH, help="mean load, of all models or of one")
    ] = None,
    input_tokens: Annotated[
        list[str] | None, typer.Option(metavar=_EACH, help="mean input length")
    ] = None,
    output_tokens: Annotated[
        list[str] | None, typer.Option(metavar=_EACH, help="mean output length")
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="loads of 24 hours; that of the stack is their mean"),
    ] = None,
    cached_share: Annotated[
        float | None,
        typer.Option(help="share of the input that is in the prefix cache, 0 to 1"),
    ] = None,
    spare: Annotated[
        int, typer.Option(min=0, max=1000, help="replicas for a lost one; 1 is N + 1")
    ] = 0,
    spot_share: Annotated[
        float | None,
        typer.Option(help="share of the nodes that may be spot which are, 0 to 1"),
    ] = None,
    commitment: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML file of Savings Plans and Reserved Instances"),
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="another region; zones keep their letters")
    ] = None,
    instance_types: Annotated[
        list[str] | None, typer.Option(metavar="[POOL=]A,B,...", help="other instance types")
    ] = None,
    profile: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="result of vllm bench serve, instead of the estimate"),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="also write the pictures into it")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="source and date of figures")] = False,
    answers: AnswersPath = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Price a stack: the whole bill, and tokens at its load, flat out, and over all loads.

    Ends with 2 when the stack cannot be built, or a figure or a file is not as it should be, 4
    when a verdict fails.
    """
    name = given_stack(stack, named) or DEFAULT_STACK
    stack_file = stack_file_of(project.resolve(), name, answers_of(answers))
    _check_shares(load, {"--cached-share": cached_share, "--spot-share": spot_share})
    edit = StackEdit(
        region=region,
        load=load,
        traffic_by_model=_traffic(
            _names(stack_file.keys, "models"),
            requests_per_second=requests_per_second or (),
            input_tokens=input_tokens or (),
            output_tokens=output_tokens or (),
        ),
        types_by_pool=_each(
            "--instance-types", instance_types or (), _names(stack_file.keys, "pools"), _listed
        ),
        assumed_traffic={"inputTokens": 800, "outputTokens": 250},
    )

    keys = edited(stack_file.keys, edit)
    try:
        plan = plan_of(stack_file, keys)
        known = [word for m in plan.models for word in (m.hugging_face_id, m.name)]
        what_if = WhatIf(
            buying=Buying(spot_share=spot_share),
            cached_share=cached_share,
            spare=spare,
            profile=read_profile(profile, known) if profile else (),
            commitments=read_commitments(commitment, today()) if commitment else (),
        )
        found = stack_cost(plan, what_if)
        over_day = stack_day(plan, what_if, _loads(day)) if day is not None else None
    except StackError as error:
        unchanged = keys == edited(stack_file.keys, StackEdit())
        changed = [] if unchanged else ["with what the flags change:"]
        fail_stack(stack_file, error, *changed)
    except CostError as error:
        fail(str(error))
    if svg is not None:
        try:
            write_pictures(svg, found, over_day)
        except OSError as error:
            fail_unwritten("--svg", svg, error)
    stale = stale_prices([*found.bill.expected.lines, *found.bill.expected.by_use], today())
    if as_json:
        answer = CostAnswer(
            **{each.name: getattr(found, each.name) for each in dataclasses.fields(found)},
            usd_per_month=found.bill.usd_per_month,
            stale_prices=stale,
            day=over_day,
        )
        say_json(Schema.COST, answer)
    else:
        console().print(cost_screen(found, stale, plan.budgets, day=over_day, explained=explain))
    if failing(found.verdicts, strict=strict):
        raise typer.Exit(FAILED_VERDICT)


def _check_shares(load: float, shares: Mapping[str, float | None]) -> None:
    if not (0 < load < math.inf):
        fail(f"--load {load:g}: is not above 0; what idle nodes cost is in the curve over load")
    for flag, value in shares.items():
        if value is not None and not 0 <= value <= 1:
            fail(f"{flag} {value:g}: is not between 0 and 1")


def _traffic(
    models: Sequence[str],
    *,
    requests_per_second: Sequence[str],
    input_tokens: Sequence[str],
    output_tokens: Sequence[str],
) -> Mapping[str, Mapping[str, float]]:
    """Keys of ``traffic`` by model."""
    rates = _each("--requests-per-second", requests_per_second, models, float)
    lengths_in = _each("--input-tokens", input_tokens, models, int)
    lengths_out = _each("--output-tokens", output_tokens, models, int)
    by_key: Mapping[str, Mapping[str, float]] = {
        "requestsPerSecond": rates,
        "inputTokens": lengths_in,
        "outputTokens": lengths_out,
    }
    return {
        name: {key: found[name] for key, found in by_key.items() if name in found}
        for name in models
    }


def _names(keys: Mapping[str, object], section: str) -> Sequence[str]:
    entries = keys.get(section)
    return list(cast("Mapping[str, object]", entries)) if isinstance(entries, Mapping) else []


def _each(
    flag: str, values: Iterable[str], names: Sequence[str], read: Callable[[str], _Value]
) -> dict[str, _Value]:
    """``NAME=VALUE`` for one of the names, or ``VALUE`` for all; the later counts."""
    found: dict[str, _Value] = {}
    for value in values:
        name, equals, rest = value.rpartition("=")
        if equals and name not in names:
            fail(
                f"{flag} {value}: no model '{name}'.{nearest(name, names)} It has: {', '.join(names)}"
            )
        try:
            figure = read(rest)
        except ValueError:
            fail(f"{flag} {value}: {rest or 'nothing'} is not a number that fits here")
        found.update(dict.fromkeys([name] if equals else names, figure))
    return found


def _loads(words: str) -> Sequence[float]:
    try:
        return [float(word) for word in _listed(words)]
    except ValueError:
        fail(f"--day {words}: is not a list of numbers")


def _listed(words: str) -> Sequence[str]:
    return [word.strip() for word in words.split(",") if word.strip()]
