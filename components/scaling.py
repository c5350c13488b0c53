"""What makes replicas follow the load: a Prometheus of our own, and what KEDA is told."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from tokenfleet.components.manifest import kubernetes_object
from tokenfleet.plan.scaling.installation import ScalingPlan
from tokenfleet.plan.scaling.prometheus import METRICS_KEY_SECRET, NAMESPACE


@dataclass(frozen=True, kw_only=True)
class ScalingArgs:
    """What to install, and the key to the metrics of replicas."""

    plan: ScalingPlan
    metrics_key: pulumi.Input[str]


class Scaling(pulumi.ComponentResource):
    """A namespace with Prometheus, and one ScaledObject a model.

    Give it KEDA's chart and the models as ``depends_on``: a ScaledObject is of a kind that the chart
    brings, and has a finalizer that only a running KEDA takes off.
    """

    def __init__(
        self, name: str, args: ScalingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:scaling:Scaling", name, None, opts)
        namespace = kubernetes_object(
            name, args.plan.namespace, pulumi.ResourceOptions(parent=self)
        )
        key = kubernetes.core.v1.Secret(
            f"{name}-{METRICS_KEY_SECRET}",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name=METRICS_KEY_SECRET, namespace=NAMESPACE
            ),
            type="Opaque",
            string_data={"value": pulumi.Output.secret(args.metrics_key)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[namespace]),
        )
        before: list[pulumi.Resource] = [namespace, key]
        for manifest in [*args.plan.manifests, *args.plan.scaled_objects]:
            opts = pulumi.ResourceOptions(parent=self, depends_on=list(before))
            before.append(kubernetes_object(name, manifest, opts))
        self.register_outputs({})
