"""How many parameters towers have, with what joins them to the model, by ``model_type`` of the whole."""

from collections.abc import Callable, Mapping
from typing import cast

from tokenfleet.catalogue.architecture.defaults import audio_defaults, vision_defaults
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.parameters import NONE, Parameters, idle
from tokenfleet.catalogue.architecture.towers import hearing, others, qwen, siglip

Tower = Callable[[Keys, Keys], int]

TOWERS: Mapping[str, Tower] = {
    "cohere2_vision": siglip.cohere2,
    "exaone4_5": qwen.exaone,
    "gemma3": siglip.gemma3,
    "gemma4": others.gemma4,
    "glm4v": others.glm,
    "glm4v_moe": others.glm,
    "glm_ocr": others.glm_ocr,
    "idefics3": siglip.idefics3,
    "internvl": siglip.internvl,
    "internvl_chat": siglip.internvl_chat,
    "kimi_k25": others.kimi_k25,
    "kimi_k3": others.kimi_k3,
    "lfm2_vl": siglip.lfm2,
    "llama4": others.llama4,
    "llava": siglip.llava,
    "llava_next": siglip.llava,
    "llava_onevision": siglip.llava,
    "minicpmv4_6": siglip.minicpmv,
    "minicpmv4_7": siglip.minicpmv,
    "minimax_m3_vl": others.minimax_m3,
    "mistral3": others.pixtral,
    "paligemma": siglip.paligemma,
    "qwen2_5_omni": qwen.qwen2_5,
    "qwen2_5_vl": qwen.qwen2_5,
    "qwen2_vl": qwen.qwen2,
    "qwen3_5": qwen.qwen3,
    "qwen3_5_moe": qwen.qwen3,
    "qwen3_omni_moe": qwen.qwen3,
    "qwen3_vl": qwen.qwen3,
    "qwen3_vl_moe": qwen.qwen3,
    "smolvlm": siglip.idefics3,
}
"""What sees: its keys stand below ``vision_config``."""

HEARING: Mapping[str, Tower] = {
    "qwen2_5_omni": hearing.qwen2_5_omni,
    "qwen2_audio": hearing.qwen2_audio,
    "qwen3_asr": hearing.qwen3_omni,
    "qwen3_omni_moe": hearing.qwen3_omni,
}
"""What hears: its keys stand below ``audio_config``."""

# Models whose configuration has no tower of its own where none is given.
_WITHOUT_DEFAULT = frozenset({"gemma4"})
# Parts that this does not count in any model: one with them needs its weight index.
_OTHERS = ("speech_config", "video_config")


def towers(config: Mapping[str, object], text: Keys, *, indexed: bool) -> Parameters | None:
    """What sees and hears; None where a weight index, which is ``indexed``, has to say how large it is.

    Raises:
        ShapeError: it cannot be counted, and there is no such index.
    """
    whole = str(config.get("model_type"))
    counted = {"vision_config": TOWERS, "audio_config": HEARING}
    named = [key for key in (*_OTHERS, *counted) if config.get(key) is not None]
    missing = [key for key, known in counted.items() if whole in known and key not in named]
    if whole in _WITHOUT_DEFAULT and "vision_config" in missing:
        msg = "vision_config is missing"
        raise ShapeError(msg)
    unknown = [key for key in named if whole not in counted.get(key, {})]
    if unknown and indexed:
        return None
    if unknown:
        msg = (
            f"{unknown[0]} of model_type '{whole[:40]}' cannot be counted: put"
            " model.safetensors.index.json beside it, which says how large all is"
        )
        raise ShapeError(msg)
    defaults = {"vision_config": vision_defaults, "audio_config": audio_defaults}
    return sum(
        (
            # Tokens of text do not pass them.
            idle(counted[key][whole](Keys({**defaults[key](whole), **_below(config, key)}), text))
            for key in (*named, *missing)
        ),
        start=NONE,
    )


def _below(config: Mapping[str, object], part: str) -> Mapping[str, object]:
    given = config.get(part)
    if not isinstance(given, Mapping | None):
        msg = f"{part}: is not a mapping"
        raise ShapeError(msg)
    return cast("Mapping[str, object]", given or {})
