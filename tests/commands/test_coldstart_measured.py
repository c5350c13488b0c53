"""``tokenfleet coldstart --measured``: a user's own starts beside the predicted ones."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tokenfleet.cli import app

FOLDER = Path(__file__).parents[1] / "plan" / "measured"
FILES = ("cluster.json", "boot.jsonl", "instances.json", "engine.log")
MODEL = "Qwen/Qwen3-8B"
BAD_INPUT = 2
_TERMINAL = 80


def _coldstart(files: Sequence[Path], *arguments: str) -> Result:
    measured = [part for path in files for part in ("--measured", str(path))]
    return CliRunner().invoke(app, ["coldstart", MODEL, *measured, *arguments])


def _examples(*names: str) -> Sequence[Path]:
    return [FOLDER / name for name in names]


def test_the_types_of_the_starts_are_compared_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(_TERMINAL))
    result = _coldstart(_examples(*FILES))
    assert (result.exit_code, result.stderr) == (0, "")
    shown = result.stdout[result.stdout.index("Measured on c8gd.4xlarge, 1 start") :]
    for stage in ("launch", "boot", "join + image + weights", "engine load", "warm-up", "join *"):
        assert any(line.startswith(stage) for line in shown.splitlines()), stage
    assert "182 s" in next(line for line in shown.splitlines() if line.startswith("ready"))
    assert all(len(line) <= _TERMINAL for line in result.stdout.splitlines())


def test_json_holds_the_measured_stages_in_whatever_order_files_are_given() -> None:
    answers = [
        json.loads(_coldstart(_examples(*names), "--json").stdout) for names in (FILES, FILES[::-1])
    ]
    (measured,) = answers[0]["measured"]
    assert measured["instanceType"] == "c8gd.4xlarge"
    assert measured["untilReady"]["measured"]["expected"] == 182
    assert answers[0] == answers[1]
    assert [row["instanceType"] for row in answers[0]["candidates"]] == ["c8gd.4xlarge"]


def test_without_files_nothing_is_measured() -> None:
    assert json.loads(_coldstart([], "--json").stdout)["measured"] == []


def test_a_named_type_may_stand_beside_the_measured_one() -> None:
    answer = json.loads(
        _coldstart(_examples(*FILES), "--types", "c8gd.4xlarge,c8g.4xlarge", "--json").stdout
    )
    assert [row["instanceType"] for row in answer["candidates"]] == ["c8gd.4xlarge", "c8g.4xlarge"]
    assert [row["instanceType"] for row in answer["measured"]] == ["c8gd.4xlarge"]


def test_every_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    odd, missing = tmp_path / "odd.json", tmp_path / "none.json"
    odd.write_text('{"items": [{"kind": "Pod"}]}', encoding="utf-8")
    result = _coldstart([odd, missing])
    assert result.exit_code == BAD_INPUT
    assert f"--measured {odd}: items.0.metadata: field required" in result.stderr
    assert f"--measured {missing}: there is no such file" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--types", "c8g.4xlarge"], "--types: does not name c8gd.4xlarge"),
        (["--types", "c9z.4xlarge"], "--types c9z.4xlarge"),
    ],
)
def test_types_that_do_not_fit_the_starts_are_refused(arguments: list[str], says: str) -> None:
    result = _coldstart(_examples(*FILES), *arguments)
    assert result.exit_code == BAD_INPUT
    assert says in result.stderr
    assert "Traceback" not in result.stderr
