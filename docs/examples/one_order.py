"""A platform in one page: the policy that the simulation compared, deployed on real orders.

It keeps orders in a dictionary; a real one keeps their events. Run it: it prints one order's life.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from practice_core import (
    Actor,
    Category,
    Hierarchy,
    Offer,
    Order,
    Refused,
    Request,
    RequestedTime,
    Role,
    Roster,
    Team,
    instant,
    load_area,
    moment,
    policy,
    step,
    term,
)
from practice_core.dispatch import Candidates, Grid
from practice_core.keyed import Draws, Purpose
from practice_core.orders import AcceptOffer, OfferOrder, PlaceOrder, ReviewOrder
from practice_core.units import DAY, HOUR, ActorId, Instant, OrderId, SiteId, TeamId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.orders import OrderCommand, OrderEvent

AREA = load_area("wujiang")
SITES: Hierarchy = AREA.hierarchy()
MONDAY = instant(dt.datetime(2020, 4, 6, tzinfo=dt.timezone(dt.timedelta(hours=8))))
LUCK = Draws(seed=7, replication=0, purpose=Purpose.POLICY)
FREE_BY_DAY = (4, 4, 0) * 5 + (2, 2, 2) * 2


class Desk:
    """What a policy sees of this platform: implements ``View``."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.orders: dict[OrderId, Order] = {}
        self.now: Instant = MONDAY
        self.hierarchy = SITES

    def candidates(self, order: Order, *, within: SiteId | None = None) -> Candidates:
        return self.roster.candidates(order, self.now, within)

    def home(self, team: TeamId) -> SiteId:
        return self.roster.teams[self.roster.index[team]].home

    def waiting(self, scope: SiteId | None = None) -> Sequence[Order]:
        waiting = [order for order in self.orders.values() if order.state == "reviewed"]
        return [o for o in waiting if scope is None or SITES.covers(scope, o.holder)]

    def do(self, order: OrderId, command: OrderCommand, by: Actor) -> Order:
        done = step(self.orders.get(order), command, self.now, by, AREA.profile)
        if isinstance(done, Refused):
            print(f"refused: {term(done.reason)}")
            return self.orders[order]
        self.orders[order], events = done
        self.tell(events)
        return self.orders[order]

    def tell(self, events: Sequence[OrderEvent]) -> None:
        for event in events:
            at = moment(event.at, offset=AREA.calendar.offset)
            print(f"{at:%a %H:%M} {event.kind} by {event.by}")


def main() -> None:
    """Take one order from its placing to a yes."""
    teams = [
        Team(TeamId(f"t-{n}"), SiteId(home), (Category.LAW,), 12, 2, FREE_BY_DAY)
        for n, home in enumerate(["wj-s001", "wj-s100", "wj"], start=1)
    ]
    desk = Desk(Roster(teams, SITES, grid=Grid(AREA.parts, MONDAY, weeks=4), ties=LUCK))
    order = OrderId("o-1")
    resident = Actor(ActorId("resident-7"), Role.REQUESTER)
    center = Actor(ActorId("desk-1"), Role.OFFICER, site=SITES.root.id)

    desk.now = MONDAY + 9 * HOUR
    site = SiteId("wj-s100")
    wanted = Request(
        id=order,
        site=site,
        category=Category.LAW,
        placed_by=resident.id,
        placed_at=desk.now,
        earliest=desk.now,
        latest=desk.now + 7 * DAY,
        needed=2,
        duration=90,
        requested_time=RequestedTime.WEEKDAY_DAY,
        route=AREA.profile.route(site, SITES),
    )
    desk.do(order, PlaceOrder(wanted), resident)
    desk.do(order, ReviewOrder(), center)

    for decision in policy("nearest").choose(desk.waiting(), desk, LUCK):
        if isinstance(decision, Offer):
            desk.do(order, OfferOrder(decision.teams, decision.open_for), center)
            desk.now += HOUR
            stranger = Actor(ActorId("member-3"), Role.TEAM, team=TeamId("t-3"))
            desk.do(order, AcceptOffer(), stranger)
            member = Actor(ActorId("member-2"), Role.TEAM, team=decision.teams[0])
            desk.do(order, AcceptOffer(), member)
    print(f"{desk.orders[order].state} by {desk.orders[order].team}")


if __name__ == "__main__":
    main()
