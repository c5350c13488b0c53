"""However the command ends, it is one line and an exit code: never a traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.documented import as_documented
from tokenfleet.json_document import Schema

NOT_WRITTEN, BAD_INPUT, INTERRUPTED = 1, 2, 130
MAIN = [sys.executable, "-c", "from tokenfleet.entry_point import main; main()"]


def _run(folder: Path, *words: str, after: str = "", **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error, of the command with shell words after it."""
    command = ["sh", "-c", f'exec "$@" {after}', "sh", *MAIN, *words]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        cwd=folder,
        text=True,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "words", [["cost", "dev"], ["cost", "dev", "--json"], ["--version"], ["--help"]], ids=" ".join
)
def test_an_answer_that_cannot_be_written_ends_with_1(words: list[str], own_project: Path) -> None:
    full = "the answer cannot be written: No space left on device\n"
    assert _run(own_project, *words, after="> /dev/full") == (NOT_WRITTEN, "", full)


def test_an_answer_to_nobody_ends_with_1(own_project: Path) -> None:
    closed = "the answer cannot be written: there is no standard output\n"
    assert _run(own_project, "--version", after=">&-") == (NOT_WRITTEN, "", closed)


def test_a_terminal_without_blocks_is_answered(own_project: Path) -> None:
    code, said, wrong = _run(own_project, "cost", "dev", PYTHONIOENCODING="ascii")
    assert (code, wrong) == (0, "")
    assert said.isascii()
    assert "What a million tokens cost" in said


def test_a_reader_who_has_read_enough_is_no_mistake(own_project: Path) -> None:
    code, _, wrong = _run(own_project, "cost", "dev", after="| head -1")
    assert (code, wrong) == (0, "")


@pytest.mark.parametrize("words", ["preview dev", "preview dev --json"])
def test_a_working_folder_that_is_gone_is_named(words: str, root: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f'rmdir "$PWD" && PYTHONPATH={root} exec "$@" {words}'
    done = subprocess.run(
        ["sh", "-c", command, "sh", *MAIN], check=False, capture_output=True, cwd=gone, text=True
    )
    wrong = "the working folder does not exist any more: cd into one that does"
    assert (done.returncode, done.stderr) == (BAD_INPUT, f"{wrong}\n")
    if "--json" in words:
        assert as_documented(done.stdout, Schema.ERROR)["error"]["lines"] == [wrong]
    else:
        assert done.stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ["models", "--bucket", "bucket"],
        ["publish", "a/b", "--revision", "c" * 40, "--from", ".", "--bucket", "bucket"],
        ["catalogue", "refresh", "--only", "prices", "--region", "us-east-1"],
    ],
    ids=lambda words: words[0],
)
def test_a_profile_of_aws_that_is_not_there_is_named(words: list[str], own_project: Path) -> None:
    code, said, wrong = _run(own_project, *words, AWS_PROFILE="nobody")
    assert (code, said) == (BAD_INPUT, "")
    assert "The config profile (nobody) could not be found" in wrong
    assert "Traceback" not in wrong


def test_ctrl_c_ends_with_130_from_the_first_moment_on(own_project: Path) -> None:
    command = ["preview", "prod", "--json"]
    for seconds in (0.2, 0.6, 1.2):
        # What is before it is not the command's: Python itself is still starting.
        started = "import os; os.write(2, b'!'); "
        with subprocess.Popen(
            [sys.executable, "-c", started + MAIN[-1], *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=own_project,
        ) as running:
            assert running.stderr
            assert running.stderr.read(1) == b"!"
            time.sleep(seconds)
            running.send_signal(signal.SIGINT)
            said = running.stderr.read()
            # A machine that is fast enough has answered before.
            assert (running.wait(), said) in [(INTERRUPTED, b"stopped\n"), (0, b"")]
