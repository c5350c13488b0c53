"""A ``Pulumi.<stack>.yaml`` on disk: its keys, its secrets, and the line each key stands on."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from tokenfleet.given_file import TYPED_BYTES, GivenFileError, given_text
from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.settings.draft import API_KEY, KNOWN_KEYS, PREVIOUS_API_KEY, SECRET_KEYS
from tokenfleet.yaml_document import DEEPEST, YamlError, two_readings, yaml_document

_SENDABLE = re.compile(r"[!-~]+")


class StackFileError(Exception):
    """A stack file that cannot be read at all: absent, empty or not YAML."""


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """What a stack file says.

    ``keys`` are the project's own keys without prefix and without secrets; ``secrets`` the
    names of those that are set (and encrypted); ``ignored`` keys that have no effect here;
    ``mistakes`` what is wrong with the file itself.
    """

    path: Path
    stack: str
    keys: Mapping[str, object]
    secrets: frozenset[str]
    ignored: Sequence[str]
    mistakes: Sequence[Mistake]
    lines: Mapping[str, int]

    def line_of(self, path: str) -> int | None:
        """The line of a config path, or of the nearest part of it that is in the file."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = re.sub(r"(\.[^.\[]*|\[\d+\]|^[^.\[]*)$", "", path)
        return None


def stack_names(project: Path) -> Sequence[str]:
    """The stacks that have a file in the project directory."""
    return sorted(path.name.split(".")[1] for path in project.glob("Pulumi.*.yaml"))


def read_stack_file(project: Path, stack: str, namespace: str) -> StackFile:
    """Read the file of a stack.

    Raises:
        StackFileError: when it does not exist, is empty or is not YAML; the message names the
            file, the line where there is one, and the way out.
    """
    path = project / f"Pulumi.{stack}.yaml"
    mistakes: list[Mistake] = []
    try:
        document = yaml_document(_text(path, project, stack))
    except YamlError as error:
        line = f":{error.line}" if error.line else ""
        msg = f"{path.name}{line}: {error.problem}"
        raise StackFileError(msg) from error
    lines = dict(_lines(document.root, namespace, mistakes))
    content = document.value
    config = cast("dict[object, object]", content).get("config") if _is_mapping(content) else None
    if not _is_mapping(config) or not config:
        msg = (
            f"{path.name}: holds no settings. It needs a mapping 'config:' with keys such as"
            f" '{namespace}:region'; Pulumi.dev.yaml is a working example"
        )
        raise StackFileError(msg)
    own = dict(_own_keys(cast("dict[object, object]", config), namespace, mistakes))
    secrets = {key for key in SECRET_KEYS if key in own}
    mistakes += [plaintext_secret(key) for key in secrets if not _is_encrypted(own[key])]
    mistakes += lonely_secrets(secrets)
    return StackFile(
        path=path,
        stack=stack,
        keys={key: value for key, value in own.items() if key not in secrets},
        secrets=frozenset(secrets),
        ignored=[
            str(key)
            for key in cast("dict[object, object]", config)
            # pulumi:* are the engine's own settings.
            if str(key).partition(":")[0] not in (namespace, "pulumi")
        ],
        mistakes=mistakes,
        lines=lines,
    )


def plaintext_secret(key: str) -> Mistake:
    """A secret that anyone who reads the stack file can read. Its value is not repeated."""
    problem = f"must be encrypted: pulumi config set --secret {key} (and change it, it was public)"
    return Mistake(path=key, value="", problem=problem)


def unsendable_secret(key: str, text: str) -> Mistake | None:
    """A key that no client could send in a header; vLLM asks for none at all when it is empty.

    Known only while the program runs: what a stack file holds is encrypted.
    """
    if _SENDABLE.fullmatch(text):
        return None
    problem = (
        "must be visible ASCII characters without spaces, at least one: openssl rand -hex 32 |"
        f" pulumi config set --secret {key}"
    )
    return Mistake(path=key, value="", problem=problem)


def lonely_secrets(secrets: Collection[str]) -> Iterator[Mistake]:
    """A previous key without a new one: the key that is made at first would never take it in."""
    if PREVIOUS_API_KEY in secrets and API_KEY not in secrets:
        problem = (
            f"is what clients sent before {API_KEY}, which is not set: pulumi config set --secret"
            f" {API_KEY}, or pulumi config rm {PREVIOUS_API_KEY}"
        )
        yield Mistake(path=PREVIOUS_API_KEY, value="", problem=problem)


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


def _text(path: Path, project: Path, stack: str) -> str:
    try:
        return given_text(path, TYPED_BYTES)
    except FileNotFoundError:
        known = stack_names(project)
        there = f" Stacks here: {', '.join(known)}." if known else ""
        msg = f"there is no stack '{stack}' (no Pulumi.{stack}.yaml).{nearest(stack, known)}{there}"
        raise StackFileError(msg) from None
    except GivenFileError as error:
        msg = f"{path.name}: {error}"
        raise StackFileError(msg) from error


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _own_keys(
    config: Mapping[object, object], namespace: str, mistakes: list[Mistake]
) -> Iterator[tuple[str, object]]:
    for key, value in config.items():
        prefix, colon, name = str(key).partition(":")
        if colon and prefix == namespace:
            yield name, config_value(value)
        elif mistake := foreign_key(str(key), namespace):
            mistakes.append(mistake)


def _is_encrypted(value: object) -> bool:
    return isinstance(value, Mapping) and list(cast("Mapping[str, object]", value)) == ["secure"]


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
