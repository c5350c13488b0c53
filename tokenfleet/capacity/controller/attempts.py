"""Writes that may fail: they are said, counted, and left to the next look."""

from collections.abc import Callable, Mapping

from tokenfleet.capacity.controller.cluster import Node
from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.kubernetes import CONFLICT, NOT_FOUND, Kubernetes, Refused
from tokenfleet.capacity.controller.members import PoolState

_SELDOM_SECONDS = 300.0


class Attempts:
    """Of one controller."""

    def __init__(self, kubernetes: Kubernetes, journal: Journal) -> None:
        self._kubernetes, self._journal = kubernetes, journal

    def patched(self, node: Node, change: Mapping[str, object]) -> bool:
        """Whether a node was changed."""
        return self.tried("patch node", lambda: self._kubernetes.patch_node(node, change))

    def tried(self, call: str, do: Callable[[], None]) -> bool:
        """Whether it worked."""
        try:
            do()
        except Refused as refused:
            # Somebody else was there first, and the next look shows what they did.
            if refused.code not in (CONFLICT, NOT_FOUND):
                self._journal.failed(call, str(refused.code), str(refused))
            return False
        except OSError as error:
            self._journal.failed(call, type(error).__name__, str(error))
            return False
        return True

    def would(self, state: PoolState, step: object, what: Mapping[str, object]) -> None:
        """What a dry run leaves out."""
        did = type(step).__name__.lower()
        self._journal.say_seldom(
            "would", _SELDOM_SECONDS, what=did, pool=state.settings.name, **what
        )
