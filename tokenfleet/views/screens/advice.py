"""What an account would refuse, on a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tokenfleet.advice.advice import Advice, AdvisedZone
from tokenfleet.advice.findings import AccountFinding
from tokenfleet.advice.quotas import QuotaNeed
from tokenfleet.advice.spot import SpotTier
from tokenfleet.advice.zones import MissingOffer
from tokenfleet.plain_text import written_out
from tokenfleet.views.money import usd
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.tables.table import Column

_ASK = (
    "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code CODE"
    " --desired-value VCPUS"
)
_NOTHING = "Nothing found that would block pulumi up."


def advice_screen(advice: Advice) -> Group:
    """What to change first, then the figures behind it, then what nobody could say."""
    parts: list[RenderableType] = [
        Text.assemble((advice.stack, "bold"), f" in {advice.region}"),
        *_findings(advice),
        "",
        _quotas(advice.quotas),
    ]
    if any(need.short_vcpus for need in advice.quotas):
        parts.append(Text(f"To ask for more: {_ASK} --region {advice.region}", "dim"))
    if advice.missing_offers:
        parts += ["", _missing(advice.missing_offers)]
    if any(tier.score_by_zone or tier.supportability for tier in advice.spot):
        parts += ["", _places(advice)]
    if any(kind.by_zone for tier in advice.spot for kind in tier.types):
        parts += ["", _prices(advice.spot)]
    if any(zone.interruptions for zone in advice.zones):
        parts += ["", _interruptions(advice.zones)]
    if advice.not_known:
        parts += ["", Text("Not known", "bold")]
        parts += [Text(f"- {written_out(line)}") for line in advice.not_known]
    return Group(*parts)


def _findings(advice: Advice) -> Iterator[RenderableType]:
    if not advice.blocked:
        yield Text(_NOTHING, "green")
    if advice.findings:
        lines = Table.grid(padding=(0, 2, 0, 0))
        for found in advice.findings:
            word = ("blocks", "red") if found.level == "blocks" else ("warns", "yellow")
            lines.add_row(Text(*word), Text(_line(found)))
        yield lines


def _line(found: AccountFinding) -> str:
    return written_out(f"{found.about}: {found.problem}. To change: {found.change}.")


def _quotas(needs: Sequence[QuotaNeed]) -> Fitted:
    screen = Fitted(
        title="Quotas, in vCPUs",
        columns=[
            Column("Code", whole=True),
            Column("Quota"),
            Column("At first", number=True),
            Column("At most", number=True),
            Column("Allowed", number=True),
            Column("Short", number=True),
        ],
        caption=(
            "At most: every tier at its maximum, nodes of the largest type. Whatever else runs in"
            " the account counts too, and is not seen here."
        ),
    )
    for need in needs:
        screen.row(
            need.code,
            need.name,
            f"{need.at_first_vcpus:,}",
            f"{need.most_vcpus:,}",
            "not known" if need.quota_vcpus is None else f"{need.quota_vcpus:,.0f}",
            "not known" if need.short_vcpus is None else f"{need.short_vcpus or 'enough'}",
            style="red" if need.short_vcpus else "",
        )
    return screen


def _missing(offers: Sequence[MissingOffer]) -> Fitted:
    screen = Fitted(
        title="Not offered", columns=[Column("Pool"), Column("Type"), Column("In zones")]
    )
    for each in offers:
        screen.row(each.pool, each.instance_type, ", ".join(each.zones))
    return screen


def _places(advice: Advice) -> Fitted:
    screen = Fitted(
        title="Where spot would be found",
        columns=[
            Column("Pool"),
            Column("Nodes", number=True),
            Column("Zone", whole=True),
            Column("Id", whole=True),
            Column("Score", number=True),
            Column("All zones now", gives_way=1),
        ],
        caption=(
            "Score: 1 to 10, how likely that zone alone has all these nodes now; no promise."
            " All zones now: what EC2 has of them."
        ),
    )
    for tier in advice.spot:
        now = tier.supportability or "not known"
        if not tier.score_by_zone:
            screen.row(tier.pool, f"{tier.nodes}", "", "", "not known", now)
            continue
        for zone in advice.zones:
            score = tier.score_by_zone.get(zone.zone)
            cells = (zone.zone, zone.zone_id or "", "none" if score is None else f"{score}", now)
            screen.row(tier.pool, f"{tier.nodes}", *cells)
    return screen


def _prices(tiers: Sequence[SpotTier]) -> Fitted:
    screen = Fitted(
        title="Spot, US dollars an hour",
        columns=[
            Column("Type", whole=True),
            Column("Zone", whole=True),
            Column("Now", number=True),
            Column("Of on demand", number=True),
            Column("Week's mean", number=True),
            Column("Week's high", number=True),
            Column("On demand", number=True, gives_way=2),
            Column("In the bill", number=True, gives_way=1),
        ],
    )
    kinds = {kind.instance_type: kind for tier in tiers for kind in tier.types}
    for kind in kinds.values():
        for zone, price in kind.by_zone.items():
            listed = kind.on_demand_usd
            screen.row(
                kind.instance_type,
                zone,
                f"${price.now_usd:.4f}",
                f"{price.now_usd / listed:.0%}" if listed else "unknown",
                f"${price.week_mean_usd:.4f}",
                f"${price.week_high_usd:.4f}",
                usd(listed),
                usd(kind.assumed_usd),
            )
    return screen


def _interruptions(zones: Sequence[AdvisedZone]) -> Fitted:
    screen = Fitted(
        title="The account's own spot instances, two weeks",
        columns=[
            Column("Zone", whole=True),
            Column("Id", whole=True),
            Column("Taken back", number=True),
            Column("After, hours", number=True),
            Column("Requests filled", number=True),
        ],
        caption="Of every type: Capacity Manager divides interruptions by zone, not by type.",
    )
    for zone in zones:
        if found := zone.interruptions:
            screen.row(
                zone.zone,
                zone.zone_id or "",
                _figure(found.interrupted_percent, "%"),
                _figure(found.hours_before_interruption),
                _figure(found.fulfilled_percent, "%"),
            )
    return screen


def _figure(value: float | None, unit: str = "") -> str:
    return "not known" if value is None else f"{value:.3g}{unit}"
