"""A model of the prod stack that drafts, and files of drafts beside the stack."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
QWEN = "qwen3-8b"
REVISION = "c" * 40
SMALLER: Keys = {"huggingFaceId": "Qwen/Qwen3-0.6B", "revision": REVISION}
HEAD: Keys = {"huggingFaceId": "org/head", "revision": REVISION, "configJson": "head.json"}
LITTLE: Keys = {"requestsPerSecond": 0.05, "inputTokens": 800, "outputTokens": 250}
# Of AngelSlim/Qwen3-8B_eagle3, as far as sizes follow from it.
HEAD_CONFIG: Keys = {
    "architectures": ["LlamaForCausalLMEagle3"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "num_hidden_layers": 1,
    "max_position_embeddings": 40960,
    "vocab_size": 151936,
    "draft_vocab_size": 32000,
    "tie_word_embeddings": False,
}


def drafting(
    prod: Mapping[str, object],
    folder: Path,
    model: Mapping[str, object],
    files: Mapping[str, Mapping[str, object]],
    name: str = QWEN,
) -> Plan:
    """The prod stack with ``model`` added to what it says of one of its models."""
    for path, content in files.items():
        (folder / path).write_text(json.dumps(content), encoding="utf-8")
    keys: Keys = copy.deepcopy(dict(prod))
    keys["models"][name] |= model
    return decide(keys, "prod", folder)
