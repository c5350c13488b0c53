"""Requests that are drawn or recorded are those that were asked for."""

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, pstdev

import pytest

from tokenfleet.elasticity.load import SECONDS_PER_DAY, Days, Load, drawn, rise_and_fall
from tokenfleet.elasticity.recorded import Answers, recorded
from tokenfleet.given_file import GivenFileError

FLAT = [1.0]
ANSWERS = Answers(seconds=8.0, tokens=200.0)


def _days(**changes: object) -> Days:
    plain = {"requests_per_second": 0.5, "answer_seconds": 10.0, "shape": FLAT, "spikes": 0, "drift": 0.0}  # fmt: skip
    return Days(**{**plain, **changes})  # pyright: ignore[reportArgumentType] - rows of data


def _gaps(load: Load) -> Sequence[float]:
    moments = load.moments
    return [after - before for before, after in itertools.pairwise(moments)]


@pytest.mark.parametrize("cv", [0.5, 1.0, 2.0])
def test_requests_come_as_often_and_as_unevenly_as_asked(cv: float) -> None:
    load = drawn(_days(cv=cv))
    gaps = _gaps(load)
    assert mean(gaps) == pytest.approx(2.0, rel=0.05)
    assert pstdev(gaps) / mean(gaps) == pytest.approx(cv, rel=0.05)
    assert list(load.moments) == sorted(load.moments)
    assert max(load.moments) < load.seconds == SECONDS_PER_DAY


def test_answers_are_as_long_and_as_uneven_as_asked_and_drift_over_the_day() -> None:
    load = drawn(_days(requests_per_second=3.0, drift=0.3, answers_longer=1.5))
    half = next(n for n, moment in enumerate(load.moments) if moment > SECONDS_PER_DAY / 2)
    # The mean of a sine over half its way is 2 / pi.
    for part, expected in ((load.answers[:half], 1 + 0.6 / math.pi), (load.answers[half:], 1 - 0.6 / math.pi)):  # fmt: skip
        assert mean(part) == pytest.approx(15.0 * expected, rel=0.03)
        assert pstdev(part) / mean(part) == pytest.approx(1.6, rel=0.15)


def test_a_day_has_its_shape_and_its_mean() -> None:
    load = drawn(_days(requests_per_second=2.0, shape=rise_and_fall(5), cv=1.0))
    hour = [sum(1 for m in load.moments if h <= m / 3600 < h + 1) / 3600 for h in (0, 11, 12, 23)]
    assert len(load.moments) / SECONDS_PER_DAY == pytest.approx(2.0, rel=0.02)
    night, day = (hour[0] + hour[3]) / 2, (hour[1] + hour[2]) / 2
    assert day / night == pytest.approx(5.0, rel=0.1)
    assert load.busiest_hour == pytest.approx(day, rel=0.05)


def test_spikes_are_as_many_and_as_large_as_asked() -> None:
    plain, spiked = (drawn(_days(requests_per_second=3.0, spikes=n)) for n in (0, 12))
    # 1.85 times the load for ten minutes, on average.
    more = 12 * 600 * 0.85 / SECONDS_PER_DAY
    assert len(spiked.moments) / len(plain.moments) == pytest.approx(1 + more, rel=0.03)


def test_the_same_seed_draws_the_same_requests() -> None:
    first, again, other = (drawn(_days(seed=seed)) for seed in (1, 1, 2))
    assert list(first.moments) == list(again.moments) != list(other.moments)
    assert list(first.answers) == list(again.answers)


RECORDS = {
    "seconds": "seconds,outputTokens\n7,100\n5.5,200\n9,400\n",
    "azure": (
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,100\n"
        "2023-11-16 18:15:45.1805900,396,200\n2023-11-16 18:15:48.6805900,396,400\n"
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_recording_begins_with_its_first_request(name: str, tmp_path: Path) -> None:
    path = tmp_path / "requests.csv"
    path.write_text(RECORDS[name])
    load = recorded(path, ANSWERS)
    assert list(load.moments) == pytest.approx([0.0, 1.5, 3.5])
    assert list(load.answers) == pytest.approx([8.0, 4.0, 16.0])
    assert load.seconds == 4


def test_answers_of_a_recording_without_tokens_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "requests.csv"
    path.write_text("seconds\n" + "\n".join(map(str, range(5000))))
    assert mean(recorded(path, ANSWERS).answers) == pytest.approx(8.0, rel=0.1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no column 'seconds'"),
        ("when,what\n1,2\n", "no column 'seconds'"),
        ("seconds\n", "holds no request"),
        ("seconds\n1\nx\n", "line 3: 'x' has no moment"),
        ("seconds,outputTokens\n1,-5\n", "line 2"),
        ("seconds,outputTokens\n1\n", "line 2"),
        ("seconds\n-1\n", "line 2"),
        ("seconds\ninf\n", "line 2"),
        ("seconds\n0\n9e9\n", "more than 31 days"),
        ('seconds\n"1\n' + "2" * 200_000, "is no CSV"),
    ],
)
def test_what_is_no_recording_is_refused_with_the_reason(
    text: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "requests.csv"
    path.write_text(text)
    with pytest.raises(GivenFileError, match=reason):
        recorded(path, ANSWERS)
