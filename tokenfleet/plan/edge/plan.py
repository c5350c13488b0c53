"""The one door to all models: what it serves, to whom, and the objects it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from tokenfleet.catalogue.pulled.releases import edge_image
from tokenfleet.plan.edge.clients import ClientPlan, plan_clients
from tokenfleet.plan.edge.drain import EdgeDrain, plan_edge_drain
from tokenfleet.plan.edge.envoy.bootstrap import bootstrap
from tokenfleet.plan.edge.names import plan_names
from tokenfleet.plan.edge.objects import edge_manifests
from tokenfleet.plan.edge.pod import EdgePod, contents
from tokenfleet.plan.edge.served import ServedName
from tokenfleet.plan.edge.way_in import edge_url
from tokenfleet.plan.manifests.containers import Manifest
from tokenfleet.plan.manifests.network_policy import EDGE
from tokenfleet.plan.manifests.objects import namespace_manifest
from tokenfleet.plan.pulls import with_digest
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.settings.edge import EdgeSettings, Exposure


@dataclass(frozen=True, kw_only=True)
class EdgePlan:
    """Envoy in front of every model.

    ``url`` is where clients inside the cluster call it. ``manifests`` follow the ``namespace`` and
    the Secrets with keys and routes, which no plan holds. ``bootstrap`` is what Envoy starts with.
    """

    exposure: Exposure
    allowed_cidrs: Sequence[IPv4Network]
    certificate_arn: str | None
    url: str
    names: Sequence[ServedName]
    clients: Sequence[ClientPlan]
    least_pods: int
    most_pods: int
    max_request_mib: int
    image: str
    drain: EdgeDrain
    bootstrap: Mapping[str, object]
    namespace: Manifest
    manifests: Sequence[Manifest]

    @property
    def has_load_balancer(self) -> bool:
        """Whether clients outside the cluster reach it."""
        return self.exposure != "cluster"

    @property
    def follows_load(self) -> bool:
        """Whether something else than the deployment decides how many pods there are."""
        return self.least_pods < self.most_pods


def plan_edge(
    edge: EdgeSettings,
    models: Sequence[ModelPlan],
    *,
    node_range: IPv4Network,
    digests: Mapping[str, str],
) -> EdgePlan:
    """The edge of a stack.

    ``node_range`` holds the addresses of its nodes; ``digests`` are the stack file's, by name.
    """
    names = plan_names(models)
    started_with = bootstrap(names, max_request_mib=edge.max_request_mib)
    image = with_digest(edge_image(), digests)
    drain = plan_edge_drain(models)
    pod = EdgePod(
        image=image,
        drain=drain,
        max_request_mib=edge.max_request_mib,
        content=contents(started_with),
    )
    return EdgePlan(
        exposure=edge.exposure,
        allowed_cidrs=tuple(dict.fromkeys(edge.allowed_cidrs)),
        certificate_arn=edge.certificate_arn,
        url=edge_url(edge),
        names=names,
        clients=plan_clients(edge.clients),
        least_pods=edge.replicas.min,
        most_pods=edge.replicas.max,
        max_request_mib=edge.max_request_mib,
        image=image,
        drain=drain,
        bootstrap=started_with,
        namespace=namespace_manifest(EDGE),
        manifests=edge_manifests(edge, pod, [str(node_range)]),
    )
