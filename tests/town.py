"""A small town whose people are busy: what several practices are asked at once, in the tests.

Its teams have few members and its windows are narrow, so that two orders want the same people at
the same time all day long.
"""

from __future__ import annotations

import enum
import hashlib
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from practice_core.areas import load_area
from practice_core.hierarchy import Hierarchy, Level, Site
from practice_core.lifecycle import Role, arguments
from practice_core.orders import (
    COMMANDS,
    AcceptOffer,
    Actor,
    AskOtherTime,
    CancelOrder,
    Clock,
    CloseOrder,
    CollectNeed,
    CompleteService,
    DeclineOffer,
    EscalateOrder,
    GiveUpOrder,
    HandBackOrder,
    Links,
    OfferOrder,
    OrderState,
    PauseOrder,
    PauseReason,
    PlaceOrder,
    PostOrder,
    RateOrder,
    RecallOrder,
    RecallReason,
    RejectOrder,
    RejectReason,
    ReportAbsence,
    ReportProgress,
    Request,
    RequestedTime,
    ResumeOrder,
    ReviewOrder,
    ScheduleService,
    Served,
    ShowcaseOrder,
    StartService,
    Supervised,
    WithdrawReason,
    WithdrawTeam,
    alike,
    ineligible,
)
from practice_core.orders.events import CancelReason, Progress
from practice_core.service import Limits, Practice
from practice_core.terms import Category
from practice_core.units import (
    HOUR,
    MINUTE,
    ActorId,
    CommandId,
    OrderId,
    SiteId,
    TeamId,
    VolunteerId,
)
from practice_core.volunteers import BLOCKS_A_WEEK, Team
from tests.telling import LOOP, MONDAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from practice_core.journal import Journal, TextId
    from practice_core.orders import Order, OrderCommand, Refused
    from practice_core.service import Books, Done
    from practice_core.units import Duration, Instant

__all__ = ["AREA", "LIMITS", "NOON", "TEAMS", "TOWN", "Asked", "Folk", "opened"]

CENTER, STATIONS = SiteId("center"), [SiteId(f"station-{n}") for n in range(4)]
TOWN = Hierarchy(
    Site(SiteId(key), key, level, parent, lon, lat, synthetic=True)
    for key, level, parent, lon, lat in (
        (CENTER, Level.CENTER, None, 120.60, 31.10),
        ("town-0", Level.INSTITUTE, CENTER, 120.60, 31.11),
        ("town-1", Level.INSTITUTE, CENTER, 120.62, 31.11),
        (STATIONS[0], Level.STATION, SiteId("town-0"), 120.60, 31.12),
        (STATIONS[1], Level.STATION, SiteId("town-0"), 120.61, 31.12),
        (STATIONS[2], Level.STATION, SiteId("town-1"), 120.62, 31.12),
        (STATIONS[3], Level.STATION, SiteId("town-1"), 120.63, 31.12),
    )
)
AREA = attrs.evolve(
    load_area("wujiang"),
    links=Links(),
    profile=attrs.evolve(
        LOOP,
        name="busy town",
        offer_open=HOUR,
        schedule_within=HOUR,
        desk_within=2 * HOUR,
        rating_within=3 * HOUR,
        redo_within=2 * HOUR,
        showcase=HOUR,
        pause_within=2 * HOUR,
        supervised=(
            Supervised(Clock.CONTACT, OrderState.ACCEPTED, 20 * MINUTE),
            Supervised(Clock.FEEDBACK, OrderState.PLACED, HOUR),
        ),
    ),
)


def _team(name: str, home: int, members: int, *categories: Category) -> Team:
    free = (members,) * BLOCKS_A_WEEK
    return Team(TeamId(name), STATIONS[home], categories, members, 40, free)


TEAMS = (
    _team("red", 0, 3, Category.AID, Category.HEALTH),
    _team("blue", 1, 2, Category.AID),
    _team("green", 2, 4, Category.AID, Category.HEALTH, Category.LAW),
    _team("white", 3, 2, Category.HEALTH),
)
LIMITS = Limits(commands_a_minute=10**6, open_orders=10**6)
VOLUNTEERS = [VolunteerId(f"v-{n}") for n in range(5)]
NOON = MONDAY + 3 * HOUR
"""When the stories of the town begin: the roster's afternoon lies within most windows."""
_SERVED_AT = 5 * MINUTE
"""Services begin at full five minutes, so that their times overlap or touch."""


def opened(journal: Journal, kind: type[Practice] = Practice) -> Practice:
    """Open a practice of the town on a journal."""
    return kind.open(journal, AREA, hierarchy=TOWN, teams=TEAMS, limits=LIMITS)


# ------------------------------------------------------------------ what is asked


@attrs.frozen
class Consolidate:
    """Let needs live on in the order it is given to."""

    needs: tuple[OrderId, ...]


@attrs.frozen
class Divide:
    """Let parts of an order become orders of their own."""

    shares: tuple[tuple[OrderId, int], ...]


Deed: TypeAlias = "OrderCommand | Consolidate | Divide"


@attrs.frozen
class Asked:
    """What a practice is asked, as it may be asked again."""

    order: OrderId
    deed: Deed
    id: CommandId
    by: Actor
    at: Instant
    texts: Mapping[TextId, str] = attrs.field(factory=dict)

    def of(self, practice: Practice) -> Done | Refused:
        """Ask a practice."""
        key, by, at = self.id, self.by, self.at
        match self.deed:
            case Consolidate(needs):
                return practice.consolidate(self.order, needs, id=key, by=by, at=at)
            case Divide(shares):
                return practice.divide(self.order, dict(shares), id=key, by=by, at=at)
            case command:
                return practice.do(self.order, command, id=key, by=by, at=at, texts=self.texts)

    def same(self, other: Asked) -> bool:
        """Tell whether the same person asks for the same, whenever."""
        return (self.order, self.deed, self.by) == (other.order, other.deed, other.by)


# ------------------------------------------------------------------ who asks


def officer(site: SiteId) -> Actor:
    return Actor(ActorId(site), Role.OFFICER, site=site)


def member(team: TeamId) -> Actor:
    return Actor(ActorId(f"of-{team}"), Role.TEAM, team=team)


RESIDENTS = [Actor(ActorId(f"resident-{n}"), Role.REQUESTER) for n in range(4)]
OFFICERS = [officer(site.id) for site in TOWN]
MEMBERS = [member(team.id) for team in TEAMS]
EVERYBODY = [
    *RESIDENTS,
    Actor(ActorId("proxy"), Role.PROXY),
    *OFFICERS,
    *MEMBERS,
    member(TeamId("strangers")),
    Actor(ActorId("clock"), Role.SYSTEM),
]


# ------------------------------------------------------------------ what they may want next


@attrs.define
class Folk:
    """The people of the town: at each moment somebody wants something, mostly what he may.

    Parameters
    ----------
    name
        With which the ids of their own commands begin.
    many
        Orders under way at most: with more of them fewer people meet.
    """

    name: str
    many: int = 24
    asked: list[Asked] = attrs.field(factory=list)
    count: int = 0

    def next(self, books: Books, at: Instant, dice: Random, about: OrderId | None = None) -> Asked:
        """Give what somebody wants now, or wanted before and gives again.

        Parameters
        ----------
        books
            The town as he sees it.
        at
            Now.
        dice
            What chooses.
        about
            An order that it is about, if that is still under way.
        """
        before = dice.choice(self.asked) if self.asked and about is None else None
        chance = dice.random()
        if before is not None and chance < 0.1:
            return attrs.evolve(before, at=at)
        order, deed, by = self._wanted(books, at, dice, about)
        key = self._id(books, order, deed, by, dice)
        if before is not None and chance > 0.98:
            key = before.id
        asked = Asked(order, deed, key, by, at)
        self.asked.append(asked)
        del self.asked[:-30]
        return asked

    def _id(self, books: Books, order: OrderId, deed: Deed, by: Actor, dice: Random) -> CommandId:
        """Give an id: mostly a new one; some are those that others give the same command.

        A few are those of whatever else is done to this version of the order.
        """
        self.count += 1
        found = books.orders.get(order)
        version = 0 if found is None else found.version
        chance = dice.random()
        if chance < 0.2:
            said = hashlib.sha256(repr((order, version, deed, by)).encode()).hexdigest()
            return CommandId(f"same-{said[:32]}")
        if chance < 0.25:
            return CommandId(f"first-{order}-{version}")
        return CommandId(f"{self.name}-{self.count}")

    def _wanted(
        self, books: Books, at: Instant, dice: Random, about: OrderId | None
    ) -> tuple[OrderId, Deed, Actor]:
        keys = list(books.under_way)
        known = about is not None and about in books.under_way
        if not keys or (not known and len(keys) < self.many and dice.random() < 0.15):
            return _new(books, at, dice)
        some = [about] if about is not None and known else dice.choices(keys, k=3)
        order = max((books.orders[key] for key in some), key=lambda one: _pressing(one, at))
        if dice.random() < 0.2:
            return order.id, _odd(order, keys, at, dice), dice.choice(EVERYBODY)
        together = _together(books, order, dice)
        if together is not None:
            return together
        deed, by = _likely(order, at, dice)
        return order.id, deed, by


def _pressing(order: Order, at: Instant) -> int:
    """Tell how much an order presses: the further it has come, but not before it is time for it."""
    is_agreed = order.state is OrderState.SCHEDULED and at < (order.start or at)
    served_until = (order.docket.started_at or 0) + order.request.duration * MINUTE
    is_served = order.state is OrderState.IN_SERVICE and at < served_until
    return -1 if is_agreed or is_served else _STATES.index(order.state)


_STATES = list(OrderState)


def _new(books: Books, at: Instant, dice: Random) -> tuple[OrderId, Deed, Actor]:
    key = OrderId(f"o-{len(books.orders)}")
    by = dice.choice(RESIDENTS)
    kind = CollectNeed if dice.random() < 0.3 else PlaceOrder
    return key, kind(request(key, by, at, dice)), by


def request(key: OrderId, by: Actor, at: Instant, dice: Random) -> Request:
    """Give a request: for one to three volunteers, within few hours."""
    site = dice.choice(STATIONS)
    earliest = at + dice.randrange(60) * MINUTE
    return Request(
        id=key,
        site=site,
        category=dice.choice([Category.AID, Category.AID, Category.HEALTH]),
        placed_by=by.id,
        placed_at=at,
        earliest=earliest,
        latest=earliest + (dice.randrange(40, 180) if dice.random() < 0.7 else 600) * MINUTE,
        needed=dice.choice([1, 1, 2, 2, 3]),
        duration=dice.choice([10, 20, 30]),
        requested_time=RequestedTime.ANY,
        route=AREA.profile.route(site, TOWN),
        for_whom=ActorId("resident-0") if by.role is Role.PROXY else None,
    )


def _together(books: Books, order: Order, dice: Random) -> tuple[OrderId, Deed, Actor] | None:
    """Give what is done to several orders at once, if this is one for it."""
    desk = officer(order.holder)
    if order.state is OrderState.COLLECTED and dice.random() < 0.8:
        others = [
            key
            for key in books.under_way
            if books.orders[key].state is OrderState.COLLECTED
            and alike(books.orders[key].request, order.request)
            and key != order.id
        ]
        if others:
            return order.id, Consolidate((dice.choice(others),)), desk
    if order.state is OrderState.REVIEWED and order.request.needed > 1 and dice.random() < 0.1:
        child = OrderId(f"{order.id[:40]}.{order.version}")
        return order.id, Divide(((child, 1),)), desk
    return None


def _likely(  # noqa: C901, PLR0911, PLR0912 - one case for each state, flat
    order: Order, at: Instant, dice: Random
) -> tuple[Deed, Actor]:
    """Give what moves an order on: mostly what comes next, sometimes what throws it back."""
    r, desk = order.request, officer(order.holder)
    asker = Actor(r.placed_by, Role.REQUESTER)
    team = member(order.team) if order.team is not None else dice.choice(MEMBERS)
    chance = dice.random()
    match order.state:
        case OrderState.COLLECTED:
            route = AREA.profile.route(r.site, TOWN)
            return PlaceOrder(attrs.evolve(r, placed_at=at, route=route)), asker
        case OrderState.PLACED:
            return (RejectOrder(RejectReason.UNSAFE) if chance < 0.05 else ReviewOrder()), desk
        case OrderState.REVIEWED:
            return _dispatched(order, chance, dice), desk
        case OrderState.PAUSED:
            return ResumeOrder(), asker
        case OrderState.OFFERED:
            asked = member(dice.choice(order.offers).team)
            if chance < 0.1:
                return RecallOrder(RecallReason.OTHER), desk
            return (DeclineOffer() if chance < 0.25 else AcceptOffer()), asked
        case OrderState.POOLED:
            able = _able(order)
            if not able or chance < 0.05:
                return RecallOrder(RecallReason.BETTER_PLACED), desk
            return AcceptOffer(), member(dice.choice(able))
        case OrderState.ACCEPTED:
            if chance < 0.1:
                return WithdrawTeam(WithdrawReason.ILLNESS), team
            if chance < 0.2:
                return ReportProgress(dice.choice(list(Progress))), team
            return ScheduleService(*_time(order, at, dice)), team
        case OrderState.SCHEDULED:
            return _before_service(order, at, dice)
        case OrderState.IN_SERVICE:
            lasted = at - (order.docket.started_at or at)
            minutes = max(1, min(lasted // MINUTE, 2 * r.duration))
            return CompleteService(minutes, _served(r.needed, minutes, dice)), team
        case OrderState.SERVED:
            return RateOrder(dice.choice([1, 3, 4, 5])), asker
        case _:
            return (ShowcaseOrder(consent=True) if chance < 0.5 else CloseOrder()), desk


def _dispatched(order: Order, chance: float, dice: Random) -> Deed:
    if chance < 0.05:
        return PauseOrder(PauseReason.WEATHER, order.request.latest)
    if chance < 0.1:
        return dice.choice([EscalateOrder(), HandBackOrder()])
    if chance < 0.25:
        return PostOrder(HOUR)
    able = [team.id for team in TEAMS] if chance > 0.95 else _able(order)
    if not able:
        return dice.choice([EscalateOrder(), GiveUpOrder()])
    some = dice.sample(able, min(len(able), dice.choice([1, 1, 2])))
    return OfferOrder(tuple(some), HOUR)


def _able(order: Order) -> list[TeamId]:
    return [team.id for team in TEAMS if ineligible(team, order) is None]


def _before_service(order: Order, at: Instant, dice: Random) -> tuple[Deed, Actor]:
    """Give what happens to an order with a time: it begins when it is time, or is changed."""
    team = member(order.team or TeamId("red"))
    chance = dice.random()
    if at >= (order.start or at):
        return (ReportAbsence() if chance < 0.1 else StartService(order.request.needed)), (
            officer(order.holder) if chance < 0.1 else team
        )
    start, end = _time(order, at, dice)
    asker = Actor(order.request.placed_by, Role.REQUESTER)
    if chance < 0.5:
        return ScheduleService(start, end), team
    if chance < 0.7:
        return AskOtherTime(start, end), asker
    if chance < 0.8:
        return CancelOrder(CancelReason.MISTAKE), asker
    if chance < 0.9:
        return PauseOrder(PauseReason.REQUESTER_AWAY, at + HOUR), asker
    return WithdrawTeam(WithdrawReason.CLASH), team


def _time(order: Order, at: Instant, dice: Random) -> tuple[Instant, Instant]:
    """Give a time within the window, if there is one."""
    r = order.request
    length: Duration = r.duration * MINUTE
    first = -(-max(at, r.earliest) // _SERVED_AT)
    last = max(first, (r.latest - length) // _SERVED_AT)
    start = _SERVED_AT * dice.randint(first, min(last, first + 8))
    return start, start + length


def _served(needed: int, minutes: int, dice: Random) -> tuple[Served, ...]:
    names = dice.sample(VOLUNTEERS, needed)
    return tuple([Served(name, dice.randint(1, minutes)) for name in names])


def _odd(order: Order, keys: Sequence[OrderId], at: Instant, dice: Random) -> Deed:
    """Give any command, with whatever stands in it."""
    kind = dice.choice(COMMANDS)
    start, end = _time(order, at, dice)
    values: Mapping[str, Sequence[Any]] = {
        "request": [request(order.id, dice.choice(RESIDENTS), at, dice)],
        "into": keys,
        "need": keys,
        "child": [OrderId("o-child"), order.id],
        "needed": [0, 1],
        "teams": [(), *((team.id,) for team in TEAMS), (TeamId("strangers"),)],
        "open_for": [0, HOUR],
        "until": [at, at + HOUR, at + 24 * HOUR],
        "start": [start, order.request.earliest],
        "end": [end, order.request.latest],
        "present": [-1, 0, 1, order.request.needed],
        "minutes": [0, 1, 10**6],
        "served": [(), (Served(VOLUNTEERS[0], 1), Served(VOLUNTEERS[0], 1))],
        "score": [0, 1, 5],
        "consent": [True, False],
    }
    return kind(
        **{
            name: dice.choice(list(hint) if isinstance(hint, enum.EnumMeta) else values[name])
            for name, hint in arguments(kind).items()
        }
    )
