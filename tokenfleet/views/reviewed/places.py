"""Which part of the drawing a resource belongs to."""

from collections.abc import Iterator, Mapping, Sequence

from tokenfleet.policies.values import mapping
from tokenfleet.review.resource_change import Resource, ResourceChange
from tokenfleet.views.drawing.architecture.drawn import DrawnStack
from tokenfleet.views.drawing.architecture.marks import Part

SYSTEM = Part("pool", "system")
_MODEL, _POOL = "tokenfleet.io/model", "tokenfleet.io/pool"
_SERVICE, _SECRET = "kubernetes:core/v1:Service", "kubernetes:core/v1:Secret"
_EDGE = "edge"
# Pools have names that people choose: what else is called so is of another module.
Named = Mapping[tuple[str, str], Part]
"""Parts by the module of a type and the name of its resource."""

_BY_TYPE: Mapping[str, Part] = {
    "pulumi:providers:aws": Part("region"),
    "tokenfleet:network:Network": Part("VPC"),
    "tokenfleet:endpoints:Endpoints": Part("interface endpoints"),
    "tokenfleet:cluster:Cluster": Part("control plane"),
    "tokenfleet:model_store:ModelStore": Part("bucket"),
    "tokenfleet:edge:Edge": Part("edge"),
    "tokenfleet:scaling:Scaling": Part("scaling"),
    # The drawing calls these nodes the cluster's own controllers.
    "tokenfleet:addons:Addons": SYSTEM,
}


def place_of(
    change: ResourceChange, resources: Mapping[str, Resource], named: Named
) -> Part | None:
    """The part, or None for what is not drawn.

    ``resources`` are by URN, with components and as they are last; ``named`` is what ``named_parts``
    says of both revisions.
    """
    resource: Resource | None = resources[change.urn]
    own = _by_labels(resource) or _endpoint(resource)
    while own is None and resource is not None:
        type_token: str = resource["type"]
        module = type_token.partition(":")[2].partition("/")[0]
        own = named.get((module, resource["name"])) or _BY_TYPE.get(type_token)
        resource = resources.get(resource["parent"])
    return own


def named_parts(stack: DrawnStack) -> Iterator[tuple[tuple[str, str], Part]]:
    """Parts that there may be several of, by what their components and resources are called."""
    name = stack.plan.name
    for pool in stack.pools:
        yield ("pool:Pool", f"{name}-{pool.name}"), Part("pool", pool.name)
        for tier in pool.tiers:
            role = tier.purchase_option
            group = f"{name}-{pool.name}-{role}"
            yield ("node_group:NodeGroup", group), Part("tier", f"{pool.name}/{role}")
    for zone in stack.plan.network.zones:
        yield ("ec2", f"{name}-network-nat-{zone}"), Part("NAT gateway", zone)
        yield ("ec2", f"{name}-network-private-{zone}"), Part("zone", zone)
        yield ("ec2", f"{name}-network-public-{zone}"), Part("zone", zone)


def _by_labels(resource: Resource) -> Part | None:
    metadata = mapping(resource["inputs"].get("metadata"))
    labels = mapping(metadata.get("labels"))
    if metadata.get("namespace") == _EDGE and (
        resource["type"] == _SECRET
        or (resource["type"] == _SERVICE and metadata.get("name") == _EDGE)
    ):
        # Where clients call, and the keys and routes that decide what becomes of it.
        return Part("way in")
    if _MODEL in labels:
        return Part("model", str(labels[_MODEL]))
    return Part("pool", str(labels[_POOL])) if _POOL in labels else None


def _endpoint(resource: Resource) -> Part | None:
    is_gateway = resource["inputs"].get("vpcEndpointType") == "Gateway"
    return Part("gateway endpoint") if is_gateway else None


def latest(before: Sequence[Resource], after: Sequence[Resource]) -> Mapping[str, Resource]:
    """Resources by URN, as the later revision has them where it has them."""
    return {each["urn"]: each for each in (*before, *after)}
