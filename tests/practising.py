"""A small county on a journal, for the tests of the service: people, and days told by the hour."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from practice_core.areas import load_area
from practice_core.hierarchy import Hierarchy, Level, Site
from practice_core.lifecycle import Role
from practice_core.orders import (
    AcceptOffer,
    Actor,
    CompleteService,
    Links,
    Mode,
    OfferOrder,
    Order,
    OrderCommand,
    PlaceOrder,
    Refusal,
    Refused,
    Request,
    RequestedTime,
    ReviewOrder,
    ScheduleService,
    Served,
    StartService,
)
from practice_core.service import Done, Limits, Practice
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, ActorId, CommandId, OrderId, SiteId, TeamId
from practice_core.volunteers import Team
from tests.telling import LOOP, MONDAY

if TYPE_CHECKING:
    from practice_core.journal import Journal
    from practice_core.units import Duration, Instant, Minutes

    Field: TypeAlias = Any
    """Whatever the field of that name holds."""

CENTER, EAST, WEST = SiteId("center"), SiteId("east"), SiteId("west")
EAST_1, EAST_2, WEST_1 = SiteId("east-1"), SiteId("east-2"), SiteId("west-1")
SITES = Hierarchy(
    Site(key, key, level, parent, lon, lat, synthetic=True)
    for key, level, parent, lon, lat in (
        (CENTER, Level.CENTER, None, 120.60, 31.10),
        (EAST, Level.INSTITUTE, CENTER, 120.70, 31.10),
        (WEST, Level.INSTITUTE, CENTER, 120.50, 31.10),
        (EAST_1, Level.STATION, EAST, 120.71, 31.11),
        (EAST_2, Level.STATION, EAST, 120.72, 31.08),
        (WEST_1, Level.STATION, WEST, 120.49, 31.12),
    )
)
FREE = (5, 5, 5) * 7
RED, BLUE, GREEN = TeamId("red"), TeamId("blue"), TeamId("green")
TEAMS = (
    Team(RED, EAST_1, (Category.AID, Category.LAW), 5, 7, FREE),
    Team(BLUE, EAST, (Category.AID,), 5, 7, FREE),
    Team(GREEN, WEST_1, (Category.AID,), 5, 7, FREE),
)
SEVERAL = attrs.evolve(LOOP, modes=(Mode.DIRECTED, Mode.SEVERAL, Mode.POOL))
AREA = attrs.evolve(load_area("wujiang"), profile=SEVERAL, links=Links())

ANN, BOB = (Actor(ActorId(name), Role.REQUESTER) for name in ("ann", "bob"))
AT_CENTER, AT_EAST, AT_WEST, AT_EAST_1, AT_WEST_1 = (
    Actor(ActorId(f"officer-{site}"), Role.OFFICER, site=site)
    for site in (CENTER, EAST, WEST, EAST_1, WEST_1)
)
SYSTEM = Actor(ActorId("system"), Role.SYSTEM)


def of(team: TeamId) -> Actor:
    return Actor(ActorId(f"of-{team}"), Role.TEAM, team=team)


def request(
    key: str = "o-1", site: SiteId = EAST_1, at: Instant = MONDAY, **changes: Field
) -> Request:
    fields: dict[str, Any] = {
        "id": OrderId(key),
        "site": site,
        "category": Category.AID,
        "placed_by": ANN.id,
        "placed_at": at,
        "earliest": at,
        "latest": at + 7 * DAY,
        "needed": 3,
        "duration": 90,
        "requested_time": RequestedTime.ANY,
    }
    route = changes.pop("route", None) or SITES.chain(site)
    return Request(**{**fields, **changes}, route=route)


class Days:
    """A practice and the time; commands get ids of their own."""

    def __init__(self, journal: Journal | str = "memory", **changes: Field) -> None:
        options: dict[str, Any] = {"hierarchy": SITES, "teams": TEAMS, "limits": Limits()}
        own = {name: changes.pop(name) for name in ("profile", "rules") if name in changes}
        area = attrs.evolve(AREA, **own)
        self.practice = Practice.open(journal, area, **{**options, **changes})
        self.at = MONDAY
        self.numbers = count(1)

    def give(self, order: str, command: OrderCommand, by: Actor, **rest: Field) -> Done | Refused:
        name = rest.pop("id", CommandId(f"c-{next(self.numbers)}"))
        return self.practice.do(OrderId(order), command, id=name, by=by, at=self.at, **rest)

    def do(self, order: str, command: OrderCommand, by: Actor, **rest: Field) -> Done:
        done = self.give(order, command, by, **rest)
        assert isinstance(done, Done), done
        return done

    def refuses(self, order: str, command: OrderCommand, by: Actor) -> Refusal:
        before = self.length
        refused = self.give(order, command, by)
        assert isinstance(refused, Refused), refused
        assert refused.command is type(command)
        assert self.length == before
        return Refusal(refused.reason)

    def later(self, duration: Duration) -> Days:
        self.at += duration
        return self

    @property
    def length(self) -> int:
        return self.practice.journal.head().length

    @property
    def kinds(self) -> list[str]:
        return [one.event.kind for one in self.practice.journal.read()]

    def order(self, key: str = "o-1") -> Order:
        found = self.practice.order(OrderId(key), by=SYSTEM)
        assert found is not None
        return found

    # -- the loop, step by step -------------------------------------------------------------------

    def placed(
        self, key: str = "o-1", site: SiteId = EAST_1, by: Actor = ANN, **changes: Field
    ) -> Done:
        wanted = request(key, site, self.at, placed_by=by.id, **changes)
        return self.do(key, PlaceOrder(wanted), by)

    def reviewed(self, key: str = "o-1", site: SiteId = EAST_1, **changes: Field) -> Done:
        self.placed(key, site, **changes)
        return self.do(key, ReviewOrder(), AT_CENTER)

    def accepted(self, key: str = "o-1", team: TeamId = RED, **changes: Field) -> Done:
        self.reviewed(key, **changes)
        self.do(key, OfferOrder((team,), DAY), AT_CENTER)
        return self.do(key, AcceptOffer(), of(team))

    def scheduled(
        self, key: str = "o-1", team: TeamId = RED, after: Duration = DAY, **changes: Field
    ) -> Done:
        self.accepted(key, team, **changes)
        start = self.at + after
        return self.do(key, ScheduleService(start, start + 2 * HOUR), of(team))

    def served(self, key: str = "o-1", minutes: Minutes = 90, *who: Served) -> Done:
        self.scheduled(key)
        self.later(DAY).do(key, StartService(3), of(RED))
        self.later(minutes * 60_000)
        return self.do(key, CompleteService(minutes, tuple(who)), of(RED))
