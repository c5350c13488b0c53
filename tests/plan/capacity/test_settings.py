"""What the capacity controller is told of a stack."""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from tokenfleet.capacity.question import questions
from tokenfleet.plan.permissions import permissions
from tokenfleet.plan.stack import Plan
from tokenfleet.policies.access import no_unexplained_wildcards
from tokenfleet.recording.recorded import Recording

Keys = dict[str, Any]
PlanOf = Callable[[Mapping[str, Any]], Plan]
RESERVATION = {"capacityReservationId": "cr-01234567", "zone": "us-east-1a"}
ONE = "c1899de289a04d12100db370d81485cdf75e47ca"


def told(plan: Plan) -> Keys:
    """The settings.json of a plan."""
    (controller,) = plan.capacity
    (settings,) = (
        cast("Mapping[str, str]", manifest["data"])["settings.json"]
        for manifest in controller.manifests
        if manifest["kind"] == "ConfigMap"
    )
    found: Keys = json.loads(settings)
    return found


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_pool_is_told_what_its_forecast_assumes(
    stack: str, keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    plan = plan_of(keys_of(stack))
    pools = told(plan)["pools"]
    assert pools.keys() == {pool.name for pool in plan.pools}
    for asked in questions(plan, replicas=None, care=1, spare=0):
        pool = pools[asked.pool]
        assert pool["zones"] == [*asked.zones]
        assert pool["knobs"] == {
            "boot": pytest.approx(asked.boot_seconds, abs=0.05),
            "serves": 120 - asked.drain_seconds,
            "care": 1.0,
            "spare": 0,
            "spotPrice": asked.spot_price,
        }


def test_groups_are_named_as_they_are_called(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("prod")
    keys["pools"]["graviton4"]["tiers"]["reserved"] = {"max": 2, "reservation": RESERVATION}
    plan = plan_of(keys)
    for name, pool in told(plan)["pools"].items():
        groups = plan.node_groups_by_pool[name]
        assert pool["groups"] == {g.purchase_option: g.physical_name for g in groups}
        assert pool["bounds"] == {
            g.purchase_option: [g.min_nodes, g.max_nodes]
            for g in groups
            if g.purchase_option != "reserved"
        }


def test_a_pool_of_several_models_goes_by_the_slowest_start_and_the_longest_drain(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("dev")
    small = {"huggingFaceId": "Qwen/Qwen3-0.6B", "revision": ONE, "pool": "graviton4"}
    small |= {"contextLength": 4096, "replicas": {"max": 1}, "longestRequestSeconds": 10}
    keys["models"] |= {"aaa": small, "zzz": small}
    plan = plan_of(keys)
    models = {model.name: model for model in plan.models}
    pool = told(plan)["pools"]["graviton4"]
    slow, quick = models["qwen3-4b"], models["aaa"]
    assert slow.cold_start.total.expected > quick.cold_start.total.expected
    assert slow.drain.grace_seconds > quick.drain.grace_seconds
    assert pool["knobs"]["boot"] == pytest.approx(slow.cold_start.total.expected, abs=0.05)
    assert pool["knobs"]["serves"] == 120 - slow.drain.grace_seconds
    assert pool["provisionSeconds"] == max(m.deadlines.provision_seconds for m in models.values())
    assert pool["models"] == {
        name: {
            "graceSeconds": model.drain.grace_seconds,
            "startSeconds": model.deadlines.start_seconds,
        }
        for name, model in models.items()
    }


def test_a_person_says_how_careful_how_spare_and_whether_at_all(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("dev")
    keys["pools"]["graviton4"] |= {"care": 2.5, "spare": 1, "dryRun": True}
    pool = told(plan_of(keys))["pools"]["graviton4"]
    assert (pool["knobs"]["care"], pool["knobs"]["spare"], pool["dryRun"]) == (2.5, 1, True)


def _waiting(keys: Keys, plan_of: PlanOf) -> Keys:
    """Two nodes of graviton4 wait stopped; weights that are not published would be nothing to wait with."""
    pool = keys["pools"]["graviton4"]
    pool["instanceTypes"] = ["c8g.8xlarge"]
    pool["tiers"]["on-demand"] |= {"max": 4, "warmNodes": 2}
    for model in plan_of(keys).models:
        keys["models"][model.name]["published"] = model.mark
    return keys


def test_a_pool_is_told_of_nodes_that_wait_stopped_and_its_forecast_too(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    before = told(plan_of(keys_of("prod")))["pools"]
    plan = plan_of(_waiting(keys_of("prod"), plan_of))
    pools = told(plan)["pools"]
    (model,) = [model for model in plan.models if model.pool == "graviton4"]
    start = model.warm_start
    assert start is not None
    assert pools["graviton4"]["warm"] == {"nodes": 2, "drawSeconds": start.boot.seconds.high}
    assert pools["graviton4"]["knobs"]["warmBoot"] == pytest.approx(start.total.expected, abs=0.05)
    assert {name: pool for name, pool in pools.items() if name != "graviton4"} == {
        name: pool for name, pool in before.items() if name != "graviton4"
    }
    asked = {asked.pool: asked for asked in questions(plan)}
    assert (asked["graviton4"].warm, asked["graviton4"].warm_seconds) == (2, start.total.expected)
    others = [found for pool, found in asked.items() if pool != "graviton4"]
    assert not any(found.warm for found in others)


def test_only_a_group_beside_which_nodes_wait_may_be_resized(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    def statements(plan: Plan) -> Mapping[str, Mapping[str, Any]]:
        (account,) = [a for a in plan.cluster.identities if a.role == "capacity"]
        queue = "arn:aws:sqs:us-east-1:111122223333:notices"
        document = permissions(account, "tokenfleet-prod", "arn:aws:s3:::models", queue)
        return {found["Sid"]: found for found in json.loads(document)["Statement"]}

    without = statements(plan_of(keys_of("prod")))
    waiting = statements(plan_of(_waiting(keys_of("prod"), plan_of)))
    assert waiting.keys() - without.keys() == {"DrawOnWarmPools"}
    changed = {sid for sid in without if without[sid] != waiting[sid]}
    assert changed == {"DescribeGroups"}
    draw = waiting["DrawOnWarmPools"]
    assert draw["Action"] == ["autoscaling:SetDesiredCapacity"]
    names = [arn.rpartition("/")[2] for arn in draw["Resource"]]
    assert names == ["tokenfleet-dev-graviton4-on-demand"]
    assert draw["Condition"] == without["LaunchAndEndOwnNodes"]["Condition"]


def test_a_program_with_stopped_nodes_asks_for_nothing_unexplained(
    keys_of: Callable[[str], Keys], plan_of: PlanOf, recording_of: Callable[..., Recording]
) -> None:
    recording = recording_of(_waiting(keys_of("prod"), plan_of), "deployment")
    assert not list(no_unexplained_wildcards(recording))


def test_a_pool_without_spot_is_the_autoscalers_alone(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("prod")
    keys["pools"]["h100"]["tiers"] = {"on-demand": {"max": 4}}
    plan = plan_of(keys)
    assert "h100" not in told(plan)["pools"]
    (group,) = plan.node_groups_by_pool["h100"]
    assert not group.protected
    assert "tokenfleet.io/capacity" not in {**group.group_tags, **group.template_tags}
    assert group.group_tags["k8s.io/cluster-autoscaler/enabled"] == "true"


def test_a_reservation_is_filled_and_nobody_scales_it(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("dev")
    keys["pools"]["graviton4"]["tiers"]["reserved"] = {"max": 2, "reservation": RESERVATION}
    reserved = plan_of(keys).node_groups_by_pool["graviton4"][0]
    assert (reserved.purchase_option, reserved.min_nodes, reserved.max_nodes) == ("reserved", 2, 2)
    assert reserved.protected
    assert reserved.group_tags == {"tokenfleet.io/pool": "graviton4"}
