"""Runs that no figure is fitted to say how far off the estimate is elsewhere."""

import math

import pytest

from bench.accuracy.elsewhere import MORE_GPUS, ONE_GPU, elsewhere
from tokenfleet.catalogue.efficiencies import efficiencies

GPU = efficiencies()["gpu"]


@pytest.mark.parametrize(
    ("size", "sigma", "runs"),
    [(ONE_GPU, GPU.other_card_sigma, 16), (MORE_GPUS, GPU.more_ranks_sigma, 20)],
)
def test_the_range_on_other_cards_is_what_runs_there_were_missed_by(
    size: str, sigma: float, runs: int
) -> None:
    found = elsewhere(GPU)
    assert found.sigmas[size] == pytest.approx(sigma, rel=1e-2)
    assert found.by_size[size].rows == runs
    coverage = found.by_size[size].coverage
    assert coverage is not None
    assert 75 <= coverage <= 90


def test_the_spread_is_that_of_logarithms() -> None:
    slower = GPU.model_copy(
        update={"compute": GPU.compute / 2, "bandwidth": GPU.bandwidth / 2, "step_seconds": 10.0}
    )
    assert elsewhere(slower).sigmas[ONE_GPU] > math.log(10)
