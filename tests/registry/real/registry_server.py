"""A real registry on loopback: github.com/distribution/distribution, which Docker Hub was built from."""

import json
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from tests.guarded import answering, ended, free_port, started
from tests.registry.documents import Document, digest_of


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

    def push(self, repository: str, tag: str, document: Document, token: str | None = None) -> None:
        """Store a document and all that it names, as ``docker push`` does."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        with httpx2.Client(base_url=f"http://{self.host}", headers=headers, timeout=120) as client:
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

    def _start(self) -> subprocess.Popen[bytes]:
        self.host = f"127.0.0.1:{free_port()}"
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
        return started(
            self._log,
            [str(self._binary), "serve", str(path)],
            # Else it looks for a collector of traces.
            environment=os.environ | {"OTEL_TRACES_EXPORTER": "none"},
        )

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"http://{self.host}/v2/", timeout=1).status_code in {200, 401}
        except httpx2.HTTPError:
            return False
