"""The edge: who may call it, and from where."""

from collections.abc import Iterator

from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.plan.checks.ranges import nearly_all
from tokenfleet.plan.cluster import is_documentation
from tokenfleet.plan.partition import partition_of
from tokenfleet.settings.draft import Draft
from tokenfleet.settings.edge import EdgeSettings

# Envoy marks api_key_auth as work in progress, so not as hardened against whoever comes
# (docs/root/configuration/http/http_filters/api_key_auth_filter.rst, "security posture").
_EVERYONE = (
    "allows everyone: name the ranges that may call the models, or put a gateway of known ranges in"
    " front (docs/edge.md)"
)


def edge_mistakes(draft: Draft) -> Iterator[Mistake]:
    """A way in that is too open, settings that would have no effect, names that nobody serves."""
    edge = draft.edge
    if edge is None:
        return
    yield from _range_mistakes(edge)
    if edge.exposure == "public" and edge.certificate_arn is None:
        yield Mistake(
            path="edge.certificateArn",
            value="",
            problem=(
                "keys and prompts would cross the internet in clear: give the ARN of a certificate"
                " in ACM, or choose edge.exposure 'internal'"
            ),
        )
    if edge.certificate_arn:
        yield from _certificate_mistakes(edge.certificate_arn, edge.exposure, draft)
    yield from _client_mistakes(edge, draft)


def _range_mistakes(edge: EdgeSettings) -> Iterator[Mistake]:
    if edge.exposure != "cluster" and not edge.allowed_cidrs:
        yield Mistake(
            path="edge.allowedCidrs",
            value="[]",
            problem="a load balancer needs the ranges that may call the models",
        )
    if edge.exposure == "cluster" and edge.allowed_cidrs:
        yield Mistake(
            path="edge.allowedCidrs",
            value=", ".join(map(str, edge.allowed_cidrs)),
            problem=(
                "has no effect while edge.exposure is 'cluster': remove it or choose 'internal' or"
                " 'public'"
            ),
        )
    if share := nearly_all(edge.allowed_cidrs):
        yield Mistake(
            path="edge.allowedCidrs",
            value=", ".join(map(str, edge.allowed_cidrs)),
            problem=f"is {share}, and {_EVERYONE}",
        )
    for index, cidr in enumerate(edge.allowed_cidrs):
        if cidr.prefixlen == 0:
            problem = _EVERYONE
        elif edge.exposure == "public" and cidr.is_private and not is_documentation(cidr):
            problem = "is private: a public load balancer only ever sees public addresses"
        else:
            continue
        yield Mistake(path=f"edge.allowedCidrs[{index}]", value=str(cidr), problem=problem)


def _client_mistakes(edge: EdgeSettings, draft: Draft) -> Iterator[Mistake]:
    served = {model.served_as or name for name, model in draft.models.items()}
    adapters = {name for model in draft.models.values() for name in model.adapters}
    unread = draft.pool_by_model.keys() - draft.models.keys()
    known = sorted(served | adapters)
    for client, found in edge.clients.items():
        for index, name in enumerate(found.models or ()):
            if name not in known and not unread:
                problem = (
                    f"is no name of a model that clients use.{nearest(name, known)} Known:"
                    f" {', '.join(known) or 'none'}"
                )
                path = f"edge.clients.{client}.models[{index}]"
                yield Mistake(path=path, value=name, problem=problem)


def _certificate_mistakes(arn: str, exposure: str, draft: Draft) -> Iterator[Mistake]:
    """A certificate that no load balancer of the stack could use."""
    path = "edge.certificateArn"
    _, partition, _, region, account, _ = arn.split(":", 5)
    if exposure == "cluster":
        problem = (
            "has no effect while edge.exposure is 'cluster': remove it or choose 'internal' or"
            " 'public'"
        )
        yield Mistake(path=path, value=arn, problem=problem)
    if draft.region and region != draft.region:
        problem = (
            f"is in {region}, and a load balancer takes certificates of its own region:"
            f" request or import one in {draft.region}"
        )
        yield Mistake(path=path, value=arn, problem=problem)
    elif draft.region and partition != partition_of(draft.region):
        problem = f"must begin with arn:{partition_of(draft.region)}: in {draft.region}"
        yield Mistake(path=path, value=arn, problem=problem)
    if draft.account and account != draft.account:
        problem = (
            f"is of account {account}, the stack of {draft.account}: a load balancer takes"
            " certificates of its own account"
        )
        yield Mistake(path=path, value=arn, problem=problem)
