"""Files that a command reads, each good but for what somebody or something did to it."""

import copy
import datetime as dt
import itertools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.own_stacks import FOLDER
from tokenfleet.cli import app

MODEL = "qwen3-4b"
STACK: Mapping[str, Any] = yaml.safe_load((FOLDER / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
CONFIG: Mapping[str, Any] = json.loads(
    (Path(__file__).parent / "catalogue" / "small-decoder.config.json").read_text(encoding="utf-8")
)
_MEASURED = Path(__file__).parent / "plan" / "measured"
CLUSTER: Mapping[str, Any] = json.loads((_MEASURED / "cluster.json").read_text(encoding="utf-8"))
INSTANCES: Mapping[str, Any] = json.loads(
    (_MEASURED / "instances.json").read_text(encoding="utf-8")
)
INDEX: Mapping[str, Any] = {"metadata": {"total_size": 3_400_000_000}, "weight_map": {}}
PROFILE: Mapping[str, Any] = {
    "model_id": MODEL,
    "date": "20261101-101112",
    "num_prompts": 200,
    "completed": 200,
    "failed": 0,
    "request_rate": "inf",
    "burstiness": 1.0,
    "max_concurrency": None,
    "duration": 640.0,
    "total_input_tokens": 102400,
    "total_output_tokens": 51200,
    "output_throughput": 80.0,
    "median_tpot_ms": 700.0,
    "median_ttft_ms": 90000.0,
}
HOSTED: Sequence[Any] = [
    {
        "name": "An API",
        "input": 0.1,
        "output": 0.4,
        "cachedInput": 0.05,
        "source": "example.com",
        "date": dt.date(2026, 11, 1),
    }
]
COMMITMENTS: Sequence[Any] = [
    {
        "name": "plan",
        "usdPerHour": 0.3,
        "years": 3,
        "savingByType": {"c8gd.4xlarge": 0.27},
        "source": "an offer",
        "date": dt.date(2026, 11, 1),
    },
    {
        "name": "reserved",
        "instanceType": "c8gd.4xlarge",
        "count": 1,
        "usdPerHour": 0.5,
        "years": 3,
        "source": "an offer",
        "date": dt.date(2026, 11, 1),
    },
]

_ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 10**30, 1e308, 5e-324, float("nan"), float("inf"), [], {}, [[]]),
    *("", " ", "\0", "\x1b[31m", "\u202e", "\ud800", "x" * 5000, "é", "yes", "020000", "1e3", "~"),
    *("[/x]", "[red]", ":key:", "../x", "-x/y", "a/..", "$(VLLM_API_KEY)", "{{ x }}", "%s", "<b>"),
    *("us-east-1", "us-east-1a", "10.0.0.0/16", "0.0.0.0/0", "c8g.4xlarge", "p5.48xlarge", "spot"),
    *(dt.date(1999, 1, 1), dt.date(2099, 1, 1), dt.date(9999, 12, 31), "2026-11-01"),
    json.loads("[" * 60 + "]" * 60),
]
_VALUES: st.SearchStrategy[Any] = (
    st.sampled_from(_ODD)
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.lists(st.integers() | st.text(max_size=5), max_size=3)
    | st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3)
)
_NAMES = "abcdefghijklmnop"
_TEXTS = [
    *(
        "",
        "\0",
        "\ufeff",
        "- a",
        "config: {}",
        "[" * 5000,
        "{" * 900 + "}" * 900,
        "&a [*a]",
        "a: *b",
    ),
    "- &a [x]\n"
    + "\n".join(
        f"- &{name} [{', '.join([f'*{before}'] * 9)}]"
        for before, name in itertools.pairwise(_NAMES)
    ),
    *("!!python/object/apply:os.system [x]", "? [a]\n: b", "a: 2026-13-45", "a: " + "9" * 5000),
]
COMMANDS: Mapping[str, Sequence[str]] = {
    "cost": ["cost", "x", "--commitment", "commitments.yaml"],
    "cost --profile": ["cost", "x", "--profile", "profile.json", "--json"],
    "compare": ["compare", "Qwen/Qwen3-0.6B", "--types", "c8gd.4xlarge", "--hosted", "hosted.yaml"],
    "compare --config-json": [
        "compare",
        "acme/own",
        "--types",
        "c8gd.4xlarge",
        "--config-json",
        "config.json",
    ],
    "coldstart": ["coldstart", "acme/own", "--config-json", "config.json"],
    "coldstart --measured": [
        *("coldstart", "Qwen/Qwen3-8B", "--json"),
        *("--measured", "cluster.json", "--measured", "instances.json"),
    ],
    "explain": ["explain", MODEL, "--stack", "x"],
    "preview": ["preview", "x"],
}
_WITHOUT_PROJECT = {"compare", "coldstart"}
QUICK = [name for name in COMMANDS if name != "preview"]
"""Those that do not run the whole program, which takes seconds."""
_FILES = {
    "Pulumi.x.yaml": STACK,
    "cluster.json": CLUSTER,
    "instances.json": INSTANCES,
    "config.json": CONFIG,
    "model.safetensors.index.json": INDEX,
    "profile.json": PROFILE,
    "hosted.yaml": HOSTED,
    "commitments.yaml": COMMITMENTS,
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A command by its name in ``COMMANDS``, and the text of every file by name."""

    command: str
    files: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a command ended: its exit code, or by ``crash``, a traceback; ``seconds`` of processor."""

    command: str
    exit_code: int
    crash: BaseException | None
    said: str
    seconds: float


def good_case(command: str) -> Case:
    """Files that are as they should be."""
    files = {name: _written(name, document) for name, document in _FILES.items()}
    return Case(command=command, files=files)


@st.composite
def cases(draw: st.DrawFn, commands: Sequence[str]) -> Case:
    """Files of which one or two are not as they should be, for one of the commands."""
    documents = {name: copy.deepcopy(cast("Any", found)) for name, found in _FILES.items()}
    if draw(st.booleans()):
        documents["Pulumi.x.yaml"]["config"]["tokenfleet:models"][MODEL]["configJson"] = (
            "config.json"
        )
    for name in draw(st.lists(st.sampled_from(list(_FILES)), min_size=1, max_size=2)):
        for _ in range(draw(st.integers(1, 2))):
            parent, key = _some_place(draw, documents[name])
            parent[key] = draw(_VALUES)
    files = {name: _written(name, document) for name, document in documents.items()}
    if draw(st.integers(0, 5)) == 0:
        name = draw(st.sampled_from(list(_FILES)))
        files[name] = _damaged(draw, files[name])
    return Case(command=draw(st.sampled_from(commands)), files=files)


def outcome(case: Case, folder: Path) -> Outcome:
    """Run a case in this process, its files in a folder that holds a project."""
    for name, text in case.files.items():
        (folder / name).write_bytes(text)
    words = [str(folder / word) if word in _FILES else word for word in COMMANDS[case.command]]
    if words[0] not in _WITHOUT_PROJECT:
        words += ["--project", str(folder)]
    began = time.process_time()
    result = CliRunner().invoke(app, words)
    seconds = time.process_time() - began
    crash = None if isinstance(result.exception, SystemExit) else result.exception
    return Outcome(
        command=case.command,
        exit_code=result.exit_code,
        crash=crash,
        said=result.output,
        seconds=seconds,
    )


def prepare(folder: Path) -> None:
    """Make a folder a project."""
    for name in ("Pulumi.yaml", "__main__.py"):
        (folder / name).write_bytes((FOLDER / name).read_bytes())


def _some_place(draw: st.DrawFn, document: Any) -> tuple[Any, Any]:  # noqa: ANN401 - any shape is the point
    """A mapping or list, and a key or index in it."""
    key = draw(st.sampled_from(_places(document)))
    inner = document[key]
    if not _places(inner) or draw(st.integers(0, 3)) == 0:
        return document, key
    return _some_place(draw, inner)


def _places(value: Any) -> list[Any]:  # noqa: ANN401 - any shape is the point
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value))
    return list(range(len(cast("list[Any]", value)))) if isinstance(value, list) else []


def _written(name: str, document: object) -> bytes:
    if name.endswith(".json"):
        return json.dumps(document, default=str).encode()
    dumped = yaml.dump(document, Dumper=yaml.SafeDumper, allow_unicode=False)
    return dumped.encode("utf-8", errors="replace")


def _damaged(draw: st.DrawFn, text: bytes) -> bytes:
    """Cut short, with a byte that was another, or another text."""
    place = draw(st.integers(0, len(text)))
    match draw(st.sampled_from(["cut", "byte", "text"])):
        case "cut":
            return text[:place]
        case "byte":
            return text[:place] + bytes([draw(st.integers(0, 255))]) + text[place + 1 :]
        case _:
            return draw(st.sampled_from(_TEXTS)).encode()
