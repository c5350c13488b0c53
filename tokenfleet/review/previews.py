"""What the stacks of a revision are: that revision's own command previews them, each on its own."""

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
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
# The revision's own package where it has one, else the installed one: -P keeps the folder out.
_COMMAND = "from tokenfleet.entry_point import main; main()"


@dataclass(frozen=True, kw_only=True)
class StackState:
    """A stack at one revision: two documents as docs/json.md lists them, or why there are none."""

    stack: str
    preview: Document
    resources: Document
    secrets: Mapping[str, str]
    """A digest of each encrypted value, by key: it differs where the value was set anew."""
    problem: Sequence[str] = ()


def stacks_in(project: Path) -> Sequence[str]:
    """The stacks that a project's folder has a file for."""
    return sorted(path.name.split(".")[1] for path in project.glob("Pulumi.*.yaml"))


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A stack to be previewed in the files of a revision.

    ``root`` is the top folder of the revision, whose package counts before the installed one;
    ``python`` the interpreter of its environment.
    """

    root: Path
    project: Path
    stack: str
    python: Path


def previewed(asking: Sequence[Asking]) -> Mapping[Asking, StackState]:
    """Preview stacks side by side, as many as there are processors."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return dict(zip(asking, pool.map(_state, asking), strict=True))


def _state(asking: Asking) -> StackState:
    stack, project = asking.stack, asking.project
    with tempfile.TemporaryDirectory(prefix="tokenfleet-review-") as scratch:
        folder = Path(scratch) / "preview"
        words = ["preview", stack, "--project", str(project), "--out", str(folder), "--json"]
        done = _done(asking, [*words, _SOONER])
        if _SOONER in done.stderr and done.returncode not in _ANSWERED:
            # A revision whose command does not know that word yet.
            done = _done(asking, words)
        if done.returncode not in _ANSWERED:
            lines = done.stderr.strip().splitlines()[-_MOST_LINES:]
            problem = lines or [f"its preview ended with {done.returncode} and said nothing"]
            return _broken(stack, problem)
        try:
            preview = _document(folder / "report.json", Schema.PREVIEW)
            resources = _document(folder / "resources.json", Schema.RESOURCES)
        except ValueError as error:
            return _broken(stack, [str(error)])
    return StackState(
        stack=stack,
        preview=preview,
        resources=resources,
        secrets=_secrets(project / f"Pulumi.{stack}.yaml"),
    )


def _done(asking: Asking, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this interpreter, and our own command
        [str(asking.python), "-P", "-c", _COMMAND, *words],
        capture_output=True,
        check=False,
        text=True,
        cwd=asking.project,
        env={**os.environ, **_own_package(asking.root)},
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
        str(key): hashlib.sha256(str(as_mapping(value)["secure"]).encode()).hexdigest()[:_DIGITS]
        for key, value in config.items()
        if "secure" in as_mapping(value)
    }


def _document(path: Path, schema: Schema) -> Document:
    found = cast("Document", json.loads(path.read_text(encoding="utf-8")))
    if found.get("schema") != schema:
        msg = (
            f"{path.name} is {found.get('schema', 'of a time before documents had a schema')}, and"
            f" {schema} is understood: review it with the command of that revision"
        )
        raise ValueError(msg)
    return found
