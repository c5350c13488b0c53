"""What the pinned engine takes for keys that a ``config.json`` leaves out."""

import json
from collections.abc import Mapping, Sequence
from functools import cache

from tokenfleet.catalogue.facts import data_file

DEFAULTS = "vllm-0.32.0-config-defaults.json"
"""Data file: the defaults of the configuration classes, by ``model_type``
(``python -m tests.engine.config_defaults`` renews it)."""

ARCHITECTURES = "vllm-0.32.0-architectures.txt"
"""Data file: the classes that it serves, as ``architectures`` of a configuration names them; behind
each what it is: generates, pools, cross-encoder, late-interaction, hybrid, multimodal."""

CONFIG_TYPES = "vllm-0.32.0-config-types.txt"
"""Data file: each ``model_type`` whose configuration it reads without code of the model's repository."""

MUST_BE_GIVEN = frozenset(
    {
        *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
        "ffn_dim",
        *("vocab_size", "max_position_embeddings", "layer_types"),
    }
)
"""Keys without which a file is damaged: what a class takes for them is the size of another model."""


@cache
def served_architectures() -> Mapping[str, frozenset[str]]:
    """The classes of models that the pinned engine serves, with what each says that it is."""
    rows = (line.split() for line in data_file(ARCHITECTURES).splitlines())
    return {name: frozenset(traits) for name, *traits in rows}


def needs_own_code(model_type: object) -> bool:
    """Whether the pinned engine reads such a configuration only with code of the model's repository."""
    return isinstance(model_type, str) and model_type not in _config_types()


@cache
def _config_types() -> frozenset[str]:
    return frozenset(data_file(CONFIG_TYPES).split())


# Configuration classes of a repository's own code and of whole models, and where their defaults are.
_EXTENDS = {
    "mimo": "qwen2",
    "nemotron-nas": "llama",
    # What generates text stands beside what sees, in files of before transformers 5.
    **{name: f"{name}_text" for name in ("qwen2_vl", "qwen2_5_vl", "qwen3_5", "qwen3_5_moe")},
}


# Keys that the class takes in place of another, without saying so (configuration_bloom.py of transformers).
_TAKEN = {"bloom": {"n_embed": "hidden_size"}}


def is_text_alone(architectures: Sequence[str]) -> bool:
    """Whether the pinned engine builds a model of these classes without what sees or hears."""
    known = served_architectures()
    served = [known[each] for each in architectures if each in known]
    return bool(served) and "multimodal" not in served[0]


def text_defaults(model_type: str) -> Mapping[str, object]:
    """Those of what generates text."""
    return _defaults()["text"].get(_EXTENDS.get(model_type, model_type), {})


def with_defaults(model_type: str, given: Mapping[str, object]) -> Mapping[str, object]:
    """What is given, and what the engine takes for the rest, under each name that a key has."""
    names = _defaults()["names"].get(model_type, {})
    known = dict(given)
    for own, usual in _TAKEN.get(model_type, {}).items():
        if given.get(own) is not None:
            known[usual] = given[own]
    for usual, own in names.items():
        if isinstance(own, str):
            # Where both are given, the class sets its own first.
            if given.get(usual) is not None:
                known[own] = given[usual]
            for whole in (known, text_defaults(model_type)):
                if own in whole and usual not in known:
                    known[usual] = whole[own]
    return {**text_defaults(model_type), **known}


def vision_defaults(model_type: str) -> Mapping[str, object]:
    """Those of what sees, by the ``model_type`` of the whole model."""
    return _defaults()["vision"].get(model_type, {})


def audio_defaults(model_type: str) -> Mapping[str, object]:
    """Those of what hears, by the ``model_type`` of the whole model."""
    return _defaults()["audio"].get(model_type, {})


@cache
def _defaults() -> Mapping[str, Mapping[str, Mapping[str, object]]]:
    return json.loads(data_file(DEFAULTS))
