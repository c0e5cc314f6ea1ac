"""What an account held, as of an instant and line by line."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from practice_core.points.ledger.accounts import Holding
from practice_core.points.ledger.entries import NEVER
from practice_core.points.ledger.kinds import CORRECTION, ENDS, MOVES, PENDING, among
from practice_core.units import AccountId, Instant, TransferId, value

if TYPE_CHECKING:
    from practice_core.points.ledger.books import Books

__all__ = ["Statement", "StatementLine", "holding", "statement"]


@value
class StatementLine:
    """Points that an account got or gave.

    Parameters
    ----------
    id
        The id of the transfer, of what posted it, or of the correction.
    at
        When.
    other
        The account on the other side.
    change
        What the account got, below zero what it gave.
    balance
        What it held then.
    expires
        When the points expire that it got; `NEVER` for what does not and for what it gave.
    corrects
        The transfer that is corrected; None if none is.
    """

    id: TransferId
    at: Instant
    other: AccountId
    change: int
    balance: int
    expires: Instant
    corrects: TransferId | None = None


@value
class Statement:
    """What an account held from one instant to another.

    Parameters
    ----------
    account
        Whose.
    begin, end
        From when, and up to but not including when.
    opening
        The balance just before `begin`.
    lines
        What moved, in order.
    closing
        The balance just before `end`.
    """

    account: AccountId
    begin: Instant
    end: Instant
    opening: int
    lines: tuple[StatementLine, ...]
    closing: int


def holding(books: Books, account: int, end: int) -> Holding:
    """Give what an account held once some first rows were written."""
    rows = books.stored(end)
    found = []
    for side in (rows.credit, rows.debit):
        mine = np.flatnonzero(side == account)
        kind, amount = rows.kind[mine], rows.amount[mine]
        ended = rows.original[mine[among(ENDS, kind)]]
        moved = int(amount[among(MOVES, kind)].sum())
        pending = int(amount[kind == PENDING].sum() - rows.amount[ended].sum())
        found.append((moved, pending))
    (gained, coming), (given, going) = found
    return Holding(gained - given, going, coming)


def statement(books: Books, name: AccountId, begin: Instant, end: Instant) -> Statement:
    """Give the statement of an account; see `Ledger.statement`."""
    account = books.positions[name]
    first, last = books.until(begin - 1), books.until(end - 1)
    rows = books.stored(last)
    mine = (rows.debit[first:] == account) | (rows.credit[first:] == account)
    places = first + np.flatnonzero(mine & among(MOVES, rows.kind[first:]))
    opening = holding(books, account, first).balance
    chosen = [books.row(place) for place in places.tolist()]
    changes = [row.amount if row.credit == account else -row.amount for row in chosen]
    balances = list(accumulate(changes, initial=opening))
    lines = tuple(
        StatementLine(
            books.ids.name(row.key),
            row.at,
            books.accounts[row.debit if change > 0 else row.credit],
            change,
            balance,
            row.expires if change > 0 else NEVER,
            books.name(row.original) if row.kind == CORRECTION else None,
        )
        for row, change, balance in zip(chosen, changes, balances[1:], strict=True)
    )
    return Statement(name, begin, end, opening, lines, balances[-1])
