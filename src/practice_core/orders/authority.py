"""Who may read an order, and who may command it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from practice_core.lifecycle import Role
from practice_core.orders.model import OrderState

if TYPE_CHECKING:
    from practice_core.hierarchy import Hierarchy
    from practice_core.orders.model import Actor, Order
    from practice_core.units import SiteId

__all__ = ["Access", "may"]


class Access(enum.IntEnum):
    """How far an actor's authority over an order goes; more includes less."""

    NONE = 0
    READ = 1
    COMMAND = 2


def may(by: Actor, order: Order, h: Hierarchy) -> Access:
    """Tell what an actor may do with an order; pure.

    An officer commands while the order's holder is his site or lies in its scope, and reads while
    the requested site does; a holder may be an allied center that the hierarchy does not know. A
    team commands what it was offered or has accepted, and what is posted to the pool unless it was
    asked before; a requester or proxy what he placed; the system only ever runs clocks. An order
    that may not be read does not exist for the actor (`Refusal.UNKNOWN_ORDER`).
    """
    role = by.role
    if role is Role.SYSTEM:
        return Access.COMMAND
    if role is Role.TEAM:
        known = by.team is not None and (
            by.team == order.team
            or any(offer.team == by.team for offer in order.offers)
            or (order.state is OrderState.POOLED and by.team not in order.asked)
        )
        return Access.COMMAND if known else Access.NONE
    if role is Role.OFFICER:
        return _officer(by.site, order, h)
    return Access.COMMAND if by.id == order.request.placed_by else Access.NONE


def _officer(site: SiteId | None, order: Order, h: Hierarchy) -> Access:
    if site is not None and site == order.holder:
        return Access.COMMAND
    if site is None or site not in h:
        return Access.NONE
    if order.holder in h and h.covers(site, order.holder):
        return Access.COMMAND
    wanted = order.request.site
    return Access.READ if wanted in h and h.covers(site, wanted) else Access.NONE
