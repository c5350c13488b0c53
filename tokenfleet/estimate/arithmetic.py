"""How long computing a token takes."""

from collections.abc import Mapping

from tokenfleet.catalogue.efficiencies import Efficiencies

# A dense model is one whose tokens visit every parameter.
_DENSE = 0.99
# How much of a dense layer's loss by unpacking weights the experts' kernel has, as an exponent: an
# assumption between all of it and the none that Qwen3-235B-A22B shows on A100 in FP8 against BF16
# (GPUStack performance lab, vLLM 0.11).
_GROUPED_UNPACKING = 0.5
_SIXTEEN_BIT = frozenset({"bfloat16", "float16"})


def token_seconds(
    found: Efficiencies,
    active_parameters: float,
    active_share: float,
    dtype: str,
    *,
    flops_by_dtype: Mapping[str, float],
    grouped_share: float | None,
    ranks: int,
) -> float:
    """Computing one token: two operations for a parameter, a multiplication and an addition.

    ``flops_by_dtype`` is what a large multiplication reaches on all ranks. The experts of a mixture
    have a kernel of their own, at ``grouped_share`` of that.
    """
    of_ranks = found.rank_share ** (ranks - 1)
    peak = flops_by_dtype.get(dtype, flops_by_dtype["bfloat16"])
    is_native = dtype in flops_by_dtype or dtype in _SIXTEEN_BIT
    unpacking = 1.0 if is_native else found.unpacking_work
    if active_share < _DENSE:
        speed = (grouped_share or found.compute) * of_ranks
        work = found.mixture_work * unpacking**_GROUPED_UNPACKING
    else:
        speed, work = found.compute * of_ranks, unpacking
    return 2 * active_parameters * work / (speed * peak)
