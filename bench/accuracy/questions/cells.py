"""Cells of a row of a CSV file, under any of the names that corpora give them."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from tokenfleet.estimate.refusal import CostError


def read_rows(path: Path) -> Sequence[tuple[int, Mapping[str, str]]]:
    """The rows of a CSV file with their line numbers.

    Raises:
        CostError: when the file cannot be read or has no header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = [(reader.line_num, {k: v or "" for k, v in row.items() if k}) for row in reader]
    except OSError as error:
        raise CostError(str(error.strerror), place=str(path)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        problem = f"not a CSV file in UTF-8: {error}"
        raise CostError(problem, place=str(path)) from error
    if not rows:
        problem = "no rows below a header; score.py --queries prints some"
        raise CostError(problem, place=str(path))
    return rows


class Cells:
    """One row; of several names of a column the first that is filled in counts."""

    def __init__(self, row: Mapping[str, str], place: str) -> None:
        self._row = row
        self.place = place

    def text(self, *columns: str) -> str:
        """What stands there, without blanks around it; empty where nothing does."""
        return self._row.get(self._column(columns), "").strip()

    def where(self, *columns: str) -> str:
        """File, line and column, for a message."""
        return f"{self.place}: {self._column(columns)}"

    def number(
        self,
        *columns: str,
        default: float | None = None,
        least: float = 0.0,
        most: float = math.inf,
    ) -> float:
        """The number there, or ``default`` where nothing stands.

        Raises:
            CostError: there is none, or none in the range.
        """
        text, place = self.text(*columns), self.where(*columns)
        if not text and default is not None:
            return default
        if not text:
            problem = "missing"
            raise CostError(problem, place=place)
        try:
            value = float(text)
        except ValueError as error:
            problem = f"'{text}' is not a number"
            raise CostError(problem, place=place) from error
        if not least <= value <= most or math.isinf(value):
            allowed = f"a number from {least:g} on"
            if math.isfinite(most):
                allowed = f"between {least:g} and {most:g}"
            problem = f"{text} is not {allowed}"
            raise CostError(problem, place=place)
        return value

    def maybe(self, *columns: str, least: float = 0.0, most: float = math.inf) -> float | None:
        """The number there, None where nothing stands.

        Raises:
            CostError: what stands there is no number in the range.
        """
        return self.number(*columns, least=least, most=most) if self.text(*columns) else None

    def whole(
        self,
        *columns: str,
        default: float | None = None,
        least: float = 0.0,
        most: float = math.inf,
    ) -> int:
        """The count there, or ``default`` where nothing stands.

        Raises:
            CostError: there is none, or none in the range.
        """
        value = self.number(*columns, default=default, least=least, most=most)
        if self.text(*columns) and not value.is_integer():
            problem = f"{self.text(*columns)} is not a whole number"
            raise CostError(problem, place=self.where(*columns))
        return int(value)

    def maybe_whole(self, *columns: str, least: float = 0.0, most: float = math.inf) -> int | None:
        """The count there, None where nothing stands.

        Raises:
            CostError: what stands there is no count in the range.
        """
        return self.whole(*columns, least=least, most=most) if self.text(*columns) else None

    def _column(self, columns: Sequence[str]) -> str:
        filled = (column for column in columns if self._row.get(column, "").strip())
        present = (column for column in columns if column in self._row)
        return next(filled, None) or next(present, columns[0])
