"""All advice about a stack: what blocks it, what is worth knowing, and the figures behind both."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.advice.findings import AccountFinding
from tokenfleet.advice.images import image_findings
from tokenfleet.advice.question import zones_of
from tokenfleet.advice.quotas import QuotaNeed, quota_findings, quota_needs, unlisted
from tokenfleet.advice.spot import SpotTier, spot_findings, spot_tiers, support_findings
from tokenfleet.advice.zones import (
    MissingOffer,
    ids_of,
    missing_offers,
    offer_findings,
    zone_findings,
)
from tokenfleet.aws.advice.facts import Answers, SpotHistory
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class AdvisedZone:
    """A zone of the stack in this account.

    ``zone_id`` is None where it is not known, ``interruptions`` where Capacity Manager has none.
    """

    zone: str
    zone_id: str | None
    interruptions: SpotHistory | None


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What would block ``pulumi up``, what makes spot a bad idea, and what to change."""

    stack: str
    region: str
    asked_at: dt.datetime
    """The moment AWS was asked."""
    blocked: bool
    """Whether a finding blocks: the command then ends with 4."""
    findings: Sequence[AccountFinding]
    """Those that block first."""
    quotas: Sequence[QuotaNeed]
    missing_offers: Sequence[MissingOffer]
    zones: Sequence[AdvisedZone]
    spot: Sequence[SpotTier]
    not_known: Sequence[str]
    """A sentence for everything that could not be asked, with the call and the permission."""


def advise(plan: Plan, answers: Answers) -> Advice:
    """Judge what an account answered about a stack."""
    needs, tiers = quota_needs(plan, answers), spot_tiers(plan, answers)
    findings = [
        *zone_findings(plan, answers),
        *offer_findings(plan, answers),
        *image_findings(plan, answers),
        *quota_findings(plan, answers, needs),
        *(found for tier in tiers for found in spot_findings(tier, plan.region)),
        *support_findings(answers),
    ]
    ids, history = ids_of(plan, answers), answers.history or {}
    return Advice(
        stack=plan.stack,
        region=plan.region,
        asked_at=answers.asked_at.replace(microsecond=0),
        blocked=any(found.level == "blocks" for found in findings),
        findings=sorted(findings, key=lambda found: found.level),
        quotas=needs,
        missing_offers=missing_offers(plan, answers),
        zones=[
            AdvisedZone(
                zone=zone, zone_id=ids.get(zone), interruptions=history.get(ids.get(zone, ""))
            )
            for zone in zones_of(plan)
        ],
        spot=tiers,
        not_known=[*answers.not_known, *(unlisted(needs) if answers.quotas is not None else ())],
    )
