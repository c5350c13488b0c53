"""A replica that cannot end well still ends by itself: nothing waits for the kubelet's SIGKILL."""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.engine import kubelet
from tests.engine.fleet import Engines, Replicas
from tests.engine.traffic import ask

# All sequences that may run at once, each as long as the context lets it, and that six times
# over: minutes, of which the drain window allows one.
_TOKENS, _CHOICES, _REQUESTS = 8000, 64, 6
# How far a start has come when it is told to end, by what vLLM logs then.
STAGES: Mapping[str, str] = {
    "imports": ".",  # nothing handles signals yet
    "loading": "Starting to load model",
}


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    """Ends several replicas at a time: they mostly wait."""
    with ThreadPoolExecutor(max_workers=16) as running:
        yield running


@pytest.fixture(scope="module")
def overlong(
    replicas: Replicas, pool: ThreadPoolExecutor
) -> tuple[Sequence["Future[str]"], "Future[kubelet.Ending]"]:
    """What clients get whose requests outlive the drain window, and how the replica ends."""
    (engine,) = replicas.ready(1)
    answers: list[Future[str]] = []
    for streamed in itertools.islice(itertools.cycle((False, True)), _REQUESTS):
        answers.append(pool.submit(ask, engine, _TOKENS, streamed=streamed, choices=_CHOICES))
        time.sleep(0.5)
    return answers, pool.submit(kubelet.end, engine, replicas.pod)


@pytest.fixture(scope="module")
def starts(
    engines: Engines, replicas: Replicas, pool: ThreadPoolExecutor
) -> Mapping[str, "Future[kubelet.Ending]"]:
    """How starts end that are told to, by their stage."""

    def end(log: str) -> kubelet.Ending:
        # As late as that, preStop is over.
        engine = engines.start(replicas.pod).await_log(log)
        return kubelet.end(engine, replicas.pod, pre_stop=False)

    return {stage: pool.submit(end, log) for stage, log in STAGES.items()}


@pytest.mark.usefixtures("overlong")  # waits for the drain window meanwhile
@pytest.mark.parametrize("stage", list(STAGES))
def test_a_start_that_is_told_to_end_frees_its_node(
    stage: str, starts: Mapping[str, "Future[kubelet.Ending]"]
) -> None:
    assert not starts[stage].result().was_killed


def test_a_request_longer_than_the_drain_ends_with_an_error(
    overlong: tuple[Sequence["Future[str]"], "Future[kubelet.Ending]"],
) -> None:
    answers, ending = overlong
    assert not ending.result().was_killed
    for answer in answers:
        assert answer.result().startswith(("lost", "failed"))
