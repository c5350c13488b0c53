"""The models: their namespace, identity, secrets, and for each a Deployment, Service and budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import pulumi
import pulumi_kubernetes as kubernetes

from tokenfleet.components.made_key import made_key
from tokenfleet.components.manifest import kubernetes_object
from tokenfleet.components.model_store import ModelStore
from tokenfleet.plan.manifests.compile_job import COMPILE
from tokenfleet.plan.manifests.containers import (
    API_KEY_SECRET,
    LOADER,
    LOADER_SETTINGS,
    METRICS_KEY_SECRET,
    Manifest,
)
from tokenfleet.plan.manifests.loaders import LOAD_COMPILED
from tokenfleet.plan.manifests.objects import NAMESPACE
from tokenfleet.plan.manifests.serving import ServingPlan
from tokenfleet.plan.nodes.user_data import script


@dataclass(frozen=True, kw_only=True)
class ServingArgs:
    """The planned objects, and the bucket they read."""

    plan: ServingPlan
    store: ModelStore


class Serving(pulumi.ComponentResource):
    """Everything in the namespace of the models.

    A key is made once, at the first deployment, and kept: replicas answer nobody without it, and
    the edge alone has it. So is the key to metrics, which Prometheus has.
    """

    namespace: pulumi.Output[str]
    engine_key: pulumi.Output[str]
    metrics_key: pulumi.Output[str]

    def __init__(
        self, name: str, args: ServingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:serving:Serving", name, None, opts)
        self._name = name
        scripts = [LOADER]
        if args.plan.compile_jobs:
            scripts += [LOAD_COMPILED, COMPILE]
        namespace = self._object(args.plan.namespace, [])
        engine, metrics = (
            made_key(self, name, secret, NAMESPACE, [namespace])
            for secret in (API_KEY_SECRET, METRICS_KEY_SECRET)
        )
        loader = self._scripts(scripts, args.store, namespace)
        before = [namespace, engine.secret, metrics.secret, loader]
        for manifest in args.plan.manifests:
            self._object(manifest, before, scaled=args.plan.scaled)
        self.namespace = pulumi.Output.from_input(NAMESPACE)
        self.engine_key, self.metrics_key = engine.key, metrics.key
        self.register_outputs({"namespace": self.namespace})

    def _object(
        self,
        manifest: Manifest,
        depends_on: Sequence[pulumi.Resource],
        *,
        scaled: Sequence[str] = (),
    ) -> pulumi.CustomResource:
        follows = manifest["kind"] == "Deployment" and _name(manifest) in scaled
        opts = pulumi.ResourceOptions(
            parent=self,
            depends_on=depends_on,
            # What follows the load is somebody else's to write, once it is there: the provider
            # then leaves it out of what it applies (pulumi-kubernetes await.go, handleSSAIgnoreFields).
            ignore_changes=["spec.replicas"] if follows else None,
        )
        return kubernetes_object(self._name, manifest, opts)

    def _scripts(
        self, names: Sequence[str], store: ModelStore, namespace: pulumi.Resource
    ) -> pulumi.Resource:
        """What pods run beside the engine, and where it finds the models."""
        url, region = LOADER_SETTINGS
        return kubernetes.core.v1.ConfigMap(
            f"{self._name}-{LOADER}",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name=LOADER, namespace=NAMESPACE),
            data={**{name: script(name) for name in names}, url: store.url, region: store.region},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[namespace]),
        )


def _name(manifest: Manifest) -> str:
    return cast("Mapping[str, str]", manifest["metadata"])["name"]
