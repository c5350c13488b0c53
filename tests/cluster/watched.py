"""What serves at every moment, by every event of the API server: nothing is too quick to be seen."""

import json
import threading
from types import TracebackType
from typing import Self

from tests.cluster.api import WAIT_SECONDS, Api
from tests.cluster.fleet import Fleet, is_ready

_MARK = "tokenfleet.test/watched-until"


class Watched:
    """Watches a model's replicas while its block runs; ``fewest`` of them served at some moment."""

    def __init__(self, api: Api, fleet: Fleet, model: str) -> None:
        self._api, self._fleet, self._model = api, fleet, model
        found, self._events = fleet.watched(model)
        self._ready = {pod["metadata"]["name"]: is_ready(pod) for pod in found}
        self.fewest = sum(self._ready.values())
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            # Events come in their order: once this one has come, so have all before it.
            (pod, *_) = self._fleet.ready(self._model)
            metadata = pod["metadata"]
            path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
            self._api.merge(path, {"metadata": {"annotations": {_MARK: "now"}}})
            self._thread.join(WAIT_SECONDS)
            assert not self._thread.is_alive(), "the API server does not say what has happened"
        self._events.close()

    def _follow(self) -> None:
        for line in self._events.iter_lines():
            event = json.loads(line)
            pod = event["object"]
            if _MARK in pod["metadata"].get("annotations", {}):
                return
            self._ready[pod["metadata"]["name"]] = event["type"] != "DELETED" and is_ready(pod)
            self.fewest = min(self.fewest, sum(self._ready.values()))
