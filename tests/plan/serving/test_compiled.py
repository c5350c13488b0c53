"""A set of compiled code is named by all that changes the code, and needed by no replica."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.edits import Edit, put
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
MODEL = "models.qwen3-4b"
ADAPTER = {"huggingFaceId": "org/a", "revision": "c" * 40, "rank": 8}
EAGER: Mapping[str, Edit] = {
    "eager": put(f"{MODEL}.engineArguments", {"enforce-eager": True}),
    "unoptimised": put(f"{MODEL}.engineArguments", {"optimization-level": 0}),
    "adapters on CPUs": put(f"{MODEL}.adapters", {"legal": ADAPTER}),
}


@pytest.fixture
def planned(keys_of: Callable[[str], Keys], plan_of: Callable[[Keys], Plan]) -> Callable[..., Plan]:
    """The plan of the dev stack after some edits."""

    def plan(*edits: Edit) -> Plan:
        keys = keys_of("dev")
        for edit in edits:
            edit(keys)
        return plan_of(keys)

    return plan


def _only(plan: Plan) -> ModelPlan:
    (model,) = plan.models
    return model


def _pods(plan: Plan) -> tuple[Any, Any]:
    """The pod of the Job of the only model, and that of its replicas."""
    manifests: Sequence[Any] = [*plan.serving.compile_jobs.values(), *plan.serving.manifests]
    pods = {
        m["kind"]: m["spec"]["template"]["spec"]
        for m in manifests
        if "template" in m.get("spec", {})
    }
    return pods["Job"], pods["Deployment"]


@pytest.mark.parametrize(
    ("edit", "same"),
    [
        (put(f"{MODEL}.contextLength", 4096), False),
        (put(f"{MODEL}.revision", "f" * 40), False),
        (put(f"{MODEL}.engineArguments", {"max-num-batched-tokens": 4096}), False),
        (put(f"{MODEL}.engineArguments", {"max-logprobs": 5}), False),
        (put("cluster.digests", {engines()["vllm-cpu"].image: f"sha256:{'1' * 64}"}), False),
        (put(f"{MODEL}.replicas.max", 2), True),
        (put(f"{MODEL}.longestRequestSeconds", 20), True),
        (put("pools.graviton4.instanceTypes", ["c8g.4xlarge"]), True),
    ],
)
def test_only_what_changes_the_code_changes_the_name(
    edit: Edit, *, same: bool, planned: Callable[..., Plan]
) -> None:
    before, after = _only(planned()).compiled, _only(planned(edit)).compiled
    assert before
    assert after
    assert (before == after) == same


def test_code_of_another_kind_of_hardware_has_another_name(
    planned: Callable[..., Plan],
) -> None:
    pool = {
        "hardware": "graviton3",
        "instanceTypes": ["c7g.4xlarge"],
        "tiers": {"spot": {"max": 3}},
    }
    here, there = _only(planned()), _only(planned(put("pools.graviton4", pool)))
    assert here.compiled
    assert here.compiled.rpartition("/")[2].startswith("vllm0.32.0-graviton4-tp1-")
    assert there.compiled
    assert there.compiled.rpartition("/")[2].startswith("vllm0.32.0-graviton3-tp1-")


def test_compiled_code_is_the_replicas_own_to_fetch_and_no_part_of_what_must_be_published(
    planned: Callable[..., Plan],
) -> None:
    plan = planned()
    model = _only(plan)
    fetched = [
        template.boot.snapshots
        for group in plan.node_groups_by_pool[model.pool]
        for template in group.templates
    ]
    assert fetched
    # A flag changes its name, and would renew every launch template.
    assert all(snapshots == model.snapshots for snapshots in fetched)
    assert model.compiled not in model.snapshots
    assert model.mark == _only(planned(EAGER["eager"])).mark
    held = [word for word in model.command if word.endswith("/READY")]
    assert len(held) == len(model.snapshots)


@pytest.mark.parametrize("edit", EAGER.values(), ids=list(EAGER))
def test_nothing_is_compiled_or_loaded_for_a_model_that_runs_eagerly(
    edit: Edit, planned: Callable[..., Plan]
) -> None:
    plan = planned(edit)
    model = _only(plan)
    assert (model.compiled, plan.serving.compile_jobs) == (None, {})
    assert model.eager
    assert not [word for word in model.argument_words if "worker-extension" in word]
    (replica,) = (str(m) for m in plan.serving.manifests if m["kind"] == "Deployment")
    assert "load-compiled" not in replica
    assert "COMPILED_STATE" not in replica


def test_the_job_compiles_with_the_flags_and_variables_of_a_replica(
    planned: Callable[..., Plan],
) -> None:
    job, replica = _pods(planned())
    (compiling,), (serving,) = job["containers"], replica["containers"]
    assert compiling["args"] == serving["args"]
    # vLLM takes its own settings into the name of its cache, whatever they are.
    of_the_engine = {e["name"]: e for e in serving["env"] if e["name"] not in _OF_THE_FRONT}
    given = {e["name"]: e for e in compiling["env"]}
    assert {name: given.get(name) for name in of_the_engine} == of_the_engine
    assert compiling["image"] == serving["image"]
    assert compiling["resources"] == serving["resources"]
    mounted = [m["mountPath"] for m in serving["volumeMounts"]]
    assert set(mounted) <= {m["mountPath"] for m in compiling["volumeMounts"]}
    asks = {e["name"]: e.get("value") for e in compiling["env"]}["WARM_UP"]
    assert asks.split() == serving["startupProbe"]["exec"]["command"]


_OF_THE_FRONT = {"METRICS_KEY", "COMPILED_STATE", "REQUESTS_BOUND", "BATCH_BOUND"}


def test_the_job_has_all_that_its_engine_loads(planned: Callable[..., Plan]) -> None:
    pool = {"hardware": "l4", "instanceTypes": ["g6.4xlarge"], "tiers": {"spot": {"max": 3}}}
    plan = planned(put("pools.graviton4", pool), put(f"{MODEL}.adapters", {"legal": ADAPTER}))
    job, replica = _pods(plan)
    assert [c["name"] for c in job["initContainers"]] == ["load-weights", "load-adapter-1"]
    assert replica["initContainers"][:-1] == job["initContainers"]
    assert replica["initContainers"][-1]["name"] == "load-compiled"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_all_that_engines_compile_is_below_the_folder_that_is_published(
    stack: str, keys_of: Callable[[str], Keys], plan_of: Callable[[Keys], Plan]
) -> None:
    for model in plan_of(keys_of(stack)).models:
        values = {variable.name: variable.value for variable in model.environment}
        for name in ("VLLM_CACHE_ROOT", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
            assert values[name].startswith("/cache/compiled/")
        # Neuron's image holds byte-compiled Python, which another place would hide.
        prefix = values.get("PYTHONPYCACHEPREFIX", "")
        assert prefix.startswith("/cache/compiled/") == (not model.artifacts)
