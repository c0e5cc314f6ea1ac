"""What is done to several orders at once: alike needs become one, one order becomes several.

Each of them goes through `step`, so that nothing happens here that may not happen to one; and
either all go or none does.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, TypeAlias

import attrs

from practice_core.lifecycle import Refused
from practice_core.orders.commands import (
    AbsorbNeed,
    MergeNeed,
    OrderCommand,
    SplitOrder,
)
from practice_core.orders.decide import step
from practice_core.orders.events import ClockStarted, OrderPlaced, OrderReviewed
from practice_core.orders.evolve import evolve
from practice_core.orders.refusals import Refusal
from practice_core.units import MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.lifecycle import Actor
    from practice_core.orders.events import OrderEvent
    from practice_core.orders.model import Order, Request
    from practice_core.orders.profile import LoopProfile
    from practice_core.units import Instant, OrderId

    Changed: TypeAlias = tuple[Order, tuple[OrderEvent, ...]]

__all__ = ["alike", "consolidate", "divide"]


def alike(one: Request, other: Request) -> bool:
    """Tell whether two needs may be served together: one kind, one place, time for both at once."""
    same = ("site", "category", "group", "conditions", "priority")
    together = min(one.latest, other.latest) - max(one.earliest, other.earliest)
    return together >= max(one.duration, other.duration) * MINUTE and all(
        getattr(one, name) == getattr(other, name) for name in same
    )


def consolidate(
    into: Order, needs: Sequence[Order], at: Instant, by: Actor, profile: LoopProfile
) -> tuple[Changed, ...] | Refused:
    """Let collected needs live on in one that is alike (统单).

    Parameters
    ----------
    into
        The need, or the order not yet given to a team, that they live on in.
    needs
        Collected needs.
    at, by, profile
        As for `step`; who acts must have been authorised for each order (`authorise`).

    Returns
    -------
    tuple of (Order, events), or Refused
        The changed orders, `into` first; or why none is changed: what `step` refuses, and as
        `Refusal.INVALID_REQUEST` a need that is not alike.
    """
    if not all(alike(into.request, need.request) for need in needs):
        return Refused(MergeNeed, Refusal.INVALID_REQUEST)
    absorbed = _after(into, [AbsorbNeed(need.id) for need in needs], at, by, profile)
    merged = [_after(need, [MergeNeed(into.id)], at, by, profile) for need in needs]
    return _all_or_none([absorbed, *merged])


def divide(
    order: Order, shares: Mapping[OrderId, int], at: Instant, by: Actor, profile: LoopProfile
) -> tuple[Changed, ...] | Refused:
    """Let several teams serve an order: each share of its volunteers becomes an order of its own.

    A child was placed when its parent was, lies on the same desk, with its clocks, and goes on from
    there as an order of its own. Whoever placed the parent rates each.

    Parameters
    ----------
    order
        A reviewed order.
    shares
        Ids of the children, and how many volunteers each asks for; the order keeps the others.
    at, by, profile
        As for `step`; who acts must have been authorised for the order (`authorise`).

    Returns
    -------
    tuple of (Order, events), or Refused
        The changed orders, `order` first; or what `step` refuses.
    """
    splits = [SplitOrder(child, needed) for child, needed in shares.items()]
    divided = _after(order, splits, at, by, profile)
    if isinstance(divided, Refused):
        return divided
    return (divided, *(_born(order, child, needed, at, by) for child, needed in shares.items()))


def _born(parent: Order, child: OrderId, needed: int, at: Instant, by: Actor) -> Changed:
    """Give a child: nobody places it a second time, whatever the loop says of who places orders."""
    r = parent.request
    route = r.route[r.route.index(parent.holder) :]
    request = attrs.evolve(r, id=child, needed=needed, parent=r.id, route=route)
    due_at: Instant = parent.due_at  # type: ignore[assignment]  # reviewed: has a clock
    events: tuple[OrderEvent, ...] = (
        OrderPlaced(child, at, by.id, request, r.latest),
        OrderReviewed(child, at, by.id, due_at),
        *(ClockStarted(child, at, by.id, w.clock, w.due_at) for w in parent.docket.watches),
    )
    nothing: Order | None = None
    return reduce(evolve, events, nothing), events  # type: ignore[return-value]  # placed: there is one


def _after(
    order: Order,
    commands: Sequence[OrderCommand],
    at: Instant,
    by: Actor,
    profile: LoopProfile,
) -> Changed | Refused:
    """Give an order after several commands; refused if one of them is."""
    events: tuple[OrderEvent, ...] = ()
    for command in commands:
        answer = step(order, command, at, by, profile)
        if isinstance(answer, Refused):
            return answer
        order, more = answer
        events += more
    return order, events


def _all_or_none(answers: Sequence[Changed | Refused]) -> tuple[Changed, ...] | Refused:
    for answer in answers:
        if isinstance(answer, Refused):
            return answer
    return tuple(answers)  # type: ignore[arg-type]  # none is refused
