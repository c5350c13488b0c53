"""What runs in the cluster before any model does: EKS add-ons and Helm releases."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from tokenfleet.components.capacity_controller import CapacityController, CapacityControllerArgs
from tokenfleet.components.eks_addon import eks_addon
from tokenfleet.components.manifest import kubernetes_object
from tokenfleet.components.notices import Notices
from tokenfleet.plan.addons import AddonsPlan
from tokenfleet.plan.capacity.installation import CapacityPlan


@dataclass(frozen=True, kw_only=True)
class AddonsArgs:
    """What to install; the capacity controller with the queue it hears, where there is one."""

    plan: AddonsPlan
    capacity: Sequence[CapacityPlan] = ()
    notices: Sequence[Notices] = ()


class Addons(pulumi.ComponentResource):
    """DNS, metrics and node monitoring by EKS; autoscaler and device plugins by Helm.

    And what is our own: the capacity controller, and objects that take startup taints off nodes. Give it the system nodes as
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
                # Helm makes none by itself, and Kubernetes has this one.
                create_namespace=release.namespace != "kube-system" or None,
                values=dict(release.values),
                opts=child,
            )
        before: list[pulumi.Resource] = []
        for manifest in args.plan.manifests:
            opts = pulumi.ResourceOptions(parent=self, depends_on=list(before))
            before.append(kubernetes_object(name, manifest, opts))
        for controller, notices in zip(args.capacity, args.notices, strict=True):
            CapacityController(
                f"{name}-capacity",
                CapacityControllerArgs(plan=controller, queue_url=notices.queue_url),
                child,
            )
        self.register_outputs({})
