"""The control plane: version, who may reach it, what it logs, what is installed into it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from tokenfleet.plan.iam import ServiceAccountPlan
from tokenfleet.plan.nodes.addresses import cni_environment
from tokenfleet.plan.permissions import session_policy
from tokenfleet.settings.sections import ClusterSettings, ObservabilitySettings

SESSIONS = "sessions"
"""The name of the policy by which a node lets people open a shell."""


# EKS takes two at least, and later no subnet of another zone (aws/containers-roadmap#2330): with
# two, a zone can be added whose name sorts behind them.
_CONTROL_PLANE_ZONES = 2


@dataclass(frozen=True, kw_only=True)
class ClusterPlan:
    """An EKS cluster.

    ``node_addons``, each with its configuration, must exist before the first node joins.
    ``node_policies`` (JSON by name) is what every node may do besides what it needs.
    """

    name: str
    region: str
    partition: str
    kubernetes_version: str
    service_cidr: IPv4Network
    zones: Sequence[str]
    """Where the control plane has its network interfaces, for ever: nodes may be in others too."""
    public_access_cidrs: Sequence[IPv4Network]
    admin_principals: Mapping[str, str]
    admin_policy_arn: str
    identities: Sequence[ServiceAccountPlan]
    """What acts in AWS from inside the cluster."""
    deletion_protection: bool
    log_types: Sequence[str]
    log_retention_days: int
    node_policies: Mapping[str, str]
    node_addons: Mapping[str, Mapping[str, object]]


def is_documentation(cidr: IPv4Network) -> bool:
    """Whether a range is one of RFC 5737, which stack files come with as placeholders."""
    return str(cidr).startswith(("192.0.2.", "198.51.100.", "203.0.113."))


def plan_cluster(
    settings: ClusterSettings,
    observability: ObservabilitySettings,
    *,
    name: str,
    region: str,
    partition: str,
    zones: Sequence[str],
    identities: Sequence[ServiceAccountPlan],
) -> ClusterPlan:
    """The cluster of a stack, of whose zones the control plane takes the first by name that suffice."""
    return ClusterPlan(
        name=name,
        region=region,
        partition=partition,
        kubernetes_version=settings.kubernetes_version,
        service_cidr=settings.service_cidr,
        zones=sorted(zones)[:_CONTROL_PLANE_ZONES],
        public_access_cidrs=tuple(dict.fromkeys(settings.public_access_cidrs)),
        admin_principals=dict(sorted(settings.admin_principals.items())),
        admin_policy_arn=f"arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        identities=identities,
        deletion_protection=settings.deletion_protection,
        log_types=sorted(observability.control_plane_logs),
        log_retention_days=observability.log_retention_days,
        node_policies={SESSIONS: session_policy()} if settings.node_access == "ssm" else {},
        node_addons={
            "eks-pod-identity-agent": {},
            "kube-proxy": {},
            # Without it, network policies are stored and have no effect.
            "vpc-cni": {"enableNetworkPolicy": "true", "env": cni_environment()},
        },
    )
