"""Measure how many state changes of one order a second can hold, beside three libraries.

Every contender takes the same order through the same seven states, many times over: `STATES`. Each
is given its fastest form that its documentation describes, and whatever it can make beforehand is
made before the clock starts. A contender is an iterator that moves an order and tells its new
state, so a test can look at what is timed here.

Ours is held to more than the others: authority, windows and clocks are looked at for each command,
the order before stays as it was, and every event is written to a log. ``transitions`` and
``python-statemachine`` change a state and record nothing; ``eventsourcing`` keeps its events in
memory. The times of shared machines vary: they take many short turns, equally long, so that nobody
escapes more easily what else the machine does, and each keeps its best. The ratios are the figures
to look at.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections import deque
from functools import partial
from math import ceil
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from eventsourcing.domain import Aggregate
from statemachine import State, StateMachine
from transitions import Machine

from practice_core.areas import load_area
from practice_core.lifecycle import Role
from practice_core.orders import (
    AcceptOffer,
    Actor,
    CompleteService,
    OfferOrder,
    Order,
    OrderCommand,
    OrderState,
    PlaceOrder,
    Refused,
    Request,
    RequestedTime,
    ReviewOrder,
    ScheduleService,
    StartService,
    step,
)
from practice_core.simulation import EventLog
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, MINUTE, ActorId, Instant, OrderId, SiteId, TeamId
from tests.benchmarks.clock import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

STATES = (
    OrderState.PLACED,
    OrderState.REVIEWED,
    OrderState.OFFERED,
    OrderState.ACCEPTED,
    OrderState.SCHEDULED,
    OrderState.IN_SERVICE,
    OrderState.SERVED,
)
"""The seven states in a row, from no order to one that was served."""
PLACED, REVIEWED, OFFERED, ACCEPTED, SCHEDULED, IN_SERVICE, SERVED = STATES
# In Python 3.11 a member asked of its enum costs 100 ns, more than some of what is timed here.
REQUESTER = Role.REQUESTER
TRIGGERS = ("place", "review", "offer", "accept", "schedule", "start", "complete")
"""What the others call the seven changes."""
TURNS, TURN = 40, 0.02
"""Turns of each contender, and how long one takes, in seconds."""
LIVE = 20_000
"""Orders held when their memory is measured."""

# ---------------------------------------------------------------------------- ours

PROFILE = load_area("wujiang").profile
MONDAY: Instant = 1_586_131_200_000
DESK, SITE, TEAM = SiteId("wj"), SiteId("wj-s001"), TeamId("wj-t0001")
ROUTE = (DESK,)
OFFICER = Actor(ActorId("wj"), Role.OFFICER, site=DESK)
MEMBER = Actor(ActorId("wj-t0001"), Role.TEAM, team=TEAM)


def request(n: int) -> Request:
    """Give the request of order `n`: an id, a resident and instants of its own."""
    placed = MONDAY + n
    return Request(
        id=OrderId(f"wj-s001.r.{n}"),
        site=SITE,
        category=Category.LAW,
        placed_by=ActorId(f"r.wj-s001.{n}"),
        placed_at=placed,
        earliest=placed + DAY,
        latest=placed + 7 * DAY,
        needed=2,
        duration=90,
        requested_time=RequestedTime.ANY,
        route=ROUTE,
    )


def commands(asked: Request) -> tuple[tuple[OrderCommand, Instant, Actor], ...]:
    """Give the seven commands, when each is given, and by whom."""
    at, start = asked.placed_at, asked.earliest
    end = start + 90 * MINUTE
    return (
        (PlaceOrder(asked), at, Actor(asked.placed_by, REQUESTER)),
        (ReviewOrder(), at + HOUR, OFFICER),
        (OfferOrder((TEAM,), DAY), at + 2 * HOUR, OFFICER),
        (AcceptOffer(), at + 3 * HOUR, MEMBER),
        (ScheduleService(start, end), at + 4 * HOUR, MEMBER),
        (StartService(2), start, MEMBER),
        (CompleteService(90), end, MEMBER),
    )


def recorded(requests: Sequence[Request], log: EventLog) -> Iterator[str]:
    """Take orders through their commands as the simulation does: `step`, then the log."""
    for n, asked in enumerate(requests):
        order = None
        for command, at, by in commands(asked):
            done = step(order, command, at, by, PROFILE)
            if isinstance(done, Refused):
                raise TypeError(done)
            order, events = done
            log.write(n, events)
            yield order.state


def ours(count: int) -> Iterator[str]:
    """Give our changes: requests and an empty log are there, commands are made as they are given.

    `step` looks at role, scope, state and every guard. What takes the site tree, `may`, is asked
    by a service beforehand, and neither by the simulation nor here.
    """
    requests = [request(n) for n in range(count)]
    ids = [asked.id for asked in requests]
    return recorded(requests, EventLog(ids, requests.__getitem__, (DESK, SITE), (TEAM,)))


# ---------------------------------------------------------------------------- transitions

_NAMES = (OrderState.ABSENT.value, *(state.value for state in STATES))
MACHINE = Machine(
    model=None,
    states=_NAMES,
    transitions=[list(edge) for edge in zip(TRIGGERS, _NAMES[:-1], _NAMES[1:], strict=True)],
    initial=None,
    auto_transitions=False,
)
"""The machine that all orders of ``transitions`` share."""


class Model:
    """An order of ``transitions``: a state and nothing else."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state = _NAMES[0]


def with_transitions(count: int) -> Iterator[str]:
    """Give the changes of ``transitions``: one shared machine and light models it does not know.

    Its answer to thousands of models is a machine without any, whose events are triggered with the
    model. That is somewhat faster than methods put on each model, and registering a model, which
    takes longer than its seven changes, falls away. States are plain strings, which it handles
    faster than an enum; no transition to each state by itself, no queue, no callbacks.
    """
    triggers = [MACHINE.events[name].trigger for name in TRIGGERS]
    models = [Model() for _ in range(count)]

    def changes() -> Iterator[str]:
        for model in models:
            for trigger in triggers:
                trigger(model)
                yield model.state

    return changes()


# ---------------------------------------------------------------------------- python-statemachine


class OrderMachine(StateMachine):
    """An order of ``python-statemachine``."""

    absent = State(initial=True)
    placed = State()
    reviewed = State()
    offered = State()
    accepted = State()
    scheduled = State()
    in_service = State()
    served = State(final=True)

    place = absent.to(placed)
    review = placed.to(reviewed)
    offer = reviewed.to(offered)
    accept = offered.to(accepted)
    schedule = accepted.to(scheduled)
    start = scheduled.to(in_service)
    complete = in_service.to(served)


def with_python_statemachine(count: int) -> Iterator[str]:
    """Give the changes of ``python-statemachine``: a machine an order, its events called.

    A machine belongs to one model, so each order has its own; making one takes as long as two
    changes and is not timed. Sending an event by its name instead takes as long.
    """
    triggers = [methodcaller(name) for name in TRIGGERS]
    machines = [OrderMachine() for _ in range(count)]

    def changes() -> Iterator[str]:
        for machine in machines:
            model = machine.model
            for trigger in triggers:
                trigger(machine)
                yield model.state

    return changes()


# ---------------------------------------------------------------------------- eventsourcing


class OutOfTurn(Exception):
    """A change that an aggregate refuses in its present state."""


class OrderAggregate(Aggregate):
    """An order of ``eventsourcing``: an event class for each change, and a method that may refuse.

    In its explicit style. The decorator ``@event``, which it recommends to begin with, makes the
    same events from methods and takes nearly twice the time.
    """

    class Placed(Aggregate.Created):
        pass

    def __init__(self) -> None:
        self.state: OrderState = PLACED

    class Reviewed(Aggregate.Event):
        def apply(self, aggregate: Any) -> None:  # noqa: ANN401 - as the library declares it
            aggregate.state = REVIEWED

    class Offered(Aggregate.Event):
        def apply(self, aggregate: Any) -> None:  # noqa: ANN401 - as above
            aggregate.state = OFFERED

    class Accepted(Aggregate.Event):
        def apply(self, aggregate: Any) -> None:  # noqa: ANN401 - as above
            aggregate.state = ACCEPTED

    class Scheduled(Aggregate.Event):
        def apply(self, aggregate: Any) -> None:  # noqa: ANN401 - as above
            aggregate.state = SCHEDULED

    class Started(Aggregate.Event):
        def apply(self, aggregate: Any) -> None:  # noqa: ANN401 - as above
            aggregate.state = IN_SERVICE

    class Completed(Aggregate.Event):
        def apply(self, aggregate: Any) -> None:  # noqa: ANN401 - as above
            aggregate.state = SERVED

    def review(self) -> None:
        if self.state is not PLACED:
            raise OutOfTurn(self.state)
        self.trigger_event(self.Reviewed)

    def offer(self) -> None:
        if self.state is not REVIEWED:
            raise OutOfTurn(self.state)
        self.trigger_event(self.Offered)

    def accept(self) -> None:
        if self.state is not OFFERED:
            raise OutOfTurn(self.state)
        self.trigger_event(self.Accepted)

    def schedule(self) -> None:
        if self.state is not ACCEPTED:
            raise OutOfTurn(self.state)
        self.trigger_event(self.Scheduled)

    def start(self) -> None:
        if self.state is not SCHEDULED:
            raise OutOfTurn(self.state)
        self.trigger_event(self.Started)

    def complete(self) -> None:
        if self.state is not IN_SERVICE:
            raise OutOfTurn(self.state)
        self.trigger_event(self.Completed)


def with_eventsourcing(count: int) -> Iterator[str]:
    """Give the changes of ``eventsourcing``: the events collected from each order, none stored.

    Making the aggregate is its first change. Nothing is there beforehand.
    """
    later = (
        OrderAggregate.review,
        OrderAggregate.offer,
        OrderAggregate.accept,
        OrderAggregate.schedule,
        OrderAggregate.start,
        OrderAggregate.complete,
    )
    for _ in range(count):
        order = OrderAggregate()
        yield order.state
        for change in later:
            change(order)
            yield order.state
        order.collect_events()


# ---------------------------------------------------------------------------- figures

CONTENDERS: Mapping[str, Callable[[int], Iterator[str]]] = {
    "ours": ours,
    "transitions": with_transitions,
    "python_statemachine": with_python_statemachine,
    "eventsourcing": with_eventsourcing,
}


def accepted(n: int) -> Order:
    """Give order `n` as it stands when a team has accepted."""
    order = None
    for command, at, by in commands(request(n)):
        done = step(order, command, at, by, PROFILE)
        if isinstance(done, Refused):
            raise TypeError(done)
        order, _ = done
        if order.state is ACCEPTED:
            return order
    raise LookupError(ACCEPTED)


def bytes_a_live_order(count: int) -> float:
    """Measure what an order held in the state ACCEPTED takes, and its place in a list.

    With its request, its id and its resident's, and instants of its own; site, desk and team are
    shared with others, as in an area.
    """
    accepted(0)  # whatever the first order brings that others share
    tracemalloc.start()
    live = [accepted(n) for n in range(count)]
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / len(live)


def rate(contender: Callable[[int], Iterator[str]], orders: int) -> float:
    """Time all changes of some orders, and give how many a second were made."""
    spent = seconds(partial(deque, contender(orders), maxlen=0))
    return orders * len(STATES) / spent


def state_changes(turns: int = TURNS, turn: float = TURN, live: int = LIVE) -> dict[str, float]:
    """Measure all contenders by turns, and the memory of an order."""
    best = {name: rate(contender, 20) for name, contender in CONTENDERS.items()}
    orders = {name: ceil(turn * a_second / len(STATES)) for name, a_second in best.items()}
    for _ in range(turns):
        for name, contender in CONTENDERS.items():
            best[name] = max(best[name], rate(contender, orders[name]))
    own = best.pop("ours")
    return {
        "state_changes_per_s": round(own),
        **{f"state_changes_per_s_{name}": round(other) for name, other in best.items()},
        **{f"state_changes_over_{name}": round(own / other, 2) for name, other in best.items()},
        "bytes_a_live_order": round(bytes_a_live_order(live)),
    }
