"""What the stacks of a revision are: that revision's own command previews them, each on its own."""

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tokenfleet.json_document import Schema
from tokenfleet.settings.yaml_file import as_mapping, read_yaml

Document = Mapping[str, Any]
_ANSWERED = {0, 3, 4}
_SOONER = "--only-json"
_MOST_LINES, _DIGITS = 20, 16
# Ours, of whatever revision the rest is: -P keeps its own folder off the path.
_RUNNER = Path(__file__).with_name("several.py")


@dataclass(frozen=True, kw_only=True)
class StackState:
    """A stack at one revision: two documents as docs/json.md lists them, or why there are none."""

    stack: str
    preview: Document
    resources: Document
    secrets: Mapping[str, str]
    """A digest of each encrypted value, by key: it differs where the value was set anew."""
    problem: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A stack to be previewed in the files of a revision.

    ``root`` is the top folder of the revision, whose package counts before the installed one;
    ``file`` the stack's, ``python`` the interpreter of its environment.
    """

    root: Path
    project: Path
    stack: str
    file: Path
    python: Path


def previewed(asking: Sequence[Asking]) -> Mapping[Asking, StackState]:
    """Preview stacks, those of a revision one after the other and the revisions side by side."""
    groups = [
        [each for each in asking if each.root == root]
        for root in dict.fromkeys(each.root for each in asking)
    ]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return {each: state for found in pool.map(_states, groups) for each, state in found.items()}


def _states(asking: Sequence[Asking]) -> Mapping[Asking, StackState]:
    with tempfile.TemporaryDirectory(prefix="tokenfleet-review-") as scratch:
        folders = [Path(scratch) / each.stack for each in asking]
        words = [_words(*each) for each in zip(asking, folders, strict=True)]
        answers = _answers(asking[0], words)
        if any(code not in _ANSWERED and _SOONER in said for code, said in answers):
            # A revision whose command does not know that word yet.
            answers = _answers(asking[0], [[w for w in line if w != _SOONER] for line in words])
        return {
            each: _state(each, folder, *answer)
            for each, folder, answer in zip(asking, folders, answers, strict=True)
        }


def _words(asking: Asking, folder: Path) -> Sequence[str]:
    where = ["--project", str(asking.project), "--out", str(folder)]
    return ["preview", asking.stack, *where, _SOONER, "--json"]


def _answers(asking: Asking, command_lines: Sequence[Sequence[str]]) -> Sequence[tuple[int, str]]:
    """Exit code and standard error of each command line, from one process of the revision."""
    done = subprocess.run(  # noqa: S603 - this interpreter, and our own command
        [str(asking.python), "-P", str(_RUNNER)],
        input=json.dumps(command_lines),
        capture_output=True,
        check=False,
        text=True,
        cwd=asking.project,
        env={**os.environ, **_own_package(asking.root)},
    )
    try:
        found = cast("list[dict[str, Any]]", json.loads(done.stdout))
    except ValueError:
        return [(done.returncode or 1, done.stderr)] * len(command_lines)
    return [(each["code"], each["said"]) for each in found]


def _state(asking: Asking, folder: Path, code: int, said: str) -> StackState:
    stack = asking.stack
    if code not in _ANSWERED:
        lines = said.strip().splitlines()[-_MOST_LINES:]
        return _broken(stack, lines or [f"its preview ended with {code} and said nothing"])
    try:
        preview = _document(folder / "report.json", Schema.PREVIEW)
        resources = _document(folder / "resources.json", Schema.RESOURCES)
    except ValueError as error:
        return _broken(stack, [str(error)])
    return StackState(
        stack=stack,
        preview=preview,
        resources=resources,
        secrets=_secrets(asking.file),
    )


def _own_package(root: Path) -> Mapping[str, str]:
    # A folder on the path counts before the standard library: only one that holds our package.
    has_it = (root / "tokenfleet" / "entry_point.py").is_file()
    return {"PYTHONPATH": str(root)} if has_it else {}


def _broken(stack: str, problem: Sequence[str]) -> StackState:
    return StackState(stack=stack, preview={}, resources={}, secrets={}, problem=problem)


def _secrets(path: Path) -> Mapping[str, str]:
    """Digests of what is encrypted in a stack file, which its own preview has read already."""
    config = as_mapping(read_yaml(path).entry("config"))
    return {
        place: hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
        for key, value in config.items()
        for place, text in _encrypted(str(key), value)
    }


def _encrypted(place: str, value: object) -> Iterator[tuple[str, str]]:
    """Encrypted texts at a place and below it: each client may have several keys."""
    if isinstance(value, list):
        for index, entry in enumerate(cast("list[object]", value)):
            yield from _encrypted(f"{place}[{index}]", entry)
        return
    entries = as_mapping(value)
    if "secure" in entries:
        yield place, str(entries["secure"])
        return
    for key, entry in entries.items():
        yield from _encrypted(f"{place}.{key}", entry)


def _document(path: Path, schema: Schema) -> Document:
    found = cast("Document", json.loads(path.read_text(encoding="utf-8")))
    if found.get("schema") != schema:
        msg = (
            f"{path.name} is {found.get('schema', 'of a time before documents had a schema')}, and"
            f" {schema} is understood: review it with the command of that revision"
        )
        raise ValueError(msg)
    return found
