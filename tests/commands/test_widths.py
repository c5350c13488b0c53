"""What commands say on terminals of any width, and in pipes: nothing is broken or too long."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tokenfleet.cli import app

_EXAMPLES = Path(__file__).parents[2] / "docs" / "hosted-example.yaml"
_DAY = ",".join(["1", "2", "3"] * 8)
_LOADED = ["Qwen/Qwen3-8B", "--requests-per-second", "2", "--hosted", str(_EXAMPLES)]
COMMANDS = [
    ["preview", "prod"],
    ["cost", "prod", "--day", _DAY],
    ["cost", "dev", "--explain"],
    ["explain", "prod", "gpt-oss-120b"],
    ["compare", *_LOADED],
    ["compare", "Qwen/Qwen3-8B", "--all"],
    ["coldstart", "Qwen/Qwen3-8B"],
    ["capacity", "prod", "--days", "3"],
    ["simulate", "dev", "qwen3-4b", "--frontier", "--start", "100"],
    ["catalogue", "types"],
    ["catalogue", "models"],
    ["catalogue", "regions"],
]
_OF_A_STACK = {"capacity", "preview", "cost", "explain", "compile", "simulate"}
# Dollars, ranges, counts with thousands, percentages: what a reader would take for two numbers.
_FIGURE = re.compile(r"\$?\d(?:[\d,.]*\d)?%?(?:/s)?")


def _run(words: list[str], project: Path, width: int | str) -> Result:
    where = ["--project", str(project)] if words[0] in _OF_A_STACK else []
    return CliRunner().invoke(app, [*words, *where], env={"COLUMNS": str(width)})


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_at_80_and_160_columns_lines_fit_and_figures_are_whole(
    words: list[str], own_project: Path
) -> None:
    everything = set(_FIGURE.findall(_run(words, own_project, 1000).stdout))
    for width in (80, 160):
        said = _run(words, own_project, width).stdout
        assert max(map(len, said.splitlines())) <= width
        assert set(_FIGURE.findall(said)) <= everything | {str(width)}


def test_at_80_columns_a_comparison_has_what_decides(own_project: Path) -> None:
    said = _run(["compare", *_LOADED], own_project, 80).stdout.splitlines()
    (header,) = (line for line in said if line.startswith("Type"))
    titles = ["Type", "Nodes", "Busy", "$/Mtok at your load", "Verdict"]
    assert all(title in header for title in titles)


@pytest.mark.parametrize(
    ("asked", "width"), [("90", 90), ("0", 20), ("wide", 140), ("9" * 50, 140), ("-3", 140)]
)
def test_only_a_sensible_width_is_taken_from_the_environment(
    asked: str, width: int, own_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.get_terminal_size", _no_terminal)
    longest = max(
        map(len, _run(["explain", "dev", "qwen3-4b"], own_project, asked).stdout.splitlines())
    )
    assert width - 12 <= longest <= width


def _no_terminal(_: int) -> None:
    raise OSError


@pytest.mark.parametrize(
    "words",
    [
        ["preview", "dev"],
        ["cost", "prod"],
        ["explain", "prod", "qwen3-8b"],
        ["compile", "prod", "qwen25-7b"],
    ],
    ids=" ".join,
)
def test_a_stack_is_named_by_a_word_or_by_an_option_alike(
    words: list[str], own_project: Path
) -> None:
    command, stack, *rest = words
    by_word = _run(words, own_project, 120)
    by_option = _run([command, *rest, "--stack", stack], own_project, 120)
    assert (by_word.stdout, by_word.exit_code) == (by_option.stdout, by_option.exit_code)
    assert by_word.exit_code in {0, 4}
    twice = _run([*words, "--stack", stack], own_project, 120)
    assert twice.exit_code == 2
    assert f"--stack {stack}: the stack is given already" in twice.stderr


def test_one_word_too_many_is_refused(own_project: Path) -> None:
    result = _run(["explain", "prod", "qwen3-8b", "more"], own_project, 120)
    assert result.exit_code == 2
    assert "one word too many: [STACK] MODEL" in result.stderr
