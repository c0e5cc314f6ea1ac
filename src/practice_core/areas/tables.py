"""Tables from outside, as CSV: bounded, with numbered lines and an account of what is wrong.

One way to read them for all that are read: a platform's log of offers, a county's sites and teams.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

__all__ = ["MOST_ROWS", "Account", "Columns", "quoted", "spelt", "summed_up", "table"]

MOST_ROWS = 200_000
LONGEST_LINE = 1_000
_LONGEST_QUOTED = 64
_SHOWN = 20
"""A message lists no more faults than a person will mend at once."""
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*')
_REMARK = re.compile(r"(?<=.)_?\([^()]*\)$")


class Account:
    """Keeps account of what is wrong with one file.

    Parameters
    ----------
    name
        Of the file, for the places.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self._faults: list[Fault] = []

    def fault(
        self,
        line: int,
        found: str,
        expected: str,
        remedy: str,
        *,
        meant: tuple[str, Sequence[str]] | None = None,
    ) -> None:
        """Note a fault; `meant` is a name and, sorted, those of which the nearest is offered."""
        self.count += 1
        if self.count <= _SHOWN:
            hint = did_you_mean(*meant) if meant else ""
            place = f"{self.name}:{line}"
            self._faults.append(Fault(place, found, expected, f"{hint}{remedy}"))

    def add(self, faults: Iterable[Fault]) -> None:
        """Note faults that others found."""
        for fault in faults:
            self.count += 1
            if self.count <= _SHOWN:
                self._faults.append(fault)

    def refuse(self) -> None:
        """Raise what has been noted, if anything has been.

        Raises
        ------
        DefinitionError
            With the first 20 faults and the number of the others.
        """
        if self.count:
            raise summed_up(self.name, self._faults, self.count)


def summed_up(subject: str, faults: Sequence[Fault], count: int | None = None) -> DefinitionError:
    """Give the error that lists the first 20 faults and says how many more there are."""
    listed = list(faults[:_SHOWN])
    more = (count or len(faults)) - len(listed)
    if more > 0:
        found = f"{more} more fault{'' if more == 1 else 's'}"
        listed.append(Fault(subject, found, "", "mend these first", more))
    return DefinitionError(subject, listed)


@attrs.frozen
class Columns:
    """Which columns a table may have.

    Parameters
    ----------
    words
        For each column what may stand above it, the first being its usual name.
    optional
        Those that may be missing.
    others
        Whether there may be further columns, which are not looked at.
    delimiters
        What may stand between cells; which of them does, the head line tells.
    """

    words: Mapping[str, Sequence[str]]
    optional: Collection[str] = ()
    others: bool = False
    delimiters: str = ","

    def known(self, cell: str) -> str | None:
        """Give the column that a cell of the head line names."""
        word = spelt(cell)
        # What stands in brackets behind a word is a remark, unless it may tell two columns apart.
        words = {word} if self.others else {word, _REMARK.sub("", word)}
        return next((name for name, known in self.words.items() if words & set(known)), None)


def table(text: str, account: Account, columns: Columns) -> Iterator[tuple[int, dict[str, str]]]:
    """Read a table, row by row, empty ones left out.

    The first line may say ``sep=;``, as Excel's do.

    Parameters
    ----------
    text
        CSV with a head line.
    account
        To which faults of the table as such are noted: columns, quotes, lines too long or too many,
        rows with more or fewer cells than the head line. Such rows are left out.
    columns
        Which there may be.

    Yields
    ------
    line : int
        As an editor counts them, from 1: the first of the row's.
    cells : dict of str to str
        As they stand there, by column.

    Raises
    ------
    DefinitionError
        If a column is missing: the rows say nothing then.
    """
    # Universal newlines; a vertical tab or the like ends no line.
    lines = io.StringIO(text, newline=None)
    skipped, delimiter = _separator(text, account, columns)
    for _ in range(skipped):
        next(lines)
    rows = _records(lines, account, delimiter, skipped)
    first, head = next(rows, (skipped + 1, []))
    if not head:
        account.refuse()  # what hid the head line, if anything did
    place = _placed(first, head, account, columns)
    bare = [n for n, cell in enumerate(head) if not cell.strip() and not columns.others]
    for line, cells in rows:
        if not any(map(str.strip, cells)):
            continue
        if len(cells) != len(head):
            expected = f"{len(head)}, as in the head line"
            account.fault(line, f"{len(cells)} cells", expected, "mend the row")
            continue
        if any(cells[n].strip() for n in bare):
            account.fault(line, "a cell below no column", "a name above it", "name the column")
        yield line, {column: cells[at] for column, at in place.items()}


@lru_cache(4096)
def spelt(word: str) -> str:
    r"""Give the spelling by which words of a spreadsheet are compared.

    Full-width letters, digits and signs are as good as plain ones, capitals as small letters, and
    spaces and hyphens as underscores.

    >>> spelt(" Jobs per week "), spelt("人数\uff08人\uff09"), spelt("\uff29\uff24")
    ('jobs_per_week', '人数(人)', 'id')
    """
    plain = unicodedata.normalize("NFKC", word).strip().lower()
    return re.sub(r"[\s_-]+", "_", plain)


def quoted(cell: str) -> str:
    """Give a cell as a message shows it: quoted, escaped and shortened."""
    return repr(cell if len(cell) <= _LONGEST_QUOTED else f"{cell[:_LONGEST_QUOTED]}...")


def _separator(text: str, account: Account, columns: Columns) -> tuple[int, str]:
    """Give how many lines stand before the head, and what stands between cells."""
    lines = io.StringIO(text[: 2 * LONGEST_LINE], newline=None)
    head = next(lines, "")
    usual = columns.delimiters[0]
    said = _SEPARATOR.fullmatch(head)
    if said:
        if said[1] in columns.delimiters:
            return 1, said[1]
        expected = f"one of {' '.join(map(quoted, columns.delimiters))}"
        account.fault(1, f"separator {said[1]!r}", expected, "save the table as CSV")
        account.refuse()
    fitting = {
        delimiter: sum(columns.known(cell) is not None for cell in _cells(head, delimiter))
        for delimiter in columns.delimiters
        if delimiter in head
    }
    best = max(fitting.values(), default=0)
    chosen = [delimiter for delimiter, known in fitting.items() if known == best]
    if len(chosen) > 1 and best:
        found = f"cells between {' or '.join(map(quoted, chosen))}"
        account.fault(1, found, "one separator", "save the table as CSV again")
        account.refuse()
    return 0, chosen[0] if len(chosen) == 1 else usual


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def _records(
    lines: Iterable[str], account: Account, delimiter: str, skipped: int
) -> Iterator[tuple[int, list[str]]]:
    bounded = _bounded(lines, account, skipped)
    reader = csv.reader(bounded, delimiter=delimiter, strict=True)
    while True:
        before = reader.line_num
        line = skipped + before + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            account.fault(line, _broken(error), "CSV", "mend the quotes")
            if reader.line_num != before + 1:
                return  # a quote that is never closed has swallowed what follows
        else:
            if cells:
                yield line, cells


def _broken(error: csv.Error) -> str:
    said = str(error)
    never = said.startswith(("unexpected end", "field larger"))
    return "a quote that is never closed" if never else f"a quote out of place: {said}"


def _bounded(lines: Iterable[str], account: Account, skipped: int) -> Iterator[str]:
    for number, line in enumerate(lines, skipped + 1):
        if len(line) > LONGEST_LINE:
            found = f"a line of {len(line)} characters"
            account.fault(number, found, f"at most {LONGEST_LINE}", "check the export")
            return
        if number > skipped + MOST_ROWS + 1:
            found = f"more than {MOST_ROWS} rows"
            account.fault(number, found, "a shorter table", "take a part of it")
            return
        yield line


def _placed(line: int, head: Sequence[str], account: Account, columns: Columns) -> dict[str, int]:
    """Give where each column stands."""
    place: dict[str, int] = {}
    usual = ", ".join(columns.words)
    every = sorted(word for words in columns.words.values() for word in words)
    for at, cell in enumerate(head):
        column = columns.known(cell)
        if column is None:
            if cell.strip() and not columns.others:
                remedy, meant = "rename or remove it", (spelt(cell), every)
                found = f"unknown column {quoted(cell.strip())}"
                account.fault(line, found, f"columns {usual}", remedy, meant=meant)
        elif column in place:
            account.fault(line, f"{column} twice", "different columns", "remove one")
        else:
            place[column] = at
    missing = [
        name for name in columns.words if name not in place | dict.fromkeys(columns.optional)
    ]
    for column in missing:
        remedy = f"add {' or '.join(columns.words[column][:2])}"
        account.fault(line, f"no column {column}", f"columns {usual}", remedy)
    if missing:
        account.refuse()
    return place
