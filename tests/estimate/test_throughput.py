"""What a server serves: bounded by physics, monotone, and labelled where nobody measured."""

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.estimate.servers import SHAPES, a_model, a_replica, saturations
from tokenfleet.catalogue.machines.efficiencies import efficiencies
from tokenfleet.catalogue.machines.hardware import hardware_by_name
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.catalogue.models.facts import model_facts
from tokenfleet.estimate.load.carried import StepLimits, limited
from tokenfleet.estimate.load.served import at_load
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.replica import Replica
from tokenfleet.estimate.scheduler.finite_run import finite_run
from tokenfleet.estimate.served_model import ServedModel
from tokenfleet.estimate.throughput import Saturation, saturation
from tokenfleet.estimate.traffic import Arrivals, RequestShape
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.server import server_on
from tokenfleet.plan.serving.memory import MemoryUse

GROWTH = st.floats(1, 4)
SHAPE = RequestShape(input_tokens=512, output_tokens=256)


def _batch(sequences: int) -> BatchPlan:
    return BatchPlan(
        sequences=sequences, sequences_reason="", prompt_tokens=2048, prompt_tokens_reason=""
    )


def product_saturation(model: str, kind: str, hardware: str, shape: RequestShape) -> Saturation:
    """The estimate as a plan asks for it."""
    use, row = MemoryUse(context_length=8192), hardware_by_name()[hardware]
    server = server_on(model_facts(model), use, row, instance_type(kind))
    replica = server.replica(_batch(server.engine.max_sequences), prefix_cache=True)
    return saturation(server.model(model), replica, shape)


@given(most=saturations())
def test_theta_stays_below_what_memory_and_compute_allow(most: Saturation) -> None:
    step, shape = most.step, most.shape
    kv = step.kv_byte * step.model.kv_bytes(shape.mean_context)
    prompt = step.prefill(shape.uncached_input_tokens, shape.cached_input_tokens)
    assert most.theta.p50 <= 1 / (step.token + kv + prompt / shape.output_tokens)
    assert most.theta.p10 < most.theta.p50 < most.theta.p90
    assert most.concurrency >= 1
    assert most.input_weight >= 0


@given(most=saturations(), rate=st.floats(1e-3, 1e3), more=GROWTH)
def test_more_load_never_means_fewer_tokens_or_shorter_waits(
    most: Saturation, rate: float, more: float
) -> None:
    now, then = at_load(most, rate), at_load(most, rate * more)
    assert then.output_tokens_per_second.p50 >= now.output_tokens_per_second.p50
    assert then.utilisation.p50 >= now.utilisation.p50
    assert then.queue_grows or not now.queue_grows
    if now.itl and then.itl and now.ttft and then.ttft:
        assert then.itl.p50 >= now.itl.p50 * (1 - 1e-9)
        assert then.ttft.p50 >= now.ttft.p50 * (1 - 1e-9)


@pytest.mark.parametrize("part", ["bandwidth", "compute", "kv_bytes"])
@given(shape=SHAPES, more=GROWTH, gpu=st.sampled_from(["H100", "A100 80GB", "B200"]))
def test_more_hardware_never_serves_less(
    part: str, shape: RequestShape, more: float, gpu: str
) -> None:
    model = a_model()
    before = a_replica(model, gpu)
    faster = {dtype: flops * more for dtype, flops in before.flops_by_dtype.items()}
    after: Replica = dataclasses.replace(
        before,
        bandwidth=before.bandwidth * (more if part == "bandwidth" else 1),
        kv_bytes=before.kv_bytes * (more if part == "kv_bytes" else 1),
        flops_by_dtype=faster if part == "compute" else before.flops_by_dtype,
    )
    old, new = saturation(model, before, shape), saturation(model, after, shape)
    assert new.theta.p50 >= old.theta.p50 * (1 - 1e-9)
    rate = 0.1 * old.theta.p50 / shape.output_tokens
    old_gap, new_gap = at_load(old, rate).itl, at_load(new, rate).itl
    assert old_gap
    assert new_gap
    assert new_gap.p50 <= old_gap.p50 * (1 + 1e-9)


@given(shape=SHAPES, share=st.floats(0, 1))
def test_a_prefix_cache_hit_never_costs_throughput(shape: RequestShape, share: float) -> None:
    model = a_model()
    replica = a_replica(model)
    hit = dataclasses.replace(shape, cached_share=max(share, shape.cached_share))
    before, after = saturation(model, replica, shape), saturation(model, replica, hit)
    assert after.theta.p50 >= before.theta.p50 * (1 - 1e-9)


def test_a_request_that_does_not_fit_is_refused_with_the_way_out() -> None:
    model = a_model()
    shape = RequestShape(input_tokens=9_000_000, output_tokens=1)
    with pytest.raises(CostError, match=r"lengths: .*does not fit the KV cache.*shorter"):
        saturation(model, a_replica(model), shape)


@pytest.mark.parametrize(
    ("lengths", "place"),
    [
        ((1, 0.5, 0.0), "output tokens"),
        ((-1, 1, 0.0), "input tokens"),
        ((1, 1, 1.5), "cached share"),
        ((float("nan"), 1, 0.0), "input tokens"),
        ((1, 1e99, 0.0), "output tokens"),
    ],
)
def test_lengths_that_no_request_has_are_refused(
    lengths: tuple[float, float, float], place: str
) -> None:
    with pytest.raises(CostError) as refused:
        RequestShape(input_tokens=lengths[0], output_tokens=lengths[1], cached_share=lengths[2])
    assert refused.value.place == place


@pytest.mark.parametrize(("rate", "burstiness"), [(0, 1), (-1, 1), (1e9, 1), (1, 0), (1, -1)])
def test_arrivals_that_nobody_sends_are_refused(rate: float, burstiness: float) -> None:
    with pytest.raises(CostError):
        Arrivals(requests_per_second=rate, burstiness=burstiness)


# What is known of vLLM there is relative: the label and the range must say so.
@pytest.mark.parametrize(
    ("model", "kind", "hardware"),
    [
        ("Qwen/Qwen3-8B", "c8gd.8xlarge", "graviton4"),
        ("Qwen/Qwen3-8B", "r8g.48xlarge", "graviton4"),
        ("Qwen/Qwen3-8B", "c7g.16xlarge", "graviton3"),
    ],
)
def test_hardware_without_absolute_figures_is_unverified_and_wide(
    model: str, kind: str, hardware: str
) -> None:
    found = product_saturation(
        model, kind, hardware, RequestShape(input_tokens=800, output_tokens=250)
    )
    measured = product_saturation(
        model, "g6.xlarge", "l4", RequestShape(input_tokens=80, output_tokens=25)
    )
    assert found.basis == "unverified"
    assert measured.basis == "estimated"
    assert found.theta.width > 1.2 * measured.theta.width
    # Reading the weights once is the least a step takes.
    row = hardware_by_name()[hardware]
    bandwidth = row.bandwidth_gb_per_second(instance_type(kind).vcpus) * 1e9
    assert found.step.decode(1, 0) > model_facts(model).text_bytes / bandwidth


def test_what_was_measured_with_another_build_says_so() -> None:
    shape = RequestShape(input_tokens=800, output_tokens=250)
    found = product_saturation("Qwen/Qwen2.5-7B-Instruct", "inf2.8xlarge", "inferentia2", shape)
    assert found.basis == "estimated"
    assert "measured with another build of vLLM than the pinned one" in found.notes


@pytest.mark.parametrize(
    ("gpu", "count", "said"),
    [
        ("A100 80GB PCIe", 1, ()),
        ("H100 NVL", 2, ()),
        ("H100 NVL", 4, ("scaled from at most 2 GPUs",)),
        ("L4", 1, ("L4 is scaled from A100 80GB PCIe and H100 NVL",)),
    ],
)
def test_where_nobody_measured_the_range_is_wider_and_says_why(
    gpu: str, count: int, said: tuple[str, ...]
) -> None:
    model = a_model(dtype="fp8")
    found = saturation(model, a_replica(model, gpu, count), SHAPE)
    assert found.notes == said
    assert (found.spread.theta > efficiencies()["gpu"].spread.theta) == bool(said)


# Figures that other people measured and that had no part in the fit. Closed loop: so many
# requests are always in flight. llama.cpp for the last, which reads the same bytes.
@pytest.mark.parametrize(
    ("measured", "rate", "within"),
    [
        pytest.param(
            740,  # vllm-project/vllm#23151, Qwen3-30B-A3B in bfloat16 on one H100
            lambda: _on_h100("Qwen/Qwen3-30B-A3B-Instruct-2507", 2048, 1024, 10),
            0.25,
            id="Qwen3-30B-A3B, H100, 10 in flight",
        ),
        pytest.param(
            5777,  # Red Hat, MLPerf Inference 5.1: Llama 3.1 8B FP8, vLLM tuned, CNN/DailyMail
            lambda: _flat_out(a_model(dtype="fp8"), "H100", 778, 73),
            0.30,
            id="Llama 3.1 8B FP8, H100, offline",
        ),
        pytest.param(
            2906,  # pChitral/vllm-cost-meter, the run that facts about "120 tok/s" leave out
            lambda: _flat_out(a_model(dtype="float16"), "A100 80GB PCIe", 512, 256),
            0.10,
            id="Llama 3.1 8B, A100, flat out",
        ),
        pytest.param(
            5.7,  # SpareCores/sc-inspector-data: Llama 3.3 70B in 4 bits on c8g.16xlarge
            lambda: 1 / _cpu_step(70.6e9, "c8g.16xlarge"),
            0.35,
            id="Llama 3 70B in 4 bits, Graviton4, one stream",
        ),
    ],
)
def test_figures_measured_elsewhere_are_met(
    measured: float, rate: Callable[[], float], within: float
) -> None:
    assert rate() == pytest.approx(measured, rel=within)


def _on_h100(model: str, read: int, written: int, running: int) -> float:
    shape = RequestShape(input_tokens=read, output_tokens=written)
    return product_saturation(model, "p5.4xlarge", "h100", shape).step.rate(running, shape)


def _flat_out(model: ServedModel, gpu: str, read: float, written: float) -> float:
    shape = RequestShape(input_tokens=read, output_tokens=written)
    return saturation(model, a_replica(model, gpu), shape).theta.p50


def _cpu_step(parameters: float, kind: str) -> float:
    server = server_on(
        model_facts("Qwen/Qwen3-8B"),
        MemoryUse(context_length=4096),
        hardware_by_name()["graviton4"],
        instance_type(kind),
    )
    replica = server.replica(_batch(64), prefix_cache=True)
    model = a_model(parameters, dtype="int4", kv_bytes=327680)
    return saturation(model, replica, SHAPE).step.decode(1, 100)


@settings(max_examples=25)
@given(most=saturations(), load=st.floats(0.05, 3), requests=st.integers(1, 300))
def test_a_run_completes_no_more_than_was_sent_and_than_the_server_can(
    most: Saturation, load: float, requests: int
) -> None:
    # More a second than that is refused.
    rate = min(1e5, load * most.theta.p50 / most.shape.output_tokens)
    run = finite_run(
        most.step,
        most.shape,
        Arrivals(requests_per_second=rate),
        requests=requests,
        concurrency=most.concurrency,
        batched_tokens=most.batched_tokens,
    )
    assert run.requests_per_second <= rate * (1 + 1e-9)
    least = most.step.decode(1, 0)
    assert run.seconds >= (round(most.shape.output_tokens) - 1) * least * (1 - 1e-9)
    assert run.ttft > 0


@pytest.mark.parametrize("load", [0.3, 3.0])
def test_a_long_run_measures_steady_state(most: Saturation, load: float) -> None:
    rate = load * most.theta.p50 / most.shape.output_tokens
    run = finite_run(
        most.step,
        most.shape,
        Arrivals(requests_per_second=rate),
        requests=5000,
        concurrency=most.concurrency,
        batched_tokens=most.batched_tokens,
    )
    steady = at_load(most, rate).output_tokens_per_second.p50
    assert run.output_tokens_per_second == pytest.approx(steady, rel=0.06)


# Steps so small that the prompts of all that fit do not fit into them.
@pytest.mark.parametrize(
    ("read", "written", "tokens"),
    [(800, 250, 512), (800, 250, 256), (4000, 100, 512), (4000, 100, 2048), (7000, 200, 512)],
)
def test_a_full_engine_of_small_steps_writes_no_more_than_they_have_room_for(
    read: int, written: int, tokens: int
) -> None:
    model = a_model()
    shape = RequestShape(input_tokens=read, output_tokens=written)
    every = saturation(model, a_replica(model), shape)
    most = limited(every, StepLimits(tokens=tokens, sequences=every.concurrency))
    assert most.theta.p50 < 0.95 * every.theta.p50
    run = finite_run(
        most.step,
        shape,
        Arrivals(requests_per_second=1.5 * most.theta.p50 / written),
        requests=3000,
        concurrency=most.concurrency,
        batched_tokens=tokens,
    )
    assert run.output_tokens_per_second == pytest.approx(most.theta.p50, rel=0.08)


def test_a_prompt_that_is_all_found_in_the_cache_still_has_its_price() -> None:
    model = a_model()
    weights = [
        saturation(
            model,
            a_replica(model),
            RequestShape(input_tokens=2000, output_tokens=200, cached_share=share),
        ).input_weight
        for share in (0.99, 1.0)
    ]
    assert weights[1] == pytest.approx(weights[0], rel=0.2)


def test_a_short_run_measures_less_than_steady_state_by_its_last_request(most: Saturation) -> None:
    rate = 0.2 * most.theta.p50 / most.shape.output_tokens
    run = finite_run(
        most.step,
        most.shape,
        Arrivals(requests_per_second=rate),
        requests=500,
        concurrency=most.concurrency,
        batched_tokens=most.batched_tokens,
    )
    latency = run.ttft + run.tpot * (most.shape.output_tokens - 1)
    assert run.requests_per_second == pytest.approx(500 / (500 / rate + latency), rel=0.01)


def test_every_kind_of_accelerator_says_where_its_figures_are_from() -> None:
    found = efficiencies()
    assert set(found) == {"gpu", "cpu", "neuron"}
    for row in found.values():
        assert row.source
        assert row.errors_by_left_out
