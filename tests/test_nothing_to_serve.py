"""Before weights are published a stack runs no node that serves, and every report says what it costs."""

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from rich.console import Console
from typer.testing import CliRunner

from tests.today import TODAY
from tokenfleet.cli import app
from tokenfleet.economics.bill.forecast import forecast
from tokenfleet.economics.bill.scenario import Scenario
from tokenfleet.json_document import plain
from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.report import Report, build_report
from tokenfleet.project import PROJECT
from tokenfleet.recording.recorded import Mode, Recording
from tokenfleet.recording.recorder import Configured, record
from tokenfleet.views.pages.html import html
from tokenfleet.views.pages.markdown import markdown
from tokenfleet.views.screens.preview import show
from tokenfleet.weights.mark import mark_of

Keys = dict[str, Any]
Record = Callable[[Mapping[str, Any], Mode], Recording]
STACKS = ["dev", "prod"]
OTHER = "weights-0123456789ab"
STACKS_THAT_MOVE = pytest.mark.parametrize(
    ("stack", "region"), [("staging", "us-east-1"), ("dev", "us-west-2")]
)


def published(keys: Keys, plan: Plan, *names: str) -> Keys:
    """The keys that say so of some models, or of all."""
    for model in plan.models:
        if not names or model.name in names:
            keys["models"][model.name]["published"] = model.mark
    return keys


def replicas(recording: Recording) -> Mapping[str, int]:
    """Replicas of every model's Deployment."""
    deployments = recording.of_type("kubernetes:apps/v1:Deployment")
    every: list[dict[str, Any]] = [dict(deployment.inputs) for deployment in deployments]
    inputs = [found for found in every if found["metadata"]["namespace"] == "serving"]
    return {found["metadata"]["name"]: found["spec"]["replicas"] for found in inputs}


def report_of(keys: Keys, root: Path) -> Report:
    """The report of some keys."""
    recording = record(root, PROJECT, "dev", Configured(PROJECT, keys, []), "deployment")
    return build_report(decide(keys, "dev", root), recording, today=TODAY)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_starts_with_nodes_for_its_controllers_alone(
    stack: str, keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    recording = recording_of(keys_of(stack), "deployment")
    groups = recording.of_type("aws:autoscaling/group:Group")
    kept = {group.name for group in groups if group.inputs["minSize"]}
    assert kept == {"tokenfleet-dev-system-group-group"}
    assert set(replicas(recording).values()) == {0}


@pytest.mark.parametrize("stack", STACKS)
def test_what_a_stack_costs_at_first_has_no_line_of_a_pool(
    stack: str, keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of(stack)
    plan = decide(keys, stack, root)
    report = report_of(keys, root)
    assert report.bill_at_first is not None
    lines = report.bill_at_first.expected.lines
    assert not [line.title for line in lines if line.pool]
    assert report.bill_at_first.usd_per_hour == forecast(plan, Scenario(replicas={})).usd_per_hour


def test_a_published_model_starts_with_its_fewest_replicas_and_alone(
    keys_of: Callable[[str], Keys], plan_of: Callable[[Keys], Plan], recording_of: Record
) -> None:
    keys = keys_of("prod")
    some = published(keys, plan_of(keys), "qwen3-8b")
    assert replicas(recording_of(some, "deployment")) == {
        "vllm-qwen3-8b": 2,
        "vllm-qwen25-7b": 0,
        "vllm-gpt-oss-120b": 0,
    }


def test_once_all_is_published_reports_say_what_they_trust_and_no_more(
    keys_of: Callable[[str], Keys], plan_of: Callable[[Keys], Plan], root: Path
) -> None:
    keys = keys_of("prod")
    report = report_of(published(keys, plan_of(keys)), root)
    assert report.bill_at_first is None
    said = [note for note in report.notes if "said to be published" in note]
    marks = [f"is said to be published ({model.mark})" for model in report.plan.models]
    assert all(mark in note for mark, note in zip(marks, said, strict=True))
    for text in shown(report):
        assert "once published" not in text
        assert "Until weights" not in text


def shown(report: Report) -> list[str]:
    """The report on a terminal, as Markdown and as HTML."""
    console = Console(width=2000, record=True, file=io.StringIO())
    show(report, console)
    return [console.export_text(), markdown(report), html(report)]


@pytest.mark.parametrize("stack", STACKS)
def test_every_report_says_what_it_costs_until_then(
    stack: str, keys_of: Callable[[str], Keys], root: Path
) -> None:
    report = report_of(keys_of(stack), root)
    assert report.bill_at_first is not None
    first = report.bill_at_first.usd_per_hour.expected
    declared = report.cost.bill.usd_per_hour.expected
    assert first < declared / 2
    for text in shown(report):
        assert f"Until weights are published this stack costs ${first:,.2f} an hour" in text
        assert f"serving as declared, ${declared:,.2f} (" in text
    assert json.loads(json.dumps(plain(report)))["billAtFirst"]["expected"]["lines"]


def test_nodes_that_a_tier_keeps_before_anything_is_served_are_named(
    keys_of: Callable[[str], Keys], plan_of: Callable[[Keys], Plan], root: Path
) -> None:
    keys = keys_of("prod")
    keys["pools"]["h100"]["tiers"]["on-demand"]["min"] = 1
    path = "pools.h100.tiers.on-demand.min"
    (note,) = (note for note in report_of(keys, root).notes if path in note)
    assert "1 node of p5.4xlarge running before anything is served: set it to 0" in note
    served = published(keys, plan_of(keys), "gpt-oss-120b")
    assert not [note for note in report_of(served, root).notes if path in note]


# Another revision, adapter or compiled code than what was published.
CHANGES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "a revision": ("qwen3-8b", {"revision": "a" * 40}),
    "a context that other code is compiled for": ("qwen25-7b", {"contextLength": 4096}),
    "an adapter": (
        "qwen3-8b",
        {"adapters": {"legal": {"huggingFaceId": "a/b", "revision": "b" * 40, "rank": 16}}},
    ),
}


@pytest.mark.parametrize(("name", "change"), CHANGES.values(), ids=list(CHANGES))
def test_what_is_not_published_cannot_replace_what_serves(
    name: str,
    change: Mapping[str, Any],
    keys_of: Callable[[str], Keys],
    plan_of: Callable[[Keys], Plan],
    recording_of: Record,
) -> None:
    keys = keys_of("prod")
    before = published(keys, plan_of(keys))
    before["models"][name] |= change
    with pytest.raises(StackError) as raised:
        plan_of(before)
    (mistake,) = raised.value.mistakes
    assert mistake.path == f"models.{name}.published"
    assert "running replicas keep serving until then" in mistake.problem
    with pytest.raises(pulumi.RunError, match=rf"models\.{name}\.published"):
        recording_of(before, "preview")
    # With the new mark the same change is an ordinary rollout.
    del before["models"][name]["published"]
    again = published(before, plan_of(before), name)
    assert replicas(recording_of(again, "deployment"))[f"vllm-{name}"]


def test_the_mark_does_not_depend_on_the_order_of_what_it_marks() -> None:
    assert mark_of("dev", ["a", "b"]) == mark_of("dev", ["b", "a"]) != mark_of("dev", ["a"])


@STACKS_THAT_MOVE
def test_a_mark_that_was_copied_to_another_bucket_is_refused(
    stack: str, region: str, keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("dev")
    marked = published(keys, decide(keys, "dev", root))
    assert decide(marked, "dev", root).models[0].published
    marked["region"] = region
    marked["network"] |= {"zones": [f"{region}a", f"{region}b"]}
    marked["pools"]["graviton4"]["instanceTypes"] = ["c8g.4xlarge"]
    marked["cluster"]["systemNodes"] = {"instanceType": "m8g.2xlarge", "count": 1}
    with pytest.raises(StackError, match=r"published.*this stack's bucket"):
        decide(marked, stack, root)


def test_other_weights_stop_neither_compiling_them_nor_asking_what_they_cost(
    own_project: Path, tmp_path: Path
) -> None:
    for name in ("Pulumi.yaml", "__main__.py"):
        (tmp_path / name).symlink_to(own_project / name)
    text = (own_project / "Pulumi.prod.yaml").read_text(encoding="utf-8")
    stale = text.replace("pool: inferentia2,", f"pool: inferentia2, published: {OTHER},")
    assert stale != text
    (tmp_path / "Pulumi.prod.yaml").write_text(stale, encoding="utf-8")
    project = ("--project", str(tmp_path))
    for command in (("compile", "prod", "qwen25-7b"), ("cost", "prod", "--load", "0.9")):
        done = CliRunner().invoke(app, [*command, *project])
        assert done.exit_code == 0, done.output
    refused = CliRunner().invoke(app, ["preview", "prod", *project])
    assert refused.exit_code == 2
    assert f"models.qwen25-7b.published = {OTHER}: is not the mark" in refused.stderr
