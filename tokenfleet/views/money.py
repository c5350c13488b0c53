"""How a price is written, and that a missing one is never zero."""


def usd(amount: float | None) -> str:
    """``$1,234.56``, ``-$1.00``, or ``unknown`` for a price that was not found."""
    if amount is None:
        return "unknown"
    sign = "-" if round(amount, 2) < 0 else ""
    return f"{sign}${abs(amount):,.2f}"


def usd_range(least: float | None, most: float | None) -> str:
    """``$0.00 to $3.14``."""
    return f"{usd(least)} to {usd(most)}"
