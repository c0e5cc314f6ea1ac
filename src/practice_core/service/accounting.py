"""What is asked beside orders, of accounts, standings and nominations, and what falls due there."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from practice_core.honours import ExpireEvaluation, NominationCommand, NominationState
from practice_core.journal import StoreError, TextId, UnknownText, Write, canonical
from practice_core.lifecycle import Refused, Role
from practice_core.points import entitlements
from practice_core.points.accounts import (
    OWNERS,
    AccountCommand,
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
    had_by,
    merits,
)
from practice_core.service.books import SERVED
from practice_core.service.carrying import MET, Carrying, Planned, own_id
from practice_core.service.contract import ClockWentBack, Transaction
from practice_core.service.people import SYSTEM, on_nomination, on_standing, sanctioned
from practice_core.service.reading import CODES, TRANSACTIONS, Given
from practice_core.service.rewards import Passbooks, written
from practice_core.service.taking import NO_TEXTS
from practice_core.units import (
    AccountId,
    CommandId,
    NominationId,
    VolunteerId,
    is_identifier,
)
from practice_core.volunteers.standing import ExpireAppeal, StandingCommand, StandingRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from practice_core.honours import Nomination, Selection
    from practice_core.lifecycle import Actor
    from practice_core.points import Entitlement, Merits, RuleSet
    from practice_core.points.accounts import Item, Passbook
    from practice_core.service.contract import Beside
    from practice_core.units import Instant, Minutes, OrderId, RedemptionId, SiteId
    from practice_core.volunteers.standing import VolunteerStanding

__all__ = ["Accounting"]

_CLOCKS: Mapping[str, Callable[[str], object]] = {
    "account": lambda _: SettleAccount(),
    "standing": lambda who: ExpireAppeal(VolunteerId(who)),
    "nomination": lambda _: ExpireEvaluation(),
}
"""What the system commands when something has fallen due."""
_PUBLIC = frozenset(
    {
        NominationState.PUBLISHED,
        NominationState.HONOURED,
        NominationState.CONSENTED,
        NominationState.TOLD,
    }
)
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U, which are taken for others (Crockford's base 32)."""
_LENGTH = 10
"""Of a code: 50 bits, which nobody guesses at some attempts a minute."""


class Accounting(Carrying):
    """Commands to accounts and to the shop, to standings and nominations, and their clocks."""

    selection: Selection

    # -- commands -------------------------------------------------------------------------------

    def transact(
        self,
        subject: AccountId | VolunteerId | NominationId,
        command: AccountCommand | StandingCommand | NominationCommand,
        *,
        id: CommandId,  # noqa: A002 - as `do`
        by: Actor,
        at: Instant,
    ) -> Transaction | Refused:
        """Carry out a command that is not an order's, or say why not; all of it is written at once.

        Parameters
        ----------
        subject
            Whom it is for. Of `practice_core.points.accounts.COMMANDS` an account: a volunteer's, a
            household's, or ``area:donation_pool``; what concerns items is for ``area:shop``. Of
            `practice_core.volunteers.standing.COMMANDS` the volunteer, of
            `practice_core.honours.COMMANDS` the nomination.
        command
            What is asked.
        id, by, at
            As of `do`. Who acts on his own account is its volunteer.

        Returns
        -------
        Transaction or Refused
            The reason of a refusal is a `PointsRefusal`, a `StandingRefusal` or a
            `NominationRefusal`.

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
        given = self._taken([(subject, command)], id, by, at, TRANSACTIONS)
        return self._transact(given)

    def settle(self, at: Instant) -> tuple[Transaction, ...]:
        """Do what has fallen due beside orders, on accounts, on standings and on nominations.

        Points expire, reservations lapse, awards count that were shown long enough; appeals that
        nobody decided succeed, nominations that nobody evaluated are dropped. A platform calls it
        as it calls `tick`, from one process or from several. What lies ahead of `at` by more than
        the limits allow waits until this clock has caught up.
        """
        self.catch_up()
        done = []
        for stream in self.books.to_settle(at):
            kind, _, subject = stream.partition("/")
            command = _CLOCKS[kind](subject)
            name = own_id("clock", stream, self.books.version(stream), type(command).__name__)
            answer = self._unasked_of(Given([(subject, command)], name, SYSTEM, at))
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
        owner = by.role in OWNERS and VolunteerId(by.id) in book.people(self.books.holder)
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

    def merits(self, volunteer: VolunteerId, *, by: Actor, at: Instant) -> Merits | None:
        """Give what a volunteer has done and lost up to an instant, for levels and benefits.

        To himself and to officers of the center; None to everybody else.
        """
        if self.passbook(AccountId(volunteer), by=by) is None:
            return None
        return merits(
            self.rules_at(at), volunteer, Passbooks(self.journal, self.books).of(volunteer), at
        )

    def entitlements(
        self, volunteer: VolunteerId, *, by: Actor, at: Instant
    ) -> tuple[Entitlement, ...]:
        """Give what a volunteer's level and hours entitle him to now, and what is in the way."""
        done = self.merits(volunteer, by=by, at=at)
        if done is None:
            return ()
        had = had_by(volunteer, Passbooks(self.journal, self.books).of(volunteer))
        return entitlements(self.rules_at(at), done, at=at, received=had)

    def standing(self, volunteer: VolunteerId, *, by: Actor) -> VolunteerStanding | None:
        """Give where a volunteer stands; None if nothing was written down, or it is not his to see.

        To himself and to officers of the center.
        """
        self.catch_up()
        seen = str(by.id) == str(volunteer) or self._covers(by, None)
        return self.books.standings.get(volunteer) if seen else None

    def nomination(self, key: NominationId, *, by: Actor) -> Nomination | None:
        """Give a nomination: to everybody once it is shown in public, else to whom it concerns.

        That is the nominee, who nominated him, who evaluated him, and officers. Who gave which
        score, and who objected, officers alone see; everybody else sees of these what is his.
        """
        self.catch_up()
        found = self.books.nominations.get(key)
        if found is None or by.role is Role.OFFICER:
            return found
        concerned = {found.nominee, found.nominated_by, *(judge for judge, _ in found.scores)}
        if found.state not in _PUBLIC and by.id not in concerned:
            return None
        return attrs.evolve(
            found,
            scores=tuple(one for one in found.scores if one[0] == by.id),
            objectors=tuple(one for one in found.objectors if one == by.id),
            open=tuple(one for one in found.open if one == by.id),
        )

    # -- how it is done -------------------------------------------------------------------------

    def _unasked_of(self, given: Given) -> Transaction | None:
        """Carry out what a clock wants of an account; None if others were faster, or are ahead."""
        try:
            answer = self._transact(given)
        except MET:
            return None
        return answer if isinstance(answer, Transaction) and not answer.again else None

    def _transact(self, given: Given) -> Transaction | Refused:
        ((subject, command),) = given.deeds

        def plan() -> Planned[Transaction] | Refused:
            passbooks = Passbooks(self.journal, self.books)
            events = self._decided_of(subject, command, given, passbooks)
            if isinstance(events, Refused):
                return events
            if not self._has_code(subject, command, given):
                return Refused(CollectRedemption, PointsRefusal.WRONG_CODE)
            rules = self.rules_at(given.at)
            told = (*events, *sanctioned(events, given.at, rules, self.books, passbooks))
            paid_for = [
                event.order
                for event in told
                if isinstance(event, RedemptionReserved) and event.order is not None
            ]
            writes = written(told, self.books, paid_for)
            for order in paid_for:
                stream = f"order/{order}"
                writes.append(Write(stream, self.books.version(stream), ()))
            return Planned(
                writes,
                lambda appended: Transaction(given.id, told, appended),
                self._codes(told, rules),
            )

        answer = self._commit(given, plan)
        if isinstance(answer, Transaction):
            self._forget_codes(answer.events)
        return answer

    def _decided_of(
        self, subject: str, command: object, given: Given, passbooks: Passbooks
    ) -> tuple[Beside, ...] | Refused:
        """Ask the law that a command belongs to."""
        by, at, central = given.by, given.at, self._covers(given.by, None)
        if isinstance(command, StandingCommand):
            if command.volunteer != subject:
                return Refused(type(command), StandingRefusal.UNKNOWN_VOLUNTEER)
            rules, books = self.rules_at(at), self.books
            at = self._not_before(f"standing/{subject}", at)
            return on_standing(
                command, at, by, rules, books, passbooks, self.journal, central=central
            )
        if isinstance(command, NominationCommand):
            key, selection = NominationId(subject), self.selection
            at = self._not_before(f"nomination/{subject}", at)
            return on_nomination(key, command, at, by, selection, self.books, central=central)
        assert isinstance(command, AccountCommand)  # noqa: S101 - the last kind there is
        account = AccountId(subject)
        at = self._not_before(f"account/{subject}", at)
        return decide(account, command, at, by, self._counter(passbooks, by, at))

    def _not_before(self, stream: str, at: Instant) -> Instant:
        last = self.books.latest(stream)
        if at < last - self.limits.backwards:
            raise ClockWentBack(stream, at, last)
        return max(at, last)

    def _counter(self, passbooks: Passbooks, by: Actor, at: Instant) -> Counter:
        books = self.books

        def minutes(account: AccountId) -> Minutes:
            people = passbooks[account].people(books.holder)
            return sum(books.account(one).minutes for one in people)

        return Counter(
            rules=self.rules_at(at),
            rules_at=self.rules_at,
            books=passbooks,
            items=books.items,
            covers=lambda site: self._covers(by, site),
            holder=books.holder,
            homes=books.homes,
            minutes=minutes,
            asked=self._asked,
            stands=lambda who: who not in books.standings or books.standings[who].may_serve,
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
        is_open = found.state not in SERVED
        is_paid = order in self.books.serving
        return Asked(people, for_whom, request.latest, request.category, is_open, is_paid)

    # -- codes ----------------------------------------------------------------------------------

    @staticmethod
    def _codes(events: Iterable[Beside], rules: RuleSet) -> Mapping[TextId, str]:
        """Make a code for goods that are reserved."""
        if rules.pickup_code is False:
            return NO_TEXTS
        return {
            _code_of(event.account, event.redemption): "".join(
                secrets.choice(_SIGNS) for _ in range(_LENGTH)
            )
            for event in events
            if isinstance(event, RedemptionReserved) and event.order is None
        }

    def _has_code(self, account: AccountId, command: object, given: Given) -> bool:
        """Tell whether goods may be handed out for the code that was shown.

        What was reserved while goods were handed out without one, the center alone hands out.
        """
        rules = self.rules_at(given.at)
        if not isinstance(command, CollectRedemption) or rules.pickup_code is False:
            return True
        shown = (command.code or "").upper().replace("-", "").replace(" ", "")
        with suppress(UnknownText):
            code = self.journal.text(_code_of(account, command.redemption))
            return code is not None and hmac.compare_digest(code.encode(), shown.encode())
        return self._covers(given.by, None)

    def _code(self, account: AccountId, redemption: RedemptionId) -> str | None:
        with suppress(UnknownText):  # handed out without one
            return self.journal.text(_code_of(account, redemption))
        return None

    def _forget_codes(self, events: Iterable[Beside]) -> None:
        """Erase the codes of what is no longer reserved: they open nothing any more."""
        for event in events:
            if isinstance(event, RedemptionCollected | RedemptionCancelled | RedemptionLapsed):
                with suppress(UnknownText, StoreError):  # it has none, or stays
                    self.journal.erase_text(_code_of(event.account, event.redemption))


def _code_of(account: AccountId, redemption: RedemptionId) -> TextId:
    """Give the id of the free text that holds a code."""
    digest = hashlib.sha256(canonical([account, redemption])).hexdigest()
    return TextId(f"{CODES}{digest[:40]}")
