"""A file that cannot be written is refused by its path before anything is worked out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.questions import OTHER, asked

_ROOT = Path(__file__).parents[2]


def _economics(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(_ROOT / "bench" / "economics"), *arguments],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("option", ["--out", "--svg"])
@pytest.mark.parametrize(
    ("place", "why"),
    [("nowhere/answers.csv", "there is no folder"), ("folder", "it is a folder")],
)
def test_a_file_that_cannot_be_written_is_said_before_the_work(
    option: str, place: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    # The questions are not there either: that would be found out second.
    found = _economics("--predict", str(tmp_path / "none.csv"), option, str(tmp_path / place))
    assert found.returncode == 2
    assert found.stderr.startswith(f"{tmp_path / place}: cannot be written: {why}")
    assert "name a file in a folder that you can write to" in found.stderr
    assert "Traceback" not in found.stderr


def test_answers_are_in_the_file_that_is_named(tmp_path: Path) -> None:
    out = tmp_path / "answers.csv"
    found = _economics("--predict", str(asked(tmp_path, [OTHER])), "--out", str(out))
    assert (found.returncode, found.stdout) == (0, "")
    assert out.read_text(encoding="utf-8").count("\n") == 2
