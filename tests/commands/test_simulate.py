"""``tokenfleet simulate`` as people and machines use it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from tests.own_stacks import FOLDER, own_stack
from tokenfleet.cli import app
from tokenfleet.plan.decide import plan_of

BAD_INPUT = 2


def _simulate(*words: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *words, "--project", str(FOLDER)])


def _answer(*words: str) -> dict[str, Any]:
    result = _simulate(*words, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_the_plans_rule_is_played_beside_others_on_the_same_requests() -> None:
    answer = _answer("dev", "qwen3-4b")
    found, checked = answer["comparison"]["rules"], answer["comparison"]["checked"]
    names = ["in flight", "request rate, 70%", "CPU, 70%"]
    assert [row["rule"] for row in found][:3] == names
    assert found[3]["rule"].startswith("fixed, ")
    assert checked["rule"] == "in flight"
    for row in (*found, checked):
        assert row["requests"] == answer["requests"]
        assert 0 <= row["shed"] <= 1
        assert 0 <= row["within"] <= 1
        assert 1 <= row["fewest"] <= row["most"] <= 3
    hours = sum(moment["replicas"] for moment in checked["course"]) / 12
    assert hours == pytest.approx(checked["replicaHours"])


def test_a_rule_is_the_plans_but_for_what_is_asked() -> None:
    plain, other = (
        _answer("qwen3-4b", *words)["scene"]
        for words in ((), ("--target", "0.5", "--spare", "2", "--start", "30", "--max", "7"))
    )
    changed = {"target": 0.5, "spare": 2, "most": 7}
    assert other["policy"] == plain["policy"] | changed
    assert other["starts"] == [30]
    assert plain["replica"]["startSeconds"] == plain["starts"][1]


@pytest.mark.parametrize("day", ["1e308,1e308", "5e-324,5e-324"])
def test_a_day_is_what_its_numbers_are_to_each_other(day: str) -> None:
    words = ("dev", "qwen3-4b", "--min", "2", "--max", "2", "--day")
    assert _answer(*words, day) == _answer(*words, "1,1")


def test_a_model_that_is_fixed_has_no_rule_to_compare() -> None:
    answer = _answer("dev", "qwen3-4b", "--min", "2", "--max", "2")
    assert [row["rule"] for row in answer["comparison"]["rules"]] == ["fixed, 2"]


def test_longer_answers_and_more_load_take_more_replicas() -> None:
    plain, longer, more = (
        _answer("dev", "qwen3-4b", "--max", "9", *words)["comparison"]["checked"]["replicaHours"]
        for words in ((), ("--answers-longer", "2"), ("--requests-per-second", "0.5"))
    )
    assert plain < min(longer, more)


def test_a_model_without_traffic_is_played_once_some_is_given() -> None:
    refused = _simulate("prod", "qwen25-7b")
    assert refused.exit_code == BAD_INPUT
    assert "models.qwen25-7b" in refused.stderr
    assert "--requests-per-second" in refused.stderr
    assert _answer("prod", "qwen25-7b", "--requests-per-second", "0.2")["requests"] > 0


ANOTHER_LOAD = {
    "no traffic in the stack file": ("prod", "qwen25-7b", "--requests-per-second", "0.05"),
    "more requests": ("dev", "qwen3-4b", "--requests-per-second", "0.4"),
    "longer prompts": ("dev", "qwen3-4b", "--input-tokens", "2000"),
    "longer answers": ("dev", "qwen3-4b", "--output-tokens", "1000"),
    "shorter requests": ("prod", "qwen3-8b", "--input-tokens", "100", "--output-tokens", "50"),
}


@pytest.mark.parametrize("words", ANOTHER_LOAD.values(), ids=list(ANOTHER_LOAD))
def test_another_load_meets_the_replicas_that_are_deployed(words: Sequence[str]) -> None:
    stack, model, *_ = words
    (deployed,) = (each for each in plan_of(own_stack(stack)).models if each.name == model)
    scene = _answer(*words)["scene"]
    policy, replica = scene["policy"], scene["replica"]
    assert policy["slots"] == deployed.scaling.slots
    assert policy["target"] == deployed.scaling.target
    assert (policy["least"], policy["most"]) == (deployed.min_replicas, deployed.max_replicas)
    assert len(replica["seconds"]) + replica["queue"] == deployed.admission.bound


def test_without_options_who_waits_is_judged_by_the_slack_that_was_planned() -> None:
    (deployed,) = plan_of(own_stack("dev")).models
    replica = _answer("dev", "qwen3-4b")["scene"]["replica"]
    assert replica["slackSeconds"] == pytest.approx(deployed.admission.slack_seconds)


def test_longer_requests_are_slower_and_run_as_memory_has_room() -> None:
    plain, longer = (
        _answer("dev", "qwen3-4b", *words)["scene"]["replica"]
        for words in ((), ("--input-tokens", "6000"))
    )
    assert longer["seconds"][0] > plain["seconds"][0]
    assert longer["slackSeconds"] < plain["slackSeconds"]
    assert len(longer["seconds"]) < len(plain["seconds"])
    said = " ".join(_simulate("dev", "qwen3-4b", "--input-tokens", "6000").stdout.split())
    assert f"Of its 64 slots a replica runs {len(longer['seconds'])} at once" in said


@pytest.mark.parametrize(
    ("words", "assumed", "said"),
    [
        ([], ["inputTokens", "outputTokens"], "800 tokens in, 250 out"),
        (["--input-tokens", "40"], ["outputTokens"], "250 out"),
        (["--output-tokens", "40"], ["inputTokens"], "800 tokens in"),
        (["--input-tokens", "40", "--output-tokens", "40"], [], None),
    ],
)
def test_lengths_that_nobody_says_are_said_to_be_assumed(
    words: list[str], assumed: list[str], said: str | None
) -> None:
    asked = ("prod", "qwen25-7b", "--requests-per-second", "0.05", *words)
    assert _answer(*asked)["scene"]["lengths"]["assumed"] == assumed
    screen = " ".join(_simulate(*asked).stdout.split())
    assert ("Assumed" in screen) == bool(said)
    assert f"how long requests are: {said}." in screen or said is None


def test_of_none_at_night_the_first_to_come_are_refused_as_nobody_is_there() -> None:
    words = ("dev", "qwen3-4b", "--min", "0", "--requests-per-second", "0.002", "--spikes", "0")
    found = _answer(*words)["comparison"]["checked"]
    assert found["fewest"] == 0 < found["most"]
    assert found["shed"] > 0
    assert "none was there (503)" in " ".join(_simulate(*words).stdout.split())
    assert "503" not in _simulate("dev", "qwen3-4b").stdout


def test_a_day_on_which_nothing_comes_is_shown() -> None:
    words = ["--min", "0", "--requests-per-second", "0.000001", "--cv", "1", "--spikes", "0"]
    assert _answer("dev", "qwen3-4b", *words)["requests"] == 0
    assert _simulate("dev", "qwen3-4b", *words).exit_code == 0


def test_the_frontier_is_shown_where_it_is_asked_for() -> None:
    words = ("dev", "qwen3-4b", "--requests-per-second", "0.02", "--start", "100")
    plain, asked = (_simulate(*words, *more).stdout for more in ((), ("--frontier",)))
    assert asked.startswith(plain.rstrip("\n"))
    assert "What more care costs" in asked.removeprefix(plain.rstrip("\n"))


def test_a_recording_is_played_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "requests.csv"
    file.write_text("seconds,outputTokens\n" + "\n".join(f"{n},256" for n in range(0, 6000, 20)))
    answer = _answer("dev", "qwen3-4b", "--trace", str(file))
    assert answer["scene"]["requestsPerSecond"] is None
    assert answer["requests"] == 300
    assert answer["load"] == "recorded, requests.csv"
    assert answer["comparison"]["checked"]["shed"] == 0


def test_a_recording_needs_no_mean_load(tmp_path: Path) -> None:
    file = tmp_path / "requests.csv"
    file.write_text("seconds\n" + "\n".join(map(str, range(0, 600, 20))))
    assert _answer("prod", "qwen25-7b", "--trace", str(file))["requests"] == 30


def test_a_plot_shows_what_was_there_and_where_requests_were_refused(tmp_path: Path) -> None:
    words = ("dev", "qwen3-4b", "--max", "1", "--requests-per-second", "0.4")
    assert _simulate(*words, "--svg", str(tmp_path)).exit_code == 0
    svg = ET.parse(tmp_path / "qwen3-4b-elasticity.svg")  # noqa: S314 - written above
    names = {element.tag.rpartition("}")[2] for element in svg.iter()}
    assert {"polygon", "polyline"} <= names
    red = [each for each in svg.iter() if each.get("fill") == "#b91c1c"]
    assert len(red) > 1


OF_A_DAY = (["--requests-per-second", "1"], ["--day", "1,2"], ["--cv", "2"], ["--spikes", "8"], ["--days", "1"])  # fmt: skip
OF_A_RULE = (["--target", "0.5"], ["--spare", "1"], ["--down-window", "60"], ["--start", "60"], ["--frontier"])  # fmt: skip


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["dev", "qwen3-4"], "no model 'qwen3-4'. Did you mean 'qwen3-4b'?"),
        (["nowhere", "qwen3-4b"], "nowhere"),
        (["dev", "qwen3-4b", "--trace", "missing.csv"], "no such file"),
        (["dev", "qwen3-4b", "--trace", __file__], "no column 'seconds'"),
        (["dev", "qwen3-4b", "--day", "1,x"], "--day 1,x: is not a list of numbers"),
        (["dev", "qwen3-4b", "--day", "0,0"], "one above zero"),
        (["dev", "qwen3-4b", "--max", "1", "--min", "2"], "--max 1: is less than --min 2"),
        (["dev", "qwen3-4b", "--min", "5"], "--min 5: is more than the stack file's replicas.max 3"),
        (["prod", "qwen3-8b", "--max", "1"], "--max 1: is less than the stack file's replicas.min 2"),
        (["dev", "qwen3-4b", "--svg", __file__], "give a folder"),
        (["dev", "qwen3-4b", "--requests-per-second", "9999", "--days", "9"], "--days 9"),
        (["dev", "qwen3-4b", "--requests-per-second", "-1"], "--requests-per-second"),
        (["dev", "qwen3-4b", "--output-tokens", "9000"], "8192"),
        *((["dev", "qwen3-4b", "--trace", "x.csv", *words], f"{words[0]}: nothing would change in what is recorded") for words in OF_A_DAY),
        *((["dev", "qwen3-4b", "--min", "2", "--max", "2", *words], f"{words[0]}: nothing would change while the replicas are always 2") for words in OF_A_RULE),
    ],
)  # fmt: skip
def test_what_cannot_be_played_is_refused_with_the_reason(words: list[str], reason: str) -> None:
    result = _simulate(*words)
    assert result.exit_code == BAD_INPUT
    assert reason in result.stderr
    assert result.stdout == ""
