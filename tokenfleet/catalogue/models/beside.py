"""What files beside a ``config.json`` say of a model: whether it can chat, and whether it embeds."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text

_Form = TypeVar("_Form")

# vllm/transformers_utils/config.py: _ST_POOLING_MODULE_TYPES
_POOLING = frozenset(
    {
        "sentence_transformers.models.Pooling",
        "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    }
)


class _Tokenizer(BaseModel):
    """The key of a ``tokenizer_config.json`` that tells: one template, or several with names."""

    chat_template: str | list[dict[str, str]] | None = None


class _Module(BaseModel):
    type: str


def has_chat_template(folder: Path) -> bool:
    """Whether a folder says how a chat becomes a prompt, in either place where tokenizers do.

    Raises:
        CatalogueError: when its tokenizer_config.json cannot be read.
    """
    if (folder / "chat_template.jinja").is_file():
        return True
    path = folder / "tokenizer_config.json"
    found = _read(path, TypeAdapter(_Tokenizer), "a tokenizer")
    return found is not None and bool(found.chat_template)


def has_pooling(folder: Path) -> bool:
    """Whether a folder says how the vectors of tokens become one, as Sentence Transformers do.

    Raises:
        CatalogueError: when its modules.json cannot be read.
    """
    found = _read(folder / "modules.json", TypeAdapter(list[_Module]), "Sentence Transformers")
    return any(module.type in _POOLING for module in found or ())


def _read(path: Path, form: TypeAdapter[_Form], whose: str) -> _Form | None:
    """What a file holds, or None without one."""
    try:
        return form.validate_json(given_text(path, GENERATED_BYTES))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        msg = f"{path} is not that of {whose}: {error.errors()[0]['msg']}"
        raise CatalogueError(msg) from error
    except GivenFileError as error:
        msg = f"cannot read {path}: {error}"
        raise CatalogueError(msg) from error
