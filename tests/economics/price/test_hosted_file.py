"""Prices of hosted APIs as somebody typed them."""

import datetime as dt
from pathlib import Path

import pytest

from tests.today import TODAY
from tokenfleet.economics.price.hosted_file import read_hosted
from tokenfleet.estimate.refusal import CostError

GOOD = """\
- name: An API
  input: 0.1
  output: 0.4
  cachedInput: 0.05
  source: example.com/pricing
  date: 2026-11-01
"""


def test_a_price_is_read_with_source_and_date(tmp_path: Path) -> None:
    path = tmp_path / "hosted.yaml"
    path.write_text(GOOD, encoding="utf-8")
    (price,) = read_hosted(path, TODAY)
    assert (price.input, price.output, price.cached_input) == (0.1, 0.4, 0.05)
    assert (price.source, price.date) == ("example.com/pricing", dt.date(2026, 11, 1))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "hosted.yaml: holds no entry"),
        ("[]", "hosted.yaml: holds no entry"),
        ("name: An API", "hosted.yaml: holds no entry"),
        ("- name: An API: x", "hosted.yaml:1: is not YAML"),
        (GOOD + GOOD.replace("  output: 0.4\n", ""), "hosted.yaml:7: output: "),
        (GOOD.replace("0.4", "-1"), "hosted.yaml:1: output: "),
        (GOOD.replace("0.4", "0"), "hosted.yaml:1: output: "),
        (GOOD.replace("0.1", ".nan"), "hosted.yaml:1: input: "),
        (GOOD.replace("0.1", "cheap"), "hosted.yaml:1: input: "),
        (GOOD.replace("  date: 2026-11-01\n", ""), "hosted.yaml:1: date: "),
        (GOOD.replace("example.com/pricing", '""'), "hosted.yaml:1: source: "),
        (GOOD.replace("input: 0.1", "inputs: 0.1"), "hosted.yaml:1: input: "),
        ("- 5", "hosted.yaml:1: entry: "),
        (GOOD.replace("0.4", "yes"), "hosted.yaml:3: yes: YAML 1.1 reads true and"),
        (GOOD.replace("0.4", "true"), "hosted.yaml:1: output: "),
        (GOOD.replace("0.4", "4e-1"), "hosted.yaml:3: 4e-1: YAML 1.1 reads"),
        (GOOD.replace("2026-11-01", "20261101"), "hosted.yaml:1: date: "),
        (GOOD.replace("2026-11-01", "2099-01-01"), "hosted.yaml:1: date: 2099-01-01 is still to"),
        (GOOD.replace("An API", '"\\e[31m"'), "hosted.yaml:1: holds the control character U+001B"),
        ("- &a [*a]", "hosted.yaml:1: the anchor a contains itself"),
        ("[" * 1000, "hosted.yaml:1: is nested too deeply"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "hosted.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CostError) as refused:
        read_hosted(path, TODAY)
    assert str(refused.value).startswith(f"{tmp_path}/{place}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CostError, match=r"nowhere\.yaml"):
        read_hosted(tmp_path / "nowhere.yaml", TODAY)
