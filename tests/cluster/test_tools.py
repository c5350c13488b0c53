"""The binaries: where they come from, and what is said when they cannot be had."""

from pathlib import Path

import pytest

from tests.cluster import tools as built


def test_without_go_the_way_to_get_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(built.ToolsMissing, match="install Go"):
        built.core_tools()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_cached_binary_needs_no_go(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert built.core_tools() == tools


def test_a_build_that_fails_leaves_no_half_made_folder(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tools
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("GOFLAGS", "-no-such-flag")
    with pytest.raises(built.BuildFailed, match="no-such-flag"):
        built.core_tools()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_every_pinned_controller_names_a_version() -> None:
    names = [entry.name for entry in built.binaries()]
    assert len(names) == len(set(names)) >= 5
    assert all("@v" in entry.module for entry in built.binaries())
