"""A week of spot prices, from its changes."""

import datetime as dt

import pytest

from tokenfleet.aws.advice.facts import SpotPrice
from tokenfleet.aws.advice.spot import Change, week_of

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)


def _ago(days: float, usd: float) -> Change:
    return NOW - dt.timedelta(days=days), usd


def _week(now: float, low: float, mean: float, high: float) -> SpotPrice:
    return SpotPrice(now_usd=now, week_low_usd=low, week_mean_usd=mean, week_high_usd=high)


@pytest.mark.parametrize(
    ("changes", "week"),
    [
        ([_ago(30, 2.0)], _week(2, 2, 2, 2)),
        ([_ago(14, 1.0), _ago(3.5, 3.0)], _week(3, 1, 2, 3)),
        ([_ago(3.5, 3.0), _ago(14, 1.0)], _week(3, 1, 2, 3)),
        ([_ago(30, 9.0), _ago(14, 1.0)], _week(1, 1, 1, 1)),
        ([_ago(2, 1.0), _ago(1, 2.0)], _week(2, 1, 1.5, 2)),
        ([_ago(0, 4.0)], _week(4, 4, 4, 4)),
    ],
    ids=["before", "changed", "in any order", "replaced before it began", "new", "this moment"],
)
def test_a_price_counts_for_as_long_as_it_held(changes: list[Change], week: SpotPrice) -> None:
    assert week_of(changes, NOW) == week
