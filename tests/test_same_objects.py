"""The same objects in service and simulation: a simulated week, lived again on a journal.

What people did in the simulation (arrivals, answers, services, ratings) is given to a `Practice`
when they did it. Whom to ask, and what happens when a clock runs out, the practice finds out by
itself, with the same policy object: its journal must hold the same events.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import pytest

from practice_core.dispatch import POLICIES, Offer, Wait, policy
from practice_core.journal import MemoryJournal
from practice_core.lifecycle import Role
from practice_core.orders import (
    AcceptOffer,
    Actor,
    CloseOrder,
    CompleteService,
    DeclineOffer,
    Links,
    OfferAccepted,
    OfferDeclined,
    OfferMade,
    OrderClosed,
    OrderEvent,
    OrderPlaced,
    OrderRated,
    OrderReviewed,
    OrderState,
    PlaceOrder,
    RateOrder,
    ReportAbsence,
    ReviewOrder,
    ScheduleService,
    ServiceCompleted,
    ServiceScheduled,
    ServiceStarted,
    StartService,
    TeamAbsent,
)
from practice_core.service import Done, Limits, Practice
from practice_core.simulation import Tape, load_scenario, make_tape
from practice_core.simulation.model import (
    ANSWER,
    CLOCK,
    PLACE,
    RECHECK,
    START,
    TICK,
    WORK_ENDS,
    Model,
)
from practice_core.units import DAY, HOUR, CommandId, SiteId, TeamId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from practice_core.dispatch import Decision, Draw, Policy, View
    from practice_core.orders import Order, OrderCommand
    from practice_core.units import Instant, OrderId

    Heard: TypeAlias = tuple[Instant, Decision]

WEEK = load_scenario("wujiang").with_values(
    {"horizon.weeks": 1, "horizon.warmup_weeks": 0, "own_activity.per_year": 0.0}
)
"""Own activities are planned before they are placed: no policy decides about them."""
NO_LIMITS = Limits(commands_a_minute=10**6, open_orders=10**6)


@attrs.define
class Overheard:
    """A policy that writes down what it decides, and when; else the one it is given."""

    policy: Policy
    said: list[Heard] = attrs.field(factory=list)

    @property
    def period(self) -> int:
        return self.policy.period

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:
        decisions = self.policy.choose(orders, view, draw)
        self.said += [(view.now, one) for one in decisions if not isinstance(one, Wait)]
        return decisions


@attrs.frozen
class Act:
    """What somebody did in the simulation: when, in which place of its instant, and what."""

    at: Instant
    place: int
    order: OrderId
    command: OrderCommand
    by: Actor


def acts(tape: Tape, events: Sequence[OrderEvent]) -> Iterator[Act]:
    """Give what people did, without what policies and clocks did."""
    ranks = {order: n for n, order in enumerate(tape.demand.ids)}
    places: dict[OrderId, int] = {}
    for event in events:
        found = deed(tape, event)
        if found is not None:
            first, command, by = found
            rank = ranks[event.order]
            # A rating follows the end of its service at once, whatever else happens then.
            place = places[event.order] if first is None else first | rank
            places[event.order] = place
            yield Act(event.at, place, event.order, command, by)


def deed(tape: Tape, event: OrderEvent) -> tuple[int | None, OrderCommand, Actor] | None:
    """Give the command of a person that an event came of, and its priority at its instant."""
    person = Actor(event.by, Role.REQUESTER)
    team = Actor(event.by, Role.TEAM, team=TeamId(event.by))
    desk = Actor(event.by, Role.OFFICER, site=SiteId(event.by))
    is_desk = event.by in tape.city.hierarchy
    commands: dict[type, Callable[[Any], tuple[int | None, OrderCommand, Actor] | None]] = {
        OrderPlaced: lambda e: (PLACE, PlaceOrder(e.request), person),
        OrderReviewed: lambda _: (PLACE, ReviewOrder(), desk) if is_desk else None,
        OfferAccepted: lambda _: (ANSWER, AcceptOffer(), team),
        OfferDeclined: lambda e: (ANSWER, DeclineOffer(e.reason), team),
        ServiceScheduled: lambda e: (None, ScheduleService(e.start, e.end), team),
        ServiceStarted: lambda e: (START, StartService(e.present), team),
        TeamAbsent: lambda e: (START, ReportAbsence(e.present), desk) if is_desk else None,
        ServiceCompleted: lambda e: (WORK_ENDS, CompleteService(e.minutes), team),
        OrderRated: lambda e: (None, RateOrder(e.score), person),
        OrderClosed: lambda _: (None, CloseOrder(), desk) if is_desk else None,
    }
    command = commands.get(type(event))
    return None if command is None else command(event)


class Relived:
    """The simulated week once more, on a practice: people act from a list, and nobody else does."""

    def __init__(self, tape: Tape, policy: Policy, told: Sequence[Act], until: Instant) -> None:
        self.policy = policy
        self.until = until
        self.practice = Practice.open(
            MemoryJournal(),
            attrs.evolve(tape.scenario.area, links=Links()),  # the simulation knows no allied desk
            hierarchy=tape.city.hierarchy,
            teams=tape.city.teams,
            seed=tape.seed,
            limits=NO_LIMITS,
        )
        law = tape.scenario.answer
        self.begins = tape.grid.begins
        self.waking = (law.quiet_to_hour * HOUR, law.quiet_from_hour * HOUR)
        midnights = range(self.begins, tape.scenario.ends, DAY)
        ticks = (range(*self.waking, policy.period) if policy.period else range(0),) * len(
            midnights
        )
        self.ticks = deque(t + n for t, day in zip(midnights, ticks, strict=True) for n in day)
        self.ranks = {order: n for n, order in enumerate(tape.demand.ids)}
        self.acts = deque(told)
        self.now = self.begins

    def run(self) -> None:
        while (now := min(self.instants(), default=self.until)) < self.until:
            self.now = now
            while things := sorted(self.things(), key=lambda thing: thing[0]):
                things[0][1]()

    def instants(self) -> Iterator[Instant]:
        """Give when next somebody acts, a clock runs out, or the policy is to be asked."""
        wanted = self.practice.next_dispatch(self.policy, self.now)
        if self.acts:
            yield self.acts[0].at
        if self.ticks:
            yield self.ticks[0]
        if (due_at := self.practice.next_tick()) is not None:
            yield due_at
        if wanted is not None:
            yield self.awake(wanted)

    def awake(self, at: Instant) -> Instant:
        """Give the first instant from then on at which teams may be disturbed."""
        opens, closes = self.waking
        since = (at - self.begins) % DAY
        if since < opens:
            return at - since + opens
        return at if since < closes else at - since + DAY + opens

    def things(self) -> Iterator[tuple[int, Callable[[], None]]]:
        """Give what is still to be done at this instant, each with its place in it."""
        if self.acts and self.acts[0].at == self.now:
            yield self.acts[0].place, self.act
        for due in self.practice.due(self.now):
            state = self.practice.books.orders[due.order].state
            first = ANSWER if state in {OrderState.OFFERED, OrderState.POOLED} else CLOCK
            yield first | self.ranks[due.order], partial(self.tick, due.order)
        if self.ticks and self.ticks[0] == self.now:
            yield TICK, self.ask_about_all
        if self.practice.next_dispatch(self.policy, self.now) == self.now == self.awake(self.now):
            yield RECHECK, self.look_again

    def act(self) -> None:
        act = self.acts.popleft()
        name = CommandId(f"act-{len(self.acts)}")
        done = self.practice.do(act.order, act.command, id=name, by=act.by, at=act.at)
        assert isinstance(done, Done), (act, done)
        self.ask(act.order)

    def tick(self, order: OrderId) -> None:
        assert self.practice.tick(self.now, orders={order})
        self.ask(order)

    def ask(self, order: OrderId) -> None:
        """Ask the policy about an order as long as it does something about it at once."""
        if not self.policy.period and self.awake(self.now) == self.now:
            while self.practice.dispatch(self.policy, at=self.now, orders={order}):
                pass

    def look_again(self) -> None:
        for order in self.practice.books.waiting().values():
            self.ask(order.id)

    def ask_about_all(self) -> None:
        self.ticks.popleft()
        self.practice.dispatch(self.policy, at=self.now)


def edge(tape: Tape) -> Instant:
    """Give when the first order is placed whose time the simulated weeks do not hold."""
    demand = tape.demand
    beyond = [n for n in range(len(demand)) if tape.request(n, ()).latest > tape.scenario.ends]
    return min(tape.request(n, ()).placed_at for n in beyond)


@pytest.mark.parametrize("name", POLICIES)
def test_a_simulated_week_on_a_journal_gives_the_same_decisions_and_events(name: str) -> None:
    tape = make_tape(WEEK, 7, 0)
    simulated = Overheard(policy(name))
    model = Model(tape, simulated)
    model.run()
    until = edge(tape)
    told = [event for event in model.log.events() if event.at < until]
    served = Overheard(policy(name))
    relived = Relived(tape, served, list(acts(tape, told)), until)
    relived.run()
    assert served.said == [one for one in simulated.said if one[0] < until]
    happened = [one.event for one in relived.practice.journal.read()]
    assert [event for event in happened if isinstance(event, OrderEvent)] == told
    offered = [one for _, one in served.said if isinstance(one, Offer)]
    assert sum(isinstance(event, OfferMade) for event in told) == sum(
        len(one.teams) for one in offered
    )
    assert len(told) > 5_000
