"""What the ledger itself writes: what times out, what expires, and the lots that a merge moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from practice_core.errors import OperationError
from practice_core.points.ledger.books import Books, Row
from practice_core.points.ledger.entries import LIMIT, NEVER, OWN, Pending
from practice_core.points.ledger.kinds import TIMEOUT
from practice_core.points.ledger.lots import lots_of, over
from practice_core.points.ledger.writing import Entries

if TYPE_CHECKING:
    from practice_core.points.ledger.arrays import Ints
    from practice_core.points.ledger.lots import Gains
    from practice_core.units import Instant

__all__ = ["expire", "move_lots", "time_out"]

_EXPIRE = f"{OWN}expire:"
_MERGE = f"{OWN}merge:"


def time_out(books: Books, at: Instant) -> tuple[Pending, ...]:
    """End what is pending and past its deadline; see `Ledger.expire_pending`."""
    due = [(books.row(place).deadline, place) for place in books.waiting]
    ended = sorted(one for one in due if one[0] <= at)
    for _, place in ended:
        old = books.row(place)
        books.append(old._replace(key=-1, kind=TIMEOUT, at=at, deadline=0, original=place))
    entries = Entries(books, range(books.count))
    found = [entries[place] for _, place in ended]
    return tuple(one for one in found if isinstance(one, Pending))


def expire(books: Books, at: Instant, to: int) -> None:
    """Take what is left of lots that have expired; see `Ledger.expire`."""
    expired = over(books, at)
    total = int(expired.points.sum())
    if int(books.held.balance[to] + books.held.pending_credits[to]) + total > LIMIT:
        message = f"account {books.accounts[to]} cannot hold {total} points more"
        raise OperationError(message)
    time = 0
    while expired.row.size:
        stem = f"{_EXPIRE}{time}:"
        keys = books.ids.key(stem, 0) + expired.row
        new = books.ids.rows(keys) < 0
        if new.any():
            books.extend(_transfers(keys[new], expired.pick(new), to, at), stem)
        expired, time = expired.pick(~new), time + 1


def move_lots(books: Books, merge: Row[int]) -> None:
    """Move all lots of an account that is about to be closed, each with its expiry."""
    found = lots_of(books, merge.debit, books.count)
    keys = books.ids.key(_MERGE, 0) + found.row
    rows = _transfers(keys, found, merge.credit, merge.at)._replace(expires=found.expires)
    books.ids.claim(_MERGE)
    for row in zip(*(entries.tolist() for entries in rows), strict=True):
        books.append(Row(*row))


def _transfers(keys: Ints, lots: Gains, to: int, at: Instant) -> Row[Ints]:
    """Make rows that move lots to an account."""
    none = np.zeros(keys.size, np.int64)
    return Row(keys, none, lots.owner, none + to, lots.points, none + at, none + NEVER, none, none)
