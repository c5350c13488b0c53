"""A configuration as the pinned engine reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from tokenfleet.catalogue.architecture.defaults import (
    is_text_alone,
    needs_own_code,
    with_defaults,
)
from tokenfleet.catalogue.architecture.encoders.known import ENCODERS
from tokenfleet.catalogue.architecture.families import FAMILIES
from tokenfleet.catalogue.architecture.family.outside import OUTSIDE
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Architecture, Mixer
from tokenfleet.catalogue.architecture.parameters import (
    NONE,
    dense,
    idle,
    looked_up,
    padded_rows,
)
from tokenfleet.catalogue.architecture.rotation import refuse_other_sections
from tokenfleet.catalogue.architecture.task import labels_of, task_of
from tokenfleet.catalogue.architecture.tied import TIED, is_tied
from tokenfleet.catalogue.architecture.towers.known import towers
from tokenfleet.catalogue.architecture.unread import unread_keys
from tokenfleet.task import Task

_TOWER_HEADS = ("num_attention_heads", "num_heads")
# InternVL's repositories: the pinned engine does not divide a tower whose heads leave a rest.
_UNDIVIDED = frozenset({"internvl_chat"})
_ENCODER_DECODERS = frozenset({"whisper", "bart", "mbart", "t5", "florence2"})
_LENGTHS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "max_target_positions",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
# vllm/config/model.py, _get_and_verify_max_len: without any of these keys.
_LENGTH = 2048
_WITHOUT_LENGTH = frozenset({"bloom", "mamba", "falcon_mamba", "mamba2"})


def read_architecture(
    config: Mapping[str, object], *, indexed: bool = False, embeds: bool = False
) -> Architecture:
    """The layers of a model, what is outside them, and the figures that sizing asks for.

    ``config`` is the whole ``config.json``; ``indexed``: whether its weight index is there, which
    says how large a tower is that cannot be counted; ``embeds``: whether files of Sentence Transformers
    lie beside it. Models that also see keep the language model below ``text_config``.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    architectures = Keys(config).words("architectures") or ()
    task = task_of(Keys(config), embeds=embeds)
    whole = config.get("model_type")
    _model_word(whole)
    own_code = needs_own_code(whole)
    if own_code:
        _refuse_code_elsewhere(config)
    config = _with_text(_thinking(config))
    text = config.get("text_config", {})
    if not isinstance(text, Mapping):
        msg = "text_config: is not a mapping"
        raise ShapeError(msg)
    inner = cast("Mapping[str, object]", text)
    model_type = _model_type(inner.get("model_type", whole))
    keys = Keys(with_defaults(model_type, {**config, **inner}))
    if model_type in ENCODERS:
        found = _encoder(model_type, keys, "embed" if task == "generate" else task)
        return replace(found, own_code=own_code, unread=unread_keys(inner or config, keys))
    layers = FAMILIES[model_type](keys)
    width = keys.size("hidden_size")
    table = padded_rows(keys.size("vocab_size")) * width
    own = Keys(with_defaults(model_type, inner)) if inner else keys
    tied = is_tied(str(whole), Keys(config), own, keys) or model_type in TIED
    embedded = dense(table + width) + (NONE if tied else looked_up(table))
    if task != "generate":
        # Without a head that is as large, embeddings are only looked up.
        scores = 0 if task == "embed" else labels_of(Keys(config)) * width
        embedded = idle(table) + dense(width + scores)
    more = OUTSIDE[model_type](keys) if model_type in OUTSIDE else NONE
    mixers = [layer.mixer for layer in layers if layer.mixer]
    heads, kv_heads, head = _heads(keys, width, mixers)
    refuse_other_sections(keys, head)
    latent = any(cache.kind in {"latent", "compressed"} for each in mixers for cache in each.caches)
    seen = {} if is_text_alone(architectures) else {**config, "model_type": whole}
    tower = towers(seen, keys, indexed=indexed)
    return Architecture(
        model_type=model_type,
        task=task,
        layers=layers,
        outside=embedded + more + (tower or NONE),
        width=width,
        vocabulary=keys.size("vocab_size"),
        context_length=_context_length(keys),
        heads=heads,
        kv_heads=1 if latent else kv_heads,
        head=head,
        tied=tied,
        is_whole=tower is not None,
        own_code=own_code,
        unread=unread_keys(inner or config, keys),
        tower_heads=_tower_heads(str(whole), Keys(seen).below("vision_config") or Keys({})),
    )


def _encoder(model_type: str, keys: Keys, task: Task) -> Architecture:
    found = ENCODERS[model_type](keys, task)
    return Architecture(
        model_type=model_type,
        task=task,
        layers=found.layers,
        outside=found.outside,
        width=found.width,
        vocabulary=keys.size("vocab_size"),
        context_length=found.context_length,
        heads=found.heads,
        kv_heads=found.heads,
        head=found.width // found.heads,
        tied=True,
    )


def _tower_heads(whole: str, vision: Keys) -> Sequence[int]:
    if whole in _UNDIVIDED or not vision.given(*_TOWER_HEADS):
        return []
    return [vision.size(*_TOWER_HEADS)]


def _heads(keys: Keys, width: int, mixers: Sequence[Mixer]) -> tuple[int, int, int]:
    """How many attend and keep keys and values, and how wide each is; those of state spaces where none attends."""
    kinds = {cache.kind for each in mixers for cache in each.caches}
    if kinds == {"state"} and keys.given("num_attention_heads") is None:
        heads = mixers[0].heads
        # Without a width of theirs each channel is one.
        return heads, heads, keys.size("head_dim", default=1)
    heads = keys.size("num_attention_heads")
    head = keys.number("head_dim", default=0) or width // heads
    if not head:
        msg = "hidden_size is below num_attention_heads, and there is no head_dim"
        raise ShapeError(msg)
    return heads, keys.size("num_key_value_heads", default=heads), head


def _context_length(keys: Keys) -> int:
    """The longest sequence: what the shortest key says, and what the engine takes where none does.

    vllm/transformers_utils/model_arch_config_convertor.py: derive_max_model_len_and_key.
    """
    whole = keys.number("model_max_length", default=0)
    if whole:
        return whole
    named = [keys.number(name, default=0) for name in _LENGTHS]
    known = [each for each in named if each]
    if not known and keys.given("model_type") not in _WITHOUT_LENGTH:
        return keys.size("max_position_embeddings")
    return min(known, default=_LENGTH)


def _refuse_code_elsewhere(config: Mapping[str, object]) -> None:
    """Of another repository than the model's: a replica has no way to it."""
    named = (Keys(config).below("auto_map") or Keys({})).given("AutoConfig")
    if isinstance(named, str) and "--" in named:
        msg = (
            f"auto_map: its code is in {named.partition('--')[0][:60]}, which no replica can fetch: put"
            " those files beside config.json, and name them in auto_map without that repository"
        )
        raise ShapeError(msg)


def _with_text(config: Mapping[str, object]) -> Mapping[str, object]:
    """InternVL's name for what generates text, which alone says whether its embeddings are tied."""
    if config.get("llm_config") is None or config.get("text_config") is not None:
        return config
    return {**_without_tie(config), "text_config": config["llm_config"]}


def _without_tie(config: Mapping[str, object]) -> Mapping[str, object]:
    return {key: value for key, value in config.items() if key != "tie_word_embeddings"}


def _thinking(config: Mapping[str, object]) -> Mapping[str, object]:
    """Of a model that also speaks, the part that the engine serves: it answers in text."""
    part = Keys(config).below("thinker_config")
    # Whether embeddings are tied, the language model's own keys say.
    return config if part is None else _without_tie({**config, **part.all()})


def _model_word(found: object) -> str:
    if not isinstance(found, str) or not found:
        msg = "model_type is missing: take the file as its repository has it"
        raise ShapeError(msg)
    return found


def _model_type(found: object) -> str:
    found = _model_word(found)
    if found in _ENCODER_DECODERS:
        msg = f"model_type '{found}' reads with an encoder and answers with a decoder, which is not served here"
        raise ShapeError(msg)
    if found not in FAMILIES and found not in ENCODERS:
        msg = (
            f"model_type '{found[:40]}' is none of those whose layers are known (docs/models.md lists"
            " them): to add it, tokenfleet/catalogue/architecture/families.py"
        )
        raise ShapeError(msg)
    return found
