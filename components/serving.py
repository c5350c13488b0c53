"""The models: their namespace, identity, secrets, and for each a Deployment, Service and budget."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from tokenfleet.components.manifest import kubernetes_object
from tokenfleet.components.model_store import ModelStore
from tokenfleet.plan.manifests.compile_job import COMPILE
from tokenfleet.plan.manifests.containers import (
    API_KEY_FILES,
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
    """The planned objects, the bucket they read, and the secrets that no plan holds."""

    plan: ServingPlan
    store: ModelStore
    api_key: pulumi.Input[str] | None
    previous_api_key: pulumi.Input[str] | None


class Serving(pulumi.ComponentResource):
    """Everything in the namespace of the models.

    Without a configured ``apiKey`` a key is made once, at the first deployment, and kept:
    a model is never served without one. So is the key to metrics, which no client has.
    """

    namespace: pulumi.Output[str]
    api_key_secret_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: ServingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:serving:Serving", name, None, opts)
        self._name = name
        scripts = [LOADER]
        if args.plan.compile_jobs:
            scripts += [LOAD_COMPILED, COMPILE]
        namespace = self._object(args.plan.namespace, [])
        keys = (args.api_key, args.previous_api_key)
        api_key = self._secret(API_KEY_SECRET, keys, namespace)
        metrics_key = self._secret(METRICS_KEY_SECRET, [None], namespace)
        loader = self._scripts(scripts, args.store, namespace)
        before = [namespace, api_key, metrics_key, loader]
        for manifest in args.plan.manifests:
            self._object(manifest, before)
        self.namespace = pulumi.Output.from_input(NAMESPACE)
        self.api_key_secret_name = pulumi.Output.from_input(API_KEY_SECRET)
        self.register_outputs(
            {"namespace": self.namespace, "apiKeySecretName": self.api_key_secret_name}
        )

    def _object(
        self, manifest: Manifest, depends_on: Sequence[pulumi.Resource]
    ) -> pulumi.CustomResource:
        opts = pulumi.ResourceOptions(parent=self, depends_on=depends_on)
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

    def _secret(
        self,
        secret: str,
        keys: Sequence[pulumi.Input[str] | None],
        namespace: pulumi.Resource,
    ) -> pulumi.CustomResource:
        made_here = keys[0] is None
        contents = [secrets.token_urlsafe(32)] if made_here else keys
        return kubernetes.core.v1.Secret(
            f"{self._name}-{secret}",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name=secret, namespace=NAMESPACE),
            type="Opaque",
            string_data={
                file: pulumi.Output.secret(key)
                for file, key in zip(API_KEY_FILES, contents, strict=False)
                if key is not None
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[namespace],
                # A key made here is new on every run: only the first one counts. Not so the
                # previous one, which goes when it is taken out of the stack's configuration.
                ignore_changes=[f"stringData.{API_KEY_FILES[0]}"] if made_here else None,
            ),
        )
