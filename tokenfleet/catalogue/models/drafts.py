"""What drafts tokens for a model: layers of its own, a head made for it, or a smaller model."""

from pathlib import Path

from tokenfleet.catalogue.architecture.defaults import served_architectures
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.read import read_architecture
from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.config_json import config_of
from tokenfleet.catalogue.models.draft import Draft
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.counted import three_digits

# Heads, EAGLE's and those of vocabularies, are published in 16 bits; hidden states of three layers of the model reach one of EAGLE-3
# where it does not say of how many (vllm/model_executor/models/llama_eagle3.py).
_BYTES = 2
_HIDDEN_STATES = 3


def own_layers(facts: ModelFacts) -> Draft:
    """The layers of a model that draft (MTP): what its files have more, or layers of the mean size.

    Their cache is that of a layer that keeps something of every token, as they attend to all.

    Raises:
        CatalogueError: when nobody says that it has any.
    """
    if not facts.draft_layers:
        msg = (
            "the model has no layers that draft, or the catalogue does not say so: use another method,"
            " or give its config.json as configJson"
        )
        raise CatalogueError(msg)
    of_all = [each for each in facts.layer_caches if each.tokens is None and each.kind != "state"]
    like = (of_all or facts.layer_caches)[0]
    mean = facts.draft_layers * facts.loaded_bytes // facts.layers
    head = facts.head_parameters
    outside = head + facts.looked_up_parameters
    return Draft(
        # Shapes are counted without them, and an index has them.
        weights_bytes=0 if facts.skipped_bytes else mean,
        loaded_bytes=max(mean, facts.skipped_bytes),
        # One layer after the other drafts a token, and each speaks with the model's head.
        layers=1,
        read_bytes=(facts.loaded_bytes - _BYTES * (facts.idle_parameters + outside)) // facts.layers
        + _BYTES * head,
        parameters=(facts.text_parameters - outside) // facts.layers + head,
        active_parameters=(facts.active_parameters - outside) // facts.layers + head,
        head_parameters=head,
        caches=(like.model_copy(update={"layers": facts.draft_layers}),),
    )


def smaller_model(facts: ModelFacts, of: ModelFacts) -> Draft:
    """A whole model that drafts for another.

    Raises:
        CatalogueError: when their vocabularies differ, which the engine refuses, or it drafts nothing.
    """
    if facts.vocabulary_size != of.vocabulary_size:
        msg = (
            f"has a vocabulary of {facts.vocabulary_size:,} tokens and the model one of"
            f" {of.vocabulary_size:,}: choose a smaller model of the same family"
        )
        raise CatalogueError(msg)
    if facts.task != "generate":
        msg = f"is a model for {facts.task} and writes no tokens: choose a smaller model of the same family"
        raise CatalogueError(msg)
    if facts.active_parameters >= of.active_parameters:
        msg = (
            f"a token visits {three_digits(facts.active_parameters / 1e9)} billion parameters of it and"
            f" {three_digits(of.active_parameters / 1e9)} billion of the model: what is no faster gains"
            " nothing. Choose a smaller model of the same family"
        )
        raise CatalogueError(msg)
    return Draft(
        weights_bytes=facts.weights_bytes,
        loaded_bytes=facts.loaded_bytes,
        layers=facts.layers,
        read_bytes=facts.loaded_bytes
        - _BYTES * (facts.idle_parameters + facts.looked_up_parameters),
        parameters=facts.text_parameters - facts.looked_up_parameters,
        active_parameters=facts.active_parameters - facts.looked_up_parameters,
        head_parameters=facts.head_parameters,
        weights_dtype=facts.weights_dtype,
        quantization_method=facts.quantization_method,
        caches=tuple(facts.layer_caches),
        divided=(facts.attention_heads, *facts.divided),
    )


def head_from_config(path: Path, method: str, of: ModelFacts, *, way_out: str = "") -> Draft:
    """An EAGLE head by its ``config.json``, in 16 bits and with embeddings of its own.

    Its layers, a projection of what it is handed and, of EAGLE-3, a wider input of the first layer and a
    head over the part of the vocabulary that it drafts from. Many have the model's embeddings: then it
    is less.

    Raises:
        CatalogueError: when the file cannot be read or counted, or is not that of a head for the model.
    """
    config = config_of(path, way_out)
    keys = Keys(config)
    try:
        _check_served(keys, method)
        # How the engine calls it is checked above; its layers are those of its model_type.
        found = read_architecture({**config, "architectures": []})
        width = keys.size("target_hidden_size", default=found.width)
        states = _hidden_states(keys) if method == "eagle3" else 1
        drafted = keys.size("draft_vocab_size", default=found.vocabulary)
    except ShapeError as error:
        msg = f"{path} cannot be sized: {error}"
        raise CatalogueError(msg) from error
    if (width, found.vocabulary) != (of.hidden_size, of.vocabulary_size):
        msg = (
            f"{path} is of a head for models of width {width:,} with {found.vocabulary:,} tokens, and"
            f" this one has {of.hidden_size:,} and {of.vocabulary_size:,}: each model needs its own"
        )
        raise CatalogueError(msg)
    layers = sum(layer.parameters.total for layer in found.layers)
    attention = (found.heads + 2 * found.kv_heads) * found.head
    wider = found.width * attention if method == "eagle3" else 0
    projection = found.width * (width * states + (0 if method == "eagle3" else found.width))
    # One of EAGLE-1 speaks with the model's head.
    tokens = (found.vocabulary + (drafted if method == "eagle3" else 0)) * found.width
    whole = _BYTES * (layers + wider + tokens)
    head = drafted * found.width
    visited = layers + wider + projection + head
    return Draft(
        weights_bytes=whole + _BYTES * projection,
        loaded_bytes=whole,
        layers=len(found.layers),
        read_bytes=_BYTES * visited,
        parameters=visited,
        active_parameters=visited,
        head_parameters=head,
        # ReplicatedLinear of the same file.
        bytes_on_each_rank=_BYTES * projection,
        caches=tuple(found.caches),
        divided=tuple(found.divided),
    )


def _hidden_states(keys: Keys) -> int:
    """Of how many layers of the model a head of EAGLE-3 sees the output."""
    within = keys.below("eagle_config") or Keys({})
    named = within.numbers("eagle_aux_hidden_state_layer_ids") or ()
    return keys.size("num_aux_hidden_states", default=len(named) or _HIDDEN_STATES)


def _check_served(keys: Keys, method: str) -> None:
    """As the engine renames what a head says of itself (transformers_utils/configs/eagle.py)."""
    given = keys.words("architectures") or ()
    prefix = "Eagle3" if method == "eagle3" else "Eagle"
    for name in given:
        is_named = name.startswith(prefix) or (method == "eagle3" and name.endswith(prefix))
        called = name if is_named else f"{prefix}{name}"
        if called in served_architectures():
            return
    if given:
        msg = f"architectures: the pinned engine has no {method} head of {given[0][:60]}"
        raise ShapeError(msg)


# Whose class in the pinned engine hands out the hidden states that EAGLE-3 drafts from: asked of it
# (supports_eagle3 of vllm/model_executor/models/interfaces.py), 2026-11-29.
_HANDS_OUT = frozenset(
    [
        "apertus",
        "arcee",
        "deepseek_v2",
        "deepseek_v3",
        "deepseek_v32",
        "deepseek_v4",
        "ernie4_5",
        "exaone4_5_text",
        "flex_olmo",
        "gemma4_text",
        "glm",
        "glm_moe_dsa",
        "gpt_neox",
        "gpt_oss",
        "granite",
        "kimi_k2",
        "kimi_linear",
        "llama",
        "llama4_text",
        "mimo",
        "mimo_v2_flash",
        "minimax_m2",
        "ministral3",
        "mistral",
        "nemotron_h",
        "olmo2",
        "olmo3",
        "phi",
        "phi3",
        "qwen2",
        "qwen2_5_vl",
        "qwen3",
        "qwen3_5_moe_text",
        "qwen3_5_text",
        "qwen3_moe",
        "qwen3_next",
        "qwen3_vl_moe_text",
        "qwen3_vl_text",
        "seed_oss",
        "smollm3",
        "starcoder2",
    ]
)


def hands_out_hidden_states(facts: ModelFacts) -> bool:
    """Whether an EAGLE-3 head can draft for models of that type."""
    return facts.model_type in _HANDS_OUT
