"""Whether spot is worth it: where it would be found, and what it costs now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tokenfleet.advice.findings import AccountFinding, warns
from tokenfleet.advice.zones import ids_of
from tokenfleet.aws.advice.facts import Answers, SpotPrice, Supportability
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.economics.bill.node_price import spot_price_of
from tokenfleet.economics.bill.scenario import Buying
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.stack import Plan

# "Highly likely" is 10, "not likely" 1 (EC2 API reference, SpotPlacementScore); between them AWS
# says nothing: in its lower third we warn.
_POOR_SCORE = 3
_HARDLY_CHEAPER = 0.9
_DIFFERS = 1.5


@dataclass(frozen=True, kw_only=True)
class SpotType:
    """What an hour of a type costs, US dollars, None where no price is known.

    ``assumed_usd`` is what the bill takes for spot.
    """

    instance_type: str
    on_demand_usd: float | None
    assumed_usd: float | None
    by_zone: Mapping[str, SpotPrice]
    """Of the stack's zones, by name; a zone without a price does not sell it on spot."""


@dataclass(frozen=True, kw_only=True)
class SpotTier:
    """A spot tier: ``score_by_zone`` says from 1 to 10 how likely one zone alone has all its nodes."""

    pool: str
    nodes: int
    """As many as it may have."""
    score_by_zone: Mapping[str, int]
    """By name of the stack's zones; empty where no score is known."""
    supportability: Supportability | None
    """How much of all its nodes EC2 has now; None where that is not known."""
    types: Sequence[SpotType]


def spot_tiers(plan: Plan, answers: Answers) -> Sequence[SpotTier]:
    """Every spot tier of a plan, by pool."""
    return [
        _tier(pool, group, plan, answers)
        for pool, groups in sorted(plan.node_groups_by_pool.items())
        for group in groups
        if group.purchase_option == "spot"
    ]


def spot_findings(tier: SpotTier, region: str) -> Iterator[AccountFinding]:
    """What makes spot a bad idea for a tier, as far as it is known."""
    scores = tier.score_by_zone.values()
    if scores and max(scores) <= _POOR_SCORE:
        yield warns(
            tier.pool,
            f"{tier.nodes} spot nodes are unlikely to be found in any one zone:"
            f" the best placement score is {max(scores)} of 10",
            "more types, more zones or a smaller spot maximum",
        )
    if tier.supportability in {"low", "unsupported"}:
        yield warns(
            tier.pool,
            f"EC2 has less than {tier.nodes} nodes of its types on spot now",
            "more types, or count on its other tiers",
        )
    yield from _price_findings(tier, region)


def support_findings(answers: Answers) -> Iterator[AccountFinding]:
    """On-demand tiers, the system nodes among them, that EC2 could not fill now."""
    for (pool, market), score in answers.supportability.items():
        if market == "on-demand" and score in {"low", "unsupported"}:
            yield warns(
                pool,
                "EC2 has less of its types on demand now than the tier's maximum",
                "a capacity reservation, or more types and zones",
            )


def _price_findings(tier: SpotTier, region: str) -> Iterator[AccountFinding]:
    priced = [kind for kind in tier.types if kind.by_zone]
    if not priced:
        return
    kinds = ", ".join(kind.instance_type for kind in tier.types if not kind.by_zone)
    if kinds:
        yield warns(
            tier.pool,
            f"no zone of the stack has a spot price of {kinds}",
            "count on its other types alone",
        )
    ratios = [
        price.now_usd / kind.on_demand_usd
        for kind in priced
        if kind.on_demand_usd
        for price in kind.by_zone.values()
    ]
    if ratios and min(ratios) >= _HARDLY_CHEAPER:
        yield warns(
            tier.pool,
            f"spot costs {min(ratios):.0%} of on demand at the least, and can be taken back",
            "leave the spot tier out",
        )
    changed = [kind.instance_type for kind in priced if _differs(kind)]
    if changed:
        yield warns(
            tier.pool,
            f"spot prices are far from what the bill takes: {', '.join(changed)}",
            f"tokenfleet catalogue refresh --only prices --region {region}, or cost.prices",
        )


def _differs(kind: SpotType) -> bool:
    if not kind.assumed_usd:
        return False
    now = median(price.now_usd for price in kind.by_zone.values())
    return not 1 / _DIFFERS <= now / kind.assumed_usd <= _DIFFERS


def _tier(pool: str, group: NodeGroupPlan, plan: Plan, answers: Answers) -> SpotTier:
    ids, scores = ids_of(plan, answers), answers.scores.get(pool, {})
    return SpotTier(
        pool=pool,
        nodes=group.max_nodes,
        score_by_zone={
            zone: scores[ids[zone]] for zone in group.zones if zone in ids and ids[zone] in scores
        },
        supportability=answers.supportability.get((pool, "spot")),
        types=[_type(kind, group.zones, plan.prices, answers) for kind in group.instance_types],
    )


def _type(kind: str, zones: Sequence[str], prices: Prices, answers: Answers) -> SpotType:
    now = (answers.prices or {}).get(kind, {})
    listed, assumed = prices.on_demand(kind), spot_price_of(kind, zones, prices, Buying())
    return SpotType(
        instance_type=kind,
        on_demand_usd=listed.usd if listed else None,
        assumed_usd=assumed[0].expected if assumed else None,
        by_zone={zone: now[zone] for zone in zones if zone in now},
    )
