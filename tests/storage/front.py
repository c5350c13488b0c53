"""A server in front of the server, which answers some requests itself or asks for other things."""

import http.client
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.loopback import Handler, LoopbackServer

# Amazon S3 user guide, "Authenticating requests": a request is valid for 15 minutes.
_TOLERATED = timedelta(minutes=15)

Meddle = Callable[[BaseHTTPRequestHandler], int | None]


@contextmanager
def in_front(endpoint: str, meddle: Meddle) -> Generator[str]:
    """The address of the front; ``meddle`` may change a request or give the status to refuse with."""
    target = urlsplit(endpoint).netloc

    class Answer(Handler):
        def do_GET(self) -> None:  # noqa: N802 - the name that the server looks for
            status = meddle(self)
            if status is None:
                server = http.client.HTTPConnection(target)
                server.request("GET", self.path, headers=dict(self.headers))
                answer = server.getresponse()
                self._say(answer.status, answer.read())
                server.close()
            else:
                self._say(status, b"<Error>" + b"x" * 300 + b"</Error>")

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # whoever asked has been killed
                self.close_connection = True

    with LoopbackServer(Answer) as server:
        yield server.endpoint


def strict_clock(request: BaseHTTPRequestHandler) -> int | None:
    """403 for a signature from another time, as S3 does and versitygw does not."""
    (signed,) = parse_qs(urlsplit(request.path).query)["X-Amz-Date"]
    moment = datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return 403 if abs(datetime.now(UTC) - moment) > _TOLERATED else None


def without_range(request: BaseHTTPRequestHandler) -> None:
    """Asks for the whole object instead of a part, as a proxy may that knows no ranges."""
    del request.headers["Range"]
