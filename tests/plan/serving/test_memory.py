"""The memory budget: formula, refusal and the way out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenfleet.catalogue.machines.hardware import engines, hardware_by_name
from tokenfleet.catalogue.machines.instances import instance_type, instance_types
from tokenfleet.catalogue.models.facts import known_models, model_facts
from tokenfleet.plan.decide import decide
from tokenfleet.plan.nodes.sizes import node_size
from tokenfleet.plan.serving.memory import MemoryUse, memory_budget, ranks_of, smallest_that_fits
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import StackFile

PAIRS = [
    (hardware, kind.instance_type)
    for hardware, row in hardware_by_name().items()
    for kind in instance_types().values()
    if row.runs_on(kind)
]


@given(
    pair=st.sampled_from(PAIRS),
    model=st.sampled_from(sorted(known_models())),
    context=st.integers(128, 200_000),
)
def test_a_budget_that_fits_never_exceeds_what_the_rank_has(
    pair: tuple[str, str], model: str, context: int
) -> None:
    hardware, kind = pair
    engine = engines()[hardware_by_name()[hardware].engine]
    budget = memory_budget(
        model_facts(model), MemoryUse(context_length=context), instance_type(kind), engine
    )
    used = budget.weights_gib + budget.runtime_gib + budget.kv_gib
    assert budget.usable_gib <= budget.rank_gib
    assert not budget.fits or used <= budget.usable_gib + 1e-9
    assert budget.keeps_nothing == (budget.full_length_requests is None)
    if budget.full_length_requests is not None:
        assert budget.fits == (budget.full_length_requests >= 1)


@given(
    pair=st.sampled_from(PAIRS),
    model=st.sampled_from(sorted(known_models())),
    context=st.integers(128, 100_000),
)
def test_what_fits_at_some_length_fits_at_any_shorter_one(
    pair: tuple[str, str], model: str, context: int
) -> None:
    hardware, kind = pair
    engine = engines()[hardware_by_name()[hardware].engine]
    longer = memory_budget(
        model_facts(model), MemoryUse(context_length=context), instance_type(kind), engine
    )
    shorter = memory_budget(
        model_facts(model), MemoryUse(context_length=context // 2), instance_type(kind), engine
    )
    assert shorter.fits or not longer.fits


def test_a_cpu_engine_is_told_exactly_the_kv_cache_that_is_counted_on(
    stack_files: Mapping[str, StackFile], plan_of: Callable[[Mapping[str, object]], Plan]
) -> None:
    for stack in stack_files.values():
        for model in plan_of(stack.keys).models:
            told = {v.name: v.value for v in model.environment}.get("VLLM_CPU_KVCACHE_SPACE")
            assert told is None or float(told) == model.memory.kv_gib > 0


@pytest.mark.parametrize(
    ("model", "kind", "ranks"),
    [
        ("Qwen/Qwen3-8B", "c8g.4xlarge", 1),
        ("Qwen/Qwen3-8B", "c8g.24xlarge", 1),
        ("Qwen/Qwen3-8B", "r8g.48xlarge", 2),
        ("Qwen/Qwen3-8B", "inf2.xlarge", 2),
        ("Qwen/Qwen3-8B", "inf2.24xlarge", 8),  # 12 cores, but 32 heads divide by 8
        ("Qwen/Qwen2.5-7B-Instruct", "p5.48xlarge", 4),  # 28 heads divide by 4, not 8
        ("meta-llama/Llama-3.3-70B-Instruct", "p5.48xlarge", 8),
    ],
)
def test_ranks_divide_the_attention_heads(model: str, kind: str, ranks: int) -> None:
    assert ranks_of(instance_type(kind), model_facts(model)) == ranks


@pytest.mark.parametrize(
    ("model", "context", "hardware", "families", "expected"),
    [
        ("Qwen/Qwen3-8B", 8192, "graviton4", ["c8gd"], "c8gd.4xlarge"),
        ("Qwen/Qwen3-14B", 8192, "graviton4", ["c8gd"], "c8gd.8xlarge"),
        ("openai/gpt-oss-120b", 32768, "h100", ["p5"], "p5.4xlarge"),
        ("meta-llama/Llama-3.3-70B-Instruct", 8192, "h100", ["p5"], "p5.48xlarge"),
        ("zai-org/GLM-4.5-Air", 8192, "l4", ["g6"], None),
    ],
)
def test_the_smallest_instance_that_fits_is_named(
    model: str, context: int, hardware: str, families: list[str], expected: str | None
) -> None:
    row = hardware_by_name()[hardware]
    found = smallest_that_fits(
        model_facts(model),
        MemoryUse(context_length=context),
        hardware=row,
        engine=engines()[row.engine],
        region="us-east-1",
        families=families,
    )
    assert (found.instance_type if found else None) == expected


# Reserved CPU (millicores) for 16, 64, 192 and 4 vCPU as nodeadm computes it, and memory left
# after 7.5 % for the kernel, 11 MiB a pod + 255 MiB, and 100 MiB for eviction.
@pytest.mark.parametrize(
    ("kind", "millicpu", "mib"),
    [
        ("c8gd.4xlarge", 16_000 - 110, int(32 * 1024 * 0.925) - (11 * 32 + 255) - 100),
        ("c8gd.16xlarge", 64_000 - 230, int(128 * 1024 * 0.925) - (11 * 32 + 255) - 100),
        ("p5.48xlarge", 192_000 - 550, int(2048 * 1024 * 0.925) - (11 * 32 + 255) - 100),
        ("inf2.xlarge", 4_000 - 80, int(16 * 1024 * 0.925) - (11 * 32 + 255) - 100),
        ("m8g.large", 2_000 - 70, int(8 * 1024 * 0.925) - (11 * 29 + 255) - 100),
    ],
)
def test_what_the_kubelet_keeps_is_not_offered_to_pods(kind: str, millicpu: int, mib: int) -> None:
    size = node_size(instance_type(kind))
    assert (size.allocatable_millicpu, size.allocatable_mib) == (millicpu, mib)
    assert size.for_models_mib < size.allocatable_mib


def test_a_pod_never_asks_for_more_than_its_node_offers(
    plan_of: Callable[[Mapping[str, object]], Plan], stack_files: Mapping[str, StackFile]
) -> None:
    for stack_file in stack_files.values():
        plan = plan_of(stack_file.keys)
        pools = {pool.name: pool for pool in plan.pools}
        for model in plan.models:
            size = pools[model.pool].size
            assert model.resources.millicpu <= size.for_models_millicpu
            assert model.resources.memory_mib <= size.for_models_mib
            assert model.resources.ephemeral_gib <= pools[model.pool].ephemeral_gib


@pytest.mark.parametrize(
    ("settings", "copies"),
    [
        # One of a step that goes on and one that a prefix is kept by (mamba_cache_mode align).
        ({}, 2),
        ({"engineArguments": {"no-enable-prefix-caching": True}}, 1),
        ({"speculative": {"method": "ngram", "tokens": 3}}, 5),
    ],
)
def test_states_are_held_as_often_as_the_engine_holds_them(
    settings: dict[str, Any], copies: int, keys_of: Callable[[str], Any], root: Path
) -> None:
    """MambaSpec.max_memory_usage_bytes: 2 beside a prefix cache, else 1, and each token drafted."""
    name = "ibm-granite/granite-4.0-h-tiny"
    plain = known_models()[name]
    (state,) = (each.bytes_of(1, 1) for each in plain.layer_caches if each.kind == "state")
    keys = keys_of("dev")
    (model,) = keys["models"].values()
    del model["traffic"]
    model |= {"huggingFaceId": name, **settings}
    (served,) = decide(keys, "dev", root).models
    assert served.facts.state_copies == copies
    tokens = model["contextLength"]
    more = served.facts.held_bytes(tokens, 1) - plain.held_bytes(tokens, 1)
    assert more == pytest.approx((copies - 1) * state)
    reserved = [facts.kv_bytes(tokens, 1, in_flight=1) for facts in (plain, served.facts)]
    # Blocks as large as a state hold a group of layers each.
    assert reserved[1] - reserved[0] == pytest.approx((copies - 1) * state, rel=0.15)
    (share,) = (each for each in served.memory.kv_shares if each.kind == "state")
    assert share.gib * 2**30 == pytest.approx(state)


def test_a_model_without_states_is_the_same_however_it_is_served() -> None:
    facts = model_facts("openai/gpt-oss-20b")
    assert facts.with_state_copies(prefix_cache=True, drafted_tokens=3) is facts
