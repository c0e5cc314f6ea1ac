"""Ids as integers, and in which row each of them is stored.

An id stands as its stem, in order of first use, and the number it ends in: one integer, so that a
batch of numbered ids is a column.
"""

from __future__ import annotations

import re

import numpy as np

from practice_core.points.ledger.arrays import Ints, locate
from practice_core.units import TransferId

__all__ = ["LONGEST_PREFIX", "MOST_NUMBER", "Ids", "split"]

MOST_NUMBER = 10**9 - 1
"""The largest number that an id ends in; a longer one belongs to its stem."""
LONGEST_PREFIX = 64 - 9

_NUMBERED = re.compile(r"(.*[^0-9])?(0|[1-9][0-9]{0,8})", re.DOTALL)
_NUMBER_BITS = 30
_MANY = 2**16


def split(name: str) -> tuple[str, int]:
    """Split an id into its stem and the number it ends in, -1 if the stem is all of it.

    >>> split("2025-04:17"), split("2025-04:017"), split("pledge")
    (('2025-04:', 17), ('2025-04:017', -1), ('pledge', -1))
    """
    found = _NUMBERED.fullmatch(name)
    return (found[1] or "", int(found[2])) if found else (name, -1)


class Ids:
    """Which ids there are, and the row of each.

    Ids that came one by one are in a dictionary, ids of batches in sorted runs, each at least
    twice as long as the next.
    """

    def __init__(self) -> None:
        self._stems: dict[str, int] = {}
        self._names: list[str] = []
        self._young: dict[int, int] = {}
        self._runs: list[tuple[Ints, Ints]] = []

    def key(self, stem: str, number: int) -> int:
        """Stand for an id by one integer.

        A stem that was never used is counted as the next; it is so once it is claimed.
        """
        return (self._stems.get(stem, len(self._stems)) << _NUMBER_BITS) + number + 1

    def key_of(self, name: str) -> int:
        """Stand for an id by one integer."""
        return self.key(*split(name))

    def claim(self, stem: str) -> None:
        """Give a stem its place."""
        if stem not in self._stems:
            self._stems[stem] = len(self._stems)
            self._names.append(stem)

    def name(self, key: int) -> TransferId:
        """Give the id that a key stands for."""
        stem, number = divmod(key, 1 << _NUMBER_BITS)
        return TransferId(self._names[stem] + (str(number - 1) if number else ""))

    def row(self, key: int) -> int:
        """Give the row of one key, -1 if it has none."""
        row = self._young.get(key)
        if row is not None:
            return row
        for run, rows in self._runs:
            place = int(np.searchsorted(run, key))
            if place < run.size and run[place] == key:
                return int(rows[place])
        return -1

    def rows(self, keys: Ints) -> Ints:
        """Give the row of each key, -1 where there is none."""
        self.tidy(0)
        found = np.full(keys.size, -1, np.int64)
        low, high = keys.min(initial=2**63 - 1), keys.max(initial=-1)
        for run, rows in self._runs:
            if run[0] <= high and low <= run[-1]:
                place, hit = locate(run, keys)
                found[hit] = rows[place[hit]]
        return found

    def put(self, key: int, row: int) -> None:
        """Take in one new key."""
        self._young[key] = row

    def drop(self, key: int) -> None:
        """Forget a key that was taken in since the last `tidy`."""
        del self._young[key]

    def add(self, keys: Ints, rows: Ints) -> None:
        """Take in new keys, ascending, with their rows."""
        while self._runs and self._runs[-1][0].size < 2 * keys.size:
            older_keys, older_rows = self._runs.pop()
            ascending = older_keys[-1] < keys[0]
            keys, rows = np.concatenate((older_keys, keys)), np.concatenate((older_rows, rows))
            if not ascending:
                order = np.argsort(keys, kind="stable")
                keys, rows = keys[order], rows[order]
        self._runs.append((keys, rows))

    def tidy(self, allowed: int = _MANY) -> None:
        """Move the keys that came one by one to the runs, if there are more than allowed."""
        if len(self._young) > allowed:
            keys = np.fromiter(self._young.keys(), np.int64, len(self._young))
            rows = np.fromiter(self._young.values(), np.int64, len(self._young))
            order = np.argsort(keys)
            self._young.clear()
            self.add(keys[order], rows[order])
