"""Revisions of the repository a project lies in, and their files in a folder of their own."""

import os
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WORKING_TREE = "the working tree"


class RevisionError(Exception):
    """A revision that cannot be had; ``lines`` say why, and the way out."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A commit, or the working tree, whose ``commit`` is empty."""

    name: str
    commit: str
    folder: Path
    """Where its files are."""


def repository_of(folder: Path) -> Path:
    """The top folder of the repository that a folder is in.

    Raises:
        RevisionError: git is not installed, or the folder is in no repository.
    """
    try:
        return Path(_git(folder, "rev-parse", "--show-toplevel"))
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().removeprefix("fatal: ")
        msg = f"{folder}: {said or 'is in no git repository'}"
        raise RevisionError(msg, "a review compares two revisions of one") from error


def commit_of(repository: Path, name: str) -> str:
    """The commit that a name stands for.

    Raises:
        RevisionError: there is none, or the clone is too shallow to have it.
    """
    try:
        wanted = f"{name}^{{commit}}"
        return _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
    except subprocess.CalledProcessError as error:
        lines = [f"{name}: no such revision in {repository.name}"]
        if _git(repository, "rev-parse", "--is-shallow-repository") == "true":
            lines.append(f"the clone is shallow: git fetch --unshallow, or git fetch origin {name}")
        else:
            lines.append(f"if it is on a remote: git fetch origin {name}")
        raise RevisionError(*lines) from error


def parted(repository: Path, base: str, head: str) -> int:
    """How many commits of ``base`` are not in ``head``: their changes show as undone."""
    try:
        return int(_git(repository, "rev-list", "--count", f"{head or 'HEAD'}..{base}"))
    except subprocess.CalledProcessError:
        return 0


def changed_files(repository: Path, base: str, head: str) -> Sequence[str]:
    """Files that differ between two commits, or a commit and the working tree with what is new in it."""
    words = [base, head] if head else [base]
    # A file that is moved is one that is gone and one that is new.
    found = _git(repository, "diff", "--name-only", "--no-renames", "-z", *words)
    new = "" if head else _git(repository, "ls-files", "--others", "--exclude-standard", "-z")
    return [name for name in f"{found}\0{new}".split("\0") if name]


def merge_base(repository: Path, base: str, head: str) -> str:
    """Where two commits parted.

    Raises:
        RevisionError: see ``commit_of``; they have nothing in common, or the clone is too shallow
            to tell.
    """
    start = commit_of(repository, base)
    try:
        return _git(repository, "merge-base", start, head or "HEAD")
    except subprocess.CalledProcessError as error:
        msg = "the two revisions have no commit in common here"
        way_out = "in a shallow clone: git fetch --unshallow; else leave --merge-base out"
        raise RevisionError(msg, way_out) from error


@contextmanager
def checked_out(repository: Path, name: str) -> Generator[Revision]:
    """The files of a revision in a worktree of its own, which is gone afterwards.

    Raises:
        RevisionError: see ``commit_of``; or the files cannot be written.
    """
    commit = commit_of(repository, name)
    with tempfile.TemporaryDirectory(prefix="tokenfleet-review-") as scratch:
        folder = Path(scratch) / "files"
        try:
            _git(repository, "worktree", "add", "--detach", "--quiet", str(folder), commit)
        except subprocess.CalledProcessError as error:
            msg = f"{name}: its files cannot be written: {error.stderr.strip()}"
            raise RevisionError(msg) from error
        try:
            yield Revision(name=name, commit=commit, folder=folder)
        finally:
            _git(repository, "worktree", "remove", "--force", str(folder))


def _git(folder: Path, *words: str) -> str:
    # What a hook or an outer git sets would point to another repository.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    # Hooks are the repository's own code, and nothing here asked for them.
    quiet = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]
    command: Sequence[str] = ["git", *quiet, "-C", str(folder), *words]
    try:
        done = subprocess.run(  # noqa: S603 - git, and names after --end-of-options
            command, capture_output=True, check=True, text=True, env=environment
        )
    except FileNotFoundError as error:
        msg = "git is not installed: a review compares two of its revisions"
        raise RevisionError(msg) from error
    return done.stdout.strip()
