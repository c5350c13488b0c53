"""The exact size of a model's weights, as the index beside its ``config.json`` states it."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import AliasPath, BaseModel, Field, ValidationError

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text

# Checkpoints of 32 bits have twice what is counted, a small language model that also sees more;
# shared matrices and biases make a few percent.
_LEAST_SHARE, _MOST_SHARE = 0.5, 10.0


# What is for another use than answering: drafts of the next tokens, or a head beside embeddings that
# are the head. The engine reads over it (skip_prefixes and AutoWeightsLoader of its models).
_DRAFTS = re.compile(r"(^|\.)(mtp|eh_proj|enorm|hnorm|nextn|shared_head)\.|^mtp")
_LAYER = re.compile(r"(?:^|\.)layers\.(\d+)\.")
_HEAD = "lm_head.weight"


class _Index(BaseModel):
    total_size: int = Field(gt=0, validation_alias=AliasPath("metadata", "total_size"))
    weight_map: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class IndexedWeights:
    """The size of the files, in bytes, and whether there is something in them that is not loaded."""

    size: int
    has_more: bool


def indexed_weights(index: Path, counted: int, *, layers: int, tied: bool) -> IndexedWeights | None:
    """What a weight index says, or None without one.

    ``counted`` is what the shapes of the model add up to, in bytes; ``layers`` how many it has;
    ``tied``: whether its embeddings are its head.

    Raises:
        CatalogueError: when it cannot be read, states no size, or one that contradicts the shapes.
    """
    try:
        found = cast("object", json.loads(given_text(index, GENERATED_BYTES)))
        read = _Index.model_validate(found)
        size = read.total_size
    except FileNotFoundError:
        return None
    except ValidationError as error:
        msg = f"{index} has no usable metadata.total_size: {error.errors()[0]['msg']}"
        raise CatalogueError(msg) from error
    except (GivenFileError, ValueError, RecursionError) as error:
        msg = f"cannot read {index}: {error}"
        raise CatalogueError(msg) from error
    if not _LEAST_SHARE * counted <= size <= _MOST_SHARE * counted:
        msg = (
            f"{index} says that the weights have {size:,} bytes, the shapes in config.json add up to"
            f" {counted:,}: they are not of one model, or one of them is damaged"
        )
        raise CatalogueError(msg)
    has_more = any(
        (tied and name == _HEAD)
        or _DRAFTS.search(name)
        or ((place := _LAYER.search(name)) and int(place[1]) >= layers and "vis" not in name)
        for name in read.weight_map
    )
    return IndexedWeights(size=size, has_more=has_more)
