"""What a tag stood for: digests by the name of an image or chart, and how they are renewed."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated

import yaml
from pydantic import StringConstraints, TypeAdapter

from tokenfleet.catalogue.facts import CatalogueError, Fact, data_file

DIGESTS = "digests.yaml"


class RecordedDigest(Fact):
    """``sha256:`` of a manifest, or of a chart's archive where the chart lies in no registry.

    ``date`` is the first day that the tag stood for it, ``source`` who said so.
    """

    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    date: dt.date
    source: str


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What a tag stands for now, and who says so."""

    digest: str
    source: str


@dataclass(frozen=True, kw_only=True)
class DigestChange:
    """A digest that is another than before; None where there was none, or nothing uses it.

    ``doubt`` says why it is hard to believe, if it is.
    """

    name: str
    before: str | None
    after: str | None
    doubt: str | None = None


@dataclass(frozen=True, kw_only=True)
class DigestRenewal:
    """The text of the data file with today's digests."""

    text: str
    changes: Sequence[DigestChange]


@cache
def recorded_digests() -> Mapping[str, RecordedDigest]:
    """Every digest of the catalogue, by registry, repository and tag."""
    return parse_digests(data_file(DIGESTS))


def parse_digests(text: str) -> Mapping[str, RecordedDigest]:
    """The rows of the data file.

    Raises:
        CatalogueError: when the text is not that of a data file.
    """
    try:
        rows: object = yaml.load(text, Loader=yaml.CSafeLoader)
        # A file of comments alone: nothing is recorded.
        found = TypeAdapter(dict[str, RecordedDigest] | None).validate_python(rows)
    except (ValueError, yaml.YAMLError) as error:
        msg = f"{DIGESTS} is no data file of the catalogue: {error}"
        raise CatalogueError(msg) from error
    return found or {}


def renew_digests(text: str, resolved: Mapping[str, Resolved], today: dt.date) -> DigestRenewal:
    """The data file of what is in use now; a digest that did not change keeps its date.

    The tags that are pinned name releases, which are published once: one that stands for
    something else than before is doubtful.

    Raises:
        CatalogueError: when the text is not that of a data file.
    """
    recorded = parse_digests(text)
    rows = {
        name: known
        if (known := recorded.get(name)) and known.digest == found.digest
        else RecordedDigest(digest=found.digest, date=today, source=found.source)
        for name, found in sorted(resolved.items())
    }
    changes = [
        DigestChange(
            name=name,
            before=before,
            after=after,
            doubt="stands for something else now" if before and after else None,
        )
        for name in sorted(recorded.keys() | rows.keys())
        for before, after in [(_digest(recorded, name), _digest(rows, name))]
        if before != after
    ]
    heading = [line for line in text.splitlines() if line.startswith("#")]
    lines = [
        f"{json.dumps(name)}: {{digest: {json.dumps(row.digest)}, date: {row.date},"
        f" source: {json.dumps(row.source)}}}"
        for name, row in rows.items()
    ]
    return DigestRenewal(text="\n".join([*heading, *lines]) + "\n", changes=changes)


def _digest(rows: Mapping[str, RecordedDigest], name: str) -> str | None:
    row = rows.get(name)
    return row.digest if row else None
