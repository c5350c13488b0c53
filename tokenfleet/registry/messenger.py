"""One question over HTTP: patient with the busy, safe in where it goes, bounded in size and time."""

import email.utils
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx2

from tokenfleet.registry.reference import is_loopback
from tokenfleet.registry.refusal import UnresolvedError

_TOO_MANY, _SERVER_ERRORS = 429, range(500, 600)
_TRIES = 3
# Longer than this nobody should sit and wait: the answer says when to come back.
_LONGEST_WAIT_SECONDS = 10.0
_REDIRECTS = 5
_CHUNK = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole answer; ``retry_after`` are seconds, where the server named a time."""

    status: int
    headers: httpx2.Headers
    body: bytes
    retry_after: float | None


class Messenger:
    """Asks with GET; one for a whole refresh, so that connections are kept."""

    def __init__(
        self,
        *,
        timeout_seconds: float = 20.0,
        whole_answer_seconds: float = 120.0,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = httpx2.Client(
            timeout=timeout_seconds,
            # A digest is of the bytes as they are stored, not as they might be packed to travel.
            headers={"User-Agent": "tokenfleet", "Accept-Encoding": "identity"},
        )
        self._whole_answer_seconds = whole_answer_seconds
        self._wait = wait

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def get(self, url: str, *, at_most: int, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a question, of ``at_most`` bytes; asked again when the server is busy.

        Raises:
            UnresolvedError: when there is none.
        """
        for left in reversed(range(_TRIES)):
            answer = self._get(url, at_most, headers or {})
            busy = answer.status == _TOO_MANY or answer.status in _SERVER_ERRORS
            pause = 1.0 * (_TRIES - left) if answer.retry_after is None else answer.retry_after
            if not busy or not left or pause > _LONGEST_WAIT_SECONDS:
                return answer
            self._wait(pause)
        raise AssertionError  # the last try returns

    def _get(self, url: str, at_most: int, headers: Mapping[str, str]) -> Answer:
        try:
            return self._followed(self._client.build_request("GET", url, headers=headers), at_most)
        except httpx2.TimeoutException as error:
            msg = f"{httpx2.URL(url).host} did not answer in time"
            raise UnresolvedError(msg) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            msg = f"{url} cannot be reached: {str(error) or type(error).__name__}"
            raise UnresolvedError(" ".join(msg.split())) from error

    def _followed(self, request: httpx2.Request, at_most: int) -> Answer:
        for _ in range(_REDIRECTS):
            _must_be_safe(request.url)
            response = self._client.send(request, stream=True)
            try:
                # The client leaves out the token when another host is to be asked.
                if response.next_request is None:
                    return self._read(response, at_most)
                request = response.next_request
            finally:
                response.close()
        msg = f"{request.url.host} sends from one address to the next"
        raise UnresolvedError(msg)

    def _read(self, response: httpx2.Response, at_most: int) -> Answer:
        deadline = time.monotonic() + self._whole_answer_seconds
        body = bytearray()
        for chunk in response.iter_bytes(_CHUNK):
            body += chunk
            if len(body) > at_most:
                msg = f"{response.url.host} sent more than {at_most:,} bytes"
                raise UnresolvedError(msg)
            if time.monotonic() > deadline:
                msg = f"{response.url.host} did not answer in time"
                raise UnresolvedError(msg)
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=bytes(body),
            retry_after=_seconds(response.headers.get("retry-after", "")),
        )


def _must_be_safe(url: httpx2.URL) -> None:
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        msg = f"{url.scheme}://{url.host} is not asked: only https is, and http on this machine"
        raise UnresolvedError(msg)


def _seconds(retry_after: str) -> float | None:
    """The header in seconds from now: a number, or a date (RFC 9110, 10.2.3)."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        date = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, date.timestamp() - time.time())
