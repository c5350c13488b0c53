"""docs/cold-start.md: every figure and every output on the page is the program's own.

``make golden`` writes them anew.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from tests.own_stacks import FOLDER
from tests.today import TODAY
from tokenfleet.catalogue.cold_start import Estimate, cold_start_facts
from tokenfleet.cli import app
from tokenfleet.commands import coldstart
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.report import Report
from tokenfleet.preview.run import preview_stack
from tokenfleet.settings.stack_file import StackFile
from tokenfleet.views.drawing.charts.start_timeline import start_svg
from tokenfleet.views.pages.markdown import grid
from tokenfleet.views.tables.starts import starts_table

PlanOf = Callable[[Mapping[str, object]], Plan]


def _printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.stdout.splitlines())


def _compared() -> str:
    return (
        f"```\n$ tokenfleet coldstart Qwen/Qwen3-8B\n{_printed('coldstart', 'Qwen/Qwen3-8B')}\n```"
    )


def _previewed() -> str:
    whole = _printed("preview", "prod", "--project", str(FOLDER))
    _, title, rest = whole.partition("\nCold start\n")
    shown, after, _ = rest.partition("\n\nWhat a million tokens cost")
    assert title
    assert after
    return f"```\n$ tokenfleet preview prod\n...{title}{shown}\n...\n```"


def _deadlines(plan: Plan) -> str:
    rows = [
        f"| {model.name} | {model.deadlines.start_seconds:,} | {model.deadlines.provision_seconds:,}"
        f" | {model.deadlines.rollout_seconds:,} |"
        for model in plan.models
    ]
    header = "| model of the prod stack | startup probe, s | node, s | rollout, s |"
    return "\n".join([header, "|---|---:|---:|---:|", *rows])


def _ways(report: Report) -> str:
    return grid(starts_table(report))


def _figures() -> str:
    rows = [
        f"| {name.removeprefix('.')} | {row.low:g} | {row.expected:g} | {row.high:g} | {row.unit}"
        f" | {row.basis}, {row.date} | {row.source} |"
        for name, row in _estimates(cold_start_facts())
    ]
    header = "| figure | low | expected | high | unit | basis, date | source |"
    return "\n".join([header, "|---|---:|---:|---:|---|---|---|", *rows])


def _estimates(row: object, path: str = "") -> Iterator[tuple[str, Estimate]]:
    if isinstance(row, Estimate):
        yield path, row
    elif isinstance(row, BaseModel):
        for name in type(row).model_fields:
            yield from _estimates(getattr(row, name), f"{path}.{name}")
    elif isinstance(row, dict):
        for name, inner in cast("Mapping[str, object]", row).items():
            yield from _estimates(inner, f"{path}.{name}")


def test_what_the_page_shows_is_what_the_program_says(
    root: Path,
    stack_files: Mapping[str, StackFile],
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coldstart, "today", lambda: TODAY)
    path, drawing = root / "docs" / "cold-start.md", root / "docs" / "cold-start.svg"
    page = path.read_text(encoding="utf-8")
    preview = preview_stack(stack_files["prod"], TODAY)
    blocks = {
        "compared": _compared(),
        "previewed": _previewed(),
        "ways": _ways(preview.report),
        "deadlines": _deadlines(preview.plan),
        "figures": _figures(),
    }
    renewed = page
    for name, text in blocks.items():
        before, start, rest = renewed.partition(f"<!-- {name}: written by make golden -->\n")
        _, end, after = rest.partition(f"\n<!-- end of {name} -->")
        assert start, f"the page has lost the mark of {name}"
        assert end, f"the page has lost the end of {name}"
        renewed = f"{before}{start}{text}{end}{after}"
    if pytestconfig.getoption("--write-golden"):
        path.write_text(renewed, encoding="utf-8")
        drawing.write_text(start_svg(preview.plan.models), encoding="utf-8")
        page = renewed
    assert page == renewed
    assert drawing.read_text(encoding="utf-8") == start_svg(preview.plan.models)
