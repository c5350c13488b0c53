"""Savings Plans and Reserved Instances as somebody typed them."""

import datetime as dt
from pathlib import Path

import pytest

from tests.today import TODAY
from tokenfleet.economics.bill.commitments import ReservedInstances, SavingsPlan
from tokenfleet.economics.bill.commitments_file import read_commitments
from tokenfleet.estimate.refusal import CostError

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
    return read_commitments(path, TODAY)


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
        (
            PLAN.replace("c8gd.4xlarge", "c8gd.4xlarg"),
            "commitments.yaml:1: savingByType.c8gd.4xlarg: ",
        ),
        (
            PLAN + RESERVED.replace("p5.4", "p5.5"),
            "commitments.yaml:7: instanceType: p5.5xlarge is no",
        ),
        (
            PLAN.replace("2026", "2020"),
            "commitments.yaml:1: date: the 1 year from 2020-11-01 ended on",
        ),
        (
            RESERVED.replace("2026-11-01", "2020-02-29"),
            "commitments.yaml:1: date: the 3 years from",
        ),
        (RESERVED.replace("2026", "2099"), "commitments.yaml:1: date: 2099-11-01 is still to come"),
        (PLAN.replace("0.3", "1.0e+300"), "commitments.yaml:1: usdPerHour: "),
        (PLAN.replace("0.3", "'0.3'"), "commitments.yaml:1: usdPerHour: "),
        (PLAN.replace("0.3", "true"), "commitments.yaml:1: usdPerHour: "),
        (RESERVED.replace("count: 2", f"count: {10**30}"), "commitments.yaml:1: count: "),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(CostError) as refused:
        _read(tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path}/{place}")
