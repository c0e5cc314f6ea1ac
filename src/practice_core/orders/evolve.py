"""From an order and an event to the next order: all that replaying a journal needs.

An order is rebuilt by position: copying by name costs ten times as much (DESIGN, "How fast").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from practice_core.errors import ImpossibleEvent
from practice_core.orders import commands as c
from practice_core.orders import events as e
from practice_core.orders.loop import ORDER
from practice_core.orders.model import OpenOffer, Order, OrderState, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from practice_core.units import Instant, TeamId

__all__ = ["evolve"]

_TABLE = ORDER.table


def evolve(order: Order | None, event: e.OrderEvent) -> Order:
    """Apply one event.

    Parameters
    ----------
    order
        The order before, or None if this is its first event.
    event
        What happened.

    Returns
    -------
    Order
        A new order; the old one is untouched.

    Raises
    ------
    ImpossibleEvent
        If the lifecycle has no such edge: the events are not those of one order, in order.
    """
    kind = type(event)
    state = OrderState.ABSENT if order is None else order.state
    try:
        target = _TABLE[state][kind]
    except KeyError:
        raise ImpossibleEvent(ORDER.name, state, kind.__name__) from None
    return _APPLY[kind](order, event, target)


def _born(o: Order | None, request: Request, s: OrderState, due_at: Instant | None) -> Order:
    due = None if due_at is None else c.GiveUpOrder
    version = 1 if o is None else o.version + 1
    return Order(request, s, version, 0, request.route[0], (), None, None, due_at, due, 0, ())


def _collected(o: Order | None, v: e.NeedCollected, s: OrderState) -> Order:
    return _born(o, v.request, s, None)


def _placed(o: Order | None, v: e.OrderPlaced, s: OrderState) -> Order:
    return _born(o, v.request, s, v.due_at)


def _waits(o: Order, s: OrderState, due_at: Instant, attempts: int) -> Order:
    due = c.GiveUpOrder if due_at >= o.request.latest else c.EscalateOrder
    return Order(
        o.request, s, o.version + 1, attempts, o.holder, (), None, None, due_at, due, o.opening,
        o.asked,
    )  # fmt: skip


def _reviewed(o: Order, v: e.OrderReviewed, s: OrderState) -> Order:
    return _waits(o, s, v.due_at, o.attempts)


def _returned(o: Order, v: e.OrderReturned | e.TeamWithdrew | e.TeamAbsent, s: OrderState) -> Order:
    return _waits(o, s, v.due_at, o.attempts + 1)


def _offered(
    o: Order, s: OrderState, offers: tuple[OpenOffer, ...], asked: tuple[TeamId, ...]
) -> Order:
    due_at = min(offer.until for offer in offers) if offers else None
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder, offers, None, None, due_at,
        c.ExpireOffers if offers else None, o.opening, asked,
    )  # fmt: skip


def _offer_made(o: Order, v: e.OfferMade, s: OrderState) -> Order:
    return _offered(o, s, (*o.offers, OpenOffer(v.team, v.until)), (*o.asked, v.team))


def _offer_ended(o: Order, v: e.OfferDeclined | e.OfferExpired, s: OrderState) -> Order:
    team = v.team
    return _offered(o, s, tuple([offer for offer in o.offers if offer.team != team]), o.asked)


def _posted(o: Order, v: e.OrderPosted, s: OrderState) -> Order:
    return _moved(o, s, v.until, c.ExpireOffers)


def _escalated(o: Order, v: e.OrderEscalated, s: OrderState) -> Order:
    due = c.GiveUpOrder if v.due_at >= o.request.latest else c.EscalateOrder
    return Order(
        o.request, s, o.version + 1, 0, v.holder, (), None, None, v.due_at, due, o.opening, o.asked
    )  # fmt: skip


def _accepted(o: Order, v: e.OfferAccepted, s: OrderState) -> Order:
    asked = (*o.asked, v.team) if o.state is OrderState.POOLED else o.asked
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder, (), v.team, None, v.due_at,
        c.ReportAbsence, o.opening, asked,
    )  # fmt: skip


def _scheduled(o: Order, v: e.ServiceScheduled, s: OrderState) -> Order:
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder, (), o.team, v.start, v.end,
        c.ReportAbsence, o.opening, o.asked,
    )  # fmt: skip


def _moved(o: Order, s: OrderState, due_at: Instant | None, due: type | None) -> Order:
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder, (), o.team, o.start, due_at, due,
        o.opening, o.asked,
    )  # fmt: skip


def _started(o: Order, v: e.ServiceStarted, s: OrderState) -> Order:
    return _moved(o, s, None, None)


def _closing(
    o: Order, v: e.ServiceCompleted | e.OrderRated | e.OrderShowcased, s: OrderState
) -> Order:
    return _moved(o, s, v.due_at, c.CloseOrder)


def _reopened(o: Order, v: e.OrderReopened, s: OrderState) -> Order:
    r = o.request
    request = Request(
        r.id, r.site, r.category, r.placed_by, r.placed_at, v.at, v.latest, r.needed, r.duration,
        r.requested_time, r.route, r.host,
    )  # fmt: skip
    due = c.GiveUpOrder if v.due_at >= v.latest else c.EscalateOrder
    return Order(
        request, s, o.version + 1, o.attempts + 1, o.holder, (), None, None, v.due_at, due,
        o.opening + 1, (),
    )  # fmt: skip


def _ended(o: Order, v: e.OrderEvent, s: OrderState) -> Order:
    return _moved(o, s, None, None)


_Apply: TypeAlias = "Callable[[Any, Any, OrderState], Order]"
_APPLY: Mapping[type[e.OrderEvent], _Apply] = {
    e.NeedCollected: _collected,
    e.NeedMerged: _ended,
    e.OrderPlaced: _placed,
    e.OrderRejected: _ended,
    e.OrderReviewed: _reviewed,
    e.OfferMade: _offer_made,
    e.OfferDeclined: _offer_ended,
    e.OfferExpired: _offer_ended,
    e.OrderPosted: _posted,
    e.OrderReturned: _returned,
    e.OrderEscalated: _escalated,
    e.OfferAccepted: _accepted,
    e.ServiceScheduled: _scheduled,
    e.TeamWithdrew: _returned,
    e.TeamAbsent: _returned,
    e.ServiceStarted: _started,
    e.ServiceCompleted: _closing,
    e.OrderRated: _closing,
    e.OrderReopened: _reopened,
    e.OrderShowcased: _closing,
    e.OrderClosed: _ended,
    e.OrderCancelled: _ended,
    e.OrderUnserved: _ended,
}
