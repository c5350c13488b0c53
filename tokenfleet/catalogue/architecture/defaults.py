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


# Configuration classes of a repository's own code, and the one that each extends.
_EXTENDS = {"mimo": "qwen2", "nemotron-nas": "llama"}


def is_text_alone(architectures: Sequence[str]) -> bool:
    """Whether the pinned engine builds a model of these classes without what sees or hears."""
    known = served_architectures()
    served = [known[each] for each in architectures if each in known]
    return bool(served) and "multimodal" not in served[0]


def text_defaults(model_type: str) -> Mapping[str, object]:
    """Those of what generates text."""
    return _defaults()["text"].get(_EXTENDS.get(model_type, model_type), {})


def standard_names(model_type: str, given: Mapping[str, object]) -> Mapping[str, object]:
    """What is given, also under the names that most configurations have for it."""
    names = _defaults()["names"].get(model_type, {})
    known = {
        name: given[own]
        for name, own in names.items()
        if isinstance(own, str) and own in given and name not in given
    }
    return {**given, **known}


def vision_defaults(model_type: str) -> Mapping[str, object]:
    """Those of what sees, by the ``model_type`` of the whole model."""
    return _defaults()["vision"].get(model_type, {})


def audio_defaults(model_type: str) -> Mapping[str, object]:
    """Those of what hears, by the ``model_type`` of the whole model."""
    return _defaults()["audio"].get(model_type, {})


@cache
def _defaults() -> Mapping[str, Mapping[str, Mapping[str, object]]]:
    return json.loads(data_file(DEFAULTS))
