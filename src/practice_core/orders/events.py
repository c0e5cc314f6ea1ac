"""What has happened to an order: facts, in the past tense, with every deadline they set.

Each event carries its order, the instant, the actor, and at most two fields of its own, so that a
log of fixed width can hold it. A deadline is computed when the event is decided and stored in it:
replaying needs no profile and clocks survive a restart.
"""

from __future__ import annotations

import enum
from typing import ClassVar

from practice_core.orders.model import Request  # noqa: TC001 - cattrs reads the fields' types
from practice_core.units import ActorId, Instant, Minutes, OrderId, SiteId, TeamId, value

__all__ = [
    "EVENTS",
    "CancelReason",
    "CloseReason",
    "DeclineReason",
    "NeedCollected",
    "NeedMerged",
    "OfferAccepted",
    "OfferDeclined",
    "OfferExpired",
    "OfferMade",
    "OrderCancelled",
    "OrderClosed",
    "OrderEscalated",
    "OrderEvent",
    "OrderPlaced",
    "OrderPosted",
    "OrderRated",
    "OrderRejected",
    "OrderReopened",
    "OrderReturned",
    "OrderReviewed",
    "OrderShowcased",
    "OrderUnserved",
    "RejectReason",
    "ServiceCompleted",
    "ServiceScheduled",
    "ServiceStarted",
    "TeamAbsent",
    "TeamWithdrew",
    "UnservedReason",
    "WithdrawReason",
]


class RejectReason(enum.StrEnum):
    """Why a desk does not take an order."""

    OUT_OF_SCOPE = "out_of_scope"
    INCOMPLETE = "incomplete"
    DUPLICATE = "duplicate"
    UNSAFE = "unsafe"


class DeclineReason(enum.StrEnum):
    """Why a team does not take an offer; none of them costs anything."""

    UNWILLING = "unwilling"
    SLOT_GONE = "slot_gone"
    """The team said yes, but is no longer free."""


class WithdrawReason(enum.StrEnum):
    """Why a team gives an accepted order back, with notice."""

    ILLNESS = "illness"
    CLASH = "clash"
    WEATHER = "weather"
    OTHER = "other"


class CancelReason(enum.StrEnum):
    """Why an order is cancelled."""

    NO_LONGER_NEEDED = "no_longer_needed"
    SOLVED_OTHERWISE = "solved_otherwise"
    MISTAKE = "mistake"
    EMERGENCY = "emergency"


class CloseReason(enum.StrEnum):
    """What closed an order."""

    RATED = "rated"
    CALLED_BACK = "called_back"
    WINDOW_OVER = "window_over"


class UnservedReason(enum.StrEnum):
    """Why an order ended without service."""

    DUE = "due"
    """Its window is over."""
    TRIES = "tries"
    """Teams were asked in vain, as often as the loop asks or until a desk gave up."""
    NOBODY = "nobody"
    """No team was asked."""


@value
class OrderEvent:
    """What every event of an order says first."""

    kind: ClassVar[str]
    schema: ClassVar[int] = 1

    order: OrderId
    at: Instant
    by: ActorId


@value
class NeedCollected(OrderEvent):
    """A need was gathered; it is not yet an order."""

    kind: ClassVar[str] = "order.need_collected"
    request: Request


@value
class NeedMerged(OrderEvent):
    """The need lives on in another one that is alike (统单)."""

    kind: ClassVar[str] = "order.need_merged"
    into: OrderId


@value
class OrderPlaced(OrderEvent):
    """The order was placed (点单)."""

    kind: ClassVar[str] = "order.placed"
    request: Request
    due_at: Instant


@value
class OrderRejected(OrderEvent):
    """The desk does not take it."""

    kind: ClassVar[str] = "order.rejected"
    reason: RejectReason


@value
class OrderReviewed(OrderEvent):
    """The desk found it complete and lawful (审单)."""

    kind: ClassVar[str] = "order.reviewed"
    due_at: Instant


@value
class OfferMade(OrderEvent):
    """One team was offered the order (派单)."""

    kind: ClassVar[str] = "order.offer_made"
    team: TeamId
    until: Instant


@value
class OfferDeclined(OrderEvent):
    """A team declined (退单)."""

    kind: ClassVar[str] = "order.offer_declined"
    team: TeamId
    reason: DeclineReason


@value
class OfferExpired(OrderEvent):
    """A team did not answer in time."""

    kind: ClassVar[str] = "order.offer_expired"
    team: TeamId


@value
class OrderPosted(OrderEvent):
    """The order was posted to the open pool for any lawful team to grab (抢单)."""

    kind: ClassVar[str] = "order.posted"
    until: Instant


@value
class OrderReturned(OrderEvent):
    """No offer is left open: the order is back on its desk, the round counted."""

    kind: ClassVar[str] = "order.returned"
    due_at: Instant


@value
class OrderEscalated(OrderEvent):
    """The order moved to the next desk of its route."""

    kind: ClassVar[str] = "order.escalated"
    holder: SiteId
    due_at: Instant


@value
class OfferAccepted(OrderEvent):
    """A team accepted (接单); every other open offer is void."""

    kind: ClassVar[str] = "order.offer_accepted"
    team: TeamId
    due_at: Instant


@value
class ServiceScheduled(OrderEvent):
    """Team and requester agreed on a time."""

    kind: ClassVar[str] = "order.service_scheduled"
    start: Instant
    end: Instant


@value
class TeamWithdrew(OrderEvent):
    """The team gave the order back, with notice."""

    kind: ClassVar[str] = "order.team_withdrew"
    reason: WithdrawReason
    due_at: Instant


@value
class TeamAbsent(OrderEvent):
    """The team did not come, or too few of it did."""

    kind: ClassVar[str] = "order.team_absent"
    present: int
    due_at: Instant


@value
class ServiceStarted(OrderEvent):
    """The service began with `present` volunteers."""

    kind: ClassVar[str] = "order.service_started"
    present: int


@value
class ServiceCompleted(OrderEvent):
    """The service ended after `minutes`; rating is open until `due_at`."""

    kind: ClassVar[str] = "order.service_completed"
    minutes: Minutes
    due_at: Instant


@value
class OrderRated(OrderEvent):
    """The requester rated it from 1 to 5 (评单)."""

    kind: ClassVar[str] = "order.rated"
    score: int
    due_at: Instant


@value
class OrderReopened(OrderEvent):
    """The requester was dissatisfied: a redo, with a new last instant."""

    kind: ClassVar[str] = "order.reopened"
    latest: Instant
    due_at: Instant


@value
class OrderShowcased(OrderEvent):
    """The result was shown, with consent (晒单)."""

    kind: ClassVar[str] = "order.showcased"
    due_at: Instant


@value
class OrderClosed(OrderEvent):
    """The order is done (销单)."""

    kind: ClassVar[str] = "order.closed"
    reason: CloseReason


@value
class OrderCancelled(OrderEvent):
    """The order was cancelled."""

    kind: ClassVar[str] = "order.cancelled"
    reason: CancelReason


@value
class OrderUnserved(OrderEvent):
    """The order ended without service."""

    kind: ClassVar[str] = "order.unserved"
    reason: UnservedReason


EVENTS: tuple[type[OrderEvent], ...] = (
    NeedCollected,
    NeedMerged,
    OrderPlaced,
    OrderRejected,
    OrderReviewed,
    OfferMade,
    OfferDeclined,
    OfferExpired,
    OrderPosted,
    OrderReturned,
    OrderEscalated,
    OfferAccepted,
    ServiceScheduled,
    TeamWithdrew,
    TeamAbsent,
    ServiceStarted,
    ServiceCompleted,
    OrderRated,
    OrderReopened,
    OrderShowcased,
    OrderClosed,
    OrderCancelled,
    OrderUnserved,
)
"""Every event class; a class's place here is its code in a log and never changes."""
