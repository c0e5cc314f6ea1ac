"""Lots: what is left of each credit, as a function of the books.

Nothing is booked by lot. What an account gave, and what is pending from it, uses up its credits
from the front, those that expire first first, and of these the one posted first. So what is left
is the tail of the credits that comes to what is available. A correction is no credit and no use of
its own: it makes smaller the credit, or the use, that it corrects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from practice_core.points.ledger.accounts import HOLDERS
from practice_core.points.ledger.arrays import Bools, Ints, running
from practice_core.points.ledger.books import ACCOUNT_KINDS, Books
from practice_core.points.ledger.kinds import CORRECTION, POST, TRANSFER, among
from practice_core.points.ledger.reading import holding
from practice_core.units import Instant, TransferId, value

if TYPE_CHECKING:
    from practice_core.points.ledger.books import Row

__all__ = ["Due", "Gains", "Lot", "gains", "holders", "left", "lots", "lots_of", "over"]

_HOLDERS = np.array([kind in HOLDERS for kind in ACCOUNT_KINDS])
_SAFE = 2**62
"""Up to this turnover 64 bits hold the sum of any rows."""


@value
class Lot:
    """What is left of one credit.

    Parameters
    ----------
    transfer
        The id of the credit.
    at
        When it was posted.
    expires
        When what is left expires; `NEVER` if it does not.
    points
        What is left, 1 or more.
    """

    transfer: TransferId
    at: Instant
    expires: Instant
    points: int


@value
class Due:
    """What expires at an instant unless it is used before."""

    expires: Instant
    points: int


class Gains(NamedTuple):
    """Credits as columns, in the order of posting, without what was corrected since.

    The row is where a credit is stored, the owner the position of the account that got it. Points
    are integers of any size, as objects, where sums of 64 bits might not hold them.
    """

    row: Ints
    owner: Ints
    expires: Ints
    points: Ints

    def pick(self, which: Ints | Bools) -> Gains:
        """Give some of them."""
        return Gains(*(entries[which] for entries in self))


def holders(books: Books) -> Bools:
    """Tell of each account whether it has lots: all but issuance, and the ends of points."""
    return _HOLDERS[books.held.kind]


def gains(books: Books, rows: Row[Ints], account: int | None = None) -> Gains:
    """Give the credits among some first rows: of one account, or of all that have lots.

    Parameters
    ----------
    books
        Where the rows are from.
    rows
        The first so many.
    account
        The position of the account.
    """
    if account is None:
        gained = holders(books)[rows.credit]
        back = np.flatnonzero(rows.kind == CORRECTION)
    else:
        gained = rows.credit == account
        back = np.flatnonzero((rows.kind == CORRECTION) & (rows.debit == account))
    gained &= among((TRANSFER, POST), rows.kind)
    credits_ = np.flatnonzero(gained)
    points = rows.amount[credits_]
    if back.size and credits_.size:
        # An original may be a credit of an account without lots.
        place = np.minimum(np.searchsorted(credits_, rows.original[back]), credits_.size - 1)
        hit = credits_[place] == rows.original[back]
        np.subtract.at(points, place[hit], rows.amount[back[hit]])
    if books.turnover >= _SAFE:
        points = points.astype(object)
    return Gains(credits_, rows.credit[credits_], rows.expires[credits_], points)


def left(gained: Gains, available: Ints) -> Gains:
    """Give what is left of credits: of each owner, the tail that comes to what is available.

    Parameters
    ----------
    gained
        Credits.
    available
        Of each account, what is left in all; no more than its credits.

    Returns
    -------
    Gains
        Those of which something is left, by owner and in the order in which they will be used.

    Examples
    --------
    >>> three = [np.array(entries) for entries in ([4, 5, 6], [0, 0, 0], [70, 90, 70], [5, 5, 5])]
    >>> left(Gains(*three), np.array([8]))[::3]
    (array([6, 5]), array([3, 5]))
    """
    ordered = gained.pick(np.lexsort((gained.expires, gained.owner)))
    total = running(ordered.owner, ordered.points)
    ends = np.flatnonzero(np.diff(ordered.owner, append=-1))
    later = np.repeat(total[ends], np.diff(ends, prepend=-1)) - total
    rest = np.minimum(np.maximum(available[ordered.owner] - later, 0), ordered.points)
    kept = np.flatnonzero(rest > 0)
    return ordered.pick(kept)._replace(points=rest[kept].astype(np.int64))


def over(books: Books, at: Instant) -> Gains:
    """Give what is left of credits that have expired at an instant, of accounts not frozen."""
    held = books.held
    available = held.balance - held.pending_debits
    gained = gains(books, books.stored())
    later = np.zeros(available.size, gained.points.dtype)
    lasting = gained.expires > at
    np.add.at(later, gained.owner[lasting], gained.points[lasting])
    expired = np.maximum(available - later, 0)
    expired[held.frozen > 0] = 0
    return left(gained.pick(~lasting & (expired[gained.owner] > 0)), expired)


def lots_of(books: Books, account: int, end: int) -> Gains:
    """Give what is left of one account's credits once some first rows were written."""
    if not holders(books)[account]:
        return Gains(*([np.empty(0, np.int64)] * len(Gains._fields)))
    available = np.zeros(account + 1, np.int64)
    available[account] = holding(books, account, end).available
    return left(gains(books, books.stored(end), account), available)


def lots(books: Books, account: int, end: int) -> tuple[Lot, ...]:
    """Give the same as values."""
    found = lots_of(books, account, end)
    rows = books.rows
    columns = (rows.key[found.row], rows.at[found.row], found.expires, found.points)
    listed = zip(*(entries.tolist() for entries in columns), strict=True)
    return tuple(Lot(books.ids.name(key), *rest) for key, *rest in listed)
