"""The law of the ledger: what refuses an entry, in the order in which it is asked.

Each function gives results with whether they apply. It does so for one row or for many at once:
a row may be integers or columns of them, and then so is what applies. The kind is one for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from practice_core.points.ledger.accounts import PERSONS
from practice_core.points.ledger.books import ACCOUNT_KINDS, Books, Row
from practice_core.points.ledger.entries import FIRST, LAST, LIMIT, NEVER, OWN
from practice_core.points.ledger.kinds import (
    CORRECTION,
    MERGE,
    PENDING,
    POST,
    SIZED,
    THAW,
    TIMEOUT,
    TRANSFER,
    VOID,
)
from practice_core.points.ledger.results import Result
from practice_core.units import is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["decide", "likeness", "limits", "refusals"]

Applies: TypeAlias = Any
"""A bool, or a column of them."""

_REFERRING = frozenset({POST, CORRECTION, VOID})
_ENDING = frozenset({POST, VOID})
_EXPIRING = frozenset({TRANSFER, PENDING})
_TWO_SIDED = frozenset({TRANSFER, POST, CORRECTION, PENDING, MERGE})
_ENDS = {
    POST: Result.PENDING_POSTED,
    VOID: Result.PENDING_VOIDED,
    TIMEOUT: Result.PENDING_TIMED_OUT,
}


def decide(books: Books, name: str, row: Row[int]) -> Result:
    """Say what becomes of one entry."""
    if not is_identifier(name):
        return Result.ID_INVALID
    if name.startswith(OWN):
        return Result.ID_RESERVED
    stored = books.ids.row(row.key)
    if stored >= 0:
        alike = likeness(row.kind, row, books.row(stored))
        return next((result for result, differs in alike if differs), Result.EXISTS)
    for law in (refusals, limits):
        for result, applies in law(books, row.kind, row):
            if applies:
                return result
    return Result.CREATED


def likeness(kind: int, new: Row[Any], old: Row[Any]) -> Iterator[tuple[Result, Applies]]:
    """Compare with what took the id before, field by field."""
    yield Result.EXISTS_WITH_DIFFERENT_KIND, old.kind != kind
    if kind in _REFERRING:
        yield Result.EXISTS_WITH_DIFFERENT_ORIGINAL, new.original != old.original
    yield Result.EXISTS_WITH_DIFFERENT_DEBIT, new.debit != old.debit
    if kind in _TWO_SIDED:
        yield Result.EXISTS_WITH_DIFFERENT_CREDIT, new.credit != old.credit
    if kind in SIZED:
        yield Result.EXISTS_WITH_DIFFERENT_AMOUNT, new.amount != old.amount
    yield Result.EXISTS_WITH_DIFFERENT_AT, new.at != old.at
    if kind in _EXPIRING:
        yield Result.EXISTS_WITH_DIFFERENT_EXPIRES, new.expires != old.expires
    if kind == PENDING:
        yield Result.EXISTS_WITH_DIFFERENT_DEADLINE, new.deadline != old.deadline


def refusals(books: Books, kind: int, new: Row[Any]) -> Iterator[tuple[Result, Applies]]:
    """Ask everything but the limits of what accounts may hold."""
    yield from _of_the_original(books, kind, new)
    yield from _of_the_fields(books, kind, new)
    yield from _of_order(kind, new)
    yield from _of_what_was_done(books, kind, new)
    yield from _of_the_accounts(books, kind, new)
    if books.latest is not None:
        yield Result.AT_BEFORE_LATEST, new.at < books.latest


def limits(books: Books, kind: int, new: Row[Any]) -> Iterator[tuple[Result, Applies]]:
    """Ask whether an account would hold less or more than it may, what is pending included."""
    if kind not in {TRANSFER, CORRECTION, PENDING, MERGE}:
        return
    held = books.held
    lowest = held.balance[new.debit] - held.pending_debits[new.debit] - new.amount
    highest = held.balance[new.credit] + held.pending_credits[new.credit] + new.amount
    floor, cap = held.floor[new.debit], held.cap[new.credit]
    yield Result.OVERDRAWN, (lowest < floor) & (floor == 0)
    yield Result.CAP_EXCEEDED, (highest > cap) & (cap < LIMIT)
    yield Result.OVERFLOW, (lowest < floor) | (highest > cap)


def _of_the_original(books: Books, kind: int, new: Row[Any]) -> Iterator[tuple[Result, Applies]]:
    if kind in _REFERRING:
        yield Result.ORIGINAL_NOT_FOUND, new.original < 0
        original = books.rows.kind[new.original]
        if kind in _ENDING:
            yield Result.ORIGINAL_NOT_PENDING, original != PENDING
        else:
            yield Result.ORIGINAL_NOT_POSTED, (original != TRANSFER) & (original != POST)


def _of_the_fields(books: Books, kind: int, new: Row[Any]) -> Iterator[tuple[Result, Applies]]:
    if kind in SIZED:
        yield Result.AMOUNT_MUST_BE_POSITIVE, new.amount < 1
        yield Result.AMOUNT_TOO_LARGE, new.amount > LIMIT
    yield Result.AT_OUT_OF_RANGE, (new.at < FIRST) | (new.at > LAST)
    if kind in _EXPIRING:
        yield Result.EXPIRES_OUT_OF_RANGE, _is_out_of_range(new.expires)
    if kind == PENDING:
        yield Result.DEADLINE_OUT_OF_RANGE, _is_out_of_range(new.deadline)
    yield Result.DEBIT_ACCOUNT_NOT_FOUND, new.debit < 0
    if kind in _TWO_SIDED:
        yield Result.CREDIT_ACCOUNT_NOT_FOUND, new.credit < 0
        yield Result.ACCOUNTS_MUST_DIFFER, new.debit == new.credit
    if kind == MERGE:
        old, into = (books.held.kind[account] for account in (new.debit, new.credit))
        person = ACCOUNT_KINDS[old] in PERSONS
        yield Result.ACCOUNTS_MUST_BE_ALIKE, (old != into) | (not person)


def _of_order(kind: int, new: Row[Any]) -> Iterator[tuple[Result, Applies]]:
    if kind in _EXPIRING:
        yield Result.EXPIRES_NOT_LATER, new.expires <= new.at
    if kind == PENDING:
        yield Result.DEADLINE_NOT_LATER, new.deadline <= new.at


def _of_what_was_done(books: Books, kind: int, new: Row[Any]) -> Iterator[tuple[Result, Applies]]:
    if kind in _ENDING:
        ended = books.ended.get(new.original)
        if ended is not None:
            yield _ENDS[int(books.rows.kind[ended])], True
        yield Result.PENDING_TIMED_OUT, books.rows.deadline[new.original] <= new.at
    if kind in {POST, CORRECTION}:
        before = books.corrected.get(new.original, 0) if kind == CORRECTION else 0
        left = books.rows.amount[new.original] - before
        yield Result.AMOUNT_EXCEEDS_ORIGINAL, new.amount > left


def _of_the_accounts(books: Books, kind: int, new: Row[Any]) -> Iterator[tuple[Result, Applies]]:
    held = books.held
    if kind == VOID:
        return  # gives nobody anything: lawful with a frozen account, and a closed one has none
    yield Result.DEBIT_ACCOUNT_CLOSED, held.successor[new.debit] > 0
    if kind in _TWO_SIDED:
        yield Result.CREDIT_ACCOUNT_CLOSED, held.successor[new.credit] > 0
    if kind != THAW:
        yield Result.DEBIT_ACCOUNT_FROZEN, held.frozen[new.debit] > 0
    if kind in _TWO_SIDED:
        yield Result.CREDIT_ACCOUNT_FROZEN, held.frozen[new.credit] > 0
    if kind == THAW:
        yield Result.ACCOUNT_NOT_FROZEN, held.frozen[new.debit] == 0
    if kind == MERGE:
        pending = held.pending_debits[new.debit] + held.pending_credits[new.debit]
        yield Result.ACCOUNT_HAS_PENDING, pending > 0


def _is_out_of_range(instant: Any) -> Applies:  # noqa: ANN401 - an integer, or a column of them
    return ((instant < FIRST) | (instant > LAST)) & (instant != NEVER)
