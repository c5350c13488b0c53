"""What to know of the edge: what travels in clear, who may call it, whose keys count."""

from collections.abc import Iterator

from tokenfleet.plan.stack import Plan
from tokenfleet.settings.draft import API_KEY, CLIENT_KEYS, PREVIOUS_API_KEY
from tokenfleet.settings.keys import DEFAULT_CLIENT


def edge_notes(plan: Plan, secrets: frozenset[str]) -> Iterator[str]:
    """Sentences; ``secrets`` are the names of those that are set."""
    yield from _way_in(plan)
    yield from _keys(secrets)
    yield from _limits(plan)


def _way_in(plan: Plan) -> Iterator[str]:
    if not plan.edge.has_load_balancer:
        return
    if plan.edge.certificate_arn is None:
        yield (
            "Without edge.certificateArn keys and prompts travel in clear inside the VPC and to it:"
            " clients speak plain HTTP to the load balancer."
        )
    yield (
        "Nodes pass on what the load balancer takes, so the edge's network policy lets in all of"
        f" network.cidr {plan.network.vpc_cidr}: pods may call from any namespace, labelled or not,"
        " with a key."
    )


def _keys(secrets: frozenset[str]) -> Iterator[str]:
    if secrets.isdisjoint({CLIENT_KEYS, API_KEY}):
        yield (
            f"No client has a key ({CLIENT_KEYS}): one is made at the first deployment, for the client"
            f" {DEFAULT_CLIENT}, and kept in the Secret edge-api-key of namespace edge. To choose"
            f" keys: openssl rand -hex 32 | pulumi config set --secret --path '{CLIENT_KEYS}.NAME[0]'"
        )
    if API_KEY in secrets:
        yield (
            f"{API_KEY} stands for the client {DEFAULT_CLIENT}. In {CLIENT_KEYS} each client has keys"
            f" of its own: set it there (pulumi config set --secret --path"
            f" '{CLIENT_KEYS}.{DEFAULT_CLIENT}[0]'), then pulumi config rm {API_KEY}"
        )
    if PREVIOUS_API_KEY in secrets:
        yield (
            f"The previous API key still counts, until: pulumi config rm {PREVIOUS_API_KEY}, and"
            " another deployment."
        )


def _limits(plan: Plan) -> Iterator[str]:
    """Buckets are those of one Envoy, and connections spread over all of them."""
    edge = plan.edge
    limited = [
        each.name for each in edge.clients if each.requests_per_minute or each.tokens_per_minute
    ]
    if limited and edge.most_pods > 1:
        pods = f"{edge.least_pods} to {edge.most_pods}" if edge.follows_load else edge.least_pods
        yield (
            f"Limits of {', '.join(limited)} (edge.clients) count on each pod of the edge: with {pods}"
            f" pods a client gets up to {edge.most_pods} times as much."
        )
