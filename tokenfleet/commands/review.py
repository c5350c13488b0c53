"""``tokenfleet review``: what a change does to every stack, how dangerous it is, what it costs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tokenfleet.commands.answers import AsJson, ProjectFolder, console, fail, say_json
from tokenfleet.json_document import Schema
from tokenfleet.review.compared import Asked, Compared, compared
from tokenfleet.review.danger import Danger
from tokenfleet.review.review import Review
from tokenfleet.review.revisions import RevisionError
from tokenfleet.views.pages.review import review_markdown
from tokenfleet.views.pages.review_page import review_html
from tokenfleet.views.screens.review import show_review

_TOO_DANGEROUS = 5
_WRITTEN: Mapping[str, Callable[[Compared], str]] = {
    ".md": lambda found: review_markdown(found.review),
    ".html": review_html,
}
"""What a file is to hold, by its ending."""


class Level(StrEnum):
    """What may be asked to fail a review."""

    DATA_LOSS = "data-loss"
    OUTAGE = "outage"
    NODES = "nodes"
    REPLICAS = "replicas"
    SETTINGS = "settings"
    ADDITION = "addition"
    BUDGET = "budget"
    FINDING = "finding"


def review(
    base: Annotated[str, typer.Argument(help="git revision to compare with, such as origin/main")],
    head: Annotated[
        str | None, typer.Argument(help="git revision that is reviewed; else the working tree")
    ] = None,
    project: ProjectFolder = Path(),
    *,
    stack: Annotated[
        list[str] | None, typer.Option("--stack", help="only this stack; may be repeated")
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="also write it into this file: FILE.md the comment, FILE.html a page with the"
            " drawing; may be repeated",
        ),
    ] = None,
    fail_on: Annotated[
        list[Level] | None,
        typer.Option(help="end with 5 from this danger on, or for this; may be repeated"),
    ] = None,
    since_merge_base: Annotated[
        bool, typer.Option("--merge-base", help="compare with where the two revisions parted")
    ] = False,
    same_environment: Annotated[
        bool, typer.Option("--same-environment", help="refuse revisions with other requirements")
    ] = False,
    engine_json: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="what pulumi preview --json says, which wins; one a stack"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what becomes of every stack between two revisions: changes, danger, effects, money.

    Runs the program of each revision without cloud or credentials. Ends with 2 when a revision
    cannot be had or a stack not be previewed, 5 for what --fail-on names.
    """
    _check(out or ())
    asked = Asked(
        project=project.resolve(),
        base=base,
        head=head,
        stacks=stack or (),
        since_merge_base=since_merge_base,
        same_environment=same_environment,
        engine_json=engine_json or (),
    )
    try:
        found = compared(asked, lambda line: typer.echo(line, err=True))
    except RevisionError as error:
        fail(*error.lines)
    for path in out or ():
        try:
            path.write_text(_WRITTEN[path.suffix.lower()](found), encoding="utf-8")
        except OSError as error:
            fail(f"--out {path}: {error.strerror}")
    if as_json:
        say_json(Schema.REVIEW, found.review)
    else:
        show_review(found.review, console())
    if any(each.state == "broken" for each in found.review.stacks):
        fail(*_broken(found.review))
    if any(_fails(found.review, level) for level in fail_on or ()):
        raise typer.Exit(_TOO_DANGEROUS)


def _check(out: Sequence[Path]) -> None:
    """Refuse before anything is previewed, which takes seconds."""
    for path in out:
        if path.suffix.lower() not in _WRITTEN:
            fail(f"--out {path}: end it in .md for the comment or .html for the page")


def _broken(found: Review) -> Iterator[str]:
    for each in found.stacks:
        for name, lines in ((found.base, each.problems.before), (found.head, each.problems.after)):
            if lines:
                yield f"{each.stack} at {name}:"
                yield from (f"  {line}" for line in lines)


def _fails(found: Review, level: Level) -> bool:
    if level is Level.BUDGET:
        return any(each.crosses_budget for each in found.stacks)
    if level is Level.FINDING:
        return any(each.findings.new for each in found.stacks)
    return found.danger is not None and found.danger.rank >= Danger(level).rank
