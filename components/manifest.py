"""A planned Kubernetes object as a resource of its own kind."""

from collections.abc import Callable, Mapping
from typing import cast

import pulumi
import pulumi_kubernetes as kubernetes

_KINDS: Mapping[str, Callable[..., pulumi.CustomResource]] = {
    "ClusterRole": kubernetes.rbac.v1.ClusterRole,
    "ClusterRoleBinding": kubernetes.rbac.v1.ClusterRoleBinding,
    "ConfigMap": kubernetes.core.v1.ConfigMap,
    "DaemonSet": kubernetes.apps.v1.DaemonSet,
    "Deployment": kubernetes.apps.v1.Deployment,
    "HorizontalPodAutoscaler": kubernetes.autoscaling.v2.HorizontalPodAutoscaler,
    "Namespace": kubernetes.core.v1.Namespace,
    "NetworkPolicy": kubernetes.networking.v1.NetworkPolicy,
    "PersistentVolume": kubernetes.core.v1.PersistentVolume,
    "PersistentVolumeClaim": kubernetes.core.v1.PersistentVolumeClaim,
    "PodDisruptionBudget": kubernetes.policy.v1.PodDisruptionBudget,
    "PriorityClass": kubernetes.scheduling.v1.PriorityClass,
    "Role": kubernetes.rbac.v1.Role,
    "RoleBinding": kubernetes.rbac.v1.RoleBinding,
    "Service": kubernetes.core.v1.Service,
    "ServiceAccount": kubernetes.core.v1.ServiceAccount,
    "ValidatingAdmissionPolicy": kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy,
    "ValidatingAdmissionPolicyBinding": (
        kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding
    ),
}
_CUSTOM: Callable[..., pulumi.CustomResource] = kubernetes.apiextensions.CustomResource


def kubernetes_object(
    name: str, manifest: Mapping[str, object], opts: pulumi.ResourceOptions
) -> pulumi.CustomResource:
    """The object of a manifest, named after the component, its kind and itself."""
    kind = str(manifest["kind"])
    metadata = cast("Mapping[str, str]", manifest["metadata"])
    fields = {
        _snake_case(key): value
        for key, value in manifest.items()
        if key not in ("apiVersion", "kind")
    }
    resource_name = f"{name}-{kind.lower()}-{metadata['name']}"
    version = str(manifest["apiVersion"])
    if _is_custom(version):
        return _CUSTOM(resource_name, api_version=version, kind=kind, **fields, opts=opts)
    return _KINDS[kind](resource_name, **fields, opts=opts)


def _is_custom(version: str) -> bool:
    """Whether a chart brought the kind: Kubernetes' own groups are one word, or below k8s.io."""
    group, _, _ = version.rpartition("/")
    return "." in group and not group.endswith(".k8s.io")


def _snake_case(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
