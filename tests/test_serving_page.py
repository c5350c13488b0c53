"""What docs/serving.md says of engines and of the end of a replica."""

from pathlib import Path

import pytest

from tokenfleet.catalogue.hardware import engines
from tokenfleet.plan.serving.drain import Exposure, plan_drain

PAGE_FOLDER = Path(__file__).parents[1] / "docs"
PAGE = (PAGE_FOLDER / "serving.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("title", "exposure", "spot"),
    [
        ("`edge.exposure: cluster`", "cluster", True),
        ("`edge.exposure: internal`", "internal", True),
        ("cluster, pool without a spot tier", "cluster", False),
        ("internal, pool without a spot tier", "internal", False),
    ],
)
def test_the_table_of_ends_is_the_plan_s(title: str, exposure: Exposure, spot: bool) -> None:  # noqa: FBT001 - a row's value
    drain = plan_drain(exposure, spot=spot, engine_drains=True, longest_request_seconds=None)
    figures = (
        drain.propagation_seconds,
        drain.longest_request_seconds,
        drain.margin_seconds,
        drain.grace_seconds,
    )
    assert f"| {title} | {' | '.join(f'{seconds} s' for seconds in figures)} |" in PAGE


@pytest.mark.parametrize("name", list(engines()))
def test_every_engine_says_where_it_was_verified(name: str) -> None:
    engine = engines()[name]
    assert f"vLLM {engine.version}" in PAGE
    assert engine.not_verified.replace(" - ", ": ") in PAGE


def test_no_page_says_that_a_spot_notice_is_heard() -> None:
    assert "**Nothing hears a spot notice yet.**" in PAGE
    missing = (PAGE_FOLDER / "what-it-builds.md").read_text(encoding="utf-8")
    assert "- Hear spot notices:" in missing.partition("does not do yet")[2]
