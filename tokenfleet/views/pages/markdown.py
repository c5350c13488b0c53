"""A report as GitHub-flavoured Markdown, for the conversation of a pull request."""

import re
from collections.abc import Iterator, Sequence
from html import escape

from tokenfleet.counted import count
from tokenfleet.plain_text import written_out
from tokenfleet.preview.branch import Branch
from tokenfleet.preview.origin import Origin
from tokenfleet.preview.report import ModelReport, Report
from tokenfleet.views.drawing.architecture.flowchart import flowchart
from tokenfleet.views.drawing.charts.cold_start_bar import (
    axis_seconds,
    caveat,
    every_bar,
    legend,
    letter_seconds,
    letters,
    longest_stage,
    verdict,
)
from tokenfleet.views.front_page.facts import FrontPage
from tokenfleet.views.front_page.page import front_page
from tokenfleet.views.on_spot import on_spot
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
from tokenfleet.views.tables.table import Table

# Fits beside its title on a page of a pull request without scrolling.
_LETTERS = 70
# What GitHub makes a mention or a reference of, in rendered text: no escape helps, a space of no
# width does. A digest or an address, where a letter comes before, is neither.
_REFERENCE = re.compile(r"((?<![A-Za-z0-9_])@(?=[A-Za-z0-9])|#(?=\d))")
_NOTHING = "\u200b"
# What starts emphasis, code, a link, a cell, a heading or an escape, anywhere in a line.
_MARKS = re.compile(r"([\\`*_\[\]|~#])")


def markdown(report: Report, origin: Origin | None = None) -> str:
    """The whole report: what who pays wants to know, what is wrong, then what will be built."""
    parts = [
        *_front(front_page(report, origin)),
        *_findings(report),
        *_verdicts(report),
        *_notes(report),
        f"## Architecture\n\n```mermaid\n{flowchart(report)}\n```",
        _table(pools_table(report)),
        _table(caches_table(report)),
        _table(models_table(report)),
        _table(calls_table(report)),
        "\n\n".join(_model_details(model) for model in report.models),
        *_cold_starts(report),
        _table(starts_table(report)),
        _table(drain_table(report)),
        _table(network_table(report)),
        _table(arrivals_table(report.cost.arrivals)),
        _table(cost_table(report.cost)),
        _table(bill_table(report.cost, month_of(report))),
        _table(usage_table(report.cost)),
        _tree(report),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def text(value: str) -> str:
    """A value as literal text: no markup, one line, all of it seen, and nobody told of it."""
    line = _REFERENCE.sub(rf"\1{_NOTHING}", " ".join(written_out(value).split()))
    return _MARKS.sub(r"\\\1", escape(line, quote=False)).replace(_NOTHING, "&#8203;")


def _front(page: FrontPage) -> Iterator[str]:
    yield f"# {text(page.title)} in {text(page.region)}"
    yield text(" ".join(f"{said}." for said in (page.origin, page.size) if said))
    yield "\n".join(
        f"- **{text(fact.figure)}** {text(fact.what)}{f' ({text(fact.detail)})' * bool(fact.detail)}"
        for fact in page.headline
    )
    for passage in page.passages:
        yield f"### {text(passage.title)}"
        yield "\n".join(
            f"- {text(fact.what)}: **{text(fact.figure)}**{f'; {text(fact.detail)}' * bool(fact.detail)}"
            for fact in passage.facts
        )
        yield text(". ".join(said for said in (passage.more, passage.remark) if said))


def _verdicts(report: Report) -> Iterator[str]:
    lines = [
        f"- **{'fails' if verdict.fails else 'warns'}** {text(verdict_line(verdict))}"
        for verdict in report.cost.verdicts
    ]
    yield "\n".join(["## Verdicts\n", *(lines or [text(ALL_WELL)])])
    saving = [f"- **saves** {text(saving_line(each))}" for each in report.cost.savings]
    if saving:
        yield "\n".join(saving)


def _findings(report: Report) -> Iterator[str]:
    if report.findings:
        lines = [
            f"- **{text(finding.rule)}**, {text(finding.resource.rpartition('::')[2])}:"
            f" {text(finding.problem)}"
            for finding in report.findings
        ]
        yield "## Findings\n\n" + "\n".join(lines)


def _notes(report: Report) -> Iterator[str]:
    if report.notes:
        yield "## Before you deploy\n\n" + "\n".join(f"- {text(note)}" for note in report.notes)


def _table(table: Table) -> str:
    return f"## {text(table.title)}\n\n{grid(table)}"


def grid(table: Table) -> str:
    """A table without its title, its caption and sources below."""
    rule = ["---:" if column.number else "---" for column in table.columns]
    rows = [[text(cell) for cell in row] for row in table.rows]
    if table.total:
        rows.append([f"**{text(cell)}**" if cell else "" for cell in table.total])
    titles = [text(column.name) for column in table.columns]
    parts = ["\n".join(map(_row, [titles, rule, *rows]))]
    if table.caption:
        parts.append(text(table.caption))
    if table.sources:
        numbered = (f"{place}. {text(source)}" for place, source in enumerate(table.sources, 1))
        parts.append(details("Sources", "\n".join(numbered)))
    return "\n\n".join(parts)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _model_details(model: ModelReport) -> str:
    plan = model.plan
    rows = [
        ["Engine", f"{plan.engine} {model.engine_version}, {model.engine_support}"],
        ["Image", plan.image],
        ["Lacks", ", ".join(model.engine_lacks) or "nothing known"],
        ["Revision", plan.revision],
    ]
    lines = [f"- {title}: {text(value)}" for title, value in rows]
    flags = escape("\n".join(plan.argument_words), quote=False)
    environment = escape("\n".join(f"{v.name}={v.value}" for v in plan.environment), quote=False)
    return details(
        f"{escape(plan.name)}: flags, environment and image",
        "\n".join(lines),
        f"<pre>\n{flags}\n\n{environment}\n</pre>",
    )


def _cold_starts(report: Report) -> Iterator[str]:
    every = [bar for model in report.models for bar in every_bar(model.plan)]
    step = letter_seconds(axis_seconds(every), _LETTERS)
    yield f"## Cold start\n\n{text(caveat())}\n\n{text(legend(step))}"
    widest = max(len(letters(bar, step, _LETTERS)) for bar in every)
    for model in report.models:
        table, start = cold_start_table(model), model.plan.cold_start
        bars = "\n".join(
            f"{bar.title:<22}  {letters(bar, step, _LETTERS):<{widest}}  {bar.seconds:>5,.0f} s"
            for bar in every_bar(model.plan)
        )
        yield f"### {text(table.title)}\n\n**{text(verdict(model))}**"
        if expected := report.on_spot(model):
            yield f"**{text(on_spot(expected))}**"
        yield f"<pre>\n{escape(bars, quote=False)}\n</pre>"
        yield f"Longest: {text(longest_stage(start))}."
        yield grid(table)


def _tree(report: Report) -> str:
    lines = [line for branch in report.tree for line in _limb(branch, 0)]
    return "## What will exist\n\n" + details(
        f"{count(report.resource_count, 'resource')} by component", "\n".join(lines)
    )


def _limb(branch: Branch, depth: int) -> Iterator[str]:
    own = ", ".join(f"{number} {text(kind)}" for kind, number in branch.own.items())
    yield (
        f"{'  ' * depth}- **{text(branch.name)}** ({text(branch.kind)},"
        f" {count(branch.total, 'resource')})" + (f": {own}" if own else "")
    )
    for inner in branch.inner:
        yield from _limb(inner, depth + 1)


def details(summary: str, *parts: str) -> str:
    """``summary`` is HTML; the blank lines let Markdown back in."""
    return "\n\n".join(
        [f"<details>\n<summary>{summary}</summary>", *filter(None, parts), "</details>"]
    )
