"""Tails of queues in closed form, beside the same queues played customer by customer."""

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenfleet.estimate.load.queue import NO_WAIT, Wait, one_server, quantile, shared_places

_CUSTOMERS = 200_000


def _gaps(mean: float, burstiness: float) -> np.ndarray:
    return np.random.default_rng(1).gamma(burstiness, mean / burstiness, _CUSTOMERS)


def _one(load: float, burstiness: float) -> np.ndarray:
    """Waiting times by Lindley's recursion, for a service of 1."""
    walk = np.cumsum(1 - _gaps(1 / load, burstiness))
    return walk - np.minimum.accumulate(np.minimum(walk, 0))


def _many(servers: int, load: float, burstiness: float) -> np.ndarray:
    free, now, waits = [0.0] * servers, 0.0, list[float]()
    for gap in _gaps(1 / (load * servers), burstiness):
        now += gap
        begins = max(now, heapq.heappop(free))
        waits.append(begins - now)
        heapq.heappush(free, begins + 1)
    return np.array(waits)


# Load, burstiness, and by how much of a service the closed form may be off at p50, p90 and p99.
@pytest.mark.parametrize(
    ("load", "burstiness", "within"),
    [
        (0.05, 1, (0.01, 0.05, 0.2)),
        (0.2, 1, (0.01, 0.1, 0.1)),
        (0.6, 1, (0.1, 0.1, 0.2)),
        (0.85, 1, (0.1, 0.3, 0.6)),
        (0.2, 0.25, (0.1, 0.3, 0.5)),
        (0.6, 0.25, (0.2, 0.5, 1.5)),
        (0.6, 4, (0.15, 0.2, 0.2)),
        (0.85, 4, (0.2, 0.2, 0.3)),
    ],
)
def test_waiting_for_one_server_is_that_of_the_played_queue(
    load: float, burstiness: float, within: tuple[float, float, float]
) -> None:
    played, found = _one(load, burstiness), one_server(load, 1, burstiness)
    for share, most in zip((0.5, 0.9, 0.99), within, strict=True):
        assert quantile([found], share) == pytest.approx(np.quantile(played, share), abs=most)


@pytest.mark.parametrize("burstiness", [1, 0.25])
@pytest.mark.parametrize("load", [0.6, 0.8])
@pytest.mark.parametrize("servers", [4, 16, 64])
def test_waiting_for_one_of_many_places_is_that_of_the_played_queue(
    servers: int, load: float, burstiness: float
) -> None:
    played = _many(servers, load, burstiness)
    # Each answers one a second, however many do.
    found = shared_places(lambda busy: busy, servers, servers * load, burstiness)
    assert found.delayed == pytest.approx((played > 1e-9).mean(), abs=0.08)
    for share in (0.9, 0.99):
        waited = np.quantile(played, share)
        assert quantile([found], share) == pytest.approx(waited, rel=0.25, abs=0.15)


# 120,000 tokens on an H100 take 9 s; the server is busy .59 of its time (M/D/1).
def test_a_hand_computed_queue_is_met() -> None:
    assert quantile([one_server(0.59, 9)], 0.99) == pytest.approx(37, abs=4)


@given(
    load=st.floats(0.01, 0.98),
    more=st.floats(1, 1.5),
    service=st.floats(1e-3, 100),
    burstiness=st.floats(0.1, 5),
    share=st.floats(0.5, 0.999),
)
def test_more_load_and_burstier_arrivals_never_shorten_a_wait(
    load: float, more: float, service: float, burstiness: float, share: float
) -> None:
    now = quantile([one_server(load, service, burstiness)], share)
    fuller = quantile([one_server(min(0.99, load * more), service, burstiness)], share)
    assert fuller >= now * (1 - 1e-6)
    if burstiness < 1 and now:
        assert quantile([one_server(load, service, burstiness / 2)], share) >= now * 0.8


@given(share=st.floats(0.5, 0.999), load=st.floats(0.01, 0.98))
def test_a_second_queue_only_adds(share: float, load: float) -> None:
    wait = one_server(load, 1)
    assert quantile([wait, NO_WAIT], share) == pytest.approx(quantile([wait], share), abs=1e-6)
    assert quantile([wait, wait], share) >= quantile([wait], share) - 1e-9


def test_a_quantile_is_where_the_tail_leaves_the_rest() -> None:
    waits = [Wait(delayed=0.5, tail=0.7, decay=2), Wait(delayed=0.3, tail=0.3, decay=5)]
    found = quantile(waits, 0.9)
    assert sum(each.beyond(found) for each in waits) == pytest.approx(0.1)
