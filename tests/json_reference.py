"""The keys of every JSON document as Markdown, from the types that commands answer with."""

import collections
import dataclasses
import datetime as dt
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from ipaddress import IPv4Network

from pydantic import BaseModel

from tokenfleet.advice.advice import Advice
from tokenfleet.commands import (
    bake,
    capacity,
    capacity_status,
    catalogue,
    coldstart,
    compare,
    compile,  # noqa: A004 - a subcommand
    cost,
    explain,
    models,
    simulate,
)
from tokenfleet.commands.refresh import RefreshAnswer
from tokenfleet.json_document import Schema, camel_case
from tokenfleet.preview.report import Report
from tokenfleet.recording.recorded import Recording
from tokenfleet.refusal import RefusalAnswer
from tokenfleet.review.review import Review
from tokenfleet.settings.reference import field_texts
from tokenfleet.weights.publish import Published

ANSWERS: Mapping[Schema, tuple[type, str]] = {
    Schema.PREVIEW: (Report, "`tokenfleet preview --json`, and `report.json` of `--out`"),
    Schema.RESOURCES: (Recording, "`resources.json` of `tokenfleet preview --out`"),
    Schema.REVIEW: (Review, "`tokenfleet review --json`"),
    Schema.COST: (cost.CostAnswer, "`tokenfleet cost --json`"),
    Schema.COMPARE: (compare.CompareAnswer, "`tokenfleet compare --json`"),
    Schema.COLDSTART: (coldstart.ColdstartAnswer, "`tokenfleet coldstart --json`"),
    Schema.CAPACITY: (capacity.CapacityAnswer, "`tokenfleet capacity --json`"),
    Schema.CAPACITY_STATUS: (
        capacity_status.StatusAnswer,
        "`tokenfleet capacity status --json`",
    ),
    Schema.SIMULATE: (simulate.SimulateAnswer, "`tokenfleet simulate --json`"),
    Schema.ADVICE: (Advice, "`tokenfleet advise --json`"),
    Schema.EXPLAIN: (explain.ExplainAnswer, "`tokenfleet explain --json`"),
    Schema.PUBLISH: (Published, "`tokenfleet publish --json`"),
    Schema.MODELS: (models.ModelsAnswer, "`tokenfleet models --json`"),
    Schema.STACK_MODELS: (models.StackModelsAnswer, "`tokenfleet models --stack STACK --json`"),
    Schema.COMPILE: (compile.CompileAnswer, "`tokenfleet compile --json`"),
    Schema.BAKE: (bake.BakeAnswer, "`tokenfleet bake --json`"),
    Schema.CATALOGUE_TYPES: (catalogue.TypesAnswer, "`tokenfleet catalogue types --json`"),
    Schema.CATALOGUE_MODELS: (catalogue.ModelsAnswer, "`tokenfleet catalogue models --json`"),
    Schema.CATALOGUE_REGIONS: (catalogue.RegionsAnswer, "`tokenfleet catalogue regions --json`"),
    Schema.CATALOGUE_REFRESH: (RefreshAnswer, "`tokenfleet catalogue refresh --json`"),
    Schema.ERROR: (RefusalAnswer, "any of them, refused"),
}
"""What each document is made of, and where it is found."""

_TABLE = ["| key | holds | |", "|---|---|---|"]
# A type with more keys than these has a section of its own also where one key alone leads to it.
_MOST_KEYS_IN_PLACE = 8
_WORD_BY_TYPE: Mapping[object, str] = {
    bool: "true or false",
    float: "number",
    int: "whole number",
    str: "text",
    object: "any value",
    dt.date: "day, 2026-11-28",
    dt.datetime: "moment, 2026-11-28T09:30:00+00:00",
    IPv4Network: "IPv4 range",
    type(None): "null",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Key:
    """A key of an object: its name outside, what it holds, and what that means."""

    name: str
    holds: object
    meaning: str


def keys_of(kind: type) -> Sequence[Key]:
    """The keys of a type, in the order they are written."""
    meanings = {
        name: text
        for base in reversed(kind.__mro__)
        if base.__module__.startswith("tokenfleet")
        for name, text in field_texts(base).items()
    }
    if BaseModel in kind.__mro__:
        fields = typing.cast("type[BaseModel]", kind).model_fields
        return [
            Key(name=f.alias or name, holds=f.annotation, meaning=meanings.get(name, ""))
            for name, f in fields.items()
        ]
    hints = typing.get_type_hints(kind)
    return [
        Key(name=camel_case(f.name), holds=hints[f.name], meaning=meanings.get(f.name, ""))
        for f in dataclasses.fields(kind)
    ]


def is_object(kind: object) -> typing.TypeGuard[type]:
    """Whether it is a type with keys of ours."""
    return isinstance(kind, type) and (
        dataclasses.is_dataclass(kind) or issubclass(kind, BaseModel)
    )


def parts(kind: object) -> tuple[str, Sequence[object]]:
    """What an annotation is made of: the word "either", "list", "mapping", "choice" or "one"."""
    arguments = typing.get_args(kind)
    match typing.get_origin(kind):
        case typing.Annotated:
            return parts(arguments[0])
        case typing.Literal:
            return "choice", arguments
        case typing.Union | types.UnionType:
            return "either", arguments
        case None:
            return _choice(kind) or ("one", [kind])
        case origin if issubclass(typing.cast("type", origin), Mapping):
            return "mapping", arguments[1:]
        case _:
            return "list", arguments[:1]


def _choice(kind: object) -> tuple[str, Sequence[object]] | None:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "choice", [str(each) for each in kind]
    return None


def reference() -> str:
    """A section for every document, then one for every part that several of them share."""
    shared = {
        kind
        for kind, count in _users().items()
        if count > 1 or len(keys_of(kind)) > _MOST_KEYS_IN_PLACE
    }
    lines: list[str] = []
    for schema, (kind, where) in ANSWERS.items():
        first = f"| `schema` | `{schema}` | |"
        lines += [
            "",
            f"## {schema}",
            f"What holds it: {where}.",
            "",
            _cell(_text(kind)),
            "",
            *_TABLE,
        ]
        lines += [first, *_rows(kind, "", shared)]
    lines += ["", "## Parts"]
    for kind in sorted(shared, key=lambda each: each.__name__):
        lines += [
            "",
            f"### {kind.__name__}",
            _cell(_text(kind)),
            "",
            *_TABLE,
            *_rows(kind, "", shared),
        ]
    return "\n".join(lines).lstrip() + "\n"


def all_types() -> set[type]:
    """Every type with keys of ours."""
    return {kind for kind, _ in ANSWERS.values()} | set(_users())


def _users() -> collections.Counter[type]:
    """How many keys lead to each type."""
    found, seen = collections.Counter[type](), set[type]()
    waiting = [kind for kind, _ in ANSWERS.values()]
    while waiting:
        kind = waiting.pop()
        if kind not in seen:
            seen.add(kind)
            within = [each for key in keys_of(kind) for each in _objects(key.holds)]
            found.update(within)
            waiting += within
    return found


def _objects(kind: object) -> Iterator[type]:
    word, inner = parts(kind)
    if word == "one":
        if is_object(kind):
            yield kind
    elif word != "choice":
        for each in inner:
            yield from _objects(each)


def _rows(kind: type, prefix: str, shared: set[type]) -> Iterator[str]:
    for key in keys_of(kind):
        path = f"{prefix}{key.name}"
        here = [each for each in _objects(key.holds) if each not in shared]
        meaning = " ".join([key.meaning, *map(_text, here)])
        yield f"| `{path}` | {_words(key.holds, shared)} | {_cell(meaning)} |"
        for each in here:
            yield from _rows(each, f"{path}{_steps(key.holds)}.", shared)


def _steps(kind: object) -> str:
    """What leads from a key to the objects below it: nothing, ``[]`` or ``.NAME``."""
    word, inner = parts(kind)
    inner = [each for each in inner if each is not type(None)]
    if word in ("one", "choice"):
        return ""
    step = {"list": "[]", "mapping": ".NAME", "either": ""}[word]
    return step + _steps(inner[0])


def _words(kind: object, shared: set[type]) -> str:
    word, inner = parts(kind)
    if word == "choice":
        return ", ".join(f"`{each}`" for each in inner)
    if word == "one":
        (kind,) = inner
        if not is_object(kind):
            return _WORD_BY_TYPE[kind]
        return f"[{kind.__name__}](#{kind.__name__.lower()})" if kind in shared else "object"
    within = " or ".join(_words(each, shared) for each in inner)
    return {"either": "", "list": "list of ", "mapping": "map of "}[word] + within


def _text(kind: type) -> str:
    """What a class says of itself, its fields as they are written outside."""
    contract = inspect.cleandoc(kind.__doc__ or "").partition("\n\nRaises:")[0]
    return re.sub(r"``(.+?)``", lambda found: f"`{_outside(kind, found[1])}`", contract)


def _outside(kind: type, name: str) -> object:
    """A field, or how several of them begin, as it is written outside; of a constant, its value."""
    if any(field.startswith(name.rstrip("*")) for field in typing.get_type_hints(kind)):
        return camel_case(name)
    return vars(sys.modules[kind.__module__]).get(name, name) if name.isupper() else name


def _cell(text: str) -> str:
    # JSON's word for it.
    nulls = re.sub(r"\bNone\b", "null", re.sub(r"(^|\. )None\b", r"\1Null", text))
    words = nulls.replace("``", "`").replace("|", "\\|").split()
    return " ".join(words)
