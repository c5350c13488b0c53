"""Savings Plans and Reserved Instances over a bill: what they cover, and what they leave unused."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tokenfleet.economics.bill.lines import Bill, BillLine, Cause
from tokenfleet.estimate.refusal import CostError

# "Up to 66 %" and "up to 72 %" are what AWS says of Compute and of EC2 Instance Savings Plans
# (aws.amazon.com/savingsplans): more is a slip of the pen.
_MOST_COMPUTE_SAVING, _MOST_INSTANCE_SAVING = 0.66, 0.72
_NO_HOUR = 1e-12


@dataclass(frozen=True, kw_only=True)
class SavingsPlan:
    """``usd_per_hour`` is paid for every hour of the term, at rates below on demand.

    ``saving_by_type`` is the share that its rates are below on demand, by instance type; types
    that are not named are not covered, because their rates are not known. With ``family`` it is
    an EC2 Instance Savings Plan of that family, without one a Compute Savings Plan.

    Raises:
        CostError: for a commitment of nothing, or savings beyond what AWS offers.
    """

    name: str
    usd_per_hour: float
    years: Literal[1, 3]
    saving_by_type: Mapping[str, float]
    source: str
    date: dt.date
    family: str | None = None

    def __post_init__(self) -> None:
        _positive(self.usd_per_hour, self.name)
        most = _MOST_INSTANCE_SAVING if self.family else _MOST_COMPUTE_SAVING
        for kind, saving in self.saving_by_type.items():
            if not 0 <= saving <= most:
                problem = f"a saving of {saving:.0%} for {kind} is not between 0 and {most:.0%}"
                raise CostError(problem, place=self.name)
            if self.family and kind.partition(".")[0] != self.family:
                problem = f"{kind} is not of the family {self.family}"
                raise CostError(problem, place=self.name)


@dataclass(frozen=True, kw_only=True)
class ReservedInstances:
    """``count`` instances of one type, each ``usd_per_hour`` whether it runs or not.

    What was paid up front is spread over the hours of the term. A reserved size covers itself
    only: that a larger one counts as two smaller ones is left out.

    Raises:
        CostError: for a price or a count that is none.
    """

    name: str
    instance_type: str
    count: int
    usd_per_hour: float
    years: Literal[1, 3]
    source: str
    date: dt.date

    def __post_init__(self) -> None:
        _positive(self.usd_per_hour, self.name)
        _positive(self.count, self.name)


Commitment = SavingsPlan | ReservedInstances


@dataclass(frozen=True, kw_only=True)
class Utilisation:
    """How much of a commitment is used in an hour, and whether it pays.

    ``saved_usd_per_hour`` is on demand for the hours it covers, less all that is paid for it:
    negative where too much of it is unused.
    """

    name: str
    usd_per_hour: float
    used_usd_per_hour: float
    saved_usd_per_hour: float

    @property
    def share(self) -> float:
        """Used over paid."""
        return self.used_usd_per_hour / self.usd_per_hour


@dataclass(frozen=True, kw_only=True)
class CommittedBill:
    """A bill with its commitments, and how well each is used."""

    bill: Bill
    utilisations: Sequence[Utilisation]


def with_commitments(bill: Bill, commitments: Sequence[Commitment]) -> CommittedBill:
    """Put commitments over the on-demand hours of a bill; an hour is covered once.

    Reserved Instances come first, then EC2 Instance Savings Plans, then Compute Savings Plans,
    each where it saves most, as AWS applies them. Spot and capacity blocks are never covered.
    Hours that none covers stay as they are.
    """
    left = list(bill.lines)
    covered: list[BillLine] = []
    utilisations: list[Utilisation] = []
    for commitment in sorted(commitments, key=_order):
        paid = _paid(commitment)
        budget, listed = paid, 0.0
        for place, rate in _rates(commitment, left):
            line = left[place]
            hours = min(line.quantity or 0.0, budget / rate)
            if hours <= _NO_HOUR:
                continue
            budget -= hours * rate
            listed += hours * (line.usd_per_unit or 0.0)
            covered.append(_covered(line, commitment, hours, rate))
            left[place] = _shrunk(line, hours)
        unused = max(0.0, budget)
        if unused > _NO_HOUR:
            covered.append(_unused(commitment, unused))
        utilisations.append(
            Utilisation(
                name=commitment.name,
                usd_per_hour=paid,
                used_usd_per_hour=paid - unused,
                saved_usd_per_hour=listed - paid,
            )
        )
    kept = [line for line in left if line.quantity is None or line.quantity > _NO_HOUR]
    return CommittedBill(bill=replace(bill, lines=[*kept, *covered]), utilisations=utilisations)


def _order(commitment: Commitment) -> int:
    if isinstance(commitment, ReservedInstances):
        return 0
    return 1 if commitment.family else 2


def _paid(commitment: Commitment) -> float:
    if isinstance(commitment, ReservedInstances):
        return commitment.count * commitment.usd_per_hour
    return commitment.usd_per_hour


def _rates(commitment: Commitment, lines: Sequence[BillLine]) -> Sequence[tuple[int, float]]:
    """Lines that it may cover with what an hour of them takes of it, the largest saving first."""
    rates: list[tuple[float, int, float]] = []
    for place, line in enumerate(lines):
        kind, listed = line.on_demand_type, line.usd_per_unit
        if kind is None or listed is None:
            continue
        if isinstance(commitment, ReservedInstances):
            if kind == commitment.instance_type:
                rates.append((0.0, place, commitment.usd_per_hour))
        elif kind in commitment.saving_by_type:
            saving = commitment.saving_by_type[kind]
            rates.append((-saving, place, listed * (1 - saving)))
    return [(place, rate) for _, place, rate in sorted(rates)]


def _covered(line: BillLine, commitment: Commitment, hours: float, rate: float) -> BillLine:
    usd = hours * rate
    return replace(
        line,
        title=f"{line.title}, by {_title(commitment)}",
        quantity=hours,
        usd_per_unit=rate,
        usd_per_hour=usd,
        usd_per_hour_by_cause=_scaled(line, usd),
        source=commitment.source,
        as_of=commitment.date,
        on_demand_type=None,
    )


def _shrunk(line: BillLine, hours: float) -> BillLine:
    quantity = (line.quantity or 0.0) - hours
    usd = quantity * (line.usd_per_unit or 0.0)
    return replace(
        line,
        quantity=quantity,
        usd_per_hour=usd,
        usd_per_hour_by_cause=_scaled(line, usd),
    )


def _scaled(line: BillLine, usd: float) -> Mapping[Cause, float]:
    whole = line.usd_per_hour or 0.0
    return {cause: part * usd / whole for cause, part in line.usd_per_hour_by_cause.items()}


def _unused(commitment: Commitment, usd: float) -> BillLine:
    paid = _paid(commitment)
    return BillLine(
        title=f"{_title(commitment)}, unused",
        pool=None,
        quantity=usd / paid,
        unit="hour",
        usd_per_unit=paid,
        usd_per_hour=usd,
        usd_per_hour_by_cause={"idle": usd},
        source=commitment.source,
        as_of=commitment.date,
    )


def _title(commitment: Commitment) -> str:
    return f"{commitment.name} ({commitment.years} {'year' if commitment.years == 1 else 'years'})"


def _positive(figure: float, name: str) -> None:
    if not 0 < figure < math.inf:
        problem = f"{figure:g} is nothing that can be committed to"
        raise CostError(problem, place=name)
