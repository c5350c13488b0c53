"""Every rendered engine container is one that its vLLM takes, by vLLM's own word."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.containers import OTHERS, Container, engine_containers
from tests.engine.install import EngineTools
from tests.own_stacks import STACKS
from tests.plan.drafting import HEAD, HEAD_CONFIG, LITTLE, QWEN, SMALLER, Keys
from tests.plan.drafting import drafting as drafted
from tokenfleet.catalogue.machines.flags import engine_flags
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import StackFile

SCRIPT = Path(__file__).parent / "inside" / "accepted.py"
Row = tuple[Sequence[str], Mapping[str, str]]

# name: (arguments, environment, what the complaint says)
PLANTED: Mapping[str, tuple[Sequence[str], Mapping[str, str], str]] = {
    "misspelt flag": (["--shutdown-timeot=60"], {}, "--shutdown-timeot"),
    "flag of older releases": (["--swap-space=4"], {}, "--swap-space"),
    "negated flag of older releases": (["--disable-log-requests"], {}, "--disable-log-requests"),
    "value of another type": (["--max-num-seqs=many"], {}, "many"),
    "draft by no method": (['--speculative-config={"method":"draft"}'], {}, "no method: draft"),
    "draft by another word": (
        ['--speculative-config={"tokens":3}'],
        {},
        "SpeculativeConfig: tokens",
    ),
    "draft that is no JSON": (["--speculative-config=ngram"], {}, "ngram"),
    "unknown dtype": (["--dtype=fp8"], {}, "fp8"),
    "misspelt variable": ([], {"VLLM_CPU_KV_CACHE_SPACE": "4"}, "VLLM_CPU_KV_CACHE_SPACE"),
    "variable of older releases": ([], {"VLLM_USE_V1": "1"}, "VLLM_USE_V1"),
    "variable with half a GiB": ([], {"VLLM_CPU_KVCACHE_SPACE": "0.5"}, "0.5"),
}
# vLLM 0.13 and 0.16 with Neuron's plug-in cannot run here. Documentation of SDK 2.28 and of
# vLLM 0.18 (which brought --shutdown-timeout), 2026-11-20.
NEURON_LACKS = frozenset(
    {
        "--device",
        "--max-num-queued-reqs",
        "--max-num-queued-tokens",
        "--override-neuron-config",
        "--shutdown-timeout",
    }
)
# Methods that need a head or layers of which there are none for the model of the stack.
OF_OTHER_MODELS = frozenset({"mtp", "eagle"})
# The batch is compiled: none of these may be left to a default.
NEURON_NEEDS = frozenset({"--max-model-len", "--max-num-seqs", "--tensor-parallel-size"})


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What vLLM says against each container, by "stack/model", and planted row; what it knows."""

    complaints: Mapping[str, Sequence[str]]
    flags: Mapping[str, str]


@pytest.fixture(scope="module")
def drafting(
    stack_files: Mapping[str, StackFile], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Container]:
    """The container of a model that drafts, by method, with what each loads for it."""
    folder = tmp_path_factory.mktemp("drafting")
    drafts: Mapping[str, Keys] = {"eagle3": {"draft": HEAD}, "draft_model": {"draft": SMALLER}}
    found: dict[str, Container] = {}
    for method in engines()["vllm-cpu"].speculation:
        model: Keys = {
            "traffic": LITTLE,
            "speculative": {"method": method, **drafts.get(method, {})},
        }
        if method in OF_OTHER_MODELS:
            continue
        plan = drafted(stack_files["prod"].keys, folder, model, {"head.json": HEAD_CONFIG})
        found[method] = engine_containers(plan)[QWEN]
    return found


@pytest.fixture(scope="module")
def answers(
    tools: EngineTools,
    plans: Mapping[str, Plan],
    drafting: Mapping[str, Container],
    tmp_path_factory: pytest.TempPathFactory,
) -> Answers:
    """All asked at once: importing vLLM takes longest."""
    rows: dict[str, Row] = {
        f"{stack}/{model}": (container["args"], _values(container))
        for stack, plan in plans.items()
        for model, container in engine_containers(plan).items()
    }
    rows |= {name: (container["args"], {}) for name, container in drafting.items()}
    rows |= {name: (["m", *flags], values) for name, (flags, values, _) in PLANTED.items()}
    folder = tmp_path_factory.mktemp("accepted")
    asked = [{"arguments": flags, "environment": values} for flags, values in rows.values()]
    (folder / "rows.json").write_text(json.dumps(asked, default=list), encoding="utf-8")
    command = [tools.python, SCRIPT, folder / "rows.json", folder / "answers.json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    read = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    complaints = dict(zip(rows, read["complaints"], strict=True))
    return Answers(complaints=complaints, flags=read["flags"])


def test_the_catalogue_lists_the_flags_that_the_parser_takes(answers: Answers) -> None:
    assert engine_flags(engines()["vllm-cpu"].version) == answers.flags


@pytest.mark.parametrize("stack", [*STACKS, *OTHERS])
def test_vllm_takes_every_argument_and_variable(
    stack: str, plans: Mapping[str, Plan], answers: Answers
) -> None:
    models = [model for model in plans[stack].models if model.engine != "vllm-neuron"]
    assert models
    assert {model.name: answers.complaints[f"{stack}/{model.name}"] for model in models} == {
        model.name: [] for model in models
    }


def test_vllm_knows_each_word_of_how_tokens_are_drafted(
    drafting: Mapping[str, Container], answers: Answers
) -> None:
    assert drafting
    assert not [said for method in drafting for said in answers.complaints[method]]


@pytest.mark.parametrize("mistake", list(PLANTED))
def test_what_vllm_would_not_take_is_noticed(mistake: str, answers: Answers) -> None:
    (complaint,) = answers.complaints[mistake]
    assert PLANTED[mistake][2] in complaint


def test_neuron_is_told_only_what_its_old_vllm_knows(plans: Mapping[str, Plan]) -> None:
    containers = {
        model.name: engine_containers(plan)[model.name]
        for plan in plans.values()
        for model in plan.models
        if model.engine == "vllm-neuron"
    }
    assert containers
    for container in containers.values():
        flags = {argument.partition("=")[0] for argument in container["args"]}
        assert not flags & NEURON_LACKS
        assert flags >= NEURON_NEEDS


def _values(container: Container) -> Mapping[str, str]:
    return {entry["name"]: entry.get("value", "secret") for entry in container["env"]}
