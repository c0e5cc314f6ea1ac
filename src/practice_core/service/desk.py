"""The desk at which a policy is asked: the roster it sees, and when it wants to look again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from practice_core.dispatch import RECHECK_AFTER, Grid, Offer, Roster, RosterView, Wait
from practice_core.dispatch.slots import monday
from practice_core.errors import UnlawfulCommand
from practice_core.keyed import Draws, Purpose
from practice_core.units import WEEK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from practice_core.areas import Area
    from practice_core.dispatch import Decision, Policy
    from practice_core.hierarchy import Hierarchy
    from practice_core.orders import Order
    from practice_core.service.books import Books
    from practice_core.units import Instant, OrderId
    from practice_core.volunteers import Team

__all__ = ["DispatchDesk"]

_WEEKS = 54
"""Of the roster's grid: last week, and a year ahead."""


class DispatchDesk:
    """Asks policies about the orders of a practice.

    What it remembers (until when to wait) is a convenience and not kept: after a restart every
    order that waits is asked about anew.

    Parameters
    ----------
    area, hierarchy, teams, seed
        As of `Practice`.
    """

    def __init__(self, area: Area, hierarchy: Hierarchy, teams: Sequence[Team], seed: int) -> None:
        self._area = area
        self._hierarchy = hierarchy
        self._teams = teams
        self._draws = Draws(seed, 0, Purpose.POLICY)
        self._until: dict[OrderId, Instant] = {}
        self._view = self._looked(0)

    def _looked(self, at: Instant) -> RosterView:
        """Give a view on a roster of the weeks around an instant, on which nothing is booked."""
        offset = self._area.calendar.offset
        grid = Grid.around(self._area.parts, at, offset=offset, weeks=_WEEKS)
        takers = self._area.profile.takers
        roster = Roster(self._teams, self._hierarchy, grid=grid, ties=self._draws, takers=takers)
        return RosterView(at, self._hierarchy, roster, {})

    def look(self, at: Instant, books: Books) -> None:
        """Look at what is there now; in a new week at a roster of that week."""
        begins = monday(at, self._area.calendar.offset) - WEEK
        if books.lately.roster is None or self._view.roster.grid.begins != begins:
            self._view = self._looked(at)
            books.lately.fill(self._view.roster)
        self._view.now = at
        self._view.on_desk = books.waiting()

    def hear(self, books: Books) -> None:
        """Take notice of what has happened: to which orders, and which teams are free again."""
        for changed in books.changed:
            self._until.pop(changed, None)
        books.changed.clear()
        if books.freed:
            roster = self._view.roster
            known = [
                roster.teams[roster.index[team]] for team in books.freed if team in roster.index
            ]
            free = {category for team in known for category in team.categories}
            for order in books.waiting().values():
                if order.request.category in free:
                    self._until.pop(order.id, None)
            books.freed.clear()

    # -- whom to ask about, and when --------------------------------------------------------------

    def is_open(self, policy: Policy, order: Order, at: Instant) -> bool:
        """Tell whether a policy may be asked about an order now, and wants to be."""
        if at >= order.due_at or not self._area.profile.may_ask(order, at):  # type: ignore[operator]  # reviewed: has a clock
            return False
        return bool(policy.period) or self._until.get(order.id, at) <= at

    def asks_at(self, waiting: Mapping[int, Order], at: Instant) -> Iterator[Instant]:
        """Give when a policy without a period is to be asked about each order that waits."""
        profile = self._area.profile
        for order in waiting.values():
            when = max(at, self._until.get(order.id, at))
            yield when if profile.may_ask(order, when) else profile.next_issue(when)

    def choose(self, policy: Policy, orders: Sequence[Order], at: Instant) -> Sequence[Decision]:
        """Ask a policy; remember until when it wants to wait.

        Raises
        ------
        UnlawfulCommand
            If it decides about an order twice or about one that it was not asked about, or waits
            for what is over.
        """
        decisions = policy.choose(orders, self._view, self._draws)
        left = {order.id for order in orders}
        for decision in decisions:
            name = type(decision).__name__
            if decision.order not in left:
                raise UnlawfulCommand(decision.order, name, "not asked about")
            left.remove(decision.order)
            if isinstance(decision, Wait):
                if decision.until <= at:
                    why = f"until {decision.until}, not after now, {at}"
                    raise UnlawfulCommand(decision.order, name, why)
                self._until[decision.order] = decision.until
        for order in left:
            self._until[order] = at + RECHECK_AFTER
        return decisions

    def refuse_unlawful(self, decision: Decision, order: Order, at: Instant) -> None:
        """Refuse an offer to a team that may not be asked or has no time for it.

        Raises
        ------
        UnlawfulCommand
            Naming the team.
        """
        if not isinstance(decision, Offer):
            return
        roster = self._view.roster
        for team in decision.teams:
            if team not in roster.index or roster.slot(order, team, at) is None:
                raise UnlawfulCommand(order.id, "OfferOrder", f"team {team} may not be asked now")
