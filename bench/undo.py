"""What is changed on this machine for a while, and changed back however the command ends."""

import shlex
import subprocess
from types import TracebackType
from typing import Self

# Lines come as they are told and are run, last first, once nobody can tell more.
_SHELL = ["bash", "-c", "tac | bash"]


class Undo:
    """A shell that waits for its standard input to close, by a good end, Ctrl-C or SIGKILL.

    Commands are told before what they undo is done: one that has nothing to undo is silent.
    """

    def __enter__(self) -> Self:
        # In a session of its own, so that the terminal's Ctrl-C does not reach it.
        self._shell = subprocess.Popen(
            _SHELL,
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._shell.communicate()

    def later(self, *command: str) -> None:
        """Run this at the end, before everything that was told earlier."""
        if self._shell.stdin is None:
            raise AssertionError
        self._shell.stdin.write(f"{shlex.join(command)}\n")
        self._shell.stdin.flush()
