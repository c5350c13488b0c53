"""From the raw keys of a stack to its plan, or to every mistake in it at once."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.mistakes import Mistake, StackError
from tokenfleet.plan.beside import read_beside
from tokenfleet.plan.checks.mistakes import find_mistakes
from tokenfleet.plan.checks.served.published import published_mistakes
from tokenfleet.plan.stack import Plan, build
from tokenfleet.project import PROJECT
from tokenfleet.settings.draft import parse
from tokenfleet.settings.stack_file import StackFile

# "<project>-<stack>-<pool of 20>-node" plus Pulumi's suffix stays below IAM's 64 characters.
_STACK_NAME = re.compile(r"[a-z]([a-z0-9-]{0,14}[a-z0-9])?")
_LONGEST_NAMES = len(PROJECT) + 16


def plan_of(stack_file: StackFile, keys: Mapping[str, object] | None = None) -> Plan:
    """The plan of a stack file, or of edited ``keys`` in its place.

    Raises:
        StackError: with every mistake found, by reading, by parsing and by the checks.
    """
    return decide(
        stack_file.keys if keys is None else keys,
        stack_file.stack,
        stack_file.project.folder,
        stack_file.mistakes,
        project_name=stack_file.project.name,
    )


def decide(
    keys: Mapping[str, object],
    stack: str,
    project: Path,
    found: Iterable[Mistake] = (),
    *,
    project_name: str = PROJECT,
) -> Plan:
    """The plan of a stack.

    ``keys`` are the project's own keys without prefix and without secrets, ``project`` the
    directory that paths of files start from, ``found`` what reading the keys brought up.

    Raises:
        StackError: with every mistake found, by reading, by parsing and by the checks.
    """
    draft = parse(keys)
    beside = read_beside(draft.models, project)
    facts_by_model = beside.facts_by_model
    mistakes = [*found, *draft.mistakes, *beside.mistakes, *find_mistakes(draft, facts_by_model)]
    if not _STACK_NAME.fullmatch(stack):
        problem = (
            "a stack's name becomes part of the names of roles and groups: use 1 to 16 lower-case"
            " letters, digits and hyphens, beginning with a letter"
        )
        mistakes.append(Mistake(path="stack", value=stack, problem=problem))
    elif len(project_name) + len(stack) > _LONGEST_NAMES:
        problem = (
            f"with the name of the project, {project_name}, it begins the names of roles and groups:"
            f" both together may have {_LONGEST_NAMES} characters"
        )
        mistakes.append(Mistake(path="stack", value=stack, problem=problem))
    if mistakes:
        raise StackError(mistakes)
    known = {name: facts for name, facts in facts_by_model.items() if isinstance(facts, ModelFacts)}
    plan = build(draft.settings(), known, stack, project_name, templates=beside.templates)
    if stale := list(published_mistakes(draft.models, plan.models)):
        raise StackError(stale)
    return plan
