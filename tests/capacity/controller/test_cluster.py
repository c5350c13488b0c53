"""What is read from objects of the API server that people may have edited."""

import pytest

from tokenfleet.capacity.controller.cluster import Surge


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "two",
        "[]",
        "{}",
        '{"replicas": "two", "total": 3, "returning": 0}',
        '{"replicas": 1e999, "total": 3, "returning": 0}',
    ],
)
def test_a_surge_that_a_person_broke_counts_for_nothing(text: str | None) -> None:
    assert Surge.of(text) == Surge()


def test_a_surge_is_read_as_it_was_written() -> None:
    surge = Surge(replicas=2, total=5, returning=1.5)
    assert Surge.of(surge.text) == surge
