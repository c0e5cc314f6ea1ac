"""The ledger: what may be done with the books, and what may be read in them.

`Ledger.post` decides one entry; `Ledger.post_many` decides a batch as if each of its rows were
posted alone, in order. It does so for all rows at once by assuming that none of them is refused on
account of another. Where that fails, the rows up to there are kept, the one is refused as `post`
would refuse it, and the rest is decided anew.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from practice_core.errors import DefinitionError, Fault, OperationError
from practice_core.points.ledger.accounts import (
    HOLDERS,
    Account,
    AccountKind,
    AccountNotOpen,
    Holding,
)
from practice_core.points.ledger.batches import post_many
from practice_core.points.ledger.books import ACCOUNT_KINDS, Books
from practice_core.points.ledger.columns import lot_columns, movements
from practice_core.points.ledger.entries import FIRST, LAST, LIMIT, NEVER, Transfer
from practice_core.points.ledger.ids import split
from practice_core.points.ledger.kinds import MERGE, MOVES, among
from practice_core.points.ledger.law import decide
from practice_core.points.ledger.lots import Due, Lot, lots
from practice_core.points.ledger.reading import holding, statement
from practice_core.points.ledger.results import Result, Results
from practice_core.points.ledger.sweeping import expire, move_lots, time_out
from practice_core.points.ledger.writing import Entries, row_of
from practice_core.units import is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from practice_core.points.ledger.columns import LotColumns, Movements
    from practice_core.points.ledger.entries import Batch, Pending, Posting
    from practice_core.points.ledger.reading import Statement
    from practice_core.units import AccountId, Instant

__all__ = ["BeforeLatest", "Ledger"]


class BeforeLatest(OperationError):
    """The ledger was asked to do something before its latest entry: the past stays as it was.

    Attributes
    ----------
    at : int
        The instant given.
    latest : int
        The instant of the latest entry.
    """

    def __init__(self, at: Instant, latest: Instant) -> None:
        self.at = at
        self.latest = latest
        super().__init__(f"{at} is before the ledger's latest entry, {latest}")

    def __reduce__(self) -> tuple[type[BeforeLatest], tuple[int, int]]:
        return type(self), (self.at, self.latest)


class Ledger:
    """Accounts and the transfers between them: double entry over integers.

    A transfer moves points from the account it debits to the account it credits, so the balance of
    an account is its credits minus its debits, and all balances together are zero, at every
    instant. No account but issuance is ever below zero and none above its cap, at no instant, what
    is pending included: what is set aside cannot be given twice, and there is room for what is to
    come. Entries are never changed or removed: a mistake is put right by a `Correction`.

    The ledger reads no clock. What is due at an instant (pending transfers past their deadline,
    lots that have expired) is done by `expire_pending` and `expire`, which a platform calls with
    its own clock before whatever else it does then. Until then it is not done: what has expired
    can still be used, and what is past its deadline is still set aside, though no longer posted.

    Notes
    -----
    *Lots.* Every credit is a lot with an expiry. Which lots an account has left is no account of
    its own, it is read from the entries: the credits, those that expire first first and of these
    the one posted first, are used from the front by what the account gave and what is pending from
    it. This has consequences that a county should know:

    - What is pending counts as used, of the oldest lots: it does not expire while it is pending.
      If it is voided or times out, it is as if it had never been, and what has expired meanwhile
      is taken by the next `expire`.
    - A credit that comes later but expires earlier is used before those that were there: earlier
      uses are then counted against it. This never makes anyone's points expire sooner.
    - A correction makes smaller what it corrects. So points given back are as old as they were
      before they were spent, and an award taken back is missing from its own lot, not from the
      oldest. A center that wants refunded points to last longer posts a `Transfer` of its own.

    Examples
    --------
    >>> from practice_core.points import Pending, PostPending
    >>> ledger = Ledger()
    >>> ledger.open("issuance", kind=AccountKind.ISSUANCE)
    >>> ledger.open("v-1", "v-2", cap=50)
    >>> ledger.open("shop", kind=AccountKind.SHOP)
    >>> ledger.post(Transfer("t-1", "issuance", "v-1", 20, at=1_000, expires=9_000)).name
    'CREATED'
    >>> ledger.post(Transfer("t-2", "v-1", "v-2", 30, at=2_000)).name
    'OVERDRAWN'
    >>> ledger.post(Pending("p-1", "v-1", "shop", 15, at=3_000, deadline=4_000)).name
    'CREATED'
    >>> ledger.holding("v-1").available, ledger.balance("v-1")
    (5, 20)
    >>> ledger.post(PostPending("p-2", "p-1", at=3_500, amount=12)).name
    'CREATED'
    >>> ledger.balances(), ledger.total()
    ({'issuance': -20, 'v-1': 8, 'v-2': 0, 'shop': 12}, 0)
    >>> [(lot.expires, lot.points) for lot in ledger.lots("v-1")]
    [(9000, 8)]
    """

    def __init__(self) -> None:
        self._books = Books()

    def __len__(self) -> int:
        return self._books.count

    def __contains__(self, account: object) -> bool:
        """Tell whether an account is open."""
        return account in self._books.positions

    @property
    def latest(self) -> Instant | None:
        """Instant of the last entry; a new one may not be before it. None at first."""
        return self._books.latest

    # ------------------------------------------------------------------ accounts

    def open(
        self,
        *accounts: AccountId,
        kind: AccountKind = AccountKind.MEMBER,
        cap: int = LIMIT,
    ) -> None:
        """Open accounts, all or none; opening one again in the same way changes nothing.

        Parameters
        ----------
        *accounts
            Their ids.
        kind
            Whose points they keep.
        cap
            The most points each may hold, 0 to `LIMIT`; only for kinds that hold points for use.

        Raises
        ------
        DefinitionError
            If an id is none, a cap is out of place, or an account is open already in another way.
        """
        books = self._books
        faults = [
            Fault("account", repr(account), "1 to 64 of A-Za-z0-9._:-", "rename it")
            for account in accounts
            if not is_identifier(account)
        ]
        if not 0 <= cap <= LIMIT:
            faults.append(Fault("cap", str(cap), f"0 to {LIMIT}", "mend the cap"))
        if cap != LIMIT and kind not in HOLDERS:
            faults.append(Fault("cap", str(cap), f"none for {kind}", "leave it out"))
        for account in accounts:
            if account in books.positions:
                known = self.account(account)
                if (known.kind, known.cap) != (kind, cap):
                    found = f"open as {known.kind} with cap {known.cap}"
                    faults.append(Fault(account, found, "one way", "use another id"))
        if faults:
            subject = "ledger accounts"
            raise DefinitionError(subject, faults)
        books.open(accounts, kind, cap)

    def account(self, account: AccountId) -> Account:
        """Give an account as it stands.

        Raises
        ------
        AccountNotOpen
            If it is not open.
        """
        books, place = self._books, self._position(account)
        held = books.held
        successor = int(held.successor[place])
        return Account(
            account,
            ACCOUNT_KINDS[held.kind[place]],
            int(held.cap[place]),
            is_frozen=bool(held.frozen[place]),
            merged_into=books.accounts[successor - 1] if successor else None,
        )

    # ------------------------------------------------------------------ posting

    def post(self, entry: Posting) -> Result:
        """Post one entry.

        Returns
        -------
        Result
            `Result.CREATED`, or why not; then nothing has changed.
        """
        self._books.ids.tidy()
        return self._post(entry)

    def post_linked(self, entries: Sequence[Posting]) -> tuple[Result, ...]:
        """Post entries in order, all of them or none.

        Returns
        -------
        tuple of Result
            One for each. If one is refused, it has its own result, all others have
            `Result.LINKED_EVENT_FAILED`, and nothing has changed. Posted again, the whole group
            has `Result.EXISTS`; one entry that exists among others that do not is refused.

        Examples
        --------
        >>> ledger = Ledger()
        >>> ledger.open("issuance", kind=AccountKind.ISSUANCE)
        >>> ledger.open("v-1", "v-2")
        >>> gift = Transfer("t-1", "issuance", "v-1", 5, at=0), Transfer("t-2", "v-1", "v-2", 9, 0)
        >>> [result.name for result in ledger.post_linked(gift)]
        ['LINKED_EVENT_FAILED', 'OVERDRAWN']
        >>> ledger.total(), len(ledger)
        (0, 0)
        """
        books = self._books
        books.ids.tidy()
        results = [decide(books, entry.id, row_of(books, entry)) for entry in entries]
        if all(result is Result.EXISTS for result in results):
            return tuple(results)
        count = books.count
        for place, entry in enumerate(entries):
            result = self._post(entry)
            if result is not Result.CREATED:
                books.take_back(count)
                others = [Result.LINKED_EVENT_FAILED] * len(entries)
                return (*others[:place], result, *others[place + 1 :])
        return (Result.CREATED,) * len(entries)

    def post_many(self, batch: Batch) -> Results:
        """Post the rows of a batch, in order: what `post` does with each, at once.

        Returns
        -------
        Results
            One for each row; rows that were refused have changed nothing.

        Notes
        -----
        Time is that of sorting the ids, and linear if they ascend. Only a row refused for what
        rows before it in the same batch did costs as much as a posting of its own: one that is
        overdrawn or before the latest, and the first that meets an account's cap.

        Examples
        --------
        >>> from practice_core.points import Batch
        >>> ledger = Ledger()
        >>> ledger.open("issuance", kind=AccountKind.ISSUANCE)
        >>> ledger.open("v-1", "v-2", cap=30)
        >>> batch = Batch(
        ...     prefix="2025-04:",
        ...     numbers=[1, 2, 1, 3],
        ...     accounts=["issuance", "v-1", "v-2"],
        ...     debit=[0, 0, 0, 0],
        ...     credit=[1, 2, 1, 1],
        ...     amount=[20, 15, 20, 11],
        ...     at=[1_000, 1_000, 1_000, 1_000],
        ...     expires=9_000,
        ... )
        >>> [result.name for result in ledger.post_many(batch)]
        ['CREATED', 'CREATED', 'EXISTS', 'CAP_EXCEEDED']
        """
        return Results(post_many(self._books, batch))

    def _post(self, entry: Posting) -> Result:
        books = self._books
        row = row_of(books, entry)
        result = decide(books, entry.id, row)
        if result is Result.CREATED:
            stem, _ = split(entry.id)
            books.ids.claim(stem)  # before the ids of lots that a merge moves
            if row.kind == MERGE:
                move_lots(books, row)
            books.append(row)
        return result

    # ------------------------------------------------------------------ what is due

    def expire_pending(self, at: Instant) -> tuple[Pending, ...]:
        """Time out what is pending and past its deadline at an instant.

        Returns
        -------
        tuple of Pending
            What ended, by deadline.

        Raises
        ------
        BeforeLatest
            If that is before the latest entry.

        Examples
        --------
        >>> from practice_core.points import Pending
        >>> ledger = Ledger()
        >>> ledger.open("issuance", kind=AccountKind.ISSUANCE)
        >>> ledger.open("v-1")
        >>> ledger.post(Pending("p-1", "issuance", "v-1", 5, at=0, deadline=7_000)).name
        'CREATED'
        >>> ledger.expire_pending(6_999), [ended.id for ended in ledger.expire_pending(7_000)]
        ((), ['p-1'])
        """
        self._check_time(at)
        return time_out(self._books, at)

    def expire(self, at: Instant, to: AccountId) -> Entries:
        """Take what is left of all lots that have expired at an instant.

        One transfer a lot, of every account that is not frozen; see the notes of `Ledger`. The ids
        are made of the lot, ``ledger:expire:0:17`` for that of the credit in row 17 of the books,
        and ``ledger:expire:1:17`` if some of it is free only later. Done again it finds nothing.

        Parameters
        ----------
        at
            The instant; a lot has expired at its `expires`.
        to
            The account that keeps what has expired.

        Returns
        -------
        Entries
            The transfers, by account and in the order in which its lots would have been used; lots
            of which some was taken before come last.

        Raises
        ------
        BeforeLatest
            If that is before the latest entry.
        AccountNotOpen
            If that account is not open.
        OperationError
            If that account does not keep what has expired, is frozen or cannot hold so much.

        Examples
        --------
        >>> ledger = Ledger()
        >>> ledger.open("issuance", kind=AccountKind.ISSUANCE)
        >>> ledger.open("expired", kind=AccountKind.EXPIRED)
        >>> ledger.open("v-1")
        >>> ledger.post(Transfer("t-1", "issuance", "v-1", 5, at=0, expires=9_000)).name
        'CREATED'
        >>> [(gone.id, gone.debit, gone.amount) for gone in ledger.expire(9_000, "expired")]
        [('ledger:expire:0:0', 'v-1', 5)]
        >>> len(ledger.expire(9_000, "expired"))
        0
        """
        keeper = self.account(to)
        if keeper.kind is not AccountKind.EXPIRED or keeper.is_frozen:
            message = f"account {to} keeps no expired points; it is {keeper}"
            raise OperationError(message)
        self._check_time(at)
        books = self._books
        begin = books.count
        expire(books, at, books.positions[to])
        return Entries(books, range(begin, books.count))

    def _check_time(self, at: Instant) -> None:
        latest = self.latest
        if latest is not None and at < latest:
            raise BeforeLatest(at, latest)
        if not FIRST <= at <= LAST:
            message = f"instant {at} is outside the years 1 to 9999"
            raise OperationError(message)

    # ------------------------------------------------------------------ reading

    def balance(self, account: AccountId) -> int:
        """Give the points an account has now.

        Raises
        ------
        AccountNotOpen
            If it is not open.
        """
        return int(self._books.held.balance[self._position(account)])

    def balances(self) -> dict[AccountId, int]:
        """Give all balances, in the order in which the accounts were opened."""
        books = self._books
        held = books.held.balance[: len(books.accounts)].tolist()
        return dict(zip(books.accounts, held, strict=True))

    def total(self) -> int:
        """Add up all balances: always 0."""
        return int(self._books.held.balance.sum())

    def as_of(self, account: AccountId, at: Instant) -> int:
        """Give the points an account had once all entries up to and including `at` were posted.

        Raises
        ------
        AccountNotOpen
            If it is not open.
        """
        return self.holding(account, at).balance

    def holding(self, account: AccountId, at: Instant | None = None) -> Holding:
        """Give what an account holds, pending included: now, or once all up to `at` was posted.

        Raises
        ------
        AccountNotOpen
            If it is not open.
        """
        position = self._position(account)
        if at is None:
            held = self._books.held
            columns = (held.balance, held.pending_debits, held.pending_credits)
            return Holding(*(int(entries[position]) for entries in columns))
        return holding(self._books, position, self._books.until(at))

    def lots(self, account: AccountId, at: Instant | None = None) -> tuple[Lot, ...]:
        """Give what is left of an account's credits, in the order in which it will be used.

        Together they are what is available; see the notes of `Ledger`. Issuance and the accounts
        where points end have none.

        Parameters
        ----------
        account
            Whose.
        at
            As of when; now unless told.

        Raises
        ------
        AccountNotOpen
            If it is not open.
        """
        books, position = self._books, self._position(account)
        return lots(books, position, books.count if at is None else books.until(at))

    def next_expiries(self, account: AccountId, n: int) -> tuple[Due, ...]:
        """Give when points of an account expire next, and how many, `n` times at most.

        Points that are pending are not among them: they do not expire while they are.

        Raises
        ------
        AccountNotOpen
            If it is not open.

        Examples
        --------
        >>> ledger = Ledger()
        >>> ledger.open("issuance", kind=AccountKind.ISSUANCE)
        >>> ledger.open("v-1")
        >>> for number, expires in enumerate((9_000, 7_000, 9_000, NEVER)):
        ...     award = Transfer(f"t-{number}", "issuance", "v-1", 5, at=0, expires=expires)
        ...     assert ledger.post(award).name == "CREATED"
        >>> ledger.next_expiries("v-1", 9)
        (Due(expires=7000, points=5), Due(expires=9000, points=10))
        """
        due: dict[Instant, int] = {}
        for lot in self.lots(account):
            if lot.expires != NEVER:
                due[lot.expires] = due.get(lot.expires, 0) + lot.points
        return tuple(Due(*one) for one in islice(due.items(), n))

    def statement(self, account: AccountId, begin: Instant, end: Instant) -> Statement:
        """Give what an account got and gave from `begin` up to but not including `end`.

        Raises
        ------
        AccountNotOpen
            If it is not open.

        Examples
        --------
        >>> ledger = Ledger()
        >>> ledger.open("issuance", kind=AccountKind.ISSUANCE)
        >>> ledger.open("v-1")
        >>> for at in (1_000, 2_000):
        ...     assert ledger.post(Transfer(f"t-{at}", "issuance", "v-1", 5, at)).name == "CREATED"
        >>> second = ledger.statement("v-1", 2_000, 3_000)
        >>> second.opening, [(line.change, line.balance) for line in second.lines], second.closing
        (5, [(5, 10)], 10)
        """
        self._position(account)
        return statement(self._books, account, begin, end)

    def entries(self) -> Entries:
        """Give all that was posted, in order."""
        return Entries(self._books, range(self._books.count))

    def transfers(self) -> Iterator[Transfer]:
        """Give every movement of points as a transfer: also of what was posted and corrected."""
        books = self._books
        rows = books.stored()
        chosen = np.flatnonzero(among(MOVES, rows.kind))
        columns = (rows.key, rows.debit, rows.credit, rows.amount, rows.at, rows.expires)
        moved = zip(*(entries[chosen].tolist() for entries in columns), strict=True)
        for key, debit, credit, amount, at, expires in moved:
            giver, getter = books.accounts[debit], books.accounts[credit]
            yield Transfer(books.ids.name(key), giver, getter, amount, at, expires)

    def movements(self) -> Movements:
        """Give every movement of points as columns, a row for each of `transfers`."""
        return movements(self._books)

    def lot_columns(self, at: Instant | None = None) -> LotColumns:
        """Give what is left of all credits of all accounts as columns, pending points included.

        Parameters
        ----------
        at
            As of when; now unless told.

        Returns
        -------
        LotColumns
            By account, and then in the order in which they will be used.
        """
        books = self._books
        return lot_columns(books, books.count if at is None else books.until(at))

    def _position(self, account: AccountId) -> int:
        position = self._books.positions.get(account)
        if position is None:
            raise AccountNotOpen(account)
        return position
