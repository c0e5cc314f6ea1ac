"""What is done to several orders at once: alike needs become one, one order becomes several.

Each of them goes through `step`, so that nothing happens here that may not happen to one; and
either all go or none does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

from practice_core.orders.commands import (
    AbsorbNeed,
    MergeNeed,
    OrderCommand,
    PlaceOrder,
    ReviewOrder,
    SplitOrder,
)
from practice_core.orders.decide import Refusal, Refused, step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.orders.events import OrderEvent
    from practice_core.orders.model import Actor, Order, Request
    from practice_core.orders.profile import LoopProfile
    from practice_core.units import Instant, OrderId

    Changed: TypeAlias = tuple[Order, tuple[OrderEvent, ...]]

__all__ = ["alike", "consolidate", "divide"]


def alike(one: Request, other: Request) -> bool:
    """Tell whether two needs may be served together: of one kind, for the same, at one time."""
    same = (one.category, one.group, one.conditions) == (
        other.category,
        other.group,
        other.conditions,
    )
    return same and one.earliest < other.latest and other.earliest < one.latest


def consolidate(
    into: Order, needs: Sequence[Order], at: Instant, by: Actor, profile: LoopProfile
) -> tuple[Changed, ...] | Refused:
    """Let collected needs live on in one that is alike (统单).

    Parameters
    ----------
    into
        The need, or the order not yet given to a team, that they live on in.
    needs
        Collected needs at the same desk.
    at, by, profile
        As for `step`.

    Returns
    -------
    tuple of (Order, events), or Refused
        The changed orders, `into` first; or why none is changed: what `step` refuses, and as
        `Refusal.INVALID_REQUEST` a need that is not alike or lies on another desk.
    """
    if any(n.holder != into.holder or not alike(into.request, n.request) for n in needs):
        return Refused(MergeNeed, Refusal.INVALID_REQUEST)
    absorbed = _after(into, [AbsorbNeed(need.id) for need in needs], at, by, profile)
    merged = [_after(need, [MergeNeed(into.id)], at, by, profile) for need in needs]
    return _all_or_none([absorbed, *merged])


def divide(
    order: Order, shares: Mapping[OrderId, int], at: Instant, by: Actor, profile: LoopProfile
) -> tuple[Changed, ...] | Refused:
    """Let several teams serve an order: each share of its volunteers becomes an order of its own.

    A child asks for the same service at the same time, at the desk that holds its parent and those
    after it, and needs no second review. Whoever placed the parent rates each.

    Parameters
    ----------
    order
        A reviewed order.
    shares
        Ids of the children, and how many volunteers each asks for; the order keeps the others.
    at, by, profile
        As for `step`.

    Returns
    -------
    tuple of (Order, events), or Refused
        The changed orders, `order` first; or what `step` refuses.
    """
    splits = [SplitOrder(child, needed) for child, needed in shares.items()]
    again = [] if profile.review_within is None else [ReviewOrder()]
    route = order.request.route[order.request.route.index(order.holder) :]
    children = [
        attrs.evolve(
            order.request, id=child, needed=needed, parent=order.id, placed_at=at, route=route
        )
        for child, needed in shares.items()
    ]
    divided = _after(order, splits, at, by, profile)
    born = [_after(None, [PlaceOrder(child), *again], at, by, profile) for child in children]
    return _all_or_none([divided, *born])


def _after(
    order: Order | None,
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
    return order, events  # type: ignore[return-value]  # there is an order, or a command places it


def _all_or_none(answers: Sequence[Changed | Refused]) -> tuple[Changed, ...] | Refused:
    for answer in answers:
        if isinstance(answer, Refused):
            return answer
    return tuple(answers)  # type: ignore[arg-type]  # none is refused
