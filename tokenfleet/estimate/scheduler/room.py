"""What is left of an engine's places and of its KV cache."""

from tokenfleet.estimate.scheduler.limits import Limits
from tokenfleet.estimate.served_model import ServedModel


class Room:
    """``tokens`` of those that run are in the cache.

    What has ended since the next step was decided on counts until then, with its place.
    """

    def __init__(self, limits: Limits, model: ServedModel) -> None:
        self.tokens = 0
        self._limits, self._model = limits, model
        self._ended = self._ended_tokens = 0

    def admits(self, running: int, more: int) -> bool:
        """Whether beside ``running`` requests there is a place for another, and room for ``more`` tokens."""
        return running + self._ended < self._limits.sequences and self.fits(running + 1, more)

    def fits(self, running: int, more: int) -> bool:
        """Whether there is room for ``more`` tokens, with so many running requests."""
        return self._limits.fit(
            self._model, running + self._ended, self.tokens + self._ended_tokens + more
        )

    def steps(self, running: int) -> float:
        """For how many tokens each of ``running`` requests there is room, at the least."""
        return self._limits.steps_that_fit(
            self._model, running + self._ended, self.tokens + self._ended_tokens
        )

    @property
    def is_freed_late(self) -> bool:
        """Whether there is more room in the step after the next."""
        return self._ended > 0

    def leave(self, tokens: int, *, is_decided: bool) -> None:
        """One with so many tokens has ended; late, where the next step is decided on already."""
        self.tokens -= tokens
        if is_decided:
            self._ended += 1
            self._ended_tokens += tokens

    def settle(self) -> None:
        """The next step is decided on with all that has ended out of the way."""
        self._ended = self._ended_tokens = 0
