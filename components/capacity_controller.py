"""What launches spot nodes, falls back to on-demand ones and comes back."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from tokenfleet.components.manifest import kubernetes_object
from tokenfleet.plan.capacity.code import api_model, code, key_of
from tokenfleet.plan.capacity.installation import API_MODEL, CODE, QUEUE, QUEUE_URL, CapacityPlan
from tokenfleet.plan.iam import CAPACITY


@dataclass(frozen=True, kw_only=True)
class CapacityControllerArgs:
    """What to install, and where notices come in."""

    plan: CapacityPlan
    queue_url: pulumi.Input[str]


class CapacityController(pulumi.ComponentResource):
    """The controller in a namespace of its own, on system nodes.

    Give it the pools as ``depends_on``: on the way down it goes before their groups do, which it
    would fill again. The models come after it: their pods need the nodes that it launches.
    """

    def __init__(
        self, name: str, args: CapacityControllerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:capacity_controller:CapacityController", name, None, opts)
        self._name = name
        child = pulumi.ResourceOptions(parent=self)
        namespace = kubernetes_object(name, args.plan.namespace, child)
        before: list[pulumi.Resource] = [
            namespace,
            self._config_map(CODE, namespace, data=_keyed(code())),
            self._config_map(API_MODEL, namespace, binary_data=_keyed(api_model())),
            self._config_map(QUEUE, namespace, data={QUEUE_URL: args.queue_url}),
        ]
        for manifest in args.plan.manifests:
            opts = pulumi.ResourceOptions(parent=self, depends_on=list(before))
            before.append(kubernetes_object(name, manifest, opts))
        self.register_outputs({})

    def _config_map(
        self,
        config_map: str,
        namespace: pulumi.Resource,
        *,
        data: Mapping[str, pulumi.Input[str]] | None = None,
        binary_data: Mapping[str, str] | None = None,
    ) -> pulumi.Resource:
        return kubernetes.core.v1.ConfigMap(
            f"{self._name}-configmap-{config_map}",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name=config_map, namespace=CAPACITY.namespace
            ),
            data=data,
            binary_data=binary_data,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[namespace]),
        )


def _keyed(contents: Mapping[str, str]) -> Mapping[str, str]:
    return {key_of(path): content for path, content in contents.items()}
