"""What takes the startup taint off a node once its devices are registered: a DaemonSet, its rights."""

from collections.abc import Mapping, Sequence

from tokenfleet.plan.nodes.pools import LABEL_PREFIX, PoolPlan
from tokenfleet.plan.nodes.sizes import Taint
from tokenfleet.plan.nodes.user_data import script
from tokenfleet.plan.scripts import digest

Manifest = Mapping[str, object]

NAMESPACE, NAME = "kube-system", "startup-taint"
_CLUSTER_NAME = "tokenfleet-startup-taint"
_SCRIPT = "startup_taint.py"
_SCRIPT_PATH, _ACCOUNT_PATH = "/scripts", "/account"
_USER_ID = 10001
_TOKEN_SECONDS = 3600
_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io/v1"
# The API server writes it into what it knows of a token that is bound to a pod (Kubernetes 1.32).
_NODE_OF_TOKEN = "authentication.kubernetes.io/node-name"  # noqa: S105 - the name of a field
# All that a patch of a node could change besides its taints; its status is another resource.
_REST = (
    *(f"metadata.?{field}" for field in ("annotations", "finalizers", "labels", "ownerReferences")),
    *(f"spec.?{field}" for field in ("configSource", "podCIDR", "podCIDRs", "providerID")),
    "spec.?unschedulable",
)


def startup_taint_manifests(
    pools: Sequence[PoolPlan], image_by_pool: Mapping[str, str]
) -> Sequence[Manifest]:
    """The DaemonSets of pools whose nodes have a startup taint, and before them what they need.

    The image is the one that replicas of the pool run: nothing more is pulled, pinned or trusted
    for a script that needs Python alone, and a replica that follows finds it on the node.
    """
    sets = [
        _daemon_set(pool, taint, image_by_pool[pool.name])
        for pool in pools
        for taint in pool.startup_taints
    ]
    if not sets:
        return []
    keys = sorted({taint.key for pool in pools for taint in pool.startup_taints})
    return [_account(), _role(), _role_binding(), *_limits(keys), _script(), *sets]


def _account() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "automountServiceAccountToken": False,
    }


def _role() -> Manifest:
    """Reading and patching nodes: RBAC knows neither "its own node" nor "one taint of it".

    Names of nodes that do not exist yet cannot be listed. What remains is forbidden by the
    admission policy.
    """
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": _CLUSTER_NAME},
        "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "patch"]}],
    }


def _role_binding() -> Manifest:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": _CLUSTER_NAME},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": _CLUSTER_NAME},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }


def _limits(keys: Sequence[str]) -> Sequence[Manifest]:
    """What the account may change of a node: it may take startup taints off the one it runs on."""
    kept = " && ".join(f"t.key != '{key}'" for key in keys)
    rest = " && ".join(f"object.{field} == oldObject.{field}" for field in _REST)
    policy: Manifest = {
        "apiVersion": _ADMISSION,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": _CLUSTER_NAME},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["UPDATE"],
                        "resources": ["nodes"],
                    }
                ]
            },
            "matchConditions": [
                {
                    "name": "by-startup-taint",
                    "expression": "request.userInfo.username =="
                    f" 'system:serviceaccount:{NAMESPACE}:{NAME}'",
                }
            ],
            "validations": [
                {
                    "expression": f"request.userInfo.extra[?'{_NODE_OF_TOKEN}'].orValue([])"
                    " == [object.metadata.name]",
                    "message": "it may change no node but the one it runs on",
                },
                {
                    "expression": "object.spec.?taints.orValue([]) =="
                    f" oldObject.spec.?taints.orValue([]).filter(t, {kept})",
                    "message": "it may take startup taints away and touch no other",
                },
                {"expression": rest, "message": "it may change nothing but taints"},
            ],
        },
    }
    binding: Manifest = {
        "apiVersion": _ADMISSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": _CLUSTER_NAME},
        "spec": {"policyName": _CLUSTER_NAME, "validationActions": ["Deny"]},
    }
    return [policy, binding]


def _script() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "data": {_SCRIPT: script(_SCRIPT)},
    }


def _daemon_set(pool: PoolPlan, taint: Taint, image: str) -> Manifest:
    labels = {"app.kubernetes.io/name": NAME, f"{LABEL_PREFIX}/pool": pool.name}
    (resource,) = pool.resources
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        # A node of an old deployment may take long to pull the image: nothing waits for that.
        "metadata": {
            "name": f"{NAME}-{pool.name}",
            "namespace": NAMESPACE,
            "labels": labels,
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {
                    "labels": labels,
                    # It reads its script once: another script has to start it anew.
                    "annotations": {f"{LABEL_PREFIX}/scripts": digest({_SCRIPT: script(_SCRIPT)})},
                },
                "spec": {
                    "serviceAccountName": NAME,
                    "automountServiceAccountToken": False,
                    "priorityClassName": "system-node-critical",
                    "terminationGracePeriodSeconds": 5,
                    "nodeSelector": {f"{LABEL_PREFIX}/pool": pool.name},
                    "tolerations": [
                        {"key": each.key, "operator": "Exists"}
                        for each in (*pool.taints, *pool.startup_taints)
                    ],
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": _USER_ID,
                        "runAsGroup": _USER_ID,
                        "fsGroup": _USER_ID,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [_container(taint, resource, image)],
                    "volumes": [
                        {"name": "script", "configMap": {"name": NAME}},
                        {"name": "account", "projected": {"sources": _account_files()}},
                    ],
                },
            },
        },
    }


def _container(taint: Taint, resource: str, image: str) -> Manifest:
    return {
        "name": NAME,
        "image": image,
        "command": ["python3", f"{_SCRIPT_PATH}/{_SCRIPT}", taint.key, resource],
        "env": [
            {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "ACCOUNT", "value": _ACCOUNT_PATH},
        ],
        # Within what plan/nodes/sizes.py leaves to DaemonSets.
        "resources": {
            "requests": {"cpu": "10m", "memory": "48Mi"},
            "limits": {"memory": "96Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "script", "mountPath": _SCRIPT_PATH, "readOnly": True},
            {"name": "account", "mountPath": _ACCOUNT_PATH, "readOnly": True},
        ],
    }


def _account_files() -> Sequence[Manifest]:
    """A token for the API server, bound to the pod, and the authority that signed the server's."""
    return [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": _TOKEN_SECONDS}},
        {
            "configMap": {
                "name": "kube-root-ca.crt",
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
            }
        },
    ]
