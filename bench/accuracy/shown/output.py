"""Where results are written: what cannot be is said before minutes of work, not after them."""

import os
from pathlib import Path

from tokenfleet.estimate.refusal import CostError

_WAY_OUT = "name a file in a folder that you can write to"


def check_writable(path: Path) -> None:
    """Leave the file as it is, and make none.

    Raises:
        CostError: naming the path, when nothing can be written there.
    """
    folder = path.parent
    why = None
    if path.is_dir():
        why = "it is a folder"
    elif not folder.is_dir():
        why = f"there is no folder {folder}"
    elif not os.access(path if path.exists() else folder, os.W_OK):
        why = "no permission"
    if why:
        problem = f"cannot be written: {why}; {_WAY_OUT}"
        raise CostError(problem, place=str(path))


def write_output(path: Path, text: str) -> None:
    """Write a file as it is, with its own line ends.

    Raises:
        CostError: naming the path, when it cannot be written after all.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        problem = f"cannot be written: {error.strerror}; {_WAY_OUT}"
        raise CostError(problem, place=str(path)) from error
