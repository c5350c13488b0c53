"""A spot notice as one budget: the drain takes of it, and a replacement starts in the rest."""

import math
from dataclasses import dataclass

from tokenfleet.plan.ranges import Range
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS, NoticeMet

REACTION_SECONDS = 15
"""From a notice to the launch of a replacement (an assumption: it is heard within seconds)."""


@dataclass(frozen=True, kw_only=True)
class NoticeBudget:
    """What becomes of the seconds of a spot notice.

    A replica serves on (``serves``) until its ``drain`` just fits. A replacement that is not
    ready by then, ``reaction`` and ``start`` after the notice, is ``late``: so long there is one
    replica less at each notice. ``start`` is from the launch of a node to ready and warm.
    ``fitting_request``: the longest request with which a start as expected is in time, where the
    expected one is not; None where no drain is short enough, and where it is in time anyway.
    """

    notice_seconds: int
    drain_seconds: int
    serves_seconds: int
    reaction_seconds: int
    start_seconds: Range
    late_seconds: Range
    met: NoticeMet
    fitting_request_seconds: int | None

    @property
    def way_out(self) -> str:
        """What makes an expected start less late."""
        if self.fitting_request_seconds:
            return (
                f"with longestRequestSeconds {self.fitting_request_seconds} or less it is expected"
                " in time"
            )
        return "each second off longestRequestSeconds or the start is a second less"


def notice_budget(start: Range, *, drain_seconds: int, request_seconds: int) -> NoticeBudget:
    """Of a replica that starts in ``start`` seconds, from launch to ready.

    ``drain_seconds`` are within the notice and hold ``request_seconds`` for the longest request.
    """
    serves = SPOT_NOTICE_SECONDS - drain_seconds
    late = Range(
        low=_late(start.low, serves),
        expected=_late(start.expected, serves),
        high=_late(start.high, serves),
    )
    fitting = request_seconds - math.ceil(late.expected)
    return NoticeBudget(
        notice_seconds=SPOT_NOTICE_SECONDS,
        drain_seconds=drain_seconds,
        serves_seconds=serves,
        reaction_seconds=REACTION_SECONDS,
        start_seconds=start,
        late_seconds=late,
        met=_met(late),
        fitting_request_seconds=fitting if late.expected and fitting >= 1 else None,
    )


def _late(start: float, serves: int) -> float:
    return max(0.0, REACTION_SECONDS + start - serves)


def _met(late: Range) -> NoticeMet:
    if not late.high:
        return "always"
    if not late.expected:
        return "expected"
    return "never" if late.low else "at best"
