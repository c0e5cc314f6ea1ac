"""Who may read an order, and who may command it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from practice_core.errors import DefinitionError
from practice_core.lifecycle import Refused, Role
from practice_core.orders.commands import CollectNeed, PlaceOrder
from practice_core.orders.loop import ORDER
from practice_core.orders.model import OrderState
from practice_core.orders.profile import NO_LINKS
from practice_core.orders.refusals import Refusal

if TYPE_CHECKING:
    from practice_core.hierarchy import Hierarchy
    from practice_core.lifecycle import Actor
    from practice_core.orders.commands import OrderCommand
    from practice_core.orders.model import Order, Request
    from practice_core.orders.profile import Links, LoopProfile
    from practice_core.units import SiteId

__all__ = ["Access", "authorise", "may"]


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


def authorise(  # noqa: PLR0913, PLR0917 - as `decide`, and what it does not know of the area
    order: Order | None,
    command: OrderCommand,
    by: Actor,
    profile: LoopProfile,
    h: Hierarchy,
    links: Links = NO_LINKS,
) -> Refused | None:
    """Refuse what `step` cannot know to be outside an actor's authority; a service asks this first.

    Parameters
    ----------
    order, command, by, profile
        As for `step`.
    h, links
        The area's desks.

    Returns
    -------
    Refused or None
        `UNKNOWN_ORDER` for an order that the actor may not even read, `SCOPE` for one that he may
        only read and for a site outside his, `INVALID_REQUEST` for a site that the area does not
        have and for a route that is not the loop's. None: `step` decides.

    Examples
    --------
    An officer of one station of Wujiang orders for another.

    >>> from practice_core import load_area
    >>> from practice_core.lifecycle import Refused, Role
    >>> from practice_core.orders import Actor, PlaceOrder, Request, RequestedTime
    >>> area = load_area("wujiang")
    >>> request = Request(
    ...     "o-1", "wj-s002", "aid", "ann", 0, 0, 1, 1, 60, RequestedTime.ANY, ("wj-center",)
    ... )
    >>> officer = Actor("wj-s001", Role.OFFICER, site="wj-s001")
    >>> authorise(None, PlaceOrder(request), officer, area.profile, area.hierarchy()).reason
    <Refusal.SCOPE: 'scope'>
    """
    kind = type(command)
    given = kind in profile.rules and by.role in profile.rules[kind].roles
    reason = None if order is None else _unreadable(may(by, order, h), given=given)
    begins = order is None or order.state in ORDER.rule_of[kind].sources
    if reason is None and given and begins and isinstance(command, CollectNeed | PlaceOrder):
        reason = _misplaced(command.request, by, profile, h, links)
    return None if reason is None else Refused(kind, reason)


def _unreadable(access: Access, *, given: bool) -> Refusal | None:
    """Give why somebody may not command an order; `given`: whether his role gives the command."""
    if access is Access.COMMAND:
        return None
    if access is Access.NONE:
        return Refusal.UNKNOWN_ORDER
    return Refusal.SCOPE if given else Refusal.ROLE


def _misplaced(
    request: Request, by: Actor, profile: LoopProfile, h: Hierarchy, links: Links
) -> Refusal | None:
    """Give why somebody may not order what he asks for, where he asks for it."""
    if not _may_place(by, request.site, h):
        return Refusal.SCOPE
    if request.site not in h or not h.covers(h.root.id, request.site):  # of an allied area: there
        return Refusal.INVALID_REQUEST
    try:
        route = profile.route(request.site, h, category=request.category, links=links)
    except DefinitionError:  # the site has no desk
        return Refusal.INVALID_REQUEST
    return None if request.route == route else Refusal.INVALID_REQUEST


def _may_place(by: Actor, site: SiteId, h: Hierarchy) -> bool:
    """Tell whether somebody may order for a site: a resident for any, others for their own."""
    if by.site is None:
        return by.role is not Role.OFFICER
    return by.site in h and site in h and h.covers(by.site, site)


def _officer(site: SiteId | None, order: Order, h: Hierarchy) -> Access:
    if site is not None and site == order.holder:
        return Access.COMMAND
    if site is None or site not in h:
        return Access.NONE
    if order.holder in h and h.covers(site, order.holder):
        return Access.COMMAND
    wanted = order.request.site
    return Access.READ if wanted in h and h.covers(site, wanted) else Access.NONE
