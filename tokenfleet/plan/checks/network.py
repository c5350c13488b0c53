"""Region, zones and addresses, the cluster that uses them, and who pays."""

from collections.abc import Iterable, Iterator, Mapping

from tokenfleet.catalogue.places.regions import regions
from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.plan.checks.nodes.instances import checked_instance_type
from tokenfleet.plan.checks.ranges import nearly_all
from tokenfleet.plan.cluster import is_documentation
from tokenfleet.plan.network import ZONE_LETTERS
from tokenfleet.plan.partition import partition_of
from tokenfleet.settings.draft import Draft

# Amazon EKS user guide, "VPC and subnet requirements".
_FEWEST_ZONES = 2
_EVERYONE = "opens the Kubernetes API to everyone: name the ranges you deploy from"
_TAGS_OF_OTHERS = ("aws:", "eks:", "tokenfleet:", "k8s.io/", "kubernetes.io/")


def network_mistakes(draft: Draft) -> Iterator[Mistake]:
    """An unknown region, and zones that cannot be used."""
    if draft.region and draft.region not in regions():
        problem = (
            f"is no region of AWS with EKS.{nearest(draft.region, regions())} If it is a new one,"
            " add it to tokenfleet/catalogue/data/regions.yaml"
        )
        yield Mistake(path="region", value=draft.region, problem=problem)
    if draft.network is None:
        return
    for zone in sorted({z for z in draft.network.zones if draft.network.zones.count(z) > 1}):
        yield Mistake(path="network.zones", value=zone, problem="is listed twice")
    for index, zone in enumerate(draft.network.zones):
        path = f"network.zones[{index}]"
        if draft.region and zone[:-1] != draft.region:
            yield Mistake(path=path, value=zone, problem=f"is not a zone of {draft.region}")
        if zone[-1] not in ZONE_LETTERS:
            problem = f"the address plan has room for zones {ZONE_LETTERS[0]} to {ZONE_LETTERS[-1]}"
            yield Mistake(path=path, value=zone, problem=problem)
    if len(set(draft.network.zones)) < _FEWEST_ZONES:
        yield Mistake(
            path="network.zones",
            value=", ".join(draft.network.zones) or "[]",
            problem="EKS needs subnets in two zones or more: name another zone",
        )


def cluster_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Ranges that collide or open too much, and system nodes that do not suit."""
    if draft.cluster is None:
        return
    if draft.network and draft.cluster.service_cidr.overlaps(draft.network.cidr):
        yield Mistake(
            path="network.cidr",
            value=str(draft.network.cidr),
            problem=(
                f"overlaps cluster.serviceCidr {draft.cluster.service_cidr}: Kubernetes services"
                " need a private range of their own"
            ),
        )
    if not 12 <= draft.cluster.service_cidr.prefixlen <= 24:  # noqa: PLR2004 - EKS CreateCluster
        yield Mistake(
            path="cluster.serviceCidr",
            value=str(draft.cluster.service_cidr),
            problem="EKS takes a range between /12 and /24",
        )
    if share := nearly_all(draft.cluster.public_access_cidrs):
        yield Mistake(
            path="cluster.publicAccessCidrs",
            value=", ".join(map(str, draft.cluster.public_access_cidrs)),
            problem=f"is {share}, and {_EVERYONE}",
        )
    for index, cidr in enumerate(draft.cluster.public_access_cidrs):
        if cidr.prefixlen == 0:
            yield Mistake(
                path=f"cluster.publicAccessCidrs[{index}]", value=str(cidr), problem=_EVERYONE
            )
        elif cidr.is_private and not is_documentation(cidr):
            yield Mistake(
                path=f"cluster.publicAccessCidrs[{index}]",
                value=str(cidr),
                problem="is private: the public endpoint only ever sees public addresses",
            )
    yield from _administrators(draft.cluster.admin_principals, draft)
    path, name = "cluster.systemNodes.instanceType", draft.cluster.system_nodes.instance_type
    kind, mistakes = checked_instance_type(path, name, draft)
    yield from mistakes
    if kind and kind.accelerator:
        problem = "has accelerators that the cluster's controllers would leave idle"
        yield Mistake(path=path, value=name, problem=problem)


def _administrators(arn_by_name: Mapping[str, str], draft: Draft) -> Iterator[Mistake]:
    """Somebody must deploy; EKS answers 409 to a second access entry for one principal.

    Names of roles and users differ by more than case (IAM user guide, "IAM and AWS STS quotas").
    """
    accounts = {arn.split(":")[4] for arn in arn_by_name.values()}
    if accounts and draft.account and draft.account not in accounts:
        yield Mistake(
            path="cluster.adminPrincipals",
            value=", ".join(arn_by_name.values()),
            problem=(
                f"is nobody of account {draft.account}, into which the stack must be deployed:"
                " whoever deploys could create nothing inside the cluster"
            ),
        )
    if not arn_by_name:
        yield Mistake(
            path="cluster.adminPrincipals",
            value="",
            problem=(
                "names nobody, so nobody could create anything inside the cluster: name the role or"
                " user you deploy as (aws sts get-caller-identity)"
            ),
        )
    for name, arn in arn_by_name.items():
        partition = partition_of(draft.region or "")
        if draft.region and arn.split(":")[1] != partition:
            yield Mistake(
                path=f"cluster.adminPrincipals.{name}",
                value=arn,
                problem=f"must begin with arn:{partition}: in {draft.region}",
            )
        first = next(
            other for other, same in arn_by_name.items() if same.casefold() == arn.casefold()
        )
        if first != name:
            yield Mistake(
                path=f"cluster.adminPrincipals.{name}",
                value=arn,
                problem=f"is {first} too, and EKS takes a principal once: name it once",
            )


def cost_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Somebody to tell of no budget, and tags that are not a user's to set."""
    if draft.cost and draft.cost.alert_emails and draft.cost.monthly_budget_usd is None:
        yield Mistake(
            path="cost.alertEmails",
            value=", ".join(draft.cost.alert_emails),
            problem="has no effect without cost.monthlyBudgetUsd: give the budget to watch",
        )
    yield from _tag_mistakes(draft.cost.tags if draft.cost else ())


def _tag_mistakes(keys: Iterable[str]) -> Iterator[Mistake]:
    """Tags of others; and keys that IAM takes for one (IAM user guide, "Tag IAM resources")."""
    written: dict[str, str] = {}
    for key in keys:
        folded = key.casefold()
        problem = None
        if folded.startswith(_TAGS_OF_OTHERS) or folded == "name":
            problem = "this tag is set by AWS or by the program: choose another key"
        elif folded in written:
            problem = f"differs from {written[folded]} by case alone, which roles refuse: keep one"
        if problem:
            yield Mistake(path=f"cost.tags.{key}", value="", problem=problem)
        written.setdefault(folded, key)
