"""What the capacity controller may do in the cluster, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tokenfleet.plan.capacity.settings import STATE
from tokenfleet.plan.capacity.warm import warm_group
from tokenfleet.plan.iam import CAPACITY, MODEL_READER, ServiceAccountPlan
from tokenfleet.plan.nodes.groups import NodeGroupPlan

Manifest = Mapping[str, object]

_RBAC = "rbac.authorization.k8s.io"
_CLUSTER_NAME = f"tokenfleet-{CAPACITY.service_account}"
_LOOK_AND_PATCH = ("get", "list", "patch")


def capacity_account(
    groups_by_pool: Mapping[str, Sequence[NodeGroupPlan]],
) -> ServiceAccountPlan:
    """Who it is in AWS: it may set the size of the groups beside which nodes wait stopped."""
    beside = [warm_group(groups) for groups in groups_by_pool.values()]
    return replace(CAPACITY, sized_groups=tuple(g.physical_name for g in beside if g))


def access_manifests() -> Sequence[Manifest]:
    """Rights on nodes and on its own memory: taints, labels and annotations, one ConfigMap."""
    return [
        _role("ClusterRole", None, [_rule("", ["nodes"], _LOOK_AND_PATCH)]),
        _binding("ClusterRole", None),
        _role(
            "Role",
            CAPACITY.namespace,
            [
                # What does not exist yet has no name that could be given.
                _rule("", ["configmaps"], ["create"]),
                _rule("", ["configmaps"], ["get", "patch", "update"], names=[STATE]),
            ],
        ),
        _binding("Role", CAPACITY.namespace),
    ]


def access_to_models() -> Sequence[Manifest]:
    """Rights in the namespace of the models, which exists after the controller does."""
    return [
        _role(
            "Role",
            MODEL_READER.namespace,
            [
                _rule("", ["pods"], [*_LOOK_AND_PATCH, "delete"]),
                _rule("", ["pods/eviction"], ["create"]),
                _rule("apps", ["deployments"], _LOOK_AND_PATCH),
                _rule("keda.sh", ["scaledobjects"], ["get", "patch"]),
                _rule("", ["events"], ["create"]),
                _rule("events.k8s.io", ["events"], ["create"]),
            ],
        ),
        _binding("Role", MODEL_READER.namespace),
    ]


def _rule(
    group: str, resources: Sequence[str], verbs: Sequence[str], names: Sequence[str] = ()
) -> Manifest:
    return {
        "apiGroups": [group],
        "resources": list(resources),
        **({"resourceNames": list(names)} if names else {}),
        "verbs": list(verbs),
    }


def _role(kind: str, namespace: str | None, rules: Sequence[Manifest]) -> Manifest:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": kind,
        "metadata": _metadata(namespace),
        "rules": list(rules),
    }


def _binding(kind: str, namespace: str | None) -> Manifest:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": f"{kind}Binding",
        "metadata": _metadata(namespace),
        "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": _metadata(namespace)["name"]},
        "subjects": [
            {
                "kind": "ServiceAccount",
                "name": CAPACITY.service_account,
                "namespace": CAPACITY.namespace,
            }
        ],
    }


def _metadata(namespace: str | None) -> Mapping[str, str]:
    # Two Roles of one name would be one file of a preview, and one resource of a component.
    if namespace is None:
        return {"name": _CLUSTER_NAME}
    of = "" if namespace == CAPACITY.namespace else f"-{namespace}"
    return {"name": f"{CAPACITY.service_account}{of}", "namespace": namespace}
