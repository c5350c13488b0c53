"""``tokenfleet compare`` as people and machines use it."""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tokenfleet.catalogue.models.facts import known_models
from tokenfleet.cli import app
from tokenfleet.commands import compare

BAD_INPUT = 2
QWEN3_8B = "Qwen/Qwen3-8B"


def _compare(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["compare", *arguments])


def _said(*arguments: str) -> str:
    """What is printed, whatever the line breaks."""
    result = _compare(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return " ".join(result.stdout.split())


@pytest.mark.parametrize("model", sorted(known_models()))
def test_every_model_of_the_catalogue_has_an_answer(model: str) -> None:
    assert "Why not the others" in _said(model, "--requests-per-second", "1")


def test_without_a_load_no_price_at_a_load_is_named() -> None:
    said = _said(QWEN3_8B)
    assert "no load given" in said
    assert "$/Mtok saturated" in said
    assert "at your load" not in said


def test_all_shows_what_the_short_list_leaves_out() -> None:
    assert "g6e.2xlarge" not in _said(QWEN3_8B, "--requests-per-second", "1")
    assert "g6e.2xlarge" in _said(QWEN3_8B, "--requests-per-second", "1", "--all")


def test_an_objective_nothing_meets_says_so() -> None:
    assert "No type of the catalogue serves this." in _said(QWEN3_8B, "--itl-p99-ms", "1")


def test_json_holds_choices_reasons_and_hosted_prices(tmp_path: Path) -> None:
    hosted = tmp_path / "hosted.yaml"
    hosted.write_text(
        "- {name: A, input: 1, output: 4, source: example.com, date: 2026-11-01}\n",
        encoding="utf-8",
    )
    result = _compare(QWEN3_8B, "--requests-per-second", "2", "--hosted", str(hosted), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    answer = json.loads(result.stdout)
    best = answer["choices"][0]
    assert best["node"]["source"]
    assert best["atLoad"]["rangeOfPrice"]["p10"] <= 1 <= best["atLoad"]["rangeOfPrice"]["p90"]
    assert {row["reason"] for row in answer["ruledOut"]} >= {"no engine", "does not fit"}
    # 2 requests/s of 800 and 250 tokens an hour: 5.76 M at 1 and 1.8 M at 4 US dollars.
    (compared,) = answer["hosted"]
    assert compared["comparison"]["hostedUsdPerHour"] == pytest.approx(5.76 + 4 * 1.8)
    assert compared["comparison"]["cheaper"] == "own"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Qwen/Qwen3-8b"], "Did you mean 'Qwen/Qwen3-8B'?"),
        (
            [QWEN3_8B, "--output-tokens", "0"],
            "--output-tokens: a model that generates has one or more",
        ),
        ([QWEN3_8B, "--input-tokens", "nan"], "--input-tokens: nan is not between"),
        (
            [QWEN3_8B, "--requests-per-second", "-1"],
            "--requests-per-second: -1 is not between 1e-06 and 100,000",
        ),
        ([QWEN3_8B, "--cached-share", "2"], "--cached-share: 2 is not between 0 and 1"),
        ([QWEN3_8B, "--input-tokens", "0.5"], "--input-tokens 0.5: is below 1"),
        ([QWEN3_8B, "--itl-p99-ms", "1e-300"], "--itl-p99-ms 1e-300: is below 1"),
        ([QWEN3_8B, "--ttft-p99-ms", "0.9"], "--ttft-p99-ms 0.9: is below 1"),
        ([QWEN3_8B, "--ttft-p99-ms", "0"], "--ttft-p99-ms: 0 s is not above 0"),
        ([QWEN3_8B, "--context-length", "99999999"], "--context-length: 99,999,999 is not"),
        ([QWEN3_8B, "--context-length", "900"], "are more than the context length of 900"),
        ([QWEN3_8B, "--region", "us-esat-1"], "Did you mean 'us-east-1'?"),
        ([QWEN3_8B, "--region", "ap-south-2"], "no prices of this region"),
        ([QWEN3_8B, "--types", "c8gd.4xlarg"], "Did you mean 'c8gd.4xlarge'?"),
        ([QWEN3_8B, "--types", ","], "names no instance type"),
        ([QWEN3_8B, "--hosted", "nowhere.yaml"], "--hosted nowhere.yaml"),
        ([QWEN3_8B, "--spare", "-1"], "--spare"),
        ([QWEN3_8B, "--spare", "99999999999"], "--spare"),
        ([QWEN3_8B, "--context-length=0"], "--context-length: 0 is not between 1 and"),
        ([QWEN3_8B, "--hosted="], "--hosted is empty: give a value, or leave it out"),
        ([QWEN3_8B, "--hosted", "/dev/zero"], "--hosted /dev/zero: is no regular file"),
    ],
)
def test_a_mistake_is_named_at_its_flag(arguments: list[str], said: str) -> None:
    result = _compare(*arguments)
    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")
    assert said in " ".join(result.stderr.split())


@pytest.mark.parametrize("name", ["[batch]", "[/x]", "[bold]API[/bold]", ":key: API"])
def test_a_name_is_text_whatever_it_looks_like(name: str, tmp_path: Path) -> None:
    hosted = tmp_path / "hosted.yaml"
    row = {"name": name, "input": 1, "output": 2, "source": name, "date": "DAY"}
    hosted.write_text(json.dumps([row]).replace('"DAY"', "2026-11-01"), encoding="utf-8")
    said = _said(QWEN3_8B, "--hosted", str(hosted))
    assert said.count(name) >= 2


@pytest.mark.parametrize(("day", "stale"), [("2026-12-01", False), ("2027-06-01", True)])
def test_old_hosted_prices_are_flagged(
    day: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, stale: bool
) -> None:
    monkeypatch.setattr(compare, "today", lambda: dt.date.fromisoformat(day))
    hosted = tmp_path / "hosted.yaml"
    text = "- {name: An API, input: 1, output: 2, source: me, date: 2026-11-01}\n"
    hosted.write_text(text, encoding="utf-8")
    assert (
        "older than 90 days: an api" in _said(QWEN3_8B, "--hosted", str(hosted)).lower()
    ) == stale
    answer = json.loads(_compare(QWEN3_8B, "--hosted", str(hosted), "--json").stdout)
    assert [row["priceStale"] for row in answer["hosted"]] == [stale]


@pytest.mark.parametrize(("day", "stale"), [("2024-07-02", False), ("2027-01-01", True)])
def test_old_prices_are_flagged_with_the_way_to_renew_them(
    day: str, monkeypatch: pytest.MonkeyPatch, *, stale: bool
) -> None:
    monkeypatch.setattr(compare, "today", lambda: dt.date.fromisoformat(day))
    assert json.loads(_compare(QWEN3_8B, "--json").stdout)["pricesStale"] == stale
    assert ("tokenfleet catalogue refresh --region us-east-1" in _said(QWEN3_8B)) == stale


# id: keys of a config.json, what is said of them
OPEN: Mapping[str, tuple[Mapping[str, object], str]] = {
    "code of its repository": (
        {"model_type": "mimo"},
        "engineArguments.trust-remote-code, which runs",
    ),
    "a key that nothing reads": ({"num_memory_heads": 4}, "nothing here reads num_memory_heads"),
}


@pytest.mark.parametrize(("keys", "said"), OPEN.values(), ids=list(OPEN))
def test_what_the_files_of_a_model_leave_open_is_said(
    keys: Mapping[str, object], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(SMALL), encoding="utf-8")
    assert said not in _said("org/model", "--config-json", str(path))
    path.write_text(json.dumps({**SMALL, **keys}), encoding="utf-8")
    assert said in _said("org/model", "--config-json", str(path))
    answer = json.loads(_compare("org/model", "--config-json", str(path), "--json").stdout)
    assert answer["ownCode"] or answer["unreadKeys"]


SMALL = {
    "model_type": "qwen2",
    "num_hidden_layers": 36,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 11008,
    "vocab_size": 151680,
    "max_position_embeddings": 32768,
}
