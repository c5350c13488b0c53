"""``tokenfleet models``: what a bucket holds, and whether a stack's models can load from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from tokenfleet.aws.bucket import Bucket
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
from tokenfleet.commands.asked.published import BucketName, bucket_of
from tokenfleet.commands.asked.stack_name import StackOption, given_stack
from tokenfleet.json_document import Schema
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.serving.published import (
    DRAFT,
    WEIGHTS,
    gate,
    gate_of_draft,
    how_to_publish,
    part_of,
)
from tokenfleet.settings.stack_file import StackFile
from tokenfleet.settings.what_if import StackEdit, edited
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.tables.table import Column
from tokenfleet.weights.compiled import COMPILED, NEURON
from tokenfleet.weights.listing import (
    ABSENT,
    PUBLISHED,
    ModelRevision,
    SnapshotState,
    list_models,
    state_by_snapshot,
)
from tokenfleet.weights.refusal import PublishError
from tokenfleet.weights.watch import size

_SHORT = 12


@dataclass(frozen=True, kw_only=True)
class CompiledCode:
    """Code with which replicas start sooner; without it they compile when they start."""

    snapshot: str
    state: str
    command: str
    """What publishes it, once the weights are published and the stack is up."""


@dataclass(frozen=True, kw_only=True)
class Loadable:
    """A model of a stack."""

    name: str
    mark: str
    """What its ``published`` is in the stack file, once nothing is missing."""
    missing: Mapping[str, str]
    """What it cannot load yet, by the command that publishes it."""
    compiled: CompiledCode | None


@dataclass(frozen=True, kw_only=True)
class ModelsAnswer:
    """Without a stack: the model revisions that a bucket holds."""

    bucket: str
    models: Sequence[ModelRevision]


@dataclass(frozen=True, kw_only=True)
class StackModelsAnswer:
    """Of a stack: what each of its models lacks in a bucket."""

    bucket: str
    stack: str
    models: Sequence[Loadable]


def models(
    word: Annotated[
        str | None,
        typer.Argument(metavar="[STACK]", help="only what this stack loads: Pulumi.STACK.yaml"),
    ] = None,
    *,
    named: StackOption = None,
    bucket: BucketName = None,
    project: ProjectFolder = Path(),
    answers: AnswersPath = None,
    as_json: AsJson = False,
) -> None:
    """List the model revisions in the bucket, and whether each is whole.

    Of a stack: what each of its models still lacks, or the mark that says in the stack file
    that it lacks nothing. Ends with 2 when the bucket cannot be read or the stack not be built.
    """
    stack, name = given_stack(word, named), bucket_of(bucket)

    try:
        found = list_models(Bucket(name))
    except PublishError as error:
        fail(*error.lines)
    if stack is not None:
        loadable = _loadable(stack_file_of(project.resolve(), stack, answers_of(answers)), found)
        if as_json:
            answer = StackModelsAnswer(bucket=name, stack=stack, models=loadable)
            say_json(Schema.STACK_MODELS, answer)
        else:
            typer.echo("\n".join(_lines(stack, loadable)))
    elif as_json:
        say_json(Schema.MODELS, ModelsAnswer(bucket=name, models=found))
    elif found:
        console().print(_table(name, found))
    else:
        typer.echo(f"s3://{name} holds no models yet. Publish one:")
        typer.echo(f"  tokenfleet publish Qwen/Qwen3-8B --revision COMMIT --bucket {name}")


def _loadable(stack_file: StackFile, found: Sequence[ModelRevision]) -> Sequence[Loadable]:
    # The answer is what the file should say: what it says now does not matter.
    plan = planned(stack_file, edited(stack_file.keys, StackEdit()))
    states = state_by_snapshot(found)
    return [
        Loadable(
            name=model.name,
            mark=model.mark,
            missing={
                how_to_publish(stack_file.stack, model, snapshot): _lacking(model, snapshot, state)
                for snapshot in model.snapshots
                for state in (_state(model, snapshot, states.get(snapshot)),)
                if state != PUBLISHED
            },
            compiled=_compiled(stack_file.stack, model, states),
        )
        for model in plan.models
    ]


def _compiled(
    stack: str, model: ModelPlan, states: Mapping[str, SnapshotState]
) -> CompiledCode | None:
    if model.compiled is None:
        return None
    found = states.get(model.compiled)
    return CompiledCode(
        snapshot=model.compiled,
        state=found.state if found else ABSENT,
        command=how_to_publish(stack, model, model.compiled),
    )


def _state(model: ModelPlan, snapshot: str, found: SnapshotState | None) -> str:
    """The state of one of its snapshots, and whether it is there in the form that its flags ask for."""
    if found is None:
        return ABSENT
    is_adapter = snapshot in model.adapters.values() or snapshot in model.artifacts
    if found.state != PUBLISHED or model.load_format == "auto" or is_adapter:
        return found.state
    if found.load_format != model.load_format:
        return (
            f"published without the files that load format {model.load_format} needs, which the"
            " engineArguments ask for"
        )
    return PUBLISHED


def _lacking(model: ModelPlan, snapshot: str, state: str) -> str:
    part = part_of(model, snapshot)
    terms = {WEIGHTS: gate(model), DRAFT: gate_of_draft(model)}.get(part)
    return f"{part} {snapshot}: {state}" + (f". {terms}" if terms else "")


def _lines(stack: str, loadable: Sequence[Loadable]) -> Iterator[str]:
    for model in loadable:
        if model.missing:
            yield f"{model.name} cannot be served yet:"
            for command, problem in model.missing.items():
                yield f"  {problem}"
                yield f"    {command}"
        else:
            yield f"{model.name} can be served. In Pulumi.{stack}.yaml, below {model.name}: of"
            yield "tokenfleet:models, then pulumi up:"
            yield f"      published: {model.mark}"
        if code := model.compiled:
            yield f"  compiled code {code.snapshot}: {code.state}"
            if code.state != PUBLISHED:
                yield "  Replicas start sooner with it. Once the stack is up:"
                yield f"    {code.command}"


def _table(bucket: str, found: Sequence[ModelRevision]) -> Fitted:
    screen = Fitted(
        title=f"Models in s3://{bucket}",
        columns=[
            Column("Model"),
            Column("Revision"),
            Column("Files", number=True, gives_way=2),
            Column("Size", number=True, gives_way=1),
            Column("Published", gives_way=3),
            Column("State"),
        ],
    )

    def row(model: str, revision: str, state: SnapshotState) -> None:
        when = f"{state.published.astimezone():%Y-%m-%d %H:%M}" if state.published else ""
        files = (str(state.files), size(state.total_bytes)) if state.files else ("", "")
        screen.row(model, revision, *files, when, _coloured(state.state))

    def _coloured(state: str) -> Text:
        return Text(state, "" if state == "published" else "yellow")

    for revision in found:
        row(revision.model, revision.revision[:_SHORT], revision.weights)
        for key, artifacts in revision.neuron.items():
            row("", f"{NEURON}/{key}", artifacts)
        for key, code in revision.compiled.items():
            row("", f"{COMPILED}/{key}", code)
    return screen
