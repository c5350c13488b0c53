"""A model that follows its load in the test cluster: what a scenario does, and what it waits for."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import requests

from tests.cluster.api import Api, Object, Refused, eventually
from tests.cluster.fleet import Fleet
from tests.cluster.scaling.exporter import Exporter
from tests.cluster.scaling.faster import quick_scaled_object
from tests.cluster.scaling.prometheus import Prometheus
from tokenfleet.plan.scaling.followed import Followed
from tokenfleet.plan.scaling.rules import ASKED

# Of which a busy machine takes most.
SECONDS = 300.0


class Scene:
    """Watches the replicas that are asked for while its block runs."""

    def __init__(
        self, api: Api, fleet: Fleet, one: Followed, exporter: Exporter, prometheus: Prometheus
    ) -> None:
        self._api, self.fleet, self.one = api, fleet, one
        self.exporter, self.prometheus = exporter, prometheus
        self.scaled_object = quick_scaled_object(one, prometheus.url, fleet.namespace)
        self.asked: list[tuple[float, int]] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()
        # Its finalizer is KEDA's to take off, which ends after this.
        self._api.remove(self.scaled_object)

        def gone() -> bool:
            """KEDA has let go of the ScaledObject"""
            return self.status() is None

        eventually(gone)

    def follow(self) -> None:
        """Let KEDA have it, and wait until it does.

        Not before Prometheus knows the load: nothing known is a lost target, which takes one
        replica for the least.
        """

        def known() -> bool:
            """Prometheus answers what KEDA asks"""
            return self.prometheus.value(f'{ASKED}{{model="{self.one.model}"}}') is not None

        eventually(known)
        self._api.apply(self.scaled_object)

        def made() -> bool:
            """KEDA has made the autoscaler"""
            return self.autoscaler() is not None

        self.eventually(made)

    def load(self, replicas: float) -> None:
        """As much in flight as fills so many replicas to their target, without the spare."""
        self.exporter.in_flight = replicas * self.one.policy.each

    @property
    def replicas(self) -> int:
        """That the Deployment asks for."""
        return int(self.fleet.deployment(self.one.model)["spec"]["replicas"])

    def await_replicas(self, count: int) -> None:
        """Wait until the Deployment asks for so many, and they serve."""

        def there() -> bool:
            """the autoscaler asks for the replicas that the load needs, and they serve"""
            return self.replicas == count == len(self.fleet.ready(self.one.model))

        self.eventually(there)

    def stays(self, count: int, seconds: float) -> None:
        """Watch that nothing else is asked for meanwhile."""
        since = time.monotonic()

        def watched() -> bool:
            """the Deployment was looked at after that long"""
            return self.asked[-1][0] >= since + seconds

        self.eventually(watched)
        assert {asked for at, asked in self.asked if at >= since} == {count}, self.story()

    def status(self) -> Mapping[str, Any] | None:
        """What KEDA says of it; None where there is none."""
        return self._found(f"/apis/keda.sh/v1alpha1/{self._inside('scaledobjects')}")

    def autoscaler(self) -> Mapping[str, Any] | None:
        """The autoscaler that KEDA has made."""
        return self._found(f"/apis/autoscaling/v2/{self._inside('horizontalpodautoscalers')}")

    def writers(self) -> Sequence[str]:
        """Who owns the number of replicas, as the API server has it."""
        fields = self.fleet.deployment(self.one.model)["metadata"]["managedFields"]
        return [
            entry["manager"]
            for entry in fields
            if "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
        ]

    def eventually(self, what: Callable[[], object], seconds: float = SECONDS) -> None:
        """Wait; what was asked for on the way is told where it does not happen."""
        try:
            eventually(what, seconds=seconds, every=0.2)
        except TimeoutError as error:
            msg = f"{error}\n{self.story()}"
            raise AssertionError(msg) from error

    def story(self) -> str:
        """Replicas asked for over time, and what the autoscaler says."""
        first = self.asked[0][0] if self.asked else 0.0
        steps = [
            f"{at - first:.1f} s: {asked}"
            for index, (at, asked) in enumerate(self.asked)
            if not index or asked != self.asked[index - 1][1]
        ]
        said = [
            f"{of} {c['type']} {c['status']}: {c.get('message', '')}"
            for of, found in (("HPA", self.autoscaler()), ("KEDA", self.status()))
            for c in _conditions(found)
        ]
        return "\n".join([*steps, *said])

    def _inside(self, plural: str) -> str:
        return f"namespaces/{self.fleet.namespace}/{plural}/{self.one.deployment}"

    def _found(self, path: str) -> Object | None:
        try:
            return self._api.get(path)
        except Refused as refused:
            if refused.code == 404:
                return None
            raise

    def _watch(self) -> None:
        while not self._end.wait(0.1):
            with suppress(requests.RequestException, Refused):
                self.asked.append((time.monotonic(), self.replicas))


def _conditions(found: Mapping[str, Any] | None) -> Sequence[Mapping[str, str]]:
    status: Mapping[str, Any] = (found or {}).get("status") or {}
    return status.get("conditions") or ()
