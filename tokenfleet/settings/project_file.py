"""``Pulumi.yaml``: what the project is called, what it runs, and where its stack files are."""

import os.path
import re
from dataclasses import dataclass
from pathlib import Path

from tokenfleet.settings.yaml_file import (
    FileError,
    YamlFile,
    as_mapping,
    read_yaml,
    whole_file_error,
)

_FILE, _PROGRAM = "Pulumi.yaml", "__main__.py"
# It begins the names of clusters, roles and groups, as the stack's name goes on with them.
_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_OLD_FOLDER_KEY = "config"


@dataclass(frozen=True, kw_only=True)
class ProjectFile:
    """A project: its folder, its name, the Python file that runs, and the folder of its stack files."""

    folder: Path
    name: str
    program: Path
    stack_folder: Path


def read_project(folder: Path) -> ProjectFile:
    """Read the ``Pulumi.yaml`` of a folder.

    Raises:
        FileError: when it is absent, not YAML, or says what cannot be run here; the text names the
            line and the way out.
    """
    try:
        found = read_yaml(folder / _FILE)
    except FileNotFoundError:
        msg = f"{folder} holds no {_FILE}: run this in the project's folder or give --project"
        raise FileError(msg) from None
    if not as_mapping(found.content):
        problem = "holds no keys. It needs at least 'name: my-fleet' and 'runtime: python'"
        raise whole_file_error(_FILE, problem, 1)
    _check_runtime(found)
    _check_config(found)
    return ProjectFile(
        folder=folder,
        name=_name(found),
        program=_program(found, folder),
        stack_folder=_stack_folder(found, folder),
    )


def _name(found: YamlFile) -> str:
    name = found.entry("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        given = "is missing" if name is None else f"{name!r} cannot be used"
        problem = (
            f"{given}: it becomes part of the names of roles and groups. Use lower-case letters,"
            " digits and hyphens, beginning with a letter"
        )
        raise found.error(["name"], problem)
    return name


def _check_runtime(found: YamlFile) -> None:
    runtime = found.entry("runtime")
    keys = ["runtime"]
    if isinstance(runtime, dict):
        runtime, keys = as_mapping(found.entry("runtime")).get("name"), ["runtime", "name"]
    if runtime != "python":
        given = "is missing" if runtime is None else f"{runtime!r} cannot be run here"
        problem = f"{given}: only programs in Python can be previewed. Write 'runtime: python'"
        raise found.error(keys, problem)


def _program(found: YamlFile, folder: Path) -> Path:
    """``main`` is a folder with a ``__main__.py``, or a file; without it, the project's folder."""
    main = found.entry("main")
    if main is not None and not isinstance(main, str):
        raise found.error(["main"], f"{main!r} is not the path of a folder or file in the project")
    path = _inside(found, folder, "main", main or ".")
    program = path / _PROGRAM if path.is_dir() else path
    if program.is_file():
        return program
    if main is None:
        msg = f"{folder} holds no {_PROGRAM}: write the program there, or name it with 'main:'"
        raise FileError(msg)
    problem = f"there is no {os.path.relpath(program, folder)}: name a folder with a {_PROGRAM}, or a file"
    raise found.error(["main"], problem)


def _stack_folder(found: YamlFile, folder: Path) -> Path:
    key = "stackConfigDir"
    given = found.entry(key)
    if given is None and isinstance(found.entry(_OLD_FOLDER_KEY), str):
        key, given = _OLD_FOLDER_KEY, found.entry(_OLD_FOLDER_KEY)
    if given is None:
        return folder
    path = _inside(found, folder, key, str(given))
    if not path.is_dir():
        raise found.error([key], f"{given!r} is not a folder of the project")
    return path


def _inside(found: YamlFile, folder: Path, key: str, given: str) -> Path:
    # Not resolved: a link to elsewhere is the user's to make.
    path = Path(os.path.normpath(folder / given))
    if not path.is_relative_to(folder):
        raise found.error(
            [key], f"{given!r} is outside the project's folder, as Pulumi refuses too"
        )
    return path


def _check_config(found: YamlFile) -> None:
    """Values for every stack, which the Pulumi CLI alone would merge into each."""
    for key, declared in as_mapping(found.entry(_OLD_FOLDER_KEY)).items():
        if not as_mapping(declared) or {"default", "value"} & as_mapping(declared).keys():
            problem = (
                "has a value, which only the Pulumi CLI would see: write it into each stack file,"
                " and leave its 'type' here"
            )
            raise found.error([_OLD_FOLDER_KEY, str(key)], problem)
