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
from tokenfleet.catalogue.instances import instance_type
from tokenfleet.catalogue.models import model_facts
from tokenfleet.cli import app
from tokenfleet.commands import coldstart
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.start.budget import cold_start
from tokenfleet.settings.stack_file import StackFile

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


def _levers(plan: Plan) -> str:
    """What each lever saves at the expected figures, the other one as it is planned."""
    saved: dict[str, list[str]] = {
        "compiled code beside the weights": [],
        "layers side by side": [],
    }
    for model in plan.models:
        (pool,) = (pool for pool in plan.pools if pool.name == model.pool)
        name = model.cold_start.instance_type
        (disks,) = (disks for disks in pool.disks if name in disks.instance_types)
        used = {"precompiled": len(model.snapshots) > 1, "fast_image_pull": disks.fast_image_pull}
        for lever, cells in zip(used, saved.values(), strict=True):
            without, with_it = (
                cold_start(
                    instance_type(name),
                    model.engine,
                    model_facts(model.hugging_face_id),
                    weights_mib_per_second=disks.cache and disks.cache.throughput_mib_per_second,
                    images_mib_per_second=disks.root.throughput_mib_per_second,
                    **{**used, lever: pulled},
                ).total.expected
                for pulled in (False, True)
            )
            cells.append(f"{without - with_it:,.0f}{' (in use)' if used[lever] else ''}")
    columns = [f"{model.name} on {model.cold_start.instance_type}" for model in plan.models]
    rows = [f"| {lever} | {' | '.join(cells)} |" for lever, cells in saved.items()]
    header = f"| saves, s | {' | '.join(columns)} |"
    return "\n".join([header, f"|---|{'---:|' * len(columns)}", *rows])


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
    plan_of: PlanOf,
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coldstart, "today", lambda: TODAY)
    path = root / "docs" / "cold-start.md"
    page = path.read_text(encoding="utf-8")
    plan = plan_of(stack_files["prod"].keys)
    blocks = {
        "compared": _compared(),
        "previewed": _previewed(),
        "deadlines": _deadlines(plan),
        "levers": _levers(plan),
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
        page = renewed
    assert page == renewed


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_model_of_a_stack_is_in_time_as_the_page_says(
    stack: str, stack_files: Mapping[str, StackFile], plan_of: PlanOf, root: Path
) -> None:
    assert "No model of the stacks it comes with is expected to be ready within a spot notice" in (
        root / "docs" / "cold-start.md"
    ).read_text(encoding="utf-8")
    for model in plan_of(stack_files[stack].keys).models:
        assert model.cold_start.notice_met in {"at best", "never"}
