"""What the parser found wrong, in the words of the order form."""

import json
import re
import typing
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from typing import cast

from pydantic import BaseModel, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.settings.forms import FORM_BY_TYPE, no_range

_LONGEST_VALUE = 80
_FORM_BY_PATTERN = {
    constraint.pattern: form
    for annotated, form in FORM_BY_TYPE.items()
    for constraint in typing.get_args(annotated)
    if isinstance(constraint, StringConstraints)
}
_FORM_BY_ERROR = {
    "bool_type": "true or false",
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        "a day such as 2026-11-28",
    ),
    "dict_type": "a mapping of names to values",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "model_type": "a mapping of keys to values",
    "tuple_type": "a list",
    "ip_v4_network": "an IPv4 range whose host bits are zero, such as 10.0.0.0/16",
}
# What text may stand for that should stand without quotes.
_UNQUOTED_BY_ERROR = {"bool_type": bool, "float_type": float, "int_type": int}


def missing(path: str) -> Mistake:
    """A key that has no default and was not given."""
    return Mistake(path=path, value="", problem="is missing and has no default")


def shown(value: object) -> str:
    """A value as the user wrote it, short enough for one line."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def mistakes_of(error: ValidationError, path: str, kind: type[BaseModel]) -> Iterator[Mistake]:
    """Each finding of pydantic below ``path``, where a section of type ``kind`` stands."""
    for detail in error.errors(include_url=False):
        # A key of a mapping that is refused is reported at ("tags", "the key", "[key]").
        location = tuple(part for part in detail["loc"] if part != "[key]")
        where = path
        for part in location:
            where += f"[{part}]" if isinstance(part, int) else f".{part}"
        if detail["type"] == "missing":
            yield missing(where)
            continue
        value = "" if detail["type"] == "extra_forbidden" else shown(detail["input"])
        yield Mistake(path=where, value=value, problem=_problem(detail, location, kind))


def _problem(detail: ErrorDetails, location: Sequence[int | str], kind: type[BaseModel]) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            known = _known_keys(kind, location[:-1])
            problem = f"unknown key.{nearest(str(location[-1]), known)} Known: {', '.join(known)}."
        case "literal_error":
            problem = _not_a_choice(str(context["expected"]), detail["input"])
        case "string_too_long":
            problem = f"must have {context['max_length']} characters at most"
        case "too_short":
            problem = f"must have {context['min_length']} or more entries"
        case "too_long":
            problem = f"must have {context['max_length']} entries at most"
        case "string_pattern_mismatch":
            pattern = str(context["pattern"])
            problem = f"must be {_FORM_BY_PATTERN.get(pattern, f'text matching {pattern}')}"
        case "string_type":
            problem = _no_text(_annotation(kind, location), detail["input"])
        case "value_error":
            is_range = _annotates(_annotation(kind, location), IPv4Network)
            problem = (no_range(detail["input"]) if is_range else None) or str(context["error"])
        case kind_of_error if kind_of_error in _FORM_BY_ERROR:
            wanted = _UNQUOTED_BY_ERROR.get(kind_of_error)
            quoted = wanted is not None and _stands_for(detail["input"], wanted)
            problem = f"must be {_FORM_BY_ERROR[kind_of_error]}"
            problem += ": write it without quotes" if quoted else ""
        case _:
            problem = detail["msg"].replace("Input should", "must")
    return problem


def _not_a_choice(allowed: str, found: object) -> str:
    """Choices as pydantic lists them: ``'a', 'b' or 'c'``, ``1, 3 or 5``."""
    choices = [word.strip() for word in allowed.replace(" or ", ",").split(",")]
    words = [choice.strip("'") for choice in choices]
    if words != choices:
        written = "" if isinstance(found, str) else json.dumps(found)
        quotes = " It must be text: put it in quotes." if written in words else ""
        return f"must be {allowed}.{nearest(str(found), words)}{quotes}"
    if isinstance(found, str) and found in words:
        return f"must be {allowed}: write it without quotes"
    if isinstance(found, bool) or not isinstance(found, int | float):
        return f"must be {allowed}"
    figures = [int(word) for word in words]
    below = [figure for figure in figures if figure < found][-1:]
    above = [figure for figure in figures if figure > found][:1]
    closest = " and ".join(map(str, below + above))
    return f"must be {allowed}. The nearest: {closest}."


def _no_text(annotation: object, found: object) -> str:
    """What belongs there in place of a number or a switch."""
    pattern = next(_patterns_in(annotation), None)
    written = json.dumps(found, default=str)
    if isinstance(found, bool | int | float) and (
        pattern is None or re.fullmatch(pattern, written)
    ):
        return "must be text: put it in quotes"
    return f"must be {_FORM_BY_PATTERN.get(pattern or '', 'text')}"


def _stands_for(found: object, wanted: type) -> bool:
    if not isinstance(found, str):
        return False
    try:
        read = cast("object", json.loads(found))
    except (ValueError, RecursionError):
        return False
    return type(read) is wanted or (wanted is float and type(read) is int)


def _annotation(kind: type[BaseModel], location: Sequence[int | str]) -> object:
    """The type of what stands at ``location`` below ``kind``, None where nothing may stand."""
    here: object = kind
    for part in location:
        here = _below(here, part)
    return here


def _annotates(annotation: object, wanted: type) -> bool:
    """Whether an annotation is of that type, whatever comes with it."""
    return annotation is wanted or wanted in _arguments(annotation)


def _arguments(annotation: object) -> tuple[object, ...]:
    """What an annotation is made of; that of a field is a tuple of its type and constraints."""
    if isinstance(annotation, tuple):
        return cast("tuple[object, ...]", annotation)
    return typing.get_args(annotation)


def _below(annotation: object, part: int | str) -> object:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if part in (field.alias, name):
                return (field.annotation, *field.metadata)
        return None
    inner = _arguments(cast("object", annotation))
    if typing.get_origin(annotation) is dict:
        return inner[1]
    if typing.get_origin(annotation) is tuple:
        return inner[0]
    return next((found for each in inner if (found := _below(each, part)) is not None), None)


def _known_keys(kind: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The keys that the section at ``location`` below ``kind`` may hold."""
    section = next(_sections_in(_annotation(kind, location)), kind)
    return [field.alias or name for name, field in section.model_fields.items()]


def _patterns_in(annotation: object) -> Iterator[str]:
    """The patterns of an annotated text: its own, or inside a union."""
    if isinstance(annotation, StringConstraints) and isinstance(annotation.pattern, str):
        yield annotation.pattern
    for argument in _arguments(cast("object", annotation)):
        yield from _patterns_in(argument)


def _sections_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The section types an annotation mentions: itself, or inside a dict, tuple or union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in _arguments(cast("object", annotation)):
        yield from _sections_in(argument)
