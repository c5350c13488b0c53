"""The page of keys is what commands answer with."""

import re
from pathlib import Path

import pytest

from tests.json_reference import ANSWERS, all_types, keys_of, reference
from tokenfleet.json_document import Schema

START = "<!-- keys: written by make golden -->\n"


def test_the_documented_keys_are_those_of_the_answers(
    root: Path, pytestconfig: pytest.Config
) -> None:
    page = root / "docs" / "json.md"
    before, start, table = page.read_text(encoding="utf-8").partition(START)
    if pytestconfig.getoption("--write-golden"):
        table = reference()
        page.write_text(before + START + table, encoding="utf-8")
    assert start, "the page has lost its mark"
    assert table == reference()


def test_every_schema_is_documented() -> None:
    assert ANSWERS.keys() == set(Schema)


@pytest.mark.parametrize("kind", sorted(all_types(), key=str), ids=lambda kind: kind.__name__)
def test_every_key_of_ours_is_camel_case(kind: type) -> None:
    names = [key.name for key in keys_of(kind)]
    assert names
    assert not [name for name in names if not re.fullmatch("[a-z][a-zA-Z0-9]*", name)]


def test_every_part_has_a_name_of_its_own() -> None:
    parts = [kind.__name__ for kind in all_types() - {kind for kind, _ in ANSWERS.values()}]
    assert len(parts) == len(set(parts))
