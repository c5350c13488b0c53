"""What the engine takes for keys that a config.json leaves out; run by the interpreter that has it.

Reads {"types": [...], "towers": [...], "keys": [...], "given": [...]} from standard input; what must
be given has no default in what generates text.
"""

# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import dataclasses
import json
import sys

from transformers import CONFIG_MAPPING
from vllm.model_executor.models import ModelRegistry
from vllm.model_executor.models.interfaces import is_hybrid, supports_multimodal
from vllm.model_executor.models.interfaces_base import (
    get_score_type,
    is_pooling_model,
    is_text_generation_model,
)
from vllm.model_executor.models.registry import _LazyRegisteredModel, _RegisteredModel


def main() -> None:
    """Write {"text": {type: {key: default}}, "vision": {type of the whole: {key: default}}, "architectures": {name: [trait]}}."""
    asked = json.load(sys.stdin)
    keys = set(asked["keys"])
    text = {
        name: _defaults(CONFIG_MAPPING[name], keys - set(asked["given"]))
        for name in asked["types"]
        if name in CONFIG_MAPPING
    }
    vision = {name: _defaults(_tower(name), keys) for name in asked["towers"]}
    architectures = {name: _traits(model) for name, model in sorted(ModelRegistry.models.items())}
    json.dump({"text": text, "vision": vision, "architectures": architectures}, sys.stdout)


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
_PUBLISHED = {"gemma3": "siglip_vision_model", "mistral3": "pixtral"}


def _tower(name: str) -> type:
    if name in _PUBLISHED:
        return CONFIG_MAPPING[_PUBLISHED[name]]
    return CONFIG_MAPPING[name].sub_configs["vision_config"]


def _defaults(config: type, keys: set[str]) -> dict[str, object]:
    """As the class declares them: what it derives from other keys is None there."""
    return {
        field.name: field.default
        for field in dataclasses.fields(config)
        if field.name in keys and isinstance(field.default, (bool, int, str))
    }


if __name__ == "__main__":
    main()
