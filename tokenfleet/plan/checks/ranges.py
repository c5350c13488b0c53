"""Ranges of addresses that together let in everyone, though none of them says so."""

from collections.abc import Sequence
from ipaddress import IPv4Network, collapse_addresses

_ALL = 2**32
_NEARLY_ALL = 0.5
"""Of all addresses: nobody's own ranges are as many."""


def nearly_all(ranges: Sequence[IPv4Network]) -> str | None:
    """How much of all addresses they are together, in words; None where that is little, or one alone is all."""
    if any(each.prefixlen == 0 for each in ranges):
        return None
    share = sum(each.num_addresses for each in collapse_addresses(ranges)) / _ALL
    return f"{share:.0%} of all addresses" if share >= _NEARLY_ALL else None
