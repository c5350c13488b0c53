"""How data files are replaced: all written beside the old ones first, then each in one step."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tokenfleet.catalogue.facts import CatalogueError


def read_files(folder: Path, names: tuple[str, ...]) -> Mapping[str, str]:
    """The texts of data files, by name.

    Raises:
        CatalogueError: when one cannot be read.
    """
    try:
        return {name: (folder / name).read_text(encoding="utf-8") for name in names}
    except OSError as error:
        msg = f"{error.filename} cannot be read: {error.strerror}"
        raise CatalogueError(msg) from error


def replace_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Replace data files; nobody ever sees half a file, and a full disk changes none.

    Raises:
        CatalogueError: when one cannot be written.
    """
    new = {name: folder / f".{name}.new" for name in texts}
    try:
        for name, text in texts.items():
            new[name].write_text(text, encoding="utf-8")
        for name, path in new.items():
            path.replace(folder / name)
    except OSError as error:
        msg = f"{folder} cannot be written: {error.strerror}"
        raise CatalogueError(msg) from error
    finally:
        for path in new.values():
            # It may be what could not be written.
            with suppress(OSError):
                path.unlink()
