"""Everything that advice about a stack wants to know, asked of its account."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError

from tokenfleet.aws.advice import capacity_manager, images, quotas, spot, zones
from tokenfleet.aws.advice.asking import AdviceError, Asking
from tokenfleet.aws.advice.facts import (
    Answers,
    MachineImage,
    Question,
    SpotHistory,
    SpotPrice,
    Supportability,
)
from tokenfleet.aws.client import ec2_client, quotas_client
from tokenfleet.catalogue.places.quotas import Market
from tokenfleet.counted import count

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

_METRICS = "ec2:GetCapacityManagerMetricData"
_ONLY_WITH_PLAN = " Scores of supportability are for the support plan Unified Operations."


def ask(question: Question, now: dt.datetime) -> Answers:
    """Ask EC2 and Service Quotas in the region of a stack; nothing is changed.

    Raises:
        AdviceError: when there are no credentials that AWS accepts, or nobody answers.
    """
    try:
        ec2, service_quotas = ec2_client(question.region), quotas_client(question.region)
    except (BotoCoreError, ValueError) as error:
        raise AdviceError([f"AWS cannot be asked: {error}"]) from error
    asking = Asking(f"EC2 in {question.region}", ec2.meta.endpoint_url)
    ids = asking.answer("Zones", "ec2:DescribeAvailabilityZones", lambda: zones.zone_ids(ec2))
    offers = asking.answer(
        "Which zone offers which type",
        "ec2:DescribeInstanceTypeOfferings",
        lambda: zones.offers(ec2, question.instance_types),
    )
    kinds = sorted({kind for tier in question.spot_tiers for kind in tier.instance_types})
    prices: Mapping[str, Mapping[str, SpotPrice]] | None = {}
    if kinds:
        prices = asking.answer(
            "Spot prices",
            "ec2:DescribeSpotPriceHistory",
            lambda: spot.prices(ec2, kinds, now),
        )
    given: Mapping[str, MachineImage] | None = {}
    if question.image_ids:
        given = asking.answer(
            "Machine images",
            "ec2:DescribeImages",
            lambda: images.machine_images(ec2, question.image_ids),
        )
    scores = _scores(ec2, question, asking)
    history, supportability = _capacity_manager(ec2, question, ids or {}, asking, now)
    return Answers(
        zone_ids=ids,
        offers=offers,
        prices=prices,
        scores=scores,
        history=history,
        supportability=supportability,
        quotas=asking.answer(
            "Quotas",
            "servicequotas:ListServiceQuotas",
            lambda: quotas.vcpu_quotas(service_quotas),
        ),
        images=given,
        not_known=asking.not_known,
        asked_at=now,
    )


def _scores(
    ec2: "EC2Client", question: Question, asking: Asking
) -> Mapping[str, Mapping[str, int]]:
    found: dict[str, Mapping[str, int]] = {}
    for tier in question.spot_tiers:
        types = len(set(tier.instance_types))
        if types < spot.LEAST_TYPES:
            asking.not_known.append(
                f"Placement scores of {tier.pool}: not enough types for a score, it has"
                f" {count(types, 'type')} and needs {spot.LEAST_TYPES}."
            )
            continue
        answered = asking.answer(
            f"Placement scores of {tier.pool}",
            "ec2:GetSpotPlacementScores",
            lambda tier=tier: spot.scores(ec2, tier, question.region),
        )
        if answered is not None:
            found[tier.pool] = answered
    return found


def _capacity_manager(
    ec2: "EC2Client",
    question: Question,
    zone_ids: Mapping[str, str],
    asking: Asking,
    now: dt.datetime,
) -> tuple[Mapping[str, SpotHistory] | None, Mapping[tuple[str, Market], Supportability]]:
    on = asking.answer(
        "The account's own interruptions",
        "ec2:GetCapacityManagerAttributes",
        lambda: capacity_manager.is_on(ec2),
    )
    if not on:
        if on is not None:
            asking.not_known.append(
                "The account's own interruptions, and what EC2 has now: not known, Capacity"
                f" Manager is not enabled in {question.region}."
            )
        return None, {}
    region = question.region
    figures = [
        asking.answer(
            "The account's own interruptions",
            _METRICS,
            lambda: capacity_manager.interruptions(ec2, region, now),
        ),
        asking.answer(
            "How much of its spot requests the account got",
            _METRICS,
            lambda: capacity_manager.fulfilment(ec2, region, now),
        ),
    ]
    known = [each for each in figures if each is not None]
    history = capacity_manager.history(known) if known else None
    return history, _supportability(ec2, question, zone_ids, asking)


def _supportability(
    ec2: "EC2Client", question: Question, zone_ids: Mapping[str, str], asking: Asking
) -> Mapping[tuple[str, Market], Supportability]:
    found: dict[tuple[str, Market], Supportability] = {}
    ours = [zone_ids[zone] for zone in question.zones if zone in zone_ids]
    for tier in question.tiers if ours else ():
        answered: Supportability | None = asking.answer(
            "What EC2 has now",
            "ec2:GetCapacityManagerSupportabilityScores",
            lambda tier=tier: capacity_manager.supportability(ec2, tier, ours),
            _ONLY_WITH_PLAN,
        )
        if answered is None:
            break  # what one tier is refused, all are
        found[tier.pool, tier.market] = answered
    return found
