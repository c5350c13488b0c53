"""Files that are written whole or not at all: beside the old ones first, then each in one step."""

import errno
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path


def write_files(folder: Path, texts: Mapping[str, str], *, emptied: Collection[str] = ()) -> None:
    """Write texts, by path below ``folder``, which is made where there is none.

    A subfolder that is named, by a text or in ``emptied``, is replaced whole. On a full disk, and
    whenever else something cannot be written, the folder stays as it was.

    Raises:
        OSError: when one cannot be written.
    """
    made = next((path for path in reversed([folder, *folder.parents]) if not path.exists()), None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as beside:
            new, old = Path(beside) / "new", Path(beside) / "old"
            new.mkdir()
            old.mkdir()
            for name, text in texts.items():
                path = new / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", errors="backslashreplace")
            _swap(folder, new, old, emptied)
    except BaseException:
        if made:
            shutil.rmtree(made, ignore_errors=True)
        raise


def _swap(folder: Path, new: Path, old: Path, emptied: Collection[str]) -> None:
    arrived = sorted(new.iterdir())
    for path in arrived:
        there = folder / path.name
        if there.exists() and there.is_dir() != path.is_dir():
            code = errno.EISDIR if there.is_dir() else errno.ENOTDIR
            raise OSError(code, os.strerror(code), str(there))
    for name in {*emptied, *(path.name for path in arrived if path.is_dir())}:
        if (folder / name).is_dir():
            (folder / name).rename(old / name)
    for path in arrived:
        path.replace(folder / path.name)
