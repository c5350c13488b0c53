"""Lifecycle rules of a bucket: whether they delete sooner, or more, than they did.

What a rule does, and to what:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html (2026-11).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.policies.values import mapping, mappings
from tokenfleet.recording.recorded import UNKNOWN
from tokenfleet.review.danger import Danger
from tokenfleet.review.resource_change import Resource, ResourceChange, judged

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
# Of these an object must be restored before anybody reads it.
_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_SIZES = ("objectSizeGreaterThan", "objectSizeLessThan")


@dataclass(frozen=True, kw_only=True)
class _Filter:
    """Which objects a rule is about: all, or those that meet every condition."""

    prefix: str
    tags: frozenset[tuple[str, str]]
    larger_than: float
    smaller_than: float

    def covers(self, other: "_Filter") -> bool:
        """Whether it is about everything that the other is about."""
        return (
            other.prefix.startswith(self.prefix)
            and self.tags <= other.tags
            and self.larger_than <= other.larger_than
            and self.smaller_than >= other.smaller_than
        )


@dataclass(frozen=True, kw_only=True)
class _Deletion:
    """What a rule takes away: ``after`` so many days, or from a day on, but for the ``kept`` newest."""

    rule: str
    what: str
    after: object
    kept: float
    filter: _Filter
    danger: Danger

    def covers(self, other: "_Deletion") -> bool:
        """Whether it takes away, as early, all that the other does."""
        return (
            self.what == other.what
            and _is_no_later(self.after, other.after)
            and self.kept <= other.kept
            and self.filter.covers(other.filter)
        )

    @property
    def said(self) -> str:
        """What it does, for people."""
        when = f"from {self.after}" if isinstance(self.after, str) else f"after {self.after} days"
        but = f", but for {self.kept:g}" if self.kept else ""
        return f"rule {self.rule}: {self.what} {when}{but}, sooner or more than before"


def judged_lifecycle(
    change: ResourceChange,
    found: Mapping[str, ResourceChange],
    old: Mapping[str, Resource],
    new: Mapping[str, Resource],
) -> ResourceChange:
    """The change, as dangerous as what its rules begin to delete from a bucket that is there."""
    if change.action == "delete" or _is_of_a_new_bucket(new[change.urn], found):
        return change
    # One that is replaced is another bucket's, which had none.
    before = old[change.urn]["inputs"].get("rules") if change.action == "update" else None
    known = list(_deletions(before))
    more = [
        each
        for each in _deletions(new[change.urn]["inputs"].get("rules"))
        if not any(former.covers(each) for former in known)
    ]
    if more:
        worst = max((each.danger for each in more), key=lambda danger: danger.rank)
        return judged(change, worst, *(each.said for each in more))
    if change.action != "update":
        return change
    return judged(change, Danger.SETTINGS, "no rule deletes sooner, or more, than before")


def _is_of_a_new_bucket(resource: Resource, found: Mapping[str, ResourceChange]) -> bool:
    buckets: Sequence[str] = resource["propertyDependencies"].get("bucket", ())
    return any(urn in found and found[urn].action in {"create", "replace"} for urn in buckets)


def _deletions(rules: object) -> Iterator[_Deletion]:
    for place, rule in enumerate(mappings(rules)):
        if rule.get("status") == "Disabled":
            continue
        name, about = str(rule.get("id") or f"number {place + 1}"), _filter(rule)
        expiration = mapping(rule.get("expiration"))
        noncurrent = mapping(rule.get("noncurrentVersionExpiration"))
        loss = [
            ("objects are deleted", expiration.get("days"), 0),
            ("objects are deleted", expiration.get("date"), 0),
            (
                "older versions are deleted",
                noncurrent.get("noncurrentDays"),
                noncurrent.get("newerNoncurrentVersions"),
            ),
        ]
        away = [
            (f"objects are not read at once any more ({each['storageClass']})", when, 0)
            for each in mappings(rule.get("transitions"))
            if each.get("storageClass") in _ARCHIVES
            for when in (each.get("days"), each.get("date"))
        ]
        for danger, ends in ((Danger.DATA_LOSS, loss), (Danger.OUTAGE, away)):
            for what, after, kept in ends:
                if after is not None:
                    yield _Deletion(
                        rule=name,
                        what=what,
                        after=after,
                        kept=_number(kept, 0),
                        filter=about,
                        danger=danger,
                    )


def _filter(rule: Mapping[str, object]) -> _Filter:
    given = mapping(rule.get("filter"))
    several = mapping(given.get("and"))
    tags = {(str(key), str(value)) for key, value in mapping(several.get("tags")).items()}
    tag = mapping(given.get("tag"))
    if tag:
        tags.add((str(tag.get("key")), str(tag.get("value"))))
    larger, smaller = (given.get(size) or several.get(size) for size in _SIZES)
    prefix = given.get("prefix") or several.get("prefix") or rule.get("prefix") or ""
    return _Filter(
        prefix=str(prefix),
        tags=frozenset(tags),
        larger_than=_number(larger, 0),
        smaller_than=_number(smaller, float("inf")),
    )


def _is_no_later(one: object, than: object) -> bool:
    """Days against days, a day against a day: anything else, and what is hidden, may be later."""
    if UNKNOWN in (one, than):
        return False
    if isinstance(one, int | float) and isinstance(than, int | float):
        return one <= than
    return isinstance(one, str) and isinstance(than, str) and one <= than


def _number(value: object, otherwise: float) -> float:
    try:
        return float(str(value)) if value is not None else otherwise
    except ValueError:
        return otherwise
