"""A format is read with what its activations are in: that decides in what it is multiplied."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tokenfleet.catalogue.checkpoint.format import WeightsDtype
from tokenfleet.catalogue.checkpoint.read import checkpoint_format
from tokenfleet.catalogue.machines.hardware import hardware_by_name
from tokenfleet.catalogue.models.facts import known_models

_GROUP = {"strategy": "group", "group_size": 128}
_FP4 = {"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16}
_MX = {"type": "float", "strategy": "group", "group_size": 32, "scale_dtype": "torch.uint8"}
_TOKEN = {"strategy": "token", "dynamic": True}


def _int(bits: int, **more: object) -> Mapping[str, object]:
    return {"num_bits": bits, "type": "int", "strategy": "channel", **more}


def _compressed(
    weights: Mapping[str, object], activations: Mapping[str, object] | None
) -> Mapping[str, object]:
    group = {"weights": weights, "input_activations": activations}
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": group}}


def _float(bits: int, **more: object) -> Mapping[str, object]:
    return {"num_bits": bits, "type": "float", "strategy": "channel", **more}


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        pytest.param(_compressed(_int(8), _int(8, **_TOKEN)), "int8_channel", id="w8a8"),
        pytest.param(_compressed(_int(8), None), "int8", id="w8a16 by channel"),
        pytest.param(_compressed(_int(8, **_GROUP), None), "int8", id="w8a16 by group"),
        pytest.param(_compressed(_int(4, **_GROUP), None), "int4", id="w4a16"),
        pytest.param(_compressed(_int(4, **_GROUP), _int(8, **_TOKEN)), "int4", id="w4a8"),
        pytest.param(_compressed(_float(8), _float(8, **_TOKEN)), "fp8", id="fp8 w8a8"),
        pytest.param(_compressed(_float(8), None), "fp8_a16", id="fp8 w8a16"),
        pytest.param(_compressed({"num_bits": 8, **_MX}, None), "mxfp8", id="mxfp8"),
        pytest.param(_compressed({"num_bits": 4, **_MX}, None), "mxfp4", id="mxfp4"),
        pytest.param(_compressed(_FP4, _FP4), "nvfp4", id="nvfp4 w4a4"),
        pytest.param(_compressed(_FP4, None), "nvfp4_a16", id="nvfp4 w4a16"),
        pytest.param(
            {"quant_method": "modelopt", "quant_algo": "W4A16_NVFP4"},
            "nvfp4_a16",
            id="modelopt w4a16",
        ),
        pytest.param({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4", id="modelopt"),
        pytest.param({"quant_method": "gptq", "bits": 8}, "int8", id="gptq of 8 bits"),
        pytest.param({"quant_method": "gptq", "bits": 4}, "int4", id="gptq of 4 bits"),
        pytest.param({"quant_method": "awq", "bits": 4}, "int4", id="awq"),
        pytest.param({"quant_method": "fbgemm_fp8"}, "fp8", id="fbgemm"),
    ],
)
def test_weights_alone_are_told_from_weights_and_activations(
    given: Mapping[str, object], dtype: WeightsDtype, tmp_path: Path
) -> None:
    assert checkpoint_format({"quantization_config": given}, tmp_path).dtype == dtype


@pytest.mark.parametrize(
    ("dtype", "refused"), [("int8", True), ("fp8_a16", True), ("int8_channel", False)]
)
def test_cpus_run_8_bits_only_with_activations_of_8_bits(
    dtype: WeightsDtype, *, refused: bool
) -> None:
    facts = known_models()["Qwen/Qwen3-8B"].model_copy(update={"weights_dtype": dtype})
    found = hardware_by_name()["graviton4"].refusal(facts)
    assert found == (f"does not run {dtype} weights" if refused else None)
