"""From an order and a command to events, or to a refusal: the law of the loop.

Nothing here reads a clock, a hierarchy or a random number. What a policy may ask is limited here:
after its tries or its clock an order moves on by itself, and no command makes a team accept.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, TypeAlias

from practice_core.lifecycle import Role
from practice_core.orders import commands as c
from practice_core.orders import events as e
from practice_core.orders.evolve import evolve
from practice_core.orders.loop import ORDER
from practice_core.orders.model import Actor, Order, OrderState
from practice_core.units import Instant, is_identifier, value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from practice_core.orders.model import Request
    from practice_core.orders.profile import LoopProfile
    from practice_core.units import SiteId

__all__ = ["Refusal", "Refused", "decide", "step"]

_BEST_SCORE = 5


class Refusal(enum.StrEnum):
    """Why a command was refused, in order of precedence: the first that applies is given."""

    UNKNOWN_ORDER = "unknown_order"
    """There is no such order, or the actor may not even read it."""
    ROLE = "role"
    """Nobody in this role gives this command."""
    SCOPE = "scope"
    """Somebody in this role does, but not this actor for this order."""
    STATE = "state"
    """Not in the order's present state."""
    LATE = "late"
    """The window for it is over."""
    EARLY = "early"
    """The clock has not run out yet."""
    INVALID_REQUEST = "invalid_request"
    """Bad id, another's name, empty window, nobody needed, no duration, no desk, or one twice."""
    NO_TEAM = "no_team"
    """An offer to nobody, or to one team twice."""
    ASKED = "asked"
    """A team was already asked for this order."""
    LAST_DESK = "last_desk"
    """There is no further desk to escalate to."""
    OUTSIDE_WINDOW = "outside_window"
    """The service would not lie inside the requested window, or would start in the past."""
    INVALID_VALUE = "invalid_value"
    """A number is out of its range."""
    NO_CONSENT = "no_consent"
    """Nothing is shown without consent."""
    SAME_ORDER = "same_order"
    """A need cannot be merged into itself."""


@value
class Refused:
    """A command that was not carried out; nothing changed.

    Parameters
    ----------
    command
        Its class.
    reason
        The first refusal that applies.
    """

    command: type[c.OrderCommand]
    reason: Refusal


Outcome: TypeAlias = "tuple[e.OrderEvent, ...] | Refusal"


def decide(
    order: Order | None, command: c.OrderCommand, at: Instant, by: Actor, profile: LoopProfile
) -> tuple[e.OrderEvent, ...] | Refused:
    """Decide what a command does to an order.

    Scope is checked here as far as the order itself tells: a team answers for its own offer or
    job, a requester for what he placed. What takes the hierarchy (an officer's desks, who may
    read) is `may`, which a service asks first.

    Parameters
    ----------
    order
        The order as it stands, or None if there is none under this id.
    command
        What is asked.
    at
        When, in ms since the epoch.
    by
        Who asks.
    profile
        The loop of the area.

    Returns
    -------
    tuple of OrderEvent, or Refused
        One event or several, to be applied in order; or the first refusal that applies.
    """
    kind = type(command)
    sources, roles, handler = _HANDLERS[kind]
    state = OrderState.ABSENT if order is None else order.state
    if order is None and OrderState.ABSENT not in sources:
        return Refused(kind, Refusal.UNKNOWN_ORDER)
    if by.role not in roles:
        return Refused(kind, Refusal.ROLE)
    if order is not None and not _in_scope(order, by):
        return Refused(kind, Refusal.SCOPE)
    if state not in sources:
        return Refused(kind, Refusal.STATE)
    outcome = handler(order, command, at, by, profile)
    return outcome if isinstance(outcome, tuple) else Refused(kind, outcome)


def step(
    order: Order | None, command: c.OrderCommand, at: Instant, by: Actor, profile: LoopProfile
) -> tuple[Order, tuple[e.OrderEvent, ...]] | Refused:
    """Decide and apply: the one function that service and simulation both call.

    Returns
    -------
    (Order, tuple of OrderEvent), or Refused
        The order after all its new events, and the events; or the refusal.
    """
    events = decide(order, command, at, by, profile)
    if isinstance(events, Refused):
        return events
    for event in events:
        order = evolve(order, event)
    return order, events  # type: ignore[return-value]  # at least one event was applied


def _in_scope(order: Order, by: Actor) -> bool:
    role = by.role
    if role is Role.OFFICER or role is Role.SYSTEM:
        return True
    if role is Role.TEAM:
        if order.state is OrderState.OFFERED:
            return any(offer.team == by.team for offer in order.offers)
        if order.state is OrderState.POOLED:
            return by.team is not None and by.team not in order.asked
        return by.team is not None and by.team == order.team
    return by.id == order.request.placed_by


def _valid(request: Request, at: Instant, by: Actor) -> bool:
    return (
        is_identifier(request.id)
        and (by.role is Role.OFFICER or by.id == request.placed_by)
        and request.placed_at == at
        and request.earliest < request.latest
        and at < request.latest
        and request.needed >= 1
        and request.duration >= 1
        and 0 < len(request.route) == len(set(request.route))
    )


def _waits_until(order: Order, at: Instant, profile: LoopProfile, latest: Instant) -> Instant:
    """Give the next clock of an order that waits on its desk."""
    if profile.desk_within is None or order.holder == order.request.route[-1]:
        return latest
    return min(latest, at + profile.desk_within)


def _moves_on(
    order: Order, at: Instant, by: Actor, profile: LoopProfile
) -> tuple[e.OrderEvent, ...]:
    """Give what the law does after one more failed round: nothing, the next desk, or the end."""
    request = order.request
    if at >= request.latest:
        return (e.OrderUnserved(request.id, at, by.id, e.UnservedReason.DUE),)
    if order.attempts + 1 < profile.tries:
        return ()
    holder = _next_desk(order)
    if holder is None:
        return (e.OrderUnserved(request.id, at, by.id, e.UnservedReason.TRIES),)
    return (_escalation(order, holder, at, by, profile),)


def _next_desk(order: Order) -> SiteId | None:
    route = order.request.route
    place = route.index(order.holder) + 1
    return route[place] if place < len(route) else None


def _escalation(
    order: Order, holder: SiteId, at: Instant, by: Actor, profile: LoopProfile
) -> e.OrderEvent:
    request = order.request
    due_at = request.latest
    if profile.desk_within is not None and holder != request.route[-1]:
        due_at = min(due_at, at + profile.desk_within)
    return e.OrderEscalated(request.id, at, by.id, holder, due_at)


def _collect(o: Order | None, v: c.CollectNeed, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if not _valid(v.request, at, by):
        return Refusal.INVALID_REQUEST
    return (e.NeedCollected(v.request.id, at, by.id, v.request),)


def _merge(o: Order, v: c.MergeNeed, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if v.into == o.request.id:
        return Refusal.SAME_ORDER
    return (e.NeedMerged(o.request.id, at, by.id, v.into),)


def _place(o: Order | None, v: c.PlaceOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if not _valid(v.request, at, by) or (o is not None and o.request.id != v.request.id):
        return Refusal.INVALID_REQUEST
    return (e.OrderPlaced(v.request.id, at, by.id, v.request, v.request.latest),)


def _reject(o: Order, v: c.RejectOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    return (e.OrderRejected(o.request.id, at, by.id, v.reason),)


def _review(o: Order, v: c.ReviewOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    latest = o.request.latest
    if at >= latest:
        return Refusal.LATE
    return (e.OrderReviewed(o.request.id, at, by.id, _waits_until(o, at, p, latest)),)


def _offer(o: Order, v: c.OfferOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    r = o.request
    if at >= r.latest:
        return Refusal.LATE
    if not v.teams or len(set(v.teams)) < len(v.teams):
        return Refusal.NO_TEAM
    if any(team in o.asked for team in v.teams):
        return Refusal.ASKED
    if v.open_for <= 0:
        return Refusal.INVALID_VALUE
    until = min(at + min(v.open_for, p.offer_open), r.latest)
    return tuple([e.OfferMade(r.id, at, by.id, team, until) for team in v.teams])


def _post(o: Order, v: c.PostOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at >= o.request.latest:
        return Refusal.LATE
    if v.open_for <= 0:
        return Refusal.INVALID_VALUE
    until = min(at + min(v.open_for, p.offer_open), o.request.latest)
    return (e.OrderPosted(o.request.id, at, by.id, until),)


def _accept(o: Order, v: c.AcceptOffer, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > _answer_until(o, by):
        return Refusal.LATE
    due_at = min(at + p.schedule_within, o.request.latest)
    return (e.OfferAccepted(o.request.id, at, by.id, by.team, due_at),)  # type: ignore[arg-type]  # in scope: has a team


def _answer_until(o: Order, by: Actor) -> Instant:
    for offer in o.offers:
        if offer.team == by.team:
            return offer.until
    return o.due_at  # type: ignore[return-value]  # pooled: the posting's end


def _decline(o: Order, v: c.DeclineOffer, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > _answer_until(o, by):
        return Refusal.LATE
    r = o.request
    declined = e.OfferDeclined(r.id, at, by.id, by.team, v.reason)  # type: ignore[arg-type]  # in scope: has a team
    if len(o.offers) > 1:
        return (declined,)
    returned = e.OrderReturned(r.id, at, by.id, _waits_until(o, at, p, r.latest))
    return (declined, returned, *_moves_on(o, at, by, p))


def _expire(o: Order, v: c.ExpireOffers, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at < o.due_at:  # type: ignore[operator]  # offered or pooled: has a clock
        return Refusal.EARLY
    r = o.request
    over = [e.OfferExpired(r.id, at, by.id, f.team) for f in o.offers if f.until <= at]
    if len(over) < len(o.offers):
        return tuple(over)
    returned = e.OrderReturned(r.id, at, by.id, _waits_until(o, at, p, r.latest))
    return (*over, returned, *_moves_on(o, at, by, p))


def _escalate(o: Order, v: c.EscalateOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    clocked = by.role is Role.SYSTEM
    if at >= o.request.latest:
        # A clock that ran out while nobody looked must still lead somewhere.
        return _given_up(o, at, by) if clocked else Refusal.LATE
    if clocked and at < o.due_at:  # type: ignore[operator]  # reviewed: has a clock
        return Refusal.EARLY
    holder = _next_desk(o)
    if holder is None:
        return Refusal.LAST_DESK
    return (_escalation(o, holder, at, by, p),)


def _schedule(o: Order, v: c.ScheduleService, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > o.due_at:  # type: ignore[operator]  # accepted or scheduled: has a clock
        return Refusal.LATE
    r = o.request
    if not (at <= v.start < v.end and r.earliest <= v.start and v.end <= r.latest):
        return Refusal.OUTSIDE_WINDOW
    return (e.ServiceScheduled(r.id, at, by.id, v.start, v.end),)


def _withdraw(o: Order, v: c.WithdrawTeam, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    # Notice ends where the service starts: from then on it is an absence.
    if at > (o.due_at if o.start is None else o.start):  # type: ignore[operator]  # has a clock
        return Refusal.LATE
    r = o.request
    back = e.TeamWithdrew(r.id, at, by.id, v.reason, _waits_until(o, at, p, r.latest))
    return (back, *_moves_on(o, at, by, p))


def _absent(o: Order, v: c.ReportAbsence, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    r = o.request
    clock = o.due_at if o.start is None or by.role is Role.SYSTEM else o.start
    if at < clock:  # type: ignore[operator]  # accepted or scheduled: has a clock
        return Refusal.EARLY
    if not 0 <= v.present < o.request.needed:
        return Refusal.INVALID_VALUE
    absent = e.TeamAbsent(r.id, at, by.id, v.present, _waits_until(o, at, p, r.latest))
    return (absent, *_moves_on(o, at, by, p))


def _start(o: Order, v: c.StartService, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > o.due_at:  # type: ignore[operator]  # scheduled: has a clock
        return Refusal.LATE
    if v.present < 1:
        return Refusal.INVALID_VALUE
    return (e.ServiceStarted(o.request.id, at, by.id, v.present),)


def _complete(o: Order, v: c.CompleteService, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if v.minutes < 1:
        return Refusal.INVALID_VALUE
    return (e.ServiceCompleted(o.request.id, at, by.id, v.minutes, at + p.rating_within),)


def _rate(o: Order, v: c.RateOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > o.due_at:  # type: ignore[operator]  # served: has a clock
        return Refusal.LATE
    if not 1 <= v.score <= _BEST_SCORE:
        return Refusal.INVALID_VALUE
    i = o.request.id
    rated = e.OrderRated(i, at, by.id, v.score, at + (p.showcase or 0))
    if v.score < p.satisfied_from and o.opening < p.redos:
        latest = p.calendar.add_working(at, p.redo_within)
        due_at = _waits_until(o, at, p, latest)
        return (rated, e.OrderReopened(i, at, by.id, latest, due_at))
    if p.showcase is None:
        return (rated, e.OrderClosed(i, at, by.id, e.CloseReason.RATED))
    return (rated,)


def _showcase(o: Order, v: c.ShowcaseOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > o.due_at:  # type: ignore[operator]  # rated: has a clock
        return Refusal.LATE
    if not v.consent:
        return Refusal.NO_CONSENT
    return (e.OrderShowcased(o.request.id, at, by.id, at + (p.showcase or 0)),)


def _close(o: Order, v: c.CloseOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if by.role is Role.SYSTEM and at < o.due_at:  # type: ignore[operator]  # served on: has a clock
        return Refusal.EARLY
    over = at >= o.due_at  # type: ignore[operator]  # as above
    reason = e.CloseReason.WINDOW_OVER if over else e.CloseReason.CALLED_BACK
    return (e.OrderClosed(o.request.id, at, by.id, reason),)


def _cancel(o: Order, v: c.CancelOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    return (e.OrderCancelled(o.request.id, at, by.id, v.reason),)


def _give_up(o: Order, v: c.GiveUpOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if by.role is Role.SYSTEM and at < o.request.latest:
        return Refusal.EARLY
    return _given_up(o, at, by)


def _given_up(o: Order, at: Instant, by: Actor) -> tuple[e.OrderEvent, ...]:
    if not o.asked:
        reason = e.UnservedReason.NOBODY
    elif at < o.request.latest:
        reason = e.UnservedReason.TRIES
    else:
        reason = e.UnservedReason.DUE
    return (e.OrderUnserved(o.request.id, at, by.id, reason),)


_Handler: TypeAlias = "Callable[[Any, Any, Instant, Actor, LoopProfile], Outcome]"
_DECIDE: Mapping[type[c.OrderCommand], _Handler] = {
    c.CollectNeed: _collect,
    c.MergeNeed: _merge,
    c.PlaceOrder: _place,
    c.RejectOrder: _reject,
    c.ReviewOrder: _review,
    c.OfferOrder: _offer,
    c.PostOrder: _post,
    c.AcceptOffer: _accept,
    c.DeclineOffer: _decline,
    c.ExpireOffers: _expire,
    c.EscalateOrder: _escalate,
    c.ScheduleService: _schedule,
    c.WithdrawTeam: _withdraw,
    c.ReportAbsence: _absent,
    c.StartService: _start,
    c.CompleteService: _complete,
    c.RateOrder: _rate,
    c.ShowcaseOrder: _showcase,
    c.CloseOrder: _close,
    c.CancelOrder: _cancel,
    c.GiveUpOrder: _give_up,
}
_HANDLERS = {
    rule.command: (rule.sources, rule.roles, _DECIDE[rule.command]) for rule in ORDER.rules
}
