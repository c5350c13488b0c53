"""The Kubernetes API as tests use it: objects in, objects out, and waiting for things to happen."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests

Object = dict[str, Any]
T = TypeVar("T")
# Of which nothing but a failure, or a very busy machine, takes much.
WAIT_SECONDS = 120.0
_ANSWER_SECONDS = 60
_CLUSTER_KINDS = frozenset(
    {
        "APIService",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "SelfSubjectAccessReview",
        "SelfSubjectReview",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }
)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where the API server listens and how to be admin there."""

    url: str
    token: str
    authority: Path
    kubeconfig: Path


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """The API server said no; ``code`` is the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Api:
    """A client with the identity of an administrator, or of whom it acts as."""

    def __init__(self, access: Access, *, user: str = "", groups: tuple[str, ...] = ()) -> None:
        self._access = access
        self._session = requests.Session()
        # A proxy or certificate bundle of the environment must not get in between.
        self._session.trust_env = False
        self._session.verify = str(access.authority)
        self._session.headers["Authorization"] = f"Bearer {access.token}"
        if user:
            self._session.headers["Impersonate-User"] = user
        for group in groups:
            self._session.headers["Impersonate-Group"] = group

    def acting_as(self, user: str, *groups: str) -> "Api":
        """The same API server as somebody else."""
        return Api(self._access, user=user, groups=groups)

    def token(self, namespace: str, account: str, pod: Object | None = None) -> str:
        """A token the API server itself has issued for an account, bound to a pod that has it."""
        review: Object = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        identity = pod and {key: pod["metadata"][key] for key in ("name", "uid")}
        bound = (
            {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", **identity}} if identity else {}
        )
        return str(self._call("POST", path, json={**review, "spec": bound})["status"]["token"])

    def as_service_account(self, namespace: str, name: str, pod: Object | None = None) -> "Api":
        """With a token of that account."""
        return Api(
            Access(
                url=self._access.url,
                token=self.token(namespace, name, pod),
                authority=self._access.authority,
                kubeconfig=self._access.kubeconfig,
            )
        )

    def answers(self, path: str) -> bool:
        """Whether ``path`` is answered with 200."""
        try:
            return self._session.get(self._access.url + path, timeout=5).status_code == 200
        except (requests.ConnectionError, requests.Timeout):  # a busy machine
            return False

    def create(self, manifest: Mapping[str, Any], *, dry_run: bool = False) -> Object:
        """Create an object; an unknown field is refused."""
        query = "?fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        return self._call("POST", _collection(manifest) + query, json=dict(manifest))

    def apply(self, manifest: Mapping[str, Any], *, dry_run: bool = False) -> Object:
        """Server-side apply, as the Pulumi provider does it; an unknown field is refused."""
        query = "?fieldManager=test&force=true&fieldValidation=Strict"
        query += "&dryRun=All" if dry_run else ""
        return self._call(
            "PATCH",
            _path(manifest) + query,
            json=dict(manifest),
            headers={"Content-Type": "application/apply-patch+yaml"},
        )

    def get(self, path: str) -> Object:
        """The object at a path such as ``/api/v1/nodes/a``."""
        return self._call("GET", path)

    def items(self, path: str, selector: str = "") -> list[Object]:
        """The objects of a collection, by label selector."""
        return self.listed(path, selector)[0]

    def listed(self, path: str, selector: str = "", at: str = "") -> tuple[list[Object], str]:
        """The objects of a collection, and the version of everything when they were so.

        ``at``: as they were at that version, which another collection was listed with.
        """
        query = {"labelSelector": selector} if selector else {}
        if at:
            query |= {"resourceVersion": at, "resourceVersionMatch": "Exact"}
        found = self._call("GET", path, params=query)
        return list(found["items"]), str(found["metadata"]["resourceVersion"])

    def watch(self, path: str, selector: str, since: str) -> requests.Response:
        """A stream of what happens to the objects of a collection after that version."""
        query = {"labelSelector": selector, "watch": "true", "resourceVersion": since}
        stream = self._session.get(self._access.url + path, params=query, stream=True)
        stream.raise_for_status()
        return stream

    def merge(self, path: str, patch: Mapping[str, Any]) -> Object:
        """A JSON merge patch."""
        content = {"Content-Type": "application/merge-patch+json"}
        return self._call("PATCH", path, json=dict(patch), headers=content)

    def replace(self, path: str, content: Mapping[str, Any]) -> Object:
        """Put an object, or the status of one, in place of what is there."""
        return self._call("PUT", path, json=dict(content))

    def delete(self, path: str, **options: object) -> None:
        """Delete an object; one that is not there is fine."""
        try:
            self._call("DELETE", path, json=options)
        except Refused as refused:
            if refused.code != 404:
                raise

    def remove(self, manifest: Mapping[str, Any]) -> None:
        """Delete the object of a manifest; one that is not there is fine."""
        self.delete(_path(manifest))

    def evict(self, pod: Object) -> None:
        """Ask for an eviction, which a disruption budget may refuse with 429."""
        metadata = {key: pod["metadata"][key] for key in ("name", "namespace")}
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/eviction"
        self._call(
            "POST", path, json={"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        )

    def _call(self, method: str, path: str, **options: Any) -> Object:  # noqa: ANN401 - handed to requests as they are
        answer = self._session.request(
            method, self._access.url + path, timeout=_ANSWER_SECONDS, **options
        )
        content: Object = answer.json()
        if not answer.ok:
            raise Refused(answer.status_code, str(content.get("message", content)))
        return content


def eventually(what: Callable[[], T], *, seconds: float = WAIT_SECONDS, every: float = 0.1) -> T:
    """The first true value of ``what``, or an error with its last one."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        if time.monotonic() > deadline:
            msg = f"not within {seconds:g} s: {getattr(what, '__doc__', None) or what}"
            raise TimeoutError(msg)
        time.sleep(every)
    return value


def _collection(manifest: Mapping[str, Any]) -> str:
    version, kind = str(manifest["apiVersion"]), str(manifest["kind"])
    root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    noun = kind.lower()
    plural = (
        f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}{'es' if noun[-1] in 'sx' else 's'}"
    )
    if kind in _CLUSTER_KINDS:
        return f"{root}/{plural}"
    return f"{root}/namespaces/{manifest['metadata'].get('namespace', 'default')}/{plural}"


def _path(manifest: Mapping[str, Any]) -> str:
    return f"{_collection(manifest)}/{manifest['metadata']['name']}"
