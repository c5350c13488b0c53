"""A spot notice is one budget: what the drain takes is missing for a start."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.plan.ranges import Range, exactly
from tokenfleet.plan.start.notice import REACTION_SECONDS, notice_budget

# id: start (low, expected, high), drain, request in it; late (low, expected, high), in words, the
# longest request that would do. Of 120 s a drain of 70 s leaves 50, of which 15 to react.
ROWS: Mapping[str, tuple[tuple[int, int, int], int, int, tuple[int, int, int], str, int | None]] = {
    "in time": ((20, 30, 35), 70, 30, (0, 0, 0), "always", None),
    "expected in time": ((20, 35, 36), 70, 30, (0, 0, 1), "expected", None),
    "a second late": ((35, 36, 40), 70, 30, (0, 1, 5), "at best", 29),
    "late by all but a second of the request": ((20, 64, 90), 70, 30, (0, 29, 55), "at best", 1),
    "no drain is short enough": ((20, 65, 90), 70, 30, (0, 30, 55), "at best", None),
    "late at best": ((74, 158, 425), 70, 30, (39, 123, 390), "never", None),
    "the longest drain": ((5, 6, 20), 100, 40, (0, 1, 15), "at best", 39),
}


@pytest.mark.parametrize("row", list(ROWS))
def test_a_replacement_is_late_by_what_reaction_and_start_take_beyond_the_drain(row: str) -> None:
    (low, expected, high), drain, request, late, met, fitting = ROWS[row]
    start = Range(low=low, expected=expected, high=high)
    found = notice_budget(start, drain_seconds=drain, request_seconds=request)
    assert found.late_seconds == Range(low=late[0], expected=late[1], high=late[2])
    assert (found.met, found.fitting_request_seconds) == (met, fitting)
    assert (f"longestRequestSeconds {fitting} or less" in found.way_out) == (fitting is not None)


@given(start=st.floats(0, 900), request=st.integers(1, 60))
def test_the_request_that_is_said_to_fit_fits_and_one_second_more_does_not(
    start: float, request: int
) -> None:
    around = 40

    def late(seconds: int) -> float:
        found = notice_budget(
            exactly(start), drain_seconds=around + seconds, request_seconds=seconds
        )
        return found.late_seconds.expected

    found = notice_budget(exactly(start), drain_seconds=around + request, request_seconds=request)
    fitting = found.fitting_request_seconds
    if fitting:
        assert late(fitting) == 0 < late(fitting + 1)
    else:
        assert late(request) == 0 or late(1) > 0


def test_the_policy_reacts_as_fast_as_the_budget_says() -> None:
    assert Knobs(boot=60).reaction == REACTION_SECONDS
