"""Nodes that wait stopped beside an on-demand group: how many can be drawn, and which are on their way.

A rise of the group's desired size draws them (EC2 Auto Scaling user guide, "Warm pools"); whether
LaunchInstances does is not documented. Unlike LaunchInstances that answers nothing: what was drawn
shows up seconds later, or not at all. Until then it is the difference between the size that the
group wishes for and the one it has, so that AWS itself remembers it: a controller that is killed
in between, an answer that is lost, or a look that is out of date draws nothing twice. Each of them
comes to the same size, and to set that again changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tokenfleet.capacity.controller.groups import Held, Stopped


@dataclass(frozen=True, kw_only=True)
class WarmPool:
    """Beside a group that wishes for ``desired`` instances and has ``size``.

    ``stopped`` nodes wait, ``warming`` ones are on the way to. ``overdue``: what the group wishes
    for has not come for so long that it is no longer expected.
    """

    stopped: int = 0
    warming: int = 0
    desired: int = 0
    size: int = 0
    overdue: bool = False

    @property
    def coming(self) -> int:
        """Instances that were asked for, by whomever, and do not show yet."""
        return 0 if self.overdue else max(0, self.desired - self.size)

    @property
    def drawable(self) -> int:
        """How many more can be drawn: those on their way may still be among the stopped."""
        return 0 if self.overdue else max(0, self.stopped - self.coming)

    def drawing(self, count: int) -> int:
        """The size to wish for, to get so many more.

        Not what was wished for and so many: protected instances outlive a wish for fewer (the
        autoscaler makes such, of what it remembers).
        """
        return self.size + self.coming + count


NO_WARM_POOL = WarmPool()


@dataclass(slots=True)
class _Progress:
    """What a group wished for and had, and since when neither has changed."""

    desired: int
    size: int
    since: float


class Draws:
    """What is remembered of draws: only how long one is waited for, in seconds.

    Of what does not come in time the group is told that it is no longer wanted, and for ``rest``
    nothing is drawn there: it is launched.
    """

    def __init__(self) -> None:
        self._progress: dict[str, _Progress] = {}
        self._rest_until: dict[str, float] = {}

    def seen(
        self, group: str, held: Held, stopped: Stopped, *, now: float, patience: float
    ) -> WarmPool:
        """The warm pool of a group as it stands."""
        desired, size = held.desired.get(group, 0), sized(held)[group]
        before = self._progress.get(group)
        if before is None or desired <= size or (desired, size) != (before.desired, before.size):
            before = self._progress[group] = _Progress(desired, size, now)
        rests = self._rest_until.get(group, 0.0) > now
        return WarmPool(
            stopped=0 if rests else stopped.ready,
            warming=stopped.warming,
            desired=desired,
            size=size,
            overdue=now - before.since > patience,
        )

    def rest(self, group: str, until: float) -> None:
        """Draw nothing there before that moment."""
        self._rest_until[group] = until


def sized(held: Held) -> Mapping[str, int]:
    """How many instances of each group count towards its desired size."""
    sizes = dict.fromkeys(held.desired, 0)
    for instance in held.instances:
        if not instance.standby:
            sizes[instance.group] = sizes.get(instance.group, 0) + 1
    return sizes
