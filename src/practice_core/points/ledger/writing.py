"""From entries to rows and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, assert_never, overload

from practice_core.points.ledger import kinds
from practice_core.points.ledger.books import Books, Row
from practice_core.points.ledger.entries import (
    NEVER,
    Correction,
    Entry,
    Freeze,
    Merge,
    Pending,
    Posting,
    PostPending,
    Thaw,
    Timeout,
    Transfer,
    VoidPending,
)

if TYPE_CHECKING:
    from practice_core.units import AccountId, Instant, TransferId

__all__ = ["Entries", "row_of"]


def row_of(books: Books, entry: Posting) -> Row[int]:  # noqa: PLR0911 - one for each kind
    """Make a row of an entry: what it leaves to its original is taken from there."""
    key = books.ids.key_of(entry.id)
    match entry:
        case Transfer(_, debit, credit, amount, at, expires):
            return _row(books, key, kinds.TRANSFER, debit, credit, amount, at, expires)
        case Pending(_, debit, credit, amount, at, deadline, expires):
            row = _row(books, key, kinds.PENDING, debit, credit, amount, at, expires)
            return row._replace(deadline=deadline)
        case PostPending(_, pending, at, amount):
            return _referring(books, key, kinds.POST, pending, at, amount)
        case VoidPending(_, pending, at):
            return _referring(books, key, kinds.VOID, pending, at, None)
        case Correction(_, corrects, at, amount):
            row = _referring(books, key, kinds.CORRECTION, corrects, at, amount)
            return row._replace(debit=row.credit, credit=row.debit, expires=NEVER)
        case Freeze(_, account, at):
            return _row(books, key, kinds.FREEZE, account, account, 0, at, NEVER)
        case Thaw(_, account, at):
            return _row(books, key, kinds.THAW, account, account, 0, at, NEVER)
        case Merge(_, old, into, at):
            row = _row(books, key, kinds.MERGE, old, into, 0, at, NEVER)
            held = int(books.held.balance[row.debit]) if row.debit >= 0 else 0
            return row._replace(amount=held)
        case _:
            assert_never(entry)


def _row(  # noqa: PLR0913, PLR0917 - the fields of a row
    books: Books,
    key: int,
    kind: int,
    debit: AccountId,
    credit: AccountId,
    amount: int,
    at: Instant,
    expires: Instant,
) -> Row[int]:
    giver, getter = (books.positions.get(account, -1) for account in (debit, credit))
    return Row(key, kind, giver, getter, amount, at, expires, 0, -1)


def _referring(  # noqa: PLR0913, PLR0917 - the fields of a row
    books: Books, key: int, kind: int, original: TransferId, at: Instant, amount: int | None
) -> Row[int]:
    place = books.ids.row(books.ids.key_of(original))
    if place < 0:
        return Row(key, kind, -1, -1, amount or 0, at, NEVER, 0, -1)
    old = books.row(place)
    moved = old.amount if amount is None else amount
    return Row(key, kind, old.debit, old.credit, moved, at, old.expires, 0, place)


class Entries(Sequence[Entry]):
    """Entries of the books, in the order in which they were posted; made as they are read."""

    def __init__(self, books: Books, rows: range) -> None:
        self._books = books
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> Entries: ...
    def __getitem__(self, place: int | slice) -> Entry | Entries:
        if isinstance(place, slice):
            return Entries(self._books, self._rows[place])
        return self._entry(self._books.row(self._rows[place]))

    def __iter__(self) -> Iterator[Entry]:
        return (self._entry(self._books.row(place)) for place in self._rows)

    def _entry(self, row: Row[int]) -> Entry:  # noqa: PLR0911 - one for each kind
        books, at = self._books, row.at
        debit, credit = books.accounts[row.debit], books.accounts[row.credit]
        if row.kind == kinds.TIMEOUT:
            return Timeout(books.name(row.original), at)
        name = books.ids.name(row.key)
        match row.kind:
            case kinds.TRANSFER:
                return Transfer(name, debit, credit, row.amount, at, row.expires)
            case kinds.PENDING:
                return Pending(name, debit, credit, row.amount, at, row.deadline, row.expires)
            case kinds.POST:
                return PostPending(name, books.name(row.original), at, row.amount)
            case kinds.VOID:
                return VoidPending(name, books.name(row.original), at)
            case kinds.CORRECTION:
                return Correction(name, books.name(row.original), at, row.amount)
            case kinds.FREEZE:
                return Freeze(name, debit, at)
            case kinds.THAW:
                return Thaw(name, debit, at)
            case _:
                return Merge(name, debit, credit, at)
