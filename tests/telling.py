"""Orders told command by command, for the tests of the loop."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs

from practice_core.areas import load_area
from practice_core.lifecycle import Role
from practice_core.orders import (
    AcceptOffer,
    Actor,
    CompleteService,
    DeclineOffer,
    Desk,
    LoopProfile,
    OfferOrder,
    Order,
    OrderCommand,
    OrderEvent,
    OrderState,
    PlaceOrder,
    PostOrder,
    RateOrder,
    Refusal,
    Refused,
    Request,
    RequestedTime,
    ReviewOrder,
    ScheduleService,
    Standings,
    StartService,
    Step,
    step,
)
from practice_core.points import AwardReason, Line, PointsAwarded
from practice_core.terms import Category
from practice_core.units import (
    DAY,
    HOUR,
    MINUTE,
    WEEK,
    AccountId,
    ActorId,
    Calendar,
    Duration,
    Instant,
    OrderId,
    SiteId,
    TeamId,
    VolunteerId,
    instant,
)

MONDAY = instant(dt.datetime(2020, 4, 6, 9, tzinfo=dt.timezone(dt.timedelta(hours=8))))
STATION, TOWN, CENTER = ROUTE = (SiteId("station"), SiteId("town"), SiteId("center"))

LOOP = LoopProfile(
    name="three desks",
    steps=(Step("派单", "dispatch", ("OfferOrder",)),),
    calendar=Calendar.weekly(days=range(5), opens="08:30", closes="17:30"),
    chain=(Desk.STATION, Desk.INSTITUTE, Desk.CENTER),
    tries=2,
    review_within=4 * HOUR,
    offer_open=DAY,
    schedule_within=DAY,
    desk_within=2 * DAY,
    rating_within=7 * DAY,
    satisfied_from=3,
    redos=1,
    redo_within=27 * HOUR,
    showcase=3 * DAY,
)
PLAIN = attrs.evolve(LOOP, showcase=None)
WUJIANG = load_area("wujiang").profile

ANN = Actor(ActorId("ann"), Role.REQUESTER)
BO = Actor(ActorId("bo"), Role.REQUESTER)
PROXY = Actor(ActorId("proxy"), Role.PROXY)
OFFICER = Actor(ActorId("officer"), Role.OFFICER, site=STATION)
SYSTEM = Actor(ActorId("clock"), Role.SYSTEM)
RED, BLUE, GREEN = (TeamId(color) for color in ("red", "blue", "green"))

REQUEST = Request(
    id=OrderId("o-1"),
    site=STATION,
    category=Category.AID,
    placed_by=ANN.id,
    placed_at=MONDAY,
    earliest=MONDAY,
    latest=MONDAY + WEEK,
    needed=5,
    duration=90,
    requested_time=RequestedTime.ANY,
    route=ROUTE,
)


def member_of(team: TeamId) -> Actor:
    return Actor(ActorId(f"of {team}"), Role.TEAM, team=team)


class Story:
    """One order, its profile, what is known of teams, and the time: told command by command."""

    def __init__(
        self,
        profile: LoopProfile = LOOP,
        *,
        at: Instant = MONDAY,
        standings: Standings | None = None,
    ) -> None:
        self.profile = profile
        self.at = at
        self.standings: Standings = standings or {}
        self.events: list[OrderEvent] = []
        self._order: Order | None = None

    @property
    def order(self) -> Order:
        assert self._order is not None
        return self._order

    @property
    def left(self) -> tuple[OrderState, int, SiteId]:
        """Where the order was left: its state, failed rounds and desk."""
        return self.order.state, self.order.attempts, self.order.holder

    def then(self, command: OrderCommand, by: Actor, after: Duration = 0) -> Story:
        self.at += after
        answer = step(self._order, command, self.at, by, self.profile, self.standings)
        assert not isinstance(answer, Refused), answer
        self._order, events = answer
        self.events += events
        return self

    def refuses(self, command: OrderCommand, by: Actor, after: Duration = 0) -> Refusal:
        answer = step(self._order, command, self.at + after, by, self.profile, self.standings)
        assert isinstance(answer, Refused), answer
        assert answer.command is type(command)
        return Refusal(answer.reason)

    def last(self, count: int) -> list[type[OrderEvent]]:
        return [type(event) for event in self.events[-count:]]


def placed(profile: LoopProfile = LOOP, **changes: Any) -> Story:  # noqa: ANN401 - any field of the request
    request = attrs.evolve(REQUEST, route=ROUTE[: len(profile.chain)], **changes)
    return Story(profile).then(PlaceOrder(request), ANN)


def reviewed(profile: LoopProfile = LOOP, **changes: Any) -> Story:  # noqa: ANN401 - as above
    return placed(profile, **changes).then(ReviewOrder(), OFFICER)


def offered(*teams: TeamId, profile: LoopProfile = LOOP) -> Story:
    return reviewed(profile).then(OfferOrder(teams or (RED,), DAY), OFFICER)


def accepted(profile: LoopProfile = LOOP) -> Story:
    return offered(RED, profile=profile).then(AcceptOffer(), member_of(RED), HOUR)


def scheduled(profile: LoopProfile = LOOP) -> Story:
    told = accepted(profile)
    start = told.at + DAY
    return told.then(ScheduleService(start, start + 2 * HOUR), member_of(RED))


def serving(profile: LoopProfile = LOOP) -> Story:
    return scheduled(profile).then(StartService(5), member_of(RED), DAY)


def served(profile: LoopProfile = LOOP) -> Story:
    return serving(profile).then(CompleteService(90), member_of(RED), 90 * MINUTE)


def rated(score: int = 5, profile: LoopProfile = LOOP) -> Story:
    return served(profile).then(RateOrder(score), ANN, HOUR)


def pooled() -> Story:
    return reviewed().then(PostOrder(DAY), OFFICER)


def failed(told: Story, team: TeamId) -> Story:
    """Let one more round fail."""
    told.then(OfferOrder((team,), DAY), OFFICER)
    return told.then(DeclineOffer(), member_of(team))


def awarded(who: VolunteerId, order: OrderId, points: int, at: Instant) -> PointsAwarded:
    """Give the event of an award of the second version of Wujiang's rules."""
    why = (Line(AwardReason.SERVICE_TIME, 6 * points, points),)
    account, desk = AccountId(who), ActorId("desk")
    return PointsAwarded(account, at, desk, None, who, at, points, why, "wujiang", 2, order=order)
