"""What tokens cost, as plain text: the table, the line above all, and what is said of each model."""

from collections.abc import Iterator, Mapping, Sequence

from tokenfleet.counted import count
from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.economics.model_cost import ModelCost
from tokenfleet.economics.price.causes import Causes
from tokenfleet.economics.stack_cost import StackCost
from tokenfleet.estimate.load.replicas import replicas_for
from tokenfleet.views.figures import lengths
from tokenfleet.views.money import usd
from tokenfleet.views.tables.table import Column, Table
from tokenfleet.views.token_price import per_mtok, per_mtok_range

CAUSES: Mapping[str, str] = {
    "work": "work: nodes while they serve",
    "idle": "idle: nodes while they wait",
    "spot_premium": "spot premium: spares, on-demand base",
    "fallback": "fallback: hours without spot",
    "overhead": "overhead: all but nodes",
}
"""Why something is paid, in the order of a waterfall, and what that means."""

_COLUMNS = (
    Column("Model"),
    Column("Load", gives_way=4),
    Column("Replicas", number=True),
    Column("Busy", number=True),
    Column("Output", number=True, gives_way=2),
    Column("Input", number=True, gives_way=5),
    Column("Cached input", number=True, gives_way=6),
    Column("All alike (p10 to p90)", number=True),
    Column("Saturated", number=True, gives_way=1),
    Column("Basis", gives_way=3),
    Column("A month", number=True),
)


def cost_table(cost: StackCost) -> Table:
    """Prices of a million tokens by model; the last column adds up to the stack's bill."""
    expected = cost.bill.expected
    gaps = f" and {count(len(expected.gaps), 'line')} without a price" if expected.gaps else ""
    return Table(
        title="What a million tokens cost",
        columns=_COLUMNS,
        rows=[_row(model) for model in cost.models],
        total=["Stack", *[""] * (len(_COLUMNS) - 2), usd(expected.usd_per_month) + gaps],
        caption=(
            "US dollars. Output, input and cached input are one bill: each times its tokens, added"
            " up, is the last column. All alike: the bill over all tokens, whatever their kind, and"
            " the range of spot and estimate. Busy: the load as a share of the most that its"
            " replicas carry. Saturated: the price if they were all busy. What models share is"
            " divided in proportion to what their own nodes cost."
        ),
    )


def _row(cost: ModelCost) -> Sequence[str]:
    quote, month = cost.at_load, usd(cost.usd_per_hour.p50 * HOURS_PER_MONTH)
    flat_out = per_mtok(cost.flat_out.prices.blended) if cost.flat_out else usd(None)
    if cost.requests_per_second is None:
        return [
            *(cost.name, f"none given; {lengths(cost.most.shape)} assumed", str(cost.replicas)),
            *("", "", "", "", "", flat_out, cost.most.basis, month),
        ]
    load = f"{cost.requests_per_second:g}/s, {lengths(cost.most.shape)}"
    if quote is None:
        return [
            *(cost.name, load, str(cost.replicas), ""),
            *(usd(None), usd(None), usd(None), usd(None), usd(None), cost.most.basis, month),
        ]
    prices = quote.prices
    return [
        cost.name,
        load,
        str(cost.replicas),
        f"{100 * min(1.0, quote.load.p50):.0f}%",
        per_mtok(prices.output),
        per_mtok(prices.uncached_input),
        # What answers with numbers is served without a prefix cache.
        per_mtok(None if cost.most.shape.is_pooled else prices.cached_input),
        per_mtok_range(quote.range_of_price * prices.blended),
        flat_out,
        cost.most.basis,
        month,
    ]


def price_line(cost: StackCost) -> str:
    """The prices in one line: ``a million tokens: chat $1.63 (0.80 to 2.86)``."""
    found = [
        f"{model.name} {per_mtok_range(quote.range_of_price * quote.prices.blended)}"
        if (quote := model.at_load)
        else f"{model.name} no single price ({_why_not(model)})"
        for model in cost.models
    ]
    return f"A million tokens: {', '.join(found)}"


def _why_not(cost: ModelCost) -> str:
    return "no traffic given" if cost.requests_per_second is None else "a price is missing"


def remarks(cost: ModelCost) -> Iterator[str]:
    """What to know about a model's price: what its promise takes, and how far to trust it."""
    name, objective = cost.name, cost.objective
    if cost.share.unpriced:
        yield f"{name}: no price is known of {', '.join(cost.share.unpriced)}, so tokens have none"
    alone = _by_queue(cost)
    promised = f" {objective.ttft_p99_ms:,} ms"
    if not cost.most.shape.is_pooled:
        promised = f" TTFT{promised} and ITL {objective.itl_p99_ms:,} ms"
    if not cost.missing and alone < cost.replicas and cost.replicas > cost.least_replicas:
        yield (
            f"{name}: {cost.replicas} replicas keep the promise of p99{promised}; to serve the load"
            f" alone takes {alone}"
        )
    for note in cost.most.notes:
        yield f"{name}: {note}"


def _by_queue(cost: ModelCost) -> int:
    asked = (cost.requests_per_second or 0.0) * cost.most.shape.produced
    return max(cost.least_replicas, replicas_for(cost.most.theta.p50, asked))


def causes_of(causes: Causes) -> Mapping[str, float]:
    """By the keys of ``CAUSES``, in their order."""
    return {key: float(getattr(causes, key)) for key in CAUSES}
