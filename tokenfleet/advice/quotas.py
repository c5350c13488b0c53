"""Whether an account's quotas hold what a stack may have at once."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tokenfleet.advice.findings import AccountFinding, blocks, warns
from tokenfleet.aws.advice.facts import Answers, Quota
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.catalogue.places.quotas import Market, quota_codes, quota_name
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class QuotaNeed:
    """What a stack takes of a quota, in vCPUs; every node is of the largest type that it may be.

    ``at_first_vcpus`` is what runs as soon as it is deployed: system nodes and every tier's
    minimum. ``most_vcpus`` is every tier at its maximum at once: while nodes fall back, or come
    back, those of spot and of on demand stand beside each other. ``short_vcpus`` is what the
    quota lacks of that. Whatever else runs in the account counts too, and is not seen here.
    """

    code: str
    name: str
    market: Market
    at_first_vcpus: int
    most_vcpus: int
    quota_vcpus: float | None
    """None where the account's quota is not known."""
    short_vcpus: int | None


def quota_needs(plan: Plan, answers: Answers) -> Sequence[QuotaNeed]:
    """Every quota that a stack draws on, by market and code."""
    known = answers.quotas or {}
    needs: dict[str, QuotaNeed] = {}
    for group in _groups(plan):
        vcpus: dict[str, int] = {}
        for kind in group.instance_types:
            code = _code(kind, _market(group), known)
            vcpus[code] = max(vcpus.get(code, 0), instance_type(kind).vcpus)
        for code, each in vcpus.items():
            before = needs.get(code) or _nothing(code, _market(group), known)
            needs[code] = replace(
                before,
                at_first_vcpus=before.at_first_vcpus + group.min_nodes * each,
                most_vcpus=before.most_vcpus + group.max_nodes * each,
            )
    ordered = sorted(needs.values(), key=lambda need: (need.market, need.code))
    return [replace(need, short_vcpus=_short(need, need.most_vcpus)) for need in ordered]


def quota_findings(
    plan: Plan, answers: Answers, needs: Sequence[QuotaNeed]
) -> Iterator[AccountFinding]:
    """Quotas that hold less than a stack starts with, less than its maximum, or no node of a pool."""
    if answers.quotas is None:
        return
    for need in needs:
        if need.quota_vcpus is None or not need.short_vcpus:
            continue
        has = f"{need.name} is {need.quota_vcpus:,.0f} vCPUs"
        if _short(need, need.at_first_vcpus):
            problem = f"{has}, and the stack starts with {need.at_first_vcpus:,} of them"
            yield blocks(need.code, problem, _ask_for(need))
        else:
            problem = f"{has}, {need.short_vcpus:,} short of the stack's maximum"
            yield warns(need.code, problem, _ask_for(need))
    for pool, groups in plan.node_groups_by_pool.items():
        limited = [group for group in groups if not group.capacity_block]
        if limited == list(groups) and not any(
            _holds_one(each, answers.quotas) for each in limited
        ):
            kinds = ", ".join(groups[0].instance_types)
            yield blocks(
                pool,
                f"no quota of the account holds a single node of {kinds}",
                "ask for those above first; nothing of the pool can serve before",
            )


def unlisted(needs: Sequence[QuotaNeed]) -> Iterator[str]:
    """A sentence for each quota that the account does not list."""
    for need in needs:
        if need.quota_vcpus is None:
            yield f"{need.code} ({need.name}): not known, Service Quotas does not list it."


def _groups(plan: Plan) -> Iterator[NodeGroupPlan]:
    """Those that draw on quotas: capacity blocks have quotas of their own."""
    for groups in plan.node_groups_by_pool.values():
        yield from (group for group in groups if not group.capacity_block)


def _market(group: NodeGroupPlan) -> Market:
    """A capacity reservation counts as the on-demand instances that it holds room for."""
    return "spot" if group.purchase_option == "spot" else "on-demand"


def _code(kind: str, market: Market, known: Mapping[str, Quota]) -> str:
    *special, usual = quota_codes(kind, market)
    return next((code for code in special if code in known), usual)


def _nothing(code: str, market: Market, known: Mapping[str, Quota]) -> QuotaNeed:
    quota = known.get(code)
    return QuotaNeed(
        code=code,
        name=quota.name if quota else quota_name(code),
        market=market,
        at_first_vcpus=0,
        most_vcpus=0,
        quota_vcpus=quota.vcpus if quota else None,
        short_vcpus=None,
    )


def _short(need: QuotaNeed, wanted: int) -> int | None:
    if need.quota_vcpus is None:
        return None
    return max(0, math.ceil(wanted - need.quota_vcpus))


def _holds_one(group: NodeGroupPlan, known: Mapping[str, Quota]) -> bool:
    """Whether a node of some type fits; also where the quota is not known."""
    quotas = [
        (instance_type(kind).vcpus, known.get(_code(kind, _market(group), known)))
        for kind in group.instance_types
    ]
    return any(quota is None or vcpus <= quota.vcpus for vcpus, quota in quotas)


def _ask_for(need: QuotaNeed) -> str:
    return f"ask for {need.most_vcpus:,} vCPUs of {need.code}"
