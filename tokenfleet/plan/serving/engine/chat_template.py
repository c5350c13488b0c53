"""A chat template from a file beside the stack, on its way into a replica."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tokenfleet.given_file import TYPED_BYTES, GivenFileError, given_text
from tokenfleet.mistakes import Mistake
from tokenfleet.settings.models import ModelSettings

FOLDER = "/chat-template"
"""Where a container sees it."""
_FILE = "template.jinja"
_DIGITS = 10


@dataclass(frozen=True, kw_only=True)
class ChatTemplatePlan:
    """A template; another text is another ConfigMap, so that a replica never sees it change."""

    config_map: str
    text: str

    @property
    def path(self) -> str:
        """Where the engine reads it."""
        return f"{FOLDER}/{_FILE}"

    @property
    def data(self) -> Mapping[str, str]:
        """What the ConfigMap holds."""
        return {_FILE: self.text}


def _syntax_problem(text: str) -> str | None:
    # Few stacks have a template, and Jinja takes as long to import as half of the rest.
    return import_module("tokenfleet.plan.serving.engine.jinja_syntax").syntax_problem(text)


def plan_chat_template(name: str, text: str | None) -> ChatTemplatePlan | None:
    """Of a model by that name; None where it has that of its tokenizer."""
    if text is None:
        return None
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
    return ChatTemplatePlan(config_map=f"chat-template-{name}-{digest}", text=text)


def read_chat_template(name: str, model: ModelSettings, project: Path) -> str | Mistake | None:
    """The text of the file that a model names, or what is wrong with it.

    A ConfigMap may hold 1 MiB (kubernetes.io, "ConfigMaps"), which is what a typed file may have.
    """
    if model.chat_template is None:
        return None
    path = project / model.chat_template
    problem = None
    try:
        text = given_text(path, TYPED_BYTES)
    except (OSError, GivenFileError) as error:
        said = getattr(error, "strerror", None) or error
        text, problem = "", f"cannot read {path}: {said}. Give a path relative to Pulumi.yaml"
    else:
        # The engine takes a text without any for the name of a template.
        if "{" not in text:
            problem = f"{path} holds no Jinja, which has {{{{ or {{%: it would make no prompt"
        elif odd := next((c for c in text if ord(c) < ord(" ") and c not in "\t\n\r"), None):
            problem = f"{path} holds the control character U+{ord(odd):04X}: it is no template"
        elif wrong := _syntax_problem(text):
            problem = f"{path} is no Jinja template, {wrong}"
    if problem:
        place = f"models.{name}.chatTemplate"
        return Mistake(path=place, value=model.chat_template, problem=problem)
    return text
