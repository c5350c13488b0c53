"""``tokenfleet bake``: a template for CloudFormation, and what is refused instead of one."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from tests.documented import as_documented
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.cli import app
from tokenfleet.json_document import Schema

DIGEST, BAKED = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
ENGINE = engines()["vllm-cpu"].image
MODEL = "Qwen/Qwen3-4B-Instruct-2507/cdbee75f17c01a7cc42f958dc650907174af0554"
BAD_INPUT = 2


@pytest.fixture
def project(own_project: Path, tmp_path: Path) -> Path:
    """A project with a stack whose engine has a digest, and nodes that start from another's image."""
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "__main__.py"):
        shutil.copy(own_project / name, tmp_path)
    text = (tmp_path / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    stack = yaml.safe_load(text)
    stack["config"]["tokenfleet:cluster"]["digests"] = {ENGINE: DIGEST}
    pool = stack["config"]["tokenfleet:pools"]["graviton4"]
    pool["baked"] = {"imageId": "ami-0123456789abcdef0", "engineImage": f"{ENGINE}@{BAKED}"}
    (tmp_path / "Pulumi.held.yaml").write_text(yaml.safe_dump(stack), encoding="utf-8")
    return tmp_path


def bake(project: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["bake", *words, "--project", str(project)])


@pytest.mark.parametrize(
    "words",
    [["held", "graviton4"], ["held"], ["--stack", "held"], ["graviton4", "--stack", "held"]],
    ids=" ".join,
)
def test_whatever_was_baked_before_what_pods_ask_for_now_is_baked(
    words: Sequence[str], project: Path
) -> None:
    result = bake(project, *words)
    assert (result.exit_code, result.stderr) == (0, "")
    template = yaml.safe_load(result.stdout)
    assert template["Outputs"]["EngineImage"]["Value"] == f"{ENGINE}@{DIGEST}"
    recipe = template["Resources"]["Recipe"]["Properties"]
    assert recipe["ParentImage"].startswith("{{resolve:ssm:/aws/service/eks/")
    assert BAKED not in result.stdout


def test_its_first_lines_say_how_it_is_deployed_and_what_the_stack_file_then_says(
    project: Path,
) -> None:
    lines = bake(project, "held", "--weights").stdout.splitlines()
    heading = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
    said = "\n".join(heading)
    assert "aws cloudformation deploy" in said
    assert 'ModelBucket="$(pulumi stack output modelBucket)"' in said
    assert f"engineImage: {ENGINE}@{DIGEST}" in heading
    assert f"- {MODEL}" in heading


def test_what_its_heading_says_is_taken_by_the_stack_file(project: Path) -> None:
    said = bake(project, "held").stdout
    indented = [line.removeprefix("#")[3:] for line in said.splitlines() if line.startswith("#   ")]
    begin = indented.index("baked:")
    baked = yaml.safe_load("\n".join(indented[begin:]).replace("ami-...", "ami-0123456789abcdef0"))
    path = project / "Pulumi.held.yaml"
    stack = yaml.safe_load(path.read_text(encoding="utf-8"))
    stack["config"]["tokenfleet:pools"]["graviton4"] |= baked
    path.write_text(yaml.safe_dump(stack), encoding="utf-8")
    command = ["explain", "held", "qwen3-4b", "--project", str(project)]
    explained = CliRunner().invoke(app, command)
    assert (explained.exit_code, explained.stderr) == (0, "")


def test_machines_get_the_template_too(project: Path) -> None:
    result = bake(project, "held", "--weights", "--json")
    answer = as_documented(result.stdout, Schema.BAKE)
    assert (answer["pool"], answer["engineImage"], answer["weights"]) == (
        "graviton4",
        f"{ENGINE}@{DIGEST}",
        [MODEL],
    )
    assert answer["template"]["Resources"]["Image"]["Type"] == "AWS::ImageBuilder::Image"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["dev"], "no digest says what that tag stands for"),
        (["prod"], "has 3 pools: say which, tokenfleet bake prod POOL: graviton4, h100"),
        (["held", "gravitn4"], "no pool 'gravitn4'. Did you mean 'graviton4'?"),
        (["none"], "no stack 'none'"),
        (["held", "graviton4", "more"], "POOL more: one word too many: [STACK] [POOL]"),
        (["dev", "graviton4", "--stack", "held"], "--stack held: the stack is given already, dev"),
    ],
)
def test_what_cannot_be_baked_ends_with_2(words: Sequence[str], part: str, project: Path) -> None:
    result = bake(project, *words)
    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")
    assert part in result.stderr
