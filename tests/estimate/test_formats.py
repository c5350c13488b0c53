"""Weights are multiplied in the units that their format has, where the hardware has them, too."""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.estimate.servers import a_model, a_replica
from tokenfleet.catalogue.checkpoint.format import WeightsDtype
from tokenfleet.catalogue.machines.accelerators import accelerators
from tokenfleet.catalogue.machines.efficiencies import Efficiencies, efficiencies
from tokenfleet.catalogue.machines.hardware import Peaks, hardware_by_name
from tokenfleet.estimate.replica import Replica, reachable_flops
from tokenfleet.estimate.step.arithmetic import computing

_ALL: Mapping[str, Peaks] = {
    **hardware_by_name(),
    **{name: gpu.peaks for name, gpu in accelerators().items()},
}
_KINDS = {"graviton3": "cpu", "graviton4": "cpu", "inferentia2": "neuron"}

_AMPERE = {"a100", "a100-80gb", "a10g", "A100", "A100 80GB SXM", "A100 80GB PCIe", "A30", "A10G"}
_ADA = {"l4", "l40s", "L4", "L40S"}
_HOPPER = {"h100", "h200", "H100", "H100 NVL", "H100 PCIe", "H200"}
_BLACKWELL = {"b200", "b300", "rtx-pro-6000", "B200", "B300", "GB200", "GB300"} | {
    "RTX PRO Server 6000"
}
_ARM = {"graviton3", "graviton4"}
_EVERYWHERE = frozenset(_ALL)
_NO_INT8 = {"inferentia2", "b300", "B300", "GB300"}
# Format, its units, and what has them: everything else unpacks it and multiplies in 16 bits.
_UNITS: list[tuple[WeightsDtype, str, frozenset[str]]] = [
    ("bfloat16", "bfloat16", _EVERYWHERE),
    ("float16", "bfloat16", _EVERYWHERE),
    ("fp8", "fp8", frozenset(_ADA | _HOPPER | _BLACKWELL)),
    ("mxfp8", "mxfp8", frozenset(_BLACKWELL)),
    ("nvfp4", "nvfp4", frozenset(_BLACKWELL)),
    ("int8_channel", "int8", frozenset(_AMPERE | _ADA | _HOPPER | _BLACKWELL | _ARM) - _NO_INT8),
    ("fp8_a16", "none", frozenset()),
    ("nvfp4_a16", "none", frozenset()),
    ("mxfp4", "none", frozenset()),
    ("int8", "none", frozenset()),
    ("int4", "none", frozenset()),
]
_HARDWARE = st.sampled_from(sorted(_ALL))


def _found(name: str) -> Efficiencies:
    return efficiencies()[_KINDS.get(name, "gpu")]


def _seconds(name: str, dtype: WeightsDtype, *, mixture: bool = False) -> float:
    """What multiplying a token by one parameter takes, of a model too large for its head to count."""
    parameters = 8e9
    model = a_model(parameters, active=parameters / 4 if mixture else None, dtype=dtype)
    return computing(model, _replica(name), _found(name)).token / model.active_parameters


def _replica(name: str) -> Replica:
    peaks = _ALL[name]
    server = a_replica(a_model(8e9))
    return replace(
        server, flops_by_dtype=reachable_flops(peaks, 1), grouped_share=peaks.grouped_share
    )


def test_every_format_of_the_catalogue_has_its_row() -> None:
    assert sorted(dtype for dtype, _, _ in _UNITS) == sorted(get_args(WeightsDtype))


@pytest.mark.parametrize(("dtype", "units", "where"), _UNITS)
@pytest.mark.parametrize("name", sorted(_ALL))
def test_a_format_is_multiplied_in_its_units_or_unpacked(
    name: str, dtype: WeightsDtype, units: str, where: frozenset[str]
) -> None:
    """A multiplication and an addition at what the units reach, and the work of unpacking."""
    found, peaks = _found(name), _ALL[name]
    reached = peaks.reachable_flops(units if name in where else "bfloat16")
    work = 1.0 if name in where else found.unpacking_work
    assert _seconds(name, dtype) == pytest.approx(2 * work / (found.compute * reached))


@given(name=_HARDWARE, mixture=st.booleans())
def test_activations_in_8_bits_are_never_slower_than_16_where_there_are_units(
    name: str, *, mixture: bool
) -> None:
    units: Mapping[WeightsDtype, str]
    units = {"int8_channel": "int8", "fp8": "fp8", "mxfp8": "mxfp8"}
    for dtype, unit in units.items():
        if unit in _ALL[name].tflops_by_dtype:
            assert _seconds(name, dtype, mixture=mixture) <= _seconds(
                name, "bfloat16", mixture=mixture
            )


@given(
    name=_HARDWARE,
    dtype=st.sampled_from([dtype for dtype, units, _ in _UNITS if units == "none"]),
    mixture=st.booleans(),
)
def test_few_bits_of_the_weights_alone_compute_no_faster(
    name: str, dtype: WeightsDtype, *, mixture: bool
) -> None:
    assert _seconds(name, dtype, mixture=mixture) >= _seconds(name, "bfloat16", mixture=mixture)
