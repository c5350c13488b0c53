"""A YAML file somebody typed: what it says, and the line of every key; or why it cannot be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from tokenfleet.given_file import TYPED_BYTES, GivenFileError, given_text
from tokenfleet.mistakes import Located, Mistake, located
from tokenfleet.yaml_document import YamlError, yaml_document


class FileError(Exception):
    """A file that cannot be used; the text names it, the line where there is one, and the way out.

    ``mistakes`` is the same for machines; empty where there is no such file.
    """

    def __init__(self, text: str, mistakes: Sequence[Located] = ()) -> None:
        self.mistakes = mistakes
        super().__init__(text)


def file_error(*mistakes: Located) -> FileError:
    """An error about what stands in files, a line each."""
    return FileError("\n".join(mistake.text for mistake in mistakes), mistakes)


def whole_file_error(name: str, problem: str, line: int | None = None) -> FileError:
    """An error about a file that is of no use whatever its keys say."""
    return file_error(located(name, line, Mistake(path="", value="", problem=problem)))


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
        mistake = Mistake(path=".".join(keys), value="", problem=problem)
        return file_error(located(self.name, self.line_of(*keys), mistake))


def _pairs(node: yaml.Node | None) -> Sequence[tuple[yaml.ScalarNode, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return cast("list[tuple[yaml.ScalarNode, yaml.Node]]", node.value)


def as_mapping(value: object) -> Mapping[object, object]:
    """The value if it is a mapping, else an empty one."""
    return cast("Mapping[object, object]", value) if isinstance(value, dict) else {}


def read_yaml(path: Path) -> YamlFile:
    """Read one document.

    Raises:
        FileNotFoundError: when it does not exist.
        FileError: when it cannot be read or is not YAML.
    """
    try:
        document = yaml_document(given_text(path, TYPED_BYTES))
    except GivenFileError as error:
        raise whole_file_error(path.name, str(error)) from error
    except YamlError as error:
        raise whole_file_error(path.name, error.problem, error.line) from error
    return YamlFile(name=path.name, content=document.value, root=document.root)
