"""What holds of any stack, whatever its user ordered."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import kubernetes_validate  # pyright: ignore[reportMissingTypeStubs] - it ships none
import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from tests.pulls import named, pulled
from tokenfleet.cli import app
from tokenfleet.commands.answers import FAILED_VERDICT, today
from tokenfleet.json_document import plain
from tokenfleet.mistakes import StackError, located
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.report import Report
from tokenfleet.preview.run import preview_stack
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorded import SECRET, Recording
from tokenfleet.recording.recorder import record
from tokenfleet.settings.keys import stand_ins
from tokenfleet.settings.project_file import read_project
from tokenfleet.settings.stack_file import StackFile, read_stack_file
from tokenfleet.views.drawing.architecture.wide import architecture_svg
from tokenfleet.views.folder import machine_files
from tokenfleet.views.pages.html import html
from tokenfleet.views.pages.markdown import markdown
from tokenfleet.views.screens.preview import show


@dataclass(frozen=True, kw_only=True)
class Built:
    """A stack as it is planned, previewed, deployed and reported."""

    stack_file: StackFile
    plan: Plan
    preview: Recording
    deployment: Recording
    report: Report


def check(project: Path, stack: str) -> None:
    """Fail where a stack of the project in a folder is not as any must be."""
    found = _built(project, stack)
    for holds in _HOLDS:
        holds(found)


def _built(project: Path, stack: str) -> Built:
    stack_file = read_stack_file(read_project(project), stack)
    try:
        done = preview_stack(stack_file, today())
    except StackError as error:
        lines = [
            located(stack_file.path.name, stack_file.line_of(mistake.path), mistake).text
            for mistake in error.mistakes
        ]
        raise pytest.fail.Exception("\n".join(lines), pytrace=False) from None
    found = stack_file.project
    secrets = stand_ins(stack_file.secrets, stack_file.keys)
    configured = Configured(found.name, stack_file.keys, secrets, stack_file.others)
    return Built(
        stack_file=stack_file,
        plan=done.plan,
        preview=record(found.program, found.name, stack, configured, "preview", root=found.folder),
        deployment=done.recording,
        report=done.report,
    )


def _it_obeys_every_rule(built: Built) -> None:
    assert not built.report.findings


def _a_preview_asks_for_what_a_deployment_does(built: Built) -> None:
    preview, deployment = built.preview, built.deployment
    assert [r.urn for r in preview.resources] == [r.urn for r in deployment.resources]
    assert preview.outputs.keys() == deployment.outputs.keys()


def _all_that_is_pulled_is_listed(built: Built) -> None:
    assert pulled(built.deployment, built.plan) == named(built.plan)


def _machine_images_are_ids(built: Built) -> None:
    templates = built.preview.of_type("aws:ec2/launchTemplate:LaunchTemplate")
    images = [str(template.inputs["imageId"]) for template in templates]
    assert images
    assert not [image for image in images if not re.fullmatch(r"ami-[0-9a-f]{8,17}", image)]


def _secrets_are_in_secrets_alone(built: Built) -> None:
    holders = [r for r in built.deployment.resources if SECRET in str(r.inputs)]
    assert {r.type for r in holders} == {"kubernetes:core/v1:Secret"}


def _manifests_are_what_this_kubernetes_takes(built: Built) -> None:
    files = machine_files(built.plan, built.deployment)
    manifests = [
        yaml.load(text, Loader=yaml.CSafeLoader)
        for name, text in files
        if name.startswith(("manifests/", "jobs/"))
    ]
    assert manifests
    version = built.plan.cluster.kubernetes_version
    # What a chart defines is no part of Kubernetes: tests/cluster/scaling asks a real API server.
    for manifest in (m for m in manifests if not m["apiVersion"].startswith("keda.sh/")):
        kubernetes_validate.validate(manifest, version, strict=True)


def _every_report_names_what_is_ordered(built: Built) -> None:
    report = built.report
    words = [
        *(pool.name for pool in report.pools),
        *(model.plan.name for model in report.models),
        *(str(subnet.cidr) for subnet in report.plan.network.private_subnets),
    ]
    console = Console(width=2000, record=True, file=StringIO())
    show(report, console)
    texts = [render(report) for render in (markdown, html, architecture_svg)]
    for text in (*texts, console.export_text(), json.dumps(plain(report))):
        assert not [word for word in words if word not in text]


def _the_other_commands_answer(built: Built) -> None:
    stack = built.stack_file.stack
    words = [["cost", stack], ["cost", stack, "--json"]]
    words += [["explain", model.name, "--stack", stack] for model in built.plan.models]
    words += [["compile", stack, job] for job in built.plan.serving.compile_jobs]
    for command in words:
        project = ["--project", str(built.stack_file.project.folder)]
        done = CliRunner().invoke(app, [*command, *project])
        # A verdict may fail: an edit may ask for more than its fleet can do.
        assert done.exit_code in {0, FAILED_VERDICT}, done.output


_HOLDS: Sequence[Callable[[Built], None]] = [
    _it_obeys_every_rule,
    _a_preview_asks_for_what_a_deployment_does,
    _all_that_is_pulled_is_listed,
    _machine_images_are_ids,
    _secrets_are_in_secrets_alone,
    _manifests_are_what_this_kubernetes_takes,
    _every_report_names_what_is_ordered,
    _the_other_commands_answer,
]
