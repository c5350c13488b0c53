"""Savings Plans and Reserved Instances that the user has or thinks of: a YAML file."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tokenfleet.economics.bill.commitments import Commitment, ReservedInstances, SavingsPlan
from tokenfleet.economics.given_rows import checked, rows_of
from tokenfleet.economics.refusal import CostError

_EXAMPLE = (
    "a list of Savings Plans (name, usdPerHour, years, savingByType, source, date, and family where"
    " it is one of EC2 instances) and Reserved Instances (name, instanceType, count, usdPerHour,"
    " years, source, date)"
)
_Words = Annotated[str, Field(min_length=1)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, allow_inf_nan=False)

    name: _Words
    usd_per_hour: float
    years: Literal[1, 3]
    source: _Words
    date: dt.date


class _SavingsPlan(_Given):
    saving_by_type: Mapping[str, float]
    family: str | None = None


class _Reserved(_Given):
    instance_type: str
    count: int


def read_commitments(path: Path) -> Sequence[Commitment]:
    """The commitments of a file, as they stand there.

    Raises:
        CostError: when the file cannot be read or an entry is not as it should be, naming file,
            line and key.
    """
    return [_commitment(row, place) for row, place in rows_of(path, _EXAMPLE)]


def _commitment(found: object, place: str) -> Commitment:
    try:
        if isinstance(found, dict) and "instanceType" in found:
            return ReservedInstances(
                **dict(checked(_Reserved, cast("object", found), place, _EXAMPLE))
            )
        return SavingsPlan(**dict(checked(_SavingsPlan, cast("object", found), place, _EXAMPLE)))
    except CostError as error:
        if error.place.startswith(place):
            raise
        raise CostError(error.problem, place=f"{place}: {error.place}") from error
