"""A ``Pulumi.<stack>.yaml`` on disk: its keys, its secrets, and the line each key stands on."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import cast

import yaml

from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.settings.draft import API_KEY, CLIENT_KEYS, KNOWN_KEYS, SECRET_KEYS
from tokenfleet.settings.environments import configuration_of, named_environments
from tokenfleet.settings.keys import (
    DEFAULT_CLIENT,
    is_encrypted,
    keyless_clients,
    lonely_secrets,
    named_clients,
    plaintext_secret,
    written_mistakes,
)
from tokenfleet.settings.project_file import ProjectFile
from tokenfleet.settings.yaml_file import (
    FileError,
    YamlFile,
    as_mapping,
    read_yaml,
    whole_file_error,
)
from tokenfleet.yaml_document import DEEPEST, two_readings


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """What a stack file says.

    ``keys`` are the project's own keys without prefix and without secrets; ``secrets`` the
    names of those that are set (and encrypted); ``others`` what stands there for other packages,
    by full key; ``mistakes`` what is wrong with the file itself.
    """

    project: ProjectFile
    path: Path
    stack: str
    keys: Mapping[str, object]
    secrets: frozenset[str]
    others: Mapping[str, object]
    mistakes: Sequence[Mistake]
    lines: Mapping[str, int]

    def line_of(self, path: str) -> int | None:
        """The line of a config path, or of the nearest part of it that is in the file."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = re.sub(r"(\.[^.\[]*|\[\d+\]|^[^.\[]*)$", "", path)
        return None


def stack_names(project: ProjectFile) -> Sequence[str]:
    """The stacks that have a file."""
    return list(stack_paths(project))


def stack_paths(project: ProjectFile) -> Mapping[str, Path]:
    """The file of every stack, in the order of their names."""
    paths = sorted(project.stack_folder.glob("Pulumi.*.yaml"))
    return {path.name.removeprefix("Pulumi.").removesuffix(".yaml"): path for path in paths}


def read_stack_file(
    project: ProjectFile,
    stack: str,
    environments: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> StackFile:
    """Read the file of a stack; ``environments`` is what each environment it names configures.

    Raises:
        FileError: when it does not exist, is empty or is not YAML, or an environment is not given;
            the message names the file, the line where there is one, and the way out.
    """
    found = _found(project, stack)
    mistakes: list[Mistake] = []
    lines = dict(_lines(found.root, project.name, mistakes))
    configured = as_mapping(found.entry("config"))
    named = named_environments(found)
    if not configured and not named:
        problem = (
            "holds no settings. It needs a mapping 'config:' with keys such as"
            f" '{project.name}:region'; docs/stack-file.md lists them"
        )
        raise whole_file_error(found.name, problem)
    given = configuration_of(found, named, environments)
    own = dict(_own_keys({**given, **configured}, project.name, mistakes))
    secrets = {key for key in SECRET_KEYS if key in own}
    for key in sorted(secrets):
        if f"{project.name}:{key}" in configured:
            mistakes += _unencrypted(key, own[key])
    mistakes += lonely_secrets(secrets)
    keys = {key: value for key, value in own.items() if key not in secrets}
    mistakes += _keyless(own, keys)
    return StackFile(
        project=project,
        path=project.stack_folder / found.name,
        stack=stack,
        keys=keys,
        secrets=frozenset(secrets),
        others={
            str(key): value
            for key, value in {**given, **configured}.items()
            # pulumi:* are the engine's own settings.
            if str(key).partition(":")[0] not in (project.name, "pulumi")
        },
        mistakes=mistakes,
        lines=lines,
    )


def _unencrypted(key: str, value: object) -> Iterator[Mistake]:
    if key == CLIENT_KEYS:
        yield from written_mistakes(value)
    elif not is_encrypted(value):
        yield plaintext_secret(key)


def _keyless(own: Mapping[str, object], keys: Mapping[str, object]) -> Iterator[Mistake]:
    """Clients without a key, as far as names can be read; without any key one is made."""
    known = named_clients(own[CLIENT_KEYS]) if CLIENT_KEYS in own else frozenset[str]()
    if known is not None:
        made = API_KEY in own or CLIENT_KEYS not in own
        yield from keyless_clients(keys, {*known, *([DEFAULT_CLIENT] if made else [])})


def config_value(value: object) -> object:
    """A configuration value: JSON text, as ``pulumi config set`` writes it, read as what it says."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        found = cast("object", json.loads(value))
    except (ValueError, RecursionError):
        return value
    return found if _levels(found) <= DEEPEST else value


def _levels(value: object) -> int:
    """How deep mappings and lists are nested in each other."""
    level, depth = [value], 0
    while level := [inner for each in level for inner in _inside(each)]:
        depth += 1
    return depth


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


def foreign_key(key: str, namespace: str) -> Mistake | None:
    """A key without our namespace, if it was meant to have it: misspelt, or left out.

    Keys of other packages (``aws:region``) are theirs to read; here every provider is
    explicit, so that they have no effect, which the preview notes.
    """
    prefix, colon, name = key.partition(":")
    if colon and not nearest(prefix, [namespace]):
        return None
    meant = name if colon else prefix
    hint = nearest(f"{namespace}:{meant}", (f"{namespace}:{known}" for known in KNOWN_KEYS))
    problem = f"has no effect: the program reads {namespace}:* keys only.{hint}"
    return Mistake(path=key, value="", problem=problem)


def _found(project: ProjectFile, stack: str) -> YamlFile:
    try:
        return read_yaml(project.stack_folder / f"Pulumi.{stack}.yaml")
    except FileNotFoundError:
        known = stack_names(project)
        there = f" Stacks here: {', '.join(known)}." if known else ""
        msg = f"there is no stack '{stack}' (no Pulumi.{stack}.yaml).{nearest(stack, known)}{there}"
        raise FileError(msg) from None


def _own_keys(
    config: Mapping[object, object], namespace: str, mistakes: list[Mistake]
) -> Iterator[tuple[str, object]]:
    for key, value in config.items():
        prefix, colon, name = str(key).partition(":")
        if colon and prefix == namespace:
            yield name, config_value(value)
        elif mistake := foreign_key(str(key), namespace):
            mistakes.append(mistake)


def _lines(
    root: yaml.Node | None, namespace: str, mistakes: list[Mistake]
) -> Iterator[tuple[str, int]]:
    """Config path to line (from 1), reporting keys that are written twice."""
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "config":
            for name, line in _lines_below(value, "", mistakes):
                yield name.removeprefix(f"{namespace}:"), line


def _lines_below(node: yaml.Node, path: str, mistakes: list[Mistake]) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            below = f"{path}.{name}" if path else name
            if name in seen:
                problem = f"is written twice, first on line {seen[name]}: keep one"
                mistakes.append(Mistake(path=_own(below), value="", problem=problem))
            seen[name] = line
            yield below, line
            mistakes.extend(_unclear(key, _own(below)))
            yield from _lines_below(value, below, mistakes)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield f"{path}[{index}]", value.start_mark.line + 1
            yield from _lines_below(value, f"{path}[{index}]", mistakes)
    else:
        mistakes.extend(_unclear(node, _own(path)))


def _own(path: str) -> str:
    """A config path without the namespace."""
    return path.partition(":")[2] or path


def _unclear(node: yaml.Node, path: str) -> Iterator[Mistake]:
    """A value, or a key, that this program and the engine might read differently."""
    problem = two_readings(node, dates=False) if isinstance(node, yaml.ScalarNode) else None
    if problem:
        yield Mistake(path=path, value=node.value, problem=problem)
