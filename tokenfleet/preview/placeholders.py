"""Values of documentation that a stack file still holds: each would stop a deployment or shut users out."""

from collections.abc import Iterator

from tokenfleet.plan.cluster import is_documentation
from tokenfleet.plan.stack import Plan

# The account and the machine image that AWS uses in its documentation.
_DOCUMENTATION_ACCOUNT = "111122223333"
_DOCUMENTATION_IMAGE = "ami-0123456789abcdef0"


def placeholder_notes(plan: Plan) -> Iterator[str]:
    """What to replace, a sentence each."""
    yield from _ranges(plan)
    yield from _accounts(plan)
    for pool, groups in plan.node_groups_by_pool.items():
        if groups[0].image.given_id == _DOCUMENTATION_IMAGE:
            yield f"imageId of {pool} is that of documentation: replace it, or no node can start."


def _ranges(plan: Plan) -> Iterator[str]:
    for cidr in plan.cluster.public_access_cidrs:
        if is_documentation(cidr):
            yield (
                f"cluster.publicAccessCidrs {cidr} is a range for documentation: replace it with"
                " the addresses you deploy from, or nothing inside the cluster can be created."
            )
    for cidr in plan.edge.allowed_cidrs:
        if is_documentation(cidr):
            yield (
                f"edge.allowedCidrs {cidr} is a range for documentation: replace it with the"
                " addresses of your clients, or nobody can call the models."
            )


def _accounts(plan: Plan) -> Iterator[str]:
    for name, arn in plan.cluster.admin_principals.items():
        if f":{_DOCUMENTATION_ACCOUNT}:" in arn:
            yield (
                f"cluster.adminPrincipals.{name} names the account of AWS's documentation: replace"
                " it, or the deployment stops there."
            )
    if _DOCUMENTATION_ACCOUNT in (plan.edge.certificate_arn or ""):
        yield (
            "edge.certificateArn names the account of AWS's documentation: replace it, or the"
            " load balancer gets no listener."
        )
    if plan.account == _DOCUMENTATION_ACCOUNT:
        yield "account is that of AWS's documentation: replace it, or the deployment stops at once."
