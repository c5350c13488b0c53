"""A real registry on loopback: github.com/distribution/distribution, which Docker Hub was built from."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from tests.cluster import guard
from tests.registry.documents import Document, digest_of

READY_SECONDS = 20
STOP_SECONDS = 5
# Another process may take a free port before the server does.
_TRIES = 3


class RegistryFailed(Exception):  # noqa: N818 - says what happened
    """The server ended early or never answered; the message ends with its log."""


class RegistryServer:
    """Serves while its block runs, or until this process dies; ``host`` is its address.

    ``auth`` is that part of its configuration; ``push`` then needs a ``token``.
    """

    def __init__(self, binary: Path, folder: Path, auth: dict[str, object] | None = None) -> None:
        self.host = ""
        self._binary, self._folder, self._auth = binary, folder, auth
        self._log = folder / "registry.log"
        self._popen: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        for left in reversed(range(_TRIES)):
            try:
                self._start()
            except RegistryFailed:
                if not left:
                    raise
            else:
                break
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def push(self, repository: str, tag: str, document: Document, token: str | None = None) -> None:
        """Store a document and all that it names, as ``docker push`` does."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        with httpx2.Client(base_url=f"http://{self.host}", headers=headers, timeout=30) as client:
            self._push(client, repository, tag, document)

    def _push(
        self, client: httpx2.Client, repository: str, reference: str, document: Document
    ) -> None:
        for inner in document.manifests:
            self._push(client, repository, inner.digest, inner)
        for blob in document.blobs:
            begun = client.post(f"/v2/{repository}/blobs/uploads/").raise_for_status()
            place = httpx2.URL(begun.headers["Location"]).copy_merge_params(
                {"digest": digest_of(blob)}
            )
            client.put(place, content=blob).raise_for_status()
        client.put(
            f"/v2/{repository}/manifests/{reference}",
            content=document.content,
            headers={"Content-Type": document.media_type},
        ).raise_for_status()

    def _start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{probe.getsockname()[1]}"
        configuration: dict[str, object] = {
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            # On a disk it waits for each of thirty small files, for a minute where others write.
            "storage": {"inmemory": {}},
            "http": {"addr": self.host},
        }
        if self._auth:
            configuration["auth"] = self._auth
        path = self._folder / "registry.json"
        # Every JSON text is YAML.
        path.write_text(json.dumps(configuration), encoding="utf-8")
        self._popen = subprocess.Popen(
            [sys.executable, guard.__file__, str(self._log), str(self._binary), "serve", str(path)],
            stdin=subprocess.PIPE,
            # Else it looks for a collector of traces.
            env=os.environ | {"OTEL_TRACES_EXPORTER": "none"},
        )
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self._popen.poll() is not None or time.monotonic() > deadline:
                self._stop()
                raise RegistryFailed(self._log.read_text(encoding="utf-8"))
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"http://{self.host}/v2/", timeout=1).status_code in {200, 401}
        except httpx2.HTTPError:
            return False

    def _stop(self) -> None:
        if self._popen is None:
            return
        if self._popen.stdin:
            self._popen.stdin.close()
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._popen = None
