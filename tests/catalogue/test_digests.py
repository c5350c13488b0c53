"""The data file of digests: what a refresh writes, keeps and doubts."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tokenfleet.catalogue.facts import data_file
from tokenfleet.catalogue.pulled.digests import (
    DIGESTS,
    DigestChange,
    Resolved,
    parse_digests,
    renew_digests,
)
from tokenfleet.catalogue.pulled.in_use import NAMING_FILES, in_use

TODAY = dt.date(2026, 12, 24)
ENGINE, CHART = "docker.io/a/engine:v1", "https://charts.example/plugin:1.0.0"
ONE, TWO = (f"sha256:{digit * 64}" for digit in "12")
HEADING = "# One line.\n# Another.\n"


def resolved(**digests: str) -> Mapping[str, Resolved]:
    names = {"engine": ENGINE, "chart": CHART}
    return {
        names[key]: Resolved(digest=digest, source='a "source": here')
        for key, digest in digests.items()
    }


@dataclass(frozen=True)
class Row:
    """What was found before and now, and the change that must be told."""

    before: Mapping[str, Resolved]
    now: Mapping[str, Resolved]
    change: tuple[str | None, str | None, bool] | None


ROWS = {
    "new": Row({}, resolved(engine=ONE), (None, ONE, False)),
    "the same": Row(resolved(engine=ONE), resolved(engine=ONE), None),
    "moved": Row(resolved(engine=ONE), resolved(engine=TWO), (ONE, TWO, True)),
    "not in use any more": Row(resolved(engine=ONE), {}, (ONE, None, False)),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_a_change_is_told_and_a_tag_that_moved_is_doubted(row: Row) -> None:
    before = renew_digests(HEADING, row.before, TODAY).text
    changes = renew_digests(before, row.now, TODAY).changes
    told = [(c.name, c.before, c.after, c.doubt is not None) for c in changes]
    assert told == ([(ENGINE, *row.change)] if row.change else [])


def test_what_did_not_change_keeps_its_line_and_date() -> None:
    first = renew_digests(HEADING, resolved(engine=ONE, chart=ONE), TODAY).text
    later = TODAY + dt.timedelta(days=30)
    assert renew_digests(first, resolved(chart=ONE, engine=ONE), later).text == first
    renewed = renew_digests(first, resolved(engine=TWO, chart=ONE), later)
    rows = parse_digests(renewed.text)
    assert (rows[ENGINE].digest, rows[ENGINE].date) == (TWO, later)
    assert (rows[CHART].digest, rows[CHART].date) == (ONE, TODAY)
    assert len(set(first.splitlines()) - set(renewed.text.splitlines())) == 1
    assert renewed.changes == [
        DigestChange(name=ENGINE, before=ONE, after=TWO, doubt="stands for something else now")
    ]


def test_what_is_written_is_read_as_it_was_and_the_heading_stays() -> None:
    text = renew_digests(HEADING, resolved(engine=ONE), TODAY).text
    assert text.startswith(HEADING)
    row = parse_digests(text)[ENGINE]
    assert (row.digest, row.source, row.date) == (ONE, 'a "source": here', TODAY)


def test_a_digest_of_a_tag_that_is_not_in_use_is_not_kept() -> None:
    used = in_use({name: data_file(name) for name in NAMING_FILES})
    names = {image.name for image in used.images} | {chart.name for chart in used.charts}
    assert parse_digests(data_file(DIGESTS)).keys() <= names
