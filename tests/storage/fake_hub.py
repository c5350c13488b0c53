"""As much of the Hugging Face Hub as a download asks for, on loopback."""

import hashlib
import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler

from tests.loopback import Handler, LoopbackServer

_LARGE_BYTES = 1000


class FakeHub(LoopbackServer):
    """Serves ``files`` as commit ``revision`` of ``model``; counts the bytes it sent of files.

    ``denial`` is what every request is answered instead: a status and the Hub's error code.
    ``damaged`` are paths whose last byte is served changed.
    """

    def __init__(self, model: str, revision: str, files: Mapping[str, bytes]) -> None:
        self.model, self.revision, self.files = model, revision, files
        self.denial: tuple[int, str] | None = None
        self.damaged: set[str] = set()
        self.sent_bytes = 0
        hub = self

        class Answer(Handler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802 - the name that the server looks for
                _answer(hub, self)

            do_HEAD = do_GET  # noqa: N815 - the base class's name

        super().__init__(Answer)


def _answer(hub: FakeHub, request: BaseHTTPRequestHandler) -> None:
    path = request.path.partition("?")[0]
    tree = f"/api/models/{hub.model}/tree/"
    resolve = f"/{hub.model}/resolve/{hub.revision}/"
    if hub.denial:
        status, code = hub.denial
        _send(request, status, b"{}", {"X-Error-Code": code, "X-Error-Message": "no"})
    elif path == f"{tree}{hub.revision}":
        _send(request, 200, json.dumps([_entry(*file) for file in hub.files.items()]).encode())
    elif path.startswith(tree):
        _send(request, 404, b"{}", {"X-Error-Code": "RevisionNotFound"})
    elif path.startswith(resolve) and path.removeprefix(resolve) in hub.files:
        name = path.removeprefix(resolve)
        content = hub.files[name]
        if name in hub.damaged:
            content = content[:-1] + bytes([content[-1] ^ 1])
        if request.command == "GET":
            hub.sent_bytes += len(content)
        etag = {"ETag": f'"{_entry(name, hub.files[name])["oid"]}"'}
        _send(request, 200, content, {**etag, "X-Repo-Commit": hub.revision})
    else:
        _send(request, 404, b"{}", {"X-Error-Code": "RepoNotFound"})


def _entry(path: str, content: bytes) -> Mapping[str, object]:
    git_id = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 - as Git does
    entry = {"type": "file", "path": path, "size": len(content), "oid": git_id}
    if len(content) < _LARGE_BYTES:
        return entry
    sha256 = hashlib.sha256(content).hexdigest()
    return {**entry, "lfs": {"oid": sha256, "size": len(content), "pointerSize": 100}}


def _send(
    request: BaseHTTPRequestHandler,
    status: int,
    content: bytes,
    headers: Mapping[str, str] | None = None,
) -> None:
    request.send_response(status)
    for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
        request.send_header(name, value)
    request.end_headers()
    if request.command == "GET":
        request.wfile.write(content)
