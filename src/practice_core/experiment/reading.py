"""A platform's own log of offers, read from a CSV file: input from outside, bounded and checked."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from practice_core.areas.inputs import file_bytes, utf8
from practice_core.areas.tables import Account, Columns, quoted, table
from practice_core.simulation.offers import COLUMNS, Offers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["read_offers"]

LARGEST = 32 << 20
"""Bytes of a log, at most; a year of a county is a tenth of it."""
LONGEST_ID = 64
MOST_PER_ORDER = 100
"""Offers of one order; more is a call to everybody, in which nobody's silence means no."""
_MOST = {"km": 1e3, "load": 1e3, "notifications": 1e4, "delay_hours": 1e4}
_MOST |= {"hour": 24.0, "open_hours": 1e4}
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?|[+-]?\.[0-9]+")
_FLAGS = {"0": False, "1": True, "false": False, "true": True}
_OPTIONAL = ("hour", "open_hours")
_MAY_BE_EMPTY = ("delay_hours",)
_COLUMNS = Columns({name: (name,) for name in COLUMNS}, optional=_OPTIONAL, others=True)


def read_offers(path: Path) -> Offers:
    """Read an offers log: CSV in UTF-8 with a head line, a row for each offer to a team.

    Columns, in any order; others are ignored, the last two may be missing: ``order``, ``team``
    (ids of at most 64 characters), ``km``, ``load``, ``notifications`` (numbers of 0 or more),
    ``answered``, ``accepted`` (0, 1, true or false), ``delay_hours`` (empty if not answered or not
    known), ``hour`` (0 to 24), ``open_hours``. See `Offers` for what they mean.

    Parameters
    ----------
    path
        Of at most 32 MiB, 200,000 rows, 5,000 teams and 100 offers an order.

    Raises
    ------
    DefinitionError
        With the place, line by line, of the first 20 faults and the number of the others.
    OSError
        If the file cannot be read.
    """
    raw, name = file_bytes(path, most=LARGEST), path.name
    return _Reader(name).read(utf8(raw, name, "save the table as CSV in UTF-8"))


class _Reader:
    """Reads one log and keeps account of what is wrong with it."""

    def __init__(self, name: str) -> None:
        self.account = Account(name)
        self.fault = self.account.fault

    def read(self, text: str) -> Offers:
        values: dict[str, list[Any]] = {}
        lines: list[int] = []
        for line, cells in table(text, self.account, _COLUMNS):
            lines.append(line)
            for column, cell in cells.items():
                values.setdefault(column, []).append(self.cell(line, column, cell.strip()))
            self.consistent(line, values)
        if not lines and not self.account.count:
            self.fault(1, "no offer", "a row for each offer", "export the offers")
        self.bounded("order", values.get("order", []), lines)
        self.account.refuse()
        return Offers(
            tuple(values["order"]),
            tuple(values["team"]),
            np.array(values["km"], np.float64),
            np.array(values["load"], np.float64),
            np.array(values["notifications"], np.float64),
            np.array(values["answered"], bool),
            np.array(values["accepted"], bool),
            np.array(values["delay_hours"], np.float64),
            *(np.array(values[name], np.float64) if name in values else None for name in _OPTIONAL),
        )

    def cell(self, line: int, column: str, cell: str) -> str | float | bool:
        """Read one cell; a fault gives something harmless."""
        if column in ("order", "team"):
            if not (0 < len(cell) <= LONGEST_ID and cell.isprintable()):
                expected = f"an id of 1 to {LONGEST_ID} characters"
                self.fault(line, f"{column} {quoted(cell)}", expected, f"mend {column}")
            return cell
        if column in ("answered", "accepted"):
            flag = _FLAGS.get(cell.lower())
            if flag is None:
                self.fault(line, f"{column} {quoted(cell)}", "0 or 1", f"mend {column}")
            return bool(flag)
        if not cell and column in _MAY_BE_EMPTY:
            return math.nan
        number = float(cell) if _NUMBER.fullmatch(cell) else math.nan
        if not 0 <= number <= _MOST[column]:
            expected = f"a number from 0 to {_MOST[column]:.0f}"
            self.fault(line, f"{column} {quoted(cell)}", expected, f"mend {column}")
        return number

    def consistent(self, line: int, values: Mapping[str, list[Any]]) -> None:
        answered, accepted = values["answered"][-1], values["accepted"][-1]
        if accepted and not answered:
            expected = "answered 1 where accepted is 1"
            self.fault(line, "accepted without an answer", expected, "mend one of them")
        elif not answered and not math.isnan(values["delay_hours"][-1]):
            self.fault(line, "a delay without an answer", "an empty delay_hours", "mend one")

    def bounded(self, column: str, values: Sequence[str], lines: Sequence[int]) -> None:
        counts: dict[str, int] = {}
        for one, line in zip(values, lines, strict=True):
            counts[one] = counts.get(one, 0) + 1
            if counts[one] == MOST_PER_ORDER + 1:
                found = f"more than {MOST_PER_ORDER} offers of {column} {quoted(one)}"
                remedy = "leave out orders that were offered to everybody"
                self.fault(line, found, "offers to single teams", remedy)
