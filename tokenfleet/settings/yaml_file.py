"""A YAML file somebody typed: what it says, and the line of every key; or why it cannot be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml


class FileError(Exception):
    """A file that cannot be used; the text names it, the line where there is one, and the way out."""


@dataclass(frozen=True, kw_only=True)
class YamlFile:
    """A document: ``content`` as Python values, ``root`` as nodes that know their lines."""

    name: str
    content: object
    root: yaml.Node | None

    def entry(self, key: str) -> object:
        """What stands at a key of the document; None where it has none."""
        return as_mapping(self.content).get(key)

    def line_of(self, *keys: str) -> int:
        """The line, from 1, of a key below others, or of the nearest of them that is there."""
        node, line = self.root, 1
        for key in keys:
            found = next((pair for pair in _pairs(node) if pair[0].value == key), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line

    def error(self, keys: Sequence[str], problem: str) -> FileError:
        """An error about what stands at those keys."""
        place = f"{self.name}:{self.line_of(*keys)}"
        return FileError(f"{place}: {'.'.join(keys)}: {problem}")


def _pairs(node: yaml.Node | None) -> Sequence[tuple[yaml.ScalarNode, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return cast("list[tuple[yaml.ScalarNode, yaml.Node]]", node.value)


def as_mapping(value: object) -> Mapping[object, object]:
    """The value if it is a mapping, else an empty one."""
    return cast("Mapping[object, object]", value) if isinstance(value, dict) else {}


def nested_too_deeply(name: str) -> FileError:
    """What is said of a file that Python cannot walk through."""
    return FileError(f"{name}: is nested too deeply, or an anchor contains itself")


def read_yaml(path: Path, kind: str) -> YamlFile:
    """Read one document; ``kind`` says what the file should be.

    Raises:
        FileNotFoundError: when it does not exist.
        FileError: when it cannot be read or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError, ValueError) as error:
        msg = f"{path.name}: cannot be read: {error}"
        raise FileError(msg) from error
    root = _composed(path.name, text)
    try:
        content = _constructed(root)
    except RecursionError as error:
        raise nested_too_deeply(path.name) from error
    except (yaml.YAMLError, ValueError, TypeError) as error:
        # A date such as 2026-13-01, an unknown tag, a mapping as a key.
        msg = f"{path.name}: is not {kind}: {error}"
        raise FileError(msg) from error
    return YamlFile(name=path.name, content=content, root=root)


def _composed(name: str, text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        msg = f"{name}{line}: is not YAML: {error.problem}"
        raise FileError(msg) from error
    except (yaml.YAMLError, RecursionError) as error:
        msg = f"{name}: is not YAML: {error}"
        raise FileError(msg) from error


def _constructed(root: yaml.Node | None) -> object:
    loader = yaml.SafeLoader("")
    return loader.construct_document(root) if root else None  # pyright: ignore[reportUnknownMemberType] - types-PyYAML has no annotation here
