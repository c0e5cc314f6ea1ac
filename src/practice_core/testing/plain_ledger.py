"""The law of the ledger a second time: one list, walked through for every answer.

`PlainLedger` does what `practice_core.points.Ledger` does and keeps nothing but the accounts that
were opened and the list of what was posted. What an account holds, whether it is frozen, which lots
it has left: each is found by reading the list from its beginning. So it is slow, and there is
little in it that could be wrong.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias, assert_never

import attrs

from practice_core.errors import OperationError
from practice_core.points import (
    LIMIT,
    NEVER,
    Account,
    AccountKind,
    AccountNotOpen,
    Batch,
    BeforeLatest,
    Correction,
    Due,
    Entry,
    Freeze,
    Holding,
    Lot,
    Merge,
    Pending,
    Posting,
    PostPending,
    Result,
    Statement,
    StatementLine,
    Thaw,
    Timeout,
    Transfer,
    VoidPending,
)
from practice_core.units import AccountId, Instant, TransferId, is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["PlainLedger", "Posted"]

Law: TypeAlias = "Iterator[tuple[bool, Result]]"

_FIRST, _LAST = -62_135_596_800_000, 253_402_300_799_999
"""The first and the last millisecond of the years 1 to 9999."""
_HOLDERS = {
    AccountKind.MEMBER,
    AccountKind.HOUSEHOLD,
    AccountKind.SHOP,
    AccountKind.DONATION_POOL,
}
_FEW = 10**9


@attrs.frozen
class Posted:
    """An entry with what it takes from its original: who gives, who gets, how much, until when.

    Where it does not move points, the one who gives is the account that it is about.
    """

    entry: Entry
    debit: AccountId
    credit: AccountId
    amount: int
    expires: Instant
    original: Posted | None = None


class PlainLedger:
    """A ledger as a list of what was posted.

    Examples
    --------
    >>> ledger = PlainLedger()
    >>> ledger.open("issuance", kind=AccountKind.ISSUANCE)
    >>> ledger.open("v-1")
    >>> ledger.post(Transfer("t-1", "issuance", "v-1", 20, at=0, expires=9_000)).name
    'CREATED'
    >>> ledger.lots("v-1")
    (Lot(transfer='t-1', at=0, expires=9000, points=20),)
    """

    def __init__(self) -> None:
        self.opened: dict[AccountId, tuple[AccountKind, int]] = {}
        self.posted: list[Posted] = []

    def __len__(self) -> int:
        return len(self.posted)

    @property
    def latest(self) -> Instant | None:
        """Instant of the last entry."""
        return self.posted[-1].entry.at if self.posted else None

    # ------------------------------------------------------------------ accounts

    def open(
        self, *accounts: AccountId, kind: AccountKind = AccountKind.MEMBER, cap: int = LIMIT
    ) -> None:
        """Open accounts."""
        for account in accounts:
            self.opened.setdefault(account, (kind, cap))

    def account(self, account: AccountId) -> Account:
        """Give an account as it stands."""
        self._check(account)
        kind, cap = self.opened[account]
        merged = [one.credit for one in self.posted if self._closes(one, account)]
        return Account(
            account,
            kind,
            cap,
            is_frozen=self._is_frozen(account),
            merged_into=merged[0] if merged else None,
        )

    def _check(self, account: AccountId) -> None:
        if account not in self.opened:
            raise AccountNotOpen(account)

    def _closes(self, one: Posted, account: AccountId) -> bool:
        return isinstance(one.entry, Merge) and one.debit == account

    def _is_closed(self, account: AccountId) -> bool:
        return any(self._closes(one, account) for one in self.posted)

    def _is_frozen(self, account: AccountId) -> bool:
        is_frozen = False
        for one in self.posted:
            if isinstance(one.entry, Freeze | Thaw) and one.debit == account:
                is_frozen = isinstance(one.entry, Freeze)
        return is_frozen

    # ------------------------------------------------------------------ posting

    def post(self, entry: Posting) -> Result:
        """Post one entry."""
        found = self.find(entry.id)
        new = self._taken(entry)
        if not is_identifier(entry.id):
            return Result.ID_INVALID
        if entry.id.startswith("ledger:"):
            return Result.ID_RESERVED
        if found is not None:
            return next(
                (result for differs, result in _unlike(new, found) if differs), Result.EXISTS
            )
        result = next((result for applies, result in self._law(new) if applies), Result.CREATED)
        if result is Result.CREATED:
            if isinstance(entry, Merge):
                self._move_lots(entry)
            self.posted.append(new)
        return result

    def post_many(self, batch: Batch) -> list[Result]:
        """Post the rows of a batch, one after the other."""
        return [
            self.post(row) if 0 <= number < _FEW else Result.ID_INVALID
            for number, row in zip(batch.numbers.tolist(), batch.transfers(), strict=True)
        ]

    def post_linked(self, entries: Sequence[Posting]) -> tuple[Result, ...]:
        """Post entries, all of them or none."""
        before = list(self.posted)
        results = [self.post(entry) for entry in entries]
        if len(self.posted) == len(before) and set(results) <= {Result.EXISTS}:
            return tuple(results)
        for place, result in enumerate(results):
            if result is not Result.CREATED:
                self.posted = before
                failed = [Result.LINKED_EVENT_FAILED] * len(entries)
                failed[place] = result
                return tuple(failed)
        return tuple(results)

    def find(self, name: TransferId) -> Posted | None:
        """Give what was posted under an id."""
        for one in self.posted:
            if not isinstance(one.entry, Timeout) and one.entry.id == name:
                return one
        return None

    def _taken(self, entry: Posting) -> Posted:
        """Give an entry with what it takes from its original, if there is one."""
        nobody = AccountId("")
        match entry:
            case Transfer() | Pending():
                return Posted(entry, entry.debit, entry.credit, entry.amount, entry.expires)
            case PostPending() | VoidPending() | Correction():
                original = self.find(_named(entry))
                told = None if isinstance(entry, VoidPending) else entry.amount
                if original is None:
                    return Posted(entry, nobody, nobody, told or 0, NEVER)
                amount = original.amount if told is None else told
                if not isinstance(entry, VoidPending):
                    entry = attrs.evolve(entry, amount=amount)
                sides = (original.debit, original.credit)
                if isinstance(entry, Correction):
                    return Posted(entry, *sides[::-1], amount, NEVER, original)
                return Posted(entry, *sides, amount, original.expires, original)
            case Freeze() | Thaw():
                return Posted(entry, entry.account, entry.account, 0, NEVER)
            case Merge():
                return Posted(entry, entry.old, entry.into, 0, NEVER)
            case _:
                assert_never(entry)

    # ------------------------------------------------------------------ the law

    def _law(self, new: Posted) -> Law:
        """Give what refuses an entry, in the order of `Result`; asked one after the other."""
        entry, at = new.entry, new.entry.at
        sized = isinstance(entry, Transfer | Pending | PostPending | Correction)
        two_sided = sized or isinstance(entry, Merge)
        ends = isinstance(entry, PostPending | VoidPending)
        yield (
            (ends or isinstance(entry, Correction)) and new.original is None,
            (Result.ORIGINAL_NOT_FOUND),
        )
        if new.original is not None:
            original = new.original.entry
            yield ends and not isinstance(original, Pending), Result.ORIGINAL_NOT_PENDING
            posted = isinstance(original, Transfer | PostPending)
            yield isinstance(entry, Correction) and not posted, Result.ORIGINAL_NOT_POSTED
        yield sized and new.amount <= 0, Result.AMOUNT_MUST_BE_POSITIVE
        yield sized and new.amount > LIMIT, Result.AMOUNT_TOO_LARGE
        yield not _FIRST <= at <= _LAST, Result.AT_OUT_OF_RANGE
        if isinstance(entry, Transfer | Pending):
            yield not _is_a_date(entry.expires), Result.EXPIRES_OUT_OF_RANGE
        if isinstance(entry, Pending):
            yield not _is_a_date(entry.deadline), Result.DEADLINE_OUT_OF_RANGE
        yield new.debit not in self.opened, Result.DEBIT_ACCOUNT_NOT_FOUND
        yield new.credit not in self.opened, Result.CREDIT_ACCOUNT_NOT_FOUND
        yield two_sided and new.debit == new.credit, Result.ACCOUNTS_MUST_DIFFER
        if isinstance(entry, Merge):
            kinds = {self.opened[entry.old][0], self.opened[entry.into][0]}
            yield (
                kinds not in ({AccountKind.MEMBER}, {AccountKind.HOUSEHOLD}),
                (Result.ACCOUNTS_MUST_BE_ALIKE),
            )
        if isinstance(entry, Transfer | Pending):
            yield entry.expires <= at, Result.EXPIRES_NOT_LATER
        if isinstance(entry, Pending):
            yield entry.deadline <= at, Result.DEADLINE_NOT_LATER
        yield from self._of_the_original(new)
        yield from self._of_the_accounts(new, two_sided=two_sided)
        yield self.latest is not None and at < self.latest, Result.AT_BEFORE_LATEST
        yield from self._of_the_limits(new)

    def _of_the_original(self, new: Posted) -> Law:
        entry, original = new.entry, new.original
        if original is None:
            return
        if isinstance(original.entry, Pending):
            how = [type(one.entry) for one in self.posted if one.original == original]
            yield PostPending in how, Result.PENDING_POSTED
            yield VoidPending in how, Result.PENDING_VOIDED
            yield Timeout in how or original.entry.deadline <= entry.at, Result.PENDING_TIMED_OUT
            yield new.amount > original.amount, Result.AMOUNT_EXCEEDS_ORIGINAL
        elif isinstance(original.entry, Transfer | PostPending):
            left = original.amount - _corrected(self.posted)[original.entry.id]
            yield new.amount > left, Result.AMOUNT_EXCEEDS_ORIGINAL

    def _of_the_accounts(self, new: Posted, *, two_sided: bool) -> Law:
        entry, debit, credit = new.entry, new.debit, new.credit
        if isinstance(entry, VoidPending):
            return
        yield self._is_closed(debit), Result.DEBIT_ACCOUNT_CLOSED
        yield two_sided and self._is_closed(credit), Result.CREDIT_ACCOUNT_CLOSED
        if isinstance(entry, Thaw):
            yield not self._is_frozen(debit), Result.ACCOUNT_NOT_FROZEN
            return
        yield self._is_frozen(debit), Result.DEBIT_ACCOUNT_FROZEN
        yield two_sided and self._is_frozen(credit), Result.CREDIT_ACCOUNT_FROZEN
        if isinstance(entry, Merge):
            held = self.holding(debit)
            yield held.pending_debits + held.pending_credits > 0, Result.ACCOUNT_HAS_PENDING

    def _of_the_limits(self, new: Posted) -> Law:
        entry, debit, credit = new.entry, new.debit, new.credit
        if not isinstance(entry, Transfer | Correction | Pending | Merge):
            return  # what was pending fits, and the others give nobody anything
        gives, gets = self.holding(debit), self.holding(credit)
        amount = gives.balance if isinstance(entry, Merge) else new.amount
        low = gives.balance - gives.pending_debits - amount
        high = gets.balance + gets.pending_credits + amount
        cap = self.opened[credit][1]
        may_owe = self.opened[debit][0] is AccountKind.ISSUANCE
        yield low < 0 and not may_owe, Result.OVERDRAWN
        yield high > cap and cap < LIMIT, Result.CAP_EXCEEDED
        yield low < -LIMIT or high > LIMIT, Result.OVERFLOW

    # ------------------------------------------------------------------ what is due

    def expire_pending(self, at: Instant) -> tuple[Pending, ...]:
        """Time out what is pending and past its deadline."""
        self._check_time(at)
        over = [one for one in self._pending(self.posted) if _deadline(one) <= at]
        for one in sorted(over, key=_deadline):
            end = Timeout(one.entry.id, at)  # type: ignore[union-attr]  # what is pending has an id
            self.posted.append(Posted(end, one.debit, one.credit, one.amount, NEVER, one))
        return tuple(one.entry for one in sorted(over, key=_deadline))  # type: ignore[misc]  # pending

    def expire(self, at: Instant, to: AccountId) -> list[Entry]:
        """Take what is left of lots that have expired."""
        keeper = self.account(to)
        if keeper.kind is not AccountKind.EXPIRED or keeper.is_frozen:
            message = f"account {to} keeps no expired points"
            raise OperationError(message)
        self._check_time(at)
        gone = []
        for account in self.opened:
            if not self._is_frozen(account):
                for place, points in self._left(account, self.posted):
                    if self.posted[place].expires <= at:
                        time = self._times_expired(place)
                        gone.append((time, place, account, points))
        begin = len(self.posted)
        for time, place, account, points in sorted(gone, key=lambda one: one[0]):
            name = TransferId(f"ledger:expire:{time}:{place}")
            self._write(Transfer(name, account, to, points, at))
        return [one.entry for one in self.posted[begin:]]

    def _times_expired(self, place: int) -> int:
        time = 0
        while self.find(TransferId(f"ledger:expire:{time}:{place}")) is not None:
            time += 1
        return time

    def _move_lots(self, merge: Merge) -> None:
        for place, points in self._left(merge.old, self.posted):
            expires = self.posted[place].expires
            name = TransferId(f"ledger:merge:{place}")
            self._write(Transfer(name, merge.old, merge.into, points, merge.at, expires))

    def _write(self, one: Transfer) -> None:
        self.posted.append(Posted(one, one.debit, one.credit, one.amount, one.expires))

    def _check_time(self, at: Instant) -> None:
        if self.latest is not None and at < self.latest:
            raise BeforeLatest(at, self.latest)

    # ------------------------------------------------------------------ reading

    def balance(self, account: AccountId) -> int:
        """Give what an account has."""
        return self.holding(account).balance

    def balances(self) -> dict[AccountId, int]:
        """Give what every account has."""
        return {account: self.balance(account) for account in self.opened}

    def total(self) -> int:
        """Add up all balances."""
        return sum(self.balances().values())

    def as_of(self, account: AccountId, at: Instant) -> int:
        """Give what an account had."""
        return self.holding(account, at).balance

    def holding(self, account: AccountId, at: Instant | None = None) -> Holding:
        """Give what an account holds, or held."""
        self._check(account)
        log = self._until(at)
        balance = 0
        for one in log:
            if _moves(one):
                balance += one.amount * ((one.credit == account) - (one.debit == account))
        pending = self._pending(log)
        going = sum(one.amount for one in pending if one.debit == account)
        coming = sum(one.amount for one in pending if one.credit == account)
        return Holding(balance, going, coming)

    def lots(self, account: AccountId, at: Instant | None = None) -> tuple[Lot, ...]:
        """Give what is left, or was left, of an account's credits."""
        self._check(account)
        found = []
        for place, points in self._left(account, self._until(at)):
            one = self.posted[place]
            found.append(Lot(one.entry.id, one.entry.at, one.expires, points))  # type: ignore[union-attr]  # a credit has an id
        return tuple(found)

    def next_expiries(self, account: AccountId, n: int) -> tuple[Due, ...]:
        """Give when points of an account expire next."""
        lots = [lot for lot in self.lots(account) if lot.expires != NEVER]
        dates = sorted({lot.expires for lot in lots})[:n]
        return tuple(
            Due(date, sum(lot.points for lot in lots if lot.expires == date)) for date in dates
        )

    def statement(self, account: AccountId, begin: Instant, end: Instant) -> Statement:
        """Give what an account got and gave."""
        self._check(account)
        balance = opening = self.as_of(account, begin - 1)
        lines = []
        for one in self.posted:
            if _moves(one) and begin <= one.entry.at < end and account in {one.debit, one.credit}:
                gets = one.credit == account
                change, other = (one.amount, one.debit) if gets else (-one.amount, one.credit)
                balance += change
                corrects = one.entry.corrects if isinstance(one.entry, Correction) else None
                expires = one.expires if gets else NEVER
                name = one.entry.id  # type: ignore[union-attr]  # what moves has an id
                lines.append(
                    StatementLine(name, one.entry.at, other, change, balance, expires, corrects)
                )
        return Statement(account, begin, end, opening, tuple(lines), balance)

    def entries(self) -> list[Entry]:
        """Give all that was posted."""
        return [one.entry for one in self.posted]

    def _until(self, at: Instant | None) -> list[Posted]:
        return [one for one in self.posted if at is None or one.entry.at <= at]

    def _pending(self, log: list[Posted]) -> list[Posted]:
        """Give what is pending at the end of a part of the list."""
        waiting: dict[TransferId, Posted] = {}
        for one in log:
            if isinstance(one.entry, Pending):
                waiting[one.entry.id] = one
            elif isinstance(one.entry, PostPending | VoidPending | Timeout):
                del waiting[one.entry.pending]
        return list(waiting.values())

    def _left(self, account: AccountId, log: list[Posted]) -> list[tuple[int, int]]:
        """Give the place of each credit of which something is left, and what; next used first."""
        if self.opened[account][0] not in _HOLDERS:
            return []
        gained, used, corrected = [], 0, _corrected(log)
        for place, one in enumerate(log):
            if isinstance(one.entry, Transfer | PostPending):
                amount = one.amount - corrected[one.entry.id]
                if one.credit == account:
                    gained.append((one.expires, place, amount))
                elif one.debit == account:
                    used += amount
        used += sum(one.amount for one in self._pending(log) if one.debit == account)
        found = []
        for _, place, amount in sorted(gained):
            taken = min(amount, used)
            used -= taken
            if amount > taken:
                found.append((place, amount - taken))
        return found


def _named(entry: PostPending | VoidPending | Correction) -> TransferId:
    return entry.corrects if isinstance(entry, Correction) else entry.pending


def _moves(one: Posted) -> bool:
    return isinstance(one.entry, Transfer | PostPending | Correction)


def _corrected(log: Sequence[Posted]) -> Counter[TransferId]:
    """Give how much of each transfer was corrected."""
    found: Counter[TransferId] = Counter()
    for one in log:
        if isinstance(one.entry, Correction):
            found[one.entry.corrects] += one.amount
    return found


def _deadline(one: Posted) -> Instant:
    return one.entry.deadline if isinstance(one.entry, Pending) else NEVER


def _is_a_date(when: Instant) -> bool:
    return _FIRST <= when <= _LAST or when == NEVER


def _unlike(new: Posted, old: Posted) -> Law:
    """Compare an entry with the one that took its id, field by field."""
    one, other = new.entry, old.entry
    yield type(one) is not type(other), Result.EXISTS_WITH_DIFFERENT_KIND
    if isinstance(one, PostPending | VoidPending | Correction):
        assert isinstance(other, PostPending | VoidPending | Correction)
        yield _named(one) != _named(other), Result.EXISTS_WITH_DIFFERENT_ORIGINAL
    yield new.debit != old.debit, Result.EXISTS_WITH_DIFFERENT_DEBIT
    yield new.credit != old.credit, Result.EXISTS_WITH_DIFFERENT_CREDIT
    yield new.amount != old.amount, Result.EXISTS_WITH_DIFFERENT_AMOUNT
    yield one.at != other.at, Result.EXISTS_WITH_DIFFERENT_AT
    yield new.expires != old.expires, Result.EXISTS_WITH_DIFFERENT_EXPIRES
    if isinstance(one, Pending):
        assert isinstance(other, Pending)
        yield one.deadline != other.deadline, Result.EXISTS_WITH_DIFFERENT_DEADLINE
