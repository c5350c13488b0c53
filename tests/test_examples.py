"""The programs in examples/: what other people may start from is previewed, and obeys the rules."""

import ast
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner, Result

from tokenfleet.cli import app
from tokenfleet.policies.nodes import scale_from_zero
from tokenfleet.recording.recorded import Mode, Recording

Keys = dict[str, Any]
ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").iterdir())
FORMS = [path for folder in EXAMPLES for path in folder.glob("Pulumi.*.yaml")]
PAGE = (ROOT / "docs" / "components.md").read_text(encoding="utf-8")
BAD_INPUT = 2


def _preview(form: Path, *words: str) -> Result:
    stack = form.name.split(".")[1]
    return CliRunner().invoke(
        app, ["preview", stack, "--project", str(form.parent), "--json", *words]
    )


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.parent.name}-{form.name}")
def test_an_example_is_previewed_and_breaks_no_rule(form: Path) -> None:
    done = _preview(form, "--answers", str(form.parent / "answers.yaml"))
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["findings"] == []
    assert not {"Network", "Cluster"} & {branch["kind"] for branch in report["tree"]}
    assert {"Pool", "ModelStore", "Serving"} <= {branch["kind"] for branch in report["tree"]}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.parent.name}-{form.name}")
def test_an_example_says_which_answer_it_lacks(form: Path) -> None:
    done = _preview(form)
    assert done.exit_code == BAD_INPUT
    assert "give the answer with --answers FILE" in done.stderr


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_what_an_example_imports_is_what_the_page_calls_public(folder: Path) -> None:
    tree = ast.parse((folder / "__main__.py").read_text(encoding="utf-8"))
    modules = {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tokenfleet")
    }
    assert modules
    assert all(f"`{module}`" in PAGE for module in modules)


def test_a_group_without_an_owner_is_reported_also_where_the_cluster_is_no_part_of_the_stack(
    recording_of: Callable[[Keys, Mode], Recording], keys_of: Callable[[str], Keys]
) -> None:
    whole = recording_of(keys_of("dev"), "deployment")
    without = [each for each in whole.resources if each.type != "aws:eks/cluster:Cluster"]
    recording = dataclasses.replace(whole, resources=without)
    assert list(scale_from_zero(recording)) == []
    stripped = [
        dataclasses.replace(
            each,
            inputs={**each.inputs, "tags": _unowned(each.inputs["tags"])},
        )
        if each.type == "aws:autoscaling/group:Group"
        else each
        for each in without
    ]
    problems = {
        each.problem for each in scale_from_zero(dataclasses.replace(recording, resources=stripped))
    }
    assert problems == {"lacks the tag k8s.io/cluster-autoscaler/CLUSTER=owned"}


def _unowned(tags: object) -> list[dict[str, object]]:
    return [tag for tag in cast("list[dict[str, object]]", tags) if tag["value"] != "owned"]
