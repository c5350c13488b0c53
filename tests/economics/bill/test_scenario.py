"""What cannot be is refused, with its name."""

import math
from collections.abc import Callable, Mapping

import pytest

from tests.economics.stacks import plan_of
from tokenfleet.economics.bill.forecast import forecast
from tokenfleet.economics.bill.scenario import Buying, Scenario, Usage
from tokenfleet.estimate.refusal import CostError
from tokenfleet.plan.ranges import Range

REFUSED: Mapping[str, tuple[Callable[[], object], str]] = {
    "a negative share": (lambda: Buying(spot_share=-0.1), "spot share: -0.1 is not between"),
    "percent": (lambda: Buying(spot_share=80), "spot share: 80 is not between 0 and 1"),
    "no share at all": (lambda: Buying(spot_share=math.nan), "spot share: nan"),
    "a free spot price": (
        lambda: Buying(spot_usd_per_hour={"c8g.large": Range(low=0, expected=1, high=2)}),
        "spot price of c8g.large: 0, 1, 2 are not prices in order",
    ),
    "a range upside down": (
        lambda: Buying(spot_usd_per_hour={"c8g.large": Range(low=2, expected=1, high=3)}),
        "spot price of c8g.large: 2, 1, 3",
    ),
    "a block for nothing": (
        lambda: Buying(capacity_block_usd_per_hour={"p5.48xlarge": 0}),
        "capacity block price of p5.48xlarge: 0 is no price",
    ),
    "negative logs": (lambda: Usage(logs_gb=-1), "logs gb: -1 cannot be used"),
    "endless data": (lambda: Usage(nat_gb=math.inf), "nat gb: inf cannot be used"),
    "negative replicas": (lambda: Scenario(replicas={"chat": -1}), "chat: -1 is no number"),
    "replicas without a number": (
        lambda: Scenario(replicas={"chat": math.nan}),
        "chat: nan is no number of replicas",
    ),
    "more spares than replicas": (
        lambda: Scenario(replicas={"chat": 1}, spares={"chat": 2}),
        "chat: 2 spares are not between 0 and its replicas",
    ),
    "spares of nothing": (
        lambda: Scenario(replicas={}, spares={"chat": 1}),
        "chat: 1 spares are not between",
    ),
    "a model of another stack": (
        lambda: forecast(plan_of("dev"), Scenario(replicas={"qwen3-4B": 1})),
        "qwen3-4B: the stack serves no such model. Did you mean 'qwen3-4b'?",
    ),
}


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_with_its_name(row: tuple[Callable[[], object], str]) -> None:
    make, said = row
    with pytest.raises(CostError) as refused:
        make()
    assert said in str(refused.value)
