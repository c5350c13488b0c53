"""How a stack is named on the command line: by the first word, or by ``--stack``."""

from collections.abc import Sequence
from typing import Annotated

import typer

from tokenfleet.commands.answers import fail

DEFAULT_STACK = "dev"
_FILE = "Pulumi.STACK.yaml"
_STACK_AND_POOL = 2

StackWord = Annotated[
    str | None,
    typer.Argument(metavar="[STACK]", help=f"name of the stack: {_FILE}; dev if not given"),
]
StackOption = Annotated[
    str | None, typer.Option("--stack", metavar="STACK", help="the stack, by name as well")
]
StackAndModel = Annotated[
    list[str],
    typer.Argument(metavar="[STACK] MODEL", help=f"a model of a stack ({_FILE}; dev if not given)"),
]
StackAndPool = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[STACK] [POOL]",
        help=f"a pool of a stack ({_FILE}; dev, and its only pool if not given)",
    ),
]


def given_stack(word: str | None, option: str | None) -> str | None:
    """The stack, given once: None where it is not.

    Raises:
        RefusedError: It is given twice.
    """
    if word is not None and option is not None:
        fail(f"--stack {option}: the stack is given already, {word}: leave one of them out")
    return option if word is None else word


def stack_and_model(words: Sequence[str], option: str | None) -> tuple[str, str]:
    """The stack, dev where none is given, and the model.

    Raises:
        RefusedError: There are more words than that, or the stack is given twice.
    """
    *stacks, model = words
    if len(stacks) > 1:
        fail(f"MODEL {model}: one word too many: [STACK] MODEL")
    return given_stack(next(iter(stacks), None), option) or DEFAULT_STACK, model


def stack_and_pool(words: Sequence[str], option: str | None) -> tuple[str, str | None]:
    """The stack, dev where none is given, and the pool, None where none is given.

    Raises:
        RefusedError: There are more words than that, or the stack is given twice.
    """
    stack, *pools = (words or [DEFAULT_STACK]) if option is None else [option, *words[-1:]]
    if len(words) > _STACK_AND_POOL:
        fail(f"POOL {words[-1]}: one word too many: [STACK] [POOL]")
    if len(words) == _STACK_AND_POOL:
        given_stack(words[0], option)
    return stack, next(iter(pools), None)
