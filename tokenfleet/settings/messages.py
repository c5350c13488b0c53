"""What the parser found wrong, in the words of the order form."""

import json
import typing
from collections.abc import Iterator, Sequence

from pydantic import BaseModel, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.settings.forms import FORM_BY_TYPE

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
    "string_type": "text: put it in quotes",
    "tuple_type": "a list",
    "ip_v4_network": "an IPv4 range whose host bits are zero, such as 10.0.0.0/16",
}


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
        case "value_error":
            problem = str(context["error"])
        case kind_of_error if kind_of_error in _FORM_BY_ERROR:
            problem = f"must be {_FORM_BY_ERROR[kind_of_error]}"
        case _:
            problem = detail["msg"].replace("Input should", "must")
    return problem


def _not_a_choice(allowed: str, found: object) -> str:
    words = [word.strip("' ") for word in allowed.replace(" or ", ",").split(",")]
    quotes = "" if isinstance(found, str) else " It must be text: put it in quotes."
    return f"must be {allowed}.{nearest(str(found), words)}{quotes}"


def _known_keys(kind: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The keys that the section at ``location`` below ``kind`` may hold."""
    for part in location:
        inner = next(
            (
                field.annotation
                for name, field in kind.model_fields.items()
                if part in (field.alias, name)
            ),
            None,
        )
        kind = next(_sections_in(inner), kind)
    return [field.alias or name for name, field in kind.model_fields.items()]


def _sections_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The section types an annotation mentions: itself, or inside a dict, tuple or union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _sections_in(argument)
