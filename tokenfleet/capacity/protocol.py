"""The policy behind lines of JSON: an observation in, an answer out, so that others can judge it.

The first message names the pool: ``{"init": {"N": 4, "zones": [...], "boot_s": 180, "spot_price":
0.3, "notice_s": 120, "fail_delay_s": 15}}``. Each one after it is an observation, ``{"t": 1230,
"zones": {zone: {"ready", "booting", "asked", "notice", "failed", "reclaimed"}}, "od": {"ready",
"booting"}}``, and is answered by ``{"spot": {zone: nodes}, "od": nodes, "sleep_s": seconds}``.
"""

import json
from collections.abc import Iterable, Iterator
from typing import TypeVar

from pydantic import BaseModel, Field, NonNegativeInt, PositiveInt, ValidationError

from tokenfleet.capacity.policy.decide import decide
from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.policy.memory import Memory
from tokenfleet.capacity.policy.observation import Observation, OnDemandSeen, ZoneSeen

_M = TypeVar("_M", bound=BaseModel)


# A judge without a word for refusals shows them by nodes that do not come; one call may fail.
_IN_VAIN = 3


class ProtocolError(ValueError):
    """A line that is no message of the protocol; says which and why."""


class _Init(BaseModel):
    wanted: PositiveInt = Field(alias="N")
    boot_s: float = Field(gt=0)
    spot_price: float = Field(default=0.3, gt=0, le=1)
    notice_s: float = Field(default=120, ge=0)
    fail_delay_s: float = Field(default=15, ge=0)


class _First(BaseModel):
    init: _Init


class _Zone(BaseModel):
    ready: NonNegativeInt
    booting: NonNegativeInt
    asked: NonNegativeInt = 0
    notice: NonNegativeInt = 0
    failed: NonNegativeInt = 0
    reclaimed: NonNegativeInt = 0
    risk: bool = False


class _OnDemand(BaseModel):
    ready: NonNegativeInt
    booting: NonNegativeInt
    failed: NonNegativeInt | None = None


class _Seen(BaseModel):
    t: float
    zones: dict[str, _Zone]
    od: _OnDemand


def answers(lines: Iterable[str], *, care: float, spare: int) -> Iterator[str]:
    """An answer for every observation.

    Raises:
        ProtocolError: at the first line that is none.
    """
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    for number, line in numbered:
        init = _read(_First, number, line).init
        knobs = Knobs(
            boot=init.boot_s,
            serves=init.notice_s,
            answer=init.fail_delay_s,
            spot_price=init.spot_price,
            care=care,
            spare=spare,
        )
        yield from _played(numbered, init.wanted, knobs)


def _played(numbered: Iterable[tuple[int, str]], wanted: int, knobs: Knobs) -> Iterator[str]:
    memory, on_demand_asked, in_vain = Memory(), 0, 0
    for number, line in numbered:
        message = _read(_Seen, number, line)
        missing = on_demand_asked - message.od.ready - message.od.booting
        in_vain = in_vain + 1 if missing > 0 else 0
        seen = _observation(message, wanted, missing if in_vain >= _IN_VAIN else 0)
        actions, memory = decide(seen, memory, knobs)
        on_demand_asked = actions.on_demand
        yield json.dumps(
            {"spot": actions.spot, "od": actions.on_demand, "sleep_s": actions.sleep_seconds}
        )


def _read(kind: type[_M], number: int, line: str) -> _M:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the line"
        msg = f"line {number} is no message of the protocol: {where}: {first['msg']}"
        raise ProtocolError(msg) from error


def _observation(message: _Seen, wanted: int, missing: int) -> Observation:
    od = message.od
    return Observation(
        now=message.t,
        wanted=wanted,
        zones={
            name: ZoneSeen(
                ready=zone.ready,
                booting=zone.booting,
                asked=zone.asked,
                doomed=zone.notice,
                refused=zone.failed,
                reclaimed=zone.reclaimed,
                warned=zone.risk,
            )
            for name, zone in message.zones.items()
        },
        on_demand=OnDemandSeen(
            ready=od.ready,
            booting=od.booting,
            refused=missing if od.failed is None else od.failed,
        ),
    )
