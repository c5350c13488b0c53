"""How long computing a token takes."""

from dataclasses import dataclass

from tokenfleet.catalogue.checkpoint.format import UNITS_BY_DTYPE
from tokenfleet.catalogue.machines.efficiencies import Efficiencies
from tokenfleet.estimate.replica import Replica
from tokenfleet.estimate.served_model import ServedModel

# How much of a dense layer's loss by unpacking weights the experts' kernel has, as an exponent: an
# assumption between all of it and the none that Qwen3-235B-A22B shows on A100 in FP8 against BF16
# (GPUStack performance lab, vLLM 0.11).
_GROUPED_UNPACKING = 0.5


@dataclass(frozen=True, kw_only=True)
class Computing:
    """Seconds, all ranks together: of a token's layers, of its head, and of attending to a byte of cache.

    ``unpacking`` all weights once is for a whole step.
    """

    token: float
    head: float
    attention_byte: float
    unpacking: float


def computing(model: ServedModel, replica: Replica, found: Efficiencies) -> Computing:
    """Two operations for a parameter, a multiplication and an addition.

    The experts of a mixture have a kernel of their own, at ``grouped_share`` of a large
    multiplication's speed; ranks divide an expert's width, and narrow slices take longer: w / (w + ``half_width``).
    Weights alone, and those in a format that the device has no units for, are unpacked, which takes a
    CPU ``unpacking_operations`` for each, and multiplied in 16 bits.
    """
    flops = replica.flops_by_dtype
    units = UNITS_BY_DTYPE.get(model.weights_dtype, "")
    is_native = units in flops
    peak = flops[units if is_native else "bfloat16"]
    work = 1.0 if is_native else found.unpacking_work
    speed = found.compute
    if model.is_mixture:
        width = model.expert_width / replica.ranks
        narrow = width / (width + found.half_width)
        speed = (replica.grouped_share or found.compute) * narrow
        work = found.mixture_work * work**_GROUPED_UNPACKING
    sinks = found.sink_work if model.has_sinks and not replica.sink_kernel else 1.0
    return Computing(
        token=2 * (model.active_parameters - model.head_parameters) * work / (speed * peak),
        head=2 * model.head_parameters / (found.compute * flops["bfloat16"]),
        attention_byte=(
            model.query_heads_per_kv_head * sinks / (found.attention * flops["bfloat16"])
        ),
        unpacking=0.0
        if is_native
        else model.total_parameters * found.unpacking_operations / flops["bfloat16"],
    )
