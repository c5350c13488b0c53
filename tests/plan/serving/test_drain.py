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
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS
from tokenfleet.settings.stack_file import StackFile

Keys = dict[str, Any]
TIERS = {"spot": {"max": 4}, "on-demand": {"max": 4}}


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    options=st.lists(st.sampled_from(sorted(TIERS)), min_size=1, max_size=2, unique=True),
    seconds=st.none() | st.integers(1, 540),
    served=st.sampled_from(["qwen3-8b", "qwen25-7b", "gpt-oss-120b"]),
)
def test_every_plan_that_passes_ends_inside_the_notice(
    *,
    options: list[str],
    seconds: int | None,
    served: str,
    keys_of: Callable[[str], Keys],
    root: Path,
) -> None:
    keys = keys_of("prod")
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
            assert found.notice
            assert found.notice.serves_seconds == SPOT_NOTICE_SECONDS - drain.grace_seconds
        else:
            assert not found.notice
        killed = drain.pre_stop_seconds + drain.kill_after_seconds
        assert drain.shutdown_timeout_seconds < drain.kill_after_seconds
        assert killed < drain.grace_seconds
    (wanted,) = (found for found in plan.models if found.name == served)
    assert seconds is None or wanted.drain.longest_request.seconds == seconds


ON_DEMAND = {"tiers": {"on-demand": {"max": 4}}}


def _asked(ttft: int, itl: int, tokens: int) -> Keys:
    """A promise in milliseconds, and answers of so many tokens in the mean."""
    traffic = {"requestsPerSecond": 0.5, "inputTokens": 100, "outputTokens": tokens}
    return {"objective": {"ttftP99Ms": ttft, "itlP99Ms": itl}, "traffic": traffic}


EMBEDS: Keys = {"task": "embed", "objective": {}, "traffic": None}
# id: edits of qwen3-8b in the prod stack, (seconds of a request, part of the reason, tokens of the
# longest answer that ends in time, what is left of the notice)
CHOSEN: Mapping[str, tuple[Keys, tuple[int, str, int | None, int | None]]] = {
    # 2 s and 199 tokens of 50 ms: 11.95 s; in 12 s 1 + 10 / 0.05 tokens.
    "what answers need": (_asked(2000, 50, 100), (12, "200 tokens, 2 mean answers", 201, 73)),
    "what fits exactly": (_asked(1000, 1000, 15), (30, "30 tokens, 2 mean answers", 30, 55)),
    "a second more": (_asked(1001, 1000, 15), (30, "take 31 s: 30 s unless longest", 29, 55)),
    "slow promises do not take all": (
        _asked(10_000, 1500, 250),
        (30, "take 759 s: 30 s unless longestRequestSeconds asks for more, 65 s at most", 14, 55),
    ),
    "short answers": (_asked(500, 20, 10), (10, "the least; 20 tokens", 476, 75)),
    "no traffic": (
        {"objective": {"ttftP99Ms": 1000, "itlP99Ms": 100}, "traffic": None},
        (30, "nothing says how long answers are", 291, 55),
    ),
    "not even a first token": (
        {"objective": {"ttftP99Ms": 60_000}, "traffic": None},
        (30, "nothing says", 0, 55),
    ),
    "vectors": (EMBEDS | {"objective": {"ttftP99Ms": 15_500}}, (16, "whole answer", None, 69)),
    "vectors, as promised unless said": (EMBEDS, (10, "the least; a whole answer", None, 75)),
    "asked for": (
        _asked(2000, 50, 100) | {"longestRequestSeconds": 40},
        (40, "longestRequestSeconds", 761, 45),
    ),
    "asked for less than the least": (
        {"longestRequestSeconds": 3, "traffic": None, "objective": {}},
        (3, "longestRequestSeconds", 6, 82),
    ),
    "no spot": (ON_DEMAND | _asked(2000, 50, 100), (300, "no node is reclaimed", 5961, None)),
}


def _planned(edits: Keys, keys: Keys, root: Path) -> ModelPlan:
    for key, value in edits.items():
        if key == "tiers":
            keys["pools"]["graviton4"]["tiers"] = value
        elif value is None:
            del keys["models"]["qwen3-8b"][key]
        else:
            keys["models"]["qwen3-8b"][key] = value
    keys["models"]["qwen3-8b"]["replicas"]["max"] = 4
    (model,) = (m for m in decide(keys, "prod", root).models if m.name == "qwen3-8b")
    return model


@pytest.mark.parametrize("row", list(CHOSEN))
def test_on_spot_a_request_gets_what_answers_need_and_never_the_whole_notice_unasked(
    row: str, keys_of: Callable[[str], Keys], root: Path
) -> None:
    edits, (seconds, reason, tokens, left) = CHOSEN[row]
    model = _planned(edits, keys_of("prod"), root)
    longest = model.drain.longest_request
    assert (longest.seconds, longest.answer_tokens) == (seconds, tokens)
    assert reason in longest.reason
    assert (model.notice and model.notice.serves_seconds) == left


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
