"""When the clocks of an order run out: computed as it is decided, and stored in its events.

Instants and lengths are in ms, instants since 1970-01-01T00:00Z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from practice_core.lifecycle import AfterPause
from practice_core.orders import events as e
from practice_core.orders.model import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from practice_core.lifecycle import Actor
    from practice_core.orders.model import Docket, Order, OrderState, Request
    from practice_core.orders.profile import LoopProfile, Supervised
    from practice_core.units import Duration, Instant, SiteId

__all__ = ["clocks_after_pause", "clocks_from", "due_at_desk", "next_desk", "waits_until"]


def waits_until(order: Order, at: Instant) -> Instant:
    """Give the clock of an order that comes back to its desk: the desk's goes on from before."""
    desk_due_at, latest = order.docket.desk_due_at, order.request.latest
    return latest if desk_due_at is None else min(latest, max(at, desk_due_at))


def due_at_desk(
    request: Request, holder: SiteId, at: Instant, profile: LoopProfile, latest: Instant
) -> Instant:
    """Give the clock of a desk that an order comes to: the last waits until the window is over."""
    if profile.desk_within is None or holder == request.route[-1]:
        return latest
    return min(latest, at + profile.desk_within)


def next_desk(order: Order) -> SiteId | None:
    """Give the desk after the one that holds an order; None: there is none."""
    route = order.request.route
    place = route.index(order.holder) + 1
    return route[place] if place < len(route) else None


def clocks_from(  # noqa: PLR0913, PLR0917 - what an event is made of
    docket: Docket | None,
    request: Request,
    since: OrderState,
    at: Instant,
    by: Actor,
    profile: LoopProfile,
) -> Iterable[e.OrderEvent]:
    """Start the clocks that count from here; one that runs, or ran out, is not started again."""
    before = () if docket is None else (*(w.clock for w in docket.watches), *docket.overrun)
    for clock in Clock:
        one = _supervised(profile, clock, request)
        again = clock in before and clock is not Clock.CONTACT
        if one is not None and one.since is since and not again:
            due_at = _runs_out(one, one.within, at, profile)
            yield e.ClockStarted(request.id, at, by.id, clock, due_at)


def clocks_after_pause(
    order: Order, paused_at: Instant, at: Instant, by: Actor, profile: LoopProfile
) -> Iterable[e.OrderEvent]:
    """Start the clocks again that were running: with all their time, or with what was left."""
    remaining = profile.after_pause is AfterPause.REMAINING
    for watch in order.docket.watches:
        one = _supervised(profile, watch.clock, order.request)
        if one is not None:
            left = one.within
            if remaining and one.working:
                left = profile.calendar.working_between(paused_at, watch.due_at)
            elif remaining:
                left = max(0, watch.due_at - paused_at)
            due_at = _runs_out(one, left, at, profile)
            yield e.ClockStarted(order.request.id, at, by.id, one.clock, due_at)


def _runs_out(one: Supervised, left: Duration, at: Instant, profile: LoopProfile) -> Instant:
    return profile.calendar.add_working(at, left) if one.working else at + left


def _supervised(profile: LoopProfile, clock: Clock, request: Request) -> Supervised | None:
    """Give what the loop says of a clock: of orders as pressing as this, else of all."""
    found = {one.priority: one for one in profile.supervised if one.clock is clock}
    return found.get(request.priority) or found.get(None)
