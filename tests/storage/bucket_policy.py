"""A server in front of the server that enforces a bucket's policy, as S3 does and versitygw does not.

versitygw 1.8 takes no policy with these condition keys. What each request is to a policy follows the
Amazon S3 user guide, "Enforce conditional writes on Amazon S3 buckets" (2026-11).
"""

import http.client
import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.loopback import Handler, LoopbackServer

_DENIED = b"<Error><Code>AccessDenied</Code><Message>explicit deny</Message></Error>"
_OF_THE_CONNECTION = frozenset({"connection", "content-length", "transfer-encoding"})


@dataclass(frozen=True, kw_only=True)
class Policed:
    """A server's address, and what it refused so far: method and path."""

    endpoint: str
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


@contextmanager
def policed(endpoint: str, policy: str) -> Generator[Policed]:
    """The server at ``endpoint`` behind the policy (JSON) of its bucket."""
    target = urlsplit(endpoint).netloc
    statements: Sequence[Mapping[str, Any]] = json.loads(policy)["Statement"]
    refused: list[tuple[str, str]] = []

    class Front(Handler):
        protocol_version = "HTTP/1.1"  # else whoever expects "100 Continue" waits in vain

        def do_GET(self) -> None:  # noqa: N802 - the name that the server looks for
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, query = urlsplit(self.path).path, urlsplit(self.path).query
            context = _context(self.command, query, self.headers.get("If-None-Match"))
            arn = f"arn:aws:s3:::{unquote(path).removeprefix('/')}"
            if context and any(_denies(statement, arn, context) for statement in statements):
                refused.append((self.command, path))
                self._answer(403, {}, _DENIED)
                return
            server = http.client.HTTPConnection(target)
            # As it was signed: with the front's name, and nothing added.
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "expect":
                    server.putheader(name, value)
            server.endheaders(body)
            answer = server.getresponse()
            self._answer(answer.status, dict(answer.getheaders()), answer.read())
            server.close()

        do_DELETE = do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - as above

        def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in _OF_THE_CONNECTION:
                    self.send_header(name, value)
            length = headers.get("Content-Length", "0") if self.command == "HEAD" else len(body)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    with LoopbackServer(Front) as server:
        yield Policed(endpoint=server.endpoint, refused=refused)


def _context(method: str, query: str, if_none_match: str | None) -> Mapping[str, str]:
    """The condition keys of a request that s3:PutObject is about; none for any other."""
    asked = parse_qs(query, keep_blank_values=True)
    if method not in ("PUT", "POST"):
        return {}
    creates = ("uploadId" in asked) == (method == "POST") and "uploads" not in asked
    return {
        "aws:SecureTransport": "true",
        "s3:ObjectCreationOperation": str(creates).lower(),
        **({"s3:if-none-match": if_none_match} if if_none_match else {}),
    }


def _denies(statement: Mapping[str, Any], arn: str, context: Mapping[str, str]) -> bool:
    resources = statement["Resource"]
    condition = statement["Condition"]
    assert statement["Effect"] == "Deny"
    assert condition.keys() <= {"Bool", "Null"}
    return (
        statement["Action"] in ("s3:*", "s3:PutObject")
        and any(
            fnmatchcase(arn, pattern)
            for pattern in ([resources] if isinstance(resources, str) else resources)
        )
        and all(context.get(key) == value for key, value in condition.get("Bool", {}).items())
        and all(
            (key not in context) == (value == "true")
            for key, value in condition.get("Null", {}).items()
        )
    )
