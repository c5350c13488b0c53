"""The reference of keys in the docs is the one the parser obeys."""

from pathlib import Path

import pytest

from tokenfleet.settings.reference import reference

START = "<!-- keys: written by make golden -->\n"


def test_the_documented_keys_are_the_keys(root: Path, pytestconfig: pytest.Config) -> None:
    page = root / "docs" / "stack-file.md"
    before, start, table = page.read_text(encoding="utf-8").partition(START)
    if pytestconfig.getoption("--write-golden"):
        table = reference()
        page.write_text(before + START + table, encoding="utf-8")
    assert start, "the page has lost its mark"
    assert table == reference()
