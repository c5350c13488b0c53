"""How prices of a million tokens are written, whose size spans five orders of magnitude."""

import math

from tokenfleet.estimate.quantiles import Quantiles


def per_mtok(amount: float | None) -> str:
    """US dollars with three significant digits: ``$0.0123``, ``$1.23``, ``$123``; of nothing, a dash."""
    if amount is None:
        return "-"
    if not amount:
        return "$0"
    decimals = 2 - math.floor(math.log10(abs(amount)))
    return f"${amount:,.{min(max(0, decimals), 6)}f}"


def per_mtok_range(price: Quantiles) -> str:
    """``$1.23 (1.00 to 1.50)``: the median, and the 10th to the 90th percentile."""
    least, middle, most = (per_mtok(figure) for figure in (price.p10, price.p50, price.p90))
    return middle if least == most else f"{middle} ({least[1:]} to {most[1:]})"
