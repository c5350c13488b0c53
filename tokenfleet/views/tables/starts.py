"""The ways in which the nodes of every model could start: how soon, and for how much."""

from collections.abc import Iterator

from tokenfleet.economics.bill.ways import WayPrice
from tokenfleet.preview.report import ModelReport, Report
from tokenfleet.views.money import usd
from tokenfleet.views.starting import seconds_text, way_title
from tokenfleet.views.tables.table import Column, Table


def starts_table(report: Report) -> Table:
    """Every model's ways to start, those in use marked."""
    return Table(
        title="Ways to start",
        columns=[
            Column("Model"),
            Column("Way"),
            Column("In use"),
            Column("On", gives_way=2),
            Column("Ready in", number=True),
            Column("Late", number=True),
            Column("A month", number=True),
            Column("A start", number=True, gives_way=1),
        ],
        rows=[row for model in report.models for row in _rows(model)],
        caption=" ".join([_CAPTION, *_refusals(report)]),
    )


_CAPTION = (
    "Each with the compiled code that is published for it, but for a way that compiles."
    " Late: as expected, after what the drain leaves of a spot notice. A month: of the"
    " snapshot of a baked image (tokenfleet bake), or of the disks of each stopped node"
    " (warmNodes). A start: bytes through NAT, and filling a volume from its snapshot."
)


def _refusals(report: Report) -> Iterator[str]:
    for model in report.models:
        for price in model.ways:
            if price.way.refused:
                yield f"{model.plan.name}, {way_title(price.way)}: {price.way.refused}."


def _rows(model: ModelReport) -> Iterator[list[str]]:
    for price in model.ways:
        yield [model.plan.name, way_title(price.way), *_cells(price)]


def _cells(price: WayPrice) -> list[str]:
    way, start = price.way, price.way.start
    if start is None:
        return ["cannot", "", "", "", "", ""]
    late = f"{way.notice.late_seconds.expected:,.0f} s" if way.notice else "no spot tier"
    return [
        "yes" if way.in_use else "cannot" if way.refused else "",
        start.instance_type,
        seconds_text(start.until_ready),
        late,
        usd(price.per_month),
        usd(price.per_start),
    ]
