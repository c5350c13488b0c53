"""What the stacks of a revision are: that revision's own command previews them, each on its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tokenfleet.json_document import Schema

Document = Mapping[str, Any]
_ANSWERED = {0, 3, 4}
_MOST_LINES = 20
# The revision's own package where it has one, else the installed one: -P keeps the folder out.
_COMMAND = "from tokenfleet.entry_point import main; main()"


@dataclass(frozen=True, kw_only=True)
class StackState:
    """A stack at one revision: two documents as docs/json.md lists them, or why there are none."""

    stack: str
    preview: Document
    resources: Document
    problem: Sequence[str] = ()


def stacks_in(project: Path) -> Sequence[str]:
    """The stacks that a project's folder has a file for."""
    return sorted(path.name.split(".")[1] for path in project.glob("Pulumi.*.yaml"))


def previewed(
    root: Path, project: Path, stacks: Sequence[str], python: Path | None = None
) -> Mapping[str, StackState]:
    """Preview stacks of a project in the files of a revision, side by side.

    ``root`` is the top folder of the revision, whose package counts before the installed one;
    ``python`` the interpreter of its environment, where it is not this one.
    """
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = pool.map(
            lambda stack: _state(root, project, stack, python or Path(sys.executable)), stacks
        )
        return {state.stack: state for state in found}


def _state(root: Path, project: Path, stack: str, python: Path) -> StackState:
    with tempfile.TemporaryDirectory(prefix="tokenfleet-review-") as scratch:
        folder = Path(scratch) / "preview"
        command = [str(python), "-P", "-c", _COMMAND, "preview", stack]
        where = ["--project", str(project), "--out", str(folder), "--json"]
        done = subprocess.run(  # noqa: S603 - this interpreter, and our own command
            [*command, *where],
            capture_output=True,
            check=False,
            text=True,
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(root), "COLUMNS": "100"},
        )
        if done.returncode not in _ANSWERED:
            lines = done.stderr.strip().splitlines()[-_MOST_LINES:]
            problem = lines or [f"its preview ended with {done.returncode} and said nothing"]
            return StackState(stack=stack, preview={}, resources={}, problem=problem)
        try:
            preview = _document(folder / "report.json", Schema.PREVIEW)
            resources = _document(folder / "resources.json", Schema.RESOURCES)
        except ValueError as error:
            return StackState(stack=stack, preview={}, resources={}, problem=[str(error)])
    return StackState(stack=stack, preview=preview, resources=resources)


def _document(path: Path, schema: Schema) -> Document:
    found = cast("Document", json.loads(path.read_text(encoding="utf-8")))
    if found.get("schema") != schema:
        msg = (
            f"{path.name} is {found.get('schema', 'of a time before documents had a schema')}, and"
            f" {schema} is understood: review it with the command of that revision"
        )
        raise ValueError(msg)
    return found
