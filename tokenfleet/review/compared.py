"""Two revisions of a project as they are asked for, previewed and compared."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from tokenfleet.review.engine import read_steps
from tokenfleet.review.environments import interpreter_of
from tokenfleet.review.previews import Asking, StackState, previewed
from tokenfleet.review.review import Review, stack_review
from tokenfleet.review.revisions import (
    WORKING_TREE,
    Revision,
    RevisionError,
    changed_files,
    checked_out,
    merge_base,
    parted,
    repository_of,
)
from tokenfleet.settings.project_file import read_project
from tokenfleet.settings.stack_file import stack_paths
from tokenfleet.settings.yaml_file import FileError

# Files that are nearly the same are those of one stack under two names.
_ALIKE = 0.7

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be reviewed."""

    project: Path
    base: str
    head: str | None
    """None is the working tree."""
    stacks: Sequence[str]
    """Only these, or all where there are none."""
    since_merge_base: bool
    same_environment: bool
    engine_json: Sequence[Path] = ()
    """Files of what ``pulumi preview --json`` printed, each of one stack."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A review, and the states of each stack that it is made from; one that lacks it has none."""

    review: Review
    before: Mapping[str, StackState]
    after: Mapping[str, StackState]


def compared(asked: Asked, say: Say) -> Compared:
    """Preview every stack at both revisions and compare; ``say`` is told what takes time.

    Raises:
        RevisionError: a revision, its files, its environment or a stack cannot be had.
    """
    steps = {urn: step for path in asked.engine_json for urn, step in read_steps(path).items()}
    repository = repository_of(asked.project)
    below = asked.project.relative_to(repository)
    with ExitStack() as opened:
        later = (
            Revision(name=WORKING_TREE, commit="", folder=repository)
            if asked.head is None
            else opened.enter_context(checked_out(repository, asked.head))
        )
        start = (
            merge_base(repository, asked.base, later.commit)
            if asked.since_merge_base
            else asked.base
        )
        earlier = opened.enter_context(checked_out(repository, start))
        old, new = (_files(asked, revision, below) for revision in (earlier, later))
        _check(asked, below, {*old, *new})
        touched = changed_files(repository, earlier.commit, later.commit)
        same = [name for name in old if name in new and not _concerns(name, touched)]
        differing = {name: file for name, file in old.items() if name not in same}
        before, after = _states(asked, repository, {earlier: differing, later: new}, say)
        before = {**before, **{name: after[name] for name in same}}
        found = [
            stack_review(before.get(name), after.get(name), steps)
            for name in sorted({*before, *after})
        ]
        review = Review(
            base=asked.base,
            head=later.name,
            parted=0
            if asked.since_merge_base
            else parted(repository, earlier.commit, later.commit),
            renamed=dict(_renamed(old, new)),
            stacks=sorted(
                found, key=lambda each: (-(each.danger.rank if each.danger else -1), each.stack)
            ),
        )
        return Compared(review=review, before=before, after=after)


def _files(asked: Asked, revision: Revision, below: Path) -> Mapping[str, Path]:
    """The file of each stack at a revision; of one that has no such project, none."""
    folder = revision.folder / below
    if not (folder / "Pulumi.yaml").exists():
        return {}
    try:
        found = stack_paths(read_project(folder))
    except FileError as error:
        # Without its project file nobody knows which stacks it has: they would seem to be gone.
        msg = f"{revision.name}: {error}"
        raise RevisionError(msg) from error
    return {name: file for name, file in found.items() if not asked.stacks or name in asked.stacks}


def _check(asked: Asked, below: Path, found: set[str]) -> None:
    for name in asked.stacks:
        if name not in found:
            msg = f"--stack {name}: neither revision has Pulumi.{name}.yaml in {below}"
            raise RevisionError(msg)
    if not found:
        msg = f"{asked.project}: neither revision has a Pulumi.yaml and a Pulumi.STACK.yaml here"
        raise RevisionError(msg, "name the folder of Pulumi.yaml with --project")


def _concerns(stack: str, touched: Sequence[str]) -> bool:
    """Whether any of the files may change what a stack is: another stack's form and prose do not."""
    return any(
        not path.endswith(".md")
        and not (Path(path).match("Pulumi.*.yaml") and Path(path).name != f"Pulumi.{stack}.yaml")
        for path in touched
    )


def _states(
    asked: Asked, repository: Path, files: Mapping[Revision, Mapping[str, Path]], say: Say
) -> Sequence[Mapping[str, StackState]]:
    asking: list[Asking] = []
    for revision, stacks in files.items():
        if not stacks:
            continue
        say(f"{revision.name}: previewing {', '.join(stacks)}")
        python = interpreter_of(revision, repository, say, only_this=asked.same_environment)
        project = revision.folder / asked.project.relative_to(repository)
        asking += [
            Asking(root=revision.folder, project=project, stack=stack, file=file, python=python)
            for stack, file in stacks.items()
        ]
    found = previewed(asking)
    return [
        {one.stack: state for one, state in found.items() if one.root == revision.folder}
        for revision in files
    ]


def _renamed(before: Mapping[str, Path], after: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    """Stacks that are gone, by one that is new with nearly the same file."""
    for gone in sorted(before.keys() - after.keys()):
        for new in sorted(after.keys() - before.keys()):
            old_text, new_text = (
                file.read_text(encoding="utf-8", errors="replace")
                for file in (before[gone], after[new])
            )
            if SequenceMatcher(None, old_text, new_text).ratio() > _ALIKE:
                yield gone, new
                break
