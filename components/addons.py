"""What runs in the cluster before any model does: EKS add-ons and Helm releases."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from tokenfleet.components.eks_addon import eks_addon
from tokenfleet.components.manifest import kubernetes_object
from tokenfleet.plan.addons import AddonsPlan


@dataclass(frozen=True, kw_only=True)
class AddonsArgs:
    """What to install."""

    plan: AddonsPlan


class Addons(pulumi.ComponentResource):
    """DNS, metrics and node monitoring by EKS; autoscaler and device plugins by Helm.

    And objects of our own, which take startup taints off nodes. Give it the system nodes as
    ``depends_on``: its pods need them to run, and on the way down they must outlive its controllers.
    """

    def __init__(
        self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:addons:Addons", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for addon, configuration in args.plan.eks_addons.items():
            eks_addon(name, addon, configuration, cluster_name=args.plan.cluster_name, opts=child)
        for release in args.plan.helm_releases:
            kubernetes.helm.v3.Release(
                f"{name}-{release.name}",
                name=release.name,
                chart=release.chart,
                version=release.version,
                repository_opts=kubernetes.helm.v3.RepositoryOptsArgs(repo=release.repository)
                if release.repository
                else None,
                namespace=release.namespace,
                values=dict(release.values),
                opts=child,
            )
        before: list[pulumi.Resource] = []
        for manifest in args.plan.manifests:
            opts = pulumi.ResourceOptions(parent=self, depends_on=list(before))
            before.append(kubernetes_object(name, manifest, opts))
        self.register_outputs({})
