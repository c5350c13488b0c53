"""``tokenfleet compile``: the Job that compiles a model ahead of time."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from tokenfleet.commands.answers import (
    AnswersPath,
    AsJson,
    ProjectFolder,
    answers_of,
    fail,
    say_json,
    stack_file_of,
)
from tokenfleet.commands.asked.planned import planned
from tokenfleet.commands.asked.stack_name import StackAndModel, StackOption, stack_and_model
from tokenfleet.json_document import Schema
from tokenfleet.mistakes import nearest
from tokenfleet.settings.what_if import StackEdit, edited
from tokenfleet.views.folder import manifest_yaml


@dataclass(frozen=True, kw_only=True)
class CompileAnswer:
    """How a model is compiled ahead of time."""

    job: Mapping[str, object]
    """The Kubernetes Job, its keys as Kubernetes spells them."""


def compile(  # noqa: A001 - the word its user types
    words: StackAndModel,
    named: StackOption = None,
    project: ProjectFolder = Path(),
    answers: AnswersPath = None,
    as_json: AsJson = False,  # noqa: FBT002 - a switch of the command line
) -> None:
    """Print the Kubernetes Job that compiles a model and publishes the result to the bucket.

    Replicas that find compiled code start sooner; on Inferentia2 none starts without. Ends with 2
    when the stack cannot be built, or the model is unknown or nothing is compiled for it.
    """
    stack, model = stack_and_model(words, named)
    stack_file = stack_file_of(project.resolve(), stack, answers_of(answers))
    # What is to be compiled is not published yet, whatever the stack file says of older code.
    plan = planned(stack_file, edited(stack_file.keys, StackEdit()))
    jobs, eager = plan.serving.compile_jobs, {found.name: found.eager for found in plan.models}
    if model not in eager:
        known = ", ".join(eager)
        fail(f"{stack_file.path.name}: no model '{model}'.{nearest(model, eager)} It has: {known}")
    if model not in jobs:
        fail(f"{stack_file.path.name}: nothing is compiled for {model}: {eager[model]}")
    if as_json:
        say_json(Schema.COMPILE, CompileAnswer(job=jobs[model]))
    else:
        typer.echo(manifest_yaml(jobs[model]), nl=False)
