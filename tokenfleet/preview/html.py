"""A report as one HTML page that needs neither network nor scripts."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from tokenfleet.preview.drawing.architecture import architecture_svg
from tokenfleet.preview.figures import count
from tokenfleet.preview.memory_bar import memory_parts
from tokenfleet.preview.money import usd
from tokenfleet.preview.report import Report
from tokenfleet.preview.tables import (
    caches_table,
    fixed_table,
    fixed_total,
    models_table,
    network_table,
    pools_table,
    usage_table,
)


def html(report: Report) -> str:
    """The whole report; a reader sees what is wrong before what will be built."""
    environment = Environment(
        loader=PackageLoader("tokenfleet.preview"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.j2").render(
        report=report,
        plan=report.plan,
        drawing=architecture_svg(report),
        total=fixed_total(report),
        pools=pools_table(report),
        caches=caches_table(report),
        models=models_table(report),
        network=network_table(report),
        fixed=fixed_table(report),
        usage=usage_table(report),
        usd=usd,
        count=count,
        memory_parts=memory_parts,
    )
