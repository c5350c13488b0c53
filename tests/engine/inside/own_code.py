"""Config classes that a model's repository brings as code of its own, which is not fetched here.

vLLM has these models and wants ``--trust-remote-code`` for the class alone.
"""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import json
from collections.abc import Iterable

from gpu_stand_in import LIFTED
from transformers import AutoConfig, LlamaConfig, Qwen2Config


class MiMoConfig(Qwen2Config):
    """XiaomiMiMo/MiMo-7B-Base, configuration_mimo.py: Qwen2's and the count of its MTP layers."""

    model_type = "mimo"

    def __init__(self, **keys: object) -> None:
        LIFTED.add("model type 'mimo' is a Qwen2Config of the repository's own code")
        super().__init__(**keys)


class DeciLMConfig(LlamaConfig):
    """nvidia/Llama-3_3-Nemotron-Super-49B-v1, configuration_decilm.py: Llama's, layer by layer."""

    model_type = "nemotron-nas"

    def __init__(self, block_configs: Iterable[object] = (), **keys: object) -> None:
        LIFTED.add("model type 'nemotron-nas' is a LlamaConfig of the repository's own code")
        # Null where each layer has its own: transformers 5 takes no null for a number.
        super().__init__(**{key: value for key, value in keys.items() if value is not None})
        self.block_configs = [_with_attributes(block) for block in block_configs]


class _Block(dict[str, object]):
    """A dict, for it is written as JSON again, whose keys are attributes, as vLLM reads them."""

    def __getattr__(self, name: str) -> object:
        if name not in self:
            raise AttributeError(name)
        return self[name]


def _with_attributes(block: object) -> object:
    return json.loads(json.dumps(block), object_hook=_Block)


def register() -> None:
    """Let vLLM find them; once for a process."""
    for known in (MiMoConfig, DeciLMConfig):
        AutoConfig.register(known.model_type, known)
