"""Every rendered object is one that a real API server takes, and grants no more than it says."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.cluster.api import Api, Object, Refused, eventually
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import Fleet
from tests.own_stacks import STACKS
from tokenfleet.plan.stack import Plan

FORBIDDEN, INVALID = 403, 400

FleetOf = Callable[[str], Fleet]


@pytest.mark.parametrize("stack", STACKS)
def test_every_object_is_accepted(stack: str, fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of(stack)
    fleet.prepare()
    for found in fleet.objects():
        assert api.apply(found, dry_run=True)["kind"] == found["kind"]


@pytest.mark.parametrize("stack", STACKS)
def test_every_pod_is_restricted(stack: str, fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of(stack)
    fleet.prepare()
    for model in fleet.plan.models:
        assert api.create(_pod(fleet, model.name), dry_run=True)


@pytest.mark.parametrize("stack", STACKS)
def test_the_capacity_controller_is_accepted_and_restricted(
    stack: str, fleet_of: FleetOf, api: Api
) -> None:
    (controller,) = fleet_of(stack).plan.capacity
    namespace: Object = dict(controller.namespace)
    objects: list[Object] = [namespace, *map(dict, controller.manifests)]
    for found in objects:
        # A pod is refused without its namespace and its account; the rest need not stay.
        stays = found["kind"] in ("Namespace", "ServiceAccount")
        assert api.apply(found, dry_run=not stays)["kind"] == found["kind"]
    deployment = next(found for found in objects if found["kind"] == "Deployment")
    pod: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "controller", "namespace": namespace["metadata"]["name"]},
        "spec": deployment["spec"]["template"]["spec"],
    }
    assert api.create(pod, dry_run=True)


@pytest.mark.parametrize("stack", STACKS)
def test_the_edge_is_accepted_and_restricted(stack: str, fleet_of: FleetOf, api: Api) -> None:
    edge = fleet_of(stack).plan.edge
    namespace: Object = dict(edge.namespace)
    api.apply(namespace)
    for manifest in edge.manifests:
        assert api.apply(dict(manifest), dry_run=True)["kind"] == manifest["kind"]
    objects: list[Object] = [dict(manifest) for manifest in edge.manifests]
    (deployment,) = (found for found in objects if found["kind"] == "Deployment")
    pod: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "edge", "namespace": namespace["metadata"]["name"]},
        "spec": deployment["spec"]["template"]["spec"],
    }
    assert api.create(pod, dry_run=True)


def _as_root(pod: Object) -> None:
    del pod["spec"]["securityContext"]


def _on_the_host_network(pod: Object) -> None:
    pod["spec"]["hostNetwork"] = True


def _with_capabilities(pod: Object) -> None:
    del pod["spec"]["containers"][0]["securityContext"]["capabilities"]


def _with_a_host_path(pod: Object) -> None:
    pod["spec"]["volumes"].append({"name": "host", "hostPath": {"path": "/"}})


@pytest.mark.parametrize(
    "loosen", [_as_root, _on_the_host_network, _with_capabilities, _with_a_host_path]
)
def test_a_pod_with_a_privilege_is_refused(
    loosen: Callable[[Object], None], served: Fleet, api: Api
) -> None:
    pod = _pod(served, "qwen3-4b")
    loosen(pod)
    with pytest.raises(Refused, match="restricted") as refused:
        api.create(pod, dry_run=True)
    assert refused.value.code == FORBIDDEN


def test_a_misspelt_field_is_refused(served: Fleet, api: Api) -> None:
    deployment = served.object_of("Deployment", "qwen3-4b")
    deployment["spec"]["template"]["spec"]["tolerations"][0]["opreator"] = "Exists"
    with pytest.raises(Refused, match="opreator") as refused:
        api.apply(deployment, dry_run=True)
    assert refused.value.code in (INVALID, 500)


# What a replica could try with the token it might steal: everything is refused.
ATTEMPTS = [
    (verb, group, resource)
    for group, resource, verbs in (
        ("", "pods", ("get", "list", "create", "delete")),
        ("", "secrets", ("get", "list", "watch", "create")),
        ("", "configmaps", ("get", "update")),
        ("", "nodes", ("get", "list", "patch", "delete")),
        ("", "pods/eviction", ("create",)),
        ("", "pods/exec", ("create",)),
        ("", "serviceaccounts/token", ("create",)),
        ("apps", "deployments", ("get", "patch", "delete")),
        ("apps", "deployments/scale", ("update",)),
        ("policy", "poddisruptionbudgets", ("delete",)),
        ("rbac.authorization.k8s.io", "rolebindings", ("create", "escalate")),
    )
    for verb in verbs
]


@pytest.mark.parametrize(("verb", "group", "resource"), ATTEMPTS)
def test_a_replica_may_do_nothing_in_the_cluster(
    verb: str, group: str, resource: str, replica: Api, served: Fleet
) -> None:
    assert not _allowed(replica, served.namespace, verb, group, resource)


def test_a_replica_may_ask_who_it_is(replica: Api, served: Fleet) -> None:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = replica.create({**review, "metadata": {}})
    assert (
        answer["status"]["userInfo"]["username"] == f"system:serviceaccount:{served.namespace}:vllm"
    )


def test_a_granted_verb_would_be_noticed(replica: Api, served: Fleet, api: Api) -> None:
    metadata = {"name": "planted", "namespace": served.namespace}
    rbac = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    api.create({"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata, "rules": rules})
    api.create(
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "planted"},
            "subjects": [{"kind": "ServiceAccount", "name": "vllm", "namespace": served.namespace}],
        }
    )
    eventually(lambda: _allowed(replica, served.namespace, "get", "", "secrets"))
    assert not _allowed(replica, served.namespace, "list", "", "secrets")
    path = f"/apis/{rbac}/v1/namespaces/{served.namespace}/rolebindings/planted"
    api.delete(path)
    eventually(lambda: not _allowed(replica, served.namespace, "get", "", "secrets"))


@pytest.fixture(scope="module")
def served(control_plane: ControlPlane, plans: Mapping[str, Plan]) -> Iterator[Fleet]:
    """The dev stack, up to its identities."""
    fleet = Fleet(Api(control_plane.access), plans["dev"])
    fleet.prepare()
    yield fleet
    fleet.remove()


@pytest.fixture(scope="module")
def replica(served: Fleet, control_plane: ControlPlane) -> Api:
    """The identity that replicas run with, by a token of its own."""
    return Api(control_plane.access).as_service_account(served.namespace, "vllm")


def _allowed(api: Api, namespace: str, verb: str, group: str, resource: str) -> bool:
    resource, _, subresource = resource.partition("/")
    attributes = {"namespace": namespace, "verb": verb, "group": group, "resource": resource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "metadata": {},
        "spec": {"resourceAttributes": {**attributes, "subresource": subresource}},
    }
    return bool(api.create(review)["status"]["allowed"])


def _pod(fleet: Fleet, model: str) -> Object:
    template = fleet.object_of("Deployment", model)["spec"]["template"]
    metadata = {**template["metadata"], "name": f"probe-{model}", "namespace": fleet.namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
