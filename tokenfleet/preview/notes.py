"""What to know or do before deploying: placeholders, legacy engines, gaps, budgets."""

from collections.abc import Iterator, Sequence

from tokenfleet.catalogue.machines.hardware import engines, hardware_by_name
from tokenfleet.counted import count
from tokenfleet.economics.bill.endpoints import endpoint_costs
from tokenfleet.economics.bill.lines import BillLine
from tokenfleet.economics.bill.price_age import StalePrice
from tokenfleet.plan.cluster import SESSIONS
from tokenfleet.plan.nodes.pools import SCALE_UP_DELAY_SECONDS, PoolPlan
from tokenfleet.plan.serving.engine.speculation import gained, kept
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.addresses import address_notes
from tokenfleet.preview.busy_hours import busy_hour_notes
from tokenfleet.preview.edge import edge_notes
from tokenfleet.preview.kubernetes import KubernetesSupport
from tokenfleet.preview.model_files import file_notes
from tokenfleet.preview.placeholders import placeholder_notes
from tokenfleet.preview.prices import gap_notes, stale_notes
from tokenfleet.preview.system_nodes import system_node_notes
from tokenfleet.preview.weights import weight_notes
from tokenfleet.preview.zones import zone_notes


def notes(
    plan: Plan,
    secrets: frozenset[str],
    ignored: Sequence[str],
    stale: Sequence[StalePrice],
    kubernetes: KubernetesSupport,
    *,
    gaps: Sequence[BillLine] = (),
) -> Sequence[str]:
    """Sentences, most urgent first.

    ``secrets`` are the names of the secrets that are set, ``ignored`` the keys of the stack
    file that have no effect, ``stale`` the prices that are old, ``gaps`` what of the bill has none.
    """
    return [
        *([kubernetes.sentence] if kubernetes.near else []),
        *placeholder_notes(plan),
        *_access(plan),
        *edge_notes(plan, secrets),
        *(f"{key} has no effect: every provider of this program is explicit." for key in ignored),
        *weight_notes(plan),
        *_images(plan),
        *_idle_nodes(plan),
        *_engines(plan),
        *_remote_code(plan),
        *file_notes(plan),
        *_speculation(plan),
        *busy_hour_notes(plan),
        *_endpoints(plan),
        *_floating(plan),
        *_spot(plan),
        *_spot_notices(plan),
        *gap_notes(gaps, plan.region),
        *system_node_notes(plan),
        *zone_notes(plan),
        *address_notes(plan),
        *([] if kubernetes.near else [kubernetes.sentence]),
        *stale_notes(stale, plan.region),
    ]


def _access(plan: Plan) -> Iterator[str]:
    yield (
        f"Deploy as {' or '.join(plan.cluster.admin_principals.values())} (cluster.adminPrincipals):"
        " nobody else may create anything inside the cluster."
    )
    if not plan.cluster.public_access_cidrs:
        yield (
            "The Kubernetes API has no public endpoint: deploy from a network connected to the VPC."
            " From inside, S3 lets you reach the stack's models and nothing else."
        )
    if SESSIONS in plan.cluster.node_policies:
        yield (
            "cluster.nodeAccess is ssm: whoever may call ssm:StartSession in this account is root"
            " on every node, where keys, prompts and weights are."
        )


def _images(plan: Plan) -> Iterator[str]:
    """Machine images that somebody chose: what they must be, which nobody can check from here."""
    version = plan.cluster.kubernetes_version
    for pool, groups in plan.node_groups_by_pool.items():
        if groups[0].image.given_id:
            yield (
                f"Nodes of {pool} start from {groups[0].image.given_id}: it must be an EKS image of"
                f" Amazon Linux 2023 for Kubernetes {version}, like {groups[0].image.parameter}. A"
                " new version or release does not change it."
            )


def _idle_nodes(plan: Plan) -> Iterator[str]:
    """Nodes that a tier keeps before there is anything to serve."""
    published = {model.pool for model in plan.models if model.published}
    for pool in plan.pools:
        for tier in pool.tiers:
            # What is reserved is paid for whether it runs or not.
            keeps = tier.min_nodes and tier.purchase_option != "reserved"
            if keeps and pool.name not in published:
                nodes = count(tier.min_nodes, "node")
                yield (
                    f"pools.{pool.name}.tiers.{tier.purchase_option}.min keeps {nodes}"
                    f" of {pool.instance_types[0]} running before anything is served: set it to 0"
                    " until the weights are published."
                )


def _engines(plan: Plan) -> Iterator[str]:
    for pool in plan.pools:
        engine = engines()[pool.engine]
        if engine.legacy:
            yield f"Pool {pool.name} runs vLLM {engine.version} on {pool.hardware}, {engine.support}."
        title = hardware_by_name()[pool.hardware].title
        yield f"Pool {pool.name}: memory arithmetic for {title} is not verified on that hardware."


def _remote_code(plan: Plan) -> Iterator[str]:
    for model in plan.models:
        if any(argument.flag == "trust-remote-code" for argument in model.arguments):
            yield (
                f"models.{model.name}.engineArguments.trust-remote-code runs the Python code that"
                f" {model.hugging_face_id} brings along: read that of this revision first."
            )


def _speculation(plan: Plan) -> Iterator[str]:
    for model in plan.models:
        if found := model.speculation:
            yield (
                f"models.{model.name}.speculative: the price counts the work and the gain of"
                f" {count(found.tokens, 'draft')} a step, of which a request gets {kept(found)} with its"
                f" own; {gained(found)}. Measure both, vllm bench serve with and without, and give what"
                " vLLM logs as Avg Draft acceptance rate as acceptedShare."
            )


def _endpoints(plan: Plan) -> Iterator[str]:
    """What interface endpoints cost beside what they carry: no traffic of this stack pays one."""
    for found in endpoint_costs(plan):
        price = "is paid" if found.usd_per_month is None else f"costs ${found.usd_per_month:,.2f}"
        pays = (
            f", saves as much from {found.pays_from_gb:,.0f} GB a month on"
            if found.pays_from_gb
            else ""
        )
        carries = f"only {found.carries}" if found.carries else "nothing of this stack"
        yield (
            f"network.interfaceEndpoints: {found.service} {price} a month{pays} and carries"
            f" {carries}: leave it out, unless a rule of yours demands it."
        )


def _spot(plan: Plan) -> Iterator[str]:
    """What a pool does without, which has a spot tier."""
    for pool in plan.pools:
        if not pool.has_spot:
            continue
        on_demand = any(tier.purchase_option == "on-demand" for tier in pool.tiers)
        if not on_demand:
            yield (
                f"pools.{pool.name} has no on-demand tier: where spot is not to be had, nothing"
                " replaces a replica until it is again."
            )
        if on_demand and _is_scarce(pool):
            yield (
                f"pools.{pool.name}: {pool.instance_types[0]} is refused on demand, too, for hours at"
                " times, and no policy replaces what is not to be had. Where replicas must not be"
                " missing, a reserved tier is the base and spot comes on top."
            )
        if pool.dry_run:
            nodes = (
                f"nodes come on demand, {SCALE_UP_DELAY_SECONDS} s later"
                if on_demand
                else "no node comes at all"
            )
            yield (
                f"pools.{pool.name}.dryRun: the capacity controller only logs what it would do:"
                f" {nodes}."
            )


def _is_scarce(pool: PoolPlan) -> bool:
    """Whether only a reservation makes sure of nodes: AWS sells P types as capacity blocks first."""
    reserved = any(tier.purchase_option == "reserved" for tier in pool.tiers)
    return not reserved and all(name.startswith("p") for name in pool.instance_types)


def _spot_notices(plan: Plan) -> Iterator[str]:
    """Replacements that are expected later than their replica begins to drain."""
    for model in plan.models:
        found = model.notice
        if found and found.late_seconds.expected:
            takes = found.reaction_seconds + found.start_seconds.expected
            yield (
                f"{model.name} drains for {found.drain_seconds} s, which leaves"
                f" {found.serves_seconds} s of a spot notice, and a replacement takes {takes:.0f} s:"
                f" one replica less for {found.late_seconds.expected:.0f} s at each notice;"
                f" {found.way_out}."
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
