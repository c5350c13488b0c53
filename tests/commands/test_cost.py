"""``tokenfleet cost`` as people and machines use it."""

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from tests.own_stacks import FOLDER
from tests.today import TODAY
from tokenfleet.cli import app
from tokenfleet.commands import cost

BAD_INPUT, FAILED_VERDICT = 2, 4
PROFILE = {
    "model_id": "Qwen/Qwen3-4B-Instruct-2507",
    "date": "20261101-101112",
    "num_prompts": 200,
    "completed": 200,
    "failed": 0,
    "request_rate": "inf",
    "duration": 640.0,
    "total_input_tokens": 102400,
    "total_output_tokens": 51200,
    "output_throughput": 80.0,
    "median_tpot_ms": 700.0,
    "median_ttft_ms": 90000.0,
}


def _cost(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["cost", *arguments, "--project", str(FOLDER)])


def _said(*arguments: str) -> str:
    """What is printed, whatever the line breaks; a verdict may fail."""
    result = _cost(*arguments)
    assert (result.exit_code in {0, FAILED_VERDICT}, result.stderr) == (True, "")
    return " ".join(result.stdout.split())


def _answer(*arguments: str) -> dict[str, Any]:
    result = _cost(*arguments, "--json")
    assert (result.exit_code in {0, FAILED_VERDICT}, result.stderr) == (True, "")
    return json.loads(result.stdout)


def test_the_models_of_a_stack_pay_its_bill() -> None:
    answer = _answer("prod")
    paid = sum(
        model["share"]["poolUsd"] + model["share"]["sharedUsd"] for model in answer["models"]
    )
    assert 730 * paid == pytest.approx(answer["usdPerMonth"]["expected"])


def test_without_traffic_no_single_price_is_named() -> None:
    said = _said("prod")
    assert "qwen25-7b no single price (no traffic given)" in said
    assert "What a million tokens of qwen25-7b cost at other loads" in said


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 0),
        (["--strict", "--load", "2"], FAILED_VERDICT),
        (["--load", "100"], FAILED_VERDICT),
        (["--load", "100", "--json"], FAILED_VERDICT),
    ],
    ids=str,
)
def test_a_verdict_that_fails_is_in_the_exit_code(arguments: list[str], code: int) -> None:
    assert _cost("prod", *arguments).exit_code == code


def test_too_much_load_says_that_the_queue_grows_and_what_it_takes() -> None:
    said = _said("dev", "--load", "100")
    assert (
        "20 requests/s are more than 3 replicas can serve (0.693 before the queue grows)." in said
    )
    assert "Set models.qwen3-4b.replicas.max to 93" in said


@pytest.mark.parametrize(
    ("arguments", "dearer"),
    [
        (["--load", "0.5"], True),
        (["--load", "1.05"], False),
        (["--spot-share", "0"], True),
        (["--spot-share", "1"], False),
        (["--instance-types", "c8g.4xlarge"], False),
        (["--instance-types", "graviton4=c8gd.8xlarge,m8gd.8xlarge"], True),
        (["--spare", "1"], True),
    ],
)
def test_what_ifs_move_the_price_the_right_way(arguments: list[str], *, dearer: bool) -> None:
    before, after = (
        _answer("dev", *more)["models"][0]["atLoad"]["prices"]["blended"]
        for more in ([], arguments)
    )
    assert (after > before) == dearer


def test_a_day_that_comes_and_goes_is_priced_beside_the_constant_load() -> None:
    hours = ",".join(["0.2"] * 12 + ["1.8"] * 12)
    answer, said = _answer("dev", "--day", hours), _said("dev", "--day", hours)
    (model,) = answer["day"]["models"]
    assert {hour["replicas"] for hour in model["fleet"]["hours"]} == {1, 2}
    assert model["prices"]["blended"] > answer["models"][0]["atLoad"]["prices"]["blended"]
    assert "0.04 to 0.36" in said
    paid = [hour["usd"]["expected"] for hour in answer["day"]["hours"]]
    night, noon = paid[6], paid[18]
    assert night < noon
    assert all(f"${amount:.2f} (" in said for amount in (night, noon))
    month, unscaled = (
        answer["day"][key]["expected"] for key in ("usdPerMonth", "unscaledUsdPerMonth")
    )
    assert month == pytest.approx(730 * math.fsum(paid) / 24)
    assert unscaled == pytest.approx(730 * noon)
    assert f"scaling saves ${unscaled - month:,.2f}" in said


def test_a_day_that_takes_the_same_replicas_every_hour_needs_no_scaling() -> None:
    assert "scaling saves nothing" in _said("dev", "--day", ",".join(["1"] * 24))


def test_only_the_shape_of_a_day_counts_however_large_its_loads() -> None:
    small, large = (_answer("dev", "--day", ",".join([load] * 24)) for load in ("1", "1e308"))
    assert small["day"] == large["day"]


def test_a_cheaper_cache_hit_makes_the_same_bill() -> None:
    answer = _answer("dev", "--cached-share", "0.5")["models"][0]["atLoad"]
    assert answer["flow"]["cachedInput"] == answer["flow"]["uncachedInput"]
    assert answer["prices"]["cachedInput"] < answer["prices"]["uncachedInput"]


def test_a_profile_replaces_the_estimate_and_narrows_the_range(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(PROFILE), encoding="utf-8")
    (estimated,) = _answer("dev")["models"]
    (measured,) = _answer("dev", "--profile", str(path))["models"]
    assert (estimated["most"]["basis"], measured["most"]["basis"]) == ("unverified", "measured")
    assert measured["most"]["spread"]["theta"] < estimated["most"]["spread"]["theta"]


@pytest.mark.parametrize("text", ["[" * 100_000, f'{{"model_id": {"9" * 5000}}}'])
def test_a_profile_without_end_is_refused_at_once(tmp_path: Path, text: str) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text, encoding="utf-8")
    result = _cost("dev", "--profile", str(path))
    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")
    assert result.stderr.startswith(
        "profile.json:1: is nested too deeply, or holds a number without"
    )


def test_explain_names_source_and_date_of_every_line() -> None:
    answer = _answer("dev")
    said = _said("dev", "--explain")
    assert "Where the figures come from" in said
    for line in answer["bill"]["expected"]["lines"]:
        assert line["source"]
        assert line["asOf"] in said


def test_pictures_are_well_formed_and_show_the_price(tmp_path: Path) -> None:
    _said("prod", "--svg", str(tmp_path / "pictures"))
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    models = ("gpt-oss-120b", "qwen25-7b", "qwen3-8b")
    assert names == {f"{model}-{kind}.svg" for model in models for kind in ("why", "over-load")}
    for path in (tmp_path / "pictures").iterdir():
        ET.parse(path)  # noqa: S314 - our own output
    loaded = (tmp_path / "pictures" / "qwen3-8b-over-load.svg").read_text(encoding="utf-8")
    assert "your load: $1.69" in loaded


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "Pulumi.nowhere.yaml"),
        (["dev", "--load", "0"], "--load 0: is not above 0"),
        (["dev", "--load", "nan"], "--load nan: is not above 0"),
        (["dev", "--spot-share", "2"], "--spot-share 2: is not between 0 and 1"),
        (["dev", "--cached-share", "-1"], "--cached-share -1: is not between 0 and 1"),
        (
            ["dev", "--output-tokens", "0"],
            "outputTokens: is missing: what generates has one or more",
        ),
        (["dev", "--output-tokens", "many"], "--output-tokens many: many is not a number"),
        (["dev", "--requests-per-second", "-1"], "requestsPerSecond = -1.0: must be greater"),
        (["dev", "--requests-per-second", "chat=1"], "no model 'chat'. It has: qwen3-4b"),
        (["dev", "--input-tokens", "9000"], "do not fit contextLength 8192"),
        (["dev", "--region", "mars-1"], "must be an AWS region"),
        (["dev", "--region", "eu-west-3"], "is not offered in eu-west-3"),
        (["dev", "--instance-types", "c8gd.4xlarg"], "Did you mean 'c8gd.4xlarge'?"),
        (["dev", "--instance-types", "c8g.large"], "does not fit"),
        (["dev", "--day", "1,2"], "day shape: give 24 numbers, one an hour"),
        (["dev", "--day", "1,much"], "--day 1,much: is not a list of numbers"),
        (["dev", "--day="], "--day is empty: give a value, or leave it out"),
        (["dev", "--day", ""], "--day is empty: give a value, or leave it out"),
        (["dev", "--svg="], "--svg is empty: give a value, or leave it out"),
        ([""], "an argument is empty"),
        (["dev", "--day", ","], "day shape: give 24 numbers"),
        (["dev", "--load", "1e308"], "must be less than or equal to 100000"),
        (["dev", "--requests-per-second", "1e-300"], "must be greater than or equal to 0.000001"),
        (["dev", "--commitment", "/dev/zero"], "/dev/zero: is no regular file"),
        (["dev", "--profile", "/dev/zero"], "/dev/zero: is no regular file"),
        (["dev", "--profile", "nowhere.json"], "nowhere.json: No such file"),
    ],
)
def test_a_mistake_is_named_with_its_place(arguments: list[str], said: str) -> None:
    result = _cost(*arguments)
    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")
    assert said in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_id": "Qwen/Qwen3-8B"}, "model_id: measured Qwen/Qwen3-8B, not"),
        ({"failed": 60, "completed": 140}, "requests failed"),
        ({"output_throughput": 80000.0}, "was it this model on this instance type?"),
        ({"completed": 0, "total_output_tokens": 0}, "no request was completed"),
        ({"num_prompts": 10**9, "completed": 10**9}, "num_prompts: Input should be less than"),
    ],
)
def test_a_profile_that_is_none_is_refused(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(PROFILE | change), encoding="utf-8")
    result = _cost("dev", "--profile", str(path))
    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")
    assert said in result.stderr
    assert "profile.json" in result.stderr


def test_a_commitment_covers_on_demand_hours_and_says_what_it_saves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "today", lambda: TODAY)
    path = tmp_path / "commitments.yaml"
    path.write_text(
        "- {name: plan, usdPerHour: 0.15, years: 1, savingByType: {c8gd.4xlarge: 0.27},"
        " source: a quote, date: 2026-11-01}\n",
        encoding="utf-8",
    )
    plain, committed = (_answer("dev", *more) for more in ([], ["--commitment", str(path)]))
    (used,) = committed["utilisations"]
    saved = plain["usdPerMonth"]["expected"] - committed["usdPerMonth"]["expected"]
    assert saved == pytest.approx(730 * used["savedUsdPerHour"])
    # 0.15 US dollars an hour buy hours at 0.73 of the list price.
    assert saved == pytest.approx(730 * (0.15 / 0.73 - 0.15))
    assert "plan: 100% of it used" in _said("dev", "--commitment", str(path))


@pytest.mark.parametrize(("day", "stale"), [("2024-07-02", False), ("2027-01-01", True)])
def test_old_prices_are_flagged_with_the_way_to_renew_them(
    day: str, monkeypatch: pytest.MonkeyPatch, *, stale: bool
) -> None:
    monkeypatch.setattr(cost, "today", lambda: dt.date.fromisoformat(day))
    assert bool(_answer("dev")["stalePrices"]) == stale
    assert ("tokenfleet catalogue refresh --region us-east-1" in _said("dev")) == stale
