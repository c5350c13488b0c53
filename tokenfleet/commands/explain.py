"""``tokenfleet explain``: how one model is served, and why so."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from tokenfleet.catalogue.machines.hardware import Engine, engines, hardware_by_name
from tokenfleet.commands.answers import (
    AnswersPath,
    AsJson,
    ProjectFolder,
    answers_of,
    console,
    fail,
    say_json,
    stack_file_of,
)
from tokenfleet.commands.asked.planned import planned
from tokenfleet.commands.asked.stack_name import StackAndModel, StackOption, stack_and_model
from tokenfleet.given_file import TYPED_BYTES, GivenFileError, given_text
from tokenfleet.json_document import Schema
from tokenfleet.mistakes import nearest
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.model_files import file_rows
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.tables.calls import call_rows
from tokenfleet.views.tables.ending import ending_rows
from tokenfleet.views.tables.memory import memory_rows
from tokenfleet.views.tables.speculation import speculation_rows
from tokenfleet.views.tables.table import Column

Rows = Sequence[tuple[str, str, str]]
# What a replica has given once it is ready.
_ANSWERED = {
    "chat": "a chat",
    "completion": "a completion",
    "embed": "an embedding",
    "rerank": "a score",
    "classify": "probabilities",
}


@dataclass(frozen=True, kw_only=True)
class ExplainAnswer:
    """How one model is served, and why so."""

    model: ModelPlan
    pool: PoolPlan
    engine: Engine


def explain(
    words: StackAndModel,
    named: StackOption = None,
    project: ProjectFolder = Path(),
    answers: AnswersPath = None,
    as_json: AsJson = False,  # noqa: FBT002 - a switch of the command line
) -> None:
    """Say how a model is served: every flag, variable, size and time, with its reason.

    Ends with 2 when the stack cannot be built or has no such model.
    """
    stack, model = stack_and_model(words, named)
    stack_file = stack_file_of(project.resolve(), stack, answers_of(answers))
    plan = planned(stack_file)
    models = {planned.name: planned for planned in plan.models}
    if model not in models:
        hint = "".join(_elsewhere(stack_file.path, model)) or nearest(model, models)
        fail(f"{stack_file.path.name}: no model '{model}'.{hint} It has: {', '.join(models)}")
    found = models[model]
    engine, pool = engines()[found.engine], _pool(plan, found)
    if as_json:
        say_json(Schema.EXPLAIN, ExplainAnswer(model=found, pool=pool, engine=engine))
        return
    screen = console()
    title = f"{found.name}: {found.hugging_face_id} at {found.revision[:12]}, stack {plan.stack}"
    screen.print(title, style="bold", highlight=False)
    for heading, rows in _sections(plan, found, pool, engine).items():
        screen.print()
        screen.print(_table(heading, rows))


def _elsewhere(path: Path, model: str) -> Iterator[str]:
    """Which other stack file names the model."""
    for other in sorted(path.parent.glob("Pulumi.*.yaml")):
        with suppress(OSError, GivenFileError):
            if other == path or f" {model}:" not in given_text(other, TYPED_BYTES):
                continue
            yield f" {other.name} has it: --stack {other.name.split('.')[1]}."
            return


def _pool(plan: Plan, model: ModelPlan) -> PoolPlan:
    return next(pool for pool in plan.pools if pool.name == model.pool)


def _sections(plan: Plan, model: ModelPlan, pool: PoolPlan, engine: Engine) -> dict[str, Rows]:
    return {
        "Engine": _engine(model, pool, engine),
        "Called through the edge": call_rows(plan, model),
        "Memory of one rank": memory_rows(model),
        **(
            {"Speculative decoding": speculation_rows(found)}
            if (found := model.speculation)
            else {}
        ),
        "Arguments of vllm serve": [
            (f"--{a.flag}" if a.flag else "MODEL", " ".join(a.values), a.reason)
            for a in model.arguments
        ],
        "Environment": [
            (v.name, v.value, v.reason)
            for v in (*model.environment, model.working_directory)
            if v is not None
        ],
        "Resources and place": _place(model, pool),
        "Start": _start(model),
        "End": ending_rows(model),
    }


def _engine(model: ModelPlan, pool: PoolPlan, engine: Engine) -> Rows:
    title = hardware_by_name()[pool.hardware].title
    return [
        ("vLLM", engine.version, engine.support),
        ("image", model.image, _image_reason(model)),
        ("hardware", f"{title}: {', '.join(pool.instance_types)}", f"pool {pool.name}"),
        *([("driver", engine.driver, "")] if engine.driver else []),
        ("does", model.task, f"clients call {', '.join(model.routes)}"),
        ("lacks", ", ".join(engine.lacks), ""),
        *file_rows(model.facts),
        ("verified", engine.verified, ""),
        ("not verified", engine.not_verified, ""),
    ]


def _image_reason(model: ModelPlan) -> str:
    where = "named in tokenfleet/catalogue/data/engines.yaml"
    if model.image_cached:
        where += ", pulled through the account's registry"
    if "@" in model.image:
        return f"{where}, held to a digest"
    return f"{where}; its tag may move: tokenfleet catalogue refresh --only digests"


def _place(model: ModelPlan, pool: PoolPlan) -> Rows:
    size, wants = pool.size, model.resources
    devices = ", ".join(f"{count} x {name}" for name, count in wants.devices.items())
    return [
        ("CPU", f"{wants.millicpu / 1000:g}", "all that DaemonSets leave; no limit: vLLM reads no quota"),
        (
            "memory",
            f"{wants.memory_mib:,} MiB",
            f"request = limit; allocatable {size.allocatable_mib:,} less DaemonSets",
        ),
        ("shared memory", f"{wants.shared_memory_mib:,} MiB", "ranks talk through it"),
        *([("devices", devices, "the replica owns its node")] if devices else []),
        ("replicas", f"{model.min_replicas} to {model.max_replicas}", "one a node, spread over zones"),
        ("rollout", "one at a time", "none is started first: it would wait for a node"),
        ("disruption", "one at a time", "replicas that never got ready do not count"),
        ("tiers", ", ".join(t.purchase_option for t in pool.tiers), "in order of preference"),
    ]  # fmt: skip


def _start(model: ModelPlan) -> Rows:
    start, deadlines = model.cold_start, model.deadlines
    starts = [("cold start", "from launch to ready", start)]
    if model.warm_start:
        starts.append(("stopped node", "from its start to ready", model.warm_start))
    return [
        *(
            (
                name,
                f"{found.total.expected:.0f} s",
                f"{what} on {found.instance_type}, up to {found.total.high:.0f} s",
            )
            for name, what, found in starts
        ),
        (
            "node",
            f"{deadlines.provision_seconds} s",
            "then the autoscaler tries another group",
        ),
        (
            "startup probe",
            f"{deadlines.start_seconds} s",
            "load and warm-up at their slowest, and half more",
        ),
        ("ready", f"after {_ANSWERED[model.warm_up.kind]}", model.warm_up.reason),
        ("rollout", f"{deadlines.rollout_seconds} s", "then it counts as stuck"),
    ]


def _table(title: str, rows: Iterable[tuple[str, str, str]]) -> Fitted:
    screen = Fitted(title=title, columns=[Column("")] * 3, headed=False)
    for name, value, reason in rows:
        screen.row(name, value, Text(reason, "dim"))
    return screen
