"""The architecture as a small Mermaid flowchart, which GitHub draws inside Markdown."""

from collections.abc import Iterator, Sequence

from tokenfleet.plan.nodes.groups import SYSTEM_POOL
from tokenfleet.preview.report import PoolReport, Report
from tokenfleet.views.drawing.architecture.ways_in import WAY_IN_BY_EXPOSURE
from tokenfleet.views.figures import bounds, nodes
from tokenfleet.views.tables.stack import hardware_title

# Mermaid reads entities without the ampersand inside quoted labels.
_ENTITIES = str.maketrans({"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;"})


def flowchart(report: Report) -> str:
    """Way in -> edge -> models -> pools -> tiers -> zones, with the bucket and the control plane."""
    return "\n".join(["flowchart LR", *_outside(report), *_vpc(report), *_edges(report)])


def _outside(report: Report) -> Iterator[str]:
    plan = report.plan
    bucket = f'  bucket[("{_label("Model bucket", "weights by revision")}")]'
    yield f'  control["{_label("EKS control plane", plan.cluster.kubernetes_version)}"]'
    yield bucket
    if plan.edge.has_load_balancer:
        cidrs = ", ".join(sorted(map(str, plan.edge.allowed_cidrs)))
        yield f'  users(["{_label("Clients", cidrs)}"])'
    else:
        yield f'  users(["{_label("Clients", "pods of this cluster")}"])'


def _vpc(report: Report) -> Iterator[str]:
    network = report.plan.network
    yield f'  subgraph vpc["{_label(f"VPC {network.vpc_cidr} in {report.plan.region}")}"]'
    edge = report.plan.edge
    every_zone = [subnet.zone for subnet in network.private_subnets]
    pods = f"{bounds(edge.least_pods, edge.most_pods, 'pod')} of Envoy"
    yield f'    door["{_label(WAY_IN_BY_EXPOSURE[edge.exposure], "one for all models")}"]'
    yield f'    edge["{_label("Edge", pods)}"]'
    if report.plan.scaling:
        yield f'    scaling["{_label("Scaling", "KEDA and Prometheus")}"]'
    for place, model in enumerate(report.models):
        replicas = bounds(model.plan.min_replicas, model.plan.max_replicas, "replica")
        yield f'    model{place}["{_label(model.plan.name, replicas)}"]'
    for place, pool in enumerate(report.pools):
        yield f'    pool{place}["{_label(pool.name, hardware_title(pool.hardware))}"]'
        yield f'    tiers{place}["{_label(*_tier_lines(pool, every_zone))}"]'
    zones = [f"{subnet.zone} {subnet.cidr}" for subnet in network.private_subnets]
    yield f'    zones["{_label("Private subnets", *zones)}"]'
    yield "  end"


def _edges(report: Report) -> Iterator[str]:
    places = {pool.name: place for place, pool in enumerate(report.pools)}
    yield "  users --> door --> edge"
    yield f"  edge -.- pool{places[SYSTEM_POOL]}"
    followed = {each.model for scaling in report.plan.scaling for each in scaling.followed}
    for place, model in enumerate(report.models):
        yield f"  edge --> model{place} --> pool{places[model.plan.pool]}"
        if model.plan.name in followed:
            yield f"  scaling -. replicas .-> model{place}"
    for place in places.values():
        yield f"  pool{place} --> tiers{place} --> zones"
    yield "  control -.-> zones"
    yield "  bucket -. S3 gateway endpoint .-> zones"


def _tier_lines(pool: PoolReport, every_zone: Sequence[str]) -> Sequence[str]:
    return [
        f"{tier.purchase_option}: {nodes(tier.min_nodes, tier.max_nodes, tier.warm_nodes)}"
        + ("" if set(tier.zones) >= set(every_zone) else f" in {', '.join(tier.zones)} only")
        for tier in pool.tiers
    ]


def _label(*lines: str) -> str:
    return "<br/>".join(line.translate(_ENTITIES) for line in lines)
