"""The books themselves: accounts and rows as columns, and how a row changes what is held.

Nothing is decided here. A row is written once and never changed; only the last rows can be taken
back, while the linked group that they belong to is not yet complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np

from practice_core.points.ledger.accounts import AccountKind
from practice_core.points.ledger.arrays import Ints, grown
from practice_core.points.ledger.entries import LIMIT
from practice_core.points.ledger.ids import Ids
from practice_core.points.ledger.kinds import (
    CORRECTION,
    ENDS,
    FREEZE,
    MERGE,
    MOVES,
    PENDING,
    SIZED,
    THAW,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from practice_core.units import AccountId, Instant, TransferId

__all__ = ["ACCOUNT_KINDS", "Books", "Held", "Row", "pick"]

N = TypeVar("N", int, Ints)

ACCOUNT_KINDS = tuple(AccountKind)


class Row(NamedTuple, Generic[N]):
    """A row, or many as columns; accounts by position, -1 for one that is not open.

    The original is the row of the pending transfer that a row ends, or of the transfer that it
    corrects; -1 if there is none of that id. The key stands for the id: see `Ids`.
    """

    key: N
    kind: N
    debit: N
    credit: N
    amount: N
    at: N
    expires: N
    deadline: N
    original: N


def pick(rows: Row[Ints], which: Ints | slice) -> Row[Ints]:
    """Give some rows of columns."""
    return Row(*(entries[which] for entries in rows))


class Held(NamedTuple):
    """Of each account: what kind it is, within what limits it is kept, and what it holds.

    The kind is its position in `AccountKind`; the successor of an account that is closed is the
    position of the one that goes on, plus 1.
    """

    kind: Ints
    floor: Ints
    cap: Ints
    balance: Ints
    pending_debits: Ints
    pending_credits: Ints
    frozen: Ints
    successor: Ints


class Books:
    """Accounts, rows, and what they come to."""

    def __init__(self) -> None:
        self.positions: dict[AccountId, int] = {}
        self.accounts: list[AccountId] = []
        self.held = Held(*(np.zeros(1, np.int64) for _ in Held._fields))
        self.ids = Ids()
        self.rows: Row[Ints] = Row(*(np.zeros(1, np.int64) for _ in Row._fields))
        self.count = 0
        self.turnover = 0
        """All that ever moved or was pending: as long as it is small, so is every sum of rows."""
        self.waiting: set[int] = set()
        """Rows of what is pending."""
        self.ended: dict[int, int] = {}
        """For rows that were pending, the row that ended each."""
        self.corrected: dict[int, int] = {}
        """For rows that were corrected, how much of each."""

    @property
    def latest(self) -> Instant | None:
        """Instant of the last row."""
        return int(self.rows.at[self.count - 1]) if self.count else None

    def open(self, accounts: Iterable[AccountId], kind: AccountKind, cap: int) -> None:
        """Add those accounts that are not there yet."""
        begin = len(self.accounts)
        for account in accounts:
            if self.positions.setdefault(account, len(self.accounts)) == len(self.accounts):
                self.accounts.append(account)
        end = len(self.accounts)
        self.held = Held(*(grown(entries, end) for entries in self.held))
        self.held.kind[begin:end] = ACCOUNT_KINDS.index(kind)
        self.held.floor[begin:end] = -LIMIT if kind is AccountKind.ISSUANCE else 0
        self.held.cap[begin:end] = cap

    def row(self, place: int) -> Row[int]:
        """Give a row."""
        return Row(*(int(entries[place]) for entries in self.rows))

    def name(self, place: int) -> TransferId:
        """Give the id of a row."""
        return self.ids.name(int(self.rows.key[place]))

    def stored(self, end: int | None = None) -> Row[Ints]:
        """Give the rows, or the first so many, as columns."""
        end = self.count if end is None else end
        return Row(*(entries[:end] for entries in self.rows))

    def until(self, at: Instant) -> int:
        """Count the rows up to and including an instant."""
        # Beyond 64 bits there is nothing to find.
        last = min(max(at, -(2**63)), 2**63 - 1)
        return int(np.searchsorted(self.rows.at[: self.count], last, side="right"))

    def append(self, row: Row[int]) -> None:
        """Write a row whose id's stem has its place, and do what it says."""
        place = self.count
        self.rows = Row(*(grown(entries, place + 1) for entries in self.rows))
        for entries, entry in zip(self.rows, row, strict=True):
            entries[place] = entry
        self.count += 1
        if row.key >= 0:
            self.ids.put(row.key, place)
        self._carry_out(place, row, 1)

    def take_back(self, count: int) -> None:
        """Leave the first so many rows, as if those after them had never been."""
        while self.count > count:
            self.count -= 1
            row = self.row(self.count)
            self.ids.drop(row.key)
            self._carry_out(self.count, row, -1)
            for entries in self.rows:
                entries[self.count] = 0

    def extend(self, rows: Row[Ints], stem: str) -> None:
        """Write transfers whose ids share a stem, and move their points."""
        order = None if (rows.key[1:] > rows.key[:-1]).all() else np.argsort(rows.key)
        places = np.arange(self.count, self.count + rows.key.size)
        self.ids.claim(stem)
        self.ids.add(*((rows.key, places) if order is None else (rows.key[order], places[order])))
        np.subtract.at(self.held.balance, rows.debit, rows.amount)
        np.add.at(self.held.balance, rows.credit, rows.amount)
        end = self.count + rows.key.size
        self.rows = Row(*(grown(entries, end) for entries in self.rows))
        # Of a transfer the kind is 0, and nobody reads its deadline or its original.
        for name in ("key", "debit", "credit", "amount", "at", "expires"):
            getattr(self.rows, name)[self.count : end] = getattr(rows, name)
        self.count = end
        self.turnover += int(rows.amount.sum())

    def _carry_out(self, place: int, row: Row[int], sign: int) -> None:
        """Do what a row says, or with the sign -1 undo it."""
        amount = sign * row.amount
        if row.kind in ENDS:
            self._release(place, row, sign)
        if row.kind in MOVES:
            self.held.balance[row.debit] -= amount
            self.held.balance[row.credit] += amount
        if row.kind in SIZED:
            self.turnover += amount
        if row.kind == PENDING:
            self._set_aside(place, row, sign)
        elif row.kind == CORRECTION:
            corrected = self.corrected.get(row.original, 0) + amount
            self.corrected[row.original] = corrected
        elif row.kind in {FREEZE, THAW}:
            self.held.frozen[row.debit] = (sign > 0) == (row.kind == FREEZE)
        elif row.kind == MERGE:
            self.held.successor[row.debit] = row.credit + 1 if sign > 0 else 0

    def _release(self, place: int, row: Row[int], sign: int) -> None:
        """End what is pending, or with the sign -1 let it go on."""
        self._set_aside(row.original, self.row(row.original), -sign)
        if sign > 0:
            self.ended[row.original] = place
        else:
            del self.ended[row.original]

    def _set_aside(self, place: int, pending: Row[int], sign: int) -> None:
        self.held.pending_debits[pending.debit] += sign * pending.amount
        self.held.pending_credits[pending.credit] += sign * pending.amount
        if sign > 0:
            self.waiting.add(place)
        else:
            self.waiting.remove(place)
