"""A ``Pulumi.<stack>.yaml`` on disk: its keys, its secrets, and the line each key stands on."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.settings.draft import API_KEY, KNOWN_KEYS, PREVIOUS_API_KEY, SECRET_KEYS

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
    root = _composed(path, _text(path, project, stack))
    mistakes: list[Mistake] = []
    try:
        content = _constructed(root)
        lines = dict(_lines(root, namespace, mistakes))
    except RecursionError as error:
        msg = f"{path.name}: is nested too deeply, or an anchor contains itself"
        raise StackFileError(msg) from error
    except (yaml.YAMLError, ValueError, TypeError) as error:
        # A date such as 2026-13-01, an unknown tag, a mapping as a key.
        msg = f"{path.name}: is not a stack file: {error}"
        raise StackFileError(msg) from error
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
        return cast("object", json.loads(value))
    except (ValueError, RecursionError):
        return value


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
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = stack_names(project)
        there = f" Stacks here: {', '.join(known)}." if known else ""
        msg = f"there is no stack '{stack}' (no Pulumi.{stack}.yaml).{nearest(stack, known)}{there}"
        raise StackFileError(msg) from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        msg = f"{path.name}: cannot be read: {error}"
        raise StackFileError(msg) from error


def _composed(path: Path, text: str) -> yaml.Node | None:
    """The document as nodes, which know their lines."""
    try:
        return yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        msg = f"{path.name}, line {line}: is not YAML: {error.problem}"
        raise StackFileError(msg) from error
    except (yaml.YAMLError, RecursionError) as error:
        msg = f"{path.name}: is not YAML: {error}"
        raise StackFileError(msg) from error


def _constructed(root: yaml.Node | None) -> object:
    loader = yaml.SafeLoader("")
    return loader.construct_document(root) if root else None  # pyright: ignore[reportUnknownMemberType] - types-PyYAML has no annotation here


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
                mistakes.append(
                    Mistake(path=below.partition(":")[2] or below, value="", problem=problem)
                )
            seen[name] = line
            yield below, line
            yield from _lines_below(value, below, mistakes)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield f"{path}[{index}]", value.start_mark.line + 1
            yield from _lines_below(value, f"{path}[{index}]", mistakes)
