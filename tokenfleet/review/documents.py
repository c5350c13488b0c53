"""What a recorded property really is: text that is JSON, user data, arguments, files."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from tokenfleet.policies.values import decoded
from tokenfleet.recording.lookups import invented_image

_FLAG = re.compile(r"--?[A-Za-z][\w.-]*")
_ENCODED = frozenset({"userData", "userDataBase64"})
# What tells one entry of a list from another, the first that all of them have.
_IDENTITIES = (
    *("Sid", "name", "key", "instanceType", "mountPath", "containerPort", "deviceName"),
    *("resourceType", "cidrBlock"),
)
# Lists whose entries have an identity, and whose order means something all the same: the first
# type is asked for first, the first container runs first.
_ORDERED = frozenset({"overrides", "initContainers"})
ORDER = "[order]"
"""The key under which a mapping that was a list tells the order of its entries."""


def with_images(
    resources: Sequence[Mapping[str, Any]], lookups: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """Resources, with the parameter of an image in place of the id that a recording invents for it."""
    names = [str(each["arguments"].get("name", "")) for each in lookups]
    known = {invented_image(name): f"image of {name}" for name in names}

    def shown(resource: Mapping[str, Any]) -> Mapping[str, Any]:
        image = known.get(str(resource["inputs"].get("imageId")))
        if image is None:
            return resource
        return {**resource, "inputs": {**resource["inputs"], "imageId": image}}

    return list(map(shown, resources))


def opened(name: str, value: object) -> object:
    """A value as the thing it stands for, of a property with that name.

    Base64 and JSON in text are what they hold; a list of arguments is a mapping by flag, and a
    list of mappings that have an identity a mapping by it, so that an order that means nothing
    is none.
    """
    if isinstance(value, str):
        text = (decoded(value) if name in _ENCODED else "") or value
        return _parsed(text)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return {key: opened(key, entry) for key, entry in entries.items()}
    if isinstance(value, list):
        return _list(name, cast("list[object]", value))
    return value


def _parsed(text: str) -> object:
    if text[:1] in {"{", "["}:
        try:
            return opened("", json.loads(text))
        except (ValueError, RecursionError):
            return text
    return text


def _list(name: str, entries: Sequence[object]) -> object:
    if entries and all(isinstance(entry, str) for entry in entries):
        texts = cast("Sequence[str]", entries)
        if sum(map(bool, map(_FLAG.match, texts))) > 1 or name == "args":
            return _arguments(texts)
        return list(texts)
    for identity in _IDENTITIES:
        rows = [cast("Mapping[str, object]", row) for row in entries if isinstance(row, Mapping)]
        names = [str(row[identity]) for row in rows if identity in row]
        if rows and len(names) == len(entries) == len(set(names)):
            found = {f"[{each}]": opened(name, row) for each, row in zip(names, rows, strict=True)}
            return {**found, ORDER: names} if name in _ORDERED else found
    return [opened(name, entry) for entry in entries]


def _arguments(texts: Sequence[str]) -> Mapping[str, object]:
    """``--flag=value`` and ``--flag value`` alike, by flag; other words by their place."""
    found: dict[str, object] = {}
    flag = ""
    for place, text in enumerate(texts):
        if _FLAG.match(text):
            flag, equals, value = text.partition("=")
            _put(found, flag, value if equals else "")
            flag = "" if equals else flag
        elif flag:
            found[flag], flag = text, ""
        else:
            _put(found, f"[{place}]", text)
    return found


def _put(found: dict[str, object], key: str, value: str) -> None:
    before = found.get(key)
    found[key] = value if before is None else f"{before} {value}".strip()
