"""``tokenfleet review`` as it is typed, from git to its exit code: real previews, so few of them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.views.pages import Page
from tokenfleet.json_document import Schema
from tokenfleet.views.pages.review import MARK

_SIGNED = ("-c", "user.name=Someone", "-c", "user.email=someone@example.com")
_COMMAND = "from tokenfleet.entry_point import main; main()"
_TOO_DANGEROUS, _REFUSED = 5, 2


@pytest.fixture
def project(own_project: Path, tmp_path: Path) -> Path:
    """The dev stack of the tests in a repository of its own: a commit, and an edit of it that is not
    committed.
    """
    folder = tmp_path / "fleet"
    folder.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py"):
        shutil.copy(own_project / name, folder)
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "first"]):
        subprocess.run(["git", *_SIGNED, *words], cwd=folder, check=True)
    form = folder / "Pulumi.dev.yaml"
    text = form.read_text(encoding="utf-8")
    form.write_text(text.replace("10.20.0.0/16", "10.21.0.0/16"), encoding="utf-8")
    return folder


def _review(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command: Sequence[str] = [sys.executable, "-c", _COMMAND, "review", *words]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


@pytest.mark.e2e
def test_a_range_that_is_edited_is_an_outage_that_may_be_stopped(
    project: Path, tmp_path: Path
) -> None:
    comment, page = tmp_path / "review.md", tmp_path / "review.html"
    files = ["--out", str(page), "--out", str(comment)]
    done = _review(project, "HEAD", "--json", *files, "--fail-on", "outage")
    assert done.returncode == _TOO_DANGEROUS, done.stderr
    answer = json.loads(done.stdout)
    assert answer["schema"] == Schema.REVIEW
    (stack,) = answer["stacks"]
    assert (stack["stack"], stack["state"], stack["danger"]) == ("dev", "changed", "outage")
    assert stack["changes"][0]["type"] == "aws:ec2/vpc:Vpc"
    assert comment.read_text(encoding="utf-8").startswith(MARK)
    written = page.read_text(encoding="utf-8")
    assert stack["verdict"] in Page(written).text
    drawing = written[written.index("<svg") : written.index("</svg>")]
    assert ">VPC 10.21.0.0/16</text>" in drawing
    assert ">replaced</text>" in drawing


@pytest.mark.parametrize("name", ["review.txt", "review", "review.md.gz", ".html"])
def test_a_file_of_another_ending_is_refused_before_anything_is_done(
    project: Path, tmp_path: Path, name: str
) -> None:
    kept, other = tmp_path / "review.md", tmp_path / name
    done = _review(project, "nowhere", "--out", str(kept), "--out", str(other))
    assert (done.returncode, done.stdout) == (_REFUSED, "")
    assert done.stderr == f"--out {other}: end it in .md for the comment or .html for the page\n"
    assert not kept.exists()


@pytest.mark.parametrize("name", ["nowhere", "--", "-x"])
def test_a_revision_that_is_not_there_ends_with_2(project: Path, name: str) -> None:
    done = _review(project, "--", name)
    assert (done.returncode, done.stdout) == (_REFUSED, "")
    assert "no such revision" in done.stderr
