"""What to know or do before deploying: placeholders, legacy engines, gaps, budgets."""

from collections.abc import Iterator, Sequence

from tokenfleet.catalogue.hardware import engines, hardware_by_name
from tokenfleet.economics.bill.price_age import STALE_DAYS, StalePrice
from tokenfleet.plan.cluster import is_documentation
from tokenfleet.plan.stack import Plan

# The account AWS uses in its documentation.
_DOCUMENTATION_ACCOUNT = ":111122223333:"


def notes(
    plan: Plan, secrets: frozenset[str], ignored: Sequence[str], stale: Sequence[StalePrice]
) -> Sequence[str]:
    """Sentences, most urgent first.

    ``secrets`` are the names of the secrets that are set, ``ignored`` the keys of the stack
    file that have no effect, ``stale`` the prices that are old.
    """
    return [
        *_placeholders(plan),
        *_access(plan),
        *_secrets(secrets),
        *(f"{key} has no effect: every provider of this program is explicit." for key in ignored),
        *_weights(plan),
        *_engines(plan),
        *_capacity(plan),
        *_floating(plan),
        *stale_notes(stale, plan.region),
    ]


def _placeholders(plan: Plan) -> Iterator[str]:
    for cidr in plan.cluster.public_access_cidrs:
        if is_documentation(cidr):
            yield (
                f"cluster.publicAccessCidrs {cidr} is a range for documentation: replace it with"
                " the addresses you deploy from, or nothing inside the cluster can be created."
            )
    for name, arn in plan.cluster.admin_principals.items():
        if _DOCUMENTATION_ACCOUNT in arn:
            yield (
                f"cluster.adminPrincipals.{name} names the account of AWS's documentation: replace"
                " it, or the deployment stops there."
            )


def _access(plan: Plan) -> Iterator[str]:
    if not plan.cluster.public_access_cidrs:
        yield (
            "The Kubernetes API has no public endpoint: deploy from inside the VPC or a network"
            " connected to it."
        )


def _secrets(secrets: frozenset[str]) -> Iterator[str]:
    if "apiKey" not in secrets:
        yield (
            "apiKey is not set: a random key is made at the first deployment and kept in the Secret"
            " vllm-api-key. To choose one: pulumi config set --secret apiKey"
        )


def _weights(plan: Plan) -> Iterator[str]:
    for model in plan.models:
        yield (
            f"{model.name} starts once its weights are in the bucket: tokenfleet publish"
            f" {model.hugging_face_id} --revision {model.revision}"
        )


def _engines(plan: Plan) -> Iterator[str]:
    for pool in plan.pools:
        engine = engines()[pool.engine]
        if engine.legacy:
            yield f"Pool {pool.name} runs vLLM {engine.version} on {pool.hardware}, {engine.support}."
        title = hardware_by_name()[pool.hardware].title
        yield f"Pool {pool.name}: memory arithmetic for {title} is not verified on that hardware."


def _capacity(plan: Plan) -> Iterator[str]:
    for pool in plan.pools:
        wanted = sum(model.max_replicas for model in plan.models if model.pool == pool.name)
        if wanted > pool.max_nodes:
            yield (
                f"Pool {pool.name} can grow to {pool.max_nodes} nodes, its models together to"
                f" {wanted} replicas: at most {pool.max_nodes} run at once."
            )


def _floating(plan: Plan) -> Iterator[str]:
    loose = [pull.name for pull in plan.pulls if pull.held and pull.floats]
    if loose:
        yield (
            f"{'Tags' if len(loose) > 1 else 'A tag'} may stand for something else tomorrow:"
            f" {', '.join(loose)}. Pin {'them' if len(loose) > 1 else 'it'}: tokenfleet catalogue"
            " refresh --only digests, or cluster.digests."
        )
    unchecked = [pull.name for pull in plan.pulls if not pull.held]
    if unchecked:
        yield (
            f"Helm checks no digest of a chart outside a registry: {', '.join(unchecked)}. Whether"
            " one has changed is said by tokenfleet catalogue refresh --only digests."
        )
    for pull in plan.pulls:
        if pull.unlisted:
            yield f"{pull.name} pulls {pull.unlisted}, which the catalogue does not know: it floats."


def how_to_renew(region: str) -> str:
    """The command that fetches prices of today."""
    return f"Renew them: tokenfleet catalogue refresh --region {region}"


def stale_notes(stale: Sequence[StalePrice], region: str) -> Iterator[str]:
    """What is old, how old, and how to renew it."""
    if stale:
        oldest, *others = stale
        yield (
            f"{len(stale)} {'prices are' if others else 'price is'} older than {STALE_DAYS} days,"
            f" the oldest of {oldest.as_of} ({oldest.title}); the bill has the date of each."
            f" {how_to_renew(region)}"
        )
