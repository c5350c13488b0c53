"""Whether a model embeds, by the files of Sentence Transformers beside its ``config.json``."""

from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text

# vllm/transformers_utils/config.py: _ST_POOLING_MODULE_TYPES
_POOLING = frozenset(
    {
        "sentence_transformers.models.Pooling",
        "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    }
)


class _Module(BaseModel):
    type: str


def has_pooling(folder: Path) -> bool:
    """Whether a folder says how the vectors of tokens become one.

    Raises:
        CatalogueError: when its modules.json cannot be read.
    """
    path = folder / "modules.json"
    try:
        text = given_text(path, GENERATED_BYTES)
        modules = TypeAdapter(list[_Module]).validate_json(text)
    except FileNotFoundError:
        return False
    except ValidationError as error:
        msg = f"{path} is not that of Sentence Transformers: {error.errors()[0]['msg']}"
        raise CatalogueError(msg) from error
    except GivenFileError as error:
        msg = f"cannot read {path}: {error}"
        raise CatalogueError(msg) from error
    return any(module.type in _POOLING for module in modules)
