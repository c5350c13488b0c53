"""A wheel, installed where nothing of this repository is, serves a project of somebody else."""

import json
import shutil
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path
from typing import Any

import pytest

from tests.wheel import build, install, run


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(root, tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("environment"))


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
    paths = (path for path in (root / folder).rglob("*") if path.is_file())
    files = {f"tokenfleet/{path.relative_to(root)}" for path in paths if path.suffix != ".pyc"}
    assert files <= held


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
    assert run(str(command), "--version") == f"tokenfleet {_declared(root)['version']}\n"
    program = "import tokenfleet.components as found; print(found.__file__)"
    where = run(str(command.with_name("python")), "-c", program, cwd=command.parent)
    assert Path(where).is_relative_to(command.parents[1])


def test_a_project_of_somebody_else_is_previewed(command: Path, project: Path) -> None:
    report = json.loads(run(str(command), "preview", "--json", cwd=project))
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
    assert part in run(str(command), *words, cwd=project)
