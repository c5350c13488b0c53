"""How counts, bounds and prices per unit are written where people read them."""

from tokenfleet.economics.bill import CostLine
from tokenfleet.plan.serving import ModelPlan
from tokenfleet.preview.money import usd, usd_range
from tokenfleet.preview.report import TierReport


def count(number: int, noun: str) -> str:
    """``1 node``, ``12 nodes``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def bounds(least: int, most: int, noun: str) -> str:
    """``0 to 12 nodes``, or ``3 nodes`` where the bounds are equal."""
    return count(most, noun) if least == most else f"{least:,} to {count(most, noun)}"


def unit_price(line: CostLine) -> str:
    """``$0.045 / GB``: with all the digits of the price list, cents at least."""
    if line.usd_per_unit is None:
        return usd(None)
    whole, _, decimals = f"{line.usd_per_unit:,.6f}".partition(".")
    return f"${whole}.{decimals.rstrip('0'):0<2} / {line.unit}"


def hourly_price(tier: TierReport) -> str:
    """What a tier costs an hour, from its fewest nodes to its most."""
    least, most = tier.hourly.least_usd, tier.hourly.most_usd
    if tier.purchase_option == "spot" and tier.min_nodes:
        # The lower end holds only the root volumes then: there is no spot price in the catalogue.
        return f"{usd(None)} to {usd(most)}"
    return usd(most) if least == most else usd_range(least, most)


def load(model: ModelPlan) -> str:
    """``0.5/s of 800 in, 250 out``."""
    if model.traffic is None:
        return "no traffic given"
    traffic = model.traffic
    lengths = f"{traffic.input_tokens:,} in, {traffic.output_tokens:,} out"
    return f"{traffic.requests_per_second:g}/s of {lengths}"


def promise(model: ModelPlan) -> str:
    """``p99 TTFT 2,000 ms, ITL 200 ms``."""
    objective = model.objective
    return f"p99 TTFT {objective.ttft_p99_ms:,} ms, ITL {objective.itl_p99_ms:,} ms"
