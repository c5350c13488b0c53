"""What a month is paid for: prices by model, causes, and what is wrong with it."""

from collections.abc import Mapping

from tokenfleet.counted import count
from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.economics.model_cost import ModelCost
from tokenfleet.preview.report import Report
from tokenfleet.views.front_page.facts import Fact, Passage, left_out
from tokenfleet.views.money import usd
from tokenfleet.views.story import ALL_WELL, bounds_of
from tokenfleet.views.tables.cost import CAUSES, causes_of
from tokenfleet.views.token_price import per_mtok, per_mtok_range

_MODELS, _VERDICTS, _CAUSES = 6, 4, 3


def prices(report: Report) -> Passage:
    """A million tokens of every model, the dearest first."""
    models = sorted(report.cost.models, key=lambda model: -model.usd_per_hour.p50)
    return Passage(
        name="prices",
        title="A million tokens",
        facts=[_price(report, model) for model in models[:_MODELS]],
        more=left_out(models[_MODELS:], "model"),
        remark="Input and output alike; in brackets the range of spot and of the estimate.",
    )


def _price(report: Report, model: ModelCost) -> Fact:
    (pool,) = (each.pool for each in report.plan.models if each.name == model.name)
    quote, flat_out = model.at_load, model.flat_out
    load = "no load given"
    if model.requests_per_second is not None:
        load = f"{model.requests_per_second:g} requests/s"
    elif flat_out:
        load += f" ({per_mtok(flat_out.prices.blended)} if never idle)"
    missing = " and what has no price" if model.share.unpriced else ""
    return Fact(
        what=model.name,
        figure=per_mtok_range(quote.range_of_price * quote.prices.blended) if quote else "no price",
        detail=(
            f"{count(model.replicas, 'replica')} on {pool}, {load},"
            f" {usd(model.usd_per_hour.p50 * HOURS_PER_MONTH)} a month{missing}"
        ),
    )


def causes(report: Report) -> Passage:
    """The dearest reasons over all models, and the model that pays most for each."""
    by_model = {model.name: causes_of(model.causes) for model in report.cost.models}
    total = {cause: sum(paid[cause] for paid in by_model.values()) for cause in CAUSES}
    everything = sum(total.values())
    dearest = sorted((c for c in CAUSES if total[c] > 0), key=lambda c: -total[c])[:_CAUSES]
    return Passage(
        name="causes",
        title="What a month is paid for",
        facts=[
            Fact(
                what=CAUSES[cause],
                figure=usd(total[cause] * HOURS_PER_MONTH),
                detail=_most_of(
                    total[cause], everything, {m: by_model[m][cause] for m in by_model}
                ),
            )
            for cause in dearest
        ],
        remark=f"{bounds_of(report.cost)}.",
    )


def _most_of(amount: float, everything: float, by_model: Mapping[str, float]) -> str:
    share = f"{amount / everything:.0%} of it"
    if len(by_model) == 1:
        return share
    most = max(by_model, key=lambda model: by_model[model])
    return f"{share}, {by_model[most] / amount:.0%} of that for {most}"


def verdicts(report: Report) -> Passage:
    """What is wrong; the ways out are below the page."""
    found = report.cost.verdicts
    broken = len(report.findings)
    return Passage(
        name="judged",
        title="What is wrong with it",
        facts=[
            *([Fact(what="rules", figure=f"{broken} broken", tone="bad")] if broken else []),
            *(
                Fact(
                    what=verdict.place,
                    figure="fails" if verdict.fails else "warns",
                    detail=verdict.problem,
                    tone="bad" if verdict.fails else "warning",
                )
                for verdict in found[:_VERDICTS]
            ),
        ],
        more=left_out(found[_VERDICTS:], "verdict"),
        remark="" if found else ALL_WELL,
    )
