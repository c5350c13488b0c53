"""Answers that a user gives in place of a cloud, and the environments they open."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tokenfleet.settings.answers_file import read_answers
from tokenfleet.settings.project_file import ProjectFile
from tokenfleet.settings.stack_file import StackFile, read_stack_file
from tokenfleet.settings.yaml_file import FileError

REFUSED: Mapping[str, tuple[str, str]] = {
    "empty": ("", "answers.yaml: holds no answers"),
    "not YAML": ("functions: {\n", "answers.yaml:2: is not YAML"),
    "a misspelt section": (
        "environments: {}\nfunction: {}\n",
        "answers.yaml:2: function: unknown key. Did you mean 'functions'?",
    ),
    "an answer that is no mapping": (
        "functions:\n  aws:ec2/getVpc:getVpc: vpc-1\n",
        'answers.yaml:2: functions.aws:ec2/getVpc:getVpc = "vpc-1": must be a mapping',
    ),
    "a key as Python spells it": (
        "functions:\n  aws:ec2/getVpc:getVpc:\n    cidr_block: 10.0.0.0/16\n",
        "answers.yaml:3: functions.aws:ec2/getVpc:getVpc.cidr_block: must be spelt as",
    ),
    "an anchor in itself": (
        "functions: &a {x: *a}\n",
        "answers.yaml:1: the anchor a contains itself",
    ),
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_an_answer_is_refused_on_its_line(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError) as raised:
        read_answers(path)
    assert str(raised.value).startswith(says)


def test_a_file_that_is_not_there_is_named_with_its_flag(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"^--answers .*nowhere\.yaml: there is no such file"):
        read_answers(tmp_path / "nowhere.yaml")


def _read(folder: Path, text: str, environments: Mapping[str, Mapping[str, object]]) -> StackFile:
    (folder / "Pulumi.x.yaml").write_text(text, encoding="utf-8")
    project = ProjectFile(folder=folder, name="acme", program=folder, stack_folder=folder)
    return read_stack_file(project, "x", environments)


@pytest.mark.parametrize(
    ("environment", "config", "region"),
    [
        ("[a]", "", "from-a"),
        ("[a, b]", "", "from-b"),
        ("[b, {a: {merge: true}}]", "", "from-a"),
        ("[a]", "config: {acme:region: own}", "own"),
    ],
)
def test_what_stands_later_overrides_an_environment(
    environment: str, config: str, region: str, tmp_path: Path
) -> None:
    given = {name: {"acme:region": f"from-{name}", "aws:region": "x"} for name in ("a", "b")}
    found = _read(tmp_path, f"environment: {environment}\n{config}\n", given)
    assert (found.keys, found.others, found.mistakes) == (
        {"region": region},
        {"aws:region": "x"},
        [],
    )


def test_a_key_that_an_environment_gives_is_a_secret_and_no_mistake(tmp_path: Path) -> None:
    found = _read(tmp_path, "environment: [a]\n", {"a": {"acme:apiKey": "hunter2"}})
    assert (found.secrets, found.keys, found.mistakes) == ({"apiKey"}, {}, [])


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ("[a, acme/prod]", "Pulumi.x.yaml:2: environment: acme/prod can only be opened by"),
        ("{values: {pulumiConfig: {}}}", "Pulumi.x.yaml:2: environment: is defined in place"),
        ("[[a]]", "Pulumi.x.yaml:2: environment: is defined in place"),
    ],
)
def test_an_environment_nobody_gave_is_named_with_the_way_out(
    environment: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(FileError) as raised:
        _read(tmp_path, f"encryptionsalt: x\nenvironment: {environment}\n", {"a": {}})
    assert str(raised.value).startswith(says)
    assert "--answers" in str(raised.value)
