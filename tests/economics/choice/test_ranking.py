"""Which hardware should serve this: every type has an answer, and the answers hold."""

import copy
import dataclasses
from collections.abc import Callable, Mapping
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.estimate.servers import saturations
from tokenfleet.catalogue.machines.instances import instance_type, instance_types
from tokenfleet.catalogue.models.facts import known_models
from tokenfleet.economics.choice.question import Question
from tokenfleet.economics.choice.ranking import ranking
from tokenfleet.economics.served_fleet import WhatIf, served_fleet
from tokenfleet.estimate.load.carried import Objective, carried
from tokenfleet.estimate.load.served import QUEUE_GROWS_ABOVE, at_load
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.plan.nodes.sizes import smallest
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import StackFile


def _question(model: str = "Qwen/Qwen3-8B", load: float | None = 2.0) -> Question:
    facts = known_models()[model]
    return Question(
        model=model,
        facts=facts,
        shape=RequestShape(input_tokens=800, output_tokens=250 if facts.task == "generate" else 0),
        objective=Objective(ttft_p99=2.0, itl_p99=0.2),
        context_length=min(8192, facts.context_length),
        region="us-east-1",
        requests_per_second=load,
    )


@pytest.mark.parametrize("model", sorted(known_models()))
@pytest.mark.parametrize("load", [None, 2.0])
def test_every_type_is_a_choice_or_ruled_out_with_a_reason(model: str, load: float | None) -> None:
    found = ranking(_question(model, load))
    names = [row.instance_type for row in (*found.choices, *found.ruled_out)]
    assert sorted(names) == sorted(name for name in instance_types() if "metal" not in name)
    assert all(row.detail for row in found.ruled_out)
    assert all("GiB per rank" in choice.memory for choice in found.choices)
    ranks = [choice.rank for choice in found.choices]
    assert ranks == sorted(ranks)


def test_every_choice_keeps_the_promise_at_its_share_of_the_load() -> None:
    question = _question()
    for choice in ranking(question).choices:
        assert question.objective.missed_by(choice.served) is None
        assert choice.replicas is not None
        assert 2.0 / choice.replicas <= choice.carries * (1 + 1e-9)


@pytest.mark.parametrize("kind", ["c8g.4xlarge", "c7g.4xlarge"])
def test_hardware_without_absolute_figures_is_unverified(kind: str) -> None:
    lax = dataclasses.replace(_question(), objective=Objective(ttft_p99=600, itl_p99=60))
    (choice,) = ranking(lax, [kind]).choices
    assert choice.most.basis == "unverified"
    assert choice.most.theta.width > 2


def test_a_spare_is_one_node_more_for_the_same_tokens() -> None:
    question = _question()
    (plain,) = ranking(question, ["p5.4xlarge"]).choices
    (spared,) = ranking(dataclasses.replace(question, spare=1), ["p5.4xlarge"]).choices
    assert plain.replicas is not None
    assert spared.replicas is not None
    assert spared.replicas == plain.replicas + 1
    assert plain.at_load is not None
    assert spared.at_load is not None
    assert spared.at_load.flow == plain.at_load.flow
    assert spared.rank == pytest.approx(plain.rank * spared.replicas / plain.replicas)


def test_spot_is_cheaper_and_less_sure() -> None:
    question = _question()
    (listed,) = ranking(question, ["g6e.xlarge"]).choices
    (spot,) = ranking(dataclasses.replace(question, spot=True), ["g6e.xlarge"]).choices
    assert spot.rank < listed.rank
    assert spot.node.usd.width > listed.node.usd.width == 1


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("trn2.48xlarge", {}, "no engine"),
        ("c8g.large", {}, "does not fit"),
        ("p5e.48xlarge", {}, "not offered"),
        ("p5.4xlarge", {"region": "eu-west-1"}, "not offered"),
        ("c8g.4xlarge", {}, "misses the objective"),
        ("c8gd.24xlarge", {"region": "eu-south-2"}, "no price"),
    ],
)
def test_what_rules_a_type_out_is_named(kind: str, change: Mapping[str, str], reason: str) -> None:
    question = dataclasses.replace(
        _question(),
        **change,
        objective=Objective(ttft_p99=2.0 if reason.startswith("misses") else 60, itl_p99=9),
    )
    found = ranking(question, [kind])
    assert [row.reason for row in found.ruled_out] == [reason]


@settings(max_examples=60, deadline=None)
@given(most=saturations(), ttft=st.floats(0.05, 20), itl=st.floats(0.01, 2))
def test_what_a_replica_carries_is_within_the_objective_and_no_less_than_that(
    most: Saturation, ttft: float, itl: float
) -> None:
    objective = Objective(ttft_p99=ttft, itl_p99=itl)
    found = carried(most, objective)
    if isinstance(found, str):
        return
    full = QUEUE_GROWS_ABOVE * most.theta.p50 / most.shape.output_tokens
    assert objective.missed_by(at_load(most, found)) is None
    assert found == full or objective.missed_by(at_load(most, found + 0.01 * full)) is not None


@pytest.mark.parametrize(("ttft", "itl"), [(0, 1), (1, 0), (-1, 1), (float("nan"), 1)])
def test_a_promise_of_nothing_is_refused(ttft: float, itl: float) -> None:
    with pytest.raises(CostError):
        Objective(ttft_p99=ttft, itl_p99=itl)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_type_is_judged_as_the_server_that_a_stack_would_run_there(
    stack: str,
    stack_files: Mapping[str, StackFile],
    plan_of: Callable[[Mapping[str, object]], Plan],
) -> None:
    lax = {"ttftP99Ms": 60_000, "itlP99Ms": 60_000}
    keys = copy.deepcopy(dict(stack_files[stack].keys))
    for model in cast("dict[str, dict[str, object]]", keys["models"]).values():
        model["objective"] = lax
        model["traffic"] = {"requestsPerSecond": 1, "inputTokens": 300, "outputTokens": 100}
    plan = plan_of(keys)
    for model in plan.models:
        (pool,) = (pool for pool in plan.pools if pool.name == model.pool)
        question = dataclasses.replace(
            _question(model.hugging_face_id),
            model=model.name,
            shape=RequestShape(input_tokens=300, output_tokens=100),
            objective=Objective(ttft_p99=60, itl_p99=60),
            context_length=model.context_length,
            region=plan.region,
        )
        kind = smallest([instance_type(name) for name in pool.instance_types])
        found = ranking(question, [kind.instance_type])
        assert not found.ruled_out
        assert found.choices[0].most == served_fleet(plan, model, WhatIf()).most


@pytest.mark.parametrize(("kind", "kept"), [("p5.4xlarge", 0.5), ("inf2.xlarge", 0.0)])
def test_input_is_cached_only_where_the_engine_has_a_prefix_cache(kind: str, kept: float) -> None:
    question = dataclasses.replace(
        _question(),
        shape=RequestShape(input_tokens=800, output_tokens=250, cached_share=0.5),
        objective=Objective(ttft_p99=600, itl_p99=60),
    )
    (choice,) = ranking(question, [kind]).choices
    assert choice.most.shape.cached_share == kept
    assert any("no prefix cache" in note for note in choice.most.notes) == (kept == 0)
