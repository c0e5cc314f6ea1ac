"""From an order and an event to the next order: all that replaying a journal needs.

An order is rebuilt by position: copying by name costs ten times as much (DESIGN, "How fast").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from practice_core.errors import ImpossibleEvent
from practice_core.orders import commands as c
from practice_core.orders import events as e
from practice_core.orders.loop import ORDER
from practice_core.orders.model import (
    Clock,
    Docket,
    OpenOffer,
    Order,
    OrderState,
    Request,
    Watch,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from practice_core.units import Duration, Instant, SiteId

__all__ = ["clock_of", "evolve"]

# A member of an enum takes fifteen times as long to look up as a name of this module.
ABSENT, REVIEWED, POOLED, PAUSED = (
    OrderState.ABSENT,
    OrderState.REVIEWED,
    OrderState.POOLED,
    OrderState.PAUSED,
)
REVIEW, CONTACT, FEEDBACK, _ = Clock


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
    state = ABSENT if order is None else order.state
    try:
        apply, target = _MOVES[state][type(event)]
    except KeyError:
        raise ImpossibleEvent(ORDER.name, state, type(event).__name__) from None
    return apply(order, event, target)


def clock_of(order: Order) -> tuple[Instant, type] | None:
    """Give the next clock of an order: when it runs out, and what the system then commands.

    A clock under supervision that runs out with the clock of the state comes first.
    """
    due_at, due = order.due_at, order.due
    if order.docket.watches and order.state is not PAUSED:
        first = min(watch.due_at for watch in order.docket.watches)
        if due_at is None or first <= due_at:
            return first, c.SuperviseOrder
    return None if due_at is None or due is None else (due_at, due)


def _born(o: Order | None, request: Request, s: OrderState, due_at: Instant | None) -> Order:
    due = None if due_at is None else c.GiveUpOrder
    if o is None:
        return Order(request, s, 1, 0, request.route[0], (), None, None, due_at, due, 0, ())
    return Order(
        request, s, o.version + 1, 0, request.route[0], (), None, None, due_at, due, 0, (), o.docket
    )  # fmt: skip


def _collected(o: None, v: e.NeedCollected, s: OrderState) -> Order:
    """Whoever gathers a need where it arose may order it: no desk holds it yet."""
    r = v.request
    return Order(r, s, 1, 0, r.site, (), None, None, r.latest, c.GiveUpOrder, 0, ())


def _placed(o: Order | None, v: e.OrderPlaced, s: OrderState) -> Order:
    return _born(o, v.request, s, v.due_at)


def _waits(o: Order, s: OrderState, due_at: Instant, attempts: int, d: Docket) -> Order:
    return Order(
        o.request, s, o.version + 1, attempts, o.holder, (), None, None, due_at,
        _due_on_desk(o.request, due_at), o.opening, o.asked, d,
    )  # fmt: skip


def _due_on_desk(request: Request, due_at: Instant) -> type:
    return c.GiveUpOrder if due_at >= request.latest else c.EscalateOrder


def _reviewed(o: Order, v: e.OrderReviewed, s: OrderState) -> Order:
    docket = _held(_stopped(o.docket, REVIEW), o.request, v.due_at)
    return _waits(o, s, v.due_at, o.attempts, docket)


def _held(d: Docket, request: Request, due_at: Instant) -> Docket:
    """Keep until when the desk that has the order now may hold it."""
    desk_due_at = due_at if due_at < request.latest else None
    return d if d.desk_due_at == desk_due_at else attrs.evolve(d, desk_due_at=desk_due_at)


def _returned(o: Order, v: e.OrderReturned | e.TeamWithdrew | e.TeamAbsent, s: OrderState) -> Order:
    return _waits(o, s, v.due_at, o.attempts + 1, _parted(o.docket))


def _recalled(o: Order, v: e.OrderRecalled, s: OrderState) -> Order:
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder, (), None, None, v.due_at,
        _due_on_desk(o.request, v.due_at), o.opening, o.asked, _parted(o.docket),
    )  # fmt: skip


def _offer_made(o: Order, v: e.OfferMade, s: OrderState) -> Order:
    # The first of the other offers to end is known: that of many is not looked for each time.
    first = o.due_at if o.offers else None
    due_at = v.until if first is None or v.until < first else first
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder,
        (*o.offers, OpenOffer(v.team, v.until)), None, None, due_at, c.ExpireOffers, o.opening,
        (*o.asked, v.team), o.docket,
    )  # fmt: skip


def _offer_ended(o: Order, v: e.OfferDeclined | e.OfferExpired, s: OrderState) -> Order:
    team = v.team
    offers = tuple([offer for offer in o.offers if offer.team != team])
    due_at = min([offer.until for offer in offers]) if offers else None
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder, offers, None, None, due_at,
        c.ExpireOffers if offers else None, o.opening, o.asked, o.docket,
    )  # fmt: skip


def _posted(o: Order, v: e.OrderPosted, s: OrderState) -> Order:
    return _moved(o, s, v.until, c.ExpireOffers, o.docket)


def _escalated(o: Order, v: e.OrderEscalated, s: OrderState) -> Order:
    return _handed(o, s, v.holder, v.due_at, o.docket)


def _handed_back(o: Order, v: e.OrderHandedBack, s: OrderState) -> Order:
    docket = attrs.evolve(o.docket, handed_back=(*o.docket.handed_back, o.holder))
    return _handed(o, s, v.holder, v.due_at, docket)


def _handed(o: Order, s: OrderState, holder: SiteId, due_at: Instant, d: Docket) -> Order:
    return Order(
        o.request, s, o.version + 1, 0, holder, (), None, None, due_at,
        _due_on_desk(o.request, due_at), o.opening, o.asked, _held(d, o.request, due_at),
    )  # fmt: skip


def _split(o: Order, v: e.OrderSplit, s: OrderState) -> Order:
    request = attrs.evolve(o.request, needed=o.request.needed - v.needed)
    return Order(
        request, s, o.version + 1, o.attempts, o.holder, (), None, None, o.due_at, o.due,
        o.opening, o.asked, o.docket,
    )  # fmt: skip


def _paused(o: Order, v: e.OrderPaused, s: OrderState) -> Order:
    docket = attrs.evolve(_parted(o.docket), paused_at=v.at)
    released = {o.team, *(offer.team for offer in o.offers)}
    asked = tuple([team for team in o.asked if team not in released])
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder, (), None, None, v.until, c.ResumeOrder,
        o.opening, asked, docket,
    )  # fmt: skip


def _resumed(o: Order, v: e.OrderResumed, s: OrderState) -> Order:
    request = attrs.evolve(o.request, latest=v.latest)
    rested = v.at - o.docket.paused_at  # type: ignore[operator]  # paused: since some time
    docket = attrs.evolve(
        o.docket, paused_at=None, paused_for=o.docket.paused_for + rested, since=v.at
    )
    return Order(
        request, s, o.version + 1, o.attempts, o.holder, (), None, None, v.due_at,
        _due_on_desk(request, v.due_at), o.opening, o.asked, _held(docket, request, v.due_at),
    )  # fmt: skip


def _accepted(o: Order, v: e.OfferAccepted, s: OrderState) -> Order:
    asked = (*o.asked, v.team) if o.state is POOLED else o.asked
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder, (), v.team, None, v.due_at,
        c.ReportAbsence, o.opening, asked, o.docket,
    )  # fmt: skip


def _scheduled(o: Order, v: e.ServiceScheduled, s: OrderState) -> Order:
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder, (), o.team, v.start, v.end,
        c.ReportAbsence, o.opening, o.asked, _agreed(o.docket),
    )  # fmt: skip


def _other_time_asked(o: Order, v: e.OtherTimeAsked, s: OrderState) -> Order:
    return _noted(o, s, attrs.evolve(o.docket, other_time=(v.start, v.end)))


def _moved(o: Order, s: OrderState, due_at: Instant | None, due: type | None, d: Docket) -> Order:
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder, (), o.team, o.start, due_at, due,
        o.opening, o.asked, d,
    )  # fmt: skip


def _started(o: Order, v: e.ServiceStarted, s: OrderState) -> Order:
    d = _stopped(o.docket, CONTACT, FEEDBACK)
    agreed: Duration = o.due_at - o.start  # type: ignore[operator]  # scheduled: from, and until
    docket = Docket(
        d.watches, d.overrun, d.merged, d.desk_due_at, d.handed_back, d.paused_at, d.paused_for,
        d.other_time, d.assessment, d.called_back, d.since, v.at, v.present, agreed,
    )  # fmt: skip
    return _moved(o, s, None, None, docket)


def _completed(o: Order, v: e.ServiceCompleted, s: OrderState) -> Order:
    return _moved(o, s, v.due_at, c.CloseOrder, _silent(o.docket))


def _closing(o: Order, v: e.OrderRated | e.OrderShowcased, s: OrderState) -> Order:
    return _moved(o, s, v.due_at, c.CloseOrder, o.docket)


def _called_back(o: Order, v: e.RequesterCalledBack, s: OrderState) -> Order:
    return _moved(o, s, v.due_at, c.CloseOrder, attrs.evolve(o.docket, called_back=True))


def _reopened(o: Order, v: e.OrderReopened, s: OrderState) -> Order:
    request = attrs.evolve(o.request, earliest=v.at, latest=v.latest)
    docket = attrs.evolve(
        o.docket, assessment=None, called_back=False, overrun=(), handed_back=(), since=v.at,
        started_at=None, present=0, agreed=0,
    )  # fmt: skip
    return Order(
        request, s, o.version + 1, o.attempts + 1, o.holder, (), None, None, v.due_at,
        _due_on_desk(request, v.due_at), o.opening + 1, (), _held(docket, request, v.due_at),
    )  # fmt: skip


def _noted(o: Order, s: OrderState, d: Docket) -> Order:
    """Give the order unchanged but for what is kept beside its course."""
    return Order(
        o.request, s, o.version + 1, o.attempts, o.holder, o.offers, o.team, o.start, o.due_at,
        o.due, o.opening, o.asked, d,
    )  # fmt: skip


def _absorbed(o: Order, v: e.NeedAbsorbed, s: OrderState) -> Order:
    return _noted(o, s, attrs.evolve(o.docket, merged=(*o.docket.merged, v.need)))


def _clock_started(o: Order, v: e.ClockStarted, s: OrderState) -> Order:
    docket = _stopped(o.docket, v.clock)
    return _noted(o, s, attrs.evolve(docket, watches=(*docket.watches, Watch(v.clock, v.due_at))))


def _supervised(o: Order, v: e.OrderSupervised, s: OrderState) -> Order:
    docket = _stopped(o.docket, v.clock)
    return _noted(o, s, attrs.evolve(docket, overrun=(*docket.overrun, v.clock)))


def _progressed(o: Order, v: e.ProgressReported, s: OrderState) -> Order:
    told = CONTACT if v.progress is e.Progress.CONTACTED else FEEDBACK
    return _noted(o, s, _stopped(o.docket, told))


def _assessed(o: Order, v: e.ServiceAssessed, s: OrderState) -> Order:
    return _noted(o, s, attrs.evolve(o.docket, assessment=v.score))


def _stopped(d: Docket, *clocks: Clock) -> Docket:
    if not d.watches:
        return d
    return attrs.evolve(d, watches=tuple([w for w in d.watches if w.clock not in clocks]))


def _agreed(d: Docket) -> Docket:
    return d if d.other_time is None else attrs.evolve(d, other_time=None)


def _parted(d: Docket) -> Docket:
    """Give what is left where a team is gone: nobody waits for its call, or its answer."""
    return _agreed(_stopped(d, CONTACT))


def _silent(d: Docket) -> Docket:
    return attrs.evolve(d, watches=()) if d.watches else d


def _ended(o: Order, v: e.OrderEvent, s: OrderState) -> Order:
    return _moved(o, s, None, None, _silent(o.docket))


_Apply: TypeAlias = "Callable[[Any, Any, OrderState], Order]"
_APPLY: Mapping[type[e.OrderEvent], _Apply] = {
    e.NeedCollected: _collected,
    e.NeedMerged: _ended,
    e.NeedAbsorbed: _absorbed,
    e.OrderPlaced: _placed,
    e.OrderRejected: _ended,
    e.OrderReviewed: _reviewed,
    e.OfferMade: _offer_made,
    e.OfferDeclined: _offer_ended,
    e.OfferExpired: _offer_ended,
    e.OrderPosted: _posted,
    e.OrderReturned: _returned,
    e.OrderEscalated: _escalated,
    e.OrderHandedBack: _handed_back,
    e.OrderRecalled: _recalled,
    e.OrderSplit: _split,
    e.OrderPaused: _paused,
    e.OrderResumed: _resumed,
    e.ClockStarted: _clock_started,
    e.OrderSupervised: _supervised,
    e.ProgressReported: _progressed,
    e.OfferAccepted: _accepted,
    e.ServiceScheduled: _scheduled,
    e.OtherTimeAsked: _other_time_asked,
    e.TeamWithdrew: _returned,
    e.TeamAbsent: _returned,
    e.ServiceStarted: _started,
    e.ServiceCompleted: _completed,
    e.OrderRated: _closing,
    e.ServiceAssessed: _assessed,
    e.RequesterCalledBack: _called_back,
    e.OrderReopened: _reopened,
    e.OrderShowcased: _closing,
    e.OrderClosed: _ended,
    e.OrderCancelled: _ended,
    e.OrderUnserved: _ended,
}
_MOVES: Mapping[OrderState, Mapping[type[e.OrderEvent], tuple[_Apply, OrderState]]] = {
    state: {kind: (_APPLY[kind], target) for kind, target in row.items()}
    for state, row in ORDER.table.items()
}
"""What an event does in a state, and where it leads."""
