"""The books as columns, for whoever adds them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from practice_core.points.ledger.books import Books, Row, pick
from practice_core.points.ledger.kinds import CORRECTION, MOVES, among
from practice_core.points.ledger.lots import gains, left

if TYPE_CHECKING:
    from practice_core.points.ledger.arrays import Ints
    from practice_core.units import AccountId

__all__ = ["LotColumns", "Movements", "lot_columns", "movements"]


class Movements(NamedTuple):
    """Every movement of points, in order: what `Ledger.transfers` gives, as columns.

    Parameters
    ----------
    accounts
        All accounts, in the order in which they were opened.
    kinds
        Of each account, the position of its kind in `AccountKind`.
    debit, credit
        Positions in `accounts`.
    amount, at, expires
        As of a `Transfer`.
    corrects
        For a correction, the place of its original among the movements; else -1.
    """

    accounts: tuple[AccountId, ...]
    kinds: Ints
    debit: Ints
    credit: Ints
    amount: Ints
    at: Ints
    expires: Ints
    corrects: Ints


class LotColumns(NamedTuple):
    """What is left of all credits, what is pending included.

    Parameters
    ----------
    accounts
        All accounts, in the order in which they were opened.
    kinds
        Of each account, the position of its kind in `AccountKind`.
    account
        Of each lot, the position of its account.
    at, expires, points
        As of a `Lot`.
    """

    accounts: tuple[AccountId, ...]
    kinds: Ints
    account: Ints
    at: Ints
    expires: Ints
    points: Ints


def movements(books: Books) -> Movements:
    """Give every movement of points; see `Ledger.movements`."""
    stored = books.stored()
    places = np.flatnonzero(among(MOVES, stored.kind))
    rows = pick(stored, places)
    corrects = np.searchsorted(places, rows.original)
    corrects[rows.kind != CORRECTION] = -1
    return Movements(
        *_accounts(books), rows.debit, rows.credit, rows.amount, rows.at, rows.expires, corrects
    )


def lot_columns(books: Books, end: int) -> LotColumns:
    """Give what is left of all credits once some first rows were written."""
    rows = books.stored(end)
    found = left(gains(books, rows), _balances(books, rows))
    return LotColumns(
        *_accounts(books), found.owner, rows.at[found.row], found.expires, found.points
    )


def _accounts(books: Books) -> tuple[tuple[AccountId, ...], Ints]:
    return tuple(books.accounts), books.held.kind[: len(books.accounts)].copy()


def _balances(books: Books, rows: Row[Ints]) -> Ints:
    """Give what each account had after these rows."""
    moved = np.flatnonzero(among(MOVES, rows.kind))
    balances = np.zeros(books.held.balance.size, np.int64)
    np.add.at(balances, rows.credit[moved], rows.amount[moved])
    np.subtract.at(balances, rows.debit[moved], rows.amount[moved])
    return balances
