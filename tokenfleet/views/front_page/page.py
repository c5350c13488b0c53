"""The page, from its parts.

Every list has an end, so that the page stays one: what is left out is counted, and said below it.
"""

from tokenfleet.counted import count
from tokenfleet.preview.origin import Origin
from tokenfleet.preview.report import Report
from tokenfleet.views.front_page.doubts import not_measured
from tokenfleet.views.front_page.facts import FrontPage
from tokenfleet.views.front_page.headline import headline
from tokenfleet.views.front_page.nights import nights
from tokenfleet.views.front_page.reasons import causes, prices, verdicts

_HASH_DIGITS = 12


def front_page(report: Report, origin: Origin | None) -> FrontPage:
    """The page of a report; ``origin`` is None where nobody knows when and from what it was made."""
    return FrontPage(
        title=report.plan.name,
        region=report.plan.region,
        origin=_origin(origin),
        size=(
            f"{count(report.resource_count, 'resource')} in"
            f" {count(report.component_count, 'component')}"
        ),
        headline=headline(report),
        passages=[
            prices(report),
            causes(report),
            verdicts(report),
            nights(report),
            not_measured(report),
        ],
    )


def _origin(origin: Origin | None) -> str:
    """``Made on 2026-11-29 (UTC) from commit 0123456789ab, with changes not committed``."""
    if origin is None:
        return ""
    made = f"Made on {origin.day} (UTC)"
    if origin.commit is None:
        return f"{made}, from no commit that is known"
    changed = ", with changes not committed" if origin.commit.changed else ""
    return f"{made} from commit {origin.commit.hash[:_HASH_DIGITS]}{changed}"
