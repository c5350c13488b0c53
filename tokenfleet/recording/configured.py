"""Configuration as the engine hands it to a program."""

import json
from collections.abc import Mapping, Sequence


class Configured:
    """Text by full key, JSON for anything nested."""

    def __init__(self, namespace: str, keys: Mapping[str, object], secrets: Sequence[str]) -> None:
        self.values = {f"{namespace}:{key}": _as_text(value) for key, value in keys.items()}
        # The real values are encrypted; whatever depends on them is shown as a secret anyway.
        self.secret_keys = [f"{namespace}:{key}" for key in secrets]
        self.values |= dict.fromkeys(self.secret_keys, "not-decrypted")
        self.region = str(keys.get("region", ""))


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
