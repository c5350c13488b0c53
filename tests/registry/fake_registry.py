"""As much of a registry as a refresh asks for, on loopback, wrong in ways that a real one seldom is.

What it cannot show: how a real one stores and checks what is pushed (tests/registry/real).
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.loopback import Handler, LoopbackServer
from tests.registry.documents import Document, digest_of

TOKEN = "a-token-for-anybody"  # noqa: S105 - it opens nothing


@dataclass(frozen=True)
class Reply:
    """What is answered; ``after_seconds`` it is begun."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    after_seconds: float = 0.0


class FakeRegistry(LoopbackServer):
    """Serves ``replies`` by path, each list from first to last and then the last for ever.

    ``wants_token``: answers 401 with a challenge until a token comes. ``asked`` are the paths
    that were asked for, ``scopes`` those of tokens, ``carried`` the Authorization of each.
    """

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.wants_token = False
        self.challenge: str | None = None
        self.token_reply = Reply(body=json.dumps({"token": TOKEN}).encode())
        self.asked: list[str] = []
        self.accepted: list[str] = []
        self.carried: list[str | None] = []
        self.queries: list[Mapping[str, list[str]]] = []
        fake = self

        class Answer(Handler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802 - the name that the server looks for
                _answer(fake, self)

        super().__init__(Answer)
        self.host = self.endpoint.removeprefix("http://")

    def keep(self, repository: str, tag: str, document: Document) -> None:
        """Serve a document under a tag, with its blobs."""
        headers = {"Content-Type": document.media_type, "Docker-Content-Digest": document.digest}
        path = f"/v2/{repository}/manifests/{tag}"
        self.replies[path] = [Reply(body=document.content, headers=headers)]
        for blob in document.blobs:
            self.replies[f"/v2/{repository}/blobs/{digest_of(blob)}"] = [Reply(body=blob)]


def _answer(fake: FakeRegistry, request: BaseHTTPRequestHandler) -> None:
    url = urlsplit(request.path)
    fake.asked.append(url.path)
    fake.accepted.append(request.headers.get("Accept", ""))
    fake.carried.append(request.headers.get("Authorization"))
    if url.path == "/token":
        fake.queries.append(parse_qs(url.query))
        reply = fake.token_reply
    elif fake.wants_token and fake.carried[-1] != f"Bearer {TOKEN}":
        challenge = fake.challenge or f'Bearer realm="{fake.endpoint}/token",service="fake"'
        reply = Reply(401, headers={"WWW-Authenticate": challenge})
    else:
        waiting = fake.replies.get(url.path, [Reply(404)])
        reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
    time.sleep(reply.after_seconds)
    request.send_response(reply.status)
    for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(reply.body)
