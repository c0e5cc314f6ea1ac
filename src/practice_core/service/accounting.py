"""Accounts and the shop: what is asked of them, and what falls due on them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from practice_core.journal import StoreError, TextId, UnknownText, canonical
from practice_core.lifecycle import Actor, Refused, Role
from practice_core.orders import ORDER, OrderState
from practice_core.points.accounts import (
    COMMANDS,
    AccountEvent,
    Asked,
    CollectRedemption,
    Counter,
    PointsRefusal,
    RedemptionCancelled,
    RedemptionCollected,
    RedemptionLapsed,
    RedemptionReserved,
    RedemptionState,
    SettleAccount,
    decide,
)
from practice_core.service.carrying import MET, Carrying, Planned, own_id
from practice_core.service.contract import ClockWentBack, Transaction
from practice_core.service.reading import CODES, Given
from practice_core.service.rewards import Passbooks, written
from practice_core.service.taking import NO_TEXTS
from practice_core.units import AccountId, ActorId, CommandId, VolunteerId, is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from practice_core.points.accounts import AccountCommand, Item, ItemEvent, Passbook
    from practice_core.units import Instant, Minutes, OrderId, RedemptionId, SiteId

__all__ = ["Accounting"]

_SYSTEM = Actor(ActorId("system"), Role.SYSTEM)
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U, which are taken for others (Crockford's base 32)."""
_LENGTH = 10
"""Of a code: 50 bits, which nobody guesses at some attempts a minute."""
_SERVED = frozenset({OrderState.SERVED, OrderState.RATED, OrderState.SHOWCASED, *ORDER.final})
"""Where an order has been served, or never will be."""


class Accounting(Carrying):
    """Commands to accounts and to the shop, and the clocks of accounts."""

    # -- commands -------------------------------------------------------------------------------

    def transact(
        self,
        account: AccountId,
        command: AccountCommand,
        *,
        id: CommandId,  # noqa: A002 - as `do`
        by: Actor,
        at: Instant,
    ) -> Transaction | Refused:
        """Carry out a command to an account, or say why not; all it changes is written at once.

        Parameters
        ----------
        account
            The account it is given to: a volunteer's, a household's, or ``area:donation_pool``;
            what concerns items is given to ``area:shop``.
        command
            What is asked: one of `practice_core.points.accounts.COMMANDS`.
        id, by, at
            As of `do`. Whoever is a volunteer acts on his own account as a requester or a team.

        Returns
        -------
        Transaction or Refused
            The reason of a refusal is a `practice_core.points.accounts.PointsRefusal`.

        Raises
        ------
        InputRefused, LimitReached, ClockWentBack, CommandReused, Conflict, StoreError
            As of `do`.

        Notes
        -----
        Goods are handed out for a code, unless the rules say otherwise: it is made here when they
        are reserved, kept where it can be erased, and shown by `pickup_code` to whoever owns the
        account. The journal holds no more than its salted hash.
        """
        given = self._taken([(account, command)], id, by, at, COMMANDS)
        return self._transact(given)

    def settle(self, at: Instant) -> tuple[Transaction, ...]:
        """Do what has fallen due on accounts: points expire, reservations lapse, awards count.

        A platform calls it as it calls `tick`, from one process or from several. An account that
        lies ahead of `at` by more than the limits allow waits until this clock has caught up.
        """
        self.catch_up()
        done = []
        for account in self.books.to_settle(at):
            version = self.books.version(f"account/{account}")
            name = own_id("clock", account, version, SettleAccount.__name__)
            answer = self._unasked_of(Given([(account, SettleAccount())], name, _SYSTEM, at))
            if answer is not None:
                done.append(answer)
        return tuple(done)

    def next_settlement(self) -> Instant | None:
        """Give when there is next something to `settle`, if nobody does anything; None: nothing."""
        self.catch_up()
        return self.books.next_settlement()

    # -- questions ------------------------------------------------------------------------------

    def passbook(self, account: AccountId, *, by: Actor) -> Passbook | None:
        """Give what has happened to an account and what it comes to: a copy, to be looked at.

        To its owner, and to officers of the center; None to everybody else.
        """
        self.catch_up()
        if not is_identifier(account):
            return None
        book = Passbooks(self.journal, self.books)[account]
        owner = by.role in {Role.REQUESTER, Role.TEAM} and (
            str(by.id) == str(account) or VolunteerId(by.id) in book.members
        )
        return book if owner or self._covers(by, None) else None

    def items(self, *, by: Actor) -> tuple[Item, ...]:
        """Give what can be had for points; to officers also what is no longer offered."""
        self.catch_up()
        items = self.books.items.values()
        return tuple(item for item in items if item.is_offered or by.role is Role.OFFICER)

    def pickup_code(self, account: AccountId, redemption: RedemptionId, *, by: Actor) -> str | None:
        """Give the code for which something is handed out, to whoever owns the account.

        None to everybody else, officers too, and once it was handed out or is no longer reserved.
        """
        book = self.passbook(account, by=by)
        found = None if book is None else book.redemptions.get(redemption)
        if by.role is Role.OFFICER or found is None or found.state is not RedemptionState.RESERVED:
            return None
        return self._code(account, redemption)

    # -- how it is done -------------------------------------------------------------------------

    def _unasked_of(self, given: Given) -> Transaction | None:
        """Carry out what a clock wants of an account; None if others were faster, or are ahead."""
        try:
            answer = self._transact(given)
        except MET:
            return None
        return answer if isinstance(answer, Transaction) and not answer.again else None

    def _transact(self, given: Given) -> Transaction | Refused:
        ((account, command),) = given.deeds

        def plan() -> Planned[Transaction] | Refused:
            passbooks = Passbooks(self.journal, self.books)
            at = self._not_before(account, given.at)
            counter = self._counter(passbooks, given.by)
            events = decide(account, command, at, given.by, counter)
            if isinstance(events, Refused):
                return events
            if not self._has_code(account, command):
                return Refused(CollectRedemption, PointsRefusal.WRONG_CODE)
            return Planned(
                written(events, self.books),
                lambda appended: Transaction(given.id, events, appended),
                self._codes(events),
            )

        answer = self._commit(given, plan)
        if isinstance(answer, Transaction):
            self._forget_codes(answer.events)
        return answer

    def _not_before(self, account: AccountId, at: Instant) -> Instant:
        last = self.books.latest(account)
        if at < last - self.limits.backwards:
            raise ClockWentBack(account, at, last)
        return max(at, last)

    def _counter(self, passbooks: Passbooks, by: Actor) -> Counter:
        books = self.books

        def minutes(account: AccountId) -> Minutes:
            people = {VolunteerId(account), *passbooks[account].members}
            return sum(books.account(one).minutes for one in people)

        return Counter(
            rules=self.area.rules,
            books=passbooks,
            items=books.items,
            covers=lambda site: self._covers(by, site),
            holder=books.holder,
            homes=books.homes,
            minutes=minutes,
            asked=self._asked,
        )

    def _covers(self, by: Actor, site: SiteId | None) -> bool:
        """Tell whether somebody is an officer whose scope holds a site; None: the center."""
        if by.role is not Role.OFFICER or by.site is None or by.site not in self.hierarchy:
            return False
        wanted = self.hierarchy.root.id if site is None else site
        return wanted in self.hierarchy and self.hierarchy.covers(by.site, wanted)

    def _asked(self, order: OrderId) -> Asked | None:
        found = self.books.orders.get(order)
        if found is None:
            return None
        request = found.request
        for_whom = request.for_whom or request.placed_by
        people = frozenset({request.placed_by, for_whom})
        is_open = found.state not in _SERVED
        is_paid = order in self.books.serving
        return Asked(people, for_whom, request.latest, request.category, is_open, is_paid)

    # -- codes ----------------------------------------------------------------------------------

    def _codes(self, events: Iterable[AccountEvent | ItemEvent]) -> Mapping[TextId, str]:
        """Make a code for goods that are reserved."""
        if self.area.rules.pickup_code is False:
            return NO_TEXTS
        return {
            _code_of(event.account, event.redemption): "".join(
                secrets.choice(_SIGNS) for _ in range(_LENGTH)
            )
            for event in events
            if isinstance(event, RedemptionReserved) and event.order is None
        }

    def _has_code(self, account: AccountId, command: object) -> bool:
        """Tell whether goods may be handed out for the code that was shown."""
        if not isinstance(command, CollectRedemption) or self.area.rules.pickup_code is False:
            return True
        code = self._code(account, command.redemption)
        shown = (command.code or "").upper().replace("-", "").replace(" ", "")
        return code is not None and hmac.compare_digest(code.encode(), shown.encode())

    def _code(self, account: AccountId, redemption: RedemptionId) -> str | None:
        with suppress(UnknownText):  # handed out without one
            return self.journal.text(_code_of(account, redemption))
        return None

    def _forget_codes(self, events: Iterable[AccountEvent | ItemEvent]) -> None:
        """Erase the codes of what is no longer reserved: they open nothing any more."""
        for event in events:
            if isinstance(event, RedemptionCollected | RedemptionCancelled | RedemptionLapsed):
                with suppress(UnknownText, StoreError):  # it has none, or stays
                    self.journal.erase_text(_code_of(event.account, event.redemption))


def _code_of(account: AccountId, redemption: RedemptionId) -> TextId:
    """Give the id of the free text that holds a code."""
    digest = hashlib.sha256(canonical([account, redemption])).hexdigest()
    return TextId(f"{CODES}{digest[:40]}")
