"""A real containerd over a store of its own, with the part of it that the kubelet talks to."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.cluster.tools import binary
from tests.guarded import answering, ended, started

_CONFIGURATION = """version = 3
root = "{store}"
state = "{state}"
[grpc]
address = "{address}"
# As nodeadm writes it (awslabs/amazon-eks-ami nodeadm/internal/containerd, 2026-07-23).
[plugins.'io.containerd.cri.v1.images']
discard_unpacked_layers = true
"""


class Containerd:
    """Runs while its block runs, or until this process dies; ``store`` is what it leaves behind."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self._folder = folder
        self._log = folder / "containerd.log"
        # The address of a socket has 108 characters at most, and a test's folder may have more.
        self._state = tempfile.TemporaryDirectory(prefix="containerd-")
        self._address = Path(self._state.name) / "socket"
        self._popen: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        text = _CONFIGURATION.format(
            store=self.store, state=Path(self._state.name) / "state", address=self._address
        )
        (self._folder / "config.toml").write_text(text, encoding="utf-8")
        self._popen = answering(self._start, self._answers, self._log)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._popen:
            ended(self._popen)
        self._state.cleanup()

    @property
    def environment(self) -> Mapping[str, str]:
        """What ctr, and scripts that call it, find this one by."""
        tools = f"{binary('ctr').parent}:{os.environ['PATH']}"
        # About the control groups of whoever tests.
        quiet = {"CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS": "1"}
        return {"PATH": tools, "CONTAINERD_ADDRESS": str(self._address), **quiet}

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command that talks to it."""
        return subprocess.run(
            command, check=False, capture_output=True, text=True, env=self.environment
        )

    def ctr(self, *words: str) -> str:
        """What ctr says of the kubelet's images; fails where ctr does."""
        done = self.run(binary("ctr"), "--namespace", "k8s.io", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def asked_by_kubelet(self, image: str) -> Mapping[str, Any] | None:
        """What it answers when the kubelet asks whether an image is there (ImageStatus)."""
        done = self._crictl("inspecti", image)
        return json.loads(done.stdout)["status"] if done.returncode == 0 else None

    def pulled_by_kubelet(self, image: str) -> subprocess.CompletedProcess[str]:
        """Pull an image as the kubelet does."""
        return self._crictl("pull", image)

    def _crictl(self, *words: str) -> subprocess.CompletedProcess[str]:
        address = f"unix://{self._address}"
        flags = ("--runtime-endpoint", address, "--image-endpoint", address)
        return self.run(binary("crictl"), *flags, *words)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [str(binary("containerd")), "--config", str(self._folder / "config.toml")]
        return started(self._log, command, environment=os.environ)

    def _answers(self) -> bool:
        return self.run(binary("ctr"), "version").returncode == 0
