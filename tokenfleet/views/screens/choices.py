"""Which hardware should serve a model, on a terminal: the ranking, the others, and hosted prices."""

import datetime as dt
from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.text import Text

from tokenfleet.counted import count, three_digits
from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.economics.bill.price_age import STALE_DAYS, is_stale
from tokenfleet.economics.choice.question import Question
from tokenfleet.economics.choice.ranking import Choice, Ranking, RuledOut
from tokenfleet.economics.price.hosted import HostedPrice
from tokenfleet.estimate.quantiles import Quantiles
from tokenfleet.preview.model_files import file_lines
from tokenfleet.preview.prices import how_to_renew
from tokenfleet.views.money import usd
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.screens.hosted import against_hosted
from tokenfleet.views.tables.table import Column
from tokenfleet.views.token_price import per_mtok, per_mtok_range

_BASIS_STYLE = {"measured": "green", "estimated": "", "unverified": "yellow"}
_TYPES_SHOWN = 3


def ranked(
    question: Question,
    found: Ranking,
    prices: Sequence[HostedPrice],
    *,
    today: dt.date,
    every: bool,
) -> Group:
    """The choices from the cheapest on, why not the others, and what hosted APIs ask."""
    shown = found.choices if every else _best_of_hardware(found.choices)
    parts: list[Text | Fitted | str] = [_asked(question), *_open(question), ""]
    if shown:
        parts += [_table(question, shown), *_legend(question, found, shown, today)]
    else:
        parts.append(Text("No type of the catalogue serves this.", "red"))
    if found.ruled_out:
        parts += ["", _others(found)]
    if prices and found.choices:
        parts += ["", *against_hosted(question, found.choices[0], prices, today)]
    return Group(*parts)


def _best_of_hardware(choices: Sequence[Choice]) -> Sequence[Choice]:
    by_hardware: dict[str, Choice] = {}
    for choice in choices:
        by_hardware.setdefault(choice.hardware, choice)
    return list(by_hardware.values())


def _asked(question: Question) -> Text:
    shape, objective = question.shape, question.objective
    load = (
        "no load given: prices of nodes that are never idle"
        if question.requests_per_second is None
        else f"{question.requests_per_second:g} requests/s"
    )
    spare = f", {question.spare} spare" if question.spare else ""
    output, promise = "", f"within {1000 * objective.ttft_p99:,.0f}"
    if not shape.is_pooled:
        output = f", {shape.output_tokens:,.0f} out"
        promise = f"TTFT {promise} ms, ITL within {1000 * objective.itl_p99:,.0f}"
    return Text.assemble(
        (question.model, "bold"),
        f": {load}{spare}, {shape.input_tokens:,.0f} tokens in{output}; p99 {promise}"
        f" ms; {'spot' if question.spot else 'on demand'} in {question.region}",
    )


def _open(question: Question) -> Iterator[Text]:
    return (Text(line, "yellow") for line in file_lines(question.facts))


def _table(question: Question, choices: Sequence[Choice]) -> Fitted:
    loaded = question.requests_per_second is not None
    if loaded:
        priced = [
            Column("$/Mtok at your load", number=True),
            Column("Output", number=True, gives_way=3),
            Column("Saturated", number=True, gives_way=4),
            Column("A month", number=True, gives_way=2),
        ]
    else:
        priced = [
            Column("$/Mtok saturated", number=True),
            Column("Output", number=True, gives_way=3),
            Column("A node and month", number=True, gives_way=2),
        ]
    counted = [Column("Nodes", number=True), Column("Busy", number=True)] if loaded else []
    screen = Fitted(
        title="",
        columns=[
            Column("Type"),
            Column("Hardware", gives_way=1),
            Column("Basis", gives_way=5),
            Column("Carries", number=True, gives_way=6),
            *counted,
            Column(_latency(question), number=True, gives_way=7),
            *priced,
            Column("Verdict"),
        ],
    )
    for place, choice in enumerate(choices):
        screen.row(*_cells(choice), style="bold" if place == 0 else "")
    return screen


def _cells(choice: Choice) -> Iterator[Text | str]:
    flat_out, quote = choice.flat_out, choice.at_load
    yield choice.instance_type
    yield choice.hardware.removeprefix("NVIDIA ").removeprefix("AWS ")
    yield Text(choice.most.basis, _BASIS_STYLE[choice.most.basis])
    yield f"{three_digits(choice.carries)}/s"
    if quote is not None:
        yield f"{choice.replicas:,}"
        yield f"{100 * min(1.0, quote.load.p50):.0f}%"
    served = choice.served
    gap = () if choice.most.shape.is_pooled else (served.itl_p99,)
    yield " / ".join(map(_milliseconds, (served.ttft_p99, *gap)))
    priced = quote or flat_out
    yield per_mtok_range(priced.range_of_price * priced.prices.blended)
    yield per_mtok(priced.prices.output)
    if quote is not None:
        yield per_mtok(flat_out.prices.blended)
    yield usd(priced.usd_per_hour.p50 * HOURS_PER_MONTH)
    yield Text("keeps promise", "green") if choice.safe else Text("may miss it", "yellow")


def _latency(question: Question) -> str:
    return "Answer, ms" if question.shape.is_pooled else "TTFT / ITL, ms"


def _milliseconds(seconds: Quantiles | None) -> str:
    return "queue" if seconds is None else f"{1000 * seconds.p50:,.0f}"


def _legend(
    question: Question, found: Ranking, shown: Sequence[Choice], today: dt.date
) -> Iterator[Text]:
    hidden = len(found.choices) - len(shown)
    more = f" The cheapest type of each hardware; {hidden} more with --all." if hidden else ""
    unsure = (
        " May miss it: kept as estimated, not if the estimate's slow end is true."
        if not all(choice.safe for choice in shown)
        else ""
    )
    busy = (
        " Busy: the load as a share of the most that the nodes carry."
        if question.requests_per_second is not None
        else ""
    )
    yield Text(
        "Carries: requests/s of one replica (a node) within the promise."
        f" {_latency(question).removesuffix(', ms')}: p99. $/Mtok:"
        " all tokens alike, p50 (p10 to p90), of nodes and volumes; what a stack shares is in"
        f" tokenfleet cost. Saturated: the price of nodes that are all busy.{busy}{unsure}{more}",
        "dim",
    )
    notes = dict.fromkeys(
        f"{choice.hardware}: {'; '.join(choice.most.notes)}"
        for choice in shown
        if choice.most.notes
    )
    for note in notes:
        yield Text(note, "dim")
    oldest = min(choice.node.date for choice in shown)
    prices = f"Prices of nodes and volumes, the oldest of {oldest}; sources with --json."
    if is_stale(oldest, today):
        prices += f" That is older than {STALE_DAYS} days. {how_to_renew(question.region)}"
    yield Text(prices, "dim")


def _others(found: Ranking) -> Fitted:
    """One line for every reason and hardware."""
    screen = Fitted(
        title="Why not the others",
        columns=[
            Column("Reason"),
            Column("Hardware"),
            Column("Types", gives_way=1),
            Column("Nearest"),
        ],
    )
    groups: dict[tuple[str, str], list[RuledOut]] = {}
    for row in found.ruled_out:
        groups.setdefault((row.reason, row.hardware), []).append(row)
    for (reason, hardware), rows in groups.items():
        nearest = max(rows, key=lambda row: row.memory_gib)
        detail = f"{nearest.instance_type}: {nearest.detail}" if nearest.detail else ""
        screen.row(reason, hardware, _names(rows), detail)
    return screen


def _names(rows: Sequence[RuledOut]) -> str:
    families = list(dict.fromkeys(row.family for row in rows))
    if len(rows) <= _TYPES_SHOWN:
        return ", ".join(row.instance_type for row in rows)
    return f"{count(len(rows), 'type')} of {', '.join(families)}"
