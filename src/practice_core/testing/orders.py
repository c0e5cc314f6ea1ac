"""The orders' adapter: the law of the loop written a second time, as its documentation reads it.

`practice_core.orders` computes what happens; here stands, independently, what may happen: which
refusal is the first to apply, and what must hold after every command.
"""

from __future__ import annotations

from functools import cache, reduce
from itertools import product
from typing import TYPE_CHECKING, Any

import attrs
from hypothesis import strategies as st

from practice_core.lifecycle import Role, Rule
from practice_core.orders import (
    ORDER,
    Actor,
    Order,
    OrderState,
    Refusal,
    Refused,
    Request,
    RequestedTime,
    evolve,
    step,
)
from practice_core.orders import commands as c
from practice_core.orders import events as e
from practice_core.terms import Category
from practice_core.testing.machine import Call, Implementation
from practice_core.testing.strategies import profiles, requests
from practice_core.units import (
    DAY,
    ActorId,
    Instant,
    OrderId,
    SiteId,
    TeamId,
    is_identifier,
)

if TYPE_CHECKING:
    import enum
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from practice_core.orders.profile import LoopProfile

__all__ = ["Loop", "OrderAdapter", "Stepped"]

_ID = OrderId("order-1")
_PEOPLE = {role: ActorId(str(role)) for role in Role}


@attrs.frozen
class Loop:
    """The world of one order: the law of its area, and the desks that may hold it."""

    profile: LoopProfile
    route: tuple[SiteId, ...]


@attrs.define
class Stepped:
    """An order held in memory and moved by `practice_core.orders.step`."""

    profile: LoopProfile
    order: Order | None = None

    def read(self) -> Order | None:
        """Give the order."""
        return self.order

    def give(self, call: Call) -> tuple[e.OrderEvent, ...] | Refusal:
        """Give it a command."""
        answer = step(self.order, call.command, call.at, call.by, self.profile)
        if isinstance(answer, Refused):
            return answer.reason
        self.order, events = answer
        return events


class OrderAdapter:
    """Drives the order lifecycle of any implementation.

    Parameters
    ----------
    implementation
        Starts one order, not yet placed, under a loop profile; by default `Stepped`. Each gets a
        store of its own: all orders of a run have the same id.
    """

    lifecycle = ORDER
    refusals = tuple(Refusal)

    def __init__(
        self, implementation: Callable[[LoopProfile], Implementation[Order]] = Stepped
    ) -> None:
        self.implementation = implementation

    def worlds(self, target: OrderState) -> st.SearchStrategy[Loop]:
        """Draw loops; only one that shows results has rated orders that stay open."""
        return _loops(showcase=True if target in {OrderState.RATED, OrderState.SHOWCASED} else None)

    def implement(self, world: Loop) -> Implementation[Order]:
        """Start an order under the loop's profile."""
        return self.implementation(world.profile)

    def replay(self, events: Sequence[e.OrderEvent]) -> Order | None:
        """Fold the events through `evolve`."""
        nothing: Order | None = None
        return reduce(evolve, events, nothing)

    @staticmethod
    def state(subject: Order | None) -> OrderState:
        """Give the order's state."""
        return OrderState.ABSENT if subject is None else subject.state

    def due(self, subject: Order | None) -> tuple[Instant, type] | None:
        """Give the order's clock."""
        if subject is None or subject.due_at is None or subject.due is None:
            return None
        return subject.due_at, subject.due

    def plain(
        self, world: Loop, subject: Order | None, command: type, role: Role, at: Instant
    ) -> Call:
        """Build the call that keeps furthest from every limit."""
        blank = Call(command, at, _actor(subject, role, at))
        given = [_values(name, world, subject, blank)[0] for name in _names(command)]
        return Call(command(*given), at, blank.by)

    def varied(self, world: Loop, subject: Order | None, call: Call) -> st.SearchStrategy[Call]:
        """Draw the command's arguments within their limits."""
        blank = Call(type(call.command), call.at, call.by)
        given = {name: _lawful(name, world, subject, blank) for name in _names(blank.command)}
        return st.builds(
            Call, st.builds(blank.command, **given), st.just(call.at), st.just(call.by)
        )

    def wild(self, world: Loop, subject: Order | None, at: Instant) -> Iterable[Call]:
        """Give every command by those in its roles and others; if it fits the state, also oddly.

        Oddly means at each limit, with each odd argument, and both, since the precedence of the
        refusals shows only where several apply.
        """
        everybody = list(_everybody(subject, at))
        instants = _instants(subject, at)
        for rule in ORDER.rules:
            plain = self.plain(world, subject, rule.command, min(rule.roles), at).command
            others = [by for by in everybody if by.role not in rule.roles]
            yield from (Call(plain, at, by) for by in others[-2:])
            fits = self.state(subject) in rule.sources
            for by in everybody:
                if by.role in rule.roles:
                    yield Call(plain, at, by)
                    for when in instants if fits else ():
                        blank = Call(rule.command, when, by)
                        lots = (_values(n, world, subject, blank) for n in _names(rule.command))
                        yield from (Call(rule.command(*v), when, by) for v in product(*lots))

    def refusal(self, world: Loop, subject: Order | None, call: Call) -> Refusal | None:  # noqa: ARG002 - no refusal depends on the profile
        """Give the first member of `Refusal` that applies."""
        return _Case(subject, call.command, call.at, call.by).first()

    def check(
        self,
        world: Loop,
        before: Order | None,
        call: Call,
        events: Sequence[e.OrderEvent],
        after: Order,
    ) -> None:
        """Assert the laws of the loop that no single event shows."""
        version = (before.version if before else 0) + len(events)
        assert after.version == version, f"{after} should have version {version}"
        assert after.holder in world.route, f"{after.holder} is no desk of {world.route}"
        ended = after.state in ORDER.final
        for event in events:
            assert event.order == after.id, f"{event} is about another order"
            assert (event.at, event.by) == (call.at, call.by.id), f"{event} is not of {call}"
            clock = getattr(event, "due_at", getattr(event, "until", event.at))
            assert clock >= event.at or ended, f"{event} sets a clock in the past"
        team = before.team if before else None
        if after.team is not None and after.team != team:
            forced = f"{after.team} serves, though it never accepted"
            assert isinstance(call.command, c.AcceptOffer), forced
            assert call.by == Actor(call.by.id, Role.TEAM, call.by.site, after.team), forced
        if before is not None and after.holder != before.holder:
            steps = world.route.index(after.holder) - world.route.index(before.holder)
            assert steps == 1, f"escalated by {steps} desks"


@st.composite
def _loops(draw: st.DrawFn, *, showcase: bool | None) -> Loop:
    profile = draw(profiles(showcase=showcase))
    return Loop(profile, tuple(SiteId(f"desk-{n}") for n in range(len(profile.chain))))


def _actor(order: Order | None, role: Role, at: Instant) -> Actor:
    """Give somebody in this role to whom the order belongs, if to anybody."""
    if role is Role.TEAM:
        return Actor(_PEOPLE[role], role, team=_answering(order, at))
    if order is not None and role in {Role.REQUESTER, Role.PROXY}:
        return Actor(order.request.placed_by, role)
    return Actor(_PEOPLE[role], role)


def _answering(order: Order | None, at: Instant) -> TeamId:
    if order is None:
        return TeamId("team-0")
    open_still = (offer.team for offer in order.offers if offer.until >= at)
    return order.team or next(open_still, TeamId(f"team-{len(order.asked)}"))


def _everybody(order: Order | None, at: Instant) -> Iterable[Actor]:
    """Give for each role somebody to whom the order belongs, and somebody to whom it does not."""
    stranger = ActorId("stranger")
    for role in Role:
        yield _actor(order, role, at)
        yield Actor(stranger, role)
    asked = () if order is None else order.asked[:1]
    for team in (TeamId("strangers"), *asked):
        yield Actor(stranger, Role.TEAM, team=team)


def _instants(order: Order | None, now: Instant) -> list[Instant]:
    """Give the present, and every limit still to come with its neighbours."""
    limits = () if order is None else (order.due_at, order.start, order.request.latest)
    near = {limit + by for limit in limits if limit is not None for by in (-1, 0, 1)}
    return [now, *sorted(at for at in near if at > now)]


@cache
def _names(command: type) -> list[str]:
    return [field.name for field in attrs.fields(command)]


def _values(  # noqa: C901, PLR0911 - one case for each name, flat
    name: str, world: Loop, order: Order | None, call: Call
) -> tuple[Any, ...]:
    """Give for a field of a command the value furthest from every limit, then odd ones.

    The call's command is still a class.
    """
    r = _request(world, order, call) if order is None or name == "request" else order.request
    begin = max(call.at, r.earliest)
    match name:
        case "request":
            return r, *_odd_requests(r)
        case "into":
            return "order-2", r.id
        case "teams":
            asked = () if order is None else order.asked
            one, two, _ = _fresh(order)
            return (one, two), (), (one, one), (*asked[:1], one)
        case "open_for":
            return world.profile.offer_open, 0, -1
        case "start":
            return begin, call.at - 1, r.earliest - 1, r.latest
        case "end":
            return r.latest, begin, r.latest + 1
        case "present" if call.command is c.ReportAbsence:
            return 0, -1, r.needed
        case "present":
            return r.needed, 0
        case "minutes":
            return r.duration, 0
        case "score":
            return 5, 0, 6
        case "consent":
            return True, False
        case _:
            return (next(iter(_REASONS[call.command])),)


def _lawful(  # noqa: C901, PLR0911 - one case for each name, flat
    name: str, world: Loop, order: Order | None, call: Call
) -> st.SearchStrategy[Any]:
    """Draw the values of a field of a command that are within its limits; as for `_values`."""
    r = _request(world, order, call) if order is None or name == "request" else order.request
    begin = max(call.at, r.earliest)
    match name:
        case "request":
            return requests(at=call.at, route=world.route, placed_by=call.by.id, order=r.id)
        case "into":
            return st.just("order-2")
        case "teams":
            return st.lists(st.sampled_from(_fresh(order)), min_size=1, unique=True).map(tuple)
        case "open_for":
            return st.integers(1, 2 * world.profile.offer_open)
        case "start" | "end":
            return st.integers(begin, max(begin, r.latest))
        case "present" if call.command is c.ReportAbsence:
            return st.integers(0, r.needed - 1)
        case "present":
            return st.integers(1, r.needed)
        case "minutes":
            return st.integers(1, 600)
        case "score":
            return st.just(1) | st.integers(1, 5)
        case "consent":
            return st.just(True)  # noqa: FBT003 - the value itself
        case _:
            return st.sampled_from(list(_REASONS[call.command]))


def _fresh(order: Order | None) -> list[TeamId]:
    asked = 0 if order is None else len(order.asked)
    return [TeamId(f"team-{asked + n}") for n in range(3)]


def _odd_requests(request: Request) -> list[Request]:
    odd: list[dict[str, Any]] = [
        {"id": "-"},
        {"id": "order-3"},
        {"placed_by": "somebody"},
        {"placed_at": request.placed_at - 1},
        {"latest": request.earliest},
        {"needed": 0},
        {"duration": 0},
        {"route": ()},
        {"route": (*request.route, request.route[0])},
    ]
    return [attrs.evolve(request, **changes) for changes in odd]


_REASONS: Mapping[type, type[enum.Enum]] = {
    c.RejectOrder: e.RejectReason,
    c.DeclineOffer: e.DeclineReason,
    c.WithdrawTeam: e.WithdrawReason,
    c.CancelOrder: e.CancelReason,
}


def _request(world: Loop, order: Order | None, call: Call) -> Request:
    return Request(
        id=_ID if order is None else order.id,
        site=world.route[0],
        category=Category.AID,
        placed_by=call.by.id,
        placed_at=call.at,
        earliest=call.at,
        latest=call.at + 7 * DAY,
        needed=3,
        duration=120,
        requested_time=RequestedTime.ANY,
        route=world.route,
    )


@attrs.frozen
class _Case:
    """A call on an order: one method for each refusal says whether it applies.

    Each may rely on those before it, in the order of `Refusal`, not applying.
    """

    order: Any
    command: Any
    at: Instant
    by: Actor

    def first(self) -> Refusal | None:
        return next((reason for reason in Refusal if getattr(self, reason)()), None)

    @property
    def rule(self) -> Rule[OrderState]:
        return ORDER.rule_of[type(self.command)]

    @property
    def clocked(self) -> bool:
        return self.by.role is Role.SYSTEM

    def given(self, *commands: type) -> bool:
        return isinstance(self.command, commands)

    def unknown_order(self) -> bool:
        return self.order is None and OrderState.ABSENT not in self.rule.sources

    def role(self) -> bool:
        return self.by.role not in self.rule.roles

    def scope(self) -> bool:
        if self.order is None or self.by.role in {Role.OFFICER, Role.SYSTEM}:
            return False
        if self.by.role is not Role.TEAM:
            return bool(self.by.id != self.order.request.placed_by)
        offered = [offer.team for offer in self.order.offers]
        if self.order.state is OrderState.POOLED:
            return self.by.team is None or self.by.team in self.order.asked
        return self.by.team is None or self.by.team not in {*offered, self.order.team}

    def state(self) -> bool:
        return OrderAdapter.state(self.order) not in self.rule.sources

    def late(self) -> bool:
        if self.given(c.ReviewOrder, c.OfferOrder, c.PostOrder):
            return bool(self.at >= self.order.request.latest)
        if self.given(c.EscalateOrder):
            return bool(self.at >= self.order.request.latest) and not self.clocked
        if self.given(c.AcceptOffer, c.DeclineOffer):
            mine = [offer.until for offer in self.order.offers if offer.team == self.by.team]
            return bool(self.at > (mine or [self.order.due_at])[0])
        if self.given(c.WithdrawTeam) and self.order.start is not None:
            return bool(self.at > self.order.start)
        windows = (c.ScheduleService, c.WithdrawTeam, c.StartService, c.RateOrder, c.ShowcaseOrder)
        return self.given(*windows) and bool(self.at > self.order.due_at)

    def early(self) -> bool:
        if self.given(c.ReportAbsence) and self.order.start is not None and not self.clocked:
            return bool(self.at < self.order.start)
        if self.given(c.GiveUpOrder):
            return self.clocked and bool(self.at < self.order.request.latest)
        if self.given(c.EscalateOrder, c.CloseOrder):
            return self.clocked and bool(self.at < self.order.due_at)
        clocks = (c.ReportAbsence, c.ExpireOffers)
        return self.given(*clocks) and bool(self.at < self.order.due_at)

    def invalid_request(self) -> bool:
        if not self.given(c.CollectNeed, c.PlaceOrder):
            return False
        r = self.command.request
        return (
            not is_identifier(r.id)
            or (self.order is not None and r.id != self.order.id)
            or (self.by.role is not Role.OFFICER and r.placed_by != self.by.id)
            or r.placed_at != self.at
            or r.latest <= max(self.at, r.earliest)
            or min(r.needed, r.duration) < 1
            or not r.route
            or len(set(r.route)) < len(r.route)
        )

    def no_team(self) -> bool:
        if not self.given(c.OfferOrder):
            return False
        return not self.command.teams or len(set(self.command.teams)) < len(self.command.teams)

    def asked(self) -> bool:
        return self.given(c.OfferOrder) and not set(self.command.teams).isdisjoint(self.order.asked)

    def last_desk(self) -> bool:
        if not self.given(c.EscalateOrder) or self.at >= self.order.request.latest:
            return False
        return bool(self.order.holder == self.order.request.route[-1])

    def outside_window(self) -> bool:
        if not self.given(c.ScheduleService):
            return False
        v, r = self.command, self.order.request
        return not max(self.at, r.earliest) <= v.start < v.end <= r.latest

    def invalid_value(self) -> bool:
        v = self.command
        return (
            (self.given(c.OfferOrder, c.PostOrder) and v.open_for < 1)
            or (self.given(c.StartService) and v.present < 1)
            or (self.given(c.CompleteService) and v.minutes < 1)
            or (self.given(c.RateOrder) and v.score not in {1, 2, 3, 4, 5})
            or (self.given(c.ReportAbsence) and v.present not in range(self.order.request.needed))
        )

    def no_consent(self) -> bool:
        return self.given(c.ShowcaseOrder) and not self.command.consent

    def same_order(self) -> bool:
        return self.given(c.MergeNeed) and bool(self.command.into == self.order.id)
