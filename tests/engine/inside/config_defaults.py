"""What the engine takes for keys that a config.json leaves out; run by the interpreter that has it.

Reads {"types": [...], "towers": [...], "hearing": [...], "keys": [...], "given": [...]} from standard input; what must
be given has no default in what generates text.
"""

# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import dataclasses
import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any

from transformers import CONFIG_MAPPING
from vllm.model_executor.models import ModelRegistry
from vllm.model_executor.models.interfaces import is_hybrid, supports_multimodal
from vllm.model_executor.models.interfaces_base import (
    get_score_type,
    is_pooling_model,
    is_text_generation_model,
)
from vllm.model_executor.models.registry import _LazyRegisteredModel, _RegisteredModel
from vllm.transformers_utils.config import _CONFIG_REGISTRY


def main() -> None:
    """Write {"text": {type: {key: default}}, "names": {type: {usual key: its own}}, "vision" and
    "audio": {type of the whole: {key: default}}, "architectures": {name: [trait]}, "types": [each with a class of its own]}."""
    asked = json.load(sys.stdin)
    keys = set(asked["keys"])
    text = {
        name: _defaults(config, keys - set(asked["given"]))
        for name in asked["types"]
        if (config := _config(name))
    }
    names = {name: _renamed(_config(name), keys | set(asked["given"])) for name in text}
    vision = {
        name: _defaults(_tower(name, "vision_config"), keys)
        for name in asked["towers"]
        if _config(name)
    }
    audio = {
        name: _defaults(_tower(name, "audio_config"), keys)
        for name in asked["hearing"]
        if _config(name)
    }
    architectures = {name: _traits(model) for name, model in sorted(ModelRegistry.models.items())}
    types = sorted({*_CONFIG_REGISTRY, *CONFIG_MAPPING.keys()})
    parts = {"text": text, "names": names, "vision": vision, "audio": audio}
    found = {part: {name: row for name, row in rows.items() if row} for part, rows in parts.items()}
    json.dump({**found, "architectures": architectures, "types": types}, sys.stdout)


def _traits(model: _LazyRegisteredModel | _RegisteredModel) -> list[str]:
    """What the class says that it is; nothing of one whose own requirements are not installed."""
    try:
        found = model.load_model_cls()
    except ImportError:
        return []
    kind = get_score_type(found)
    said = {
        "generates": is_text_generation_model(found),
        "pools": is_pooling_model(found),
        kind: kind != "bi-encoder",
        "hybrid": is_hybrid(found),
        "multimodal": supports_multimodal(found),
    }
    return [trait for trait, is_so in said.items() if is_so]


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


def _config(name: str) -> Any:  # noqa: ANN401 - a class, or None where none reads it
    """The class that reads a ``model_type``: vllm's own before that of transformers."""
    if name in _CONFIG_REGISTRY:
        return _CONFIG_REGISTRY[name]
    # Its get() knows no class that nobody has asked for before.
    return CONFIG_MAPPING[name] if name in CONFIG_MAPPING else None  # noqa: SIM401 - see above


def _tower(name: str, part: str) -> type:
    if name in _PUBLISHED:
        return CONFIG_MAPPING[_PUBLISHED[name]]
    config = _config(name)
    config = config.sub_configs.get("thinker_config", config)
    return config.sub_configs.get(part, object)


def _renamed(config: type, keys: set[str]) -> dict[str, str]:
    return {
        usual: own for usual, own in getattr(config, "attribute_map", {}).items() if usual in keys
    }


def _defaults(config: type, keys: set[str]) -> dict[str, object]:
    """As the class declares them: what it derives from other keys is None there."""
    return {
        name: default
        for name, default in _declared(config)
        if name in keys and isinstance(default, (bool, int, str))
    }


def _declared(config: type) -> Iterator[tuple[str, object]]:
    if dataclasses.is_dataclass(config) and "__init__" in vars(config):
        yield from ((field.name, field.default) for field in dataclasses.fields(config))
    else:
        for name, parameter in inspect.signature(config.__init__).parameters.items():
            yield name, parameter.default


if __name__ == "__main__":
    main()
