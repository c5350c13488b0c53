"""How far to trust the figures: what is estimated, old, unknown or left out."""

from collections.abc import Iterator

from tokenfleet.economics.bill.price_age import STALE_DAYS
from tokenfleet.preview.report import Report
from tokenfleet.views.front_page.facts import Fact, Passage, names
from tokenfleet.views.on_spot import how_much_spot

_BY_USE = 6


def not_measured(report: Report) -> Passage:
    """Everything that a measurement, a bill or a newer price list could prove wrong."""
    return Passage(
        name="unmeasured",
        title="What is not measured",
        facts=list(_doubts(report)),
        remark="No figure is read from a running stack: all are list prices, forecasts and arithmetic.",
    )


def _doubts(report: Report) -> Iterator[Fact]:
    for basis, pooled, why in (
        (
            "unverified",
            (False, True),
            "by arithmetic, and runs of another engine: those of vLLM there are public in relative figures only",
        ),
        ("estimated", (False,), "by a model tested on public runs, not by a run of yours"),
        (
            "estimated",
            (True,),
            "by a model tested on public runs, none of which was without output",
        ),
    ):
        models = [
            model.name
            for model in report.cost.models
            if model.most.basis == basis and model.most.shape.is_pooled in pooled
        ]
        if models:
            yield Fact(what=f"speed of {names(models)}", figure=basis, detail=why, tone="warning")
    if said := how_much_spot(report.cost):
        yield Fact(what="spot", figure="forecast", detail=_sentence(said), tone="warning")
    if stale := report.stale_prices:
        yield Fact(
            what=f"prices older than {STALE_DAYS} days",
            figure=f"{len(stale):,}",
            detail=f"the oldest of {stale[0].as_of}: {stale[0].title}",
            tone="warning",
        )
    if report.gaps:
        yield Fact(
            what="lines of the bill without a price",
            figure=f"{len(report.gaps):,}",
            detail=f"in no total: {names([line.title for line in report.gaps])}",
            tone="bad",
        )
    if report.unpriced:
        yield Fact(
            what="resources that are not priced",
            figure=f"{sum(each.count for each in report.unpriced):,}",
            detail=f"in no total: {names([f'{each.count} {each.type}' for each in report.unpriced])}",
            tone="bad",
        )
    if used := [line.title.replace(",", "") for line in report.by_use]:
        yield Fact(
            what="billed by use",
            figure="on top",
            detail=f"in no total: {names(used, most=_BY_USE)}",
        )


def _sentence(said: str) -> str:
    """As part of another."""
    return said[0].lower() + said[1:].rstrip(".")
