"""How a command is carried out: decided on all that has happened, and written at once or not."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from practice_core.honours import Selection
from practice_core.journal import (
    Appended,
    CommandReused,
    Conflict,
    Recorded,
    Write,
    canonical,
    project,
)
from practice_core.lifecycle import Role
from practice_core.orders import (
    AcceptOffer,
    Actor,
    CollectNeed,
    CompleteService,
    OfferOrder,
    OrderEvent,
    OrderState,
    PlaceOrder,
    Refusal,
    Refused,
    ServiceScheduled,
    Standing,
    authorise,
    evolve,
    step,
)
from practice_core.points import in_force
from practice_core.service.books import BOOKS, SERVED, Books
from practice_core.service.contract import (
    ClockWentBack,
    Done,
    LimitReached,
    Limits,
    Transaction,
)
from practice_core.service.desk import DispatchDesk
from practice_core.service.rewards import Passbooks, Rewards, written
from practice_core.service.taking import NO_TEXTS, Taking
from practice_core.units import AccountId, CommandId
from practice_core.volunteers import TeamBooked, TeamFreed, taken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from practice_core.areas import Area
    from practice_core.hierarchy import Hierarchy
    from practice_core.journal import Journal, TextId
    from practice_core.orders import Order, OrderCommand
    from practice_core.points import RuleSet
    from practice_core.service.contract import Beside
    from practice_core.service.reading import Given
    from practice_core.units import Instant, OrderId, TeamId
    from practice_core.volunteers import Team

    Changed: TypeAlias = tuple[Order, tuple[OrderEvent, ...]]

__all__ = ["MET", "Carrying", "Planned", "own_id"]

A = TypeVar("A", Done, Transaction)

_TRIES = 3
_MARK = 16
"""Bytes that no other attempt has."""
_BOOKED = frozenset({OrderState.SCHEDULED, OrderState.IN_SERVICE})
MET = (ClockWentBack, Conflict, CommandReused)
"""What is raised where others were faster, or their clocks are ahead."""


@attrs.frozen
class Planned(Generic[A]):
    """What a command comes to, before it is written.

    Parameters
    ----------
    writes
        Everything that is to be written at once.
    answer
        What is said once it is.
    texts
        Free texts to be kept beside, by their ids.
    """

    writes: Sequence[Write]
    answer: Callable[[Appended], A]
    texts: Mapping[TextId, str] = NO_TEXTS


class Carrying(Taking):
    """The one way in which anything changes; what is asked of it stands in `Practice`.

    Parameters
    ----------
    journal, area, hierarchy, teams, seed, limits, selection, earlier
        As of `Practice`.
    """

    def __init__(  # noqa: PLR0913 - what a practice is made of
        self,
        journal: Journal,
        area: Area,
        *,
        hierarchy: Hierarchy,
        teams: Sequence[Team] = (),
        seed: int = 0,
        limits: Limits = Limits(),  # noqa: B008 - a value that never changes
        selection: Selection = Selection(),  # noqa: B008 - as above
        earlier: Sequence[RuleSet] = (),
    ) -> None:
        super().__init__()
        self.journal = journal
        self.area = area
        self.hierarchy = hierarchy
        self.limits = limits
        self.selection = selection
        self.earlier = tuple(sorted(earlier, key=lambda one: one.effective))
        self.teams: Mapping[TeamId, Team] = {team.id: team for team in teams}
        self._projected = project(journal, BOOKS)
        self._desk = DispatchDesk(area, hierarchy, tuple(self.teams.values()), seed)
        self._desk.hear(self.books)

    @property
    def books(self) -> Books:
        """What all events come to."""
        return self._projected.state

    def rules_at(self, at: Instant) -> RuleSet:
        """Give the points rules that hold at an instant, or before all of them the area's."""
        rules = self.area.rules
        return rules if at >= rules.effective else in_force(self.earlier, at) or rules

    def catch_up(self) -> int:
        """See what others have done, and give how many events that was."""
        try:
            return self._projected.catch_up()
        finally:  # what was seen counts, whether or not all could be read
            self._desk.hear(self.books)

    def _unasked(self, given: Given) -> Done | None:
        """Carry out what a clock or a policy wants; None if others were faster, or are ahead.

        An order that others keep changing, or that a machine has commanded whose clock goes before
        this one, comes again and keeps nobody from the orders after it.
        """
        try:
            answer = self._carry_out(given)
        except MET:
            return None
        return answer if isinstance(answer, Done) and not answer.again else None

    def _carry_out(self, given: Given) -> Done | Refused:
        """Carry out a command for one order."""
        ((order, deed),) = given.deeds

        def plan() -> tuple[Changed, ...] | Refused:
            changed = self._stepped(order, deed, given.by, given.at)
            return changed if isinstance(changed, Refused) else (changed,)

        return self._change(given, plan)

    def _change(
        self, given: Given, plan: Callable[[], tuple[Changed, ...] | Refused]
    ) -> Done | Refused:
        """Change orders as a plan says, with all that this means beside them."""

        def planned() -> Planned[Done] | Refused:
            refused = self._unauthorised(given)
            if refused is not None:
                return refused
            changed = plan()
            if isinstance(changed, Refused):
                return changed
            events = tuple([event for _, events in changed for event in events])
            order = changed[0][0]
            return Planned(
                self._writes(changed, given),
                lambda appended: Done(given.id, order, events, appended),
                given.texts,
            )

        return self._commit(given, planned)

    def _commit(self, given: Given, plan: Callable[[], Planned[A] | Refused]) -> A | Refused:
        """Decide on what has happened so far, and append it if nothing else happens meanwhile."""
        command, digest = given.id, given.digest
        # The same command may be carried out elsewhere meanwhile, at another time and otherwise:
        # its mark keeps the journal from answering here what was done there.
        marked = digest + secrets.token_bytes(_MARK)
        chances = _TRIES
        while True:
            self.catch_up()
            before = self._as_before(command, digest)
            if before is not None:
                return before  # type: ignore[return-value]  # the same command, the same answer
            planned = plan()
            if isinstance(planned, Refused):
                return planned
            chances -= 1
            try:
                appended = self.journal.append(
                    planned.writes, command=command, digest=marked, texts=planned.texts
                )
            except CommandReused:
                before = self._as_before(command, digest)
                if before is None:
                    raise
                return before  # type: ignore[return-value]  # as above
            except Conflict:
                if not chances:
                    raise
            else:
                self._append(planned.writes, command, appended, tuple(planned.texts))
                return planned.answer(appended)

    def _append(
        self,
        writes: Sequence[Write],
        command: CommandId,
        appended: Appended,
        texts: tuple[TextId, ...],
    ) -> None:
        """Take into the books what was just written, without reading it if it came next."""
        projected = self._projected
        if appended.position_first == projected.position + 1:
            for write in writes:
                for version, event in enumerate(write.events, write.expected + 1):
                    position = projected.position + 1
                    self.books.apply(
                        Recorded(position, write.stream, version, event, command, texts)
                    )
                    # Whoever stops here goes on from here.
                    projected.position = position
                    texts = ()
            self._desk.hear(self.books)
        else:
            self.catch_up()

    def _as_before(self, command: CommandId, digest: bytes) -> Done | Transaction | None:
        """Give what a command that is given again was answered; None if it was not carried out."""
        known = self.journal.carried(command)
        if known is None:
            return None
        if known.digest[: len(digest)] != digest:
            raise CommandReused(command)
        appended = known.appended
        first, last = appended.position_first, appended.position_last
        rows = list(self.journal.read(after=first - 1, limit=last - first + 1))
        events = [(one.stream, one.event) for one in rows if isinstance(one.event, OrderEvent)]
        if not events:
            beside = tuple([one.event for one in rows])
            return Transaction(command, beside, appended, again=True)  # type: ignore[arg-type]  # of accounts and items
        order: Order | None = None
        for one in self.journal.stream(events[0][0]):
            if one.position > last:
                break
            order = evolve(order, one.event)  # type: ignore[arg-type]  # of an order's stream
        told = tuple([event for _, event in events])
        return Done(command, order, told, appended, again=True)  # type: ignore[arg-type]  # it has events

    def _unauthorised(self, given: Given) -> Refused | None:
        """Give the first reason why somebody may not give commands, before the law is asked."""
        area, by, at = self.area, given.by, given.at
        for key, deed in given.deeds:
            order = self.books.orders.get(key)
            if order is None and not isinstance(deed, CollectNeed | PlaceOrder):
                return Refused(type(deed), Refusal.UNKNOWN_ORDER)
            if by.role is Role.TEAM and by.team not in self.teams:
                return Refused(type(deed), Refusal.UNKNOWN_ORDER)
            refused = authorise(order, deed, by, area.profile, self.hierarchy, area.links)
            if refused is not None:
                return refused
            last, _ = self.books.under_way.get(key, (at, 0))
            if at < last - self.limits.backwards:
                stream = f"order/{key}"
                raise ClockWentBack(stream, at, last)
            if isinstance(deed, CollectNeed | PlaceOrder):
                host = deed.request.host
                if host is not None and host not in self.teams:
                    return Refused(type(deed), Refusal.UNKNOWN_TEAM)
                if by.role in {Role.REQUESTER, Role.PROXY}:
                    self._count_open(by, key)
        return None

    def _count_open(self, by: Actor, order: OrderId) -> None:
        under_way, most = self.books.under_way, self.limits.open_orders
        if sum(key in under_way for key in self.books.placed(by.id) if key != order) >= most:
            raise LimitReached(by.id, "open_orders", most, None)

    def _stepped(
        self, key: OrderId, deed: OrderCommand, by: Actor, at: Instant
    ) -> Changed | Refused:
        standings = _Standings(self.teams, self.hierarchy, self.books, key)
        order = self.books.orders.get(key)
        answer = step(order, deed, at, by, self.area.profile, standings)
        if isinstance(answer, Refused):
            return answer
        if isinstance(deed, CompleteService) and not self._are_volunteers(answer[0], deed):
            return Refused(type(deed), Refusal.INVALID_VALUE)
        if not isinstance(deed, OfferOrder | AcceptOffer):
            return answer
        asked = deed.teams if isinstance(deed, OfferOrder) else (by.team,)
        known = all(team in standings for team in asked)
        return answer if known else Refused(type(deed), Refusal.UNKNOWN_TEAM)

    def _are_volunteers(self, order: Order, deed: CompleteService) -> bool:
        """Tell whether those who served are people, and other ones than whom the order is for."""
        books, request = self.books, order.request
        asked = {request.placed_by, request.for_whom or request.placed_by}
        served = {books.person(one.volunteer) for one in deed.served}
        return served.isdisjoint(map(books.person, asked)) and not any(
            AccountId(who) in books.households for who in served
        )

    def _writes(self, changed: Sequence[Changed], given: Given) -> list[Write]:
        """Give everything that a command changes: orders, bookings, hours and points."""
        books = self.books
        writes = []
        beside: list[Beside] = []
        for order, events in changed:
            before = books.orders.get(order.id)
            version = 0 if before is None else before.version
            writes.append(Write(f"order/{order.id}", version, events))
            beside += _bookings(before, events, order, given.by)
        rewards = Rewards(self.rules_at(given.at), books, Passbooks(self.journal, books), given)
        beside += rewards.of(changed)
        ended = [order.id for order, _ in changed if order.state in SERVED]
        return writes + sorted(written(beside, books, ended), key=lambda one: one.stream)


@attrs.frozen(eq=False)
class _Standings(Mapping["TeamId", Standing]):
    """What the law must know of a team, made when it asks: of the time for other orders."""

    teams: Mapping[TeamId, Team]
    hierarchy: Hierarchy
    books: Books
    order: OrderId

    def __getitem__(self, key: TeamId) -> Standing:
        if key not in self:
            raise KeyError(key)
        team = self.teams[key]
        order = self.books.orders.get(self.order)
        spare = team.members - (0 if order is None else order.request.needed)
        booked = self.books.bookings.get(key, {}).values()
        jobs = [(one.start, one.end, one.members) for one in booked if one.order != self.order]
        return Standing(team, self.hierarchy.site(team.home).level, taken(jobs, spare))

    def __contains__(self, key: object) -> bool:
        team = self.teams.get(key)  # type: ignore[call-overload]  # any may be asked for
        order = self.books.orders.get(self.order)
        if team is None or order is None:
            return team is not None
        # A team of an allied area is asked by the desk of that area alone.
        return self.hierarchy.reaches(order.holder, team.home)

    def __iter__(self) -> Iterator[TeamId]:
        return iter(self.teams)

    def __len__(self) -> int:
        return len(self.teams)


def _bookings(
    before: Order | None, events: Sequence[OrderEvent], after: Order, by: Actor
) -> Iterator[TeamBooked | TeamFreed]:
    """Give what the change of an order means for the calendar of its team."""
    key = after.id
    for event in events:
        if isinstance(event, ServiceScheduled):
            team: TeamId = after.team  # type: ignore[assignment]  # scheduled: has a team
            booked = TeamBooked(
                team, event.at, by.id, key, event.start, event.end, after.request.needed
            )
            yield booked
    if before is not None and before.state in _BOOKED and after.state not in _BOOKED:
        team = before.team  # type: ignore[assignment]  # booked: has a team
        yield TeamFreed(team, events[-1].at, by.id, key)


def own_id(word: str, *parts: str | int) -> CommandId:
    """Give a command that the practice gives itself an id: the same for the same."""
    digest = hashlib.sha256(canonical(parts)).hexdigest()
    return CommandId(f"{word}:{digest[:40]}")
