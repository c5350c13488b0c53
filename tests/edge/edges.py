"""Starts what a test of the edge needs, and ends all of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from tests.edge.engines import ScriptedEngine
from tests.edge.envoy import Envoy
from tokenfleet.plan.edge.affinity import AffinityPlan
from tokenfleet.plan.edge.clients import ClientPlan
from tokenfleet.plan.edge.served import Backend, ServedName, first_token_seconds
from tokenfleet.task import Task

Server = TypeVar("Server", Envoy, ScriptedEngine)
_ROUTES = ("/v1/chat/completions", "/v1/completions", "/v1/responses")


def client(
    name: str,
    *,
    models: Sequence[str] | None = None,
    requests: int | None = None,
    tokens: int | None = None,
    batch: bool = False,
) -> ClientPlan:
    """A client with these limits, and none but these."""
    return ClientPlan(
        name=name,
        models=models,
        requests_per_minute=requests,
        tokens_per_minute=tokens,
        priority="batch" if batch else "interactive",
    )


class Edges:
    """Envoys and scripted engines in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[Envoy | ScriptedEngine] = []

    def engine(self, name: str = "", **behaviour: Any) -> ScriptedEngine:  # noqa: ANN401 - its own
        """A scripted engine."""
        name = name or f"engine-{len(self._running)}"
        return self._kept(ScriptedEngine(self._folder, name, **behaviour))

    def envoy(self, *names: ServedName, **given: Any) -> Envoy:  # noqa: ANN401 - those of Envoy
        """An Envoy in front of these names."""
        folder = self._folder / f"envoy-{len(self._running)}"
        return self._kept(Envoy(folder, names, **given))

    def stop(self) -> None:
        """End all."""
        for one in reversed(self._running):
            one.stop()

    def _kept(self, server: Server) -> Server:
        self._running.append(server)
        return server


def served(
    engines: Sequence[ScriptedEngine],
    name: str = "m",
    *,
    task: Task = "generate",
    routes: Sequence[str] = _ROUTES,
    guard: int = 1000,
    priorities: Sequence[int] = (),
    weights: Sequence[int] = (),
    adapters: Sequence[str] = (),
    bound: int | None = None,
) -> ServedName:
    """A name with these engines behind it, one replica each; of ``bound`` each, or as good as none."""
    return ServedName(
        name=name,
        adapters=adapters,
        task=task,
        routes=routes,
        backends=[
            Backend(
                model=engine.name,
                host="127.0.0.1",
                port=engine.port,
                weight=weights[number] if weights else 1,
                priority=priorities[number] if priorities else 0,
                most_replicas=1,
                bound=bound or guard,
                engine_holds=True,
            )
            for number, engine in enumerate(engines)
        ],
        affinity=AffinityPlan(kind="least request", reason="a test"),
        context_length=4096,
        retry_after_seconds=7,
        start_seconds=90,
        first_token_seconds=first_token_seconds(2000),
        guard=guard,
    )
