"""A replica is gone before its node is, and its requests had their time."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import decide
from tokenfleet.plan.serving.drain import SPOT_DRAIN_SECONDS
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS
from tokenfleet.settings.stack_file import StackFile

Keys = dict[str, Any]
TIERS = {"spot": {"max": 4}, "on-demand": {"max": 4}}


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    edge=st.sampled_from(
        [{"exposure": "cluster"}, {"exposure": "internal", "allowedCidrs": ["10.0.0.0/8"]}]
    ),
    options=st.lists(st.sampled_from(sorted(TIERS)), min_size=1, max_size=2, unique=True),
    seconds=st.none() | st.integers(1, 540),
    served=st.sampled_from(["qwen3-8b", "qwen25-7b", "gpt-oss-120b"]),
)
def test_every_plan_that_passes_ends_inside_the_notice(
    *,
    edge: dict[str, Any],
    options: list[str],
    seconds: int | None,
    served: str,
    keys_of: Callable[[str], Keys],
    root: Path,
) -> None:
    keys = keys_of("prod")
    keys["edge"] = edge
    model = keys["models"][served]
    model["replicas"]["max"] = 4
    keys["pools"][model["pool"]]["tiers"] = {option: TIERS[option] for option in options}
    if seconds is not None:
        model["longestRequestSeconds"] = seconds
    try:
        plan = decide(keys, "prod", root)
    except StackError as error:
        (mistake,) = error.mistakes
        assert mistake.path == f"models.{served}.longestRequestSeconds"
        assert "spot" in options
        return
    for found in plan.models:
        pool = next(pool for pool in plan.pools if pool.name == found.pool)
        drain = found.drain
        parts = drain.pre_stop_seconds + drain.shutdown_timeout_seconds + drain.margin_seconds
        assert parts == drain.grace_seconds
        if any(tier.purchase_option == "spot" for tier in pool.tiers):
            assert drain.grace_seconds <= SPOT_DRAIN_SECONDS < SPOT_NOTICE_SECONDS
        killed = drain.pre_stop_seconds + drain.kill_after_seconds
        assert drain.shutdown_timeout_seconds < drain.kill_after_seconds
        assert killed < drain.grace_seconds
    (wanted,) = (found for found in plan.models if found.name == served)
    assert seconds is None or wanted.drain.longest_request_seconds == seconds


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_pod_has_the_times_of_the_plan(
    stack: str,
    stack_files: Mapping[str, StackFile],
    plan_of: Callable[[Mapping[str, object]], Plan],
) -> None:
    plan = plan_of(stack_files[stack].keys)
    manifests: Any = plan.serving.manifests
    pods = {
        m["metadata"]["name"]: m["spec"]["template"]["spec"]
        for m in manifests
        if m["kind"] == "Deployment"
    }
    for model in plan.models:
        pod = pods[f"vllm-{model.name}"]
        (engine,) = pod["containers"]
        assert pod["terminationGracePeriodSeconds"] == model.drain.grace_seconds
        assert f"--kill-after={model.drain.kill_after_seconds}" in engine["command"]
        waits = engine["lifecycle"]["preStop"]
        if model.drain.shutdown_timeout_seconds:
            assert f"--shutdown-timeout={model.drain.shutdown_timeout_seconds}" in engine["args"]
            assert waits == {"sleep": {"seconds": model.drain.pre_stop_seconds}}
        else:
            assert not any("shutdown" in word for word in engine["args"])
            *_, propagation, idle = waits["exec"]["command"]
            assert int(propagation) + int(idle) == model.drain.pre_stop_seconds
