"""Replicas are replaced under a steady stream of requests, as a rollout does it."""

from collections.abc import Mapping

import pytest

from tests.engine import kubelet
from tests.engine.fleet import Replicas
from tests.engine.rollout import rolled_out
from tests.engine.traffic import Endpoints, Traffic, shortcoming

_BEGUN = 'data: {"choices": [{"finish_reason": null}]}'
_ENDED = 'data: {"choices": [{"finish_reason": "length"}]}'
_COUNTED = 'data: {"choices": [], "usage": {"completion_tokens": 5}}'
# What a draining or dying vLLM has been seen to send, and what is to be noticed.
ANSWERS: Mapping[str, tuple[list[str], str]] = {
    "in full": ([_BEGUN, _ENDED, _COUNTED, "data: [DONE]"], ""),
    "cut off": ([_BEGUN, _BEGUN], "ended with nothing"),
    "aborted": ([_BEGUN, _ENDED.replace("length", "abort"), _COUNTED], "abort"),
    "failed": ([_BEGUN, 'data: {"error": {"message": "EngineCore"}}'], "failed: EngineCore"),
    "too short": ([_ENDED, _COUNTED.replace("5", "4")], "truncated: [4]"),
}


def test_a_rollout_loses_and_truncates_and_aborts_nothing(replicas: Replicas) -> None:
    rollout = rolled_out(replicas)
    assert rollout.losses == []
    assert {answer.is_streamed for answer in rollout.answers} == {True, False}
    assert rollout.codes == [0, 0]
    # SIGTERM found requests of which some were to be finished.
    assert all("draining in-flight requests" in e.log.read_text() for e in rollout.replaced)


def test_without_pre_stop_and_with_the_default_grace_requests_are_lost(replicas: Replicas) -> None:
    first, second = replicas.ready(2)
    endpoints = Endpoints([first, second])
    with Traffic(endpoints) as traffic:
        traffic.remove(first)
        kubelet.end(first, replicas.pod, pre_stop=False, grace=kubelet.DEFAULT_GRACE_SECONDS)
    assert traffic.losses


@pytest.mark.parametrize("name", list(ANSWERS))
def test_an_answer_that_is_not_whole_is_noticed(name: str) -> None:
    lines, said = ANSWERS[name]
    found = shortcoming("\n\n".join(lines), 5)
    assert said in found
    assert bool(said) == bool(found)
