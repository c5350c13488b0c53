"""What the stand-in writes down, and tests read: the calls it answered, the instances it had."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Access keys: of whoever sets the scene, and of whom a test is about.
SCENARIO, CONTROLLER = "SCENARIO", "CONTROLLER"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One AWS call and its answer.

    ``at`` is when it arrived, in seconds of the epoch, and ``seconds`` what the answer took.
    ``caller`` is the access key it was signed with. ``error`` is the code of a refusal; the answer
    then says only that. ``parameters`` and ``answer`` are spelled as boto3 spells them.
    """

    at: float
    seconds: float
    caller: str
    service: str
    action: str
    parameters: Mapping[str, Any]
    error: str
    answer: Mapping[str, Any]


@dataclass(kw_only=True)
class Instance:
    """One instance, kept after its end.

    ``state`` is EC2's: pending, running, shutting-down or terminated; of a warm pool stopping, as
    long as it warms up, and stopped. ``launched_by`` and ``ended_by`` name the action, or what
    happened: a group that refills or scales in by itself, a reclaim, a launch that failed late.
    Times are seconds of the epoch; one that ``waited`` in a warm pool was ``drawn_at``.
    """

    instance_id: str
    group: str
    market: str
    zone: str
    instance_type: str
    launched_by: str
    launched_at: float
    state: str = "pending"
    ended_by: str = ""
    ended_at: float = 0
    drawn_at: float = 0

    @property
    def waited(self) -> bool:
        """Whether it came out of a warm pool."""
        return self.drawn_at > 0
