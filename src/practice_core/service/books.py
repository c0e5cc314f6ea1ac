"""What all events of a practice come to: the one state that commands and queries look at."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

import attrs

from practice_core import honours
from practice_core.honours import Nomination, NominationEvent
from practice_core.journal import Credit, Orders, Projection, canonical
from practice_core.journal.shapes import shape_of
from practice_core.orders import ORDER, OrderEvent, OrderState, clock_of
from practice_core.points.accounts import (
    AccountEvent,
    AccountFrozen,
    AccountMerged,
    AccountThawed,
    AwardConfirmed,
    HouseholdJoined,
    HouseholdLeft,
    Item,
    ItemEvent,
    ItemKind,
    PointsAwarded,
    PointsCorrected,
    RedemptionCancelled,
    RedemptionCollected,
    RedemptionLapsed,
    RedemptionReserved,
    stocked,
)
from practice_core.service.contract import Booking, Due
from practice_core.service.lately import Lately
from practice_core.units import (
    AccountId,
    ActorId,
    ItemId,
    NominationId,
    OrderId,
    RedemptionId,
    SiteId,
    TeamId,
    VolunteerId,
)
from practice_core.volunteers import ServiceRecorded, TeamBooked, TeamFreed, standing
from practice_core.volunteers.standing import StandingEvent, VolunteerStanding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.journal import Event, Recorded, TextId
    from practice_core.orders import Order
    from practice_core.units import Instant

__all__ = ["BOOKS", "SERVED", "Books"]

SERVED = frozenset({OrderState.SERVED, OrderState.RATED, OrderState.SHOWCASED, *ORDER.final})
"""Where an order has been served, or never will be."""


_ITEM, _STANDING = shape_of(Item), shape_of(VolunteerStanding)
_NOMINATION = shape_of(Nomination)


class Books:
    """Orders, bookings and accounts, with what is asked of them often kept at hand.

    Attributes
    ----------
    orders : Orders
        Every order by its id.
    under_way : dict
        The orders that have not ended, oldest first: the latest instant of their events, and their
        age, which is the position of their first.
    bookings : dict
        By team and order, when a team is taken.
    lately : Lately
        What a roster is made of.
    counts : Counter
        How many orders there are, by site and state.
    items : dict
        What may be had for points, or once might.
    serving : dict
        By order, the account and the redemption that its service is to be paid with.
    standings : dict
        Where volunteers stand of whom anything was ever written down.
    nominations : dict
        Who was nominated as a role model.
    frozen : set
        The accounts that neither give nor get.
    households : set
        The accounts that somebody ever joined.
    """

    def __init__(self) -> None:
        self.orders = Orders()
        self.under_way: dict[OrderId, tuple[Instant, int]] = {}
        self.bookings: dict[TeamId, dict[OrderId, Booking]] = defaultdict(dict)
        self.lately = Lately()
        self.counts: Counter[tuple[SiteId, OrderState]] = Counter()
        self._versions: dict[str, int] = {}
        """Of streams of teams and accounts; an order knows its own."""
        self._placed: dict[ActorId, list[OrderId]] = {}
        self.items: dict[ItemId, Item] = {}
        self.serving: dict[OrderId, tuple[AccountId, RedemptionId]] = {}
        self._paid: dict[tuple[AccountId, RedemptionId], OrderId] = {}
        """The same the other way round."""
        self.frozen: set[AccountId] = set()
        self.households: set[AccountId] = set()
        self.standings: dict[VolunteerId, VolunteerStanding] = {}
        self.nominations: dict[NominationId, Nomination] = {}
        self._accounts: dict[VolunteerId, list[int]] = {}
        self._latest: dict[str, Instant] = {}
        """Of the streams of accounts, standings and nominations."""
        self._settles: dict[str, Instant] = {}
        self._settlements: list[tuple[Instant, str]] | None = []
        """A heap of when streams have something due, with some that no longer have."""
        self._households: dict[VolunteerId, AccountId] = {}
        self._homes: dict[VolunteerId, list[AccountId]] = {}
        """What else ever got what somebody earned: households, and accounts that were merged."""
        self._successors: dict[AccountId, AccountId] = {}
        self._texts: dict[TextId, OrderId] = {}
        self._waiting: dict[OrderId, int] = {}
        self._clocks: list[tuple[Instant, OrderId]] | None = []
        """A heap of all clocks, with some that were stopped; None: to be made of the orders."""
        self.changed: list[OrderId] = []
        """Orders that something happened to, for whoever clears the list."""
        self.freed: list[TeamId] = []
        """Teams that a job fell through for, likewise."""

    # -- what it answers ------------------------------------------------------------------------

    def version(self, stream: str) -> int:
        """Give how many events a stream has."""
        kind, _, key = stream.partition("/")
        if kind == "order":
            order = self.orders.get(OrderId(key))
            return 0 if order is None else order.version
        return self._versions.get(stream, 0)

    def placed(self, resident: ActorId) -> Sequence[OrderId]:
        """Give the orders that somebody placed, or that were placed for him, oldest first."""
        return self._placed.get(resident, ())

    def account(self, volunteer: VolunteerId) -> Credit:
        """Give what a volunteer has."""
        return Credit(volunteer, *self._accounts.get(volunteer, (0, 0)))

    def latest(self, stream: str) -> Instant:
        """Give when a stream's last event was, of an account or of people; 0 if it has none."""
        return self._latest.get(stream, 0)

    def settles_at(self, account: AccountId) -> Instant | None:
        """Give when something next falls due on an account; None: nothing does."""
        return self._settles.get(f"account/{account}")

    def person(self, volunteer: ActorId | VolunteerId) -> VolunteerId:
        """Give the account of his own that somebody goes by, after all that was merged."""
        own = AccountId(volunteer)
        while own in self._successors:
            own = self._successors[own]
        return VolunteerId(own)

    def holder(self, volunteer: VolunteerId) -> AccountId:
        """Give the account that gets what a volunteer earns: his own, or his household's."""
        own = self.person(volunteer)
        return self._households.get(own, AccountId(own))

    def homes(self, volunteer: VolunteerId) -> tuple[AccountId, ...]:
        """Give every account that ever got what a volunteer earned, by whatever number, once."""
        own = self.person(volunteer)
        return tuple(dict.fromkeys((AccountId(own), *self._homes.get(own, ()))))

    def payers(self, order: OrderId) -> set[AccountId]:
        """Give the accounts that can still come to pay for an order.

        None do once it was served or has come to nothing, nor where no service is to be had.
        """
        found = self.orders.get(order)
        if found is None or found.state in SERVED:
            return set()
        if all(item.kind is not ItemKind.SERVICE for item in self.items.values()):
            return set()
        request = found.request
        people = {request.placed_by, request.for_whom or request.placed_by}
        own = {AccountId(who) for who in people}
        return own | {self.holder(VolunteerId(who)) for who in people}

    def to_settle(self, at: Instant) -> list[str]:
        """Give the streams on which something has fallen due, the first one first.

        Of accounts, of standings and of nominations: clocks of orders are `due`.
        """
        found: dict[str, Instant] = {}
        heap = self._settling()
        while heap and heap[0][0] <= at:
            due_at, stream = heapq.heappop(heap)
            if self._settles.get(stream) == due_at:
                found[stream] = due_at
        for stream, due_at in found.items():
            heapq.heappush(heap, (due_at, stream))
        return list(found)

    def next_settlement(self) -> Instant | None:
        """Give when something next falls due on a stream that is no order's."""
        heap = self._settling()
        while heap:
            due_at, stream = heap[0]
            if self._settles.get(stream) == due_at:
                return due_at
            heapq.heappop(heap)
        return None

    def _settling(self) -> list[tuple[Instant, str]]:
        if self._settlements is None:
            self._settlements = [(due_at, stream) for stream, due_at in self._settles.items()]
            heapq.heapify(self._settlements)
        return self._settlements

    def text_of(self, key: TextId) -> OrderId | None:
        """Give the order that a free text belongs to."""
        return self._texts.get(key)

    def waiting(self) -> dict[int, Order]:
        """Give the orders that wait on a desk to be dispatched, by age, oldest first."""
        return {age: self.orders[key] for key, age in sorted(self._waiting.items(), key=_by_age)}

    def is_waiting(self, order: OrderId) -> bool:
        """Tell whether an order waits on a desk to be dispatched."""
        return order in self._waiting

    def due(self, at: Instant) -> list[Due]:
        """Give the clocks that have run out, the first one first."""
        clocks = self._heap()
        found: dict[OrderId, Due] = {}
        while clocks and clocks[0][0] <= at:
            due_at, key = heapq.heappop(clocks)
            clock = clock_of(self.orders[key])
            if clock is not None and clock[0] == due_at:
                found[key] = Due(key, clock[1](), due_at)
        for key, due in found.items():
            heapq.heappush(clocks, (due.due_at, key))
        return list(found.values())

    def next_due_at(self) -> Instant | None:
        """Give when the next clock runs out."""
        clocks = self._heap()
        while clocks:
            due_at, key = clocks[0]
            clock = clock_of(self.orders[key])
            if clock is not None and clock[0] == due_at:
                return due_at
            heapq.heappop(clocks)
        return None

    def _heap(self) -> list[tuple[Instant, OrderId]]:
        if self._clocks is None:
            clocks = ((key, clock_of(self.orders[key])) for key in self.under_way)
            self._clocks = [(clock[0], key) for key, clock in clocks if clock is not None]
            heapq.heapify(self._clocks)
        return self._clocks

    def by_age(self) -> list[OrderId]:
        """Give the orders that have not ended, oldest first."""
        return list(self.under_way)

    # -- how events change it -------------------------------------------------------------------

    def apply(self, recorded: Recorded) -> None:
        """Change it by one event."""
        event, stream = recorded.event, recorded.stream
        if isinstance(event, OrderEvent):
            self._on_order(recorded, event)
            return
        self._versions[stream] = recorded.version
        if isinstance(event, TeamBooked):
            self.bookings[event.team][event.order] = Booking(
                event.order, event.team, event.start, event.end, event.members
            )
        elif isinstance(event, TeamFreed):
            self.bookings[event.team].pop(event.order, None)
        elif isinstance(event, ServiceRecorded):
            self._accounts.setdefault(event.volunteer, [0, 0])[0] += event.minutes
        elif isinstance(event, AccountEvent):
            self._on_account(event)
        elif isinstance(event, ItemEvent):
            self.items[event.item] = stocked(self.items.get(event.item), event)
        else:
            self._on_people(stream, event)

    def _on_people(self, stream: str, event: Event) -> None:
        if isinstance(event, StandingEvent):
            who = event.volunteer
            there = self.standings[who] = standing.evolve(self.standings.get(who), event)
            self._latest[stream] = max(event.at, self.latest(stream))
            self._settle(stream, _due_at(standing.clock_of(there)))
        elif isinstance(event, NominationEvent):
            key = event.nomination
            found = self.nominations[key] = honours.evolve(self.nominations.get(key), event)
            self._latest[stream] = max(event.at, self.latest(stream))
            self._settle(stream, _due_at(honours.clock_of(found)))

    def _settle(self, stream: str, due_at: Instant | None) -> None:
        """Keep when something next falls due on a stream."""
        if due_at is None:
            self._settles.pop(stream, None)
        elif due_at != self._settles.get(stream):
            self._settles[stream] = due_at
            if self._settlements is not None:
                heapq.heappush(self._settlements, (due_at, stream))

    def _on_account(self, event: AccountEvent) -> None:
        account, stream = event.account, event.stream
        self._latest[stream] = max(event.at, self.latest(stream))
        self._settle(stream, event.due_at)
        points = _counted(event)
        if points:
            self._accounts.setdefault(VolunteerId(account), [0, 0])[1] += points
        if isinstance(event, RedemptionReserved) and event.order is not None:
            self.serving[event.order] = (account, event.redemption)
            self._paid[account, event.redemption] = event.order
        elif isinstance(event, RedemptionCollected | RedemptionCancelled | RedemptionLapsed):
            order = self._paid.pop((account, event.redemption), None)
            if order is not None and self.serving.get(order) == (account, event.redemption):
                del self.serving[order]
        else:
            self._on_owners(account, event)

    def _on_owners(self, account: AccountId, event: AccountEvent) -> None:
        if isinstance(event, HouseholdJoined):
            self.households.add(account)
            self._households[event.volunteer] = account
            self._homes.setdefault(event.volunteer, []).append(account)
        elif isinstance(event, HouseholdLeft):
            if self._households.get(event.volunteer) == account:
                del self._households[event.volunteer]
        elif isinstance(event, AccountFrozen):
            self.frozen.add(account)
        elif isinstance(event, AccountThawed):
            self.frozen.discard(account)
        elif isinstance(event, AccountMerged):
            self._successors[account] = event.into
            homes = self._homes.pop(VolunteerId(account), [])
            self._homes.setdefault(VolunteerId(event.into), []).extend((account, *homes))
            old = self._accounts.pop(VolunteerId(account), [0, 0])
            new = self._accounts.setdefault(VolunteerId(event.into), [0, 0])
            new[:] = (new[0] + old[0], new[1] + old[1])

    def _on_order(self, recorded: Recorded, event: OrderEvent) -> None:
        key = OrderId(recorded.stream.partition("/")[2])
        before: Order | None = self.orders.get(key)
        self.orders.apply(recorded)
        after = self.orders[key]
        request = after.request
        if before is None:
            for who in {request.placed_by, request.for_whom} - {None}:
                self._placed.setdefault(who, []).append(key)  # type: ignore[arg-type]  # not None
        else:
            self.counts[before.request.site, before.state] -= 1
        self.counts[request.site, after.state] += 1
        if after.state in ORDER.final:
            self.under_way.pop(key, None)
        else:
            last, age = self.under_way.get(key, (event.at, recorded.position))
            self.under_way[key] = (max(last, event.at), age)
        if after.state is OrderState.REVIEWED and request.host is None:
            self._waiting[key] = self.under_way[key][1]
        else:
            self._waiting.pop(key, None)
        clock = clock_of(after)
        if clock is not None and self._clocks is not None:
            heapq.heappush(self._clocks, (clock[0], key))
        for text in recorded.texts:
            self._texts[text] = key
        freed = self.lately.apply(before, event, after)
        if freed is not None:
            self.freed.append(freed)
        self.changed.append(key)

    # -- how it is kept -------------------------------------------------------------------------

    def dump(self) -> bytes:
        """Give it as bytes: a digest and a line of JSON, then the orders."""
        rest = {
            "under_way": self.under_way,
            "bookings": [
                attrs.astuple(one) for team in self.bookings.values() for one in team.values()
            ],
            "lately": self.lately.dump(),
            "counts": sorted([site, state, n] for (site, state), n in self.counts.items() if n),
            "waiting": self._waiting,
            "versions": self._versions,
            "placed": self._placed,
            "accounts": self._accounts,
            "latest": self._latest,
            "settles": self._settles,
            "households": self._households,
            "homes": self._homes,
            "successors": self._successors,
            "frozen": sorted(self.frozen),
            "joined": sorted(self.households),
            "serving": self.serving,
            "items": [_ITEM.fields(item) for item in self.items.values()],
            "standings": [_STANDING.fields(one) for one in self.standings.values()],
            "nominations": [_NOMINATION.fields(one) for one in self.nominations.values()],
            "texts": self._texts,
        }
        head = canonical(rest)
        return b"\n".join((_digest(head), head, self.orders.dump()))

    @classmethod
    def load(cls, raw: bytes) -> Books:
        """Take it from bytes.

        Raises
        ------
        ValueError
            If they are damaged, or of another shape.
        """
        books = cls()
        digest, head, orders = raw.split(b"\n", 2)
        if digest != _digest(head):
            message = "books that are damaged"
            raise ValueError(message)
        books.orders = Orders.load(orders)
        try:
            books._fill(json.loads(head))
        except (KeyError, TypeError, AttributeError) as error:
            message = "books of another shape"
            raise ValueError(message) from error
        return books

    def _fill(self, rest: dict[str, Any]) -> None:
        aged = sorted(rest["under_way"].items(), key=lambda item: item[1][1])
        self.under_way = {key: (last, age) for key, (last, age) in aged}
        for fields in rest["bookings"]:
            booking = Booking(*fields)
            self.bookings[booking.team][booking.order] = booking
        self.lately = Lately.load(rest["lately"])
        for site, state, count in rest["counts"]:
            self.counts[site, OrderState(state)] = count
        self._waiting = rest["waiting"]
        self._clocks = None
        self._versions = rest["versions"]
        self._placed = rest["placed"]
        self._accounts = rest["accounts"]
        self._latest = rest["latest"]
        self._settles = rest["settles"]
        self._settlements = None
        self._households = rest["households"]
        self._homes = rest["homes"]
        self._successors = rest["successors"]
        self.frozen = set(rest["frozen"])
        self.households = set(rest["joined"])
        self.serving = {order: (one, key) for order, (one, key) in rest["serving"].items()}
        self._paid = {paid: order for order, paid in self.serving.items()}
        self.items = {one.id: one for one in map(_ITEM.value, rest["items"])}
        self.standings = {one.volunteer: one for one in map(_STANDING.value, rest["standings"])}
        self.nominations = {one.id: one for one in map(_NOMINATION.value, rest["nominations"])}
        self._texts = rest["texts"]


def _due_at(clock: tuple[Instant, type] | None) -> Instant | None:
    return None if clock is None else clock[0]


def _counted(event: AccountEvent) -> int:
    """Give the points that an event adds to what somebody has been awarded."""
    if isinstance(event, PointsAwarded):
        waits = event.audit or event.shown_until is not None
        return 0 if waits else event.points
    if isinstance(event, AwardConfirmed):
        return event.points
    return -event.points if isinstance(event, PointsCorrected) else 0


def _by_age(item: tuple[OrderId, int]) -> int:
    return item[1]


def _digest(head: bytes) -> bytes:
    return hashlib.sha256(head).hexdigest().encode()


BOOKS: Final = Projection(
    "books",
    version=5,
    begin=Books,
    apply=Books.apply,
    dump=Books.dump,
    load=Books.load,
)
"""The state of a practice."""
