"""Layers of a model that draft the next tokens (MTP): how many the engine makes of a configuration."""

from collections.abc import Mapping
from typing import cast

from tokenfleet.catalogue.architecture.keys import Keys

_NEXT, _MTP = "num_nextn_predict_layers", "mtp_num_hidden_layers"
# vllm/config/speculative.py, hf_config_override: what it makes n_predict of.
_KEY_BY_TYPE: Mapping[str, str] = {
    **dict.fromkeys(("deepseek_v3", "deepseek_v32", "glm_moe_dsa", "deepseek_v4"), _NEXT),
    **dict.fromkeys(("glm4_moe", "ernie4_5_moe", "nemotron_h", "qwen3_next"), _NEXT),
    "exaone4_5_text": _NEXT,
    **dict.fromkeys(("qwen3_5", "qwen3_5_text", "qwen3_5_moe", "qwen3_5_moe_text"), _MTP),
}
_ALWAYS_ONE = frozenset({"mimo_v2_flash"})


def draft_layers(config: Mapping[str, object], model_type: str) -> int:
    """How many layers draft; 0 where there are none, or the engine would not look for them.

    Raises:
        ShapeError: the key that says so holds no number.
    """
    if model_type in _ALWAYS_ONE:
        return 1
    if model_type not in _KEY_BY_TYPE:
        return 0
    text = config.get("text_config")
    inner = cast("Mapping[str, object]", text if isinstance(text, Mapping) else config)
    return Keys({**config, **inner}).number(_KEY_BY_TYPE[model_type], default=0)
