"""Who gives tokens for a registry: anybody may pull, nobody may push.

As auth.docker.io does for public images (distribution's docs/content/spec/auth/jwt.md).
"""

import base64
import json
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from tests.loopback import Handler, LoopbackServer

_BYTES = 32


class TokenServer(LoopbackServer):
    """``auth`` is what the registry must be told of it; ``given`` are the scopes it gave."""

    service, issuer = "loopback registry", "tokens of a test"

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.given: list[str] = []
        public = self._key.public_key().public_numbers()
        jwks = folder / "jwks.json"
        known = {
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "use": "sig",
            "kid": "one",
            "x": _packed(_bytes(public.x)),
            "y": _packed(_bytes(public.y)),
        }
        jwks.write_text(json.dumps({"keys": [known]}), encoding="utf-8")
        giver = self

        class Answer(Handler):
            def do_GET(self) -> None:  # noqa: N802 - the name that the server looks for
                asked = parse_qs(urlsplit(self.path).query)
                granted = (
                    asked["service"] == [giver.service] and "Authorization" not in self.headers
                )
                self.send_response(200 if granted else 403)
                self.end_headers()
                if granted:
                    token = giver.token(asked["scope"][0], ["pull"])
                    giver.given += asked["scope"]
                    self.wfile.write(json.dumps({"token": token}).encode())

        super().__init__(Answer)
        self.auth: dict[str, object] = {
            "token": {
                "realm": f"{self.endpoint}/token",
                "service": self.service,
                "issuer": self.issuer,
                "jwks": str(jwks),
            }
        }

    def token(self, scope: str, actions: list[str]) -> str:
        """A signed token for ``repository:NAME:...``."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.service,
            "sub": "",
            "jti": str(now),
            "iat": now,
            "nbf": now - 10,
            "exp": now + 300,
            "access": [{"type": "repository", "name": scope.split(":")[1], "actions": actions}],
        }
        header = {"typ": "JWT", "alg": "ES256", "kid": "one"}
        signed = ".".join(_packed(json.dumps(part).encode()) for part in (header, claims))
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"{signed}.{_packed(_bytes(r) + _bytes(s))}"


def _bytes(number: int) -> bytes:
    return number.to_bytes(_BYTES, "big")


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
