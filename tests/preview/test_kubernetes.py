"""When EKS upgrades by itself: said always, said first when it is near, and after it happened."""

import datetime as dt

import pytest

from tokenfleet.preview.kubernetes import kubernetes_support

ENDS = dt.date(2027, 3, 27)
# day of the report: whether it is a warning, and what is said
DAYS = {
    "far": (
        ENDS - dt.timedelta(days=91),
        False,
        "on 2027-03-27, in 91 days",
    ),
    "near": (ENDS - dt.timedelta(days=90), True, "in 90 days"),
    "the last day": (ENDS, True, "Upgrade now: docs/change.md"),
    "past": (ENDS + dt.timedelta(days=1), True, "ended on 2027-03-27"),
}


@pytest.mark.parametrize(("today", "near", "said"), DAYS.values(), ids=list(DAYS))
def test_an_upgrade_is_announced_and_urgent_when_near(
    today: dt.date, said: str, *, near: bool
) -> None:
    support = kubernetes_support("1.35", today)
    assert support.near == near
    assert said in support.sentence
    assert str(support.source.date) in support.sentence
