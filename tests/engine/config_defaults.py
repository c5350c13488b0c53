"""Renews what the catalogue says the engine takes for keys that a config.json leaves out.

``python -m tests.engine.config_defaults`` writes the file, with the engine that the tests install.
"""

import ast
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.engine.install import EngineTools, engine_tools, engine_version
from tokenfleet.catalogue.architecture import keys as reading
from tokenfleet.catalogue.architecture.defaults import (
    ARCHITECTURES,
    CONFIG_TYPES,
    DEFAULTS,
    MUST_BE_GIVEN,
)
from tokenfleet.catalogue.architecture.encoders.known import ENCODERS
from tokenfleet.catalogue.architecture.families import FAMILIES
from tokenfleet.catalogue.architecture.towers.known import HEARING, TOWERS
from tokenfleet.catalogue.facts import data_folder

_SCRIPT = Path(__file__).parent / "inside" / "config_defaults.py"
_READERS = frozenset(
    name for name, value in vars(reading.Keys).items() if callable(value) and name[0] != "_"
)


def keys_read() -> frozenset[str]:
    """Every key that the counting asks for, as the sources say."""
    folder = Path(reading.__file__).parent
    return frozenset(key for path in folder.rglob("*.py") for key in _asked(path))


def _asked(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # Names that several readings share stand in a tuple of the module.
    tuples: dict[str, Sequence[ast.expr]] = {
        name.id: node.value.elts
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)
        for name in node.targets
        if isinstance(name, ast.Name)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _READERS
        ):
            for given in node.args:
                words: Sequence[ast.expr] = [given]
                if isinstance(given, ast.Starred) and isinstance(given.value, ast.Name):
                    words = tuples.get(given.value.id, ())
                for word in words:
                    if isinstance(word, ast.Constant) and isinstance(word.value, str):
                        yield word.value


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """What the installed engine says: defaults by part and type, the classes it serves and what these are,
    and the types that it has a class of configurations for."""

    defaults: Mapping[str, Mapping[str, object]]
    architectures: Mapping[str, Sequence[str]]
    types: Sequence[str]


def engine_facts(tools: EngineTools) -> EngineFacts:
    """Ask the installed engine."""
    asked = {
        "types": sorted({*FAMILIES, *ENCODERS}),
        "towers": sorted(TOWERS),
        "hearing": sorted(HEARING),
        "keys": sorted(keys_read()),
        "given": sorted(MUST_BE_GIVEN),
    }
    done = subprocess.run(
        [str(tools.python), "-P", str(_SCRIPT)],
        input=json.dumps(asked),
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "VLLM_LOGGING_LEVEL": "ERROR"},
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return EngineFacts(
        architectures=found.pop("architectures"), types=found.pop("types"), defaults=found
    )


def written(facts: EngineFacts) -> Mapping[str, str]:
    """The files of the catalogue, by name; a line for each type."""
    lines = [f'"engine": "vllm {engine_version()}"']
    for part, rows in facts.defaults.items():
        inner = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(row, sort_keys=True)}"
            for name, row in sorted(rows.items())
        )
        lines.append(f'"{part}": {{\n{inner}\n}}')
    return {
        DEFAULTS: "{\n" + ",\n".join(lines) + "\n}\n",
        ARCHITECTURES: "".join(
            " ".join([name, *traits]) + "\n" for name, traits in facts.architectures.items()
        ),
        CONFIG_TYPES: "".join(f"{name}\n" for name in facts.types),
    }


if __name__ == "__main__":
    for name, text in written(engine_facts(engine_tools())).items():
        (data_folder() / name).write_text(text, encoding="utf-8")
