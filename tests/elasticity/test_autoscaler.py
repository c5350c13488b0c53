"""The played autoscaler moves as Kubernetes documents it."""

from collections.abc import Sequence

import pytest

from tokenfleet.elasticity.autoscaler import Asked, Autoscaler, Bounds

WIDE = Bounds(least=1, most=100, down_window_seconds=0, down_percent=20)


def _path(first: int, metrics: Sequence[float], bounds: Bounds = WIDE) -> list[int]:
    """Replicas after each look, 15 s apart, where one should hold 10."""
    scaler = Autoscaler(first, bounds)
    return [
        scaler.look(15 * look, Asked(metric=metric, each=10.0))
        for look, metric in enumerate(metrics)
    ]


@pytest.mark.parametrize(
    ("first", "metric", "then"),
    [
        (10, 109, 10),
        (10, 111, 12),
        (10, 91, 10),
        (1, 14, 2),
        (1, 1000, 5),
        (6, 1000, 12),
        (3, 1000, 7),
    ],
    ids=[
        "a tenth more is ignored",
        "more is not",
        "a tenth less is ignored",
        "rounded up",
        "four more at once",
        "twice as many at once",
        "whichever is more",
    ],
)
def test_replicas_after_a_look(first: int, metric: float, then: int) -> None:
    assert _path(first, [metric]) == [then]


def test_every_quarter_of_a_minute_it_may_double() -> None:
    assert _path(1, [1000.0] * 6) == [5, 10, 20, 40, 80, 100]


@pytest.mark.parametrize(
    ("first", "after_each_minute"), [(4, [3, 2, 1, 1]), (100, [80, 64, 51, 40])]
)
def test_a_minute_takes_away_one_or_a_fifth(first: int, after_each_minute: list[int]) -> None:
    path = _path(first, [0.0] * 16)
    assert path[0::4] == after_each_minute
    assert path[3::4] == after_each_minute


def test_as_a_kubernetes_default_all_may_go_at_once() -> None:
    assert _path(50, [0.0], Bounds(least=1, most=100, down_window_seconds=0)) == [1]


def test_what_was_asked_for_within_the_window_is_kept() -> None:
    bounds = Bounds(least=1, most=100, down_window_seconds=60, down_percent=20)
    path = _path(5, [50.0, 10.0, 10.0, 10.0, 10.0, 10.0], bounds)
    assert path == [5, 5, 5, 5, 4, 4]


def test_the_last_one_goes_after_an_idle_while_and_comes_back_for_anything() -> None:
    bounds = Bounds(least=0, most=3, down_window_seconds=0, idle_seconds=60)
    assert _path(1, [5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1], bounds) == [1, 1, 1, 1, 0, 0, 1]


def test_nothing_leaves_the_bounds() -> None:
    bounds = Bounds(least=2, most=3, down_window_seconds=0)
    assert _path(2, [1000.0, 1000.0, 0.0, 0.0, 0.0, 0.0, 0.0], bounds) == [3, 3, 2, 2, 2, 2, 2]
