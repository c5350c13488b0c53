"""Scripted engines in processes of their own: they can be killed, and a busy test slows none."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.edge import upstream
from tests.guarded import answering, ended, free_port, processes, started

_ROOT = Path(__file__).parents[2]
# It answers at once; a machine that starves it does not let it.
_ANSWER_SECONDS = 30


class ScriptedEngine:
    """Starts on construction with the settings of ``upstream.Behaviour``; ends with ``stop``."""

    def __init__(
        self,
        folder: Path,
        name: str = "engine",
        *,
        address: str = "127.0.0.1",
        port: int | None = None,
        **behaviour: object,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.address, self.port = name, address, 0
        self._behaviour = {"name": name, **behaviour}
        self._log = folder / f"{name}.log"
        self._popen = self._started(port)

    def behave(self, **behaviour: object) -> None:
        """From now on."""
        self._control(json.dumps(behaviour).encode())

    def forget(self) -> None:
        """Count anew."""
        self.behave(forget=True)

    def did(self) -> Mapping[str, Any]:
        """What it counted, and the requests as they came."""
        return self._control(None)

    def kill(self) -> None:
        """As a node that is lost: SIGKILL, no goodbye."""
        for process in processes(self._popen):
            os.kill(process, signal.SIGKILL)
        ended(self._popen)

    def restart(self) -> None:
        """Again, on the port it had."""
        self._popen = self._started(self.port)

    def stop(self) -> None:
        """End it and wait."""
        ended(self._popen)

    def _started(self, port: int | None = None) -> subprocess.Popen[bytes]:
        def start() -> subprocess.Popen[bytes]:
            self.port = port or free_port()
            place = (self.address, str(self.port), json.dumps(self._behaviour))
            command = [sys.executable, "-S", "-m", upstream.__name__, *place]
            return started(self._log, command, folder=_ROOT)

        return answering(start, self._is_up, self._log)

    def _is_up(self) -> bool:
        try:
            self.did()
        except OSError:
            return False
        return True

    def _control(self, body: bytes | None) -> Mapping[str, Any]:
        request = urllib.request.Request(f"http://{self.address}:{self.port}/control", body)
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - our own address
            return json.loads(answer.read())
