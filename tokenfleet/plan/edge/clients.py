"""Who may call, and how much: limits without keys, which no plan holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.settings.edge import ClientSettings
from tokenfleet.settings.keys import DEFAULT_CLIENT


@dataclass(frozen=True, kw_only=True)
class ClientPlan:
    """Limits of one client on one pod of the edge; None where there is none."""

    name: str
    models: Sequence[str] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    priority: Literal["interactive", "batch"]


def plan_clients(clients: Mapping[str, ClientSettings]) -> Sequence[ClientPlan]:
    """By name."""
    return [
        ClientPlan(
            name=name,
            models=found.models,
            requests_per_minute=found.requests_per_minute,
            tokens_per_minute=found.tokens_per_minute,
            priority=found.priority,
        )
        for name, found in sorted(clients.items())
    ]


def clients_by_models(clients: Sequence[ClientPlan]) -> Mapping[Sequence[str], Sequence[str]]:
    """Those that may not call every model, together where they may call the same ones."""
    found: dict[Sequence[str], list[str]] = {}
    for client in clients:
        if client.models is not None:
            found.setdefault(tuple(sorted(set(client.models))), []).append(client.name)
    return found


def default_client(key: str) -> Mapping[str, Sequence[str]]:
    """Keys by client where only one key was made, which nobody chose a name for."""
    return {DEFAULT_CLIENT: [key]}
