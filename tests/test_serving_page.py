"""What docs/serving.md says of engines and of the end of a replica."""

from pathlib import Path

import pytest

from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.plan.serving.drain import (
    LONGEST_ON_SPOT_SECONDS,
    MEAN_ANSWERS,
    UNASKED_SECONDS,
    longest_request,
    plan_drain,
)
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS
from tokenfleet.settings.models import ModelSettings

PAGE_FOLDER = Path(__file__).parents[1] / "docs"
PAGE = (PAGE_FOLDER / "serving.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("title", "spot", "asked"),
    [
        ("with a spot tier", True, None),
        ("the same, the most that may be asked for", True, LONGEST_ON_SPOT_SECONDS),
        ("without a spot tier", False, None),
    ],
)
def test_the_table_of_ends_is_the_plan_s(
    title: str,
    spot: bool,  # noqa: FBT001 - a row's value
    asked: int | None,
) -> None:
    drain = plan_drain(
        longest_request(_model(asked), "generate", spot=spot),
        engine_drains=True,
    )
    left = f"{SPOT_NOTICE_SECONDS - drain.grace_seconds} s " if spot else ""
    figures = (
        drain.propagation_seconds,
        drain.longest_request.seconds,
        drain.margin_seconds,
        drain.grace_seconds,
    )
    cells = " | ".join(f"{seconds} s" for seconds in figures)
    assert f"\n| {title} | {cells} | {left}|\n" in PAGE


def _model(longest: int | None) -> ModelSettings:
    return ModelSettings.model_validate(
        {
            "huggingFaceId": "Qwen/Qwen3-8B",
            "revision": "a" * 40,
            "pool": "graviton4",
            "contextLength": 8192,
            "replicas": {"max": 1},
            "longestRequestSeconds": longest,
        }
    )


def test_the_page_says_what_the_plan_takes_on_spot() -> None:
    assert (MEAN_ANSWERS, UNASKED_SECONDS) == (2, 30)
    for said in ("10 s at least and 30 s at most", "twice the mean answer", "`traffic`: 30 s"):
        assert said in PAGE


@pytest.mark.parametrize("name", list(engines()))
def test_every_engine_says_where_it_was_verified(name: str) -> None:
    engine = engines()[name]
    assert f"vLLM {engine.version}" in PAGE
    assert engine.not_verified.replace(" - ", ": ") in PAGE
