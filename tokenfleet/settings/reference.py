"""The keys of a stack file as Markdown, from the settings themselves."""

import ast
import datetime as dt
import inspect
import textwrap
import typing
from collections.abc import Iterator, Mapping
from itertools import pairwise

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tokenfleet.settings.forms import FORM_BY_TYPE
from tokenfleet.settings.sections import Settings

_WORD_BY_TYPE: dict[object, str] = {
    bool: "true or false",
    float: "number",
    int: "whole number",
    str: "text",
    dt.date: "a day such as 2026-11-28",
}


def reference() -> str:
    """A table of every key: path, what it takes, default, meaning."""
    rows = [
        "| key | takes | default | |",
        "|---|---|---|---|",
        *(f"| `{path}` | {takes} | {default} | {text} |" for path, takes, default, text in _rows()),
    ]
    return "\n".join(rows) + "\n"


def documented_keys() -> list[str]:
    """The path of every key that takes a value, and of every section that is a choice of names."""
    sections = ("section", "a section for each name")
    return [path for path, takes, _, _ in _rows() if takes != "section" and path.count(".")] + [
        path for path, takes, _, _ in _rows() if takes not in sections and not path.count(".")
    ]


def _rows(
    section: type[BaseModel] = Settings, prefix: str = ""
) -> Iterator[tuple[str, str, str, str]]:
    texts = field_texts(section)
    for name, field in section.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        inner = _section_in(field.annotation)
        named = typing.get_origin(field.annotation) is dict and inner is not None
        takes = "a section for each name" if named else "section" if inner else _takes(field)
        yield path, takes, _default(field, inner), texts.get(name, "").replace("|", "\\|")
        if inner is not None:
            yield from _rows(inner, f"{path}.NAME." if named else f"{path}.")


def field_texts(section: type) -> Mapping[str, str]:
    """What stands under each field of a section or dataclass, as its sources have it.

    Pydantic can keep it (``use_attribute_docstrings``), and then reads the sources in every preview.
    """
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(section))).body
    texts: dict[str, str] = {}
    for field, below in pairwise(typing.cast("ast.ClassDef", definition).body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(value=str(text))):
                texts[name] = inspect.cleandoc(text)
            case _:
                pass
    return texts


def _section_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_section_in, typing.get_args(annotation))), None)


def _takes(field: FieldInfo) -> str:
    for annotated, form in FORM_BY_TYPE.items():
        if field.annotation is str and field.metadata == list(typing.get_args(annotated)[1:]):
            return form
    return _words(field.annotation)


def _words(annotation: object) -> str:
    """An annotation in words."""
    arguments = typing.get_args(annotation)
    match typing.get_origin(annotation):
        case typing.Annotated:
            return FORM_BY_TYPE.get(annotation) or _words(arguments[0])
        case typing.Literal:
            return ", ".join(f"`{choice}`" for choice in arguments)
        case origin if origin is tuple:
            return f"list of {_words(arguments[0])}"
        case origin if origin is dict:
            return f"{_words(arguments[0])}, each with {_words(arguments[1])}"
        case None:
            return _WORD_BY_TYPE.get(annotation, "IPv4 range")
        case _:
            return " or ".join(_words(a) for a in arguments if a is not type(None))


def _default(field: FieldInfo, inner: type[BaseModel] | None) -> str:
    if field.is_required():
        return "required"
    if inner is not None:
        return "none" if field.default is None else "see below"
    match field.default:
        case None | () | {}:
            return "none"
        case bool():
            return str(field.default).lower()
        case tuple():
            return ", ".join(map(str, typing.cast("tuple[object, ...]", field.default)))
        case _:
            return str(field.default)
