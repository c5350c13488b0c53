"""Configuration as the engine hands it to a program."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType


class Configured:
    """Text by full key, JSON for anything nested.

    ``keys`` and ``secrets`` are the project's own, without prefix; ``others`` those of other
    packages, by full key. A mapping of secrets says what stands for each, where that has a form.
    """

    def __init__(
        self,
        namespace: str,
        keys: Mapping[str, object],
        secrets: Sequence[str] | Mapping[str, str],
        others: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self.values = {f"{namespace}:{key}": _as_text(value) for key, value in keys.items()}
        self.values |= {key: _as_text(value) for key, value in others.items()}
        # The real values are encrypted; whatever depends on them is shown as a secret anyway.
        self.secret_keys = [
            *(f"{namespace}:{key}" for key in secrets),
            *(key for key, value in others.items() if _is_encrypted(value)),
        ]
        self.values |= dict.fromkeys(self.secret_keys, "not-decrypted")
        if isinstance(secrets, Mapping):
            self.values |= {f"{namespace}:{key}": text for key, text in secrets.items()}
        self.region = str(keys.get("region", ""))


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _is_encrypted(value: object) -> bool:
    return isinstance(value, Mapping) and "secure" in value
