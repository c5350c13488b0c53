"""Which prices are too old."""

import datetime as dt
from dataclasses import replace

import pytest

from tests.economics.stacks import bill_of, plan_of
from tokenfleet.economics.bill.price_age import stale_prices

LINE = bill_of(plan_of("dev")).lines[0]
TODAY = dt.date(2026, 11, 21)


@pytest.mark.parametrize(
    ("as_of", "age"),
    [
        pytest.param(TODAY, None, id="of today"),
        pytest.param(dt.date(2026, 8, 23), None, id="90 days old"),
        pytest.param(dt.date(2026, 8, 22), 91, id="a day older"),
        pytest.param(dt.date(2024, 7, 1), 873, id="two years"),
        pytest.param(dt.date(2026, 12, 1), None, id="of a clock that is ahead"),
        pytest.param(None, None, id="given by somebody"),
    ],
)
def test_a_price_is_old_after_ninety_days(as_of: dt.date | None, age: int | None) -> None:
    found = stale_prices([replace(LINE, as_of=as_of)], TODAY)
    assert [price.age_days for price in found] == ([] if age is None else [age])


def test_the_oldest_price_comes_first() -> None:
    dates = [dt.date(2026, 1, 2), dt.date(2024, 7, 1), dt.date(2025, 6, 28)]
    found = stale_prices([replace(LINE, as_of=date) for date in dates], TODAY)
    assert [price.as_of for price in found] == sorted(dates)
