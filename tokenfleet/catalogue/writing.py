"""How the data files of the catalogue are read to be renewed, and replaced."""

from collections.abc import Mapping
from pathlib import Path

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text
from tokenfleet.written_files import write_files


def read_files(folder: Path, names: tuple[str, ...]) -> Mapping[str, str]:
    """The texts of data files, by name.

    Raises:
        CatalogueError: when one cannot be read.
    """
    found: dict[str, str] = {}
    for name in names:
        path = folder / name
        try:
            found[name] = given_text(path, GENERATED_BYTES)
        except (FileNotFoundError, GivenFileError) as error:
            msg = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
            raise CatalogueError(msg) from error
    return found


def replace_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Replace data files; nobody ever sees half a file, and a full disk changes none.

    Raises:
        CatalogueError: when one cannot be written.
    """
    try:
        write_files(folder, texts)
    except OSError as error:
        msg = f"{folder} cannot be written: {error.strerror}"
        raise CatalogueError(msg) from error
