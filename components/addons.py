"""What runs in the cluster before any model does: EKS add-ons and Helm releases."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components.manifest import kubernetes_object
from tokenfleet.plan.addons import AddonsPlan


@dataclass(frozen=True, kw_only=True)
class AddonsArgs:
    """What to install."""

    plan: AddonsPlan


class Addons(pulumi.ComponentResource):
    """DNS, metrics and node monitoring by EKS; autoscaler and device plugins by Helm.

    And what takes startup taints off nodes. Give it the system nodes as ``depends_on``: its pods need them to run, and on the way down
    the nodes must outlive its controllers.
    """

    def __init__(
        self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:addons:Addons", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for addon, configuration in args.plan.eks_addons.items():
            aws.eks.Addon(
                f"{name}-{addon}",
                cluster_name=args.plan.cluster_name,
                addon_name=addon,
                configuration_values=json.dumps(configuration) if configuration else None,
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                opts=child,
            )
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
