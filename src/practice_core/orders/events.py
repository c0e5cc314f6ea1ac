"""What has happened to an order: facts, in the past tense, with every deadline they set.

Each event carries its order, the instant, the actor, and at most two fields of its own, so that a
log of fixed width can hold it. A deadline is computed when the event is decided and stored in it:
replaying needs no profile and clocks survive a restart.
"""

from __future__ import annotations

import enum
from typing import ClassVar

from practice_core.orders.model import Clock, Request  # noqa: TC001 - cattrs reads the fields' types
from practice_core.units import ActorId, Instant, Minutes, OrderId, SiteId, TeamId, value

__all__ = [
    "EVENTS",
    "CancelReason",
    "ClockStarted",
    "CloseReason",
    "DeclineReason",
    "NeedAbsorbed",
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
    "OrderHandedBack",
    "OrderPaused",
    "OrderPlaced",
    "OrderPosted",
    "OrderRated",
    "OrderRecalled",
    "OrderRejected",
    "OrderReopened",
    "OrderResumed",
    "OrderReturned",
    "OrderReviewed",
    "OrderShowcased",
    "OrderSplit",
    "OrderSupervised",
    "OrderUnserved",
    "OtherTimeAsked",
    "PauseReason",
    "Progress",
    "ProgressReported",
    "RecallReason",
    "RejectReason",
    "RequesterCalledBack",
    "ServiceAssessed",
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
    NOBODY_THERE = "nobody_there"
    """The team came, and found nobody to serve."""


class RecallReason(enum.StrEnum):
    """Why a desk takes an order back from those it was given to; it counts as no failed round."""

    REQUEST_CHANGED = "request_changed"
    WRONG_TEAM = "wrong_team"
    BETTER_PLACED = "better_placed"
    """A team nearer or more able has become free."""
    OTHER = "other"


class PauseReason(enum.StrEnum):
    """Why an order rests for a while."""

    REQUESTER_AWAY = "requester_away"
    WEATHER = "weather"
    EMERGENCY = "emergency"
    """Everybody is under the unified command of an emergency (志愿服务条例, article 24)."""
    OTHER = "other"


class Progress(enum.StrEnum):
    """What was told to a requester who waits."""

    CONTACTED = "contacted"
    """The team has spoken to the requester."""
    PLAN_TOLD = "plan_told"
    """The requester knows what will be done, and when."""


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
    """The team agreed on a time."""

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


@value
class NeedAbsorbed(OrderEvent):
    """Another need that is alike lives on in this order (统单)."""

    kind: ClassVar[str] = "order.need_absorbed"
    need: OrderId


@value
class OrderSplit(OrderEvent):
    """An order of its own asks for `needed` of the volunteers; this one asks for so many fewer."""

    kind: ClassVar[str] = "order.split"
    child: OrderId
    needed: int


@value
class OrderRecalled(OrderEvent):
    """The desk took the order back from those it was given to."""

    kind: ClassVar[str] = "order.recalled"
    reason: RecallReason
    due_at: Instant


@value
class OrderHandedBack(OrderEvent):
    """The desk handed the order back to the one it came from."""

    kind: ClassVar[str] = "order.handed_back"
    holder: SiteId
    due_at: Instant


@value
class OrderPaused(OrderEvent):
    """The order rests until `until` at the latest; whom it was given to is free again."""

    kind: ClassVar[str] = "order.paused"
    reason: PauseReason
    until: Instant


@value
class OrderResumed(OrderEvent):
    """The order goes on, with what the loop leaves of its window and its desk's clock."""

    kind: ClassVar[str] = "order.resumed"
    latest: Instant
    due_at: Instant


@value
class ClockStarted(OrderEvent):
    """A clock under supervision began to run."""

    kind: ClassVar[str] = "order.clock_started"
    clock: Clock
    due_at: Instant


@value
class OrderSupervised(OrderEvent):
    """A clock ran out: the desk is told to see to it (督单)."""

    kind: ClassVar[str] = "order.supervised"
    clock: Clock


@value
class ProgressReported(OrderEvent):
    """The requester who waits was told something."""

    kind: ClassVar[str] = "order.progress_reported"
    progress: Progress


@value
class OtherTimeAsked(OrderEvent):
    """The requester asked for another time; until the team agrees the present one stands."""

    kind: ClassVar[str] = "order.other_time_asked"
    start: Instant
    end: Instant


@value
class ServiceAssessed(OrderEvent):
    """Those who served said from 1 to 5 how it went (一事双评)."""

    kind: ClassVar[str] = "order.service_assessed"
    score: int


@value
class RequesterCalledBack(OrderEvent):
    """The desk asked the requester, who said from 1 to 5 how it went (回访)."""

    kind: ClassVar[str] = "order.requester_called_back"
    score: int
    due_at: Instant


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
    NeedAbsorbed,
    OrderSplit,
    OrderRecalled,
    OrderHandedBack,
    OrderPaused,
    OrderResumed,
    ClockStarted,
    OrderSupervised,
    ProgressReported,
    OtherTimeAsked,
    ServiceAssessed,
    RequesterCalledBack,
)
"""Every event class; a class's place here is its code in a log and never changes."""
