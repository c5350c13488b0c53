"""What an account is asked about a stack."""

from tokenfleet.advice.images import image_ids
from tokenfleet.aws.advice.facts import Question, Tier
from tokenfleet.catalogue.places.quotas import Market
from tokenfleet.plan.stack import Plan


def question_of(plan: Plan) -> Question:
    """The zones, types and tiers of a plan; what is reserved already is bought."""
    groups = [(pool, group) for pool, each in plan.node_groups_by_pool.items() for group in each]
    markets: tuple[Market, ...] = ("spot", "on-demand")
    return Question(
        region=plan.region,
        zones=zones_of(plan),
        instance_types=sorted({kind for _, group in groups for kind in group.instance_types}),
        tiers=[
            Tier(
                pool=pool,
                market=market,
                instance_types=group.instance_types,
                nodes=group.max_nodes,
            )
            for pool, group in groups
            for market in markets
            if group.purchase_option == market
        ],
        image_ids=image_ids(plan),
    )


def zones_of(plan: Plan) -> list[str]:
    """The zones of a plan, by name."""
    return [subnet.zone for subnet in plan.network.private_subnets]
