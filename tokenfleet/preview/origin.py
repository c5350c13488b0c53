"""Where a report comes from: the day it was made, and the commit of its project."""

import datetime as dt
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

# A working tree on a disk that hangs is no reason to show nothing.
_PATIENCE_SECONDS = 10
# Set in a hook of git, for whatever clone that is.
_ELSEWHERE = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"})


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit by its hash; ``changed`` where the working tree holds something else."""

    hash: str
    changed: bool


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The day in UTC, and the commit: None where the project is in no clone."""

    day: dt.date
    commit: Commit | None


def origin_of(folder: Path, day: dt.date) -> Origin:
    """The origin of what is read from a folder on that day."""
    return Origin(day=day, commit=_commit(folder))


def _commit(folder: Path) -> Commit | None:
    """None without git, outside a clone, in one without commits, or in one that is not trusted."""
    try:
        found = _git(folder, "rev-parse", "--verify", "HEAD")
        changes = _git(folder, "status", "--porcelain")
    except (OSError, subprocess.SubprocessError):
        return None
    return Commit(hash=found, changed=bool(changes))


def _git(folder: Path, *arguments: str) -> str:
    # Without locks: whoever commits at the same time is not disturbed.
    done = subprocess.run(  # noqa: S603 - the words are ours, and no shell reads them
        ["git", "--no-optional-locks", *arguments],  # noqa: S607 - whichever git the user has
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in _ELSEWHERE},
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=_PATIENCE_SECONDS,
    )
    return done.stdout.decode(errors="replace").strip()
