"""``tokenfleet capacity`` as people and machines use it."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from tests.own_stacks import FOLDER
from tokenfleet.capacity.forecast import CARES, OURS, POLICIES
from tokenfleet.cli import app

BAD_INPUT = 2


def _capacity(*words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["capacity", *words], input=stdin)


def _forecast(*words: str) -> Result:
    return _capacity(*words, "--project", str(FOLDER), "--days", "3")


def test_every_policy_is_forecast_for_every_model_that_is_on_spot() -> None:
    answer = json.loads(_forecast("prod", "--json").stdout)
    assert [model["question"]["model"] for model in answer["models"]] == [
        "gpt-oss-120b",
        "qwen25-7b",
        "qwen3-8b",
    ]
    for model in answer["models"]:
        assert [row["policy"] for row in model["policies"]] == list(POLICIES)
        for row in model["policies"]:
            share, cost = row["availability"], row["cost"]
            assert 0 <= share["low"] <= share["expected"] <= share["high"] <= 1
            assert model["floor"] <= cost["high"]
            assert cost["low"] <= cost["expected"] <= cost["high"]


def test_the_default_command_is_the_forecast_of_the_first_stack() -> None:
    assert _forecast("--json").stdout == _forecast("forecast", "dev", "--json").stdout


def test_care_buys_availability() -> None:
    (model,) = json.loads(_forecast("dev", "--replicas", "2", "--json").stdout)["models"]
    cheapest, *_, careful = model["frontier"]
    assert careful["availability"]["expected"] > cheapest["availability"]["expected"]
    assert careful["cost"]["expected"] > cheapest["cost"]["expected"]


def test_the_frontier_is_what_a_forecast_with_that_care_says() -> None:
    def models(*words: str) -> list[dict[str, Any]]:
        return json.loads(_forecast("dev", "--json", *words).stdout)["models"]

    (model,), (careful,) = models(), models("--care", "4")
    by_care = {row.pop("care"): row for row in model["frontier"]}
    assert list(by_care) == list(CARES)
    for care, found in ((1, model), (4, careful)):
        ours = dict(found["policies"][0])
        assert ours.pop("policy") == OURS
        assert by_care[care] == ours


def test_a_plot_names_every_policy_and_every_care(tmp_path: Path) -> None:
    assert _forecast("prod", "--svg", str(tmp_path)).exit_code == 0
    models = ("gpt-oss-120b", "qwen25-7b", "qwen3-8b")
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}-on-spot.svg" for name in models}
    # Its start is so long that every care is a place of its own.
    svg = ET.parse(tmp_path / "gpt-oss-120b-on-spot.svg")  # noqa: S314 - written above
    words = {text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert words >= {*POLICIES} - {OURS}
    assert words >= {f"care {care:g}" for care in CARES}


def test_recorded_capacity_is_played_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "plenty.json"
    file.write_text('{"gap_seconds": 300, "zones": {"x": [[4, 900]], "y": [[4, 900]]}}')
    answer = json.loads(_forecast("prod", "--traces", str(file), "--json").stdout)
    row = answer["models"][-1]["policies"][0]
    assert row["availability"]["expected"] == 1
    assert "plenty" in answer["capacity"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["prod", "--traces", "missing.json"], "no such file"),
        (["prod", "--traces", __file__], "no trace of capacity"),
        (["nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_forecast_is_refused_with_the_reason(words: list[str], reason: str) -> None:
    result = _forecast(*words)
    assert result.exit_code == BAD_INPUT
    assert reason in result.stderr


def test_a_judge_that_speaks_otherwise_is_told_the_line() -> None:
    result = _capacity("policy", stdin='{"init": {"N": 4, "boot_s": 60}}\n{}\n')
    assert result.exit_code == BAD_INPUT
    assert "line 2" in result.stderr
