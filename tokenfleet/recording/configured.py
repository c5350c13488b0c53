"""Configuration as the engine hands it to a program."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from tokenfleet.recording.invented import ACCOUNT


class Configured:
    """Text by full key, JSON for anything nested; and who is taken to deploy."""

    def __init__(self, namespace: str, keys: Mapping[str, object], secrets: Sequence[str]) -> None:
        self.values = {f"{namespace}:{key}": _as_text(value) for key, value in keys.items()}
        # The real values are encrypted; whatever depends on them is shown as a secret anyway.
        self.secret_keys = [f"{namespace}:{key}" for key in secrets]
        self.values |= dict.fromkeys(self.secret_keys, "not decrypted")
        self.region = str(keys.get("region", ""))
        self.deployer_arn = _first_administrator(keys)


def _first_administrator(keys: Mapping[str, object]) -> str:
    """Whoever may deploy: the caller's identity is looked up, and a preview has no caller."""
    cluster = keys.get("cluster")
    principals = (
        cast("Mapping[str, object]", cluster).get("adminPrincipals")
        if isinstance(cluster, Mapping)
        else None
    )
    named = (
        list(cast("Mapping[str, object]", principals).values())
        if isinstance(principals, Mapping)
        else []
    )
    return str(next(iter(named), f"arn:aws:iam::{ACCOUNT}:role/Deployer"))


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
