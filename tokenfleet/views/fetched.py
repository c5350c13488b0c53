"""How bytes and the way they travel are written where people read them."""

from collections.abc import Sequence

from tokenfleet.plan.start.fetches import Fetch, Way, nat_gb

NAT: Way = "NAT gateway"
FREE: Way = "S3 endpoint"


def fetched_line(fetches: Sequence[Fetch]) -> str:
    """``fetches 10.2 GB through NAT (engine image 10, ...) and 65.5 GB through S3, free (...)``."""
    free = sum(fetch.gb.expected for fetch in fetches if fetch.way == FREE)
    return (
        f"fetches {gb_text(nat_gb(fetches).expected)} GB through NAT ({parts_text(fetches, NAT)})"
        f" and {gb_text(free)} GB through S3, free ({parts_text(fetches, FREE)})"
    )


def parts_text(fetches: Sequence[Fetch], way: Way) -> str:
    """``engine image 10, AWS APIs 0.005``: expected GB of what travels that way."""
    return ", ".join(
        f"{fetch.what} {gb_text(fetch.gb.expected)}" for fetch in fetches if fetch.way == way
    )


def gb_text(gb: float) -> str:
    """Three digits, or all before the point: ``1,204``, ``65.2``, ``0.005``."""
    return f"{gb:,.0f}" if gb >= 100 else f"{gb:.3g}"  # noqa: PLR2004 - where decimals end
