"""The conformance kit: what conforms passes, and every planted fault is caught."""

from __future__ import annotations

import enum
import unittest
from functools import reduce
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from practice_core.lifecycle import Edge, Lifecycle, Role, Rule
from practice_core.orders import (
    ORDER,
    AcceptOffer,
    Actor,
    CancelOrder,
    CompleteService,
    ExpireOffers,
    LoopProfile,
    OfferAccepted,
    OfferExpired,
    OfferMade,
    OfferOrder,
    Order,
    OrderEscalated,
    OrderEvent,
    OrderState,
    OrderUnserved,
    PlaceOrder,
    Refusal,
    Refused,
    ReviewOrder,
    StartService,
    decide,
    evolve,
    step,
)
from practice_core.testing import (
    Call,
    Implementation,
    LifecycleMachine,
    Loop,
    OrderAdapter,
    Stepped,
    calendars,
    hierarchies,
    lifecycle_machine,
    profiles,
    requests,
    run_lifecycle_machine,
)
from practice_core.units import DAY, WEEK, ActorId, Calendar, Instant, OrderId, SiteId, TeamId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from practice_core.hierarchy import Hierarchy
    from practice_core.orders import Request

# Faults are looked for, not made small: shrinking takes longer than finding.
FEW = settings(
    max_examples=60,
    stateful_step_count=12,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
)

# ------------------------------------------------------------------ orders, as they are

TestOrders = lifecycle_machine(OrderAdapter()).TestCase
TestOrders.settings = settings(max_examples=80, stateful_step_count=20)


def test_the_test_case_fails_as_a_run_does_if_it_met_too_little() -> None:
    case = lifecycle_machine(OrderAdapter()).TestCase
    case.settings = settings(FEW, max_examples=1)
    result = unittest.TestResult()
    case().run(result)
    assert "order: never met: " in result.failures[0][1]


# ------------------------------------------------------------------ orders with a planted fault


@attrs.define
class Wrapped(Stepped):
    """An implementation with one thing wrong with it, as `fault` says."""

    fault: Callable[[Wrapped, Call], Any] = attrs.field(kw_only=True)

    def give(self, call: Call) -> Any:  # noqa: ANN401 - a fault may answer anything
        return self.fault(self, call)

    def lawfully(self, call: Call) -> Any:  # noqa: ANN401 - as above
        return super().give(call)

    def tell(self, *events: OrderEvent) -> tuple[OrderEvent, ...]:
        self.order = reduce(evolve, events, self.order)
        return events

    def decided(self, call: Call) -> Any:  # noqa: ANN401 - events or Refused
        return decide(self.order, call.command, call.at, call.by, self.profile)


def gets_lost(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    """Tell of the acceptance, but do not keep it."""
    before = there.order
    answer = there.lawfully(call)
    if isinstance(call.command, AcceptOffer):
        there.order = before
    return answer


def wrong_edge(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    answer = there.lawfully(call)
    if isinstance(call.command, ReviewOrder) and not isinstance(answer, Refusal):
        assert there.order is not None
        there.order = attrs.evolve(there.order, state=OrderState.POOLED)
    return answer


def trace(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    """Count a refused command as a change."""
    answer = there.lawfully(call)
    if isinstance(answer, Refusal) and there.order is not None:
        there.order = attrs.evolve(there.order, version=there.order.version + 1)
    return answer


def missing(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    return Refusal.STATE if isinstance(call.command, CompleteService) else there.lawfully(call)


def endless(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    """Offer again to a team that did not answer, for ever."""
    events = there.decided(call)
    if isinstance(call.command, ExpireOffers) and not isinstance(events, Refused):
        assert there.order is not None
        again = [
            OfferMade(there.order.id, call.at, call.by.id, event.team, call.at + DAY)
            for event in events
            if isinstance(event, OfferExpired)
        ]
        return there.tell(*again) if again else there.lawfully(call)
    return there.lawfully(call)


def forced(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    """Let an offer be an order: the team is not asked."""
    events = there.lawfully(call)
    if isinstance(call.command, OfferOrder) and not isinstance(events, Refusal):
        first = events[0]
        taken = OfferAccepted(first.order, call.at, call.by.id, first.team, first.until)
        return (*events, *there.tell(taken))
    return events


def other_team(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    events = there.decided(call)
    if isinstance(call.command, AcceptOffer) and not isinstance(events, Refused):
        return there.tell(attrs.evolve(events[0], team=TeamId("a-friend-of-the-desk")))
    return there.lawfully(call)


def skips_a_desk(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    events = there.decided(call)
    if isinstance(events, Refused):
        return events.reason
    assert there.order is None or events
    last = there.order.request.route[-1] if there.order else None
    changed = [
        attrs.evolve(event, holder=last) if isinstance(event, OrderEscalated) else event
        for event in events
    ]
    return there.tell(*changed)


def late(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    """Let a team accept after its time."""
    if isinstance(call.command, AcceptOffer) and there.order and there.order.due_at is not None:
        soon = attrs.evolve(call, at=min(call.at, there.order.due_at))
        return there.lawfully(soon)
    return there.lawfully(call)


def past_clock(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    events = there.decided(call)
    if isinstance(call.command, PlaceOrder) and not isinstance(events, Refused):
        return there.tell(attrs.evolve(events[0], due_at=call.at - 1))
    return there.lawfully(call)


def other_order(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    events = there.decided(call)
    if isinstance(call.command, StartService) and not isinstance(events, Refused):
        return there.tell(attrs.evolve(events[0], order=OrderId("order-9")))
    return there.lawfully(call)


def other_reason(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    """Look at the state before the scope."""
    answer = there.lawfully(call)
    state = OrderState.ABSENT if there.order is None else there.order.state
    if answer is Refusal.SCOPE and state not in ORDER.rule_of[type(call.command)].sources:
        return Refusal.STATE
    return answer


def speechless(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    answer = there.lawfully(call)
    return () if isinstance(call.command, CancelOrder) and answer is not Refusal else answer


def undeclared(there: Wrapped, call: Call) -> Any:  # noqa: ANN401 - as above
    """Reject where the desk asked for review."""
    events = there.decided(call)
    if isinstance(call.command, ReviewOrder) and not isinstance(events, Refused):
        assert there.order is not None
        reason: Any = "nobody"
        return there.tell(OrderUnserved(there.order.id, call.at, call.by.id, reason))
    return there.lawfully(call)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (gets_lost, "is not in state accepted"),
        (wrong_edge, "is not in state reviewed"),
        (trace, "refused, but it left a trace"),
        (missing, "refused as state, though legal"),
        (endless, "OfferMade is no declared outcome"),
        (forced, "OfferAccepted is no declared outcome"),
        (other_team, "though it never accepted"),
        (skips_a_desk, "escalated by 2 desks"),
        (late, "instead of the refusal late"),
        (past_clock, "sets a clock in the past"),
        (other_order, "about another order"),
        (other_reason, "state instead of the refusal scope"),
        (speechless, "carried out without an event"),
        (undeclared, "OrderUnserved is no declared outcome"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_fault_in_an_implementation_of_orders_is_caught(
    fault: Callable[[Wrapped, Call], Any], said: str
) -> None:
    adapter = OrderAdapter(lambda profile: Wrapped(profile, fault=fault))
    with pytest.raises(AssertionError, match=said):
        run_lifecycle_machine(lifecycle_machine(adapter), settings=FEW)
