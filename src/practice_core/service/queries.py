"""What a platform shows: each answer holds only what the one who asks may read, page by page."""

from __future__ import annotations

import abc
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from practice_core.hierarchy import Level
from practice_core.lifecycle import Role
from practice_core.orders import (
    Access,
    OrderEvent,
    OrderState,
    clock_of,
    ineligible,
    may,
)
from practice_core.service.contract import Booking, InstituteOrders, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from practice_core.areas import Area
    from practice_core.hierarchy import Hierarchy
    from practice_core.journal import Credit, Journal
    from practice_core.orders import Actor, Order
    from practice_core.service.books import Books
    from practice_core.service.contract import Limits
    from practice_core.terms import Category
    from practice_core.units import ActorId, Instant, OrderId, SiteId, TeamId, VolunteerId
    from practice_core.volunteers import Team

__all__ = ["Queries"]

T = TypeVar("T")

_PAGE = 50
_FAR = 2**53
"""Beyond any version, and within what a store counts to."""


class Queries(abc.ABC):
    """The questions to a practice; what one may not read is to him as if it were not there."""

    journal: Journal
    area: Area
    hierarchy: Hierarchy
    limits: Limits
    teams: Mapping[TeamId, Team]

    @property
    @abc.abstractmethod
    def books(self) -> Books:
        """What all events come to."""

    @abc.abstractmethod
    def catch_up(self) -> int:
        """See what others have done."""

    # -- one order ------------------------------------------------------------------------------

    def route(self, site: SiteId, *, category: Category | None = None) -> tuple[SiteId, ...]:
        """Give the desks that may hold an order for a site: what its request must name.

        Raises
        ------
        DefinitionError
            If no desk of the chain lies at or above it.
        """
        links = self.area.links
        return self.area.profile.route(site, self.hierarchy, category=category, links=links)

    def order(self, order: OrderId, *, by: Actor) -> Order | None:
        """Give an order; None if there is none that the actor may read."""
        self.catch_up()
        found = self.books.orders.get(order)
        return found if found is not None and self._reads(by, found) else None

    def history(
        self, order: OrderId, *, by: Actor, after: int = 0, limit: int = _PAGE
    ) -> Page[OrderEvent]:
        """Give what has happened to an order, first things first."""
        found = self.order(order, by=by)
        if found is None:
            return Page((), None)
        rows = self.journal.stream(f"order/{order}", after=min(max(0, after), _FAR))
        told = ((one.version, one.event) for one in rows)
        return self._page(
            ((place, event) for place, event in told if isinstance(event, OrderEvent)), limit
        )

    # -- many orders ----------------------------------------------------------------------------

    def orders_of(
        self, resident: ActorId, *, by: Actor, after: int = 0, limit: int = _PAGE
    ) -> Page[Order]:
        """Give the orders that a resident has placed, or that were placed for him, oldest first.

        Parameters
        ----------
        resident
            Who.
        by
            Who asks: the resident himself sees what he has placed, an officer what lies in his
            scope.
        after, limit
            Which page, and how many of one.
        """
        self.catch_up()
        placed = enumerate(self.books.placed(resident), 1)
        return self._orders(((n, key) for n, key in placed if n > after), by, limit)

    def board(self, site: SiteId, *, by: Actor, after: int = 0, limit: int = _PAGE) -> Page[Order]:
        """Give the orders under way that a site or one below it holds or wants, oldest first."""
        covers = self.hierarchy.covers

        def lies_here(order: Order) -> bool:
            places = (order.holder, order.request.site)
            return any(
                place == site or (place in self.hierarchy and covers(site, place))
                for place in places
            )

        self.catch_up()
        if site not in self.hierarchy:
            return self._orders(self._by_age(after), by, limit, lambda order: order.holder == site)
        return self._orders(self._by_age(after), by, limit, lies_here)

    def inbox(self, team: TeamId, *, by: Actor, after: int = 0, limit: int = _PAGE) -> Page[Order]:
        """Give what a team may answer or has to do, oldest first.

        Offers to it, orders of the open pool that it may lawfully grab, and orders that it has
        accepted and not yet served.
        """
        self.catch_up()
        known = self.teams.get(team)

        takers = self.area.profile.takers

        def concerns(order: Order) -> bool:
            if order.state is OrderState.POOLED:
                if known is None or ineligible(known, order) is not None:
                    return False
                if not self.hierarchy.reaches(order.holder, known.home):
                    return False
                return not takers or self.hierarchy.site(known.home).level in takers
            given = order.state in {
                OrderState.ACCEPTED,
                OrderState.SCHEDULED,
                OrderState.IN_SERVICE,
            }
            return (given and order.team == team) or any(
                offer.team == team for offer in order.offers
            )

        return self._orders(self._by_age(after), by, limit, concerns)

    def calendar(self, team: TeamId, *, by: Actor) -> tuple[Booking, ...]:
        """Give the times at which a team is taken by orders, as far as the actor may read them."""
        self.catch_up()
        orders, booked = self.books.orders, self.books.bookings.get(team, {})
        found = [one for one in booked.values() if self._reads(by, orders[one.order])]
        return tuple(sorted(found, key=lambda one: (one.start, one.order)))

    def overdue(self, at: Instant, *, by: Actor, after: int = 0, limit: int = _PAGE) -> Page[Order]:
        """Give the orders that a clock has run out on, or once ran out on (督单), oldest first."""
        self.catch_up()
        return self._orders(self._by_age(after), by, limit, lambda order: _is_overdue(order, at))

    def overview(self, at: Instant, *, by: Actor) -> tuple[InstituteOrders, ...]:
        """Give how many orders stand where, for each institute that an officer is in charge of.

        An officer of the center sees all of them, and under the center's own name what lies below
        none; of a station he sees nothing. Orders that have ended count too.
        """
        self.catch_up()
        if by.role is not Role.OFFICER or by.site is None or by.site not in self.hierarchy:
            return ()
        states: dict[SiteId, Counter[OrderState]] = {}
        for (site, state), count in self.books.counts.items():
            if count and site in self.hierarchy:
                states.setdefault(self._institute(site), Counter())[state] += count
        late: Counter[SiteId] = Counter()
        for key in self.books.under_way:
            order = self.books.orders[key]
            if order.request.site in self.hierarchy and _is_overdue(order, at):
                late[self._institute(order.request.site)] += 1
        institutes = [site.id for site in self.hierarchy.at_level(Level.INSTITUTE)]
        return tuple(
            InstituteOrders(site, dict(sorted(states.get(site, {}).items())), late[site])
            for site in dict.fromkeys((self.hierarchy.root.id, *institutes))
            if self.hierarchy.covers(by.site, site)
        )

    def account(self, volunteer: VolunteerId, *, by: Actor) -> Credit | None:
        """Give the hours and points of a volunteer to himself and to officers of the center."""
        self.catch_up()
        is_center = by.role is Role.OFFICER and by.site == self.hierarchy.root.id
        return self.books.account(volunteer) if is_center or str(by.id) == str(volunteer) else None

    # -- what they share ------------------------------------------------------------------------

    def _reads(self, by: Actor, order: Order) -> bool:
        if by.role is Role.TEAM and by.team not in self.teams:
            return False
        return may(by, order, self.hierarchy) >= Access.READ

    def _institute(self, site: SiteId) -> SiteId:
        """Give the institute that a site is or lies below; the center if there is none."""
        here: SiteId | None = site
        while here is not None and self.hierarchy.site(here).level is not Level.INSTITUTE:
            here = self.hierarchy.parent(here)
        return self.hierarchy.root.id if here is None else here

    def _by_age(self, after: int) -> Iterable[tuple[int, OrderId]]:
        under_way = self.books.under_way
        return (
            (under_way[key][1], key) for key in self.books.by_age() if under_way[key][1] > after
        )

    def _orders(
        self,
        keys: Iterable[tuple[int, OrderId]],
        by: Actor,
        limit: int,
        chosen: Callable[[Order], bool] = lambda _: True,
    ) -> Page[Order]:
        found = ((place, self.books.orders[key]) for place, key in keys)
        return self._page(
            ((place, o) for place, o in found if chosen(o) and self._reads(by, o)), limit
        )

    def _page(self, found: Iterable[tuple[int, T]], limit: int) -> Page[T]:
        most = max(1, min(limit, self.limits.page))
        some = list(islice(found, most + 1))
        items = tuple([item for _, item in some[:most]])
        return Page(items, some[most - 1][0] if len(some) > most else None)


def _is_overdue(order: Order, at: Instant) -> bool:
    clock = clock_of(order)
    return bool(order.docket.overrun) or (clock is not None and clock[0] <= at)
