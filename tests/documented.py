"""Whether a document is what docs/json.md says of it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Never, cast

from tests.json_reference import ANSWERS, is_object, keys_of, parts
from tokenfleet.json_document import Schema

_TYPES: Mapping[object, type | tuple[type, ...]] = {
    bool: bool,
    float: (int, float),
    int: int,
    type(None): type(None),
}


def document_of(text: str) -> dict[str, Any]:
    """The one document that a text is; JSON has no NaN and no Infinity."""
    return json.loads(text, parse_constant=_no_number)


def _no_number(word: str) -> Never:
    raise AssertionError(word)


def misfits(found: object, kind: object, where: str) -> Iterator[str]:
    """Where a document is not as the page says."""
    word, inner = parts(kind)
    if word == "choice":
        if found not in inner:
            yield f"{where}: {found!r}"
    elif word == "either":
        each = [list(misfits(found, one, where)) for one in inner]
        if all(each):
            yield from each[0]
    elif word == "list":
        for place, entry in enumerate(cast("list[object]", found)):
            yield from misfits(entry, inner[0], f"{where}[{place}]")
    elif word == "mapping":
        for name, entry in cast("dict[str, object]", found).items():
            yield from misfits(entry, inner[0], f"{where}.{name}")
    else:
        yield from _misfits_of_one(found, inner[0], where)


def _misfits_of_one(found: object, kind: object, where: str) -> Iterator[str]:
    if is_object(kind):
        yield from _key_misfits(found, kind, where)
    elif kind is not object and not isinstance(found, _TYPES.get(kind, str)):
        yield f"{where}: {found!r}"


def _key_misfits(found: object, kind: type, where: str) -> Iterator[str]:
    if not isinstance(found, dict):
        yield f"{where}: {found!r}"
        return
    entries = cast("dict[str, object]", found)
    keys = keys_of(kind)
    for name in {key.name for key in keys} ^ entries.keys():
        yield f"{where}.{name}: in the page or in the document alone"
    for key in keys:
        if key.name in entries:
            yield from misfits(entries[key.name], key.holds, f"{where}.{key.name}")


def as_documented(text: str, schema: Schema) -> dict[str, Any]:
    """The document that a text is, of the keys of its schema, which is the first of them."""
    document = document_of(text)
    assert next(iter(document)) == "schema"
    answer = dict(document)
    assert answer.pop("schema") == schema
    assert list(misfits(answer, ANSWERS[schema][0], "")) == []
    return document
