"""A file that somebody else wrote, read within bounds: no device, no pipe, no end of memory."""

import os
import stat
from pathlib import Path

TYPED_BYTES = 2**20
"""The most a file may hold that a person typed: a thousand times a long stack file."""
GENERATED_BYTES = 64 * 2**20
"""The most of what a program wrote: the largest weight indexes on the Hub have some 20 MB."""


class GivenFileError(Exception):
    """A file that cannot be read; the message is a phrase that follows its name."""


def given_text(path: Path, most_bytes: int) -> str:
    """The text of a file, in UTF-8 with or without a byte order mark.

    Raises:
        FileNotFoundError: when there is none: some files may be left out.
        GivenFileError: when it is no regular file, larger than ``most_bytes``, no text, or the
            system refuses it.
    """
    try:
        return _bytes(path, most_bytes).decode("utf-8-sig")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        msg = f"is not UTF-8 text (line {line})"
        raise GivenFileError(msg) from error
    except OSError as error:
        raise GivenFileError(error.strerror or "cannot be read") from error
    except ValueError as error:  # a path with a NUL in it
        msg = f"is no path: {error}"
        raise GivenFileError(msg) from error


def _bytes(path: Path, most_bytes: int) -> bytes:
    # Without O_NONBLOCK, opening a pipe that nobody writes to never returns.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123 - Path.open takes no flags
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            msg = "is no regular file: write it to disk first"
            raise GivenFileError(msg)
        found = file.read(most_bytes + 1)
    if len(found) > most_bytes:
        msg = f"is larger than {most_bytes // 2**20} MiB, which no such file is"
        raise GivenFileError(msg)
    return found
