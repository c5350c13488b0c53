"""A wheel, installed where nothing of this repository is, serves a project of somebody else."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path
from typing import Any

import pytest

# All that a wheel is made of; tests, docs and the program stay behind.
SOURCES = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "components",
    "helm-values",
    "policies",
    "tokenfleet",
    "userdata",
)


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, because setuptools leaves folders behind."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        if (root / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(root / name, copy / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(root / name, copy)
    _run(sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index",
         "--wheel-dir", "out", ".", cwd=copy)  # fmt: skip
    (built,) = (copy / "out").iterdir()
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, in an environment that has the libraries and nothing of ours."""
    folder = tmp_path_factory.mktemp("environment")
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    python = folder / "bin" / "python"
    # A path alone: the .pth files there, and so the editable install, do not count.
    libraries, version = sysconfig.get_path("purelib"), sysconfig.get_python_version()
    site = folder / "lib" / f"python{version}" / "site-packages"
    (site / "libraries.pth").write_text(libraries, encoding="utf-8")
    _run(sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps",
         "--no-index", "--no-compile", str(wheel))  # fmt: skip
    return folder / "bin" / "tokenfleet"


@pytest.fixture(scope="module")
def project(own_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of another name: a project file, a stack file and a program."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "Pulumi.yaml").write_text("name: acme\nruntime: python\n", encoding="utf-8")
    stack = (own_project / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    renamed = stack.replace("tokenfleet:", "acme:")
    (folder / "Pulumi.dev.yaml").write_text(renamed, encoding="utf-8")
    shutil.copy(own_project / "__main__.py", folder)
    return folder


def _run(*words: str, cwd: Path | None = None) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        words, cwd=cwd, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _declared(root: Path) -> dict[str, Any]:
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]


def test_a_wheel_adds_one_name_to_site_packages(wheel: Path, root: Path) -> None:
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert names == {"tokenfleet", f"tokenfleet-{_declared(root)['version']}.dist-info"}


@pytest.mark.parametrize("folder", ["components", "policies", "userdata", "helm-values"])
def test_a_wheel_holds_every_file_of_the_folders_at_the_root(
    folder: str, wheel: Path, root: Path
) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    files = {f"tokenfleet/{folder}/{path.name}" for path in (root / folder).iterdir()}
    assert files - {f"tokenfleet/{folder}/__pycache__"} <= held


def test_a_wheel_says_what_it_is_and_names_no_address(wheel: Path, root: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
    text = archive.read(name).decode()
    metadata, declared = message_from_string(text), _declared(root)
    assert metadata["Version"] == declared["version"]
    assert metadata["Summary"] == declared["description"]
    assert metadata["License-Expression"] == declared["license"]
    assert metadata.get_all("Classifier") == declared["classifiers"]
    assert "://" not in text.partition("\n\n")[0]


def test_the_installed_command_is_that_of_the_wheel(command: Path, root: Path) -> None:
    assert _run(str(command), "--version") == f"tokenfleet {_declared(root)['version']}\n"
    program = "import tokenfleet.components as found; print(found.__file__)"
    where = _run(str(command.with_name("python")), "-c", program, cwd=command.parent)
    assert Path(where).is_relative_to(command.parents[1])


def test_a_project_of_somebody_else_is_previewed(command: Path, project: Path) -> None:
    report = json.loads(_run(str(command), "preview", "--json", cwd=project))
    assert report["plan"]["name"] == "acme-dev"
    assert report["plan"]["tags"]["tokenfleet:project"] == "acme"
    assert (report["findings"], report["unpriced"]) == ([], [])


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["cost"], "acme-dev"),
        (["compare", "Qwen/Qwen3-8B", "--requests-per-second", "2"], "p5.4xlarge"),
        (["coldstart", "Qwen/Qwen3-8B"], "Cold start of Qwen/Qwen3-8B"),
        (["explain", "qwen3-4b"], "Arguments of vllm serve"),
    ],
)
def test_every_other_question_is_answered(
    words: list[str], part: str, command: Path, project: Path
) -> None:
    assert part in _run(str(command), *words, cwd=project)
