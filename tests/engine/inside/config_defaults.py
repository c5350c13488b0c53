"""What the engine takes for keys that a config.json leaves out; run by the interpreter that has it.

Reads {"types": [...], "towers": [...], "hearing": [...], "keys": [...], "given": [...]} from standard input; what must
be given has no default in what generates text.
"""

# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import dataclasses
import json
import sys

from transformers import CONFIG_MAPPING
from vllm.model_executor.models import ModelRegistry


def main() -> None:
    """Write {"text": {type: {key: default}}, "names": {type: {usual key: its own}}, "vision" and
    "audio": {type of the whole: {key: default}}, "architectures": [...]}."""
    asked = json.load(sys.stdin)
    keys = set(asked["keys"])
    text = {
        name: _defaults(CONFIG_MAPPING[name], keys - set(asked["given"]))
        for name in asked["types"]
        if name in CONFIG_MAPPING
    }
    names = {name: _renamed(CONFIG_MAPPING[name], set(asked["given"])) for name in text}
    vision = {
        name: _defaults(_tower(name, "vision_config"), keys)
        for name in asked["towers"]
        if name in CONFIG_MAPPING
    }
    audio = {name: _defaults(_tower(name, "audio_config"), keys) for name in asked["hearing"]}
    architectures = sorted(ModelRegistry.get_supported_archs())
    names = {name: own for name, own in names.items() if own}
    found = {"text": text, "names": names, "vision": vision, "audio": audio}
    json.dump({**found, "architectures": architectures}, sys.stdout)


# Models whose configuration takes a tower of any kind, with the kind that is published.
_PUBLISHED = {
    "cohere2_vision": "siglip_vision_model",
    "gemma3": "siglip_vision_model",
    "lfm2_vl": "siglip2_vision_model",
    "llava": "clip_vision_model",
    "llava_next": "clip_vision_model",
    "llava_onevision": "siglip_vision_model",
    "mistral3": "pixtral",
    "paligemma": "siglip_vision_model",
    "qwen2_audio": "qwen2_audio_encoder",
}


def _tower(name: str, part: str) -> type:
    if name in _PUBLISHED:
        return CONFIG_MAPPING[_PUBLISHED[name]]
    config = CONFIG_MAPPING[name]
    config = config.sub_configs.get("thinker_config", config)
    return config.sub_configs[part]


def _renamed(config: type, keys: set[str]) -> dict[str, str]:
    return {usual: own for usual, own in config.attribute_map.items() if usual in keys}


def _defaults(config: type, keys: set[str]) -> dict[str, object]:
    """As the class declares them: what it derives from other keys is None there.

    Classes of vllm's own, which declare nothing, say none.
    """
    if not dataclasses.is_dataclass(config):
        return {}
    return {
        field.name: field.default
        for field in dataclasses.fields(config)
        if field.name in keys and isinstance(field.default, (bool, int, str))
    }


if __name__ == "__main__":
    main()
