"""One repository of a registry: manifests and blobs, read as anybody may, each checked by its digest.

github.com/opencontainers/distribution-spec v1.1, "Pull".
"""

import hashlib
from dataclasses import dataclass

from tokenfleet.registry.challenge import anonymous_token, parse_challenge
from tokenfleet.registry.manifest import ACCEPT
from tokenfleet.registry.messenger import Answer, Messenger
from tokenfleet.registry.reference import Reference
from tokenfleet.registry.refusal import UnresolvedError

_OK, _UNAUTHORIZED = 200, 401
# The specification's own limit for manifests; a configuration is smaller.
_MOST_BYTES = 4 << 20


@dataclass(frozen=True, kw_only=True)
class Document:
    """A manifest as it came; ``digest`` is of these very bytes."""

    digest: str
    media_type: str
    body: bytes


class Repository:
    """What a registry has below one name.

    Raises:
        UnresolvedError: from every method, when it is not to be had, or is not what it says.
    """

    def __init__(self, messenger: Messenger, reference: Reference) -> None:
        self._messenger, self._reference = messenger, reference
        self._token: str | None = None

    def manifest(self) -> Document:
        """What the tag stands for."""
        answer = self._get(f"manifests/{self._reference.tag}", ACCEPT)
        digest = sha256(answer.body)
        said = answer.headers.get("docker-content-digest", digest)
        if said != digest:
            raise UnresolvedError(self._garbled(said, digest))
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip()
        return Document(digest=digest, media_type=media_type, body=answer.body)

    def blob(self, digest: str) -> bytes:
        """The bytes of a digest; a few, such as a configuration."""
        body = self._get(f"blobs/{digest}", "*/*").body
        if sha256(body) != digest:
            raise UnresolvedError(self._garbled(digest, sha256(body)))
        return body

    def _get(self, path: str, accept: str) -> Answer:
        answer = self._asked(path, accept)
        if answer.status == _UNAUTHORIZED and self._token is None:
            challenge = parse_challenge(answer.headers.get_list("www-authenticate"))
            if challenge is not None:
                scope = f"repository:{self._reference.repository}:pull"
                self._token = anonymous_token(self._messenger, challenge, scope)
                answer = self._asked(path, accept)
        if answer.status != _OK:
            raise UnresolvedError(self._refused(answer))
        return answer

    def _asked(self, path: str, accept: str) -> Answer:
        headers = {"Accept": accept}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        return self._messenger.get(
            f"{self._reference.url}/{path}", at_most=_MOST_BYTES, headers=headers
        )

    def _garbled(self, said: str, sent: str) -> str:
        return f"{self._reference.host} sent {sent} for {said}: try again, from another network too"

    def _refused(self, answer: Answer) -> str:
        host, tag = self._reference.host, self._reference.tag
        match answer.status:
            case 401 | 403:
                return (
                    f"{host} shows it to nobody without an account ({answer.status}):"
                    " give its digest in the stack file, cluster.digests"
                )
            case 404:
                return f"{host} has no {tag} there: check registry, repository and tag"
            case 429:
                after = answer.retry_after
                when = "later" if after is None else f"in {after:.0f} s"
                return f"{host} was asked too often (429): try again {when}"
            case status:
                return f"{host} answered {status}: try again later"


def sha256(body: bytes) -> str:
    """The digest of some bytes, as registries write it."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
