"""Who may read an order, and who may command it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from practice_core.lifecycle import Role

if TYPE_CHECKING:
    from practice_core.hierarchy import Hierarchy
    from practice_core.orders.model import Actor, Order

__all__ = ["Access", "may"]


class Access(enum.IntEnum):
    """How far an actor's authority over an order goes; more includes less."""

    NONE = 0
    READ = 1
    COMMAND = 2


def may(by: Actor, order: Order, h: Hierarchy) -> Access:
    """Tell what an actor may do with an order; pure.

    An officer commands while the order's holder lies in the scope of his site, and reads while
    the requested site does. A team commands what it was offered or has accepted; a requester or
    proxy what he placed; the system only ever runs clocks. An order that may not be read does not
    exist for the actor (`Refusal.UNKNOWN_ORDER`).
    """
    role = by.role
    if role is Role.SYSTEM:
        return Access.COMMAND
    if role is Role.TEAM:
        known = by.team is not None and (
            by.team == order.team or any(offer.team == by.team for offer in order.offers)
        )
        return Access.COMMAND if known else Access.NONE
    if role is Role.OFFICER:
        if by.site is None or by.site not in h:
            return Access.NONE
        if order.holder in h and h.covers(by.site, order.holder):
            return Access.COMMAND
        return Access.READ if h.covers(by.site, order.request.site) else Access.NONE
    return Access.COMMAND if by.id == order.request.placed_by else Access.NONE
