"""The commit that a report is said to be made from."""

import datetime as dt
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tokenfleet.preview.origin import Commit, origin_of

DAY = dt.date(2026, 11, 21)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with one commit, in which nobody's own settings of git count."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = tmp_path / "clone"
    (folder / "project").mkdir(parents=True)
    (folder / "project" / "Pulumi.dev.yaml").write_text("config: {}\n", encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.com")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _nothing(clone: Path) -> None:
    del clone


def _edited(clone: Path) -> None:
    (clone / "project" / "Pulumi.dev.yaml").write_text("config: {a: 1}\n", encoding="utf-8")


def _added(clone: Path) -> None:
    (clone / "project" / "Pulumi.new.yaml").write_text("config: {}\n", encoding="utf-8")


def _staged(clone: Path) -> None:
    _edited(clone)
    git(clone, "add", ".")


@pytest.mark.parametrize(
    ("change", "changed"), [(_nothing, False), (_edited, True), (_added, True), (_staged, True)]
)
def test_a_report_names_its_commit_and_whether_the_tree_is_another(
    change: Callable[[Path], None], *, changed: bool, clone: Path
) -> None:
    change(clone)
    expected = Commit(hash=git(clone, "rev-parse", "HEAD"), changed=changed)
    assert origin_of(clone, DAY).commit == expected
    assert origin_of(clone / "project", DAY).commit == expected


def test_a_hook_of_another_clone_does_not_lend_its_commit(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "elsewhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "elsewhere")
    found = origin_of(clone, DAY).commit
    assert found is not None
    assert not found.changed


def test_what_is_in_no_clone_has_no_commit(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside, empty = clone.parent / "outside", clone.parent / "empty"
    outside.mkdir()
    empty.mkdir()
    git(empty, "init", "--quiet")
    assert origin_of(outside, DAY).commit is None
    assert origin_of(empty, DAY).commit is None
    monkeypatch.setenv("PATH", str(outside))
    assert origin_of(clone, DAY).commit is None
