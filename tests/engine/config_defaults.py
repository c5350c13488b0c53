"""Renews what the catalogue says the engine takes for keys that a config.json leaves out.

``python -m tests.engine.config_defaults`` writes the file, with the engine that the tests install.
"""

import ast
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.engine.install import EngineTools, engine_tools, engine_version
from tokenfleet.catalogue.architecture import keys as reading
from tokenfleet.catalogue.architecture.defaults import DEFAULTS, MUST_BE_GIVEN
from tokenfleet.catalogue.architecture.families import FAMILIES
from tokenfleet.catalogue.architecture.towers import TOWERS
from tokenfleet.catalogue.facts import data_folder

_SCRIPT = Path(__file__).parent / "inside" / "config_defaults.py"
_READERS = frozenset(
    name for name, value in vars(reading.Keys).items() if callable(value) and name[0] != "_"
)


def keys_read() -> frozenset[str]:
    """Every key that the counting asks for, as the sources say."""
    folder = Path(reading.__file__).parent
    return frozenset(key for path in folder.glob("*.py") for key in _asked(path))


def _asked(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _READERS
        ):
            for word in node.args:
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    yield word.value


def engine_defaults(tools: EngineTools) -> Mapping[str, Mapping[str, object]]:
    """What the installed engine says."""
    asked = {
        "types": sorted(FAMILIES),
        "towers": sorted(TOWERS),
        "keys": sorted(keys_read()),
        "given": sorted(MUST_BE_GIVEN),
    }
    done = subprocess.run(
        [str(tools.python), "-P", str(_SCRIPT)],
        input=json.dumps(asked),
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


def written(defaults: Mapping[str, Mapping[str, object]]) -> str:
    """The file, a line for each type."""
    lines = [f'"engine": "vllm {engine_version()}"']
    for part, rows in defaults.items():
        inner = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(row, sort_keys=True)}"
            for name, row in sorted(rows.items())
        )
        lines.append(f'"{part}": {{\n{inner}\n}}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    (data_folder() / DEFAULTS).write_text(
        written(engine_defaults(engine_tools())), encoding="utf-8"
    )
