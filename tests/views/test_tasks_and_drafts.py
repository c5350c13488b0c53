"""Every view of a model shows all of its memory, what it does and what drafts for it."""

import copy
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.today import TODAY
from tokenfleet.plan.decide import decide
from tokenfleet.preview.report import Report, build_report
from tokenfleet.project import PROJECT
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorder import record
from tokenfleet.settings.stack_file import StackFile
from tokenfleet.views.drawing.charts.memory_bar import memory_parts
from tokenfleet.views.pages.html import html
from tokenfleet.views.pages.markdown import markdown
from tokenfleet.views.screens.preview import show

Keys = dict[str, Any]
DRAFT: Keys = {"huggingFaceId": "Qwen/Qwen3-0.6B", "revision": "c" * 40}
# What the model of the dev stack has besides.
MODELS: Mapping[str, Keys] = {
    "reranker": {
        "huggingFaceId": "BAAI/bge-reranker-v2-m3",
        "objective": {"ttftP99Ms": 8000},
        "traffic": {"requestsPerSecond": 0.2, "inputTokens": 512},
    },
    "embedder": {"task": "embed", "objective": {}, "traffic": None},
    "draft": {
        "speculative": {"method": "draft_model", "draft": DRAFT},
        "traffic": {"requestsPerSecond": 0.02, "inputTokens": 800, "outputTokens": 250},
    },
}


@pytest.fixture(scope="module", params=MODELS)
def named_report(
    request: pytest.FixtureRequest, root: Path, stack_files: Mapping[str, StackFile]
) -> tuple[str, Report]:
    """The report of the dev stack with one of these models."""
    keys: Keys = copy.deepcopy(dict(stack_files["dev"].keys))
    (model,) = keys["models"].values()
    model |= MODELS[request.param]
    if model["traffic"] is None:
        del model["traffic"]
    plan = decide(keys, "dev", root)
    configured = Configured(PROJECT, keys, [])
    recording = record(root, PROJECT, "dev", configured, "deployment")
    return request.param, build_report(plan, recording, today=TODAY, secrets=frozenset())


def _on_a_terminal(report: Report) -> str:
    console = Console(file=io.StringIO(), width=200)
    show(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


RENDERERS: list[Callable[[Report], str]] = [_on_a_terminal, html, markdown]


@pytest.mark.parametrize("render", RENDERERS)
def test_what_it_does_and_what_drafts_is_said(
    render: Callable[[Report], str], named_report: tuple[str, Report]
) -> None:
    name, report = named_report
    text = re.sub(r"\s+", " ", render(report).replace("\\", "").replace("&#8203;", ""))
    said = {
        "reranker": "rerank, at /v1/rerank, /v1/score and /classify",
        "embedder": "embed, at /v1/embeddings, /v1/rerank and /v1/score",
        "draft": "3 tokens a step by draft_model, from Qwen/Qwen3-0.6B",
    }
    assert said[name] in text
    assert "Nothing is kept" in text or name != "reranker" or render is not html


def test_no_run_without_output_is_claimed(named_report: tuple[str, Report]) -> None:
    name, report = named_report
    (model,) = report.cost.models
    measured = replace(model, most=replace(model.most, basis="estimated"))
    page = html(replace(report, cost=replace(report.cost, models=[measured])))
    assert ("none of which was without output" in page) == (name != "draft")


def test_the_sum_of_memory_is_whole(named_report: tuple[str, Report]) -> None:
    name, report = named_report
    line = re.search(r"memory +(weights .*?) GiB usable", _on_a_terminal(report))
    assert line
    *parts, whole = (float(number) for number in re.findall(r"\d+\.\d", line[1]))
    assert sum(parts) == pytest.approx(whole, abs=0.051 * (len(parts) + 1))
    assert ("draft" in line[1]) == (name == "draft")
    assert ("KV" in line[1]) == (name != "reranker")


def test_the_bar_of_memory_holds_the_whole_rank(named_report: tuple[str, Report]) -> None:
    name, report = named_report
    (model,) = report.models
    parts = memory_parts(model.plan.memory)
    assert sum(part.gib for part in parts) == pytest.approx(model.plan.memory.rank_gib)
    assert ("draft" in {part.name for part in parts}) == (name == "draft")
    assert ("request" in {part.name for part in parts}) == (name != "reranker")
