"""What a replica takes in, and how long it is in coming: what a rule for their number has to live with."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Replica:
    """One server of the played fleet; times in seconds.

    ``slots`` requests run at once, each as fast as the mean answer says, and ``queue`` more wait. A
    request that waited longer than ``slack_seconds`` misses the objective. ``start_seconds`` pass
    from the decision for one more to its first request.
    """

    slots: int
    queue: int
    slack_seconds: float
    start_seconds: float
