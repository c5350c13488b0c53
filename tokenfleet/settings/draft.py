"""Untrusted mapping -> typed sections: what parses is kept, what does not is a located mistake."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from tokenfleet.mistakes import Mistake, StackError, nearest
from tokenfleet.plain_text import control_character
from tokenfleet.settings.forms import AccountId, Name, RegionName
from tokenfleet.settings.messages import missing, mistakes_of, shown
from tokenfleet.settings.models import ModelSettings
from tokenfleet.settings.sections import (
    ClusterSettings,
    CostSettings,
    EdgeSettings,
    NetworkSettings,
    ObservabilitySettings,
    PoolSettings,
    Settings,
)

# Not part of Settings, which stay printable: they go as Pulumi secrets to one component.
CLIENT_KEYS, API_KEY, PREVIOUS_API_KEY = "clientKeys", "apiKey", "previousApiKey"
SECRET_KEYS = (CLIENT_KEYS, API_KEY, PREVIOUS_API_KEY)
KNOWN_KEYS = (*Settings.model_fields, *SECRET_KEYS)

_Section = TypeVar("_Section", bound=BaseModel)
_NAME = TypeAdapter[str](Name)
_REGION = TypeAdapter[str](RegionName)
_ACCOUNT = TypeAdapter[str](AccountId)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The sections that parsed; ``None`` (or absent from a mapping) where one did not.

    The checks of the plan run on a draft, so that a typo in one place does not hide a
    contradiction in another.
    """

    region: str | None
    account: str | None
    network: NetworkSettings | None
    cluster: ClusterSettings | None
    edge: EdgeSettings | None
    observability: ObservabilitySettings | None
    cost: CostSettings | None
    pools: Mapping[str, PoolSettings]
    models: Mapping[str, ModelSettings]
    pool_names: frozenset[str]
    """Every pool, whether or not its entry parsed."""
    pool_by_model: Mapping[str, str]
    """The pool each model names, whether or not its entry parsed."""
    mistakes: tuple[Mistake, ...]

    def settings(self) -> Settings:
        """The trusted settings.

        Raises:
            StackError: when any section did not parse.
        """
        if self.mistakes:
            raise StackError(self.mistakes)
        return Settings.model_construct(
            **{name: getattr(self, name) for name in Settings.model_fields}
        )


def parse(stack: Mapping[str, object]) -> Draft:
    """Read the settings of a stack: its keys without the ``tokenfleet:`` prefix.

    Never raises: everything wrong is in ``Draft.mistakes``.
    """
    mistakes = [
        Mistake(
            path=key or '""',
            value="",
            problem=f"unknown key.{nearest(key, KNOWN_KEYS)} Known: {', '.join(KNOWN_KEYS)}.",
        )
        for key in stack
        if key not in KNOWN_KEYS
    ]
    mistakes += [each for key, value in stack.items() for each in _unreadable(value, key or '""')]
    return Draft(
        region=_word(stack, "region", _REGION, mistakes),
        account=_word(stack, "account", _ACCOUNT, mistakes),
        network=_section(stack, "network", NetworkSettings, mistakes),
        cluster=_section(stack, "cluster", ClusterSettings, mistakes),
        edge=_section(stack, "edge", EdgeSettings, mistakes),
        observability=_section(stack, "observability", ObservabilitySettings, mistakes),
        cost=_section(stack, "cost", CostSettings, mistakes),
        pools=_named(stack, "pools", PoolSettings, mistakes),
        models=_named(stack, "models", ModelSettings, mistakes),
        pool_names=frozenset(_entries(stack, "pools")),
        pool_by_model={
            name: pool
            for name, entry in _entries(stack, "models").items()
            if isinstance(entry, Mapping)
            and isinstance(pool := cast("Mapping[str, object]", entry).get("pool"), str)
        },
        mistakes=tuple(mistakes),
    )


def _unreadable(value: object, path: str) -> Iterator[Mistake]:
    """Every text with a character that no reader sees and some machine obeys."""
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[object, object]", value).items():
            yield from _unreadable(str(key), path)
            yield from _unreadable(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[object]", value)):
            yield from _unreadable(inner, f"{path}[{index}]")
    elif isinstance(value, str) and (found := control_character(value)):
        problem = f"holds the control character {found}: remove it"
        yield Mistake(path=path, value=shown(value), problem=problem)


def _word(
    stack: Mapping[str, object], key: str, form: TypeAdapter[str], mistakes: list[Mistake]
) -> str | None:
    if key not in stack:
        if Settings.model_fields[key].is_required():
            mistakes.append(missing(key))
        return None
    try:
        return form.validate_python(stack[key], strict=True)
    except ValidationError as error:
        mistakes += mistakes_of(error, key, Settings)
        return None


def _section(
    stack: Mapping[str, object], key: str, kind: type[_Section], mistakes: list[Mistake]
) -> _Section | None:
    if key in stack:
        return _validated(stack[key], key, kind, mistakes)
    if Settings.model_fields[key].is_required():
        mistakes.append(missing(key))
        return None
    return cast("_Section", Settings.model_fields[key].default)


def _named(
    stack: Mapping[str, object], key: str, kind: type[_Section], mistakes: list[Mistake]
) -> Mapping[str, _Section]:
    entries = _entries(stack, key)
    if key not in stack:
        mistakes.append(missing(key))
    elif not entries:
        problem = f"must map one name or more to {key}"
        mistakes.append(Mistake(path=key, value=shown(stack[key]), problem=problem))
    parsed: dict[str, _Section] = {}
    for name, entry in entries.items():
        path = f"{key}.{name}"
        try:
            _NAME.validate_python(name)
        except ValidationError as error:
            mistakes += mistakes_of(error, path, kind)
        section = _validated(entry, path, kind, mistakes)
        if section is not None:
            parsed[name] = section
    return parsed


def _entries(stack: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = stack.get(key)
    if not isinstance(found, Mapping):
        return {}
    return {str(name): entry for name, entry in cast("Mapping[object, object]", found).items()}


def _validated(
    entry: object, path: str, kind: type[_Section], mistakes: list[Mistake]
) -> _Section | None:
    text = json.dumps(entry, default=str)
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        mistakes += mistakes_of(error, path, kind)
        unknown = [e["loc"] for e in error.errors() if e["type"] == "extra_forbidden"]
    # A misspelt optional key should not hide what the checks would say of the rest.
    try:
        return kind.model_validate_json(json.dumps(_without(json.loads(text), unknown)))
    except ValidationError:
        return None


def _without(entry: object, locations: Iterable[tuple[int | str, ...]]) -> object:
    """``entry`` without the keys at those locations."""
    for *parents, key in locations:
        inner = entry
        for parent in parents:
            inner = cast("dict[int | str, object]", inner)[parent]
        cast("dict[int | str, object]", inner).pop(key, None)
    return entry
