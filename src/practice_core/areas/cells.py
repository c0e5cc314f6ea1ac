"""Cells of a county's own spreadsheets, understood one by one: texts, words, numbers, dates, hours.

What a spreadsheet would run as a formula and what no eye can see in a cell is refused, and noted
with its line.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import attrs

from practice_core.areas.hours import read_hours
from practice_core.areas.inputs import sheet_text
from practice_core.areas.tables import Account, Columns, quoted, spelt, table
from practice_core.errors import attempt
from practice_core.hierarchy.sites import LONGEST_NAME
from practice_core.terms import Category, term
from practice_core.units import is_identifier

if TYPE_CHECKING:
    import enum
    from collections.abc import Mapping, Sequence

    from practice_core.errors import Fault
    from practice_core.units import Calendar

__all__ = [
    "LONGEST_CELL",
    "Row",
    "csv_text",
    "plain",
    "row_ids",
    "sheet_rows",
    "unless_empty",
    "vocabulary",
]

Member = TypeVar("Member", bound="enum.StrEnum")

LONGEST_CELL = LONGEST_NAME
_RUN = ("=", "+", "-", "@")
"""A spreadsheet runs a cell that begins so; a tab or line end before it is refused as hidden."""
_SPACES = str.maketrans("\u3000\xa0", "  ")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})", re.ASCII)
_BETWEEN = re.compile(r"[;、|,]")
_TRUTHS = dict.fromkeys(("yes", "true", "1", "是", "有"), True)
_TRUTHS |= dict.fromkeys(("no", "false", "0", "否", "无", ""), False)


def vocabulary(kind: type[Member]) -> dict[str, Member]:
    """Give the words that name a member: its identifier and its word in both languages."""
    return {
        spelt(word): member
        for member in kind
        for word in (member.value, term(member, "en"), term(member, "zh"))
    }


_CATEGORIES = vocabulary(Category)


@attrs.define
class Row:
    """One row; what is wrong with a cell is noted, and something harmless given for it."""

    account: Account
    number: int
    line: int
    cells: Mapping[str, str]
    refused: set[str] = attrs.field(factory=set)

    def fault(
        self,
        column: str,
        found: str,
        expected: str,
        remedy: str,
        meant: tuple[str, Sequence[str]] | None = None,
    ) -> None:
        """Note what is wrong with a cell: once, the first of it."""
        if column not in self.refused:
            self.refused.add(column)
            self.account.fault(self.line, found, expected, remedy, meant=meant)

    def text(self, column: str) -> str:
        """Give a cell as it stands, spaces mended; empty if it cannot be taken."""
        cell = self.cells.get(column, "").translate(_SPACES)
        if not cell or column in self.refused:
            return ""
        text = " ".join(cell.split())
        if not cell.isprintable():
            code = next(ord(sign) for sign in cell if not sign.isprintable())
            found = f"{column} {quoted(cell)} with the hidden character U+{code:04X}"
            self.fault(column, found, "signs that can be seen", "type the cell anew")
        elif text.startswith(_RUN) or unicodedata.normalize("NFKC", text).startswith(_RUN):
            found = f"{column} {quoted(text)}, which a spreadsheet would run"
            self.fault(column, found, "plain text", f"write it without {text[0]} at its start")
        elif len(text) > LONGEST_CELL:
            found = f"{column} of {len(text)} characters"
            self.fault(column, found, f"at most {LONGEST_CELL}", f"shorten {column}")
        else:
            return text
        return ""

    def holds(self, column: str) -> bool:
        """Tell whether something stands in a cell."""
        return bool(self.cells.get(column, "").strip())

    def word(self, column: str) -> str:
        """Give a cell with full-width letters, digits and signs made plain."""
        return unicodedata.normalize("NFKC", self.text(column))

    def member(self, column: str, words: Mapping[str, Member], what: str) -> Member | None:
        """Give the member that a cell names."""
        return self.among(column, self.text(column), words, what)

    def categories(self, *, optional: bool = False) -> tuple[Category, ...]:
        """Give the categories that a cell names, in its order."""
        parts = [part.strip() for part in _BETWEEN.split(self.word("categories"))]
        parts = [part for part in parts if part] or ([] if optional else [""])
        found = [self.among("categories", part, _CATEGORIES, "category") for part in parts]
        if len(set(found)) < len(found):
            self.fault("categories", "a category twice", "different ones", "remove one")
        return tuple(category for category in found if category is not None)

    def whole(self, column: str, most: int, *, least: int = 1) -> int | None:
        """Give a whole number; None if the cell is empty."""
        cell = unicodedata.normalize("NFKC", self.cells.get(column, "")).strip()
        if cell.isascii() and cell.isdecimal() and len(cell) <= len(str(most)):
            number = int(cell)
            if least <= number <= most:
                return number
        if cell:
            expected = f"a whole number from {least} to {most}"
            self.fault(column, f"{column} {quoted(cell)}", expected, f"mend {column}")
        return None

    def truth(self, column: str) -> bool:
        """Give a yes or no; no if the cell is empty."""
        found = _TRUTHS.get(spelt(self.cells.get(column, "")))
        if found is None:
            self.fault(
                column,
                f"{column} {quoted(self.cells[column])}",
                "是 yes or 否 no",
                f"mend {column}",
            )
        return bool(found)

    def date(self, column: str) -> dt.date | None:
        """Give a day; None if the cell is empty."""
        cell = unicodedata.normalize("NFKC", self.cells.get(column, "")).strip()
        found = _DATE.fullmatch(cell)
        with suppress(ValueError):  # no such day
            if found is not None:
                return dt.date(*map(int, found.groups()))
        if cell:
            given = f"{column} {quoted(cell)}"
            self.fault(column, given, "a day such as 2019-12-03", f"mend {column}")
        return None

    def hours(self, column: str) -> Calendar | None:
        """Give opening hours; None if the cell is empty."""
        cell = " ".join(self.cells.get(column, "").split())
        faults: list[Fault] = []
        found = attempt(faults, read_hours, cell) if cell else None
        for fault in faults[:1]:
            self.fault(column, fault.found, fault.expected, fault.remedy)
        return found

    def position(self) -> tuple[float, float] | tuple[None, None]:
        """Give (lon, lat) in degrees; a pair of None if both cells are empty."""
        lon, lat = (self._degrees(column) for column in ("lon", "lat"))
        given = [column for column in ("lon", "lat") if self.cells.get(column, "").strip()]
        if len(given) == 1:
            missing = "lat" if given == ["lon"] else "lon"
            self.fault(
                missing, f"{given[0]} without {missing}", "both or neither", f"add {missing}"
            )
        return (None, None) if lon is None or lat is None else (lon, lat)

    def _degrees(self, column: str) -> float | None:
        cell = unicodedata.normalize("NFKC", self.cells.get(column, "")).strip()
        if _NUMBER.fullmatch(cell):
            return float(cell)
        if cell:
            expected = "decimal degrees such as 120.64"
            self.fault(column, f"{column} {quoted(cell)}", expected, f"mend {column}")
        return None

    def among(
        self, column: str, text: str, words: Mapping[str, Member], what: str
    ) -> Member | None:
        """Give the member that a text names, `what` being one of which the cell speaks."""
        found = words.get(spelt(text))
        if found is None:
            given = f"unknown {what} {quoted(text)}" if text else f"no {what}"
            members = dict.fromkeys(words.values())
            expected = "one of " + ", ".join(f"{term(one, 'zh')} {one}" for one in members)
            self.fault(column, given, expected, f"mend {column}", (spelt(text), sorted(words)))
        return found


def unless_empty(columns: Mapping[str, Sequence[object]]) -> dict[str, Sequence[object]]:
    """Give the columns in which something stands."""
    return {
        name: cells for name, cells in columns.items() if any(cell is not None for cell in cells)
    }


def csv_text(columns: Mapping[str, Sequence[object]]) -> str:
    """Write columns as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def plain(text: str) -> str:
    """Give the spelling by which sites are found by name."""
    return unicodedata.normalize("NFKC", text).replace(" ", "")


def sheet_rows(raw: bytes, account: Account, columns: Columns, expected: str) -> list[Row]:
    """Read the rows of a spreadsheet saved as CSV; that there are none is a fault."""
    text = sheet_text(raw, account.name)
    found = [
        Row(account, number, line, cells)
        for number, (line, cells) in enumerate(table(text, account, columns), 1)
    ]
    if not found and not account.count:
        account.fault(1, "no row", expected, "fill in the table")
    return found


def row_ids(rows: Sequence[Row], letter: str) -> list[str]:
    """Give the id of each row; one of its own for a row of which the id is refused."""
    found = []
    lines: dict[str, int] = {}
    for row in rows:
        made = f"{letter}{row.number:03d}"
        if "id" not in row.cells:
            found.append(made)
            continue
        text = row.word("id")
        if not is_identifier(text):
            given = f"id {quoted(text)}" if text else "no id"
            expected = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
            row.fault("id", given, expected, "give it another id")
        elif text in lines:
            expected = f"another than on line {lines[text]}"
            row.fault("id", f"id {text!r} again", expected, "give it an id of its own")
        lines.setdefault(text, row.line)
        found.append(f"line:{row.line}" if "id" in row.refused else text)
    return found
