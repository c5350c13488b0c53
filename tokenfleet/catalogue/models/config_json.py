"""Model facts from a Hugging Face ``config.json``, for models the catalogue does not list."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from tokenfleet.catalogue.architecture.keys import ShapeError
from tokenfleet.catalogue.architecture.own_drafts import draft_layers
from tokenfleet.catalogue.architecture.read import read_architecture
from tokenfleet.catalogue.checkpoint.read import checkpoint_format
from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.models.beside import has_chat_template, has_pooling
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.catalogue.models.weight_index import indexed_weights
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text


def facts_from_config(
    path: Path, *, way_out: str = "", index_name: str = "model.safetensors.index.json"
) -> ModelFacts:
    """Read the facts from ``path``, and from files beside it, named as in a repository.

    A weight index gives the exact size of the weights, a chat template says that the model chats,
    ``modules.json`` of Sentence Transformers that it embeds,
    ``hf_quant_config.json`` in which format ModelOpt has left it.

    Without its weight index, which is called ``index_name``, the parameters are counted from shapes, as the pinned
    engine makes them (``architecture.families``). ``way_out`` is a sentence to add where the file
    cannot be read.

    Raises:
        CatalogueError: when the file cannot be read, lacks a key or describes a shape that
            cannot be counted, naming it.
    """
    config = config_of(path, way_out)
    index = path.with_name(index_name)
    embeds = has_pooling(path.parent)
    try:
        found = read_architecture(config, indexed=index.exists(), embeds=embeds)
        kept_in = checkpoint_format(config, path.parent)
        drafting = draft_layers(config, found.model_type)
        counted = kept_in.bytes_of(found)
    except ShapeError as error:
        msg = f"{path} cannot be sized: {error}"
        raise CatalogueError(msg) from error
    parameters = found.parameters
    indexed = indexed_weights(index, counted, layers=len(found.layers), tied=found.tied)
    in_files = indexed.size if indexed else counted * (2 if kept_in.is_wide else 1)
    more = max(0, in_files - counted)
    is_more = kept_in.is_wide or (indexed is not None and indexed.has_more)
    # A tower that is not counted is what the files have more, in 16 bits.
    uncounted = 0 if found.is_whole else more // 2
    return ModelFacts(
        parameters=parameters.total + uncounted,
        active_parameters=parameters.active,
        idle_parameters=parameters.idle + uncounted,
        looked_up_parameters=parameters.looked_up,
        expert_width=max(parameters.expert_inner, default=None),
        layers=len(found.layers),
        hidden_size=found.width,
        attention_heads=found.heads,
        kv_heads=found.kv_heads,
        head_size=found.head,
        vocabulary_size=found.vocabulary,
        model_type=found.model_type,
        task=found.task,
        weights_dtype=kept_in.dtype,
        quantization_method=kept_in.method,
        weights_bytes=in_files,
        skipped_bytes=more if is_more and found.is_whole else 0,
        context_length=found.context_length,
        caches=tuple(found.caches),
        divided=tuple(kept_in.divided(found)),
        own_code=found.own_code,
        unread_keys=tuple(found.unread),
        draft_layers=drafting,
        chats=has_chat_template(path.parent),
        license="see the model card",
        gated=False,
        revision=None,
        source=f"{path.name}, {'its weight index' if indexed else 'parameters counted from shapes'}",
    )


def config_of(path: Path, way_out: str = "") -> Mapping[str, object]:
    """What a ``config.json`` says; ``way_out`` as above.

    Raises:
        CatalogueError: when it cannot be read.
    """
    try:
        # Formats that are told layer by layer make such a file long.
        found = cast("object", json.loads(given_text(path, GENERATED_BYTES)))
    except (OSError, GivenFileError) as error:
        said = getattr(error, "strerror", None) or error
        msg = f"cannot read {path}: {said}" + (f". {way_out}" if way_out else "")
        raise CatalogueError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path} is not JSON: {error}"
        raise CatalogueError(msg) from error
    if not isinstance(found, dict):
        msg = f"{path} is not the config.json of a model: the file holds no mapping"
        raise CatalogueError(msg)
    return cast("Mapping[str, object]", found)
