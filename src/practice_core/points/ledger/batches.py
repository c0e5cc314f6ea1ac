"""A batch of transfers, decided as if each row were posted alone, in order, but at once.

All rows are asked at once what one row is asked, against the books as they stand. That none of
them is refused on account of another is assumed, and seen: where one is, the rows before it are
written, the law says why, and the rest is asked anew.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from practice_core.points.ledger.arrays import Ints, firsts, locate, running
from practice_core.points.ledger.books import Books, Row, pick
from practice_core.points.ledger.entries import LIMIT, OWN, Batch
from practice_core.points.ledger.ids import MOST_NUMBER
from practice_core.points.ledger.kinds import TRANSFER
from practice_core.points.ledger.law import decide, likeness, refusals
from practice_core.points.ledger.results import CODES, Codes, Result

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["post_many"]

_CREATED = CODES[Result.CREATED]


def post_many(books: Books, batch: Batch) -> Codes:
    """Post the rows of a batch; see `Ledger.post_many`."""
    known = map(books.positions.get, batch.accounts, repeat(-1))
    accounts = np.fromiter(known, np.int64, len(batch.accounts))
    lawful = (batch.numbers >= 0) & (batch.numbers <= MOST_NUMBER)
    if batch.prefix.startswith(OWN):
        return np.where(lawful, CODES[Result.ID_RESERVED], CODES[Result.ID_INVALID])
    none = np.broadcast_to(np.int64(0), lawful.shape)
    rows = Row(
        np.where(lawful, books.ids.key(batch.prefix, 0) + batch.numbers, -1),
        none,
        accounts[batch.debit],
        accounts[batch.credit],
        batch.amount,
        batch.at,
        batch.expires,
        none,
        none,
    )
    codes = np.empty(len(batch), np.uint8)
    largest = max(1, min(int(batch.amount.max(initial=1)), LIMIT))
    most = size = 2**61 // largest  # so that no sum inside a window leaves 64 bits
    done = 0
    while done < len(batch):
        window = pick(rows, slice(done, done + size))
        settled = _settle(books, batch.prefix, window)
        codes[done : done + settled.size] = settled
        done += settled.size
        if settled.size < window.key.size:
            row = Row(*(int(entries[done]) for entries in rows))
            codes[done] = CODES[decide(books, f"{batch.prefix}{batch.numbers[done]}", row)]
            done += 1
        size = min(most, 2 * settled.size + 1)
    return codes


def _settle(books: Books, stem: str, rows: Row[Ints]) -> Codes:
    """Decide and write the rows up to the first that is refused on account of another."""
    codes = _standing(books, rows)
    able = np.flatnonzero(codes == _CREATED)
    if (np.diff(rows.key[able]) > 0).all() and (np.diff(rows.at[able]) >= 0).all():
        full = able[_refused_by_caps(books, _some(rows, able))]
        if full.size:
            capped = books.held.cap[rows.credit[full]] < LIMIT
            codes[full] = np.where(capped, CODES[Result.CAP_EXCEEDED], CODES[Result.OVERFLOW])
            able = np.flatnonzero(codes == _CREATED)
    keys, first = firsts(rows.key[able])
    first = able[first]
    if first.size < rows.key.size:
        place, hit = locate(keys, rows.key)
        again = np.flatnonzero(hit)
        original = first[place[again]]
        again, original = again[again > original], original[again > original]
        alike = likeness(TRANSFER, pick(rows, again), pick(rows, original))
        codes[again] = _first_of(alike, again.size, Result.EXISTS)
    fresh = np.sort(first)
    created = _some(rows, fresh)
    end = _certain(books, created)
    if end < created.key.size:
        codes = codes[: fresh[end]]
        created = pick(created, slice(end))
    if end:
        books.extend(created, stem)
    return codes


def _some(rows: Row[Ints], which: Ints) -> Row[Ints]:
    """Give some rows, ascending; not a copy if they are all."""
    return rows if which.size == rows.key.size else pick(rows, which)


def _standing(books: Books, rows: Row[Ints]) -> Codes:
    """Decide each row against the books as they stand; these refusals are final."""
    codes = _first_of(refusals(books, TRANSFER, rows), rows.key.size, Result.CREATED)
    stored = books.ids.rows(rows.key)
    again = np.flatnonzero(stored >= 0)
    if again.size:
        alike = likeness(TRANSFER, pick(rows, again), pick(books.rows, stored[again]))
        codes[again] = _first_of(alike, again.size, Result.EXISTS)
    codes[rows.key < 0] = CODES[Result.ID_INVALID]
    return codes


def _first_of(law: Iterable[tuple[Result, Any]], size: int, otherwise: Result) -> Codes:
    """Give for each row the first result that applies."""
    codes = np.full(size, CODES[otherwise])
    for result, applies in reversed(list(law)):
        codes[applies] = CODES[result]
    return codes


def _refused_by_caps(books: Books, rows: Row[Ints]) -> Ints:
    """Give the rows that are surely refused because an account is full.

    That is sure of accounts that only get, from accounts that can give all that they are to give.
    """
    gained = _sums(books, rows.credit, rows.amount)
    full = gained[rows.credit] > _room(books, rows.credit)
    if not full.any():
        return np.empty(0, np.int64)
    spent = _sums(books, rows.debit, rows.amount)
    poor = spent[rows.debit] > _means(books, rows.debit)
    chosen = np.flatnonzero(full & ~poor & (spent[rows.credit] == 0))
    room: dict[int, int] = {}
    refused = []
    columns = (chosen, rows.credit[chosen], rows.amount[chosen], _room(books, rows.credit[chosen]))
    for place, account, amount, most in zip(*(c.tolist() for c in columns), strict=True):
        left = room.get(account, most)
        if amount > left:
            refused.append(place)
        else:
            room[account] = left - amount
    return np.array(refused, np.int64)


def _certain(books: Books, rows: Row[Ints]) -> int:
    """Count the rows up to the first that is refused if all before it are written."""
    end = rows.key.size
    early = np.flatnonzero(rows.at[1:] < rows.at[:-1])
    if early.size:
        end = int(early[0]) + 1
        rows = pick(rows, slice(end))
    accounts = np.concatenate((rows.debit, rows.credit))
    size = books.held.balance.size
    touched = np.unique(accounts) if accounts.size < size // 8 else np.arange(size)
    poor = _sums(books, rows.debit, rows.amount)[touched] > _means(books, touched)
    full = _sums(books, rows.credit, rows.amount)[touched] > _room(books, touched)
    watched = touched[poor | full]
    if not watched.size:
        return end
    entries = np.flatnonzero(locate(watched, accounts)[1])
    entries = entries[np.lexsort((entries % end, accounts[entries]))]
    owner = accounts[entries]
    change = running(owner, np.concatenate((-rows.amount, rows.amount))[entries])
    outside = (-change > _means(books, owner)) | (change > _room(books, owner))
    return int((entries[outside] % end).min(initial=end))


def _sums(books: Books, accounts: Ints, amounts: Ints) -> Ints:
    """Add up amounts by account."""
    sums = np.zeros(books.held.balance.size, np.int64)
    np.add.at(sums, accounts, amounts)
    return sums


def _means(books: Books, accounts: Ints) -> Ints:
    """Give what accounts can give."""
    held = books.held
    available = held.balance[accounts] - held.pending_debits[accounts]
    return available - held.floor[accounts]


def _room(books: Books, accounts: Ints) -> Ints:
    """Give what accounts can take."""
    held = books.held
    return held.cap[accounts] - held.balance[accounts] - held.pending_credits[accounts]
