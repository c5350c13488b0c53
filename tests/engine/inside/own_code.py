"""Config classes that a model's repository brings as code of its own, which is not fetched here.

vLLM has these models and wants ``--trust-remote-code`` for the class alone.
"""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import json
from collections.abc import Iterable, Mapping
from typing import Any

from gpu_stand_in import LIFTED
from transformers import AutoConfig, LlamaConfig, PretrainedConfig, Qwen2Config
from vllm.model_executor.models.internvl import InternVLProcessingInfo


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


class BailingMoeConfig(PretrainedConfig):
    """inclusionAI/Ling-lite, configuration_bailing_moe.py: its keys as they are."""

    model_type = "bailing_moe"

    def __init__(self, **keys: object) -> None:
        LIFTED.add("model type 'bailing_moe' is a class of the repository's own code")
        super().__init__(**keys)


class NewConfig(PretrainedConfig):
    """Alibaba-NLP/new-impl, configuration.py: its keys as they are."""

    model_type = "new"

    def __init__(self, **keys: object) -> None:
        LIFTED.add("model type 'new' is a class of the repository's own code")
        super().__init__(**keys)


class InternVLChatConfig(PretrainedConfig):
    """OpenGVLab/InternVL3-1B, configuration_internvl_chat.py: a configuration for each part."""

    model_type = "internvl_chat"

    def __init__(
        self,
        llm_config: Mapping[str, Any] | None = None,
        vision_config: Mapping[str, Any] | None = None,
        **keys: object,
    ) -> None:
        LIFTED.add("model type 'internvl_chat' is a class of the repository's own code")
        text = dict(llm_config or {"model_type": "llama"})
        self.llm_config = AutoConfig.for_model(text.pop("model_type"), **text)
        self.vision_config = PretrainedConfig(**(vision_config or {}))
        super().__init__(**keys)

    def get_text_config(self, *given: object, **named: object) -> PretrainedConfig:
        """What generates text, which vLLM asks for."""
        del given, named
        return self.llm_config


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
    for known in (MiMoConfig, DeciLMConfig, BailingMoeConfig, NewConfig, InternVLChatConfig):
        AutoConfig.register(known.model_type, known)
    # Whether it also takes films its tokenizer says, which is not here.
    InternVLProcessingInfo.get_supported_mm_limits = lambda self: {"image": None}  # noqa: ARG005
