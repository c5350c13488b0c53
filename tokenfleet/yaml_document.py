"""YAML that somebody typed, read within bounds and only where it has one meaning."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from tokenfleet.plain_text import control_character

# Stack files have some 200 nodes, eight levels deep. Aliases count as what they stand for, so that
# a few lines of them cannot mean a billion entries.
_MOST_NODES, DEEPEST = 10_000, 50
_CORE_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "map", "null", "seq", "str")}  # fmt: skip
_TEXT, _DATE, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "timestamp", "merge"))
# YAML 1.2.2, 10.3.2 "Core schema: tag resolution".
_NULL = re.compile(r"null|Null|NULL|~|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class YamlError(Exception):
    """A text that is no such document; ``line`` (from 1) is where, None where nobody knows."""

    def __init__(self, problem: str, line: int | None) -> None:
        self.problem = problem
        self.line = line
        super().__init__(problem)


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a text says: as values, and as nodes, which know their lines. None where it is empty."""

    root: yaml.Node | None
    value: object


def yaml_document(text: str) -> Document:
    """Read one document.

    Raises:
        YamlError: when it is none, is too large or too deep once its aliases are written out, or
            holds tags, control characters, or a figure or date that there is not.
    """
    try:
        _Bounds().check(text)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        msg = f"is not YAML: {error.problem}"
        raise YamlError(msg, error.problem_mark.line + 1 if error.problem_mark else None) from error
    except (yaml.YAMLError, ValueError) as error:
        msg = f"is not YAML: {' '.join(str(error).split())}"
        raise YamlError(msg, None) from error
    if root is None:
        return Document(root=None, value=None)
    every = scalars(root)
    for scalar in every:
        if found := control_character(scalar.value):
            msg = f"holds the control character {found}: remove it"
            raise YamlError(msg, scalar.start_mark.line + 1)
    try:
        # Another copy: constructing writes what << merges into the nodes.
        value = _constructed(yaml.compose(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or root.start_mark
        msg = f"is not YAML: {error.problem}"
        raise YamlError(msg, mark.line + 1) from error
    except (ValueError, TypeError) as error:
        # A date such as 2026-13-01, a number of ten thousand digits.
        line = next((s.start_mark.line + 1 for s in every if not _is_constructible(s)), None)
        msg = f"holds a value that cannot be read: {error}"
        raise YamlError(msg, line) from error
    return Document(root=root, value=value)


def two_readings(scalar: yaml.ScalarNode, *, dates: bool) -> str | None:
    """Why an unquoted value has no one meaning, with the way out; None where it has.

    PyYAML reads YAML 1.1, Pulumi (gopkg.in/yaml.v3) what its readme calls "most of YAML 1.2". With
    ``dates`` a date such as 2026-11-01 is one.
    """
    text, newer = scalar.value, _core(scalar.value)
    if scalar.style or (scalar.tag == _TEXT and newer == text) or scalar.tag == _MERGE:
        return None
    if scalar.tag != _implicit_tag(text):
        return None  # a tag says what it is
    older = _constructed(scalar)
    if (type(older), str(older)) == (type(newer), str(newer)):
        return None
    if scalar.tag == _DATE:
        quoted = json.dumps(text)
        return None if dates else f"is a date to some who read YAML: write {quoted}, in quotes"
    older, newer = json.dumps(older), json.dumps(newer)
    return f"YAML 1.1 reads {older} and YAML 1.2 {newer}: write the one you mean"


@dataclass
class _Bounds:
    """Goes through the events of a document before anything is built of them."""

    nodes: int = 0
    open: list[tuple[str | None, int, int]] = field(
        default_factory=list[tuple[str | None, int, int]]
    )
    """Collections that have not ended: anchor, nodes before it, levels below it."""
    anchored: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """Nodes and levels of what each anchor stands for."""

    def check(self, text: str) -> None:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            self._count(event)
            if self.nodes > _MOST_NODES:
                self._refuse(f"holds more than {_MOST_NODES:,} entries, aliases written out", event)
            if len(self.open) + max((below for *_, below in self.open), default=0) > DEEPEST:
                self._refuse(f"is nested too deeply: {DEEPEST} levels at most", event)

    def _count(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.CollectionStartEvent):
            self._check_tag(event.tag, event)
            self.open.append((event.anchor, self.nodes, 0))
            self.nodes += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before, below = self.open.pop()
            if anchor:
                self.anchored[anchor] = (self.nodes - before, below + 1)
            self._deepen(below + 1)
        elif isinstance(event, yaml.ScalarEvent):
            self._check_tag(event.tag, event)
            self.nodes += 1
            if event.anchor:
                self.anchored[event.anchor] = (1, 0)
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, *_ in self.open):
                self._refuse(f"the anchor {event.anchor} contains itself", event)
            nodes, levels = self.anchored.get(str(event.anchor), (1, 0))
            self.nodes += nodes
            self._deepen(levels)

    def _deepen(self, levels: int) -> None:
        if self.open:
            anchor, before, below = self.open[-1]
            self.open[-1] = (anchor, before, max(below, levels))

    def _check_tag(self, tag: str | None, event: yaml.Event) -> None:
        if tag is not None and tag not in _CORE_TAGS:
            self._refuse(f"the tag {tag} means nothing here: leave it out", event)

    def _refuse(self, problem: str, event: yaml.Event) -> None:
        raise YamlError(problem, event.start_mark.line + 1 if event.start_mark else None)


def scalars(root: yaml.Node) -> Sequence[yaml.ScalarNode]:
    """Every scalar once, keys too."""
    waiting, seen, found = [root], set[int](), list[yaml.ScalarNode]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [each for pair in node.value for each in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.ScalarNode):
            found.append(node)
    return found


def _constructed(node: yaml.Node | None) -> object:
    return SafeConstructor().construct_document(node)  # pyright: ignore[reportUnknownMemberType] - types-PyYAML has no annotation here


def _implicit_tag(text: str) -> object:
    return Resolver().resolve(yaml.ScalarNode, text, (True, False))  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - as above


def _is_constructible(scalar: yaml.ScalarNode) -> bool:
    try:
        _constructed(scalar)
    except ValueError:
        return False
    except yaml.YAMLError:
        return True  # << stands for itself only
    return True


def _core(text: str) -> object:
    """What the core schema of YAML 1.2 makes of an unquoted text."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text, 0 if text[:2] in {"0o", "0x"} else 10)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NO_FINITE.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return text
