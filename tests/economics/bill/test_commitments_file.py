"""Savings Plans and Reserved Instances as somebody typed them."""

import datetime as dt
from pathlib import Path

import pytest

from tokenfleet.economics.bill.commitments import ReservedInstances, SavingsPlan
from tokenfleet.economics.bill.commitments_file import read_commitments
from tokenfleet.economics.refusal import CostError

PLAN = """\
- name: compute
  usdPerHour: 0.3
  years: 1
  savingByType: {c8gd.4xlarge: 0.27}
  source: a quote
  date: 2026-11-01
"""
RESERVED = """\
- {name: two, instanceType: p5.4xlarge, count: 2, usdPerHour: 4, years: 3, source: a quote, date: 2026-11-01}
"""


def _read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "commitments.yaml"
    path.write_text(text, encoding="utf-8")
    return read_commitments(path)


def test_both_kinds_are_read_with_source_and_date(tmp_path: Path) -> None:
    day = dt.date(2026, 11, 1)
    assert _read(tmp_path, PLAN + RESERVED) == [
        SavingsPlan(
            name="compute",
            usd_per_hour=0.3,
            years=1,
            saving_by_type={"c8gd.4xlarge": 0.27},
            source="a quote",
            date=day,
        ),
        ReservedInstances(
            name="two",
            instance_type="p5.4xlarge",
            count=2,
            usd_per_hour=4,
            years=3,
            source="a quote",
            date=day,
        ),
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (PLAN.replace("years: 1", "years: 2"), "commitments.yaml:1: years: "),
        (PLAN.replace("0.27", "0.9"), "commitments.yaml:1: compute: "),
        (PLAN.replace("0.3", "-1"), "commitments.yaml:1: compute: "),
        (PLAN.replace("  source: a quote\n", ""), "commitments.yaml:1: source: "),
        (PLAN + RESERVED.replace("count: 2", "count: 0"), "commitments.yaml:7: two: "),
        ("a: b", "commitments.yaml: holds no entry"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(CostError) as refused:
        _read(tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path}/{place}")
