"""The cost calculator of the untitled post about vLLM 0.4 on Graviton4, as it is printed there."""

import math
from dataclasses import dataclass

_SECONDS_PER_DAY = 86_400
_HOURS_PER_MONTH = 730
_CONTINGENCY, _OVERHEAD = 1.2, 1.1


@dataclass(frozen=True, kw_only=True)
class Monthly:
    """Whole instances, and US dollars a month with 10 % for disks and transfer."""

    instances: int
    usd: float


def monthly(tokens_a_day: float, tokens_a_second: float, usd_an_hour: float) -> Monthly:
    """What a volume costs on instances that serve so much at so much."""
    needed = tokens_a_day * _CONTINGENCY / (tokens_a_second * _SECONDS_PER_DAY)
    instances = math.ceil(max(1, needed))
    return Monthly(instances=instances, usd=instances * usd_an_hour * _HOURS_PER_MONTH * _OVERHEAD)
