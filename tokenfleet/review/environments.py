"""The interpreter of a revision whose requirements are not those that are installed here."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tokenfleet.review.revisions import Revision, RevisionError

_FILE = "requirements.txt"
_MOST_LINES = 5


def interpreter_of(
    revision: Revision, current: Path, say: Callable[[str], None], *, only_this: bool
) -> Path:
    """This interpreter where a revision asks for the same packages as ``current``, or one of its own.

    An environment is made once for each list of requirements and kept in the user's cache.

    Raises:
        RevisionError: another environment is needed and not wanted, or cannot be made.
    """
    asked, here = _requirements(revision.folder), _requirements(current)
    if not asked or asked == here:
        return Path(sys.executable)
    if only_this:
        msg = f"{revision.name}: its {_FILE} is not the one that is installed here"
        raise RevisionError(msg, "leave --same-environment out, and it gets an environment")
    digest = hashlib.sha256(f"{sys.version_info[:2]} {asked}".encode()).hexdigest()[:16]
    folder = _cache() / digest
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        say(f"{revision.name}: its {_FILE} differs: making an environment, once ({folder})")
        try:
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
            _run(
                str(python),
                *["-m", "pip", "install", "--quiet", "--requirement"],
                str(revision.folder / _FILE),
            )
        except subprocess.CalledProcessError as error:
            lines = str(error.stderr or error.stdout).strip().splitlines()[-_MOST_LINES:]
            msg = f"{revision.name}: no environment with its {_FILE}"
            raise RevisionError(msg, *lines) from error
        (folder / "complete").touch()
    return python


def _requirements(folder: Path) -> str:
    path = folder / _FILE
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tokenfleet" / "environments"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this interpreter and pip
