"""A review: every stack at two revisions, in one verdict."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.counted import count
from tokenfleet.review.changes import resource_changes
from tokenfleet.review.danger import Danger
from tokenfleet.review.documents import with_images
from tokenfleet.review.edge import edge_changes
from tokenfleet.review.effects import effects
from tokenfleet.review.engine import EngineSteps, with_engine
from tokenfleet.review.pairs import Counts, Numbers, Reasons
from tokenfleet.review.previews import Document, StackState
from tokenfleet.review.resource_change import ResourceChange
from tokenfleet.review.service import (
    Differing,
    LineChange,
    ModelChange,
    Secrets,
    budget_share,
    findings_of,
    line_changes,
    model_changes,
    node_quotas,
    rows,
    usd_per_month,
    verdicts_of,
)

State = Literal["changed", "unchanged", "new", "gone", "broken"]
_ABSENT = StackState(stack="", preview={}, resources={}, secrets={})
_ACTIONS = ("create", "update", "replace", "delete")
_VERBS = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}


@dataclass(frozen=True, kw_only=True)
class StackReview:
    """What becomes of one stack. Figures are in US dollars; a share of the budget is 1 at all of it."""

    stack: str
    state: State
    verdict: str
    """One line: what is most dangerous, what is done, and what it costs."""
    danger: Danger | None
    """Of its most dangerous change."""
    tally: Mapping[str, int]
    """How many resources by action."""
    changes: Sequence[ResourceChange]
    effects: Sequence[str]
    usd_per_month: Numbers
    budget_share: Numbers
    lines: Sequence[LineChange]
    models: Sequence[ModelChange]
    quotas: Mapping[str, Counts]
    """vCPUs that the most nodes need, by AWS's quota, where that changes."""
    findings: Differing
    verdicts: Differing
    secrets: Secrets
    problems: Reasons
    """Why a revision cannot be previewed, where it cannot."""

    @property
    def crosses_budget(self) -> bool:
        """Whether it is above its budget, and was not."""
        share = self.budget_share
        return (share.after or 0.0) > 1 >= (share.before or 0.0)


@dataclass(frozen=True, kw_only=True)
class Review:
    """All stacks, the most dangerous first."""

    base: str
    head: str
    parted: int
    """Commits of the base that the head lacks: what they did shows as undone."""
    renamed: Mapping[str, str]
    """Stacks that seem to have been renamed: Pulumi takes the new name for a new, empty stack."""
    stacks: Sequence[StackReview]

    @property
    def danger(self) -> Danger | None:
        """That of the most dangerous change."""
        return _worst(change for stack in self.stacks for change in stack.changes)


def stack_review(
    before: StackState | None, after: StackState | None, steps: EngineSteps | None = None
) -> StackReview:
    """Compare a stack at two revisions, of which one may lack it; ``steps`` are the engine's.

    Raises:
        ValueError: both lack it.
    """
    if before is None and after is None:
        msg = "a stack that neither revision has cannot be reviewed"
        raise ValueError(msg)
    old, new = before or _ABSENT, after or _ABSENT
    problems = Reasons(before=old.problem or None, after=new.problem or None)
    is_broken = bool(old.problem or new.problem)
    earlier, later = _resources(old), _resources(new)
    changes = () if is_broken else resource_changes(earlier, later)
    spared: Sequence[str] = ()
    if steps and not is_broken:
        seen = with_engine(changes, steps, earlier, later)
        changes, spared = seen.changes, seen.said
    secrets = _secrets(old.secrets, new.secrets)
    month = Numbers(before=usd_per_month(old.preview), after=usd_per_month(new.preview))
    lines = line_changes(old.preview, new.preview)
    models = model_changes(old.preview, new.preview)
    findings = findings_of(old.preview, new.preview)
    verdicts = verdicts_of(old.preview, new.preview)
    edge = list(edge_changes(old.preview, new.preview))
    is_same = not (changes or lines or edge) and all(
        each.is_same for each in (secrets, findings, verdicts, *models)
    )
    state: State = (
        "broken"
        if is_broken
        else "new"
        if before is None
        else "gone"
        if after is None
        else "unchanged"
        if is_same
        else "changed"
    )
    tally = Counter(change.action for change in changes)
    danger = _worst(changes)
    return StackReview(
        stack=(after or before or _ABSENT).stack,
        state=state,
        verdict=_verdict(
            state,
            danger,
            _done(tally, secrets),
            month,
            problems,
            stops=any(change.refused for change in changes),
        ),
        danger=danger,
        tally={action: tally[action] for action in _ACTIONS},
        changes=changes,
        effects=[*spared, *edge, *effects(changes, later, _models(new.preview), secrets)],
        usd_per_month=month,
        budget_share=Numbers(before=budget_share(old.preview), after=budget_share(new.preview)),
        lines=lines,
        models=models,
        quotas=node_quotas(old.preview, new.preview),
        findings=findings,
        verdicts=verdicts,
        secrets=secrets,
        problems=problems,
    )


def _worst(changes: Iterable[ResourceChange]) -> Danger | None:
    return max((each.danger for each in changes), key=lambda found: found.rank, default=None)


def _resources(state: StackState) -> Sequence[Document]:
    return with_images(rows(state.resources, "resources"), rows(state.resources, "lookups"))


def _models(preview: Document) -> Mapping[str, Document]:
    return {each["plan"]["name"]: each for each in rows(preview, "models")}


def _secrets(before: Mapping[str, str], after: Mapping[str, str]) -> Secrets:
    return Secrets(
        new=[name for name in after if name not in before],
        gone=[name for name in before if name not in after],
        changed=[name for name in after if before.get(name, after[name]) != after[name]],
    )


def _verdict(
    state: State,
    danger: Danger | None,
    done: str,
    month: Numbers,
    problems: Reasons,
    *,
    stops: bool,
) -> str:
    if state == "broken":
        which = " and ".join(
            name
            for name, lines in (("the base", problems.before), ("the head", problems.after))
            if lines
        )
        return f"cannot be previewed at {which}"
    if state == "unchanged":
        return "nothing changes"
    word = "" if danger is None else f"{danger}: "
    if stops:
        done += "; the deployment would stop"
    if month.before is None or month.after is None or abs(month.after - month.before) < 0.005:  # noqa: PLR2004 - half a cent
        return f"{word}{done}"
    return f"{word}{done}; {month.after - month.before:+,.2f} dollars a month"


def _done(tally: Mapping[str, int], secrets: Secrets) -> str:
    parts = [
        f"{count(tally[action], 'resource')} {verb}"
        for action, verb in _VERBS.items()
        if tally.get(action)
    ]
    if not secrets.is_same:
        parts.append("a secret changes" if parts else "no resource is seen to change, a secret is")
    return ", ".join(parts) or "no resource changes"
