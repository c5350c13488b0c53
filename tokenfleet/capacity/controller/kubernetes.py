"""The Kubernetes API from inside a pod: nodes, replicas and what is written to them."""

import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from tokenfleet.capacity.controller.cluster import MANAGER, Deployment, Node, Pod

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TIMEOUT_SECONDS = 10
_MERGE = "application/merge-patch+json"
Object = dict[str, Any]


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """The API server said no; ``code`` is the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


NOT_FOUND, CONFLICT, TOO_MANY_REQUESTS = 404, 409, 429


class Kubernetes:
    """A client with the pod's own service account, in one namespace of models.

    Every method raises ``Refused`` when the server says no, ``OSError`` when it does not answer.
    """

    def __init__(self, namespace: str) -> None:
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        self._server = f"https://{f'[{host}]' if ':' in host else host}:{port}"
        self._account = Path(os.environ.get("KUBERNETES_ACCOUNT_FOLDER", _ACCOUNT))
        self._tls = ssl.create_default_context(cafile=str(self._account / "ca.crt"))
        self._namespace = namespace

    def nodes(self) -> Sequence[Node]:
        """The nodes of all pools."""
        return [Node.of(item) for item in self._items("/api/v1/nodes", "tokenfleet.io/pool")]

    def pods(self) -> Sequence[Pod]:
        """Everything in the models' namespace that is on a node, or waits for one."""
        return [Pod.of(item) for item in self._items(f"{self._in()}/pods")]

    def deployments(self) -> Sequence[Deployment]:
        """Those of models."""
        items = self._items(f"{self._in('apis/apps/v1')}/deployments", "tokenfleet.io/model")
        return [Deployment.of(item) for item in items]

    def patch_node(self, node: Node, change: Mapping[str, Any]) -> None:
        """Change a node unless somebody else did in between."""
        self._merge(f"/api/v1/nodes/{node.name}", node.version, change)

    def node(self, name: str) -> Node:
        """A node as it is now."""
        return Node.of(self._call("GET", f"/api/v1/nodes/{name}"))

    def patch_pod(self, pod: Pod, change: Mapping[str, Any]) -> None:
        """Change a pod unless somebody else did in between."""
        self._merge(f"{self._in()}/pods/{pod.name}", pod.version, change)

    def patch_deployment(self, deployment: Deployment, change: Mapping[str, Any]) -> None:
        """Change a Deployment unless somebody else did in between."""
        path = f"{self._in('apis/apps/v1')}/deployments/{deployment.name}"
        self._merge(f"{path}?fieldManager={MANAGER}", deployment.version, change)

    def evict(self, pod: Pod) -> None:
        """Ask for an eviction, which a disruption budget refuses with 429."""
        metadata = {"name": pod.name, "namespace": self._namespace}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        self._call("POST", f"{self._in()}/pods/{pod.name}/eviction", body)

    def delete_pod(self, pod: Pod, grace_seconds: int) -> None:
        """End a pod whatever its disruption budget says; that very pod and no other of its name."""
        body: Object = {"gracePeriodSeconds": grace_seconds, "preconditions": {"uid": pod.uid}}
        self._call("DELETE", f"{self._in()}/pods/{pod.name}", body)

    def scaled_object(self, model: str) -> Mapping[str, str] | None:
        """The annotations of KEDA's ScaledObject of a model, if it has one."""
        try:
            found = self._call("GET", self._scaled_object(model))
        except Refused as refused:
            if refused.code == NOT_FOUND:
                return None
            raise
        return cast("Mapping[str, str]", found["metadata"].get("annotations", {}))

    def annotate_scaled_object(self, model: str, annotations: Mapping[str, str | None]) -> None:
        """Change annotations of the ScaledObject."""
        change = {"metadata": {"annotations": annotations}}
        self._call("PATCH", self._scaled_object(model), change, _MERGE)

    def emit(self, event: Object) -> None:
        """Publish a Kubernetes event."""
        self._call("POST", f"{self._in()}/events", event)

    def config_map(self, namespace: str, name: str) -> Mapping[str, str]:
        """What a ConfigMap holds; nothing where there is none."""
        try:
            found = self._call("GET", f"/api/v1/namespaces/{namespace}/configmaps/{name}")
        except Refused as refused:
            if refused.code == NOT_FOUND:
                return {}
            raise
        return cast("Mapping[str, str]", found.get("data") or {})

    def write_config_map(self, namespace: str, name: str, data: Mapping[str, str]) -> None:
        """Put data into a ConfigMap, which is made if need be."""
        folder = f"/api/v1/namespaces/{namespace}/configmaps"
        try:
            self._call("PATCH", f"{folder}/{name}", {"data": data}, _MERGE)
        except Refused as refused:
            if refused.code != NOT_FOUND:
                raise
            metadata = {"name": name, "namespace": namespace}
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
            self._call("POST", folder, body)

    def _in(self, api: str = "api/v1") -> str:
        return f"/{api}/namespaces/{self._namespace}"

    def _scaled_object(self, model: str) -> str:
        return f"{self._in('apis/keda.sh/v1alpha1')}/scaledobjects/vllm-{model}"

    def _items(self, path: str, selector: str = "") -> Sequence[Object]:
        query = f"?labelSelector={quote(selector)}" if selector else ""
        return cast("Sequence[Object]", self._call("GET", path + query)["items"])

    def _merge(self, path: str, version: str, change: Mapping[str, Any]) -> None:
        metadata = {**change.get("metadata", {}), "resourceVersion": version}
        self._call("PATCH", path, {**change, "metadata": metadata}, _MERGE)

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        # Read anew each time: the kubelet renews the token.
        token = (self._account / "token").read_text(encoding="utf-8").strip()
        request = urllib.request.Request(  # noqa: S310 - always https
            self._server + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": content_type},
        )
        try:
            with urllib.request.urlopen(  # noqa: S310 - as above
                request, timeout=_TIMEOUT_SECONDS, context=self._tls
            ) as answer:
                return cast("Object", json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                text = _text(error)
            raise Refused(error.code, _message(text)) from error
        except (http.client.HTTPException, ValueError) as error:
            # It broke off, or is not the API server's.
            msg = f"{method} {path}: {error!r}"
            raise OSError(msg) from error


def _text(error: urllib.error.HTTPError) -> str:
    try:
        return error.read().decode(errors="replace")
    except http.client.HTTPException:
        return ""


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (KeyError, TypeError, ValueError):
        return text[:200]
