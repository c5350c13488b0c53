"""What has happened in an engine so far, by its clock."""

from tokenfleet.estimate.scheduler.played import Answer, Gap, Stretch


class Record:
    """``now`` in seconds, after ``steps`` steps that gave a token to whatever ran."""

    def __init__(self) -> None:
        self.now = 0.0
        self.steps = 0
        self.answers: list[Answer] = []
        self.stretches: list[Stretch] = []
        self.gaps: list[Gap] = []
        # Of those that got no token in the last step: when they got one, and how many did then.
        self._stalled: list[tuple[float, int]] = []

    def stall(self, running: int) -> None:
        """In the steps to come ``running`` requests get no token, in addition to those that stall already."""
        if running:
            self._stalled.append((self.now, running))

    @property
    def is_stalled(self) -> bool:
        """Whether some got no token in the last step."""
        return bool(self._stalled)

    def passed(self, stretch: Stretch) -> None:
        """Let its steps pass; its ``end`` is known now."""
        first = self.now + stretch.seconds
        self.now += stretch.seconds * stretch.steps
        self.stretches.append(stretch._replace(end=self.now))
        if stretch.decoded:
            self.steps += stretch.steps
            for since, tokens in self._stalled:
                self.gaps.append(Gap(first, first - since, tokens))
            others = stretch.steps - self.is_stalled
            self._stalled.clear()
            self.gaps.append(Gap(self.now, stretch.seconds, others * stretch.decoded))
