"""How many prompt tokens one step of the engine takes, so that running requests do not stall."""

from tokenfleet.catalogue.efficiencies import efficiencies
from tokenfleet.catalogue.hardware import Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.catalogue.models import ModelFacts

# Below it, reading the weights once a step costs more than it saves.
_FEWEST = 256
# vLLM's own default by memory of a device (vllm 0.32, EngineArgs.get_batch_defaults), GiB.
_MOST_BY_GIB = ((150, 16384), (65, 8192), (0, 2048))


def prefill_chunk(
    model: ModelFacts,
    hardware: Hardware,
    kind: InstanceType,
    *,
    ranks: int,
    decoded: int,
    itl_ms: float,
) -> tuple[int, str]:
    """``--max-num-batched-tokens`` and why.

    A step that takes in n prompt tokens lasts about W / bandwidth + 2 P n / compute (W bytes of
    active weights, P active parameters; a roofline at the catalogue's efficiencies). The largest
    power of two whose step is below the objective for inter-token latency, between 256 and
    vLLM's default, and no less than the ``decoded`` tokens of the sequences in the same step.
    """
    found = efficiencies()["gpu" if kind.accelerator else "cpu"]
    lanes = ranks if kind.accelerator else kind.vcpus
    bandwidth = found.bandwidth * hardware.bandwidth_gb_per_second(lanes) * 1e9
    dtype = model.weights_dtype if model.weights_dtype in hardware.tflops_by_dtype else "bfloat16"
    compute = found.compute * hardware.reachable_flops(dtype) * lanes
    active = model.active_parameters / model.text_parameters
    reading = model.text_bytes * active / bandwidth
    each = 2 * model.active_parameters / compute
    most = most_batched_tokens(kind)
    fewest = max(_FEWEST, 1 << (decoded - 1).bit_length())
    tokens = most
    while tokens > fewest and 1000 * (reading + tokens * each) > itl_ms:
        tokens //= 2
    milliseconds = 1000 * (reading + tokens * each)
    basis = f"{found.basis} efficiencies"
    if milliseconds > itl_ms:
        return tokens, (
            f"the fewest that pay; such a step takes about {milliseconds:,.0f} ms, above itlP99Ms"
            f" {itl_ms:g} (roofline, {basis})"
        )
    return tokens, (
        f"a step takes about {milliseconds:,.0f} ms, within itlP99Ms {itl_ms:g} (roofline, {basis})"
    )


def most_batched_tokens(kind: InstanceType) -> int:
    """The default of vLLM, which the plan never exceeds."""
    if kind.accelerator is None:
        return 2048
    if kind.accelerator.name == "A100":
        return _MOST_BY_GIB[-1][1]
    gib = kind.accelerator.memory_gib_per_rank
    return next(tokens for least, tokens in _MOST_BY_GIB if gib >= least)
