"""Savings Plans and Reserved Instances that the user has or thinks of: a YAML file."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tokenfleet.catalogue.machines.instances import instance_types
from tokenfleet.economics.bill.commitments import Commitment, ReservedInstances, SavingsPlan
from tokenfleet.economics.given_rows import check_past, checked, rows_of
from tokenfleet.estimate.refusal import CostError
from tokenfleet.mistakes import nearest

_EXAMPLE = (
    "a list of Savings Plans (name, usdPerHour, years, savingByType, source, date, and family where"
    " it is one of EC2 instances) and Reserved Instances (name, instanceType, count, usdPerHour,"
    " years, source, date)"
)
# No company pays or has as much: beyond it a figure is a slip of the pen.
_MOST_USD_PER_HOUR, _MOST_INSTANCES = 1_000_000, 1_000_000
_Words = Annotated[str, Field(min_length=1)]


class _Given(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", alias_generator=to_camel, allow_inf_nan=False
    )

    name: _Words
    usd_per_hour: Annotated[float, Field(le=_MOST_USD_PER_HOUR)]
    years: Literal[1, 3]
    source: _Words
    date: dt.date


class _SavingsPlan(_Given):
    saving_by_type: Mapping[str, float]
    family: str | None = None


class _Reserved(_Given):
    instance_type: str
    count: Annotated[int, Field(le=_MOST_INSTANCES)]


def read_commitments(path: Path, today: dt.date) -> Sequence[Commitment]:
    """The commitments of a file, as they stand there; none has ended before ``today``.

    Raises:
        CostError: when the file cannot be read or an entry is not as it should be, naming file,
            line and key.
    """
    return [_commitment(row, place, today) for row, place in rows_of(path, _EXAMPLE)]


def _commitment(found: object, place: str, today: dt.date) -> Commitment:
    if isinstance(found, dict) and "instanceType" in found:
        row = checked(_Reserved, cast("object", found), place, _EXAMPLE)
        _check_types({"instanceType": row.instance_type}, place)
    else:
        row = checked(_SavingsPlan, cast("object", found), place, _EXAMPLE)
        _check_types({f"savingByType.{kind}": kind for kind in row.saving_by_type}, place)
    check_past(row.date, today, place)
    # Of the 29th of February, on the 1st of March.
    ends = dt.date(row.date.year + row.years, row.date.month, 1) + (
        row.date - row.date.replace(day=1)
    )
    if ends <= today:
        term = f"{row.years} {'year' if row.years == 1 else 'years'}"
        problem = (
            f"the {term} from {row.date} ended on {ends}: leave it out, or date what is offered"
        )
        raise CostError(problem, place=f"{place}: date")
    try:
        if isinstance(row, _Reserved):
            return ReservedInstances(**dict(row))
        return SavingsPlan(**dict(row))
    except CostError as error:
        raise CostError(error.problem, place=f"{place}: {error.place}") from error


def _check_types(names: Mapping[str, str], place: str) -> None:
    known = instance_types()
    for key, name in names.items():
        if name not in known:
            problem = f"{name} is no instance type of the catalogue.{nearest(name, known)}"
            raise CostError(problem, place=f"{place}: {key}")
