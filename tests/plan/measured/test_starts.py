"""Starts as a cluster, a node, EC2 and an engine recorded them, beside the predicted one."""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.catalogue.models.facts import model_facts
from tokenfleet.plan.measured.comparison import MeasuredStarts, compared_starts
from tokenfleet.plan.measured.objects import Event
from tokenfleet.plan.measured.recorded import Recorded, RecordedError
from tokenfleet.plan.measured.starts import starts_of
from tokenfleet.plan.start.prediction import cold_start

FOLDER = Path(__file__).parent
MODEL = "Qwen/Qwen3-8B"
# A start on c8gd.4xlarge: what kubectl, journalctl, aws and kubectl logs print, shortened.
CLUSTER, BOOT, INSTANCES, ENGINE = "cluster.json", "boot.jsonl", "instances.json", "engine.log"
COLD_POD = "vllm-chat-6f7d9c8b54-q8x2k"
Document = dict[str, Any]
Edit = Callable[[Document], object]


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _cluster(*edits: Edit) -> str:
    document = json.loads(_text(CLUSTER))
    for edit in edits:
        edit(document)
    return json.dumps(document)


def _named(document: Document, kind: str, name: str) -> Document:
    return next(i for i in document["items"] if (i["kind"], i["metadata"]["name"]) == (kind, name))


def _cold_pod(document: Document) -> Document:
    return _named(document, "Pod", COLD_POD)


def _node(document: Document) -> Document:
    return _named(document, "Node", _cold_pod(document)["spec"]["nodeName"])


def _recorded(*texts: str) -> Recorded:
    recorded = Recorded()
    for text in texts:
        recorded.add(text)
    return recorded


def _compared(*texts: str) -> MeasuredStarts:
    predicted = cold_start(
        instance_type("c8gd.4xlarge"), "vllm-cpu", model_facts(MODEL), weights_mib_per_second=None
    )
    return compared_starts(starts_of(MODEL, _recorded(*texts)), predicted)


def _seconds(found: MeasuredStarts, *, beside: bool = False) -> Mapping[str, float]:
    return {s.stage: round(s.measured.expected) for s in found.stages if s.beside == beside}


@pytest.mark.parametrize(
    ("more", "stages"),
    [
        (
            [BOOT, INSTANCES, ENGINE],
            {
                "launch": 14,
                "boot": 24,
                "join + image + weights": 50,
                "engine load": 41,
                "warm-up": 53,
            },
        ),
        (
            [INSTANCES, ENGINE],
            {
                "launch": 14,
                "boot + join + image + weights": 74,
                "engine load": 41,
                "warm-up": 53,
            },
        ),
        (
            [BOOT],
            {
                "launch + boot": 38,
                "join + image + weights": 50,
                "engine load + warm-up": 94,
            },
        ),
        ([], {"launch + boot + join + image + weights": 88, "engine load + warm-up": 94}),
    ],
)
def test_stages_that_nothing_recorded_apart_are_one_and_all_make_the_whole(
    more: Sequence[str], stages: Mapping[str, float]
) -> None:
    found = _compared(_text(CLUSTER), *(_text(name) for name in more))
    assert _seconds(found) == stages
    assert found.pods == [COLD_POD]
    parts = [stage.measured.expected for stage in found.stages if not stage.beside]
    assert sum(parts) == pytest.approx(found.until_ready.measured.expected) == 182
    predicted = [stage.predicted.expected for stage in found.stages if not stage.beside]
    assert sum(predicted) == pytest.approx(found.until_ready.predicted.expected)


def test_join_image_and_weights_are_told_apart_beside_each_other() -> None:
    found = _compared(_text(CLUSTER), _text(BOOT))
    assert _seconds(found, beside=True) == {"join": 26, "image pull": 13, "weights": 49}


def test_a_journal_may_come_through_a_session_that_says_so() -> None:
    said = f"Starting session with SessionId: me-0a1b\r\n\n{_text(BOOT)}\nExiting session.\n"
    assert _compared(_text(CLUSTER), said) == _compared(_text(CLUSTER), _text(BOOT))


def test_several_starts_are_a_median_with_the_least_and_the_most() -> None:
    def slower(document: Document) -> None:
        pod, node = copy.deepcopy(_cold_pod(document)), copy.deepcopy(_node(document))
        pod["metadata"]["name"], node["metadata"]["name"] = "slower", "ip-10-0-40-1.ec2.internal"
        pod["spec"]["nodeName"] = node["metadata"]["name"]
        for condition in pod["status"]["conditions"]:
            condition["lastTransitionTime"] = "2026-11-29T10:05:00Z"
        document["items"] += [pod, node]

    whole = _compared(_cluster(slower)).until_ready.measured
    assert (whole.low, whole.expected, whole.high) == (182, 241, 300)


@pytest.mark.parametrize(
    ("ready", "verdict", "notice"),
    [
        ("10:01:15", "sooner", "always"),
        ("10:03:02", "as predicted", "never"),
        ("10:30:00", "later", "never"),
    ],
)
def test_the_verdict_says_where_the_measured_start_lies(
    ready: str, verdict: str, notice: str
) -> None:
    def at(document: Document) -> None:
        pod = _cold_pod(document)
        for condition in pod["status"]["conditions"]:
            condition["lastTransitionTime"] = f"2026-11-29T{ready}Z"
        pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = (
            "2026-11-29T10:01:10Z"
        )

    found = _compared(_cluster(at))
    assert (found.until_ready.verdict, found.notice_met) == (verdict, notice)


@pytest.mark.parametrize(
    ("message", "pulled"),
    [
        (
            'Successfully pulled image "a/b:1" in 57.1s (1m2.5s including waiting). Image size: 9 bytes.',
            62.5,
        ),
        ('Successfully pulled image "a/b:1" in 1.712432387s', 1.712432387),
        ('Successfully pulled image "a/b:1" in 850ms (850ms including waiting)', 0.85),
        ('Container image "a/b:1" already present on machine', 0),
        ('Successfully pulled image "a/b:1" in a while', None),
        ('Failed to pull image "a/b:1"', None),
    ],
)
def test_a_kubelet_says_how_long_it_pulled(message: str, pulled: float | None) -> None:
    event = Event.model_validate(
        {"reason": "Pulled", "message": message, "involvedObject": {"kind": "Pod"}}
    )
    assert event.pulled == (None if pulled is None else ("a/b:1", pytest.approx(pulled)))


def _without_label(document: Document) -> None:
    del _node(document)["metadata"]["labels"]["node.kubernetes.io/instance-type"]


def _restarted(document: Document) -> None:
    _cold_pod(document)["status"]["containerStatuses"][0]["restartCount"] = 1


def _odd_time(document: Document) -> None:
    _cold_pod(document)["metadata"]["creationTimestamp"] = "yesterday"


def _no_conditions(document: Document) -> None:
    _node(document)["status"]["conditions"] = "Ready"


def _started_first(document: Document) -> None:
    status = _cold_pod(document)["status"]["containerStatuses"][0]
    status["state"]["running"]["startedAt"] = "2026-11-29T09:59:00Z"


# texts, and a part of what is said of them
BAD_TEXTS: Sequence[tuple[Sequence[str], str]] = [
    (["- a: list"], "is none of: kubectl get events,nodes,pods"),
    (["[1]"], "is none of"),
    (["{"], "is no JSON"),
    (['{"items": {}}'], "is none of"),
    (
        [_cluster(_odd_time)],
        "items.15.metadata.creationTimestamp: input should be a valid datetime",
    ),
    ([_cluster(_no_conditions)], "items.13.status.conditions"),
    ([_cluster(_without_label)], "has no label node.kubernetes.io/instance-type"),
    ([_cluster(_restarted)], "no start on a node of its own"),
    (
        [_cluster(_started_first)],
        f"pod {COLD_POD}: started at 09:59:00 is before pending at 10:00:00",
    ),
    ([_text(BOOT)], f"holds no pod that serves {MODEL}"),
    ([_text(BOOT).replace("cloud-final", "cloud-last")], "holds no start of cloud-final.service"),
    ([_text(BOOT).replace('"1795', '"x1795')], "line 5: __REALTIME_TIMESTAMP"),
    ([_text(BOOT) + '{"torn'], "line 9: is no JSON"),
    (
        [_text(BOOT).replace('{"__REALTIME_TIMESTAMP": "179594644019', "torn", 1)],
        "line 6: is no JSON",
    ),
    ([_text(BOOT).replace("ip-10-0-37-112.ec2.internal", "localhost")], "names no host"),
    ([_text(ENGINE).replace("Loading weights", "Loading")], "holds no line with"),
    ([_text(INSTANCES).replace("10:00:14", "10:61:14")], "Reservations.0.Instances.0.LaunchTime"),
]


@pytest.mark.parametrize(("texts", "says"), BAD_TEXTS)
def test_what_cannot_be_read_is_said_with_its_place(texts: Sequence[str], says: str) -> None:
    with pytest.raises(RecordedError) as refused:
        starts_of(MODEL, _recorded(*texts))
    assert says in str(refused.value)
