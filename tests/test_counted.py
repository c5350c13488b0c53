"""How numbers are written for people."""

import pytest

from tokenfleet.counted import three_digits


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0"),
        (0.04391, "0.0439"),
        (1.25, "1.25"),
        (99.96, "100"),
        (123.4, "123"),
        (2934.1, "2,930"),
        (10_000, "10,000"),
        (1_026_408, "1,030,000"),
    ],
)
def test_three_digits_and_no_exponent(number: float, written: str) -> None:
    assert three_digits(number) == written
