"""Keys of clients: what they must look like, and where the stack file keeps them.

Their texts are known only while the program runs: what a stack file holds is encrypted.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import cast

from pydantic import TypeAdapter, ValidationError

from tokenfleet.mistakes import Mistake
from tokenfleet.settings.draft import API_KEY, CLIENT_KEYS, PREVIOUS_API_KEY
from tokenfleet.settings.forms import FORM_BY_TYPE, Name

DEFAULT_CLIENT = "default"
"""Whose keys ``apiKey`` and ``previousApiKey`` are, and the one that is made where none is given."""

_SENDABLE = re.compile(r"[!-~]+")
# What a bearer token may be (RFC 6750, section 2.1); none of it means anything in JSON or in a shell.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
# 96 bits where each character is one of 64; half of what the command that messages name makes.
_SHORTEST = 16
_NAME = TypeAdapter[str](Name)


def keys_by_client(
    client_keys: str | None, api_key: str | None = None, previous: str | None = None
) -> Mapping[str, Sequence[str]]:
    """Every key by the client it stands for; the texts must have passed ``decrypted_mistakes``."""
    given = cast("Mapping[str, str | list[str]]", json.loads(client_keys or "{}"))
    found = {
        name: [keys] if isinstance(keys, str) else list(keys)
        for name, keys in sorted(given.items())
    }
    older = [key for key in (api_key, previous) if key is not None]
    if older:
        default = [*found.get(DEFAULT_CLIENT, []), *older]
        found[DEFAULT_CLIENT] = list(dict.fromkeys(default))
    return found


def decrypted_mistakes(texts: Mapping[str, str], keys: Mapping[str, object]) -> Iterator[Mistake]:
    """What is wrong with the secrets of a stack, by name, beside the rest of its ``keys``."""
    yield from lonely_secrets(texts)
    older = {key: text for key, text in texts.items() if key != CLIENT_KEYS}
    for key, text in older.items():
        yield from filter(None, [unsendable_secret(key, text)])
    given = texts.get(CLIENT_KEYS)
    if given is None:
        yield from keyless_clients(keys, [DEFAULT_CLIENT])
    elif mistakes := list(_key_mistakes(given)):
        yield from mistakes
    else:
        yield from _shared_key_mistakes(given, list(older.values()))
        yield from keyless_clients(keys, keys_by_client(given, *older.values()))


def _key_mistakes(text: str) -> Iterator[Mistake]:
    """What is wrong with the decrypted ``clientKeys``; no key is repeated."""
    try:
        given = cast("object", json.loads(text))
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not given:
        yield _mistake(CLIENT_KEYS, f"must map names of clients to their keys: {_set('NAME')}")
        return
    owner_by_key: dict[str, str] = {}
    for name, keys in cast("dict[str, object]", given).items():
        path = f"{CLIENT_KEYS}.{name}"
        yield from _name_mistakes(name)
        listed = cast("list[object]", keys) if isinstance(keys, list) else [keys]
        if not listed:
            yield _mistake(path, f"needs a key: {_set(name)}")
        for key in listed:
            if not isinstance(key, str) or len(key) < _SHORTEST or not _TOKEN.fullmatch(key):
                problem = (
                    f"must be {_SHORTEST} or more letters, digits and -._~+/ (RFC 6750), or a list of"
                    f" such keys: {_set(name)}"
                )
                yield _mistake(path, problem)
            elif key in owner_by_key:
                problem = f"is a key of {owner_by_key[key]} already: each key stands for one client"
                yield _mistake(path, problem)
            else:
                owner_by_key[key] = name


def _shared_key_mistakes(client_keys: str, older: Collection[str]) -> Iterator[Mistake]:
    """A key of another client that the older secrets give to the default one."""
    for name, keys in keys_by_client(client_keys).items():
        if name != DEFAULT_CLIENT and not set(keys).isdisjoint(older):
            problem = (
                f"is {API_KEY} or {PREVIOUS_API_KEY}, too, which stand for the client"
                f" {DEFAULT_CLIENT}: each key stands for one client"
            )
            yield _mistake(f"{CLIENT_KEYS}.{name}", problem)


def written_mistakes(entry: object) -> Iterator[Mistake]:
    """What is wrong with ``clientKeys`` as the stack file has it: all of it must be encrypted."""
    if is_encrypted(entry):
        return
    by_name = _entries(entry)
    if not by_name:
        problem = f"names nobody: {_set('NAME')}"
        yield plaintext_secret(CLIENT_KEYS) if entry else _mistake(CLIENT_KEYS, problem)
    for name, keys in by_name.items():
        path = f"{CLIENT_KEYS}.{name}"
        yield from _name_mistakes(name)
        listed = cast("list[object]", keys) if isinstance(keys, list) else [keys]
        if not listed:
            yield _mistake(path, f"needs a key: {_set(name)}")
        elif not all(map(is_encrypted, listed)):
            problem = f"must be encrypted: {_set(name)} (and change it, it was public)"
            yield _mistake(path, problem)


def named_clients(entry: object) -> frozenset[str] | None:
    """The clients that have a key in the stack file; None where only the program can tell."""
    return None if is_encrypted(entry) else frozenset(_entries(entry))


def keyless_clients(keys: Mapping[str, object], known: Collection[str]) -> Iterator[Mistake]:
    """Clients of ``edge.clients`` that nobody can call as; ``known`` have a key."""
    for name in listed_clients(keys):
        if name not in known:
            problem = f"has no key, so nobody can call as {name}: {_set(name)}"
            yield _mistake(f"edge.clients.{name}", problem)


def listed_clients(keys: Mapping[str, object]) -> Sequence[str]:
    """The names below ``edge.clients``, whether or not what stands there parses."""
    return list(_entries(_entries(keys.get("edge")).get("clients")))


def _entries(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        return {}
    return {str(key): entry for key, entry in cast("Mapping[object, object]", value).items()}


def is_encrypted(value: object) -> bool:
    """Whether it is what ``pulumi config set --secret`` writes."""
    if not isinstance(value, Mapping):
        return False
    entries = cast("Mapping[str, object]", value)
    return list(entries) == ["secure"] and isinstance(entries["secure"], str)


def plaintext_secret(key: str) -> Mistake:
    """A secret that anyone who reads the stack file can read. Its value is not repeated."""
    problem = f"must be encrypted: pulumi config set --secret {key} (and change it, it was public)"
    return _mistake(key, problem)


def unsendable_secret(key: str, text: str) -> Mistake | None:
    """A key that no client could send in a header; an empty one would be none at all."""
    if _SENDABLE.fullmatch(text):
        return None
    problem = (
        "must be visible ASCII characters without spaces, at least one: openssl rand -hex 32 |"
        f" pulumi config set --secret {key}"
    )
    return _mistake(key, problem)


def lonely_secrets(secrets: Collection[str]) -> Iterator[Mistake]:
    """A previous key without a new one: what clients are to send instead is not said."""
    if PREVIOUS_API_KEY in secrets and API_KEY not in secrets:
        problem = (
            f"is what clients sent before {API_KEY}, which is not set: pulumi config set --secret"
            f" {API_KEY}, or pulumi config rm {PREVIOUS_API_KEY}"
        )
        yield _mistake(PREVIOUS_API_KEY, problem)


def stand_ins(secrets: Iterable[str], keys: Mapping[str, object]) -> Mapping[str, str]:
    """What stands for each secret that is not decrypted: as if every listed client had one key."""
    names = listed_clients(keys) or [DEFAULT_CLIENT]
    of_clients = json.dumps({name: [f"not-decrypted-of-{name}"] for name in names})
    return {
        key: of_clients if key == CLIENT_KEYS else f"not-decrypted-{key}" for key in sorted(secrets)
    }


def _name_mistakes(name: str) -> Iterator[Mistake]:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        yield _mistake(f"{CLIENT_KEYS}.{name}", f"must be {FORM_BY_TYPE[Name]}")


def _set(name: str) -> str:
    return f"openssl rand -hex 32 | pulumi config set --secret --path '{CLIENT_KEYS}.{name}[0]'"


def _mistake(path: str, problem: str) -> Mistake:
    return Mistake(path=path, value="", problem=problem)
