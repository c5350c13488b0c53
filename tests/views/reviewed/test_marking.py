"""What of the drawing a change marks, and how: row by row."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, get_args

import pytest

from tests.review.recorded_changes import CHANGES, Recorded
from tests.review.states import Edit, put, state_of
from tokenfleet.json_document import Schema, json_document
from tokenfleet.preview.report import Report
from tokenfleet.review.previews import StackState
from tokenfleet.review.review import stack_review
from tokenfleet.views.drawing.architecture.drawn import DrawnStack, drawn_of, drawn_of_document
from tokenfleet.views.drawing.architecture.marks import Kind, Mark, Marks, Part, Tone
from tokenfleet.views.drawing.architecture.narrow import narrow_drawing
from tokenfleet.views.drawing.architecture.wide import wide_drawing
from tokenfleet.views.reviewed.drawing import ReviewedDrawing, reviewed_drawing
from tokenfleet.views.reviewed.facts import facts_of
from tokenfleet.views.reviewed.marking import Marking

ReportOf = Callable[[str], Report]
NEW = Mark(words=["new"], tone=Tone.NEW)
CHANGED = Mark(words=["changed"], tone=Tone.CHANGED)
RESTARTS = Mark(words=["changed", "replicas"], tone=Tone.CHANGED)
AWAY = Mark(words=["changed", "outage"], tone=Tone.DANGEROUS)
NODES_END = Mark(words=["changed", "nodes"], tone=Tone.DANGEROUS)
REPLACED = Mark(words=["replaced", "outage"], tone=Tone.DANGEROUS)
LOST = Mark(words=["changed", "data-loss"], tone=Tone.DANGEROUS)

REGION, WAY_IN, VPC, BUCKET = Part("region"), Part("way in"), Part("VPC"), Part("bucket")
CONTROL_PLANE, GATEWAY = Part("control plane"), Part("gateway endpoint")
EDGE, SCALING = Part("edge"), Part("scaling")
ENDPOINTS, SYSTEM = Part("interface endpoints"), Part("pool", "system")
POOL, MODEL = Part("pool", "graviton4"), Part("model", "qwen3-4b")
SPOT, ON_DEMAND = Part("tier", "graviton4/spot"), Part("tier", "graviton4/on-demand")
ZONE_A, ZONE_B = Part("zone", "us-east-1a"), Part("zone", "us-east-1b")
NAT_A, NAT_B = Part("NAT gateway", "us-east-1a"), Part("NAT gateway", "us-east-1b")

WITH_ENDPOINT = Recorded(edits=[put("network.interfaceEndpoints", ["ecr.api"])], verdict="")
WITH_EDGE = Recorded(
    edits=[put("edge", {"exposure": "internal", "allowedCidrs": ["198.51.100.0/24"]})], verdict=""
)

MARKS: Mapping[str, tuple[Recorded, Mapping[Part, Mark]]] = {
    "pool added": (
        CHANGES["pool-added"],
        {
            Part("pool", "gpu"): NEW,
            Part("model", "small"): NEW,
            **dict.fromkeys([SYSTEM, EDGE], RESTARTS),
        },
    ),
    "pool renamed": (
        CHANGES["pool-renamed"],
        {Part("pool", "arm"): NEW, MODEL: AWAY, SYSTEM: RESTARTS},
    ),
    "types of a pool": (
        CHANGES["type-added"],
        {POOL: CHANGED, SPOT: CHANGED, ON_DEMAND: CHANGED},
    ),
    "fewer nodes": (CHANGES["nodes-lowered"], {ON_DEMAND: CHANGED, SYSTEM: RESTARTS}),
    "tier removed": (CHANGES["tier-removed"], {MODEL: AWAY, SYSTEM: RESTARTS}),
    "flag of a model": (CHANGES["flag-of-a-model"], {MODEL: AWAY}),
    "flag of a model of several replicas": (
        CHANGES["flag-of-a-model-of-several-replicas"],
        {Part("model", "qwen3-8b"): RESTARTS},
    ),
    "bounds of replicas": (
        CHANGES["replica-bounds"],
        {MODEL: CHANGED, EDGE: RESTARTS, SCALING: RESTARTS},
    ),
    "zone added": (
        CHANGES["zone-added"],
        {
            Part("zone", "us-east-1c"): NEW,
            **dict.fromkeys([GATEWAY, SPOT, ON_DEMAND], CHANGED),
            SYSTEM: RESTARTS,
        },
    ),
    "NAT choice": (CHANGES["nat-choice"], {NAT_B: NEW, ZONE_B: CHANGED}),
    "range of the VPC": (
        CHANGES["cidr-changed"],
        {
            **dict.fromkeys([VPC, ZONE_A, ZONE_B, NAT_A, GATEWAY], REPLACED),
            **dict.fromkeys([SYSTEM, SPOT, ON_DEMAND], NODES_END),
            CONTROL_PLANE: AWAY,
        },
    ),
    "interface endpoint": (WITH_ENDPOINT, {ENDPOINTS: NEW}),
    # Replicas are called by the edge alone, wherever its clients are.
    "edge": (WITH_EDGE, {WAY_IN: CHANGED, EDGE: CHANGED}),
    "key rotated": (CHANGES["key-rotated"], {WAY_IN: CHANGED}),
    "version of the control plane": (
        CHANGES["kubernetes-version"],
        {CONTROL_PLANE: NODES_END, SYSTEM: RESTARTS, SPOT: CHANGED, ON_DEMAND: CHANGED},
    ),
    "bucket that keeps less": (CHANGES["bucket-setting"], {BUCKET: LOST}),
    "tags": (
        CHANGES["tag"],
        dict.fromkeys([REGION, SYSTEM, SPOT, ON_DEMAND], CHANGED),
    ),
    "price": (CHANGES["price-of-a-type"], {}),
    "stack that is new": (CHANGES["stack-new"], {REGION: NEW}),
}

GONE: Mapping[str, Mapping[Part, Sequence[str]]] = {
    "pool-renamed": {POOL: ["gone", "nodes"]},
    "tier-removed": {ON_DEMAND: ["gone", "nodes"]},
    "model-gone": {
        Part("model", "qwen25-7b"): ["gone", "outage"],
        Part("pool", "inferentia2"): ["gone", "nodes"],
    },
    "zone-of-the-control-plane": {ZONE_B: ["gone", "outage"]},
    "zone-added": {},
}


def _drawing(before: StackState | None, after: StackState | None) -> ReviewedDrawing:
    return reviewed_drawing(stack_review(before, after), before, after)


def _marking(change: Recorded) -> Marking:
    found = _drawing(*change.states()).marking
    assert found
    return found


@pytest.mark.parametrize(("change", "marks"), MARKS.values(), ids=list(MARKS))
def test_a_change_marks_what_it_changes_and_nothing_else(
    change: Recorded, marks: Mapping[Part, Mark]
) -> None:
    assert _marking(change).marks == marks


@pytest.mark.parametrize(("name", "gone"), GONE.items())
def test_what_is_gone_is_told(name: str, gone: Mapping[Part, Sequence[str]]) -> None:
    found = _marking(CHANGES[name]).gone
    assert {each.part: each.mark.words for each in found} == gone


ELSEWHERE = {
    "bucket-renamed": ["ConfigMap"],
    "model-gone": [],
    "cidr-changed": [],
    "region": ["Queue", "EventRule", "EventTarget", "QueuePolicy", "ConfigMap"],
    "stack-new": [],
}


@pytest.mark.parametrize(("name", "kinds"), ELSEWHERE.items())
def test_what_is_not_drawn_is_told(name: str, kinds: Sequence[str]) -> None:
    found = _drawing(*CHANGES[name].states())
    assert found.marking
    told = [each.type.rpartition(":")[2] for each in found.marking.elsewhere]
    assert list(dict.fromkeys(told)) == kinds
    assert [kind for kind in kinds if kind not in found.elsewhere] == []
    assert bool(found.elsewhere) == bool(kinds)


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("apiKey", {WAY_IN: CHANGED}),
        ("tokenfleet:apiKey", {WAY_IN: CHANGED}),
        ("tokenfleet:previousApiKey", {WAY_IN: CHANGED}),
        ("other:token", {}),
    ],
)
@pytest.mark.parametrize("digests", [("", "02"), ("01", "02"), ("01", "")])
def test_a_key_that_clients_send_marks_where_they_come_in(
    name: str, marks: Mapping[Part, Mark], digests: tuple[str, str]
) -> None:
    states = [replace(state_of("dev"), secrets={name: each} if each else {}) for each in digests]
    found = _drawing(*states).marking
    assert found
    assert found.marks == marks
    assert all(name in line for each in found.noted for line in each.said)


def test_a_part_says_what_differs() -> None:
    found = {each.part: each.said for each in _marking(CHANGES["replica-bounds"]).noted}
    assert found[MODEL][0] == "1 to 2 replicas, not 1 to 3 replicas"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_document_draws_what_its_report_does(stack: str, report_of: ReportOf) -> None:
    report = report_of(stack)
    written = json.loads(json_document(Schema.PREVIEW, report))
    assert drawn_of_document(written) == drawn_of(report)


@pytest.mark.parametrize("draw", [partial(wide_drawing, summary=""), narrow_drawing])
def test_a_mark_of_any_part_shows(draw: Callable[[DrawnStack, Marks], str]) -> None:
    state = state_of("prod", [put("network.interfaceEndpoints", ["ecr.api"])])
    drawn = drawn_of_document(state.preview)
    assert drawn
    parts = [*facts_of(drawn)]
    marks = {
        part: Mark(words=[f"mark-{place}-"], tone=Tone.NEW) for place, part in enumerate(parts)
    }
    shown = draw(drawn, marks)
    assert [part.title for part in parts if f">{marks[part].words[0]}<" not in shown] == []
    assert {part.kind for part in parts} == {*get_args(Kind)}


NOT_DRAWN = {
    "without zones": put("plan.network.privateSubnets", []),
    "a zone without its public subnet": put("plan.network.publicSubnets", []),
    "a way to buy that is not known": put("pools", [{"tiers": [{"purchaseOption": "barter"}]}]),
    "without models": put("models"),
    "text for a number": put("plan.network.vpcCidr", "<svg onload=alert(1)>"),
}


@pytest.mark.parametrize("edit", NOT_DRAWN.values(), ids=list(NOT_DRAWN))
@pytest.mark.parametrize("side", ["base", "head"])
def test_a_preview_that_does_not_say_enough_is_not_drawn(edit: Edit, side: str) -> None:
    whole = state_of("dev")
    document: dict[str, Any] = json.loads(json.dumps(whole.preview))
    edit(document)
    odd = replace(whole, preview=document)
    stack = stack_review(whole, state_of("dev", [put("network.cidr", "10.21.0.0/16")]))
    pair = (whole, odd) if side == "head" else (odd, whole)
    found = reviewed_drawing(stack, *pair)
    assert (
        found.missing == f"No drawing: the preview of the {side} does not say all that one shows."
    )
    assert (found.wide, found.narrow, found.elsewhere) == ("", "", "")
