"""Accounts: what kinds there are, and what one of them holds."""

from __future__ import annotations

import enum

from practice_core.errors import PracticeError
from practice_core.units import AccountId, value

__all__ = ["HOLDERS", "PERSONS", "Account", "AccountKind", "AccountNotOpen", "Holding"]


class AccountKind(enum.StrEnum):
    """Whose points an account keeps.

    Points come from issuance, the only kind that may go below zero. A pool takes donations. Where
    points have expired or been forfeited is where they stay.
    """

    ISSUANCE = "issuance"
    MEMBER = "member"
    HOUSEHOLD = "household"
    SHOP = "shop"
    DONATION_POOL = "donation_pool"
    EXPIRED = "expired"
    FORFEITED = "forfeited"


HOLDERS = frozenset(
    {AccountKind.MEMBER, AccountKind.HOUSEHOLD, AccountKind.SHOP, AccountKind.DONATION_POOL}
)
"""The kinds whose points are for use: they have lots, and may have a cap."""
PERSONS = frozenset({AccountKind.MEMBER, AccountKind.HOUSEHOLD})
"""The kinds that may merge."""


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
class Account:
    """An account as it stands.

    Parameters
    ----------
    id
        Its id.
    kind
        Whose points it keeps.
    cap
        The most points it may hold, what is pending towards it included.
    is_frozen
        Whether it neither gives nor gets.
    merged_into
        The account that goes on in its place; None if it is not closed.
    """

    id: AccountId
    kind: AccountKind
    cap: int
    is_frozen: bool = False
    merged_into: AccountId | None = None


@value
class Holding:
    """What an account holds.

    Parameters
    ----------
    balance
        What it got less what it gave.
    pending_debits
        Of its balance, what is set aside for transfers that are not made yet.
    pending_credits
        What is set aside elsewhere for transfers to it.

    Examples
    --------
    >>> Holding(balance=30, pending_debits=12, pending_credits=5).available
    18
    """

    balance: int
    pending_debits: int
    pending_credits: int

    @property
    def available(self) -> int:
        """What it may give: its balance less what is pending."""
        return self.balance - self.pending_debits
