"""Data files are replaced whole, or not at all."""

from pathlib import Path

import pytest

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.writing import read_files, replace_files


def test_files_are_replaced_and_nothing_is_left_beside_them(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old", encoding="utf-8")
    replace_files(tmp_path, {"a.json": "new", "b.json": "more"})
    assert read_files(tmp_path, ("a.json", "b.json")) == {"a.json": "new", "b.json": "more"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_when_one_cannot_be_written_none_is_changed(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old", encoding="utf-8")
    (tmp_path / "b.json").mkdir()
    with pytest.raises(CatalogueError, match="cannot be written"):
        replace_files(tmp_path, {"a.json": "new", "b.json": "more"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"instances\.json cannot be read: No such file"):
        read_files(tmp_path, ("instances.json",))
