"""What an order is: its request, its present state, and who acts on it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from practice_core.units import value
from practice_core.volunteers import ServiceRole  # noqa: TC001 - cattrs reads the fields' types

if TYPE_CHECKING:
    from practice_core.terms import BeneficiaryGroup, Category
    from practice_core.units import (
        ActorId,
        Duration,
        Instant,
        Minutes,
        OrderId,
        SiteId,
        TeamId,
        VolunteerId,
    )

__all__ = [
    "UNCONDITIONAL",
    "Clock",
    "Conditions",
    "Docket",
    "OpenOffer",
    "Order",
    "OrderChannel",
    "OrderState",
    "Priority",
    "Request",
    "RequestedTime",
    "Served",
    "Watch",
]


class OrderState(enum.StrEnum):
    """Where an order stands."""

    ABSENT = "absent"
    """No order under this id yet: the state of ``None``."""
    COLLECTED = "collected"
    PLACED = "placed"
    REJECTED = "rejected"
    REVIEWED = "reviewed"
    PAUSED = "paused"
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


class OrderChannel(enum.StrEnum):
    """How an order reached the desk."""

    APP = "app"
    WEB = "web"
    KIOSK = "kiosk"
    TELEVISION = "television"
    PHONE = "phone"
    LETTER = "letter"
    DESK = "desk"
    """Said in person."""


class Priority(enum.StrEnum):
    """How pressing an order is."""

    ORDINARY = "ordinary"
    URGENT = "urgent"


class Clock(enum.StrEnum):
    """What is done late when its time is over, and then supervised (督单)."""

    REVIEW = "review"
    """The desk reviews the order."""
    CONTACT = "contact"
    """The team that accepted speaks to the requester."""
    FEEDBACK = "feedback"
    """The requester is told what will be done."""
    COMPLETION = "completion"
    """The service has ended."""


@value
class Conditions:
    """What the law asks of those who serve an order (志愿服务条例, articles 15 to 17).

    Parameters
    ----------
    min_age
        The youngest who may serve, in years; 0: anybody.
    skills
        What those who serve must have been trained in.
    qualifications
        What those who serve must be licensed for.
    danger
        Whether the service is dangerous to those who serve, who are then to be insured.
    """

    min_age: int = 0
    skills: frozenset[str] = frozenset()
    qualifications: frozenset[str] = frozenset()
    danger: bool = False


UNCONDITIONAL = Conditions()
"""Anybody may serve."""


@value
class Request:
    """What was asked for; it changes only by a redo, a pause or a split.

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
        The window: service starts no earlier and ends no later; at least as long as the service.
    needed
        Volunteers needed, from 1 to 10,000.
    duration
        Expected length of the service, in minutes, at least 1.
    requested_time
        The part of the week asked for.
    route
        The desks that may hold the order, first to last, by the area's loop profile.
    host
        The team that hosts it, if it is a site's own planned activity and not to be dispatched; an
        officer says so.
    channel
        How it reached the desk.
    for_whom
        The resident for whom a proxy (帮办员) ordered; None: whoever placed it.
    group
        Whom the service is for; None: anybody, a universal service.
    priority
        How pressing it is.
    conditions
        What is asked of those who serve.
    parent
        The order of which it is a part, if several teams serve it.
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
    channel: OrderChannel = OrderChannel.APP
    for_whom: ActorId | None = None
    group: BeneficiaryGroup | None = None
    priority: Priority = Priority.ORDINARY
    conditions: Conditions = UNCONDITIONAL
    parent: OrderId | None = None


@value
class Served:
    """A volunteer who came to a service.

    Parameters
    ----------
    volunteer
        Who.
    minutes
        For how many of its whole minutes.
    role
        What he did for it beside; None: nothing.
    grade
        1 to 3, by how hard, skilled and risky his part was; None: it is not graded.
    """

    volunteer: VolunteerId
    minutes: Minutes
    role: ServiceRole | None = None
    grade: int | None = None


@value
class OpenOffer:
    """An offer that `team` may answer up to and including `until`."""

    team: TeamId
    until: Instant


@value
class Watch:
    """A clock under supervision: `due_at` is the last instant at which nobody is late."""

    clock: Clock
    due_at: Instant


@value
class Docket:
    """What is kept of an order beside its course.

    Parameters
    ----------
    watches
        Clocks under supervision that are running.
    overrun
        Those that ran out, in order.
    merged
        Needs that live on in this order.
    desk_due_at
        When its desk has held it long enough; None: it waits as long as its window.
    handed_back
        Desks that have handed it back.
    paused_at
        Since when it rests; None: it does not.
    paused_for
        How long it has rested before.
    other_time
        The time, (start, end), that the requester asked for and the team has not answered.
    assessment
        What those who served say of it, from 1 to 5; None: nothing yet.
    called_back
        Whether the desk has asked the requester.
    since
        From when its window counts: since it was reopened or resumed; None: since it was placed.
    started_at
        When the service began; None: not yet, or not yet anew.
    present
        How many volunteers it began with.
    agreed
        How long it was to take, as agreed with the team: from the start to the end of the
        appointment it began in.
    """

    watches: tuple[Watch, ...] = ()
    overrun: tuple[Clock, ...] = ()
    merged: tuple[OrderId, ...] = ()
    desk_due_at: Instant | None = None
    handed_back: tuple[SiteId, ...] = ()
    paused_at: Instant | None = None
    paused_for: Duration = 0
    other_time: tuple[Instant, Instant] | None = None
    assessment: int | None = None
    called_back: bool = False
    since: Instant | None = None
    started_at: Instant | None = None
    present: int = 0
    agreed: Duration = 0


EMPTY = Docket()


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
        The clock of its state, and the command that the system gives when it runs out.
    opening
        How often the order was reopened for a redo.
    asked
        Teams asked in this opening, in order; a team that took it from the pool counts as asked.
    docket
        What is kept beside its course.
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
    docket: Docket = EMPTY

    @property
    def id(self) -> OrderId:
        """The order's id."""
        return self.request.id
