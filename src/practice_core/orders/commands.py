"""What may be asked of an order: requests in the imperative, refused or turned into events."""

from __future__ import annotations

from practice_core.orders.events import (
    CancelReason,
    DeclineReason,
    PauseReason,
    Progress,
    RecallReason,
    RejectReason,
    WithdrawReason,
)
from practice_core.orders.model import Request, Served  # noqa: TC001 - cattrs reads the fields' types
from practice_core.units import Duration, Instant, Minutes, OrderId, TeamId, value

__all__ = [
    "COMMANDS",
    "AbsorbNeed",
    "AcceptOffer",
    "AskOtherTime",
    "AssessService",
    "CallBack",
    "CancelOrder",
    "CloseOrder",
    "CollectNeed",
    "CompleteService",
    "DeclineOffer",
    "EscalateOrder",
    "ExpireOffers",
    "GiveUpOrder",
    "HandBackOrder",
    "MergeNeed",
    "OfferOrder",
    "OrderCommand",
    "PauseOrder",
    "PlaceOrder",
    "PostOrder",
    "RateOrder",
    "RecallOrder",
    "RejectOrder",
    "ReportAbsence",
    "ReportProgress",
    "ResumeOrder",
    "ReviewOrder",
    "ScheduleService",
    "ShowcaseOrder",
    "SplitOrder",
    "StartService",
    "SuperviseOrder",
    "WithdrawTeam",
]


@value
class OrderCommand:
    """Root of the commands; the order is the one it is given to."""


@value
class CollectNeed(OrderCommand):
    """Write down a need before anybody has ordered."""

    request: Request


@value
class MergeNeed(OrderCommand):
    """Let this need live on in another that is alike: half of `consolidate`."""

    into: OrderId


@value
class AbsorbNeed(OrderCommand):
    """Let another need that is alike live on in this order: the other half of `consolidate`."""

    need: OrderId


@value
class PlaceOrder(OrderCommand):
    """Place an order, or order what was collected."""

    request: Request


@value
class RejectOrder(OrderCommand):
    """Send an order back, with a reason."""

    reason: RejectReason


@value
class ReviewOrder(OrderCommand):
    """Find an order complete and lawful."""


@value
class OfferOrder(OrderCommand):
    """Offer the order to one or several teams, 100 at once at most; never more than an offer."""

    teams: tuple[TeamId, ...]
    open_for: Duration


@value
class PostOrder(OrderCommand):
    """Post the order to the open pool."""

    open_for: Duration


@value
class AcceptOffer(OrderCommand):
    """Accept, as the acting team."""


@value
class DeclineOffer(OrderCommand):
    """Decline, as the acting team."""

    reason: DeclineReason = DeclineReason.UNWILLING


@value
class ExpireOffers(OrderCommand):
    """End every offer or posting whose time is over."""


@value
class EscalateOrder(OrderCommand):
    """Hand the order to the next desk of its route."""


@value
class HandBackOrder(OrderCommand):
    """Hand the order back to the desk it came from; a desk does that once."""


@value
class RecallOrder(OrderCommand):
    """Take the order back from those it was given to."""

    reason: RecallReason


@value
class SplitOrder(OrderCommand):
    """Let `needed` of the volunteers be asked for by an order of their own: half of `divide`."""

    child: OrderId
    needed: int


@value
class PauseOrder(OrderCommand):
    """Let the order rest, until `until` at the latest."""

    reason: PauseReason
    until: Instant


@value
class ResumeOrder(OrderCommand):
    """Let an order that rests go on."""


@value
class SuperviseOrder(OrderCommand):
    """Tell the desk of every clock that ran out."""


@value
class ReportProgress(OrderCommand):
    """Report what the requester was told."""

    progress: Progress


@value
class ScheduleService(OrderCommand):
    """Agree on when the service takes place, or change it: only the team itself may."""

    start: Instant
    end: Instant


@value
class AskOtherTime(OrderCommand):
    """Ask the team for another time; until it agrees the present one stands."""

    start: Instant
    end: Instant


@value
class WithdrawTeam(OrderCommand):
    """Give an accepted order back, with notice."""

    reason: WithdrawReason


@value
class ReportAbsence(OrderCommand):
    """Report that the team did not come, or too few of it: `present` volunteers."""

    present: int = 0


@value
class StartService(OrderCommand):
    """Begin, with `present` volunteers: from 1 to 1,000,000."""

    present: int


@value
class CompleteService(OrderCommand):
    """End the service after `minutes`; `served` says who of the volunteers came, and how long.

    It took no longer than since it began, and no longer than twice what was agreed: it may be ended
    days later, when somebody thinks of it, and nobody served so long. No more are named than it
    began with.
    """

    minutes: Minutes
    served: tuple[Served, ...] = ()


@value
class RateOrder(OrderCommand):
    """Rate from 1 (worst) to 5 (best)."""

    score: int


@value
class AssessService(OrderCommand):
    """Say, as those who served, how it went, from 1 (worst) to 5 (best)."""

    score: int


@value
class CallBack(OrderCommand):
    """Write down what the requester says when asked: from 1 (worst) to 5 (best)."""

    score: int


@value
class ShowcaseOrder(OrderCommand):
    """Show the result; only with the consent of those shown."""

    consent: bool


@value
class CloseOrder(OrderCommand):
    """Close: after a call-back, or when the last window is over."""


@value
class CancelOrder(OrderCommand):
    """Cancel, with a reason."""

    reason: CancelReason


@value
class GiveUpOrder(OrderCommand):
    """End an order that nobody serves, or a need that nobody orders."""


COMMANDS: tuple[type[OrderCommand], ...] = (
    CollectNeed,
    MergeNeed,
    AbsorbNeed,
    PlaceOrder,
    RejectOrder,
    ReviewOrder,
    OfferOrder,
    PostOrder,
    AcceptOffer,
    DeclineOffer,
    ExpireOffers,
    EscalateOrder,
    HandBackOrder,
    RecallOrder,
    SplitOrder,
    PauseOrder,
    ResumeOrder,
    SuperviseOrder,
    ReportProgress,
    ScheduleService,
    AskOtherTime,
    WithdrawTeam,
    ReportAbsence,
    StartService,
    CompleteService,
    RateOrder,
    AssessService,
    CallBack,
    ShowcaseOrder,
    CloseOrder,
    CancelOrder,
    GiveUpOrder,
)
"""Every command class, in the order of an order's life."""
