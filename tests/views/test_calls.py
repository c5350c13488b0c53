"""What a preview says of how each model is called."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from rich.console import Console

from tests.edits import Edit, put
from tests.views.conftest import ReportOf
from tests.views.pages import Page
from tokenfleet.plan.stack import Plan
from tokenfleet.views.pages.html import html
from tokenfleet.views.pages.markdown import markdown
from tokenfleet.views.screens.preview import show
from tokenfleet.views.tables.calls import call_rows

Keys = dict[str, Any]
PlanOf = Callable[[Mapping[str, Any]], Plan]
MODEL = "models.qwen3-4b"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
INTERNAL = {"exposure": "internal", "allowedCidrs": ["10.9.0.0/16", "10.8.0.0/16"]}
PUBLIC = {"exposure": "public", "allowedCidrs": ["192.0.2.0/24"], "certificateArn": CERTIFICATE}
CLIENTS = {
    "alice": {"requestsPerMinute": 600, "tokensPerMinute": 40_000},
    "nightly": {"priority": "batch"},
    "strict": {"models": ["other"]},
}
SECOND: Keys = {
    "huggingFaceId": "Qwen/Qwen3-4B-Instruct-2507",
    "revision": "cdbee75f17c01a7cc42f958dc650907174af0554",
    "pool": "graviton4",
    "contextLength": 8192,
    "replicas": {"max": 1},
}

# id: edits of the dev stack, the row they are seen in, what it says
ROWS: Mapping[str, tuple[Sequence[Edit], str, Sequence[str]]] = {
    "inside": (
        [],
        "door",
        ["inside the cluster only, plain HTTP, model qwen3-4b", "may-call-models=true"],
    ),
    "behind a load balancer": (
        [put("edge", INTERNAL)],
        "door",
        ["load balancer of the VPC, plain HTTP", "from 10.8.0.0/16, 10.9.0.0/16"],
    ),
    "on the internet": (
        [put("edge", PUBLIC)],
        "door",
        ["load balancer of the internet, TLS", "from 192.0.2.0/24"],
    ),
    "clients with limits": (
        [put("edge", {"clients": CLIENTS}), put("models.other", SECOND)],
        "door",
        [
            "alice 600 requests a minute, 40,000 tokens a minute",
            "nightly refused first (batch)",
            "strict not",
        ],
    ),
    "clients that are refused first": (
        [
            put("edge", {"clients": CLIENTS}),
            put("models.other", SECOND),
            put(f"{MODEL}.engineArguments.max-num-queued-reqs", 8),
        ],
        "shed",
        ["24 on 3 replicas", "batch clients once each has 4"],
    ),
    "a bound of the user's own": (
        [put(f"{MODEL}.engineArguments.max-num-queued-reqs", 8)],
        "bound",
        ["8 on each replica, of which 8 run", "max-num-queued-reqs 8 in the stack file"],
    ),
    "refused beyond it": (
        [put(f"{MODEL}.engineArguments.max-num-queued-reqs", 8)],
        "shed",
        ["429, Retry-After", "once every replica has 8", "24 on 3 replicas"],
    ),
    "refused in front of an engine without a bound": (
        [put(f"{MODEL}.task", "embed"), put(f"{MODEL}.traffic"), put(f"{MODEL}.objective")],
        "shed",
        ["once every replica has", "in front of its engine, which has no bound"],
    ),
    "waiting": ([put(f"{MODEL}.traffic")], "queue", ["of them wait", "a fifth of the slots"]),
    "least busy": ([], "affinity", ["least request", "traffic.cachedShare is 0"]),
    "alike to one replica": (
        [put(f"{MODEL}.traffic.cachedShare", 0.5)],
        "affinity",
        ["prefix", "50% of a prompt"],
    ),
    "following the load": (
        [],
        "scaling",
        ["1 to 3 replicas, once published: one for each", "in flight keep", "no spare"],
    ),
    "fixed": ([put(f"{MODEL}.replicas", {"min": 2, "max": 2})], "scaling", ["fixed: 2 replicas"]),
    "to zero": (
        [put(f"{MODEL}.replicas.min", 0)],
        "scaling",
        ["0 to 3 replicas", "the next one wakes it and gets 503, Retry-After"],
    ),
    "a name that two share": (
        [put("models.other", SECOND | {"servedAs": "chat"}), put(f"{MODEL}.servedAs", "chat")],
        "shed",
        ["on 4 replicas, those of other among them"],
    ),
}


@pytest.mark.parametrize(("edits", "row", "said"), ROWS.values(), ids=list(ROWS))
def test_a_row_says_what_a_caller_meets(
    edits: Sequence[Edit],
    row: str,
    said: Sequence[str],
    keys_of: Callable[[str], Keys],
    plan_of: PlanOf,
) -> None:
    keys = keys_of("dev")
    for edit in edits:
        edit(keys)
    plan = plan_of(keys)
    (model,) = (each for each in plan.models if each.name == "qwen3-4b")
    (found,) = (f"{how}; {why}" for what, how, why in call_rows(plan, model) if what == row)
    assert [part for part in said if part not in found] == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_rendering_says_how_every_model_is_called(stack: str, report_of: ReportOf) -> None:
    report = report_of(stack)
    screen = Console(width=80, record=True, file=io.StringIO())
    show(report, screen)
    shown = screen.export_text()
    assert max(map(len, shown.splitlines())) <= 80
    texts = [
        " ".join(shown.split()),
        " ".join(Page(html(report)).text.split()),
        markdown(report).replace("\\", ""),
    ]
    for model in report.models:
        for _, how, why in call_rows(report.plan, model.plan):
            assert [text for text in texts if how not in text or why not in text] == []
