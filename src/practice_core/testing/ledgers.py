"""What must hold of anybody's ledger of points, a sentence a function.

Whatever is done to a ledger is done to a plain model of it as well (`PlainLedger`); then all that
can be read is compared. `broken` names what fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from practice_core.points import AccountKind, Correction, PostPending, Transfer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.points import (
        Account,
        Batch,
        Due,
        Entry,
        Holding,
        Lot,
        Pending,
        Posting,
        Result,
        Statement,
    )
    from practice_core.testing.plain_ledger import PlainLedger
    from practice_core.units import AccountId, Instant, TransferId

__all__ = ["INVARIANTS", "LedgerLike", "broken", "hold"]

_HOLDERS = (
    AccountKind.MEMBER,
    AccountKind.HOUSEHOLD,
    AccountKind.SHOP,
    AccountKind.DONATION_POOL,
)


class LedgerLike(Protocol):
    """What a ledger can do; `practice_core.points.Ledger` says what each does."""

    def open(self, *accounts: AccountId, kind: AccountKind = ..., cap: int = ...) -> None:
        """Open accounts."""
        ...

    def account(self, account: AccountId) -> Account:
        """Give an account as it stands."""
        ...

    def post(self, entry: Posting) -> Result:
        """Post one entry."""
        ...

    def post_many(self, batch: Batch) -> Sequence[Result]:
        """Post the rows of a batch."""
        ...

    def post_linked(self, entries: Sequence[Posting]) -> tuple[Result, ...]:
        """Post entries, all or none."""
        ...

    def expire_pending(self, at: Instant) -> tuple[Pending, ...]:
        """Time out what is past its deadline."""
        ...

    def expire(self, at: Instant, to: AccountId) -> Sequence[Entry]:
        """Take lots that have expired."""
        ...

    def balances(self) -> dict[AccountId, int]:
        """Give all balances."""
        ...

    def holding(self, account: AccountId, at: Instant | None = ...) -> Holding:
        """Give what an account holds."""
        ...

    def lots(self, account: AccountId, at: Instant | None = ...) -> tuple[Lot, ...]:
        """Give what is left of its credits."""
        ...

    def next_expiries(self, account: AccountId, n: int) -> tuple[Due, ...]:
        """Give when its points expire."""
        ...

    def statement(self, account: AccountId, begin: Instant, end: Instant) -> Statement:
        """Give what it got and gave."""
        ...

    def entries(self) -> Sequence[Entry]:
        """Give all that was posted."""
        ...


# ------------------------------------------------------------------ what must hold


def accounts_sum_to_zero(ledger: LedgerLike, _: PlainLedger) -> None:
    """See that all balances together are zero."""
    total = sum(ledger.balances().values())
    assert total == 0, f"all balances together are {total}"


def nobody_is_below_zero(ledger: LedgerLike, model: PlainLedger) -> None:
    """See that only issuance gives what it has not, what is pending included."""
    for account, (kind, _) in model.opened.items():
        available = ledger.holding(account).available
        assert available >= 0 or kind is AccountKind.ISSUANCE, f"{account} has {available}"


def no_cap_is_exceeded(ledger: LedgerLike, model: PlainLedger) -> None:
    """See that no account holds more than its cap, what is pending to it included."""
    for account, (_, cap) in model.opened.items():
        held = ledger.holding(account)
        highest = held.balance + held.pending_credits
        assert highest <= cap, f"{account} would hold {highest} of {cap}"


def no_posting_is_lost(ledger: LedgerLike, model: PlainLedger) -> None:
    """See that balances are what was posted."""
    found, expected = ledger.balances(), model.balances()
    assert found == expected, f"balances are {found}, not {expected}"


def what_is_pending_is_set_aside(ledger: LedgerLike, model: PlainLedger) -> None:
    """See that what is pending and what is available make the balance."""
    for account in model.opened:
        found, expected = ledger.holding(account), model.holding(account)
        assert found == expected, f"{account} holds {found}, not {expected}"
        assert found.available + found.pending_debits == found.balance


def lots_make_what_is_available(ledger: LedgerLike, model: PlainLedger) -> None:
    """See that the lots of an account sum to its balance without what is pending."""
    for account, (kind, _) in model.opened.items():
        if kind in _HOLDERS:
            lots, held = ledger.lots(account), ledger.holding(account)
            total = sum(lot.points for lot in lots)
            assert total == held.available, f"{account} has {held} in lots {lots}"


def the_oldest_lot_goes_first(ledger: LedgerLike, model: PlainLedger) -> None:
    """See that lots are used by expiry, and of one expiry by the order of posting."""
    for account in model.opened:
        found, expected = ledger.lots(account), model.lots(account)
        assert found == expected, f"lots of {account} are {found}, not {expected}"
        dates, due = model.next_expiries(account, 2), ledger.next_expiries(account, 2)
        assert due == dates, f"the next expiries of {account} are {due}, not {dates}"


def nothing_is_edited(ledger: LedgerLike, model: PlainLedger) -> None:
    """See that what was posted stays as it was posted."""
    for found, expected in zip(ledger.entries(), model.entries(), strict=False):
        assert found == expected, f"{expected} has become {found}"


def the_tail_is_there(ledger: LedgerLike, model: PlainLedger) -> None:
    """See that nothing of what was posted is missing, and that nothing is there besides."""
    found, expected = len(ledger.entries()), len(model)
    assert found == expected, f"there are {found} entries of {expected}"


def nothing_is_refunded_twice(ledger: LedgerLike, _: PlainLedger) -> None:
    """See that all corrections of a transfer together never exceed it."""
    amounts: dict[TransferId, int] = {}
    for entry in ledger.entries():
        if isinstance(entry, Transfer | PostPending):
            amounts[entry.id] = entry.amount or 0
        elif isinstance(entry, Correction):
            amounts[entry.corrects] -= entry.amount or 0
    wrong = {name: left for name, left in amounts.items() if left < 0}
    assert not wrong, f"more was corrected than there was: {wrong}"


def accounts_stand_as_they_should(ledger: LedgerLike, model: PlainLedger) -> None:
    """See that an account is frozen until it is thawed, and if merged points to the other."""
    for account in model.opened:
        found, expected = ledger.account(account), model.account(account)
        assert found == expected, f"{found} should be {expected}"
        if found.merged_into:
            assert not ledger.balances()[account], f"{account} is closed and not empty"


def statements_add_up(ledger: LedgerLike, model: PlainLedger) -> None:
    """See that a statement opens with what was there and closes with what was made of it."""
    end = 1 + (model.latest or 0)
    for account in model.opened:
        found = ledger.statement(account, end // 2, end)
        changes = sum(line.change for line in found.lines)
        assert found.opening + changes == found.closing, f"{found} does not add up"
        expected = model.statement(account, end // 2, end)
        assert found == expected, f"the statement is {found}, not {expected}"


INVARIANTS = (
    accounts_sum_to_zero,
    nobody_is_below_zero,
    no_cap_is_exceeded,
    no_posting_is_lost,
    what_is_pending_is_set_aside,
    lots_make_what_is_available,
    the_oldest_lot_goes_first,
    nothing_is_edited,
    the_tail_is_there,
    nothing_is_refunded_twice,
    accounts_stand_as_they_should,
    statements_add_up,
)
"""What must hold after every step."""


def broken(ledger: LedgerLike, model: PlainLedger) -> dict[str, str]:
    """Give every invariant that a ledger breaks, by name, with what was found.

    Parameters
    ----------
    ledger
        To which the same was done as to the model.
    model
        The model.

    Examples
    --------
    >>> from practice_core.points import Ledger
    >>> from practice_core.testing import PlainLedger
    >>> ledger, model = Ledger(), PlainLedger()
    >>> for one in (ledger, model):
    ...     one.open("issuance", kind=AccountKind.ISSUANCE)
    ...     one.open("v-1")
    >>> ledger.post(Transfer("t-1", "issuance", "v-1", 5, at=0)).name
    'CREATED'
    >>> list(broken(ledger, model))[:2]
    ['no_posting_is_lost', 'what_is_pending_is_set_aside']
    """
    found = {}
    for holds in INVARIANTS:
        try:
            holds(ledger, model)
        except AssertionError as error:
            found[holds.__name__] = str(error)
        except Exception as error:  # noqa: BLE001 - a ledger that cannot even be read is broken
            found[holds.__name__] = repr(error)
    return found


def hold(wrong: Mapping[str, str]) -> None:
    """Fail with all that is broken, by name.

    Raises
    ------
    AssertionError
        If anything is.
    """
    said = "\n".join(f"{name}: {what}" for name, what in wrong.items())
    assert not wrong, f"broken:\n{said}"
