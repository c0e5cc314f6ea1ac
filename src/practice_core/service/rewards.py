"""What the course of an order means for accounts: hours, points, and what was paid with points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

import attrs

from practice_core.journal import Write
from practice_core.orders import ORDER, CompleteService, ServiceCompleted
from practice_core.points import Occasion, OccasionRecord, award
from practice_core.points.accounts import (
    AccountEvent,
    ItemEvent,
    Passbook,
    PointsCharged,
    RedemptionState,
    awarded,
    charged,
    ended,
    expired,
    served,
)
from practice_core.units import AccountId, VolunteerId
from practice_core.volunteers import ServiceRecord, ServiceRecorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from practice_core.journal import Journal
    from practice_core.orders import Order, OrderEvent, Served
    from practice_core.points import RuleSet
    from practice_core.points.accounts import PointsAwarded, Redemption
    from practice_core.service.books import Books
    from practice_core.service.contract import Beside
    from practice_core.service.reading import Given
    from practice_core.units import ActorId, Instant, OrderId

__all__ = ["Passbooks", "Rewards", "written"]


E = TypeVar("E", bound=AccountEvent)


class Passbooks(Mapping[AccountId, Passbook]):
    """Every account as the books know it, read when it is asked for.

    Parameters
    ----------
    journal
        Where their events are.
    books
        What was read of it: later events are not looked at, so that who writes meets them.
    """

    def __init__(self, journal: Journal, books: Books) -> None:
        self._journal = journal
        self._books = books
        self._read: dict[AccountId, Passbook] = {}

    def __getitem__(self, account: AccountId) -> Passbook:
        found = self._read.get(account)
        if found is None:
            found = self._read[account] = Passbook(account)
            stream = f"account/{account}"
            known = self._books.version(stream)
            for one in self._journal.stream(stream) if known else ():
                if one.version > known:
                    break
                found.apply(one.event)  # type: ignore[arg-type]  # of an account's stream
        return found

    def __iter__(self) -> Iterator[AccountId]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)

    def of(self, volunteer: VolunteerId) -> tuple[Passbook, ...]:
        """Give every account that ever got what a volunteer earned."""
        return tuple(self[one] for one in self._books.homes(volunteer))

    def dated(self, event: E) -> E:
        """Add an event to its account, and let it say when something next falls due there.

        It does not lie before the account's last: machines' clocks never agree.
        """
        event = attrs.evolve(event, at=max(event.at, self._books.latest(event.stream)))
        book = self[event.account]
        book.apply(event)
        return attrs.evolve(event, due_at=book.due_at())

    def charged(
        self,
        rules: RuleSet,
        record: OccasionRecord,
        at: Instant,
        by: ActorId,
        order: OrderId | None = None,
    ) -> Iterator[AccountEvent]:
        """Charge for an occasion, if it costs anything; points that have expired pay nothing."""
        account = self._books.holder(record.volunteer)
        book, at = self[account], max(at, self._books.latest(f"account/{account}"))
        if charged(rules, book, record, at, by) is None:
            return
        lost = expired(book, at)
        if lost is not None:
            yield self.dated(lost)
        cost = charged(rules, book, record, at, by, order)
        assert cost is not None  # noqa: S101 - whether it costs anything is for the rules to say
        yield self.dated(cost)


class Rewards:
    """What one command to orders means for accounts.

    Parameters
    ----------
    rules
        The area's points rules.
    books, passbooks
        What has happened so far.
    given
        The command.
    """

    def __init__(self, rules: RuleSet, books: Books, passbooks: Passbooks, given: Given) -> None:
        self._rules = rules
        self._books = books
        self._passbooks = passbooks
        self._by = given.by.id
        self._at = given.at
        self._deeds = given.deeds
        self._due: dict[AccountId, Instant | None] = {}

    def of(self, changed: Sequence[tuple[Order, tuple[OrderEvent, ...]]]) -> Iterator[Beside]:
        """Give what happens beside orders that change."""
        for order, events in changed:
            completed = next((one for one in events if isinstance(one, ServiceCompleted)), None)
            paid = self._books.serving.get(order.id)
            if paid is not None and (completed is not None or order.state in ORDER.final):
                yield from self._paid(*paid, completed)
            elif completed is not None:
                yield from self._received(order)
        for key, deed in self._deeds:
            if isinstance(deed, CompleteService):
                order = next(order for order, _ in changed if order.id == key)
                for who, one in self._people(deed):
                    yield from self._served(order, who, one)

    def _people(self, deed: CompleteService) -> Iterable[tuple[VolunteerId, Served]]:
        """Give each person once who served, under however many numbers: he has but one time."""
        people: dict[VolunteerId, Served] = {}
        for one in deed.served:
            who = self._books.person(one.volunteer)
            if who not in people or people[who].minutes < one.minutes:
                people[who] = one
        return people.items()

    def _served(self, order: Order, who: VolunteerId, one: Served) -> Iterator[Beside]:
        """Record a service, and award it by the rules."""
        rules, books = self._rules, self._books
        yield ServiceRecorded(who, self._at, self._by, order.id, one.minutes)
        account = books.holder(who)
        if self._at < rules.effective or account in books.frozen:
            return
        category = order.request.category
        record = ServiceRecord(who, order.id, self._at, one.minutes, category, one.grade, one.role)
        if _is_limited(rules) or account in set(self._passbooks):
            history = self._passbooks[account].history(rules, record)
            given = award(rules, record, history)
            yield self._passbooks.dated(awarded(rules, account, record, given, self._at, self._by))
        else:
            given = award(rules, record)
            if given.points:
                event = awarded(rules, account, record, given, self._at, self._by)
                # What expires may come before what is there already, and take over its uses.
                quickly = event.expires is None
                yield self._quickly_dated(event) if quickly else self._passbooks.dated(event)

    def _quickly_dated(self, event: PointsAwarded) -> PointsAwarded:
        """Say when something next falls due, without its account: the points never expire."""
        before = self._due.get(event.account, self._books.settles_at(event.account))
        dates = (before, event.shown_until)
        due_at = min((one for one in dates if one is not None), default=None)
        self._due[event.account] = due_at
        at = max(event.at, self._books.latest(event.stream))
        return attrs.evolve(event, due_at=due_at, at=at)

    def _received(self, order: Order) -> Iterator[Beside]:
        """Charge whoever was served, if the rules say what that costs: once for an order."""
        rules, request = self._rules, order.request
        if not rules.received_debit or self._at < rules.effective or self._is_charged(order):
            return
        who = self._books.person(request.for_whom or request.placed_by)
        record = OccasionRecord(who, Occasion.RECEIVED, self._at)
        yield from self._passbooks.charged(rules, record, self._at, self._by, order.id)

    def _is_charged(self, order: Order) -> bool:
        """Tell whether an order that is served again has been charged, or paid with points."""
        request = order.request
        people = {request.placed_by, request.for_whom or request.placed_by}
        books = [book for who in people for book in self._passbooks.of(VolunteerId(who))]
        return any(
            isinstance(one, PointsCharged) and one.order == order.id
            for book in books
            for one in book.charges
        ) or any(
            one.order == order.id and one.state is RedemptionState.COLLECTED
            for book in books
            for one in book.redemptions.values()
        )

    def _paid(
        self, account: AccountId, key: str, completed: ServiceCompleted | None
    ) -> Iterator[Beside]:
        """End the redemption that an order's service was to be paid with."""
        book = self._passbooks[account]
        redemption: Redemption = book.redemptions[key]  # type: ignore[index]  # its id
        item = self._books.items[redemption.item]
        found: Iterable[AccountEvent | ItemEvent]
        if completed is None:
            found = ended(book, item, redemption, self._at, self._by)
        else:
            found = served(book, item, redemption, completed.minutes, self._at, self._by)
        for event in found:
            yield self._passbooks.dated(event) if isinstance(event, AccountEvent) else event


def written(events: Iterable[Beside], books: Books, seen: Iterable[OrderId] = ()) -> list[Write]:
    """Give what is to be written of events beside orders, each stream in their order.

    Parameters
    ----------
    events
        What happens.
    books
        What it was decided on.
    seen
        Orders that end, or that it is paid for: no account that might pay for one may change
        meanwhile, for the same order is then paid for once, and never after its end.
    """
    streams: dict[str, list[Beside]] = {}
    for event in events:
        streams.setdefault(event.stream, []).append(event)
    for order in seen:
        for account in books.payers(order):
            streams.setdefault(f"account/{account}", [])
    return [Write(name, books.version(name), tuple(told)) for name, told in streams.items()]


def _is_limited(rules: RuleSet) -> bool:
    """Tell whether an award depends on what was earned before."""
    limits = (
        rules.max_minutes_per_activity,
        rules.max_minutes_per_day,
        rules.max_points_per_day,
        rules.max_points_per_year,
        rules.storage_cap,
    )
    return any(limit is not None for limit in limits)
