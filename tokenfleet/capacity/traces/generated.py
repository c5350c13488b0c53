"""Capacity as it could be: spells drawn from what public traces of spot capacity look like.

Fitted by maximum likelihood to the first halves of the four sets of skypilot-org/spot-traces (38
days, 18 zones, 2023). Spells with capacity: Weibull of shape .6, scale 1.4 hours; an exponential is far off. Without:
shape .65, scale 1.3 hours. Of 100 losses some 7 have another zone lose with them, beyond chance.
"""

import random
from collections.abc import Sequence

from tokenfleet.capacity.traces.trace import CapacityTrace

UP_SHAPE, UP_HOURS = 0.6, 1.4
DOWN_SHAPE, DOWN_HOURS = 0.65, 1.3
SHARED_LOSSES = 0.07
TICK_SECONDS = 60


def generated_trace(
    seed: int,
    *,
    zones: Sequence[str],
    nodes: int,
    seconds: int,
    shared_losses: float = SHARED_LOSSES,
) -> CapacityTrace:
    """Zones that have ``nodes`` or none; ``shared_losses``: chance that a loss takes another's too."""
    draw = random.Random(seed)  # noqa: S311 - weather, not secrets
    up = [draw.random() < _share_up() for _ in zones]
    until = [_spell(draw, up=is_up) * draw.random() for is_up in up]
    starts, capacities = [0], [_row(up, nodes)]
    while (now := min(until)) < seconds:
        for zone in [number for number, end in enumerate(until) if end == now]:
            up[zone] = not up[zone]
            until[zone] = now + _spell(draw, up=up[zone])
            if not up[zone] and draw.random() < shared_losses:
                _taken_along(draw, up, until, now)
        tick = int(now) // TICK_SECONDS * TICK_SECONDS
        if tick > starts[-1]:
            starts.append(tick)
            capacities.append(_row(up, nodes))
        else:
            capacities[-1] = _row(up, nodes)
    return CapacityTrace(
        name=f"generated, seed {seed}",
        zones=tuple(zones),
        starts=starts,
        capacities=capacities,
        seconds=seconds // TICK_SECONDS * TICK_SECONDS,
    )


def _share_up() -> float:
    """Roughly: mean spells differ little between the two shapes."""
    return UP_HOURS / (UP_HOURS + DOWN_HOURS)


def _spell(draw: random.Random, *, up: bool) -> float:
    shape, hours = (UP_SHAPE, UP_HOURS) if up else (DOWN_SHAPE, DOWN_HOURS)
    return draw.weibullvariate(hours, shape) * 3600


def _taken_along(draw: random.Random, up: list[bool], until: list[float], now: float) -> None:
    others = [number for number, is_up in enumerate(up) if is_up]
    if others:
        other = draw.choice(others)
        up[other] = False
        until[other] = now + _spell(draw, up=False)


def _row(up: Sequence[bool], nodes: int) -> tuple[int, ...]:
    return tuple(nodes if is_up else 0 for is_up in up)
