"""The exact size of a model's weights, as the index beside its ``config.json`` states it."""

import json
from pathlib import Path
from typing import cast

from pydantic import AliasPath, BaseModel, Field, ValidationError

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text

# Checkpoints of 32 bits have twice what is counted, a small language model that also sees more;
# shared matrices and biases make a few percent.
_LEAST_SHARE, _MOST_SHARE = 0.5, 10.0


class _Index(BaseModel):
    total_size: int = Field(gt=0, validation_alias=AliasPath("metadata", "total_size"))


def indexed_bytes(index: Path, counted: int) -> int | None:
    """``metadata.total_size`` of a weight index, or None without one.

    ``counted`` is what the shapes of the model add up to, in bytes.

    Raises:
        CatalogueError: when it cannot be read, states no size, or one that contradicts the shapes.
    """
    try:
        found = cast("object", json.loads(given_text(index, GENERATED_BYTES)))
        size = _Index.model_validate(found).total_size
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
    return size
