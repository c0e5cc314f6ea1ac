"""The orders' adapter: how the machine drives the orders of any implementation.

What may happen to them stands in `practice_core.testing.law`; here stand the worlds that they live
in and the calls that they are given.
"""

from __future__ import annotations

from functools import cache, reduce
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import attrs
from hypothesis import strategies as st

from practice_core.hierarchy import Level
from practice_core.lifecycle import Lifecycle, Role, Rule, arguments
from practice_core.orders import (
    ORDER,
    UNCONDITIONAL,
    Actor,
    Conditions,
    Desk,
    Mode,
    Order,
    OrderState,
    Priority,
    Refusal,
    Refused,
    Request,
    RequestedTime,
    Served,
    Standing,
    clock_of,
    evolve,
    step,
)
from practice_core.orders import commands as c
from practice_core.orders import events as e
from practice_core.terms import BeneficiaryGroup, Category
from practice_core.testing.law import REASONS, Case, Deed, free_times, refusals
from practice_core.testing.machine import Call, Implementation
from practice_core.testing.strategies import conditions, profiles, requests
from practice_core.units import (
    DAY,
    HOUR,
    MINUTE,
    ActorId,
    Duration,
    Instant,
    Minutes,
    OrderId,
    SiteId,
    TeamId,
    VolunteerId,
)
from practice_core.volunteers import BLOCKS_A_WEEK, Team

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from random import Random

    from practice_core.orders import LoopProfile, Standings

__all__ = ["Loop", "OrderAdapter", "Stepped"]

_ID = OrderId("order-1")
_PEOPLE = {role: ActorId(str(role)) for role in Role}
_WINDOW: Duration = 60 * DAY
"""Longer than any pause, and with some day of issue."""


@attrs.frozen
class Loop:
    """The world of one order.

    Parameters
    ----------
    profile
        The law of its area.
    route
        The desks that may hold it.
    standings
        What is known of the teams: most may serve it, some may not for one reason each.
    priority, conditions
        What is asked for, if nothing else is said.
    """

    profile: LoopProfile
    route: tuple[SiteId, ...]
    standings: Standings = attrs.field(factory=dict, repr=False)
    priority: Priority = Priority.ORDINARY
    conditions: Conditions = UNCONDITIONAL


@attrs.define
class Stepped:
    """An order held in memory and moved by `practice_core.orders.step`."""

    world: Loop
    order: Order | None = None

    def read(self) -> Order | None:
        """Give the order."""
        return self.order

    def give(self, call: Call) -> tuple[e.OrderEvent, ...] | Refusal:
        """Give it a command."""
        world = self.world
        answer = step(self.order, call.command, call.at, call.by, world.profile, world.standings)
        if isinstance(answer, Refused):
            return Refusal(answer.reason)
        self.order, events = answer
        return events


class OrderAdapter:
    """Drives the order lifecycle of any implementation.

    Parameters
    ----------
    implementation
        Starts one order, not yet placed, in a world; by default `Stepped`. Each gets a store of its
        own: all orders of a run have the same id.
    profile
        The loop whose own lifecycle is driven; None: that of all orders, in loops that leave
        nothing out.

    Examples
    --------
    >>> from practice_core.areas import load_area
    >>> wujiang = OrderAdapter(profile=load_area("wujiang").profile)
    >>> Refusal.NO_CONSENT in wujiang.refusals  # nothing is shown there
    False
    """

    def __init__(
        self,
        implementation: Callable[[Loop], Implementation[Order]] = Stepped,
        profile: LoopProfile | None = None,
    ) -> None:
        self.implementation = implementation
        self.profile = profile
        self.lifecycle: Lifecycle[OrderState] = ORDER if profile is None else profile.lifecycle
        self.refusals = refusals(self.lifecycle, profile)

    def worlds(self) -> st.SearchStrategy[Loop]:
        """Draw worlds: of this adapter's loop, or of loops that leave nothing out."""
        return _loops(self.profile)

    def implement(self, world: Loop) -> Implementation[Order]:
        """Start an order."""
        return self.implementation(world)

    def replay(self, subject: Order | None, events: Sequence[e.OrderEvent]) -> Order | None:
        """Fold the events through `evolve`."""
        return reduce(evolve, events, subject)

    @staticmethod
    def state(subject: Order | None) -> OrderState:
        """Give the order's state."""
        return OrderState.ABSENT if subject is None else subject.state

    def due(self, subject: Order | None) -> tuple[Instant, type] | None:
        """Give the order's clock."""
        return None if subject is None else clock_of(subject)

    def moments(self, world: Loop, subject: Order | None, at: Instant) -> list[Instant]:
        """Give every limit still to come, with its neighbours, and the next day of issue."""
        if subject is None:
            return []
        limits = {subject.due_at, subject.start, subject.request.latest}
        limits |= {offer.until for offer in subject.offers}
        limits |= {watch.due_at for watch in subject.docket.watches}
        if subject.start is not None:
            began = subject.docket.started_at or subject.start
            limits.add(began + subject.request.duration * MINUTE)
            limits.add(began + 2 * subject.docket.agreed + MINUTE)
        near = {limit + by for limit in limits if limit is not None for by in (-1, 0, 1)}
        return sorted(when for when in {*near, world.profile.next_issue(at)} if when > at)

    def plain(
        self, world: Loop, subject: Order | None, command: type, role: Role, at: Instant
    ) -> Call:
        """Build the call that keeps furthest from every limit."""
        blank = Call(command, at, _actor(world, subject, role, at))
        given = [_values(name, world, subject, blank)[0] for name in _kinds(command)]
        return Call(command(*given), at, blank.by)

    def varied(
        self,
        world: Loop,
        subject: Order | None,
        call: Call,
        draw: Callable[[st.SearchStrategy[Any]], Any],
    ) -> Call:
        """Draw the command's arguments within their limits."""
        command: type = type(call.command)
        blank = Call(command, call.at, call.by)
        given = [draw(_lawful(name, world, subject, blank)) for name in _kinds(command)]
        return Call(command(*given), call.at, call.by)

    def wild(self, world: Loop, subject: Order | None, at: Instant, dice: Random) -> Iterable[Call]:
        """Give every command by somebody in its roles and by another; if it fits, also oddly.

        Oddly means at some limit, by some stranger, with some odd arguments, and several of these,
        since the precedence of the refusals shows only where several apply.
        """
        owners, strangers = _owners(world, subject, at), _strangers(subject)
        instants = [at, *self.moments(world, subject, at)]
        for rule in ORDER.rules:
            here = self.lifecycle.rule_of.get(rule.command)
            roles = frozenset[Role]() if here is None else here.roles
            able = [[by for by in some if by.role in roles] for some in (owners, strangers)]
            times, throws = instants, 1
            if here is not None and self.state(subject) in here.sources:
                times = [self._when(world, subject, here, instants), *instants]
                # Teams lack one thing each, and of a service several numbers may be wrong.
                several = 4 if rule.command in {c.AcceptOffer, c.CompleteService} else 1
                throws = several * len(REASONS[rule.command])
            throwers = [dice.choice(dice.choice(able)) for _ in range(throws) if roles]
            throwers.append(dice.choice([by for by in owners if by.role not in roles]))
            for by in throwers:
                blank = Call(rule.command, _odd(dice, times), by)
                names = _kinds(rule.command)
                lots = [_values(name, world, subject, blank, dice) for name in names]
                command = rule.command(*(_odd(dice, values) for values in lots))
                yield Call(command, blank.at, by)

    def _when(
        self,
        world: Loop,
        subject: Order | None,
        rule: Rule[OrderState],
        instants: Sequence[Instant],
    ) -> Instant:
        """Give the first of some instants at which a command is legal, or else the first."""
        for at in instants:
            plain = self.plain(world, subject, rule.command, min(rule.roles), at)
            if self.refusal(world, subject, plain) is None:
                return at
        return instants[0]

    def refusal(self, world: Loop, subject: Order | None, call: Call) -> Refusal | None:
        """Give the first member of `Refusal` that applies."""
        return Case(world, subject, call.command, call.at, call.by).first()

    def check(
        self,
        world: Loop,
        before: Order | None,
        call: Call,
        events: Sequence[e.OrderEvent],
        after: Order,
    ) -> None:
        """Assert the laws of the loop that no single event shows."""
        Deed(world, before, call, events, after).check()


# ------------------------------------------------------------------ worlds


@st.composite
def _loops(draw: st.DrawFn, given: LoopProfile | None) -> Loop:
    profile = draw(profiles(whole=True)) if given is None else given
    desks = len(profile.chain) + (Desk.ALLIED in profile.chain)  # of an alliance there are several
    many = draw(st.sampled_from([desks, *range(desks, 0, -1)]))
    return Loop(
        profile,
        tuple(SiteId(f"desk-{n}") for n in range(many)),
        _standings(profile.takers, draw(_ENGAGED)),
        draw(st.sampled_from(Priority)),
        draw(st.sampled_from([UNCONDITIONAL, _DEMANDING]) | conditions()),
    )


_DEMANDING = Conditions(18, frozenset({"first-aid"}), frozenset({"driving"}), danger=True)
_ENGAGED = st.sampled_from(
    [
        (),
        ((0, 35 * DAY), (35 * DAY + 2 * HOUR, 2 * _WINDOW)),
        ((DAY, 2 * DAY), (30 * MINUTE, 90 * MINUTE), (40 * DAY, 41 * DAY)),
        ((3 * HOUR, 30 * DAY), (50 * DAY, 51 * DAY), (_WINDOW + HOUR, 2 * _WINDOW)),
    ]
)
"""When the first team serves other orders; one leaves it just as long as an order takes."""
_FITTING = 40
_ABLE = Team(
    TeamId("team"),
    SiteId("desk-0"),
    tuple(Category),
    members=40,
    jobs_per_week=7,
    free=(40,) * BLOCKS_A_WEEK,
    skills=frozenset({"first-aid", "driving", "sign-language"}),
    qualifications=frozenset({"first-aid", "driving", "sign-language"}),
    youngest=60,
    insured=True,
)
_UNFIT: dict[str, Mapping[str, Any]] = {
    "specialists": {"categories": (Category.LAW,)},
    "few": {"members": 1, "free": (1,) * BLOCKS_A_WEEK},
    "young": {"youngest": 17, "guardians": True},
    "minors": {"youngest": 17},
    "untrained": {"skills": frozenset()},
    "unlicensed": {"qualifications": frozenset()},
    "uninsured": {"insured": False},
}
"""Teams that are not able in one way each."""
_ELSEWHERE, _BOOKED, _UNKNOWN = TeamId("elsewhere"), TeamId("booked"), TeamId("unknown")
_ODD_TEAMS = (*map(TeamId, _UNFIT), _ELSEWHERE, _BOOKED, _UNKNOWN)


@cache
def _standings(
    takers: tuple[Level, ...], engaged: tuple[tuple[Instant, Instant], ...]
) -> Mapping[TeamId, Standing]:
    level = (*takers, Level.STATION)[0]
    teams = [attrs.evolve(_ABLE, id=TeamId(f"team-{n}")) for n in range(_FITTING)]
    teams += [attrs.evolve(_ABLE, id=TeamId(name), **lack) for name, lack in _UNFIT.items()]
    found = {team.id: Standing(team, level) for team in teams}
    found[teams[0].id] = Standing(teams[0], level, engaged)
    found[_ELSEWHERE] = Standing(attrs.evolve(_ABLE, id=_ELSEWHERE))
    always = ((0, 1_000 * DAY),)
    found[_BOOKED] = Standing(attrs.evolve(_ABLE, id=_BOOKED), level, always)
    return found


# ------------------------------------------------------------------ who gives a command


def _actor(world: Loop, order: Order | None, role: Role, at: Instant) -> Actor:
    """Give somebody in this role to whom the order belongs, if to anybody."""
    if role is Role.TEAM:
        return Actor(_PEOPLE[role], role, team=_answering(world, order, at))
    if order is not None and role in {Role.REQUESTER, Role.PROXY}:
        return Actor(order.request.placed_by, role)
    return Actor(_PEOPLE[role], role)


def _answering(world: Loop, order: Order | None, at: Instant) -> TeamId:
    """Give the team that serves, or else one that may: with an open offer, and with time."""
    if order is None:
        return TeamId("team-0")
    if order.team is not None:
        return order.team
    asked = [offer.team for offer in order.offers if offer.until >= at]
    teams = asked or _fresh(order)
    begin, length = max(at, order.request.earliest), order.request.duration * MINUTE

    def longest(team: TeamId) -> Duration:
        free = free_times(world.standings.get(team), begin, order.request.latest)
        return min(length, max((until - since for since, until in free), default=0))

    return max(teams, key=longest)


def _owners(world: Loop, order: Order | None, at: Instant) -> list[Actor]:
    """Give for each role somebody to whom the order belongs."""
    return [_actor(world, order, role, at) for role in Role]


def _strangers(order: Order | None) -> list[Actor]:
    """Give for each role somebody to whom the order does not belong, and of teams each kind."""
    stranger = ActorId("stranger")
    asked = () if order is None else order.asked[:1]
    teams = [TeamId("strangers"), *asked, *_ODD_TEAMS]
    others = [Actor(stranger, Role.TEAM, team=team) for team in teams]
    return [*(Actor(stranger, role) for role in Role), *others]


# ------------------------------------------------------------------ with what arguments


@cache
def _kinds(command: type) -> Mapping[str, Any]:
    return arguments(command)


def _odd(dice: Random, values: Sequence[Any]) -> Any:  # noqa: ANN401 - whatever they are
    """Give the first value or, as often, another."""
    return values[0] if dice.randrange(2) else dice.choice(values[1:] or values)


def _values(  # noqa: C901, PLR0911, PLR0912 - one case for each name, flat
    name: str, world: Loop, order: Order | None, call: Call, dice: Random | None = None
) -> Sequence[Any]:
    """Give for a field of a command the value furthest from every limit, then odd ones.

    The call's command is still a class.
    """
    r = _request(world, order, call) if order is None or name == "request" else order.request
    begin = max(call.at, r.earliest)
    match name:
        case "request":
            return (r,) if dice is None else (r, _odd_request(r, dice))
        case "into":
            return "order-2", r.id, "-"
        case "need":
            merged = () if order is None else order.docket.merged
            return f"order-{2 + len(merged)}", r.id, "-", *merged[:1]
        case "child":
            return "order-2", r.id, "-"
        case "needed":
            return 1, 0, r.needed
        case "teams":
            return _some_teams(world, order)
        case "open_for":
            return world.profile.offer_open, 0, -1
        case "until":
            left = _pause_left(world, order)
            return call.at + left, call.at, call.at + left + 1
        case "start":
            return _free(world, order, begin, r)[0], begin, call.at - 1, r.earliest - 1, r.latest
        case "end":
            return _free(world, order, begin, r)[1], begin, r.latest, r.latest + 1
        case "present" if call.command is c.ReportAbsence:
            return 0, -1, r.needed
        case "present":
            return r.needed, 0, 1, 1_000_001
        case "minutes":
            return max(1, min(r.duration, _served(order, call))), 0, _served(order, call) + 1
        case "served":
            return _some_served(_served(order, call), 1 if order is None else order.docket.present)
        case "score":
            return 5, 0, 6
        case "consent":
            return True, False
        case _:
            return list(_kinds(call.command)[name])


def _lawful(  # noqa: C901, PLR0911, PLR0912 - one case for each name, flat
    name: str, world: Loop, order: Order | None, call: Call
) -> st.SearchStrategy[Any]:
    """Draw the values of a field of a command that are within its limits; as for `_values`."""
    r = _request(world, order, call) if order is None or name == "request" else order.request
    begin = max(call.at, r.earliest)
    match name:
        case "request":
            by = call.by
            drawn = requests(
                at=call.at, route=world.route, placed_by=by.id, role=by.role, order=r.id
            )
            hosts = [None, TeamId("few")] if by.role is Role.OFFICER else [None]
            if order is None:
                return st.builds(attrs.evolve, drawn, host=st.sampled_from(hosts))
            kept = _kept(order.request)
            return st.builds(attrs.evolve, drawn, host=st.sampled_from(hosts), **kept)
        case "into" | "child":
            return st.just("order-2")
        case "need":
            return st.integers(2, 9).map(lambda n: f"order-{n}")
        case "needed":
            return st.integers(1, max(1, r.needed - 1))
        case "teams":
            several = Mode.SEVERAL in world.profile.modes
            teams = st.sampled_from([*_fresh(order), _BOOKED])
            odd = st.sampled_from(_ODD_TEAMS).map(lambda team: (team,))
            most = 3 if several else 1
            return odd | st.lists(teams, min_size=1, max_size=most, unique=True).map(tuple)
        case "open_for":
            return st.integers(1, 2 * world.profile.offer_open)
        case "until":
            return st.integers(call.at + 1, call.at + max(1, _pause_left(world, order)))
        case "start" | "end":
            return st.integers(begin, max(begin, r.latest))
        case "present" if call.command is c.ReportAbsence:
            return st.integers(0, r.needed - 1)
        case "present":
            return st.integers(1, 2 * r.needed)
        case "minutes":
            return st.integers(1, max(1, _served(order, call)))
        case "served":
            most = 3 if order is None else order.docket.present
            names = st.lists(st.sampled_from(["v-1", "v-2", "v-3"]), max_size=most, unique=True)
            return names.map(lambda who: tuple([Served(VolunteerId(one), 1) for one in who]))
        case "score":
            return st.just(1) | st.integers(1, 5)
        case "consent":
            return st.just(True)  # noqa: FBT003 - the value itself
        case _:
            return st.sampled_from(_kinds(call.command)[name])


def _pause_left(world: Loop, order: Order | None) -> Duration:
    """Give how long an order may still rest."""
    within = world.profile.pause_within or 1
    return within if order is None else within - order.docket.paused_for


def _served(order: Order | None, call: Call) -> int:
    """Give the whole minutes that a service may have taken."""
    if order is None or order.docket.started_at is None:
        return 0
    return min(call.at - order.docket.started_at, 2 * order.docket.agreed) // MINUTE


def _some_served(longest: Minutes, present: int) -> Sequence[tuple[Served, ...]]:
    one, nameless = VolunteerId("v-1"), VolunteerId("-")
    every = tuple(Served(VolunteerId(f"v-{n + 1}"), 1) for n in range(min(present, 100) + 1))
    odd = [Served(nameless, 1), Served(one, 0), Served(one, longest + 1)]
    return [every[:-1], (), every, (every[0], every[0]), *((wrong,) for wrong in odd)]


def _kept(need: Request) -> dict[str, st.SearchStrategy[Any]]:
    """Give what stays of a need that becomes an order."""
    names = ("site", "category", "placed_by", "for_whom", "group", "conditions", "priority")
    return {name: st.just(getattr(need, name)) for name in names}


def _some_teams(world: Loop, order: Order | None) -> Sequence[tuple[TeamId, ...]]:
    one, two, _ = _fresh(order)
    asked = () if order is None else order.asked[:1]
    plain = (one, two) if Mode.SEVERAL in world.profile.modes else (one,)
    odd = [(team,) for team in (*_ODD_TEAMS, TeamId("-"))]
    crowd = tuple(TeamId(f"crowd-{n}") for n in range(101))
    unfit = tuple(TeamId(name) for name in reversed(_UNFIT))  # the reason that comes first is last
    return [plain, (), (one, one), (one, two), asked, (*asked, one), unfit, crowd, *odd]


def _fresh(order: Order | None) -> list[TeamId]:
    """Give three teams that were not asked."""
    asked = () if order is None else order.asked
    every = (TeamId(f"team-{n}") for n in count())
    return list(islice((team for team in every if team not in asked), 3))


def _free(
    world: Loop, order: Order | None, begin: Instant, request: Request
) -> tuple[Instant, Instant]:
    """Give the longest time at which the team of an order may serve it."""
    standing = world.standings.get(order.team) if order and order.team else None
    free = free_times(standing, begin, request.latest)
    return max(free, key=lambda time: time[1] - time[0], default=(begin, request.latest))


def _odd_request(request: Request, dice: Random) -> Request:
    odd: list[dict[str, Any]] = [
        {"id": "-"},
        {"id": "order-3"},
        {"placed_by": "somebody"},
        {"placed_at": request.placed_at - 1},
        {"latest": request.earliest},
        {"earliest": -1},
        {"needed": 0},
        {"needed": 10_001},
        {"duration": 0},
        {"duration": (request.latest - request.earliest) // MINUTE + 1},
        {"route": ()},
        {"route": (*request.route, request.route[0])},
        {"for_whom": None},
        {"for_whom": "resident"},
        {"for_whom": "-"},
        {"parent": "order-0"},
        {"parent": request.id},
        {"host": "team-0"},
        {"host": "-"},
        {"placed_by": "张三"},
        {"category": Category.LAW},
        {"group": BeneficiaryGroup.CHILDREN},
        {"parent": "-"},
        {"conditions": Conditions(min_age=-1)},
        {"conditions": Conditions(skills=frozenset({"-"}))},
        {"conditions": Conditions(qualifications=frozenset(f"paper-{n}" for n in range(17)))},
    ]
    return attrs.evolve(request, **dice.choice(odd))


def _request(world: Loop, order: Order | None, call: Call) -> Request:
    return Request(
        id=_ID if order is None else order.id,
        site=world.route[0],
        category=Category.AID if order is None else order.request.category,
        placed_by=call.by.id if order is None else order.request.placed_by,
        placed_at=call.at,
        earliest=call.at,
        latest=call.at + _WINDOW,
        needed=12,
        duration=120,
        requested_time=RequestedTime.ANY,
        route=world.route,
        for_whom=_for_whom(order, call),
        group=None if order is None else order.request.group,
        priority=world.priority if order is None else order.request.priority,
        conditions=world.conditions if order is None else order.request.conditions,
    )


def _for_whom(order: Order | None, call: Call) -> ActorId | None:
    if order is not None:
        return order.request.for_whom
    return ActorId("resident") if call.by.role is Role.PROXY else None
