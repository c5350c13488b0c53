"""How a price is written, and that a missing one is never zero."""


def usd(amount: float | None) -> str:
    """``$1,234.56``, or ``unknown`` for a price that was not found."""
    return "unknown" if amount is None else f"${amount:,.2f}"


def usd_range(least: float | None, most: float | None) -> str:
    """``$0.00 to $3.14``."""
    return f"{usd(least)} to {usd(most)}"
