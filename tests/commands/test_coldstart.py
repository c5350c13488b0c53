"""``tokenfleet coldstart`` as people and machines use it."""

import datetime as dt
import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tokenfleet.catalogue.models.facts import known_models
from tokenfleet.cli import app
from tokenfleet.commands import coldstart

BAD_INPUT = 2
QWEN3_8B = "Qwen/Qwen3-8B"


def _coldstart(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["coldstart", *arguments])


def _said(*arguments: str) -> str:
    """What is printed, whatever the line breaks."""
    result = _coldstart(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return " ".join(result.stdout.split())


def _answer(*arguments: str) -> dict[str, Any]:
    result = _coldstart(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def _types(answer: dict[str, Any]) -> list[str]:
    return [row["instanceType"] for row in answer["candidates"]]


@pytest.mark.parametrize(
    ("model", "types"),
    [
        (QWEN3_8B, ["c8gd.4xlarge", "c8g.4xlarge", "inf2.xlarge", "p5.4xlarge"]),
        ("Qwen/Qwen3-14B", ["c8gd.8xlarge", "c8g.8xlarge", "inf2.24xlarge", "p5.4xlarge"]),
        ("openai/gpt-oss-120b", ["p5.4xlarge"]),  # no other engine runs MXFP4
        # More than any of those families holds.
        (
            "moonshotai/Kimi-K2-Instruct",
            ["p5en.48xlarge", "p6-b200.48xlarge", "p6-b300.48xlarge"],
        ),
    ],
)
def test_without_types_the_smallest_that_fit_are_compared(model: str, types: list[str]) -> None:
    assert _types(_answer(model)) == types


@pytest.mark.parametrize("model", sorted(known_models()))
def test_every_model_of_the_catalogue_has_an_answer(model: str) -> None:
    assert _types(_answer(model))


def test_json_holds_stages_disks_prices_and_the_verdict() -> None:
    answer = _answer(QWEN3_8B)
    assert (answer["weightsBytes"], answer["spotNoticeSeconds"]) == (16_381_470_720, 120)
    for row in answer["candidates"]:
        start, name = row["start"], row["instanceType"]
        assert start["instanceType"] == name
        assert bool(row["disks"]["cache"]) != bool(row["disks"]["localGbByType"])
        late = start["untilReady"]["expected"] > 120
        assert (answer["noticeMet"][name] in {"at best", "never"}) == late
        parts = [start[part] for part in ("before", "boot", "together", "load", "warmUp")]
        for end in ("low", "expected", "high"):
            whole = sum(part["seconds"][end] for part in parts)
            assert start["untilReady"][end] == pytest.approx(whole)
        assert all(part["limitedBy"] and part["sources"] for part in parts)


def test_a_price_has_the_volumes_in_it_and_is_null_where_it_is_not_known() -> None:
    prices = _answer(QWEN3_8B, "--types", "c8g.4xlarge,c8gd.4xlarge")["usdPerHour"]
    # 0.63808; root 70 GiB + 175 MiB/s above 125, cache 33 GiB + 471, at 0.08 and 0.04 a month.
    volumes = ((70 + 33) * 0.08 + (175 + 471) * 0.04) / 730
    assert prices["c8g.4xlarge"] == pytest.approx(0.63808 + volumes, abs=1e-5)
    assert prices["c8gd.4xlarge"] == pytest.approx(0.78384 + 40 * 0.08 / 730, abs=1e-5)


def test_types_are_compared_in_the_order_given_and_once() -> None:
    types = "p5.4xlarge, c8gd.8xlarge,p5.4xlarge,"
    assert _types(_answer(QWEN3_8B, "--types", types)) == ["p5.4xlarge", "c8gd.8xlarge"]


def test_the_table_has_disks_ranges_and_what_takes_longest() -> None:
    said = _said(QWEN3_8B)
    for part in (
        "local NVMe, 950 GB gp3, 596 MiB/s gp3, 149 MiB/s local NVMe, 3,800 GB",
        "ready 113 s (59 to 289) 127 s (65 to 282)",
        "in the spot notice expected at best never at best",
        "longest: engine load, 36 s, limited by engine start",
        "never measured on these machines",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("types", "said"),
    [
        ("c8gd.4xlarge,c8g.4xlarge", "21 s, not 26; ready 13 s sooner, for $0.10 more an hour."),
        ("c8g.16xlarge,c8gd.16xlarge", "later, because they are set up first, for $0.4"),
    ],
)
def test_what_local_disks_buy_is_said_even_where_it_is_nothing(types: str, said: str) -> None:
    text = _said(QWEN3_8B, "--types", types)
    assert text.count("What local disks buy") == 1
    assert said in text


@pytest.mark.parametrize("types", ["p5.4xlarge", "c8gd.4xlarge,c8g.8xlarge", "c8g.4xlarge"])
def test_without_a_twin_nothing_is_said_about_local_disks(types: str) -> None:
    assert "What local disks buy" not in _said(QWEN3_8B, "--types", types)


def test_every_way_to_start_is_compared_where_there_is_one() -> None:
    said = _said(QWEN3_8B)
    # On c8gd 50 s of start in place of 25, and 95 of compilation; on inf2 30, and 60 for each GB.
    assert "image pulled, compiles 233 s (132 to 539) 247 s (138 to 532) 1,453 s" in said
    assert "waits stopped local disks 101 s (42 to 205) 249 s (85 to 545) local disks" in said
    assert "compiling on the node" not in _said("openai/gpt-oss-120b")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["Qwen/Qwen3-8b"], ["MODEL Qwen/Qwen3-8b: ", "Did you mean 'Qwen/Qwen3-8B'?"]),
        (["qwen3"], ["tokenfleet catalogue models lists", "catalogue/data/models.yaml"]),
        (
            [QWEN3_8B, "--types", "c8gd.4xlarg"],
            ["--types c8gd.4xlarg: ", "Did you mean 'c8gd.4xlarge'?"],
        ),
        ([QWEN3_8B, "--types", " ,"], ["--types: names no instance type"]),
        (
            [QWEN3_8B, "--types", "m8g.large"],
            ["m8g.large: does not hold the model: weights 15.3", "fits is m8g.2xlarge"],
        ),
        (
            ["meta-llama/Llama-3.3-70B-Instruct", "--types", "inf2.xlarge"],
            ["inf2.xlarge: does not hold", "the smallest type that fits is inf2.48xlarge"],
        ),
        (
            ["openai/gpt-oss-20b", "--types", "inf2.xlarge"],
            ["AWS Inferentia2 does not run mxfp4", "families that do: p5, p5e"],
        ),
        (
            [QWEN3_8B, "--types", "trn2.48xlarge"],
            [
                "trn2.48xlarge: AWS Trainium2: no engine is pinned",
                "there are engines for c8g, c8gd",
            ],
        ),
    ],
)
def test_bad_input_ends_with_2_and_a_way_out(arguments: list[str], parts: list[str]) -> None:
    result = _coldstart(*arguments)
    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")
    assert [part for part in parts if part not in result.stderr] == []
    assert "Traceback" not in result.stderr


def test_all_mistakes_are_named_at_once() -> None:
    result = _coldstart("Qwen/Qwen3-8b", "--types", "c8gd.4xlarg,trn2.48xlarge")
    assert len(result.stderr.splitlines()) == 3


@pytest.mark.parametrize(
    ("day", "flagged"), [(dt.date(2024, 7, 2), False), (dt.date(2040, 1, 1), True)]
)
def test_old_prices_are_flagged(
    day: dt.date, monkeypatch: pytest.MonkeyPatch, *, flagged: bool
) -> None:
    monkeypatch.setattr(coldstart, "today", lambda: day)
    assert ("older than 90 days" in _said(QWEN3_8B)) == flagged
    answer = _answer(QWEN3_8B)
    assert answer["pricesStale"] == flagged
    assert answer["pricesAsOf"]
