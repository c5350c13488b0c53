"""One name over several pools, and what the edge makes of a stack's models."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import StackFile

Keys = dict[str, Any]


@pytest.fixture
def shared(keys_of: Callable[[str], Keys], root: Path) -> Callable[..., Plan]:
    """The prod stack with a second entry for one of its names, on another pool."""

    def planned(**second: object) -> Plan:
        keys = keys_of("prod")
        keys["models"]["qwen3-8b"] |= {"contextLength": 8192, "servedAs": "chat"}
        keys["models"]["qwen25-7b"] |= {"contextLength": 8192, "servedAs": "chat"} | second
        return decide(keys, "prod", root)

    return planned


def test_entries_of_one_name_are_one_name_with_what_each_holds(
    shared: Callable[..., Plan],
) -> None:
    plan = shared()
    by_model = {model.name: model for model in plan.models}
    (chat,) = (name for name in plan.edge.names if name.name == "chat")
    assert [backend.model for backend in chat.backends] == ["qwen25-7b", "qwen3-8b"]
    assert {backend.priority for backend in chat.backends} == {0}
    assert chat.guard == sum(
        by_model[b.model].max_replicas * by_model[b.model].admission.bound for b in chat.backends
    )
    for backend in chat.backends:
        assert backend.weight == by_model[backend.model].admission.slots
    assert sorted(name.name for name in plan.edge.names) == ["chat", "gpt-oss-120b"]


@pytest.mark.parametrize("fallback", [1, 7])
def test_a_fallback_serves_next_whatever_its_number_is(
    fallback: int, shared: Callable[..., Plan]
) -> None:
    # Envoy wants priorities without gaps.
    (chat,) = (name for name in shared(fallback=fallback).edge.names if name.name == "chat")
    assert [(b.model, b.priority) for b in chat.backends] == [("qwen3-8b", 0), ("qwen25-7b", 1)]


def test_a_replica_answers_to_the_name_that_clients_use(shared: Callable[..., Plan]) -> None:
    plan = shared()
    for model in plan.models:
        if model.served_as == "chat":
            assert "--served-model-name=chat" in model.argument_words
            deployment = _deployment(plan, f"vllm-{model.name}")
            assert "chat" in deployment["containers"][0]["startupProbe"]["exec"]["command"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_edge_asks_for_the_services_that_are_there_on_the_port_they_have(
    stack: str,
    stack_files: Mapping[str, StackFile],
    plan_of: Callable[[Mapping[str, object]], Plan],
) -> None:
    plan = plan_of(stack_files[stack].keys)
    services = {
        f"{m['metadata']['name']}.{m['metadata']['namespace']}.svc.cluster.local": m["spec"]
        for m in _manifests(plan)
        if m["kind"] == "Service"
    }
    backends = [backend for name in plan.edge.names for backend in name.backends]
    assert {backend.host for backend in backends} == services.keys()
    for backend in backends:
        spec = services[backend.host]
        # Without an address of its own, a name stands for every replica.
        assert spec["clusterIP"] == "None"
        assert [port["port"] for port in spec["ports"]] == [backend.port]


def test_another_limit_of_a_client_restarts_nothing(
    keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("dev")
    before = decide(keys, "dev", root).edge
    keys["edge"] = {"clients": {"alice": {"requestsPerMinute": 6, "priority": "batch"}}}
    after = decide(keys, "dev", root).edge
    assert after.clients != before.clients
    assert (after.manifests, after.bootstrap) == (before.manifests, before.bootstrap)


def test_a_pod_of_the_edge_has_time_for_the_longest_request_of_any_model(
    keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("prod")
    keys["models"]["gpt-oss-120b"]["longestRequestSeconds"] = 50
    edge = decide(keys, "prod", root).edge
    (deployment,) = (m for m in edge.manifests if m["kind"] == "Deployment")
    pod = cast("Any", deployment)["spec"]["template"]["spec"]
    hook = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    *_, propagation, longest = map(int, hook[-2:])
    assert longest == 50
    # The hook may take 5 s more than both (userdata/edge-drain), and Envoy ends at once.
    assert pod["terminationGracePeriodSeconds"] >= propagation + longest + 10


def _manifests(plan: Plan) -> list[Any]:
    return list(cast("list[Any]", plan.serving.manifests))


def _deployment(plan: Plan, name: str) -> Any:  # noqa: ANN401 - a manifest
    (found,) = (
        m for m in _manifests(plan) if m["kind"] == "Deployment" and m["metadata"]["name"] == name
    )
    return found["spec"]["template"]["spec"]
