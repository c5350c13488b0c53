"""Pods that read a ConfigMap or Secret that changes: what a review says of them, and of which."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.review.synthetic import CONFIG_MAP, resource, state
from tokenfleet.recording.recorded import SECRET
from tokenfleet.review.previews import StackState
from tokenfleet.review.review import stack_review

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECRETS = "kubernetes:core/v1:Secret"
FILES, STAYS, START = "follow within a minute", "stays as it was", "only as pods start"
VOLUME = {"name": "v", "configMap": {"name": "settings"}}
MOUNT = {"name": "v", "mountPath": "/settings"}

Pod = Mapping[str, object]


def _container(**inner: object) -> dict[str, Any]:
    return {"name": "main", "image": "a", **inner}


def _with(volume: Mapping[str, object], **mount: object) -> Pod:
    return {"volumes": [volume], "containers": [_container(volumeMounts=[{**MOUNT, **mount}])]}


def _reads(reference: str, name: str = "settings", key: str = "a", **where: object) -> Pod:
    value = {"name": "A", "valueFrom": {reference: {"name": name, "key": key}}}
    return {"containers": [_container(env=[value], **where)]}


ENVIRONMENT = _reads("configMapKeyRef")
INIT = _container(volumeMounts=[MOUNT])
PODS: Mapping[str, tuple[Pod, str]] = {
    "a volume": (_with(VOLUME), FILES),
    "a volume of one key": (
        _with(
            {"name": "v", "configMap": {"name": "settings", "items": [{"key": "a", "path": "p"}]}}
        ),
        FILES,
    ),
    "a volume of another key": (
        _with(
            {"name": "v", "configMap": {"name": "settings", "items": [{"key": "b", "path": "p"}]}}
        ),
        "",
    ),
    "a projected volume": (
        _with({"name": "v", "projected": {"sources": [{"configMap": {"name": "settings"}}]}}),
        FILES,
    ),
    "a volume that nobody mounts": ({"volumes": [VOLUME], "containers": [_container()]}, ""),
    "a volume by subPath": (_with(VOLUME, subPath="a"), STAYS),
    "a volume by the path of an item": (
        _with(
            {"name": "v", "configMap": {"name": "settings", "items": [{"key": "a", "path": "p"}]}},
            subPath="p",
        ),
        STAYS,
    ),
    "a volume by subPath of another key": (_with(VOLUME, subPath="b"), ""),
    "a volume by an expression": (_with(VOLUME, subPathExpr="a"), STAYS),
    "a volume before it starts": (
        {"volumes": [VOLUME], "containers": [_container()], "initContainers": [INIT]},
        START,
    ),
    "a volume of a sidecar": (
        {
            "volumes": [VOLUME],
            "containers": [_container()],
            "initContainers": [{**INIT, "restartPolicy": "Always"}],
        },
        FILES,
    ),
    "a variable": (ENVIRONMENT, STAYS),
    "a variable of another key": (_reads("configMapKeyRef", key="b"), ""),
    "all variables": (
        {"containers": [_container(envFrom=[{"configMapRef": {"name": "settings"}}])]},
        STAYS,
    ),
    "another one": (_reads("configMapKeyRef", name="others"), ""),
    "a Secret of that name": (_reads("secretKeyRef"), ""),
    "nothing": ({"containers": [_container()]}, ""),
}


def _map(value: str, type_token: str = CONFIG_MAP, **inputs: object) -> dict[str, Any]:
    metadata = {"name": "settings", "namespace": "serving"}
    given = {"metadata": metadata, "data": {"a": value, "b": "same"}, **inputs}
    return resource("settings", type_token, given)


def _workload(
    pod: Pod, type_token: str = DEPLOYMENT, namespace: str = "serving", **spec: object
) -> dict[str, Any]:
    metadata = {"name": "engine", "namespace": namespace}
    template: dict[str, object] = {"template": {"spec": dict(pod)}}
    if type_token.endswith("CronJob"):
        template = {"jobTemplate": {"spec": template}}
    return resource("engine", type_token, {"metadata": metadata, "spec": {**template, **spec}})


def _said(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> Sequence[str]:
    found = stack_review(state(before), state(after)).effects
    return [line for line in found if line.startswith("engine: ") and "settings" in line]


@pytest.mark.parametrize(("pod", "said"), PODS.values(), ids=list(PODS))
def test_a_pod_that_reads_it_is_told_what_it_notices(pod: Pod, said: str) -> None:
    found = _said([_map("1"), _workload(pod)], [_map("2"), _workload(pod)])
    assert len(found) == bool(said)
    assert all(said in line for line in found)


@pytest.mark.parametrize(
    ("type_token", "said"),
    [
        (DEPLOYMENT, STAYS),
        ("kubernetes:apps/v1:StatefulSet", STAYS),
        ("kubernetes:apps/v1:DaemonSet", STAYS),
        ("kubernetes:batch/v1:Job", STAYS),
        ("kubernetes:batch/v1:CronJob", START),
    ],
)
def test_every_workload_is_looked_at(type_token: str, said: str) -> None:
    pods = _workload(ENVIRONMENT, type_token)
    (line,) = _said([_map("1"), pods], [_map("2"), pods])
    assert said in line


NOT_TOLD = {
    "another template": (_workload(ENVIRONMENT), _workload({**ENVIRONMENT, "hostname": "a"})),
    "no replica": (_workload(ENVIRONMENT, replicas=0), _workload(ENVIRONMENT, replicas=0)),
    "another namespace": (
        _workload(ENVIRONMENT, namespace="others"),
        _workload(ENVIRONMENT, namespace="others"),
    ),
}


@pytest.mark.parametrize(("before", "after"), NOT_TOLD.values(), ids=list(NOT_TOLD))
def test_who_reads_it_anew_or_not_at_all_is_not_told(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert not _said([_map("1"), before], [_map("2"), after])


def test_a_pod_that_is_new_is_not_told() -> None:
    assert not _said([_map("1")], [_map("2"), _workload(ENVIRONMENT)])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_map("1"), _map("1")),
        (_map("1"), _map("1", immutable=True)),
        (_map("1", type="a"), _map("1", type="b")),
    ],
    ids=["as it was", "sealed", "of another type"],
)
def test_the_same_contents_are_no_news(before: dict[str, Any], after: dict[str, Any]) -> None:
    pods = _workload(ENVIRONMENT)
    assert not _said([before, pods], [after, pods])


def test_files_of_an_immutable_one_stay() -> None:
    pods = _workload(_with(VOLUME))
    (line,) = _said([_map("1", immutable=True), pods], [_map("2", immutable=True), pods])
    assert STAYS in line
    assert "it is immutable" in line


def test_what_is_immutable_stays_so_or_the_deployment_stops() -> None:
    found = stack_review(state([_map("1", immutable=True)]), state([_map("1")]))
    assert found.verdict == "settings: 1 resource updated; the deployment would stop"


def _keys(value: str, *, ignored: Sequence[str] = ()) -> tuple[StackState, StackState]:
    keys = resource(
        "settings",
        SECRETS,
        {"metadata": {"name": "settings", "namespace": "serving"}, "stringData": {"a": SECRET}},
        ignoreChanges=list(ignored),
    )
    pods = _workload(_reads("secretKeyRef"))
    found = state([keys, pods])
    return found, StackState(
        stack="dev", preview=found.preview, resources=found.resources, secrets={"key": value}
    )


def test_a_secret_that_nobody_sees_may_change() -> None:
    (line,) = (each for each in stack_review(*_keys("b")).effects if STAYS in each)
    assert line.startswith("engine: settings, should it change, stays")


def test_a_secret_that_is_made_once_does_not() -> None:
    found = stack_review(*_keys("b", ignored=["stringData.a"]))
    assert not [each for each in found.effects if STAYS in each]
