"""What a replica takes in keeps the promise, and whoever is to refuse the rest is told the same."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.edits import Edit, put
from tokenfleet.plan.manifests.containers import engine_container
from tokenfleet.plan.serving.limits.admission import BOUND_FLAG
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
ModelOf = Callable[..., ModelPlan]
MODEL = "models.qwen3-4b"
EMBEDDING = {
    "task": "embed",
    "traffic": {"requestsPerSecond": 1, "inputTokens": 512},
    "objective": {"ttftP99Ms": 60_000},
}
NEURON = {
    "pools.graviton4.hardware": "inferentia2",
    "pools.graviton4.instanceTypes": ["inf2.8xlarge"],
}


@pytest.fixture
def model_of(keys_of: Callable[[str], Keys], plan_of: Callable[[Keys], Plan]) -> ModelOf:
    """The model of the dev stack after some edits."""

    def plan(*edits: Edit) -> ModelPlan:
        keys = keys_of("dev")
        for edit in edits:
            edit(keys)
        (model,) = plan_of(keys).models
        return model

    return plan


def _told(model: ModelPlan) -> str | None:
    return next((a.values[0] for a in model.arguments if a.flag == BOUND_FLAG), None)


def _variables(model: ModelPlan) -> Mapping[str, str]:
    container: Any = engine_container(model)
    return {found["name"]: found["value"] for found in container["env"] if "value" in found}


def _itl(milliseconds: int) -> Edit:
    return put(f"{MODEL}.objective.itlP99Ms", milliseconds)


def test_a_stricter_promise_never_leaves_more_slots(model_of: ModelOf) -> None:
    found = [model_of(_itl(ms)).admission.slots for ms in (1500, 1340, 1300, 1250, 1200, 1150)]
    assert found == sorted(found, reverse=True)
    assert 1 < found[-1] < found[0]


def test_slots_are_the_most_that_keep_the_promise(model_of: ModelOf) -> None:
    model = model_of(_itl(1150))
    reason = model.admission.slots_reason
    assert "one more would not keep itlP99Ms 1150" in reason
    (missed,) = re.findall(r"\(([0-9,.]+) ms\)", reason)
    assert float(missed.replace(",", "")) > 1150


def test_where_no_number_keeps_it_the_batch_decides_and_says_so(model_of: ModelOf) -> None:
    model = model_of(_itl(20))
    assert model.admission.slots == model.batch.sequences
    assert "not even a single request would keep itlP99Ms 20" in model.admission.slots_reason


def test_as_many_wait_as_begin_in_what_the_promise_leaves(model_of: ModelOf) -> None:
    found = model_of(put(f"{MODEL}.objective.ttftP99Ms", 30_000)).admission
    assert found.answer_seconds is not None
    assert found.slack_seconds is not None
    waiting = found.queue * found.answer_seconds / found.slots
    assert waiting <= found.slack_seconds < waiting + found.answer_seconds / found.slots
    assert found.retry_after_seconds >= waiting


def test_longer_answers_leave_less_room_to_wait(model_of: ModelOf) -> None:
    loose = put(f"{MODEL}.objective.ttftP99Ms", 30_000)
    queues = [
        model_of(loose, put(f"{MODEL}.traffic.outputTokens", tokens)).admission.queue
        for tokens in (64, 128, 256, 512)
    ]
    assert queues == sorted(queues, reverse=True)
    assert queues[-1] < queues[0]


def test_without_traffic_a_fifth_may_wait(model_of: ModelOf) -> None:
    found = model_of(put(f"{MODEL}.traffic")).admission
    assert (found.slots, found.queue, found.answer_seconds) == (64, 13, None)
    assert "without traffic" in found.queue_reason


def test_the_engine_is_told_the_bound(model_of: ModelOf) -> None:
    model = model_of()
    assert _told(model) == str(model.admission.bound)
    assert model.admission.engine_holds
    assert "REQUESTS_BOUND" not in _variables(model)


OTHERS: Mapping[str, Mapping[str, object]] = {
    # An engine counts each input of a list: lists of hundreds would never be answered.
    "answers that are numbers": {f"{MODEL}.{key}": value for key, value in EMBEDDING.items()},
    "an engine without such a flag": NEURON,
}


@pytest.mark.parametrize("edits", OTHERS.values(), ids=list(OTHERS))
def test_where_the_engine_cannot_hold_it_what_is_in_front_of_it_is_told(
    edits: Mapping[str, object], model_of: ModelOf
) -> None:
    model = model_of(*(put(path, value) for path, value in edits.items()))
    assert _told(model) is None
    assert not model.admission.engine_holds
    assert model.admission.bound >= 1
    assert _variables(model)["REQUESTS_BOUND"] == str(model.admission.bound)


@pytest.mark.parametrize(("bound", "share"), [(1, 1), (2, 1), (3, 1), (8, 4), (70, 35)])
def test_batch_clients_get_half_of_a_replica_and_one_place_at_least(
    bound: int, share: int, model_of: ModelOf
) -> None:
    model = model_of(put(f"{MODEL}.engineArguments", {BOUND_FLAG: bound}))
    assert _variables(model)["BATCH_BOUND"] == str(share)


def test_the_priority_of_a_client_changes_no_replica(model_of: ModelOf) -> None:
    batch = put("edge", {"clients": {"nightly": {"priority": "batch"}}})
    assert engine_container(model_of(batch)) == engine_container(model_of())


def test_answers_that_are_numbers_share_the_promised_time(model_of: ModelOf) -> None:
    edits = [put(f"{MODEL}.{key}", value) for key, value in EMBEDDING.items()]
    bounds = [
        model_of(*edits, put(f"{MODEL}.objective.ttftP99Ms", ms)).admission.bound
        for ms in (15_000, 30_000, 60_000)
    ]
    assert bounds == sorted(bounds)
    assert bounds[-1] > 2 * bounds[0]


# id: the user's flag, (slots, queue)
OWN: Mapping[str, tuple[int | str, tuple[int, int]]] = {
    "more than slots": (70, (64, 6)),
    "as text": ("70", (64, 6)),
    "as many": (64, (64, 0)),
    "fewer": (10, (10, 0)),
}


@pytest.mark.parametrize("row", OWN.values(), ids=list(OWN))
def test_the_users_own_flag_is_the_bound(
    row: tuple[int | str, tuple[int, int]], model_of: ModelOf
) -> None:
    given, expected = row
    model = model_of(put(f"{MODEL}.engineArguments", {BOUND_FLAG: given}))
    assert (model.admission.slots, model.admission.queue) == expected
    assert [_told(model)] == [str(given)]
    assert "stack file" in model.admission.queue_reason


def test_the_bound_does_not_name_compiled_code(model_of: ModelOf) -> None:
    names = {
        model_of(put(f"{MODEL}.engineArguments", {BOUND_FLAG: bound})).compiled for bound in (9, 90)
    }
    assert names == {model_of().compiled}
    assert names != {None}
