"""What an order is: its request, its present state, and who acts on it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from practice_core.units import value

if TYPE_CHECKING:
    from practice_core.lifecycle import Role
    from practice_core.terms import Category
    from practice_core.units import ActorId, Instant, Minutes, OrderId, SiteId, TeamId

__all__ = ["Actor", "OpenOffer", "Order", "OrderState", "Request", "RequestedTime"]


class OrderState(enum.StrEnum):
    """Where an order stands."""

    ABSENT = "absent"
    """No order under this id yet: the state of ``None``."""
    COLLECTED = "collected"
    PLACED = "placed"
    REJECTED = "rejected"
    REVIEWED = "reviewed"
    OFFERED = "offered"
    POOLED = "pooled"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    IN_SERVICE = "in_service"
    SERVED = "served"
    RATED = "rated"
    SHOWCASED = "showcased"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    UNSERVED = "unserved"


class RequestedTime(enum.StrEnum):
    """The part of the week the requester asked for."""

    WEEKDAY_DAY = "weekday_day"
    EVENING_WEEKEND = "evening_weekend"
    ANY = "any"


@value
class Request:
    """What was asked for; it never changes, but for the window of a redo.

    Parameters
    ----------
    id
        Of the order.
    site
        Where the service is wanted.
    category
        What kind of service.
    placed_by
        The resident, proxy or officer who placed it.
    placed_at
        When.
    earliest, latest
        The window: service starts no earlier and ends no later.
    needed
        Volunteers needed, at least 1.
    duration
        Expected length of the service, in minutes.
    requested_time
        The part of the week asked for.
    route
        The desks that may hold the order, first to last, by the area's loop profile.
    host
        The team that hosts it, if it is a site's own planned activity and not to be dispatched.
    """

    id: OrderId
    site: SiteId
    category: Category
    placed_by: ActorId
    placed_at: Instant
    earliest: Instant
    latest: Instant
    needed: int
    duration: Minutes
    requested_time: RequestedTime
    route: tuple[SiteId, ...]
    host: TeamId | None = None


@value
class OpenOffer:
    """An offer that `team` may answer up to and including `until`."""

    team: TeamId
    until: Instant


@value
class Order:
    """An order as its events have left it.

    Parameters
    ----------
    request
        What was asked for.
    state
        Where it stands.
    version
        How many events it has had.
    attempts
        Rounds that have failed at the present desk: declined, expired, withdrawn, absent, redone.
    holder
        The desk that holds it.
    offers
        Offers not yet answered.
    team
        The team that accepted, until it withdraws or stays away.
    start
        When the service is scheduled to start.
    due_at, due
        The next clock, and the command that the system gives when it runs out.
    opening
        How often the order was reopened for a redo.
    asked
        Teams asked in this opening, in order; a team that took it from the pool counts as asked.
    """

    request: Request
    state: OrderState
    version: int
    attempts: int
    holder: SiteId
    offers: tuple[OpenOffer, ...]
    team: TeamId | None
    start: Instant | None
    due_at: Instant | None
    due: type | None
    opening: int
    asked: tuple[TeamId, ...]

    @property
    def id(self) -> OrderId:
        """The order's id."""
        return self.request.id


@value
class Actor:
    """Who acts: a role, and the site or team it is held for.

    Parameters
    ----------
    id
        The person or program.
    role
        In which role.
    site
        The site an officer works for.
    team
        The team a team member answers for.
    """

    id: ActorId
    role: Role
    site: SiteId | None = None
    team: TeamId | None = None
