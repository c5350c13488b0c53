"""What a registry wants first: its challenge, and the token that anybody may have."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tokenfleet.registry.messenger import Messenger
from tokenfleet.registry.refusal import UnresolvedError

_BEARER = re.compile(r"(?:^|,)\s*Bearer\s+(.*)", re.IGNORECASE)
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')
_OK = 200
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """``WWW-Authenticate: Bearer``: where a token is had, and what for."""

    realm: str
    service: str | None
    scope: str | None

    def token_url(self, default_scope: str) -> str:
        """Where the token is; distribution-spec's token protocol, without an account."""
        asked = {"service": self.service, "scope": self.scope or default_scope}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{self.realm}{'&' if '?' in self.realm else '?'}{query}"


def parse_challenge(headers: Sequence[str]) -> Challenge | None:
    """The Bearer challenge among the headers' values; None where there is none of use."""
    for header in headers:
        found = _BEARER.search(header)
        if found:
            parameters = {
                name.lower(): quoted or plain
                for name, quoted, plain in _PARAMETER.findall(found[1])
            }
            if parameters.get("realm"):
                return Challenge(
                    realm=parameters["realm"],
                    service=parameters.get("service"),
                    scope=parameters.get("scope"),
                )
    return None


def anonymous_token(messenger: Messenger, challenge: Challenge, default_scope: str) -> str:
    """The token that the challenge's realm gives to anybody.

    Raises:
        UnresolvedError: when it gives none.
    """
    answer = messenger.get(challenge.token_url(default_scope), at_most=_MOST_BYTES)
    realm = challenge.realm.partition("?")[0]
    if answer.status != _OK:
        msg = f"{realm} gives no token without an account ({answer.status})"
        raise UnresolvedError(msg)
    try:
        given = json.loads(answer.body)
        # Docker documents token, OAuth 2 access_token; either may come.
        token = given.get("token") or given.get("access_token")
    except (ValueError, AttributeError):
        token = None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        msg = f"{realm} answers with something else than a token"
        raise UnresolvedError(msg)
    return token
