"""The edge: its namespace, keys and routes as Secrets, and Envoy with a Service in front."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from tokenfleet.components.made_key import made_key
from tokenfleet.components.manifest import kubernetes_object
from tokenfleet.plan.edge.clients import default_client
from tokenfleet.plan.edge.envoy.bootstrap import checked_bootstrap
from tokenfleet.plan.edge.envoy.routes import routes
from tokenfleet.plan.edge.plan import EdgePlan
from tokenfleet.plan.edge.pod import CHECK_FILE, ROUTES_FILE, ROUTES_SECRET
from tokenfleet.plan.manifests.containers import Manifest
from tokenfleet.plan.manifests.network_policy import EDGE

Keys = Mapping[str, Sequence[str]]
_MADE_SECRET = "edge-api-key"  # noqa: S105 - the name of a Secret, not its content


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    """What to build, the keys of clients where the stack has some, and the key that replicas want."""

    plan: EdgePlan
    client_keys: pulumi.Output[Keys] | None
    engine_key: pulumi.Output[str]


class Edge(pulumi.ComponentResource):
    """Envoy in front of every model.

    Give it the models as ``depends_on``: on the way down it goes before they do, so that nobody is
    sent to a replica that is gone. Without configured keys one is made at the first deployment:
    the edge never serves whoever asks. Routes and keys are a Secret that Envoy watches, so that
    another key ends no stream and restarts nothing.
    """

    key_place: pulumi.Output[str]

    def __init__(
        self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:edge:Edge", name, None, opts)
        self._name, self._plan = name, args.plan
        namespace = self._object(args.plan.namespace, [])
        before: list[pulumi.Resource] = [namespace]
        keys, place = args.client_keys, "clientKeys or apiKey of the stack's configuration"
        if keys is None:
            made = made_key(self, name, _MADE_SECRET, EDGE, [namespace])
            before.append(made.secret)
            keys = made.key.apply(default_client)
            place = f"Secret {_MADE_SECRET} in namespace {EDGE}"
        before.append(self._routes(keys, args.engine_key, namespace))
        for manifest in args.plan.manifests:
            before.append(self._object(manifest, list(before)))
        self.key_place = pulumi.Output.from_input(place)
        self.register_outputs({"keyPlace": self.key_place})

    def _object(
        self, manifest: Manifest, depends_on: Sequence[pulumi.Resource]
    ) -> pulumi.CustomResource:
        scaled = manifest["kind"] == "Deployment" and self._plan.follows_load
        opts = pulumi.ResourceOptions(
            parent=self,
            depends_on=depends_on,
            # The autoscaler of pods writes it from then on.
            ignore_changes=["spec.replicas"] if scaled else None,
        )
        return kubernetes_object(self._name, manifest, opts)

    def _routes(
        self,
        keys: pulumi.Output[Keys],
        engine_key: pulumi.Output[str],
        namespace: pulumi.Resource,
    ) -> pulumi.Resource:
        plan = self._plan
        rendered = pulumi.Output.all(keys, engine_key).apply(
            lambda known: routes(plan.names, plan.clients, known[0], known[1])
        )
        checked = rendered.apply(
            lambda found: checked_bootstrap(plan.names, found, max_request_mib=plan.max_request_mib)
        )
        return kubernetes.core.v1.Secret(
            f"{self._name}-{ROUTES_SECRET}",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name=ROUTES_SECRET, namespace=EDGE),
            type="Opaque",
            string_data={
                ROUTES_FILE: pulumi.Output.secret(rendered.apply(_text)),
                CHECK_FILE: pulumi.Output.secret(checked.apply(_text)),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[namespace]),
        )


def _text(document: object) -> str:
    """As short as it can be: all that a Secret holds is 1 MiB."""
    return json.dumps(document, separators=(",", ":"))
