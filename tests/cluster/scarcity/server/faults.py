"""Calls that go wrong because a scenario wants it."""

import random
from dataclasses import dataclass

# Every other code is answered with 400 (EC2 and Auto Scaling API references, common errors).
_STATUS = {
    "AccessDenied": 403,
    "InternalFailure": 500,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
}


@dataclass(kw_only=True)
class Fault:
    """Calls of ``action`` ("" for all) that take longer, or are refused with ``code``.

    ``times`` is how many are left, None for no end. ``share`` of those calls are hit. One that is
    ``done`` has its effect all the same: only the answer is an error.
    """

    action: str
    code: str = ""
    times: int | None = None
    share: float = 1.0
    seconds: float = 0.0
    done: bool = False

    @property
    def status(self) -> int:
        """Of the answer that refuses."""
        return _STATUS.get(self.code, 400)

    def hits(self, action: str, chance: random.Random) -> bool:
        """Whether this call is one of them; it is then counted."""
        if self.times == 0 or self.action not in ("", action) or chance.random() >= self.share:
            return False
        if self.times is not None:
            self.times -= 1
        return True
