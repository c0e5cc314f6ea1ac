"""Whether a journal is what commands come to that were carried out one after the other.

The law of a practice stands here a second time: who may give a command, by `authorise`; what it
does, by `step`; and what calendars, hours and points must then be, from the orders and from the
commands alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from practice_core.journal import Appended
from practice_core.lifecycle import Role
from practice_core.orders import (
    ORDER,
    AbsorbNeed,
    AcceptOffer,
    Actor,
    CloseOrder,
    CollectNeed,
    CompleteService,
    EscalateOrder,
    ExpireOffers,
    GiveUpOrder,
    MergeNeed,
    OfferMade,
    OfferOrder,
    OrderEvent,
    OrderPosted,
    OrderState,
    PlaceOrder,
    PostOrder,
    Refusal,
    Refused,
    ReportAbsence,
    ResumeOrder,
    ServiceScheduled,
    SplitOrder,
    Standing,
    SuperviseOrder,
    authorise,
    consolidate,
    divide,
    evolve,
    step,
)
from practice_core.points import PointsAwarded, award
from practice_core.service import Booking
from practice_core.units import ActorId, OrderId, SiteId
from practice_core.volunteers import ServiceRecord, ServiceRecorded, TeamBooked, TeamFreed, taken
from tests.town import AREA, LIMITS, TEAMS, TOWN, VOLUNTEERS, Asked, Consolidate, Divide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from practice_core.journal import Journal, Recorded
    from practice_core.orders import Order, OrderCommand
    from practice_core.service import Books, Done
    from practice_core.units import CommandId, Instant, TeamId, VolunteerId

__all__ = ["BEHIND", "Serial", "plain"]

BEHIND = "ClockWentBack"
"""The answer to a command that lies before what has happened to its order."""
Said: TypeAlias = "tuple[tuple[Order, tuple[OrderEvent, ...]], ...] | Refused | str"

_BY_THE_CLOCK = (
    SuperviseOrder,
    ExpireOffers,
    EscalateOrder,
    ReportAbsence,
    ResumeOrder,
    CloseOrder,
    GiveUpOrder,
)
_TAKEN = frozenset({OrderState.SCHEDULED, OrderState.IN_SERVICE})
_KNOWN = {team.id: team for team in TEAMS}
_NO_TIME = Refused(AcceptOffer, Refusal.DOUBLE_BOOKED)


@attrs.frozen
class Carried:
    """What a command has come to: where it stands, what it told, and how it left its order."""

    asked: Asked
    appended: Appended
    events: tuple[OrderEvent, ...]
    order: Order


@attrs.define
class Serial:
    """What has happened, as far as it was proven to be the work of one command after the other.

    Attributes
    ----------
    position
        Up to where in the journal.
    orders
        Every order, folded from its own events.
    last
        Where the last event of each order stands, and the latest instant of its events.
    times
        The time of each order that is scheduled or served now, from its own events.
    before
        What `times` held before each change, and where that stands.
    booked
        The calendars of the teams, from their own events.
    accounts
        Minutes and points of each volunteer, from what was told with the end of each service.
    carried
        What each command has come to.
    early
        How many acceptances come before times that were agreed on while they were under way.
    """

    position: int = 0
    orders: dict[OrderId, Order] = attrs.field(factory=dict)
    last: dict[OrderId, tuple[int, Instant]] = attrs.field(factory=dict)
    times: dict[OrderId, Booking] = attrs.field(factory=dict)
    before: list[tuple[int, OrderId, Booking | None]] = attrs.field(factory=list)
    booked: dict[tuple[TeamId, OrderId], Booking] = attrs.field(factory=dict)
    accounts: dict[VolunteerId, list[int]] = attrs.field(
        factory=lambda: defaultdict(lambda: [0, 0])
    )
    carried: dict[CommandId, Carried] = attrs.field(factory=dict)
    early: int = 0

    # -- what the journal holds -----------------------------------------------------------------

    def prove(self, journal: Journal, asked: Mapping[CommandId, Sequence[Asked]]) -> None:
        """Assert that what was appended since is one command after the other, each whole.

        Parameters
        ----------
        journal
            The journal.
        asked
            What was asked under each id, other than by clocks and policies.
        """
        for command, rows in groupby(journal.read(after=self.position), lambda one: one.command):
            self._prove(command, list(rows), asked.get(command, ()))

    def _prove(self, command: CommandId, rows: Sequence[Recorded], asked: Sequence[Asked]) -> None:
        assert command not in self.carried, f"{command} was carried out twice"
        events: dict[OrderId, tuple[OrderEvent, ...]] = {}
        for one in rows:
            if isinstance(one.event, OrderEvent):
                key = OrderId(one.stream.partition("/")[2])
                events[key] = (*events.get(key, ()), one.event)
        assert events, f"{command} has written nothing of an order"
        done = self._lawful(command, events, asked)
        self._fold(rows, events)
        self._check_rewards(rows, done)
        self._check_calendars(command)
        told = tuple([event for part in events.values() for event in part])
        appended = Appended(rows[0].position, rows[-1].position)
        self.carried[command] = Carried(done, appended, told, self.orders[next(iter(events))])

    def _lawful(
        self,
        command: CommandId,
        events: Mapping[OrderId, tuple[OrderEvent, ...]],
        asked: Sequence[Asked],
    ) -> Asked:
        """Give what was asked that comes to just these events, now that all before has happened."""
        key, told = next(iter(events.items()))
        word, at = command.partition(":")[0], told[0].at
        if word == "clock":
            clock = Actor(ActorId("system"), Role.SYSTEM)
            asked = [Asked(key, kind(), command, clock, at) for kind in _BY_THE_CLOCK]
        elif word == "dispatch":
            asked = [_dispatched(command, key, told)]
        said = []
        for one in asked:
            asked_then = attrs.evolve(one, at=at)
            answer = self.answer(asked_then)
            if answer == _NO_TIME:
                answer = self._answer_before(asked_then)
            if not isinstance(answer, Refused | str) and dict(_by_order(answer)) == events:
                return asked_then
            said.append(answer)
        message = f"{command} is not what the law gives after all before it: {events} for {said}"
        raise AssertionError(message)

    # -- the law --------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Said:
        """Give what the law says to something asked now."""
        if isinstance(asked.deed, CollectNeed | PlaceOrder):  # whatever it says of when
            now = attrs.evolve(asked.deed.request, placed_at=asked.at)
            asked = attrs.evolve(asked, deed=attrs.evolve(asked.deed, request=now))
        order, deed, by, at = asked.order, asked.deed, asked.by, asked.at
        if isinstance(deed, Consolidate | Divide):
            return self._outside(asked) or self._together(asked)
        if isinstance(deed, AbsorbNeed | MergeNeed | SplitOrder):
            return Refused(type(deed), Refusal.ROLE)
        outside = self._outside(asked)
        if outside is not None:
            return outside
        found, standings = self.orders.get(order), self._standings(order)
        answer = step(found, deed, at, by, AREA.profile, standings)
        if isinstance(answer, Refused):
            return answer
        if isinstance(deed, OfferOrder) and not {*deed.teams} <= _KNOWN.keys():
            return Refused(OfferOrder, Refusal.UNKNOWN_TEAM)
        return (answer,)

    def _together(self, asked: Asked) -> Said:
        order, deed, by, at = self.orders[asked.order], asked.deed, asked.by, asked.at
        if isinstance(deed, Consolidate):
            needs = [self.orders[need] for need in deed.needs]
            return consolidate(order, needs, at, by, AREA.profile)
        assert isinstance(deed, Divide)
        if any(child in self.orders for child, _ in deed.shares):
            return Refused(SplitOrder, Refusal.INVALID_VALUE)
        return divide(order, dict(sorted(deed.shares, key=str)), at, by, AREA.profile)

    def _outside(self, asked: Asked) -> Refused | str | None:
        """Give why somebody may not ask for this, before the law of the loop is asked."""
        by = asked.by
        for key, deed in _deeds(asked):
            order = self.orders.get(key)
            unknown = order is None and not isinstance(deed, CollectNeed | PlaceOrder)
            if unknown or (by.role is Role.TEAM and by.team not in _KNOWN):
                return Refused(type(deed), Refusal.UNKNOWN_ORDER)
            refused = authorise(order, deed, by, AREA.profile, TOWN, AREA.links)
            if refused is not None:
                return refused
            if order is not None and order.state not in ORDER.final:
                _, last = self.last[key]
                if asked.at < last - LIMITS.backwards:
                    return BEHIND
        return None

    def _standings(self, key: OrderId) -> Mapping[TeamId, Standing]:
        """Give what the law must know of the teams, from the orders that they serve."""
        order = self.orders.get(key)
        needed = 0 if order is None else order.request.needed
        found = {}
        for team in TEAMS:
            times = (one for one in self.times.values() if (one.team, key) != (team.id, one.order))
            jobs = [(one.start, one.end, one.members) for one in times if one.team == team.id]
            level = TOWN.site(team.home).level
            found[team.id] = Standing(team, level, taken(jobs, team.members - needed))
        return found

    def _answer_before(self, asked: Asked) -> Said:
        """Give what the law said to an acceptance at some moment since its order last changed.

        It reads the calendar of its team and writes nothing there: others may agree on a time
        while it is under way, and then it comes before them, wherever it stands.
        """
        since, _ = self.last[asked.order]
        now, answer = dict(self.times), self.answer(asked)
        for position, key, time in reversed(self.before):
            if position <= since or answer != _NO_TIME:
                break
            self.times.pop(key, None)
            if time is not None:
                self.times[key] = time
            answer = self.answer(asked)
        self.times = now
        self.early += answer != _NO_TIME
        return answer

    # -- what follows from it -------------------------------------------------------------------

    def _fold(
        self, rows: Sequence[Recorded], events: Mapping[OrderId, Sequence[OrderEvent]]
    ) -> None:
        self.position = rows[-1].position
        for key, part in events.items():
            order = self.orders.get(key)
            for event in part:
                order = evolve(order, event)
                if isinstance(event, ServiceScheduled) and order.team is not None:
                    needed = order.request.needed
                    self._agree(key, Booking(key, order.team, event.start, event.end, needed))
            if order is not None:
                self.orders[key] = order
                if order.state not in _TAKEN and key in self.times:
                    self._agree(key, None)
            _, latest = self.last.get(key, (0, 0))
            self.last[key] = (self.position, max(latest, part[-1].at))
        for one in rows:
            told = one.event
            if isinstance(told, TeamBooked):
                time = Booking(told.order, told.team, told.start, told.end, told.members)
                self.booked[told.team, told.order] = time
            elif isinstance(told, TeamFreed):
                self.booked.pop((told.team, told.order), None)

    def _agree(self, key: OrderId, time: Booking | None) -> None:
        self.before.append((self.position, key, self.times.pop(key, None)))
        if time is not None:
            self.times[key] = time

    def _check_rewards(self, rows: Sequence[Recorded], done: Asked) -> None:
        """Assert that hours and points come with the end of a service, just those, and only so."""
        expected: Counter[tuple[str, str, int]] = Counter()
        for one in done.deed.served if isinstance(done.deed, CompleteService) else ():
            record = ServiceRecord(one.volunteer, done.order, done.at, one.minutes)
            points = award(AREA.rules, record).points
            expected["minutes", one.volunteer, one.minutes] += 1
            expected["points", one.volunteer, points] += bool(points)
            account = self.accounts[one.volunteer]
            account[:] = account[0] + one.minutes, account[1] + points
        found: Counter[tuple[str, str, int]] = Counter()
        for row in rows:
            happened = row.event
            if isinstance(happened, ServiceRecorded):
                found["minutes", happened.volunteer, happened.minutes] += 1
            elif isinstance(happened, PointsAwarded):
                found["points", happened.account, happened.points] += 1
        assert found == expected, f"{done.id} gave {[*found]} for a service of {[*+expected]}"

    def _check_calendars(self, command: CommandId) -> None:
        """Assert that the calendars of teams are what orders say, and nobody is in two places."""
        expected = {(one.team, one.order): one for one in self.times.values()}
        assert self.booked == expected, (
            f"after {command} the teams are booked for {list(self.booked.values())}, "
            f"and their orders say {list(expected.values())}"
        )
        for team in TEAMS:
            jobs = [one for one in self.times.values() if one.team == team.id]
            for job in jobs:
                away = sum(one.members for one in jobs if one.start <= job.start < one.end)
                assert away <= team.members, (
                    f"after {command} {away} of the {team.members} members of team {team.id} "
                    f"are booked at {job.start}"
                )

    # -- what was answered, and what handles hold -----------------------------------------------

    def check_answer(self, done: Done) -> None:
        """Assert that what was answered is there, as it was answered."""
        command = done.command
        assert command in self.carried, f"{command} was answered, and is not there"
        there = self.carried[command]
        told = Carried(there.asked, done.appended, done.events, done.order)
        assert told == there, f"{command} was answered {told}, and there is {there}"

    def check_books(self, books: Books) -> None:
        """Assert that books hold the orders, calendars and accounts that were proven."""
        orders = {key: books.orders[key] for key in books.orders}
        assert orders == self.orders, "the books hold other orders than the journal"
        bookings = {(a, b): one for a, team in books.bookings.items() for b, one in team.items()}
        assert bookings == self.booked, "the books hold other calendars than the journal"
        for who in VOLUNTEERS:
            account = books.account(who)
            assert [account.minutes, account.points] == self.accounts[who], (
                f"the books hold another account of {who} than the journal"
            )


def plain(books: Books) -> Mapping[str, Any]:
    """Give all that books answer, to be compared with others."""
    streams = [f"team/{team.id}" for team in TEAMS] + [f"account/{who}" for who in VOLUNTEERS]
    orders = {key: books.orders[key] for key in books.orders}
    people = {one.request.placed_by for one in orders.values()}
    return {
        "orders": orders,
        "under way": books.under_way,
        "bookings": {team: found for team, found in books.bookings.items() if found},
        "lately": books.lately.dump(),
        "counts": {key: count for key, count in books.counts.items() if count},
        "versions": {stream: books.version(stream) for stream in streams},
        "placed": {who: list(books.placed(who)) for who in people},
        "accounts": [books.account(who) for who in VOLUNTEERS],
        "waiting": books.waiting(),
        "due": (books.next_due_at(), books.due(2**53)),
    }


def _by_order(
    changed: Iterable[tuple[Order, tuple[OrderEvent, ...]]],
) -> Iterable[tuple[OrderId, tuple[OrderEvent, ...]]]:
    return ((order.id, events) for order, events in changed)


def _deeds(asked: Asked) -> Iterable[tuple[OrderId, OrderCommand]]:
    """Give what is asked of each order."""
    order, deed = asked.order, asked.deed
    if isinstance(deed, Consolidate):
        yield from ((order, AbsorbNeed(need)) for need in deed.needs)
        yield from ((need, MergeNeed(order)) for need in deed.needs)
    elif isinstance(deed, Divide):
        yield from ((order, SplitOrder(*share)) for share in deed.shares)
    else:
        yield order, deed


def _dispatched(command: CommandId, key: OrderId, events: Sequence[OrderEvent]) -> Asked:
    """Give the command that a policy's decision has led to."""
    first = events[0]
    deed: OrderCommand = EscalateOrder()
    if isinstance(first, OfferMade):
        teams = tuple([one.team for one in events if isinstance(one, OfferMade)])
        deed = OfferOrder(teams, first.until - first.at)
    elif isinstance(first, OrderPosted):
        deed = PostOrder(first.until - first.at)
    desk = Actor(first.by, Role.OFFICER, site=SiteId(first.by))
    return Asked(key, deed, command, desk, first.at)
