"""The figures that a cold start is predicted from."""

from collections.abc import Iterator, Mapping
from typing import cast

import pytest
from pydantic import BaseModel

from tokenfleet.catalogue.cold_start import Estimate, cold_start_facts
from tokenfleet.catalogue.machines.hardware import engines


def _estimates(row: object, path: str = "") -> Iterator[tuple[str, Estimate]]:
    if isinstance(row, Estimate):
        yield path, row
    elif isinstance(row, BaseModel):
        for name in type(row).model_fields:
            yield from _estimates(getattr(row, name), f"{path}.{name}")
    elif isinstance(row, dict):
        for name, inner in cast("Mapping[str, object]", row).items():
            yield from _estimates(inner, f"{path}.{name}")


ESTIMATES = dict(_estimates(cold_start_facts()))


@pytest.mark.parametrize("estimate", ESTIMATES.values(), ids=list(ESTIMATES))
def test_a_figure_lies_in_its_range_and_an_assumption_says_so(estimate: Estimate) -> None:
    assert 0 <= estimate.low <= estimate.expected <= estimate.high
    assert estimate.source
    assert ("assumption" in estimate.source) >= (estimate.basis == "assumption")


def test_every_engine_has_figures() -> None:
    assert set(cold_start_facts().engines) == set(engines())
