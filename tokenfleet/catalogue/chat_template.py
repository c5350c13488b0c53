"""Whether a model can chat, by the files of its tokenizer beside its ``config.json``."""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text


class _Tokenizer(BaseModel):
    """The key of a ``tokenizer_config.json`` that tells: one template, or several with names."""

    chat_template: str | list[dict[str, str]] | None = None


def has_chat_template(folder: Path) -> bool:
    """Whether a folder says how a chat becomes a prompt, in either place where tokenizers do.

    Raises:
        CatalogueError: when its tokenizer_config.json cannot be read.
    """
    if (folder / "chat_template.jinja").is_file():
        return True
    path = folder / "tokenizer_config.json"
    try:
        text = given_text(path, GENERATED_BYTES)
        return bool(_Tokenizer.model_validate_json(text).chat_template)
    except FileNotFoundError:
        return False
    except ValidationError as error:
        msg = f"{path} is not that of a tokenizer: {error.errors()[0]['msg']}"
        raise CatalogueError(msg) from error
    except GivenFileError as error:
        msg = f"cannot read {path}: {error}"
        raise CatalogueError(msg) from error
