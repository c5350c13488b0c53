"""Every form of a preview names what may be something else tomorrow, and how to pin it."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from tests.today import TODAY
from tests.views.conftest import ReportOf
from tokenfleet.json_document import plain
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.kubernetes import kubernetes_support
from tokenfleet.preview.notes import notes
from tokenfleet.preview.report import Report
from tokenfleet.views.pages.html import html
from tokenfleet.views.pages.markdown import markdown
from tokenfleet.views.screens.preview import show

Keys = dict[str, Any]
PROD = (
    "public.ecr.aws/q9t5s3a7/vllm-arm64-cpu-release-repo:v0.32.0",
    "docker.io/vllm/vllm-openai:v0.32.0",
    "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0",
    "nvcr.io/nvidia/k8s-device-plugin:v0.18.2",
    "public.ecr.aws/neuron/neuron-helm-chart:1.3.0",
    "https://kubernetes.github.io/autoscaler/cluster-autoscaler:9.59.0",
    "https://nvidia.github.io/k8s-device-plugin/nvidia-device-plugin:0.18.2",
)


def on_terminal(report: Report) -> str:
    printed = io.StringIO()
    show(report, Console(file=printed, width=400))
    return printed.getvalue()


FORMS: dict[str, Callable[[Report], str]] = {
    "terminal": on_terminal,
    "Markdown": lambda report: markdown(report).replace("\\", ""),
    "HTML": html,
    "JSON": lambda report: json.dumps(plain(report)),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_floats_is_named_with_the_way_to_pin_it(form: str, report_of: ReportOf) -> None:
    text = FORMS[form](report_of("prod"))
    for name in (*PROD, "tokenfleet catalogue refresh --only digests", "cluster.digests"):
        assert name in text


def test_a_stack_that_holds_everything_is_told_of_charts_outside_registries_alone(
    keys_of: Callable[[str], Keys], plan_of: Callable[[Keys], Plan]
) -> None:
    keys = keys_of("dev")
    held = [pull.name for pull in plan_of(keys).pulls if pull.held]
    keys["cluster"]["digests"] = dict.fromkeys(held, f"sha256:{'1' * 64}")
    told = " ".join(notes(plan_of(keys), frozenset(), [], [], kubernetes_support("1.35", TODAY)))
    assert not [name for name in held if name in told]
    assert "Helm checks no digest of a chart outside a registry" in told
