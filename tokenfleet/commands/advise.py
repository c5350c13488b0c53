"""``tokenfleet advise``: what an account would refuse, before anything is deployed."""

import datetime as dt
from pathlib import Path

import typer

from tokenfleet.advice.advice import advise as judged
from tokenfleet.advice.question import question_of
from tokenfleet.aws.advice.ask import ask
from tokenfleet.aws.advice.asking import AdviceError
from tokenfleet.commands.answers import (
    FAILED_VERDICT,
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
from tokenfleet.commands.asked.stack_name import DEFAULT_STACK, StackOption, StackWord, given_stack
from tokenfleet.json_document import Schema
from tokenfleet.views.screens.advice import advice_screen

BLOCKED = FAILED_VERDICT
"""Exit code where something would block."""


def advise(
    stack: StackWord = None,
    project: ProjectFolder = Path(),
    answers: AnswersPath = None,
    *,
    named: StackOption = None,
    as_json: AsJson = False,
) -> None:
    """Ask your AWS account what would block `pulumi up`, or make spot a bad idea.

    Reads quotas, zones, instance types on offer, machine images, spot prices, placement scores and
    Capacity Manager; changes nothing. Needs AWS credentials; what these may not read is said. Ends with 0
    when nothing blocks, 4 when something does, 2 when the stack cannot be built or AWS not asked.
    """
    stack_file = stack_file_of(
        project.resolve(), given_stack(stack, named) or DEFAULT_STACK, answers_of(answers)
    )
    plan = planned(stack_file)
    try:
        answered = ask(question_of(plan), dt.datetime.now(dt.UTC))
    except AdviceError as error:
        fail(*error.lines)
    advice = judged(plan, answered)
    if as_json:
        say_json(Schema.ADVICE, advice)
    else:
        console().print(advice_screen(advice))
    if advice.blocked:
        raise typer.Exit(BLOCKED)
