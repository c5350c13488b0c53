"""The cold-start budget: the formula by hand, its directions, and who goes by its deadlines."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tokenfleet.catalogue.machines.hardware import hardware_by_name
from tokenfleet.catalogue.machines.instances import InstanceType, instance_type, instance_types
from tokenfleet.catalogue.models.facts import ModelFacts, known_models, model_facts
from tokenfleet.plan.nodes.disks import plan_disks
from tokenfleet.plan.ranges import Range
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.start.budget import ColdStart
from tokenfleet.plan.start.prediction import cold_start, cold_starts
from tokenfleet.plan.start.stages import Preparation
from tokenfleet.plan.start.transfer import LOADER_CONNECTIONS
from tokenfleet.recording.recorded import Mode, Recording
from tokenfleet.settings.stack_file import StackFile
from tokenfleet.views.folder import machine_files

ENGINE_BY_TYPE = {
    kind.instance_type: row.engine
    for row in hardware_by_name().values()
    for kind in instance_types().values()
    if row.runs_on(kind)
}
TYPES = st.sampled_from(sorted(ENGINE_BY_TYPE))
MODELS = st.sampled_from(sorted(known_models()))


def _start(kind: InstanceType, model: ModelFacts, mib_per_second: int | None = None) -> ColdStart:
    if mib_per_second is None:
        (disks,) = plan_disks([kind], [model])
        mib_per_second = disks.cache.throughput_mib_per_second if disks.cache else None
    engine = ENGINE_BY_TYPE[kind.instance_type]
    return cold_start(kind, engine, model, weights_mib_per_second=mib_per_second)


def _figures(start: ColdStart) -> list[Range]:
    return [
        *(stage.seconds for stage in start.stages.values()),
        start.together.seconds,
        start.total,
        start.until_ready,
    ]


# Expected seconds, worked out by hand from data/cold_start.yaml and data/instances.json; what is
# joined by max is written so. GB are 10^9 bytes.
QWEN3_4B, QWEN3_8B, QWEN25_7B, GPT_OSS_120B = 8.045, 16.381, 15.231, 65.249
# The CPU engine: start without and with code that is published, warm-up, compilation.
START, WITH_CODE, WARM_UP, COMPILES = 50, 25, 8, 95
LOW_START, HIGH_START, LOW_WARM_UP, HIGH_WARM_UP = 25, 100, 63, 225
BY_HAND: Mapping[tuple[str, str, int], Mapping[str, float]] = {
    # 950 GB at 0.81 GB/s per TB write 0.7695 GB/s, below 7.5 Gbit/s = 0.9375; read twice as fast.
    ("c8gd.4xlarge", "Qwen/Qwen3-8B", 125): {
        "launch": 10 + 10,
        "boot": 22 + 8,
        "join": 22,
        "image pull": 1.2 / 0.096,
        "weights": QWEN3_8B / 0.7695,
        "together": max(22, 5 + 12.5, 21.29, (QWEN3_8B + 1.2) / 0.9375, (QWEN3_8B + 3.8) / 0.7695),
        "engine load": START + max(QWEN3_8B / 1.5, QWEN3_8B / 1.539),
        "warm-up": WARM_UP + COMPILES,
        "total": 30 + 26.23 + 10.92 + START + WARM_UP + COMPILES,
        "until ready": 20 + 30 + 26.23 + 10.92 + START + WARM_UP + COMPILES,
    },
    # 125 MiB/s, far below what the instance can do; every byte goes through it twice.
    ("c8g.4xlarge", "Qwen/Qwen3-8B", 125): {
        "boot": 22,
        "join": 22,
        "image pull": 3.8 / 0.131072,
        "weights": QWEN3_8B / 0.131072,
        "together": (QWEN3_8B + 3.8) / 0.131072,
        "engine load": START + QWEN3_8B / 0.131072,
        "warm-up": WARM_UP + COMPILES,
        "total": 22 + 153.97 + 124.98 + START + WARM_UP + COMPILES,
    },
    # A volume of 1,000 MiB/s behind an EBS baseline of 596.
    ("c8g.4xlarge", "Qwen/Qwen3-8B", 1000): {
        "weights": QWEN3_8B / 0.62495,
        "together": max((QWEN3_8B + 3.8) / 0.62495, 22, 5 + 1.2 / 0.096),
        "engine load": START + QWEN3_8B / 0.62495,
        "total": 22 + 32.29 + 26.21 + START + WARM_UP + COMPILES,
    },
    # Memory holds the weights; compilation grows with them.
    ("inf2.8xlarge", "Qwen/Qwen2.5-7B-Instruct", 1000): {
        "boot": 45,
        "join": 22 + 15,
        "image pull": 5.5 / 0.096,
        "weights": QWEN25_7B / 1.048576,
        "together": max(37, 5 + 57.29),
        "engine load": 30 + QWEN25_7B / 0.34,
        "warm-up": 30 + 30 + 60 * QWEN25_7B,
        "total": 45 + 62.29 + 74.8 + 60 + 913.86,
    },
    # 16 connections of 0.085 GB/s are slower than 275,000 writes a second x 5.4 kB = 1.485 GB/s.
    ("p5.4xlarge", "openai/gpt-oss-120b", 125): {
        "boot": 50 + 8,
        "join": 22 + 20,
        "image pull": 10 / 0.096,
        "weights": GPT_OSS_120B / 1.36,
        "together": max(42, 5 + 104.17),
        "engine load": 17 + GPT_OSS_120B / 1.8,
        "warm-up": 24 + 38,
        "total": 58 + 109.17 + 53.25 + 62,
    },
}


@pytest.mark.parametrize(("row", "expected"), BY_HAND.items(), ids=[f"{r}" for r in BY_HAND])
def test_a_start_takes_what_a_hand_works_out(
    row: tuple[str, str, int], expected: Mapping[str, float]
) -> None:
    kind, model, mib_per_second = row
    start = _start(instance_type(kind), model_facts(model), mib_per_second)
    found = {name: stage.seconds.expected for name, stage in start.stages.items()}
    found |= {
        "together": start.together.seconds.expected,
        "total": start.total.expected,
        "until ready": start.until_ready.expected,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=0.1)


def test_the_ends_of_a_range_are_worked_out_like_its_middle() -> None:
    total = _start(instance_type("c8gd.4xlarge"), model_facts("Qwen/Qwen3-8B")).total
    # boot + (weights and unpacked image to disk) + load + warm-up
    assert total.low == pytest.approx(
        18 + (QWEN3_8B + 2.5) / 0.9975 + LOW_START + QWEN3_8B / 3 + LOW_WARM_UP, abs=0.1
    )
    # boot + the kubelet's start and image pull, the longest at worst, + load + warm-up
    assert total.high == pytest.approx(
        70 + 15 + 2 / 0.06 + HIGH_START + QWEN3_8B / 0.5 + HIGH_WARM_UP, abs=0.1
    )


# Way, and what its stages take on c8g.4xlarge with 596 MiB/s for weights and 300 for images: compiled code is
# there, and the controller launches.
WAYS: Mapping[Preparation, Mapping[str, float]] = {
    "pulled": {
        "launch": 3 + 10,
        "together": max(22, 5 + 12.5, QWEN3_4B / 0.62495, (QWEN3_4B + 3.8) / 0.62495),
        "engine load": WITH_CODE + QWEN3_4B / 1.5,
        "warm-up": WARM_UP,
    },
    # Filled from the launch on: 3.8 GB at 0.315 GB/s are there before the node has booted.
    "baked": {
        "launch": 3 + 10,
        "boot": 22 + 5,
        "join": 22,
        "image pull": 0,
        "together": max(22, QWEN3_4B / 0.62495),
        "engine load": WITH_CODE + 1.1 / 0.3146 + QWEN3_4B / 1.5,
    },
    "warm": {
        "launch": 3,
        "boot": 22,
        "join": 13,
        "image pull": 0,
        # Read beside join and the start of the engine, which are longer.
        "weights": QWEN3_4B / 0.62495,
        "together": 13,
        "engine load": WITH_CODE + 1.1 / 0.3146 + QWEN3_4B / 1.5,
        "warm-up": WARM_UP,
    },
}


@pytest.mark.parametrize(("way", "expected"), WAYS.items())
def test_a_way_to_start_takes_what_a_hand_works_out(
    way: Preparation, expected: Mapping[str, float]
) -> None:
    start = cold_start(
        instance_type("c8g.4xlarge"),
        "vllm-cpu",
        model_facts("Qwen/Qwen3-4B-Instruct-2507"),
        weights_mib_per_second=596,
        images_mib_per_second=300,
        precompiled=True,
        prepared=way,
        by_controller=True,
    )
    found = {name: stage.seconds.expected for name, stage in start.stages.items()}
    found["together"] = start.together.seconds.expected
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=0.1)
    parts = (found[name] for name in ("launch", "boot", "together", "engine load", "warm-up"))
    assert start.until_ready.expected == pytest.approx(sum(parts), abs=0.1)


def test_a_large_snapshot_is_waited_for_and_a_network_is_not_beaten_by_one() -> None:
    kind, model = instance_type("p5.4xlarge"), model_facts("openai/gpt-oss-120b")
    start = cold_start(
        kind,
        "vllm-cuda",
        model,
        weights_mib_per_second=None,
        images_mib_per_second=300,
        prepared="baked",
    )
    # 30 GB at 0.315 GB/s, of which 50 + 5 + 8 s pass before the node has booted.
    assert start.image.seconds.expected == pytest.approx(30 / 0.315 - 63, abs=0.1)
    weights = cold_start(
        instance_type("c8g.4xlarge"),
        "vllm-cpu",
        model_facts("Qwen/Qwen3-8B"),
        weights_mib_per_second=596,
        prepared="baked",
        baked_weights=True,
    ).weights
    assert weights.seconds.expected == pytest.approx(QWEN3_8B / 0.315 - 27, abs=0.1)


def test_a_node_with_local_disks_does_not_wait_stopped() -> None:
    with pytest.raises(ValueError, match="loses"):
        cold_start(
            instance_type("c8gd.4xlarge"),
            "vllm-cpu",
            model_facts("Qwen/Qwen3-8B"),
            weights_mib_per_second=None,
            prepared="warm",
        )


# What the stage waits for, and a piece of what is said about it.
@pytest.mark.parametrize(
    ("kind", "model", "stage", "limit"),
    [
        ("c8gd.4xlarge", "Qwen/Qwen3-8B", "weights", "local NVMe write"),
        ("c8g.4xlarge", "Qwen/Qwen3-8B", "weights", "gp3 volume"),
        ("c8gd.12xlarge", "Qwen/Qwen3-8B", "weights", "16 connections to S3"),
        ("inf2.xlarge", "Qwen/Qwen3-8B", "weights", "gp3 volume"),
        ("p5.4xlarge", "openai/gpt-oss-120b", "image pull", "containerd"),
        ("g6e.xlarge", "Qwen/Qwen3-8B", "image pull", "local NVMe write"),
        ("inf2.8xlarge", "Qwen/Qwen3-8B", "warm-up", "compilation"),
        ("c8gd.4xlarge", "Qwen/Qwen3-8B", "boot", "launch and boot"),
    ],
)
def test_a_stage_says_what_limits_it(kind: str, model: str, stage: str, limit: str) -> None:
    found = _start(instance_type(kind), model_facts(model)).stages[stage]
    assert found.limited_by.startswith(limit)
    assert found.sources


def test_volumes_of_their_own_still_share_the_way_to_ebs() -> None:
    kind, model = instance_type("c8g.4xlarge"), model_facts("Qwen/Qwen3-8B")
    start = cold_start(
        kind, "vllm-cpu", model, weights_mib_per_second=596, images_mib_per_second=125
    )
    assert start.stages["image pull"].seconds.expected == pytest.approx(3.8 / 0.131072, abs=0.1)
    assert start.together.seconds.expected == pytest.approx(5 + 28.99, abs=0.1)
    large = model.model_copy(update={"weights_bytes": 60_000_000_000})
    start = cold_start(
        kind, "vllm-cpu", large, weights_mib_per_second=596, images_mib_per_second=125
    )
    assert start.together.seconds.expected == pytest.approx(63.8 / 0.62495, abs=0.1)


@given(kind=TYPES, model=MODELS, mib_per_second=st.integers(125, 2000))
def test_what_is_expected_lies_in_its_range(kind: str, model: str, mib_per_second: int) -> None:
    for figure in _figures(_start(instance_type(kind), model_facts(model), mib_per_second)):
        assert 0 <= figure.low <= figure.expected <= figure.high


@given(kind=TYPES, model=MODELS, factor=st.floats(1, 20))
def test_a_larger_model_never_starts_sooner(kind: str, model: str, factor: float) -> None:
    facts = model_facts(model)
    larger = facts.model_copy(update={"weights_bytes": int(facts.weights_bytes * factor)})
    _assert_no_sooner(_start(instance_type(kind), larger), _start(instance_type(kind), facts))


@given(
    kind=TYPES,
    model=MODELS,
    network=st.floats(1, 10),
    ebs=st.floats(1, 10),
    volumes=st.tuples(st.integers(125, 1000), st.integers(0, 1000)),
)
def test_more_bandwidth_never_delays_a_start(
    kind: str, model: str, network: float, ebs: float, volumes: tuple[int, int]
) -> None:
    slow = instance_type(kind)
    fast = slow.model_copy(
        update={
            "network_baseline_gbps": slow.network_baseline_gbps * network,
            "network_gbps": slow.network_gbps * network,
            "ebs_baseline_mib_per_second": int(slow.ebs_baseline_mib_per_second * ebs),
        }
    )
    facts, (least, more) = model_facts(model), volumes
    _assert_no_sooner(_start(slow, facts, least), _start(fast, facts, least + more))


def _assert_no_sooner(slow: ColdStart, fast: ColdStart) -> None:
    for slower, faster in zip(_figures(slow), _figures(fast), strict=True):
        assert slower.low >= faster.low - 1e-9
        assert slower.expected >= faster.expected - 1e-9
        assert slower.high >= faster.high - 1e-9


# What is saved, and which stages change by it.
@pytest.mark.parametrize(
    ("kind", "model", "saved", "changed"),
    [
        # 10 GB at 0.096 GB/s; at 0.18 the disk is slower, which takes weights and image.
        (
            "p5.4xlarge",
            "openai/gpt-oss-120b",
            5 + 10 / 0.096 - (GPT_OSS_120B + 30) / 1.485,
            {"image pull"},
        ),
        # The image is hidden: weights and unpacked image fill the disk all the while.
        ("c8gd.4xlarge", "Qwen/Qwen3-32B", 0, {"image pull"}),
    ],
)
def test_layers_pulled_side_by_side_shorten_a_start_that_waits_for_its_image(
    kind: str, model: str, saved: float, changed: set[str]
) -> None:
    slow, fast = (
        cold_start(
            instance_type(kind),
            ENGINE_BY_TYPE[kind],
            model_facts(model),
            weights_mib_per_second=None,
            fast_image_pull=fast_image_pull,
        )
        for fast_image_pull in (False, True)
    )
    assert _changed(slow, fast) == changed
    assert slow.total.expected - fast.total.expected == pytest.approx(saved, abs=0.1)


@pytest.mark.parametrize(
    ("kind", "model", "saved"),
    [
        ("inf2.8xlarge", "Qwen/Qwen2.5-7B-Instruct", 30 + 60 * QWEN25_7B),
        ("c8gd.4xlarge", "Qwen/Qwen3-8B", COMPILES + START - WITH_CODE),
        ("p5.4xlarge", "openai/gpt-oss-120b", 38),
    ],
)
def test_artifacts_that_come_compiled_save_the_compilation(
    kind: str, model: str, saved: float
) -> None:
    fresh, compiled = (
        cold_start(
            instance_type(kind),
            ENGINE_BY_TYPE[kind],
            model_facts(model),
            weights_mib_per_second=1000,
            precompiled=precompiled,
        )
        for precompiled in (False, True)
    )
    assert fresh.total.expected - compiled.total.expected == pytest.approx(saved, abs=0.1)
    # At worst Neuron's artifacts hold the weights once more, and are fetched with them.
    heavy = kind.startswith("inf2")
    assert compiled.weights.seconds.high == pytest.approx(
        (2 if heavy else 1) * fresh.weights.seconds.high
    )
    with_code = {"engine load"} if kind.startswith("c8g") else set[str]()
    assert _changed(fresh, compiled) == {"warm-up"} | ({"weights"} if heavy else with_code)


def _changed(one: ColdStart, other: ColdStart) -> set[str]:
    return {name for name, stage in one.stages.items() if stage != other.stages[name]}


@pytest.mark.parametrize(
    ("low", "expected", "high", "met"),
    [
        (60, 90, 120, "always"),
        (60, 120, 121, "expected"),
        (120, 121, 300, "at best"),
        (121, 150, 300, "never"),
    ],
)
def test_the_notice_is_judged_by_all_that_passes_before_a_replica_is_ready(
    low: float, expected: float, high: float, met: str
) -> None:
    start = _start(instance_type("c8gd.4xlarge"), model_facts("Qwen/Qwen3-8B"))
    until_ready = Range(low=low, expected=expected, high=high)
    assert replace(start, until_ready=until_ready).notice_met == met


# Not so for g6 and g6e, whose documented writes are slower than a tuned volume.
@pytest.mark.parametrize(
    "name",
    [
        name
        for name, kind in instance_types().items()
        if kind.local_nvme and kind.family in {"c8gd", "m8gd", "r8gd", "p4d", "p5", "p5e", "p5en"}
    ],
)
def test_local_disks_take_weights_no_slower_than_the_best_volume(name: str) -> None:
    kind, model = instance_type(name), model_facts("Qwen/Qwen3-8B")
    without = kind.model_copy(update={"local_nvme": None})
    local, volume = _start(kind, model), _start(without, model)
    assert local.weights.seconds.expected <= volume.weights.seconds.expected


def test_the_loader_opens_as_many_connections_as_are_counted_on(root: Path) -> None:
    text = (root / "userdata" / "model-loader").read_text(encoding="utf-8")
    assert set(re.findall(r"LOADER_CONNECTIONS:-(\d+)", text)) == {str(LOADER_CONNECTIONS)}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_kubernetes_and_the_autoscaler_wait_as_long_as_the_plan_says(
    stack: str,
    stack_files: Mapping[str, StackFile],
    plan_of: Callable[[Mapping[str, object]], Plan],
    recording_of: Callable[[Mapping[str, Any], Mode], Recording],
) -> None:
    keys = stack_files[stack].keys
    plan = plan_of(keys)
    files = {
        name: yaml.safe_load(text)
        for name, text in machine_files(plan, recording_of(keys, "deployment"))
        if name.endswith(".yaml")
    }
    for model in plan.models:
        deployment = files[f"manifests/deployment-vllm-{model.name}.yaml"]["spec"]
        (engine,) = deployment["template"]["spec"]["containers"]
        probe = engine["startupProbe"]
        waits = probe["failureThreshold"] * probe["periodSeconds"]
        assert 0 <= waits - model.deadlines.start_seconds < probe["periodSeconds"]
        assert deployment["progressDeadlineSeconds"] == model.deadlines.rollout_seconds
    arguments = files["helm-values/cluster-autoscaler.yaml"]["extraArgs"]
    most = max(model.deadlines.provision_seconds for model in plan.models)
    assert arguments["max-node-provision-time"] == f"{most}s"
    assert arguments["expander"] == "priority,least-waste"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_deadline_ends_a_start_that_a_type_of_the_pool_may_need(
    stack: str,
    stack_files: Mapping[str, StackFile],
    plan_of: Callable[[Mapping[str, object]], Plan],
) -> None:
    plan = plan_of(stack_files[stack].keys)
    pools = {pool.name: pool for pool in plan.pools}
    for model in plan.models:
        pool = pools[model.pool]
        starts = cold_starts(
            pool.disks,
            pool.engine,
            model_facts(model.hugging_face_id),
            precompiled=True,
            by_controller=True,
        )
        assert {start.instance_type for start in starts} == set(pool.instance_types)
        assert model.cold_start in starts
        for start in starts:
            assert model.cold_start.total.expected >= start.total.expected
            engine = start.load.seconds.high + start.warm_up.seconds.high
            node = start.boot.seconds.high + start.join.seconds.high
            assert model.deadlines.start_seconds > engine
            assert model.deadlines.provision_seconds > node
            assert model.deadlines.rollout_seconds > math.ceil(node + start.until_ready.high)
