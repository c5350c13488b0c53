"""A report as one HTML page that needs neither network nor scripts."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from tokenfleet.counted import count
from tokenfleet.plain_text import written_out
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS
from tokenfleet.preview.origin import Origin
from tokenfleet.preview.report import Report
from tokenfleet.views.drawing.architecture.narrow import narrow_architecture_svg
from tokenfleet.views.drawing.architecture.wide import architecture_svg
from tokenfleet.views.drawing.charts.cold_start_bar import (
    axis_seconds,
    caveat,
    every_bar,
    longest_stage,
    verdict,
)
from tokenfleet.views.drawing.charts.memory_bar import memory_parts
from tokenfleet.views.front_page.page import front_page
from tokenfleet.views.on_spot import on_spot
from tokenfleet.views.starting import seconds_text
from tokenfleet.views.story import ALL_WELL, month_of, saving_line, verdict_line
from tokenfleet.views.tables.arrivals import arrivals_table
from tokenfleet.views.tables.bill import bill_table, usage_table
from tokenfleet.views.tables.calls import calls_table
from tokenfleet.views.tables.cost import cost_table
from tokenfleet.views.tables.drain import drain_table
from tokenfleet.views.tables.stack import (
    caches_table,
    cold_start_table,
    models_table,
    network_table,
    pools_table,
)
from tokenfleet.views.tables.starts import starts_table


def environment() -> Environment:
    """Of the templates of pages: what is put into them is text, whatever it holds."""
    return Environment(
        loader=PackageLoader("tokenfleet.views.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Markup is of templates; whatever else is text that somebody named.
        finalize=_shown,
    )


def _shown(value: object) -> object:
    # What is escaped already is of a class of its own.
    return written_out(value) if type(value) is str else value


def html(report: Report, origin: Origin | None = None) -> str:
    """The whole report: one page for who pays, what is wrong, then what will be built."""
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            plan=report.plan,
            front=front_page(report, origin),
            drawing=architecture_svg(report),
            narrow_drawing=narrow_architecture_svg(report),
            pools=pools_table(report),
            caches=caches_table(report),
            models=models_table(report),
            calls=calls_table(report),
            starts=starts_table(report),
            drains=drain_table(report),
            network=network_table(report),
            arrivals=arrivals_table(report.cost.arrivals),
            bill=bill_table(report.cost, month_of(report)),
            usage=usage_table(report.cost),
            cost=cost_table(report.cost),
            all_well=ALL_WELL,
            saving_line=saving_line,
            verdict_line=verdict_line,
            count=count,
            memory_parts=memory_parts,
            every_bar=every_bar,
            cold_start_table=cold_start_table,
            axis=axis_seconds(bar for model in report.models for bar in every_bar(model.plan)),
            notice_seconds=SPOT_NOTICE_SECONDS,
            caveat=caveat(),
            seconds_text=seconds_text,
            verdict=verdict,
            longest_stage=longest_stage,
            on_spot=on_spot,
        )
    )
