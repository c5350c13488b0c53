"""docs/cost.md: what it shows is what the program says. ``make golden`` writes it anew."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.own_stacks import FOLDER
from tests.today import TODAY
from tokenfleet.cli import app
from tokenfleet.commands import compare, cost
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import stack_cost
from tokenfleet.plan.decide import decide
from tokenfleet.settings.stack_file import StackFile
from tokenfleet.views.drawing.charts.cost import load_svg, why_svg

_ASKED = ("compare", "Qwen/Qwen3-8B", "--requests-per-second", "2", "--spare", "1")
_DRAWN = "qwen3-8b"


def _block(*shown: str, run: tuple[str, ...] = ()) -> str:
    result = CliRunner().invoke(app, run or shown)
    assert result.exit_code == 0, result.output
    lines = "\n".join(line.rstrip() for line in result.stdout.splitlines())
    return f"```\n$ tokenfleet {' '.join(shown)}\n{lines}\n```"


def _renewed(page: str) -> str:
    blocks = {
        "cost": _block("cost", "prod", run=("cost", "prod", "--project", str(FOLDER))),
        "compare": _block(*_ASKED),
    }
    for name, text in blocks.items():
        before, start, rest = page.partition(f"<!-- {name}: written by make golden -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        assert start, f"the page has lost the mark of {name}"
        assert end, f"the page has lost the end of {name}"
        page = f"{before}{start}{text}\n{end}{after}"
    return page


def _pictures(stack_files: Mapping[str, StackFile], root: Path) -> Iterator[tuple[str, str]]:
    plan = decide(stack_files["prod"].keys, "prod", root)
    (drawn,) = (c for c in stack_cost(plan, WhatIf()).models if c.name == _DRAWN)
    yield "cost-why.svg", why_svg(drawn)
    yield "cost-over-load.svg", load_svg(drawn)


def test_the_page_shows_what_the_program_says(
    root: Path,
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for command in (cost, compare):
        monkeypatch.setattr(command, "today", lambda: TODAY)
    path = root / "docs" / "cost.md"
    page = path.read_text(encoding="utf-8")
    renewed = _renewed(page)
    if pytestconfig.getoption("--write-golden"):
        path.write_text(renewed, encoding="utf-8")
        page = renewed
    assert page == renewed


def test_the_pictures_of_the_page_are_the_programs_own(
    root: Path, stack_files: Mapping[str, StackFile], pytestconfig: pytest.Config
) -> None:
    for name, drawing in _pictures(stack_files, root):
        path = root / "docs" / name
        if pytestconfig.getoption("--write-golden"):
            path.write_text(drawing, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == drawing
