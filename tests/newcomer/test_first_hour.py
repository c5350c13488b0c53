"""What a newcomer does in the first hour works, and what is answered reads well: ``first-hour``.

``make golden`` writes the answers anew; read them as somebody would who has never seen this.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.today import TODAY
from tests.wheel import build, install

pytestmark = pytest.mark.e2e

ON_A_DAY = Path(__file__).parent / "on_a_day.py"
GOLDEN = Path(__file__).parents[1] / "golden" / "newcomer"
ANSWERS = [
    "dev-preview",
    "dev-cost",
    "staging-preview",
    "own-compare",
    "own-coldstart",
    "hosted-compare",
    "elsewhere-preview",
    "elsewhere-coldstart",
]
# An address that nothing listens at: whatever asks the network fails.
OFFLINE = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https", "all")}


@pytest.fixture(scope="module")
def clone(root: Path, own_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git has of this repository, edits included; its order forms are as they came."""
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listed.stdout.split("\0"):
        path = root / name
        # A file that was removed is listed until that is committed.
        if name and not path.match("Pulumi.*") and (path.is_symlink() or path.exists()):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / name, follow_symlinks=False)
    shutil.copytree(own_project, folder, dirs_exist_ok=True)
    return folder


def _command(folder: Path, python: Path, code: Path | None) -> Path:
    """A folder for PATH with the command in it, as it answers on the tests' day."""
    folder.mkdir()
    words = [str(python), str(ON_A_DAY), TODAY.isoformat()]
    set_code = f"export PYTHONPATH={shlex.quote(str(code))}" if code else "unset PYTHONPATH"
    command = folder / "tokenfleet"
    command.write_text(f'#!/bin/sh\n{set_code}\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def answers(root: Path, clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What the command said, by the name of the answer."""
    work = tmp_path_factory.mktemp("newcomer")
    python = install(build(root, tmp_path_factory.mktemp("sources")), work / "environment")
    here = _command(work / "here", Path(sys.executable), clone)
    installed = _command(work / "installed", python.with_name("python"), None)
    (work / "answers").mkdir()
    done = subprocess.run(
        [clone / "tests" / "newcomer" / "first-hour"],
        cwd=clone,
        env=os.environ
        | OFFLINE
        | {
            "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "80",
            "INSTALLED": str(installed),
            "ANSWERS": str(work / "answers"),
        },
        check=False,
        capture_output=True,
        text=True,
    )
    found = {path.stem: path.read_text("utf-8") for path in (work / "answers").iterdir()}
    assert (done.returncode, done.stderr) == (0, ""), "\n".join([*found.values(), done.stderr])
    return found


@pytest.mark.parametrize("name", ANSWERS)
def test_a_newcomer_is_answered_as_was_agreed(
    name: str, answers: Mapping[str, str], pytestconfig: pytest.Config
) -> None:
    golden = GOLDEN / f"{name}.txt"
    if pytestconfig.getoption("--write-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(answers[name], encoding="utf-8")
    assert answers[name] == golden.read_text(encoding="utf-8")


def test_every_answer_is_compared_and_none_is_wider_than_its_terminal(
    answers: Mapping[str, str],
) -> None:
    assert sorted(answers) == sorted(ANSWERS) == sorted(path.stem for path in GOLDEN.iterdir())
    for name, text in answers.items():
        # The first line is what was typed.
        wide = [line for line in text.splitlines()[1:] if len(line) > 80]
        assert wide == [], name
