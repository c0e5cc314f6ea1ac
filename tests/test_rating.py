"""What is said of a service: by the requester, by those who served, when called back, and shown."""

from __future__ import annotations

import attrs
import pytest

from practice_core.orders import (
    AssessService,
    CallBack,
    CloseOrder,
    CloseReason,
    OrderClosed,
    OrderEscalated,
    OrderRated,
    OrderReopened,
    OrderState,
    RateOrder,
    Refusal,
    RequesterCalledBack,
    ServiceAssessed,
    ShowcaseOrder,
)
from practice_core.units import DAY, HOUR
from tests.telling import (
    ANN,
    BLUE,
    LOOP,
    OFFICER,
    PLAIN,
    RED,
    REQUEST,
    STATION,
    SYSTEM,
    TOWN,
    member_of,
    rated,
    served,
    serving,
)

DUAL = attrs.evolve(PLAIN, dual_rating=True)
CALLED = attrs.evolve(PLAIN, call_back=True)
BOTH = attrs.evolve(PLAIN, dual_rating=True, call_back=True)


# ------------------------------------------------------------------ dual rating


def test_two_ratings_close_an_order_in_either_order() -> None:
    """一事双评: those who served, and those who were served."""
    first = served(DUAL).then(AssessService(4), member_of(RED))
    assert (first.last(1), first.order.state) == ([ServiceAssessed], OrderState.SERVED)
    first.then(RateOrder(5), ANN)
    assert first.last(2) == [OrderRated, OrderClosed]
    last = rated(5, DUAL)
    assert (last.order.state, last.order.due_at) == (OrderState.RATED, last.at + 7 * DAY)
    last.then(AssessService(4), OFFICER)
    assert last.last(2) == [ServiceAssessed, OrderClosed]
    assert last.order.docket.assessment == 4


def test_those_who_served_rate_once_by_five_scores_and_in_time() -> None:
    told = served(DUAL)
    assert told.refuses(AssessService(0), OFFICER) is Refusal.INVALID_VALUE
    assert told.refuses(AssessService(6), OFFICER) is Refusal.INVALID_VALUE
    assert told.refuses(AssessService(4), member_of(BLUE)) is Refusal.SCOPE
    assert told.refuses(AssessService(4), ANN) is Refusal.ROLE
    assert told.refuses(AssessService(4), OFFICER, 7 * DAY + 1) is Refusal.LATE
    told.then(AssessService(4), member_of(RED))
    assert told.refuses(AssessService(5), OFFICER) is Refusal.REPEATED
    assert serving(DUAL).refuses(AssessService(4), OFFICER) is Refusal.STATE


def test_the_own_rating_neither_hides_a_dissatisfied_requester_nor_outlives_the_redo() -> None:
    told = served(DUAL).then(AssessService(5), member_of(RED)).then(RateOrder(1), ANN)
    assert told.last(2) == [OrderRated, OrderReopened]
    assert told.order.docket.assessment is None


def test_a_rating_that_the_other_side_never_gives_is_not_waited_for_beyond_its_window() -> None:
    told = rated(5, DUAL)
    assert told.refuses(CloseOrder(), SYSTEM, 7 * DAY - 1) is Refusal.EARLY
    closed = OrderClosed(REQUEST.id, told.at + 7 * DAY, SYSTEM.id, CloseReason.WINDOW_OVER)
    assert told.then(CloseOrder(), SYSTEM, 7 * DAY).events[-1] == closed


def test_without_dual_rating_those_who_served_say_nothing() -> None:
    assert served().refuses(AssessService(5), member_of(RED)) is Refusal.ROLE
    assert served().refuses(CallBack(5), OFFICER) is Refusal.ROLE


# ------------------------------------------------------------------ call-back


def test_a_desk_writes_down_what_the_requester_says_when_called() -> None:
    told = served(CALLED)
    assert told.refuses(CallBack(6), OFFICER) is Refusal.INVALID_VALUE
    assert told.refuses(CallBack(4), ANN) is Refusal.ROLE
    told.then(CallBack(4), OFFICER, 30 * DAY)  # until the system has closed it, never too late
    assert told.last(2) == [RequesterCalledBack, OrderClosed]
    closed = OrderClosed(REQUEST.id, told.at, OFFICER.id, CloseReason.CALLED_BACK)
    assert told.events[-1] == closed


def test_every_order_is_called_back_also_one_already_rated() -> None:
    told = rated(5, CALLED)
    assert told.order.state is OrderState.RATED
    assert told.then(CallBack(5), OFFICER).order.state is OrderState.CLOSED


@pytest.mark.parametrize("already_rated", [False, True])
def test_who_is_dissatisfied_when_called_gets_a_redo(*, already_rated: bool) -> None:
    told = rated(5, CALLED) if already_rated else served(CALLED)
    told.then(CallBack(2), OFFICER)
    assert told.last(2) == [RequesterCalledBack, OrderReopened]
    assert not told.order.docket.called_back


def test_where_everybody_is_called_back_no_desk_closes_without_it() -> None:
    told = served(CALLED)
    assert told.refuses(CloseOrder(), OFFICER) is Refusal.EARLY
    told.then(CloseOrder(), SYSTEM, 7 * DAY)
    assert served(PLAIN).then(CloseOrder(), OFFICER).order.state is OrderState.CLOSED


def test_a_requester_is_called_once() -> None:
    told = rated(5, BOTH).then(CallBack(5), OFFICER)
    assert told.order.state is OrderState.RATED
    assert told.refuses(CallBack(5), OFFICER) is Refusal.REPEATED
    assert told.then(AssessService(5), OFFICER).order.state is OrderState.CLOSED


# ------------------------------------------------------------------ redo with the head involved


def test_a_redo_may_begin_at_the_next_desk() -> None:
    """Xiayang: an order that dissatisfied becomes an alert, redone with the head involved."""
    told = rated(1, attrs.evolve(LOOP, redo_escalates=True))
    assert told.last(3) == [OrderRated, OrderReopened, OrderEscalated]
    assert told.left == (OrderState.REVIEWED, 0, TOWN)
    assert told.order.due_at == told.at + 2 * DAY


def test_a_redo_at_the_last_desk_stays_there() -> None:
    alone = attrs.evolve(LOOP, redo_escalates=True, chain=LOOP.chain[:1])
    told = rated(1, alone)
    assert told.last(1) == [OrderReopened]
    assert told.left == (OrderState.REVIEWED, 1, STATION)


# ------------------------------------------------------------------ showing


def test_an_order_that_is_shown_waits_for_that_and_for_nothing_less() -> None:
    told = rated(5, attrs.evolve(LOOP, dual_rating=True, call_back=True))
    told.then(CallBack(5), OFFICER, HOUR).then(AssessService(5), OFFICER)
    assert told.order.state is OrderState.RATED
    assert told.then(ShowcaseOrder(consent=True), OFFICER).order.state is OrderState.SHOWCASED
