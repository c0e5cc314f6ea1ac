"""The points ledger: double entry over integers, in columns.

A transfer moves points from the account it debits to the account it credits, so the balance of an
account is its credits minus its debits and all balances together are always zero. What the issuance
account has below zero is what volunteers hold.

`Ledger.post` and `Ledger.post_many` are one mechanism: a transfer is a batch of one row. A batch is
decided as if each row were posted alone, in order; this is done for all rows at once by assuming
that none of them is refused on account of another, and where the assumption first fails, the rows
up to there are kept and the rest is decided anew.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import NamedTuple, TypeAlias, overload

import attrs
import numpy as np
import numpy.typing as npt

from practice_core.errors import DefinitionError, Fault, PracticeError
from practice_core.units import AccountId, Instant, TransferId, instant, is_identifier, value

__all__ = ["LIMIT", "AccountNotOpen", "Batch", "Ledger", "Result", "Results", "Transfer"]

LIMIT = 2**53 - 1
"""Largest amount and largest balance either way: what JSON readers and float64 hold exactly."""

_Ints: TypeAlias = npt.NDArray[np.int64]
_Codes: TypeAlias = npt.NDArray[np.uint8]

_FIRST = instant(dt.datetime.min.replace(tzinfo=dt.UTC))
_LAST = instant(dt.datetime.max.replace(tzinfo=dt.UTC))
_NUMBERED = re.compile(r"(.*[^0-9])?(0|[1-9][0-9]{0,8})", re.DOTALL)
_MOST_NUMBER = 10**9 - 1
_NUMBER_BITS = 30
_LONGEST_PREFIX = 64 - 9


class Result(enum.StrEnum):
    """What became of a transfer; in order of precedence: the first that applies is given.

    Only `CREATED` changes anything. `EXISTS` means that this very transfer was created before: a
    retry may take it for success. A refused id is free to be used again.
    """

    ID_INVALID = "id_invalid"
    EXISTS_WITH_DIFFERENT_DEBIT = "exists_with_different_debit"
    EXISTS_WITH_DIFFERENT_CREDIT = "exists_with_different_credit"
    EXISTS_WITH_DIFFERENT_AMOUNT = "exists_with_different_amount"
    EXISTS_WITH_DIFFERENT_AT = "exists_with_different_at"
    EXISTS = "exists"
    AMOUNT_MUST_BE_POSITIVE = "amount_must_be_positive"
    AMOUNT_TOO_LARGE = "amount_too_large"
    AT_OUT_OF_RANGE = "at_out_of_range"
    DEBIT_ACCOUNT_NOT_FOUND = "debit_account_not_found"
    CREDIT_ACCOUNT_NOT_FOUND = "credit_account_not_found"
    ACCOUNTS_MUST_DIFFER = "accounts_must_differ"
    AT_BEFORE_LATEST = "at_before_latest"
    OVERDRAWN = "overdrawn"
    OVERFLOW = "overflow"
    CREATED = "created"


_RESULTS = tuple(Result)
_CODE = {result: np.uint8(code) for code, result in enumerate(_RESULTS)}
_CREATED = _CODE[Result.CREATED]


class AccountNotOpen(PracticeError, LookupError):
    """An account that this ledger does not have.

    Attributes
    ----------
    account : str
        The account asked for.
    """

    def __init__(self, account: str) -> None:
        self.account = account
        super().__init__(f"account {account!r} is not open in this ledger; open it first")

    def __reduce__(self) -> tuple[type[AccountNotOpen], tuple[str]]:
        return type(self), (self.account,)


@value
class Transfer:
    """Points moving from one account to another.

    Parameters
    ----------
    id
        Made by the caller; posting the same id again changes nothing.
    debit
        The account that gives: its balance falls.
    credit
        The account that gets: its balance rises.
    amount
        Points, 1 to `LIMIT`.
    at
        When it is posted, in ms since 1970-01-01T00:00Z, in the years 1 to 9999 and not before the
        ledger's latest: the past stays as it was. When the service took place is in its record.
    """

    id: TransferId
    debit: AccountId
    credit: AccountId
    amount: int
    at: Instant


def _column(numbers: npt.ArrayLike) -> _Ints:
    return np.asarray(numbers).astype(np.int64, casting="safe", copy=False)


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

    Raises
    ------
    DefinitionError
        If the prefix is none, columns are not of one length or an index leads outside `accounts`.
    TypeError
        If a column is not of integers that 64 bits hold.
    """

    prefix: str
    numbers: _Ints = attrs.field(converter=_column)
    accounts: tuple[AccountId, ...] = attrs.field(converter=_names)
    debit: _Ints = attrs.field(converter=_column)
    credit: _Ints = attrs.field(converter=_column)
    amount: _Ints = attrs.field(converter=_column)
    at: _Ints = attrs.field(converter=_column)

    def __attrs_post_init__(self) -> None:
        faults = []
        if self.prefix and (
            not is_identifier(self.prefix)
            or len(self.prefix) > _LONGEST_PREFIX
            or self.prefix[-1].isdigit()
        ):
            expected = f"at most {_LONGEST_PREFIX} of A-Za-z0-9._:-, no digit last"
            faults.append(Fault("prefix", repr(self.prefix), expected, "end it in ':' or '-'"))
        shape = (self.numbers.size,)
        for name in ("numbers", "debit", "credit", "amount", "at"):
            column: _Ints = getattr(self, name)
            if column.shape != shape:
                faults.append(
                    Fault(name, f"shape {column.shape}", f"shape {shape}", "give one entry per row")
                )
        for name in ("debit", "credit"):
            column = getattr(self, name)
            astray = column[(column < 0) | (column >= len(self.accounts))]
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
        columns = (self.numbers, self.debit, self.credit, self.amount, self.at)
        for number, debit, credit, amount, at in zip(*map(np.ndarray.tolist, columns), strict=True):
            name = TransferId(f"{self.prefix}{number}")
            yield Transfer(name, self.accounts[debit], self.accounts[credit], amount, at)


@attrs.frozen(eq=False)
class Results(Sequence[Result]):
    """What became of each row of a batch, one byte a row.

    Parameters
    ----------
    codes
        Positions in `Result`, uint8, one per row.
    """

    codes: _Codes

    def __len__(self) -> int:
        return self.codes.size

    @overload
    def __getitem__(self, row: int) -> Result: ...
    @overload
    def __getitem__(self, row: slice) -> Results: ...
    def __getitem__(self, row: int | slice) -> Result | Results:
        if isinstance(row, slice):
            return Results(self.codes[row])
        return _RESULTS[int(self.codes[row])]

    def tally(self) -> Counter[Result]:
        """Count the rows by result."""
        counts = np.bincount(self.codes, minlength=len(_RESULTS)).tolist()
        return +Counter(dict(zip(_RESULTS, counts, strict=True)))


class _Rows(NamedTuple):
    """Transfers as columns of one length; accounts by index, -1 for one that is not open.

    The key stands for the id: see `Ledger._key`.
    """

    key: _Ints
    debit: _Ints
    credit: _Ints
    amount: _Ints
    at: _Ints

    def pick(self, which: _Ints | slice) -> _Rows:
        return _Rows(*(column[which] for column in self))


class _Index:
    """Which row a key is stored in: sorted runs, each at least twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[tuple[_Ints, _Ints]] = []

    def find(self, keys: _Ints) -> _Ints:
        """Give the row of each key, of which there are some; -1 where there is none."""
        found = np.full(keys.size, -1, np.int64)
        low, high = keys.min(), keys.max()
        for run, rows in self._runs:
            if run[0] <= high and low <= run[-1]:
                place, hit = _locate(run, keys)
                found[hit] = rows[place[hit]]
        return found

    def add(self, keys: _Ints, rows: _Ints) -> None:
        """Take in new keys, ascending, with their rows."""
        while self._runs and self._runs[-1][0].size < 2 * keys.size:
            older_keys, older_rows = self._runs.pop()
            ascending = older_keys[-1] < keys[0]
            keys, rows = np.concatenate((older_keys, keys)), np.concatenate((older_rows, rows))
            if not ascending:
                order = np.argsort(keys, kind="stable")
                keys, rows = keys[order], rows[order]
        self._runs.append((keys, rows))


class Ledger:
    """Accounts and the transfers between them.

    No account without `overdraft` is ever below zero, at no instant; the balances of all accounts
    are together zero, at every instant. Transfers are never changed or removed.

    Examples
    --------
    >>> ledger = Ledger()
    >>> ledger.open("issuance", overdraft=True)
    >>> ledger.open("v-1", "v-2")
    >>> ledger.post(Transfer("t-1", "issuance", "v-1", 20, at=1_000)).name
    'CREATED'
    >>> ledger.post(Transfer("t-2", "v-1", "v-2", 30, at=2_000)).name
    'OVERDRAWN'
    >>> ledger.balances(), ledger.total()
    ({'issuance': -20, 'v-1': 20, 'v-2': 0}, 0)
    """

    def __init__(self) -> None:
        none = np.empty(0, np.int64)
        self._accounts: dict[AccountId, int] = {}
        self._balances = none
        self._floors = none
        self._stems: dict[str, int] = {}
        self._rows = _Rows(none, none, none, none, none)
        self._index = _Index()
        self._count = 0
        self._turnover = 0

    def __len__(self) -> int:
        return self._count

    @property
    def latest(self) -> Instant | None:
        """Instant of the last transfer; a new one may not be before it. None at first."""
        return int(self._rows.at[self._count - 1]) if self._count else None

    def open(self, *accounts: AccountId, overdraft: bool = False) -> None:
        """Open accounts, all or none; opening one again in the same way changes nothing.

        Parameters
        ----------
        *accounts
            Their ids.
        overdraft
            Whether they may go below zero, as issuance does.

        Raises
        ------
        DefinitionError
            If an id is none, or an account is open already with the other `overdraft`.
        """
        floor = -LIMIT if overdraft else 0
        faults = [
            Fault("account", repr(account), "1 to 64 of A-Za-z0-9._:-", "rename it")
            for account in accounts
            if not is_identifier(account)
        ]
        faults += [
            Fault(account, f"open with overdraft={not overdraft}", "one kind", "use another id")
            for account in accounts
            if account in self._accounts and self._floors[self._accounts[account]] != floor
        ]
        if faults:
            subject = "ledger accounts"
            raise DefinitionError(subject, faults)
        begin = len(self._accounts)
        for account in accounts:
            self._accounts.setdefault(account, len(self._accounts))
        end = len(self._accounts)
        self._balances = _grown(self._balances, end)
        self._floors = _grown(self._floors, end)
        self._floors[begin:end] = floor

    def post(self, transfer: Transfer) -> Result:
        """Post one transfer.

        Returns
        -------
        Result
            `Result.CREATED`, or why not; then nothing has changed.
        """
        stem, number = _split(transfer.id)
        row = (
            self._key(stem, number) if is_identifier(transfer.id) else -1,
            self._accounts.get(transfer.debit, -1),
            self._accounts.get(transfer.credit, -1),
            min(max(transfer.amount, 0), LIMIT + 1),
            min(max(transfer.at, _FIRST - 1), _LAST + 1),
        )
        codes = self._post(stem, _Rows(*(np.array([entry], np.int64) for entry in row)))
        return _RESULTS[int(codes[0])]

    def post_many(self, batch: Batch) -> Results:
        """Post the rows of a batch, in order: what `post` does with each, at once.

        Returns
        -------
        Results
            One for each row; rows that were refused have changed nothing.

        Notes
        -----
        Time is that of sorting the ids, and linear if they ascend. Only a row refused for what
        rows before it in the same batch did (overdrawn, overflow, before the latest) costs as much
        as a posting of its own.

        Examples
        --------
        >>> ledger = Ledger()
        >>> ledger.open("issuance", overdraft=True)
        >>> ledger.open("v-1", "v-2")
        >>> batch = Batch(
        ...     prefix="2025-04:",
        ...     numbers=[1, 2, 1],
        ...     accounts=["issuance", "v-1", "v-2"],
        ...     debit=[0, 0, 0],
        ...     credit=[1, 2, 1],
        ...     amount=[20, 15, 20],
        ...     at=[1_000, 1_000, 1_000],
        ... )
        >>> [result.name for result in ledger.post_many(batch)]
        ['CREATED', 'CREATED', 'EXISTS']
        """
        known = map(self._accounts.get, batch.accounts, repeat(-1))
        accounts = np.fromiter(known, np.int64, len(batch.accounts))
        lawful = (batch.numbers >= 0) & (batch.numbers <= _MOST_NUMBER)
        rows = _Rows(
            np.where(lawful, self._key(batch.prefix, 0) + batch.numbers, -1),
            accounts[batch.debit],
            accounts[batch.credit],
            batch.amount,
            batch.at,
        )
        return Results(self._post(batch.prefix, rows))

    def balance(self, account: AccountId) -> int:
        """Give the points an account has now.

        Raises
        ------
        AccountNotOpen
            If it is not open.
        """
        return int(self._balances[self._position(account)])

    def balances(self) -> dict[AccountId, int]:
        """Give all balances, in the order in which the accounts were opened."""
        held = self._balances[: len(self._accounts)].tolist()
        return dict(zip(self._accounts, held, strict=True))

    def total(self) -> int:
        """Add up all balances: always 0."""
        return int(self._balances.sum())

    def as_of(self, account: AccountId, at: Instant) -> int:
        """Give the points an account had once all transfers up to and including `at` were posted.

        Raises
        ------
        AccountNotOpen
            If it is not open.
        """
        position = self._position(account)
        last = min(max(at, _FIRST - 1), _LAST)
        end = int(np.searchsorted(self._rows.at[: self._count], last, side="right"))
        rows = self._rows.pick(slice(end))
        gained = rows.amount[rows.credit == position].sum()
        return int(gained - rows.amount[rows.debit == position].sum())

    def transfers(self) -> Iterator[Transfer]:
        """Give all transfers, in the order in which they were posted."""
        stems, accounts = tuple(self._stems), tuple(self._accounts)
        rows = self._rows.pick(slice(self._count))
        for key, debit, credit, amount, at in zip(*map(np.ndarray.tolist, rows), strict=True):
            stem, number = divmod(key, 1 << _NUMBER_BITS)
            name = TransferId(stems[stem] + (str(number - 1) if number else ""))
            yield Transfer(name, accounts[debit], accounts[credit], amount, at)

    def _position(self, account: AccountId) -> int:
        position = self._accounts.get(account)
        if position is None:
            raise AccountNotOpen(account)
        return position

    def _key(self, stem: str, number: int) -> int:
        """Stand for an id by one integer: its stem in order of first use, its number plus one.

        A stem that was never used gets the next place, and keeps it if one of its rows is created.
        """
        return (self._stems.get(stem, len(self._stems)) << _NUMBER_BITS) + number + 1

    def _post(self, stem: str, rows: _Rows) -> _Codes:
        """Post rows whose ids share a stem: the one way into the ledger."""
        count = rows.key.size
        codes = np.empty(count, np.uint8)
        largest = max(1, min(int(rows.amount.max(initial=1)), LIMIT))
        most = size = 2**62 // largest  # so that no sum inside a window leaves 64 bits
        done = 0
        while done < count:
            window = rows.pick(slice(done, done + size))
            settled = self._settle(window)
            codes[done : done + settled.size] = settled
            done += settled.size
            size = min(most, 2 * settled.size)
        if (codes == _CREATED).any():
            self._stems.setdefault(stem, len(self._stems))
        return codes

    def _settle(self, rows: _Rows) -> _Codes:
        """Decide and post the leading rows up to the first one refused on account of another.

        All rows if there is none, else that one is the last decided; never none.
        """
        codes = self._standing(rows)
        able = np.flatnonzero(codes == _CREATED)
        keys, first = _firsts(rows.key[able])
        first = able[first]
        if first.size < rows.key.size:
            place, hit = _locate(keys, rows.key)
            again = np.flatnonzero(hit)
            original = first[place[again]]
            again, original = again[again > original], original[again > original]
            codes[again] = _likeness(rows.pick(again), rows.pick(original))
        fresh = np.zeros(rows.key.size, np.bool_)
        fresh[first] = True
        created = rows if fresh.all() else rows.pick(np.flatnonzero(fresh))
        end, code = self._first_refusal(created)
        if end < created.key.size:
            refused = np.flatnonzero(fresh)[end]
            codes = codes[: refused + 1]
            codes[-1] = code
            keys, first = keys[first < refused], first[first < refused]
            created = created.pick(slice(end))
        if end:
            self._index.add(keys, self._count - 1 + np.cumsum(fresh)[first])
            self._append(created)
        return codes

    def _standing(self, rows: _Rows) -> _Codes:
        """Decide each row against the ledger as it stands; these refusals are final."""
        latest = _FIRST if self.latest is None else self.latest
        refusals = (
            (Result.AMOUNT_MUST_BE_POSITIVE, rows.amount < 1),
            (Result.AMOUNT_TOO_LARGE, rows.amount > LIMIT),
            (Result.AT_OUT_OF_RANGE, (rows.at < _FIRST) | (rows.at > _LAST)),
            (Result.DEBIT_ACCOUNT_NOT_FOUND, rows.debit < 0),
            (Result.CREDIT_ACCOUNT_NOT_FOUND, rows.credit < 0),
            (Result.ACCOUNTS_MUST_DIFFER, rows.debit == rows.credit),
            (Result.AT_BEFORE_LATEST, rows.at < latest),
        )
        codes = np.full(rows.key.size, _CREATED)
        for result, refused in reversed(refusals):
            codes[refused] = _CODE[result]
        stored = self._index.find(rows.key)
        again = np.flatnonzero(stored >= 0)
        codes[again] = _likeness(rows.pick(again), self._rows.pick(stored[again]))
        codes[rows.key < 0] = _CODE[Result.ID_INVALID]
        return codes

    def _first_refusal(self, rows: _Rows) -> tuple[int, np.uint8]:
        """Find the first row refused if all before it are posted: its position and code.

        The position is the number of rows if none is refused.
        """
        end, code = rows.key.size, _CREATED
        early = np.flatnonzero(rows.at[1:] < rows.at[:-1])
        if early.size:
            end, code = int(early[0]) + 1, _CODE[Result.AT_BEFORE_LATEST]
            rows = rows.pick(slice(end))
        if self._turnover + int(rows.amount.sum()) > LIMIT:
            watched = np.unique(np.concatenate((rows.debit, rows.credit)))
        else:  # no balance can come near the limit: watch those that may not be overdrawn
            watched = np.unique(rows.debit[self._floors[rows.debit] == 0])
        if not watched.size:
            return end, code
        count = end
        accounts = np.concatenate((rows.debit, rows.credit))
        entries = np.flatnonzero(_locate(watched, accounts)[1])
        entries = entries[np.lexsort((entries % count, accounts[entries]))]
        owner = accounts[entries]
        change = np.concatenate((-rows.amount, rows.amount))[entries]
        balance = _running(owner, change) + self._balances[owner]
        outside = np.flatnonzero((balance < self._floors[owner]) | (balance > LIMIT))
        if outside.size:
            position = entries[outside] % count
            end = int(position.min())
            low = outside[position == end]
            poor = (balance[low] < 0) & (self._floors[owner[low]] == 0)
            code = _CODE[Result.OVERDRAWN if poor.any() else Result.OVERFLOW]
        return end, code

    def _append(self, rows: _Rows) -> None:
        """Store rows that hold, and move their points."""
        np.subtract.at(self._balances, rows.debit, rows.amount)
        np.add.at(self._balances, rows.credit, rows.amount)
        end = self._count + rows.key.size
        self._rows = _Rows(*(_grown(column, end) for column in self._rows))
        for column, new in zip(self._rows, rows, strict=True):
            column[self._count : end] = new
        self._count = end
        self._turnover += int(rows.amount.sum())


def _split(name: str) -> tuple[str, int]:
    """Split an id into its stem and the number it ends in, -1 if the stem is all of it.

    >>> _split("2025-04:17"), _split("2025-04:017"), _split("pledge")
    (('2025-04:', 17), ('2025-04:017', -1), ('pledge', -1))
    """
    found = _NUMBERED.fullmatch(name)
    return (found[1] or "", int(found[2])) if found else (name, -1)


def _grown(column: _Ints, size: int) -> _Ints:
    """Give `column` room for `size` entries, doubling it at least; new entries are 0."""
    if size <= column.size:
        return column
    grown = np.zeros(max(size, 2 * column.size), np.int64)
    grown[: column.size] = column
    return grown


def _firsts(keys: _Ints) -> tuple[_Ints, _Ints]:
    """Give the distinct keys, ascending, and where each comes first."""
    if (keys[1:] > keys[:-1]).all():
        return keys, np.arange(keys.size)
    return np.unique(keys, return_index=True)


def _locate(ascending: _Ints, wanted: _Ints) -> tuple[_Ints, npt.NDArray[np.bool_]]:
    """Find where each wanted entry stands among the ascending ones, and whether it is there."""
    if not ascending.size:
        return np.zeros(wanted.size, np.int64), np.zeros(wanted.size, np.bool_)
    place = np.minimum(np.searchsorted(ascending, wanted), ascending.size - 1)
    return place, ascending[place] == wanted


def _likeness(new: _Rows, old: _Rows) -> _Codes:
    """Compare rows with those that took their ids before."""
    codes = np.full(new.key.size, _CODE[Result.EXISTS])
    codes[new.at != old.at] = _CODE[Result.EXISTS_WITH_DIFFERENT_AT]
    codes[new.amount != old.amount] = _CODE[Result.EXISTS_WITH_DIFFERENT_AMOUNT]
    codes[new.credit != old.credit] = _CODE[Result.EXISTS_WITH_DIFFERENT_CREDIT]
    codes[new.debit != old.debit] = _CODE[Result.EXISTS_WITH_DIFFERENT_DEBIT]
    return codes


def _running(owner: _Ints, change: _Ints) -> _Ints:
    """Add up changes within each stretch of one owner.

    >>> _running(np.array([3, 3, 7]), np.array([5, -2, 4])).tolist()
    [5, 3, 4]
    """
    total = np.cumsum(change)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    before = total[starts] - change[starts]
    return total - np.repeat(before, np.diff(starts, append=owner.size))
