"""Reading Pulumi.yaml: what can be run is found, anything else is refused on its line."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tokenfleet.settings.project_file import read_project
from tokenfleet.settings.yaml_file import FileError

GOOD = "name: acme\nruntime: python\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder with programs in several places."""
    for name in ("__main__.py", "infra/__main__.py", "infra/fleet.py", "stacks/Pulumi.x.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "program"),
    [
        (GOOD, "__main__.py"),
        ("name: acme\nruntime: {name: python, options: {virtualenv: venv}}\n", "__main__.py"),
        (f"{GOOD}main: .\n", "__main__.py"),
        (f"{GOOD}main: infra\n", "infra/__main__.py"),
        (f"{GOOD}main: ./infra/\n", "infra/__main__.py"),
        (f"{GOOD}main: infra/fleet.py\n", "infra/fleet.py"),
        (f"{GOOD}config:\n  acme:region: {{type: string}}\n", "__main__.py"),
    ],
)
def test_the_program_is_found_where_main_says(text: str, program: str, folder: Path) -> None:
    (folder / "Pulumi.yaml").write_text(text, encoding="utf-8")
    found = read_project(folder)
    assert (found.name, found.program, found.stack_folder) == ("acme", folder / program, folder)


@pytest.mark.parametrize("key", ["stackConfigDir", "config"])
def test_stack_files_are_found_where_the_project_says(key: str, folder: Path) -> None:
    (folder / "Pulumi.yaml").write_text(f"{GOOD}{key}: stacks\n", encoding="utf-8")
    assert read_project(folder).stack_folder == folder / "stacks"


REFUSED: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", "Pulumi.yaml:1: holds no keys"),
    "a list": (b"- a\n", "Pulumi.yaml:1: holds no keys"),
    "not YAML": (b"name: acme\nruntime: {name\n", "Pulumi.yaml:3: is not YAML"),
    "a tab": (b"name: acme\n\truntime: python\n", "Pulumi.yaml:2: is not YAML"),
    "not UTF-8": (b"name: \xff\n", "Pulumi.yaml: is not UTF-8 text (line 1)"),
    "no name": (b"runtime: python\n", "Pulumi.yaml:1: name: is missing"),
    "a number": (b"runtime: python\nname: 5\n", "Pulumi.yaml:2: name: 5 cannot be used"),
    "capitals": (b"name: Acme\nruntime: python\n", "Pulumi.yaml:1: name: 'Acme' cannot be used"),
    "no runtime": (b"name: acme\n", "Pulumi.yaml:1: runtime: is missing"),
    "Node": (b"name: acme\nruntime: nodejs\n", "Pulumi.yaml:2: runtime: 'nodejs' cannot be run"),
    "YAML": (
        b"name: acme\nruntime:\n  options: {}\n  name: yaml\n",
        "Pulumi.yaml:4: runtime.name: 'yaml' cannot be run",
    ),
    "main is nowhere": (
        GOOD.encode() + b"main: nowhere\n",
        "Pulumi.yaml:3: main: there is no nowhere",
    ),
    "main without a program": (
        GOOD.encode() + b"main: empty\n",
        "Pulumi.yaml:3: main: there is no empty/__main__.py",
    ),
    "main outside": (GOOD.encode() + b"main: ../\n", "Pulumi.yaml:3: main: '../' is outside"),
    "main is a list": (GOOD.encode() + b"main: [a]\n", "Pulumi.yaml:3: main: ['a'] is not"),
    "no such folder of stacks": (
        GOOD.encode() + b"stackConfigDir: nowhere\n",
        "Pulumi.yaml:3: stackConfigDir: 'nowhere' is not a folder",
    ),
    "a default": (
        GOOD.encode() + b"config:\n  region: {type: string, default: us-east-1}\n",
        "Pulumi.yaml:4: config.region: has a value",
    ),
    "a value": (
        GOOD.encode() + b"config:\n  acme:region: us-east-1\n",
        "Pulumi.yaml:4: config.acme:region: has a value",
    ),
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_run_is_refused_on_its_line(text: bytes, says: str, folder: Path) -> None:
    (folder / "Pulumi.yaml").write_bytes(text)
    with pytest.raises(FileError) as raised:
        read_project(folder)
    assert str(raised.value).startswith(says)


@pytest.mark.parametrize(("present", "missing"), [("", "Pulumi.yaml"), (GOOD, "__main__.py")])
def test_a_folder_that_lacks_a_file_is_named_with_it(
    present: str, missing: str, tmp_path: Path
) -> None:
    if present:
        (tmp_path / "Pulumi.yaml").write_text(present, encoding="utf-8")
    with pytest.raises(FileError, match=missing) as raised:
        read_project(tmp_path)
    assert str(tmp_path) in str(raised.value)
