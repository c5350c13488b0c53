"""Lifecycle rules: data is lost where they delete sooner, or more, and nowhere else."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.review.synthetic import resource, state
from tokenfleet.recording.recorded import UNKNOWN
from tokenfleet.review.danger import Danger
from tokenfleet.review.kinds.lifecycle import LIFECYCLE
from tokenfleet.review.resource_change import ResourceChange
from tokenfleet.review.review import stack_review

BUCKET = "aws:s3/bucket:Bucket"
LOSS, OUTAGE, SETTINGS = Danger.DATA_LOSS, Danger.OUTAGE, Danger.SETTINGS
Rule = dict[str, Any]


def _rule(name: str = "a", status: str = "Enabled", **inner: object) -> Rule:
    return {"id": name, "status": status, **inner}


def _days(days: object, **inner: object) -> Rule:
    return {**_rule(expiration={"days": days}), **inner}


def _older(days: int, **inner: object) -> Rule:
    return _rule(noncurrentVersionExpiration={"noncurrentDays": days, **inner})


def _archived(days: int, storage: str) -> Rule:
    return _rule(transitions=[{"days": days, "storageClass": storage}])


UPLOADS = _rule(abortIncompleteMultipartUpload={"daysAfterInitiation": 1})
TAGGED = {"filter": {"tag": {"key": "a", "value": "1"}}}
TWICE_TAGGED = {"filter": {"and": {"tags": {"a": "1", "b": "2"}}}}
ROWS: Mapping[str, tuple[Sequence[Rule], Sequence[Rule], Danger]] = {
    "fewer days": ([_days(30)], [_days(7)], LOSS),
    "more days": ([_days(7)], [_days(30)], SETTINGS),
    "a new expiration": ([UPLOADS], [{**UPLOADS, **_days(30)}], LOSS),
    "a new rule": ([_days(30)], [_days(30), _days(7, filter={"prefix": "logs/"})], LOSS),
    "a rule that another has done already": (
        [_days(7)],
        [_days(7), _rule("b", expiration={"days": 30}, filter={"prefix": "logs/"})],
        SETTINGS,
    ),
    "no expiration any more": ([{**UPLOADS, **_days(30)}], [UPLOADS], SETTINGS),
    "no rule any more": ([UPLOADS, _days(30)], [UPLOADS], SETTINGS),
    "a rule by another name": ([_days(30)], [_rule("b", expiration={"days": 30})], SETTINGS),
    "switched off": ([_days(30)], [_days(30, status="Disabled")], SETTINGS),
    "switched on": ([_days(30, status="Disabled")], [_days(30)], LOSS),
    "an earlier day": (
        [_rule(expiration={"date": "2027-01-01"})],
        [_rule(expiration={"date": "2026-12-01"})],
        LOSS,
    ),
    "a later day": (
        [_rule(expiration={"date": "2026-12-01"})],
        [_rule(expiration={"date": "2027-01-01"})],
        SETTINGS,
    ),
    "a day instead of days": ([_days(9)], [_rule(expiration={"date": "2027-01-01"})], LOSS),
    "days that nobody knows": ([_days(9)], [_days(UNKNOWN)], LOSS),
    "older versions sooner": ([_older(30)], [_older(7)], LOSS),
    "older versions later": ([_older(7)], [_older(30)], SETTINGS),
    "fewer older versions kept": (
        [_older(7, newerNoncurrentVersions=5)],
        [_older(7, newerNoncurrentVersions=2)],
        LOSS,
    ),
    "no older version kept": ([_older(7, newerNoncurrentVersions=5)], [_older(7)], LOSS),
    "more older versions kept": ([_older(7)], [_older(7, newerNoncurrentVersions=5)], SETTINGS),
    "a wider prefix": (
        [_days(7, filter={"prefix": "logs/old/"})],
        [_days(7, filter={"prefix": "logs/"})],
        LOSS,
    ),
    "a narrower prefix": ([_days(7)], [_days(7, filter={"prefix": "logs/"})], SETTINGS),
    "a prefix as it was given before": (
        [_days(7, prefix="logs/")],
        [_days(7, filter={"prefix": "logs/"})],
        SETTINGS,
    ),
    "a tag less": ([_days(7, **TWICE_TAGGED)], [_days(7, **TAGGED)], LOSS),
    "a tag more": ([_days(7, **TAGGED)], [_days(7, **TWICE_TAGGED)], SETTINGS),
    "another tag": (
        [_days(7, **TAGGED)],
        [_days(7, filter={"tag": {"key": "a", "value": "2"}})],
        LOSS,
    ),
    "smaller objects too": (
        [_days(7, filter={"objectSizeGreaterThan": 1000})],
        [_days(7, filter={"objectSizeGreaterThan": 10})],
        LOSS,
    ),
    "larger objects too": (
        [_days(7, filter={"and": {"objectSizeLessThan": 10}})],
        [_days(7)],
        LOSS,
    ),
    "uploads that nobody ends": ([_days(30)], [_days(30), UPLOADS], SETTINGS),
    "markers of what is gone": (
        [UPLOADS],
        [{**UPLOADS, "expiration": {"expiredObjectDeleteMarker": True}}],
        SETTINGS,
    ),
    "into an archive": ([UPLOADS], [UPLOADS, _archived(30, "GLACIER")], OUTAGE),
    "into a cheaper class that is read at once": (
        [UPLOADS],
        [UPLOADS, _archived(30, "GLACIER_IR")],
        SETTINGS,
    ),
}


def _rules(rules: Sequence[Rule], bucket: str = "store") -> dict[str, Any]:
    given = {"bucket": bucket, "rules": list(rules)}
    return resource("rules", LIFECYCLE, given, sources={"bucket": [bucket]})


def _judged(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> ResourceChange:
    changes = stack_review(state(before), state(after)).changes
    (found,) = (each for each in changes if each.type == LIFECYCLE)
    return found


@pytest.mark.parametrize(("before", "after", "danger"), ROWS.values(), ids=list(ROWS))
def test_data_is_lost_where_rules_delete_sooner_or_more(
    before: Sequence[Rule], after: Sequence[Rule], danger: Danger
) -> None:
    store = resource("store", BUCKET)
    change = _judged([store, _rules(before)], [store, _rules(after)])
    assert (change.action, change.danger) == ("update", danger)
    said = "no rule deletes sooner" if danger is SETTINGS else "sooner or more than before"
    assert said in change.because[0]


@pytest.mark.parametrize(
    ("before", "after", "danger"),
    [
        ([resource("store", BUCKET)], [resource("store", BUCKET), _rules([_days(7)])], LOSS),
        (
            [resource("store", BUCKET)],
            [resource("store", BUCKET), _rules([UPLOADS])],
            Danger.ADDITION,
        ),
        ([], [resource("store", BUCKET), _rules([_days(7)])], Danger.ADDITION),
        (
            [resource("store", BUCKET), resource("other", BUCKET), _rules([_days(7)])],
            [resource("store", BUCKET), resource("other", BUCKET), _rules([_days(7)], "other")],
            LOSS,
        ),
        ([resource("store", BUCKET), _rules([_days(7)])], [resource("store", BUCKET)], SETTINGS),
    ],
    ids=["a bucket with objects", "no deletion", "a new bucket", "another bucket", "no rules"],
)
def test_rules_that_come_or_go_are_judged_by_what_their_bucket_holds(
    before: list[dict[str, Any]], after: list[dict[str, Any]], danger: Danger
) -> None:
    assert _judged(before, after).danger is danger
