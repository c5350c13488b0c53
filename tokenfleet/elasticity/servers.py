"""What plays the replicas: how the loop over seconds sees them."""

from collections.abc import Callable
from typing import Protocol

from tokenfleet.elasticity.load import Load
from tokenfleet.elasticity.replica import Replica


class Servers(Protocol):
    """Replicas that serve, as the loop over seconds sees them.

    ``running`` and ``waiting`` are requests now, ``admitted``, ``late`` (admitted, but waited for longer than
    the slack) and ``refused`` all so far.
    """

    running: int
    waiting: int
    admitted: int
    late: int
    refused: int

    def add(self) -> None:
        """One more serves from now on."""
        ...

    def remove(self) -> None:
        """The newest takes no more requests, and ends those that it has."""
        ...

    def second(self, second: int, first: int, last: int) -> None:
        """Live through a second, in which the requests from ``first`` to before ``last`` come."""
        ...


MakeServers = Callable[[Load, Replica], Servers]
