"""How a start is written: its seconds with their range, and the way in which it comes about."""

from collections.abc import Mapping

from tokenfleet.plan.ranges import Range
from tokenfleet.plan.start.choices import StartChoice
from tokenfleet.plan.start.stages import Preparation

_WAYS: Mapping[Preparation, str] = {
    "pulled": "image pulled",
    "baked": "image baked",
    "warm": "waits stopped",
}


def seconds_text(seconds: Range) -> str:
    """``169 s (82 to 461)``."""
    return f"{seconds.expected:,.0f} s ({seconds.low:,.0f} to {seconds.high:,.0f})"


def way_title(choice: StartChoice) -> str:
    """``image pulled``, and what comes on top."""
    title = _WAYS[choice.prepared]
    return f"{title}, compiles" if choice.compiles else title
