"""Which hardware serves a model is what the pinned engine has kernels for."""

import json
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.catalogue.machines.hardware import hardware_by_name
from tokenfleet.catalogue.models.config_json import facts_from_config
from tokenfleet.catalogue.models.facts import ModelFacts, known_models

_CONFIGS = Path(__file__).parent / "configs"
_CPUS = {"graviton3", "graviton4"}
_BEFORE_HOPPER = {"a100", "a100-80gb", "a10g", "l4", "l40s"}
_BLACKWELL = {"b200", "b300", "rtx-pro-6000"}
_INT8: dict[str, Any] = {
    "quant_method": "compressed-tensors",
    "config_groups": {
        "all": {
            "weights": {"num_bits": 8, "type": "int", "strategy": "channel"},
            "input_activations": {"num_bits": 8, "type": "int"},
        }
    },
}


def _without(facts: ModelFacts) -> set[str]:
    """Hardware other than Inferentia2, whose engine has a list of models, that does not serve it."""
    rows = hardware_by_name()
    return {name for name in rows if name != "inferentia2" and rows[name].refusal(facts)}


@pytest.mark.parametrize(
    ("name", "where_not"),
    [
        ("deepseek-ai/DeepSeek-V3.2", _CPUS | _BEFORE_HOPPER),
        ("zai-org/GLM-5-FP8", _CPUS | _BEFORE_HOPPER),
        ("deepseek-ai/DeepSeek-V4-Flash", _CPUS | _BEFORE_HOPPER),
        # Latent attention to all tokens has a kernel for any GPU; its weights have none on CPUs.
        ("deepseek-ai/DeepSeek-R1", _CPUS),
        ("transformers--kimi_linear", _CPUS),
        ("Qwen/Qwen3-Next-80B-A3B-Instruct", set[str]()),
        ("ibm-granite/granite-4.0-h-tiny", set[str]()),
    ],
)
def test_attention_to_chosen_tokens_needs_hopper(name: str, where_not: set[str]) -> None:
    known = known_models().get(name)
    facts = known or facts_from_config(_CONFIGS / name / "config.json")
    assert _without(facts) == where_not


@pytest.mark.parametrize("kind", ["deepseek_v32", "glm_moe_dsa", "deepseek_v4", "minimax_m3_vl"])
def test_the_refusal_names_the_attention(kind: str) -> None:
    facts = known_models()["Qwen/Qwen3-8B"].model_copy(update={"model_type": kind})
    assert hardware_by_name()["graviton4"].refusal(facts) == (
        f"has no kernel for the attention of {kind} models"
    )


def test_activations_of_8_bit_integers_end_before_blackwell(tmp_path: Path) -> None:
    config = json.loads((_CONFIGS / "Qwen--Qwen3-8B" / "config.json").read_text(encoding="utf-8"))
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**config, "quantization_config": _INT8}), encoding="utf-8")
    assert _without(facts_from_config(path)) == _BLACKWELL
