"""What is paid when nobody asks anything."""

from tokenfleet.preview.report import Report
from tokenfleet.views.front_page.facts import Fact, Passage
from tokenfleet.views.money import usd, usd_range
from tokenfleet.views.story import until_published

NIGHT_HOURS = 10
"""From eight in the evening to six in the morning."""

_ASSUMED = (
    "Assumed: weights are published, and every model is down to its replicas.min, as it is once"
    " nobody has asked for a while; any load keeps more."
)


def nights(report: Report) -> Passage:
    """An hour and a night of the fleet as it stands, whoever uses it."""
    cost = report.cost
    floor, bill = cost.floor.usd_per_hour, cost.bill.usd_per_hour
    facts = [
        Fact(
            what="at the fewest replicas",
            figure=f"{usd(floor.expected)} an hour",
            detail=f"a night {usd_range(floor.low * NIGHT_HOURS, floor.high * NIGHT_HOURS)}"
            if usd(floor.low) != usd(floor.high)
            else "",
        )
    ]
    if usd(bill.expected) != usd(floor.expected):
        facts.append(
            Fact(
                what="with the replicas of the load",
                figure=f"{usd(bill.expected)} an hour",
                detail=f"a night {usd(bill.expected * NIGHT_HOURS)}",
            )
        )
    return Passage(
        name="nights",
        title="When nobody asks anything",
        facts=facts,
        remark=" ".join(filter(None, [_ASSUMED, until_published(report)])),
    )
