"""``tokenfleet bake``: the template that makes a pool's machine image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

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
from tokenfleet.commands.asked.stack_name import StackAndPool, StackOption, stack_and_pool
from tokenfleet.json_document import Schema
from tokenfleet.mistakes import nearest
from tokenfleet.plan.bake.recipe import UnbakeableError, plan_bake
from tokenfleet.plan.bake.template import bake_template
from tokenfleet.settings.what_if import StackEdit, edited
from tokenfleet.views.bake_template import bake_text

Weights = Annotated[
    bool, typer.Option("--weights", help="bake the published weights, too, on a second volume")
]


@dataclass(frozen=True, kw_only=True)
class BakeAnswer:
    """How the machine image of a pool is made.

    ``engine_image`` and ``weights`` are what the stack file then says of it, below ``baked``.
    """

    pool: str
    image: str
    """What pods ask for, by tag and digest."""
    engine_image: str
    weights: Sequence[str]
    weights_gb: float
    """10^9 bytes of them."""
    instance_type: str
    """On which it is made."""
    template: Mapping[str, object]
    """For CloudFormation, its keys as that spells them."""


def bake(
    words: StackAndPool = None,
    named: StackOption = None,
    project: ProjectFolder = Path(),
    *,
    answers: AnswersPath = None,
    weights: Weights = False,
    as_json: AsJson = False,
) -> None:
    """Print the CloudFormation template that bakes a machine image with the engine unpacked on it.

    Nodes that start from it pull no image; its first lines say how it is deployed and what the
    stack file then says. Ends with 2 when the stack cannot be built, has no such pool, or when no
    digest holds the engine's image.
    """
    stack, pool = stack_and_pool(words or [], named)
    stack_file = stack_file_of(project.resolve(), stack, answers_of(answers))
    # What is to be baked is not there yet, whatever the stack file says of an older image.
    plan = planned(stack_file, edited(stack_file.keys, StackEdit(baked=False)))
    pools = [found.name for found in plan.pools]
    name, known = stack_file.path.name, ", ".join(pools)
    if pool is None and len(pools) > 1:
        fail(f"{name}: has {len(pools)} pools: say which, tokenfleet bake {stack} POOL: {known}")
    pool = pool or pools[0]
    if pool not in pools:
        fail(f"{name}: no pool '{pool}'.{nearest(pool, pools)} It has: {known}")
    try:
        found = plan_bake(plan, pool, weights=weights)
    except UnbakeableError as error:
        fail(f"{name}: {error}")
    template = bake_template(found)
    if as_json:
        answer = BakeAnswer(
            pool=pool,
            image=found.image,
            engine_image=found.engine_image,
            weights=found.revisions,
            weights_gb=found.weights_gb,
            instance_type=found.instance_type,
            template=template,
        )
        say_json(Schema.BAKE, answer)
    else:
        typer.echo(bake_text(found, template), nl=False)
