"""The desk at which a policy is asked: the roster it sees, and when it wants to look again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from practice_core.dispatch import (
    RECHECK_AFTER,
    Escalate,
    Grid,
    Offer,
    Post,
    Roster,
    RosterView,
    Wait,
)
from practice_core.dispatch.slots import monday
from practice_core.journal.shapes import shape_of
from practice_core.keyed import Draws, Purpose
from practice_core.service.contract import UnlawfulDecision
from practice_core.units import WEEK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from practice_core.areas import Area
    from practice_core.dispatch import Decision, Policy
    from practice_core.hierarchy import Hierarchy
    from practice_core.orders import Order
    from practice_core.service.books import Books
    from practice_core.units import Instant, OrderId
    from practice_core.volunteers import Team

__all__ = ["DispatchDesk"]

_DECISIONS = (Offer, Post, Wait, Escalate)
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
        self._is_stale = True
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
        if not self._is_stale and self._view.now == at:
            return
        begins = monday(at, self._area.calendar.offset) - WEEK
        if books.lately.roster is None or self._view.roster.grid.begins != begins:
            self._view = self._looked(at)
            books.lately.fill(self._view.roster)
        self._view.now = at
        self._view.on_desk = books.waiting()
        self._is_stale = False

    def hear(self, books: Books) -> None:
        """Take notice of what has happened: to which orders, and which teams are free again."""
        self._is_stale = self._is_stale or bool(books.changed)
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
        lawful = at < _due_at(order) and self._area.profile.may_ask(order, at)
        if not lawful or order.request.site not in self._hierarchy:
            return False
        return bool(policy.period) or self._until.get(order.id, at) <= at

    def asks_at(self, waiting: Mapping[int, Order], at: Instant) -> Iterator[Instant]:
        """Give when a policy without a period is to be asked about each order that waits."""
        profile = self._area.profile
        for order in waiting.values():
            when = max(at, self._until.get(order.id, at))
            if not profile.may_ask(order, when):
                when = profile.next_issue(when)
            if when < _due_at(order) and order.request.site in self._hierarchy:
                yield when

    def choose(self, policy: Policy, orders: Sequence[Order], at: Instant) -> Sequence[Decision]:
        """Ask a policy; remember until when it wants to wait.

        Raises
        ------
        UnlawfulDecision
            If it answers with something else than decisions, decides about an order twice or about
            one that it was not asked about, or waits for what is over.
        """
        decisions = _decisions(policy.choose(orders, self._view, self._draws), orders[0])
        left = {order.id for order in orders}
        for decision in decisions:
            name = type(decision).__name__
            if decision.order not in left:
                raise UnlawfulDecision(decision.order, name, "not asked about")
            left.remove(decision.order)
            if isinstance(decision, Wait) and decision.until <= at:
                why = f"until {decision.until}, not after now, {at}"
                raise UnlawfulDecision(decision.order, name, why)
        for decision in decisions:
            if isinstance(decision, Wait):
                self._until[decision.order] = decision.until
        self.set_aside(left, at)
        return decisions

    def set_aside(self, orders: Iterable[OrderId], at: Instant) -> None:
        """Ask about orders later: a policy said nothing of them, or nothing that can be done."""
        self._until.update(dict.fromkeys(orders, at + RECHECK_AFTER))

    def refuse_unlawful(self, decision: Decision, order: Order, at: Instant) -> None:
        """Refuse an offer to a team that may not be asked or has no time for it.

        Raises
        ------
        UnlawfulDecision
            Naming the team.
        """
        if not isinstance(decision, Offer):
            return
        roster = self._view.roster
        for team in decision.teams:
            if team not in roster.index or roster.slot(order, team, at) is None:
                raise UnlawfulDecision(order.id, "OfferOrder", f"team {team} may not be asked now")


def _decisions(said: object, order: Order) -> tuple[Decision, ...]:
    """Take what a policy said as decisions, exact in every type."""
    try:
        decisions: tuple[Decision, ...] = tuple(said)  # type: ignore[arg-type]  # it is tried
    except TypeError as error:
        why = f"{type(said).__name__} is no sequence of decisions"
        raise UnlawfulDecision(order.id, "choose", why) from error
    for decision in decisions:
        kind = type(decision)
        if kind not in _DECISIONS:
            why = f"{kind.__name__} is no decision"
            raise UnlawfulDecision(order.id, "choose", why)
        shape = shape_of(kind)
        wrong = shape.faults(shape.fields(decision))
        if wrong:
            place, why = wrong[0]
            raise UnlawfulDecision(order.id, kind.__name__, f"{place}: {why}")
    return decisions


def _due_at(order: Order) -> Instant:
    return order.due_at  # type: ignore[return-value]  # reviewed: has a clock
