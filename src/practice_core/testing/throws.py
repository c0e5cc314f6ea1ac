"""Postings thrown by dice for a ledger: mostly lawful, and now and then wrong in every way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from practice_core.points import (
    LIMIT,
    NEVER,
    AccountKind,
    Batch,
    Correction,
    Freeze,
    Merge,
    Pending,
    PostPending,
    Thaw,
    Timeout,
    Transfer,
    VoidPending,
)
from practice_core.units import AccountId, TransferId

if TYPE_CHECKING:
    from random import Random

    from practice_core.points import Posting
    from practice_core.testing.plain_ledger import PlainLedger
    from practice_core.units import Instant

__all__ = ["ACCOUNTS", "CAP", "GONE", "ISSUANCE", "Throws"]

T = TypeVar("T")

ISSUANCE, GONE, LOST = (AccountId(name) for name in ("issuance", "gone", "lost"))
SHOP, POOL, GHOST = (AccountId(name) for name in ("shop", "pool", "ghost"))
CAP = 25
"""The most points of accounts with a cap: a few awards."""
ACCOUNTS = (
    (ISSUANCE, AccountKind.ISSUANCE, LIMIT),
    (GONE, AccountKind.EXPIRED, LIMIT),
    (LOST, AccountKind.FORFEITED, LIMIT),
    (SHOP, AccountKind.SHOP, LIMIT),
    (POOL, AccountKind.DONATION_POOL, CAP),
)
"""What is open from the beginning, beside people."""

_PEOPLE = 5
"""So many people keep a ledger busy."""
_MONTHS = 9
"""Points expire so soon that a run sees it."""
_LATE = 8
"""What was posted lately is what is mostly posted, voided or corrected."""
_FAR = 10**15


@attrs.define
class Throws:
    """Throws postings that suit what a model of the ledger holds.

    Parameters
    ----------
    model
        The model, as it stands.
    dice
        What decides; may be changed at any time.
    now
        The present instant.
    number
        How many ids were made.
    """

    model: PlainLedger
    dice: Random
    now: Instant = 0
    number: int = 0

    # ------------------------------------------------------------------ postings

    def award(self) -> Transfer:
        """Issue points."""
        return self.transfer(ISSUANCE, self.somebody())

    def payment(self) -> Transfer:
        """Give points to a shop, to a pool, to somebody else or back."""
        getter = self.dice.choice((SHOP, SHOP, POOL, LOST, ISSUANCE, self.somebody()))
        return self.transfer(self.somebody(), getter)

    def transfer(self, debit: AccountId, credit: AccountId) -> Transfer:
        """Give points of one account to another."""
        amount, expires = self.amount(), self.date()
        return Transfer(self.new_id(), debit, credit, amount, self.at(), expires)

    def pending(self) -> Pending:
        """Set points aside: of somebody for a shop, or an award that is to be confirmed."""
        giver = ISSUANCE if self._one_in(4) else self.somebody()
        getter = self.dice.choice((SHOP, POOL, self.somebody(), self.somebody()))
        amount, at, deadline = self.amount(), self.at(), self.date()
        return Pending(self.new_id(), giver, getter, amount, at, deadline, self.date())

    def settled(self) -> PostPending | VoidPending:
        """Post or void what is pending, or seldom what is not."""
        original, at = self.old_id(Pending), self.at()
        if self._one_in(3):
            return VoidPending(self.new_id(), original, at)
        return PostPending(self.new_id(), original, at, self.dice.choice((None, None, 1, 3, 9, 0)))

    def correction(self) -> Correction:
        """Take back what was posted, wholly or in part."""
        original, at = self.old_id(Transfer, PostPending), self.at()
        return Correction(self.new_id(), original, at, self.dice.choice((None, None, 1, 2, 5)))

    def freeze(self) -> Freeze | Thaw:
        """Freeze an account, or more often thaw one."""
        opened = self.model.opened
        frozen = [name for name in opened if self.model.account(name).is_frozen]
        if frozen and not self._one_in(4):
            return Thaw(self.new_id(), self.dice.choice(frozen), self.at())
        kind = Thaw if self._one_in(5) else Freeze
        return kind(self.new_id(), self.somebody(), self.at())

    def merge(self) -> Merge:
        """Make one account of two, mostly of two that are alike."""
        old, into = self.somebody(), self.somebody()
        alike = [name for name in self.people() if self._kind(name) == self._kind(old)]
        into = into if self._one_in(4) else self.dice.choice([into, *alike])
        return Merge(self.new_id(), old, into, self.at())

    def group(self) -> list[Posting]:
        """Give up to four postings that belong together."""
        throws = (self.award, self.payment, self.pending, self.settled, self.correction, self.merge)
        return [self.dice.choice(throws)() for _ in range(self.dice.randint(0, 4))]

    def batch(self) -> Batch:
        """Give a batch of up to a dozen transfers, most of them awards."""
        rows = range(self.dice.randint(0, 12))
        at, spread = self.at(), self.dice.choice((0, 0, 0, 1))
        first = self.number + self.dice.randint(-3, 3)
        self.number += len(rows)
        amounts = [0] * (spread and self._one_in(3)) + [1, 2, 5, 9, 15]
        return Batch(
            prefix="ledger:" if self._one_in(30) else "b-",
            numbers=[first + self.dice.randint(0, 12) for _ in rows],
            accounts=(ISSUANCE, SHOP, GHOST, *(self.somebody() for _ in range(3))),
            debit=[self.dice.choice((0, 0, 0, 0, 1, 3)) for _ in rows],
            credit=[self.dice.choice((1, 3, 3, 3, 4, 4, 5, 2)) for _ in rows],
            amount=[self.dice.choice(amounts) for _ in rows],
            at=[at + spread * self.dice.choice((0, 0, 0, 1)) for _ in rows],
            expires=[self.date() for _ in rows],
        )

    def repeated(self) -> Posting | None:
        """Give something that was posted before, of each kind alike; None if nothing was."""
        given: list[Posting] = [
            entry
            for entry in self.model.entries()
            if not isinstance(entry, Timeout) and not entry.id.startswith("ledger:")
        ]
        if not given:
            return None
        kind = self.dice.choice(list(dict.fromkeys(map(type, given))))
        return self.dice.choice([entry for entry in given if isinstance(entry, kind)])

    def altered(self, entry: Posting) -> Posting:
        """Change one field of a posting, or put something else under its id."""
        fields = [field.name for field in attrs.fields(type(entry))]
        field = self.dice.choice(fields)
        change: Any
        if field == "id":
            entry, change = self.dice.choice((self.award, self.settled))(), entry.id
        elif field in {"at", "expires", "deadline"}:
            change = self.now + self.dice.randint(0, 3)
        elif field == "amount":
            change = self.dice.randint(1, 15)
        elif field in {"pending", "corrects"}:
            change = self.old_id(Pending, Transfer)
        else:
            change = self.somebody()
        changed: Posting = attrs.evolve(entry, **{field: change})
        return changed

    def newcomer(self) -> tuple[AccountId, AccountKind, int] | None:
        """Give an account to open, if there are few people."""
        if len(self.people()) >= _PEOPLE:
            return None
        kind = self.dice.choice((AccountKind.MEMBER, AccountKind.MEMBER, AccountKind.HOUSEHOLD))
        return AccountId(f"p-{len(self.model.opened)}"), kind, self.dice.choice((CAP, LIMIT))

    # ------------------------------------------------------------------ their fields

    def people(self) -> list[AccountId]:
        """Give the members and households that were not merged into another."""
        named = [name for name in self.model.opened if name.startswith("p-")]
        return [name for name in named if self.model.account(name).merged_into is None]

    def somebody(self) -> AccountId:
        """Give mostly one of the people."""
        people = self.people()
        if people and not self._one_in(8):
            return self.dice.choice(people)
        closed = [name for name in self.model.opened if name.startswith("p-")]
        return self.dice.choice([GHOST, *self.model.opened, *closed[:2]])

    def new_id(self) -> TransferId:
        """Give an id that nothing has, or seldom one that nothing may have."""
        self.number += 1
        if self._one_in(60):
            return TransferId(self.dice.choice(("-", "", "ledger:", "ledger:expire:0:0")))
        return TransferId(self.dice.choice((f"t-{self.number}", f"t-{self.number}-")))

    def old_id(self, *kinds: type) -> TransferId:
        """Give the id of something of those kinds, mostly late, or seldom of anything."""
        named = [entry for entry in self.model.entries() if not isinstance(entry, Timeout)]
        alike = [entry.id for entry in named if isinstance(entry, kinds)]
        if alike and not self._one_in(10):
            return self.dice.choice(alike if self._one_in(4) else alike[-_LATE:])
        return self.dice.choice([TransferId("none"), *(entry.id for entry in named)])

    def at(self) -> Instant:
        """Give the present, or seldom something else."""
        if self._one_in(30):
            return self.dice.choice((self.now - 1, self.now - 1, _FAR, -_FAR))
        return self.now

    def date(self) -> Instant:
        """Give an instant that is near, or never comes, or seldom is none."""
        if self._one_in(15):
            return self.dice.choice((self.now, _FAR))
        return NEVER if self._one_in(3) else self.now + self.dice.randint(1, _MONTHS)

    def amount(self) -> int:
        """Give a few points, or seldom what cannot be."""
        if self._one_in(25):
            return self.dice.choice((0, -1, LIMIT, LIMIT + 1))
        return self.dice.randint(1, 15)

    def _kind(self, account: AccountId) -> AccountKind | None:
        kind, _ = self.model.opened.get(account, (None, 0))
        return kind

    def _one_in(self, many: int) -> bool:
        return self.dice.randrange(many) == 0
