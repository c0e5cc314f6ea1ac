"""What is written into the books: transfers of several kinds, and what is done to accounts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np

from practice_core.errors import DefinitionError, Fault
from practice_core.points.ledger.arrays import Ints, column
from practice_core.points.ledger.ids import LONGEST_PREFIX
from practice_core.units import AccountId, Instant, TransferId, instant, is_identifier, value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "FIRST",
    "LAST",
    "LIMIT",
    "NEVER",
    "OWN",
    "Batch",
    "Correction",
    "Entry",
    "Freeze",
    "Merge",
    "Pending",
    "PostPending",
    "Posting",
    "Thaw",
    "Timeout",
    "Transfer",
    "VoidPending",
]

LIMIT = 2**53 - 1
"""Largest amount and largest balance either way: what JSON readers and float64 hold exactly."""
NEVER: Instant = LIMIT
"""When points expire that do not; the deadline of what may stay pending."""
FIRST = instant(dt.datetime.min.replace(tzinfo=dt.UTC))
LAST = instant(dt.datetime.max.replace(tzinfo=dt.UTC))
_NEVER = column(NEVER)
OWN = "ledger:"
"""How the ids begin that the ledger itself makes."""


@value
class Transfer:
    """Points moving from one account to another.

    Parameters
    ----------
    id
        Made by the caller; posting the same id again changes nothing. Ids that begin with
        ``ledger:`` are the ledger's own.
    debit
        The account that gives: its balance falls.
    credit
        The account that gets: its balance rises.
    amount
        Points, 1 to `LIMIT`.
    at
        When it is posted, in ms since 1970-01-01T00:00Z, in the years 1 to 9999 and not before the
        ledger's latest: the past stays as it was. When the service took place is in its record.
    expires
        From when on what is left of these points may be taken by `Ledger.expire`, or `NEVER`. It is
        not taken over from the lots that they come from.
    """

    id: TransferId
    debit: AccountId
    credit: AccountId
    amount: int
    at: Instant
    expires: Instant = NEVER


@value
class Pending:
    """Points set aside for a transfer that is not made yet: the first of its two phases.

    They stay with the account that gives, but are not available to it, until the transfer is
    posted (`PostPending`), voided (`VoidPending`) or timed out (`Ledger.expire_pending`).

    Parameters
    ----------
    id, debit, credit, amount, at
        As of a `Transfer`.
    deadline
        From when on it may be neither posted nor voided, only timed out; or `NEVER`.
    expires
        When the points expire with the account that gets them, once they are posted.
    """

    id: TransferId
    debit: AccountId
    credit: AccountId
    amount: int
    at: Instant
    deadline: Instant = NEVER
    expires: Instant = NEVER


@value
class PostPending:
    """The second phase: pending points move, and what is not moved is free again.

    Parameters
    ----------
    id
        Its own.
    pending
        The id of the pending transfer.
    at
        When.
    amount
        How much of it moves; all of it unless told.
    """

    id: TransferId
    pending: TransferId
    at: Instant
    amount: int | None = None


@value
class VoidPending:
    """The second phase, if nothing is to move: all of a pending transfer is free again."""

    id: TransferId
    pending: TransferId
    at: Instant


@value
class Timeout:
    """The end of a pending transfer whose deadline is past; made by `Ledger.expire_pending`."""

    pending: TransferId
    at: Instant


@value
class Correction:
    """Points of a transfer moving back the way they came; all corrections of one never exceed it.

    Both accounts must still be open: after a merge a `Transfer` of its own puts things right.

    Parameters
    ----------
    id
        Its own.
    corrects
        The id of the original: a `Transfer` or a `PostPending`.
    at
        When.
    amount
        How much moves back; the whole amount of the original unless told.
    """

    id: TransferId
    corrects: TransferId
    at: Instant
    amount: int | None = None


@value
class Freeze:
    """From now on an account neither gives nor gets; what it has pending may be voided."""

    id: TransferId
    account: AccountId
    at: Instant


@value
class Thaw:
    """A frozen account gives and gets again."""

    id: TransferId
    account: AccountId
    at: Instant


@value
class Merge:
    """Two accounts of one person become one.

    All lots of the old account move to the other, each with its expiry; the old one is closed and
    points to the other.

    Parameters
    ----------
    id
        Its own.
    old
        The account that is closed: a member's or a household's, with nothing pending.
    into
        The account that goes on, of the same kind.
    at
        When.
    """

    id: TransferId
    old: AccountId
    into: AccountId
    at: Instant


Posting: TypeAlias = (
    Transfer | Pending | PostPending | VoidPending | Correction | Freeze | Thaw | Merge
)
"""What a caller may post."""
Entry: TypeAlias = Posting | Timeout
"""One line of the books."""


def _names(accounts: Iterable[AccountId]) -> tuple[AccountId, ...]:
    return tuple(accounts)


@attrs.frozen(kw_only=True, eq=False)
class Batch:
    """Many transfers as columns: row ``i`` is one transfer, its id ``prefix + str(numbers[i])``.

    Parameters
    ----------
    prefix
        What all ids begin with: empty, or an id of at most 55 characters that ends in no digit.
    numbers
        What the ids end with, 0 to 999,999,999; usually running.
    accounts
        The account ids that the rows speak of.
    debit, credit
        Indexes into `accounts`.
    amount
        Points.
    at
        Instants, in ms since 1970-01-01T00:00Z.
    expires
        Instants, or one for all rows; `NEVER` unless told.

    Raises
    ------
    DefinitionError
        If the prefix is none, columns are not of one length or an index leads outside `accounts`.
    TypeError
        If a column is not of integers that 64 bits hold.
    """

    prefix: str
    numbers: Ints = attrs.field(converter=column)
    accounts: tuple[AccountId, ...] = attrs.field(converter=_names)
    debit: Ints = attrs.field(converter=column)
    credit: Ints = attrs.field(converter=column)
    amount: Ints = attrs.field(converter=column)
    at: Ints = attrs.field(converter=column)
    expires: Ints = attrs.field(converter=column, default=_NEVER)

    def __attrs_post_init__(self) -> None:
        faults = []
        if self.prefix and (
            not is_identifier(self.prefix)
            or len(self.prefix) > LONGEST_PREFIX
            or self.prefix[-1].isdigit()
        ):
            expected = f"at most {LONGEST_PREFIX} of A-Za-z0-9._:-, no digit last"
            faults.append(Fault("prefix", repr(self.prefix), expected, "end it in ':' or '-'"))
        shape = (self.numbers.size,)
        if not self.expires.ndim:
            object.__setattr__(self, "expires", np.broadcast_to(self.expires, shape))
        for name in ("numbers", "debit", "credit", "amount", "at", "expires"):
            entries: Ints = getattr(self, name)
            if entries.shape != shape:
                found, remedy = f"shape {entries.shape}", "give one entry per row"
                faults.append(Fault(name, found, f"shape {shape}", remedy))
        for name in ("debit", "credit"):
            entries = getattr(self, name)
            astray = entries[(entries < 0) | (entries >= len(self.accounts))]
            if astray.size:
                expected = f"indexes below {len(self.accounts)}"
                remedy = f"point into accounts; {astray.size} rows do not"
                faults.append(Fault(name, str(astray[0]), expected, remedy))
        if faults:
            subject = f"batch of transfers {self.prefix!r}"
            raise DefinitionError(subject, faults)

    def __len__(self) -> int:
        return self.numbers.size

    def transfers(self) -> Iterator[Transfer]:
        """Give the rows one by one."""
        columns = (self.numbers, self.debit, self.credit, self.amount, self.at, self.expires)
        rows = zip(*map(np.ndarray.tolist, columns), strict=True)
        for number, debit, credit, amount, at, expires in rows:
            name = TransferId(f"{self.prefix}{number}")
            giver, getter = self.accounts[debit], self.accounts[credit]
            yield Transfer(name, giver, getter, amount, at, expires)
