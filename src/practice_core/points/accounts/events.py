"""What has happened to accounts of points and to items: facts, with every deadline they set.

A transfer of points is never stored beside the fact that moves it: `Postings` reads it from there.
"""

from __future__ import annotations

from typing import ClassVar

from practice_core.points.accounts.model import (  # noqa: TC001 - cattrs reads the fields' types
    ItemKind,
    Share,
)
from practice_core.points.earning import Line  # noqa: TC001 - cattrs reads the fields' types
from practice_core.points.rules import (  # noqa: TC001 - cattrs reads the fields' types
    Occasion,
    Period,
)
from practice_core.units import (
    AccountId,
    ActorId,
    Instant,
    ItemId,
    Minutes,
    OrderId,
    RedemptionId,
    SiteId,
    VolunteerId,
    value,
)
from practice_core.volunteers.standing import (  # noqa: TC001 - cattrs reads the fields' types
    BlacklistReason,
)

__all__ = [
    "EVENTS",
    "AccountAbsorbed",
    "AccountEvent",
    "AccountFrozen",
    "AccountMerged",
    "AccountThawed",
    "AwardAudited",
    "AwardConfirmed",
    "AwardVoided",
    "BenefitGiven",
    "HouseholdJoined",
    "HouseholdLeft",
    "ItemEvent",
    "ItemOffered",
    "ItemWithdrawn",
    "PointsAwarded",
    "PointsCharged",
    "PointsCorrected",
    "PointsExpired",
    "PointsForfeited",
    "PointsGiven",
    "PointsReceived",
    "RedemptionCancelled",
    "RedemptionCollected",
    "RedemptionLapsed",
    "RedemptionRefunded",
    "RedemptionReserved",
    "StockChanged",
]


@value
class AccountEvent:
    """What every event of an account says first.

    `due_at` is when something next falls due on the account after the event, if nothing else
    happens to it: points that expire, an award that has been shown long enough, a reservation that
    lapses; None: nothing.
    """

    kind: ClassVar[str]
    schema: ClassVar[int] = 1

    account: AccountId
    at: Instant
    by: ActorId
    due_at: Instant | None

    @property
    def stream(self) -> str:
        """Where it belongs."""
        return f"account/{self.account}"


@value
class PointsAwarded(AccountEvent):
    """An account got points, or will once they are confirmed, by a version of the area's rules.

    `earned` is when the service ended or the occasion was: its day, year and expiry count from
    then. Points that are to be audited, or shown in public until `shown_until`, are set aside.
    """

    kind: ClassVar[str] = "points.awarded"

    volunteer: VolunteerId
    earned: Instant
    points: int
    lines: tuple[Line, ...]
    rules: str
    version: int
    expires: Instant | None = None
    order: OrderId | None = None
    occasion: Occasion | None = None
    count: int = 1
    audit: bool = False
    shown_until: Instant | None = None


@value
class AwardAudited(AccountEvent):
    """An award was checked, and is shown in public now; the award is the event of that number."""

    kind: ClassVar[str] = "points.award_audited"

    award: int
    shown_until: Instant


@value
class AwardConfirmed(AccountEvent):
    """The points of an award count from now on."""

    kind: ClassVar[str] = "points.award_confirmed"

    award: int
    points: int


@value
class AwardVoided(AccountEvent):
    """An award will not count: it was not confirmed, or somebody objected with reason."""

    kind: ClassVar[str] = "points.award_voided"

    award: int


@value
class PointsCharged(AccountEvent):
    """A service received, or staying away, cost points; `short` is what there was too little.

    `order` is the one whose service was received; None: it is not known, or there was none.
    """

    kind: ClassVar[str] = "points.charged"

    volunteer: VolunteerId
    occasion: Occasion
    count: int
    points: int
    short: int
    rules: str
    version: int
    order: OrderId | None = None


@value
class PointsForfeited(AccountEvent):
    """Listed misconduct cost points; `short` is what there was too little."""

    kind: ClassVar[str] = "points.forfeited"

    volunteer: VolunteerId
    reason: BlacklistReason
    points: int
    short: int


@value
class PointsCorrected(AccountEvent):
    """Points of an award were taken back."""

    kind: ClassVar[str] = "points.corrected"

    award: int
    points: int


@value
class PointsGiven(AccountEvent):
    """Points passed to another account, the oldest first; each keeps its expiry."""

    kind: ClassVar[str] = "points.given"

    to: AccountId
    shares: tuple[Share, ...]


@value
class PointsReceived(AccountEvent):
    """Points came from another account."""

    kind: ClassVar[str] = "points.received"

    giver: AccountId
    shares: tuple[Share, ...]


@value
class PointsExpired(AccountEvent):
    """Points that nobody spent were lost, the oldest."""

    kind: ClassVar[str] = "points.expired"

    points: int


@value
class RedemptionReserved(AccountEvent):
    """Points were set aside, until `until` if there is one, and `taken` pieces of the stock."""

    kind: ClassVar[str] = "redemption.reserved"

    redemption: RedemptionId
    item: ItemId
    quantity: int
    points: int
    until: Instant | None = None
    order: OrderId | None = None
    taken: int = 0


@value
class RedemptionCollected(AccountEvent):
    """The item was handed out, or the service given, for so many points of those set aside."""

    kind: ClassVar[str] = "redemption.collected"

    redemption: RedemptionId
    points: int


@value
class RedemptionCancelled(AccountEvent):
    """What was set aside is free again: somebody wanted it so, or the order came to nothing."""

    kind: ClassVar[str] = "redemption.cancelled"

    redemption: RedemptionId


@value
class RedemptionLapsed(AccountEvent):
    """What was set aside is free again: nobody collected it in time."""

    kind: ClassVar[str] = "redemption.lapsed"

    redemption: RedemptionId


@value
class RedemptionRefunded(AccountEvent):
    """The item was given back, and the points are there again, as old as they were."""

    kind: ClassVar[str] = "redemption.refunded"

    redemption: RedemptionId


@value
class BenefitGiven(AccountEvent):
    """A volunteer got what his level or his hours entitle him to, by a version of the rules."""

    kind: ClassVar[str] = "account.benefit_given"

    volunteer: VolunteerId
    benefit: str
    rules: str
    version: int


@value
class HouseholdJoined(AccountEvent):
    """What a volunteer earns from now on goes to this household's account."""

    kind: ClassVar[str] = "account.joined"

    volunteer: VolunteerId


@value
class HouseholdLeft(AccountEvent):
    """What a volunteer earns from now on goes to an account of his own again."""

    kind: ClassVar[str] = "account.left"

    volunteer: VolunteerId


@value
class AccountFrozen(AccountEvent):
    """The account neither gives nor gets, until it is thawed; nothing of it expires."""

    kind: ClassVar[str] = "account.frozen"


@value
class AccountThawed(AccountEvent):
    """The account gives and gets again."""

    kind: ClassVar[str] = "account.thawed"


@value
class AccountMerged(AccountEvent):
    """The account was one person's second: its points went to the other, and it is closed."""

    kind: ClassVar[str] = "account.merged"

    into: AccountId


@value
class AccountAbsorbed(AccountEvent):
    """A second account of the same person lives on in this one, with its points and hours."""

    kind: ClassVar[str] = "account.absorbed"

    old: AccountId
    shares: tuple[Share, ...]
    minutes: Minutes


@value
class ItemEvent:
    """What every event of an item says first."""

    kind: ClassVar[str]
    schema: ClassVar[int] = 1

    item: ItemId
    at: Instant
    by: ActorId

    @property
    def stream(self) -> str:
        """Where it belongs."""
        return f"item/{self.item}"


@value
class ItemOffered(ItemEvent):
    """An item can be had on these terms; what is reserved already stays as it was."""

    kind: ClassVar[str] = "item.offered"

    goods: ItemKind
    name: str
    price: int
    stock: int | None
    outlet: SiteId | None
    limit: int | None
    limit_per: Period
    deadline_days: int | None
    refundable: bool | None


@value
class StockChanged(ItemEvent):
    """So many pieces more can be reserved, or fewer; by a redemption, if it names one."""

    kind: ClassVar[str] = "item.stock_changed"

    change: int
    redemption: RedemptionId | None = None


@value
class ItemWithdrawn(ItemEvent):
    """The item can no longer be had; what is reserved can still be collected."""

    kind: ClassVar[str] = "item.withdrawn"


EVENTS = (
    PointsAwarded,
    AwardAudited,
    AwardConfirmed,
    AwardVoided,
    PointsCharged,
    PointsForfeited,
    PointsCorrected,
    PointsGiven,
    PointsReceived,
    PointsExpired,
    RedemptionReserved,
    RedemptionCollected,
    RedemptionCancelled,
    RedemptionLapsed,
    RedemptionRefunded,
    BenefitGiven,
    HouseholdJoined,
    HouseholdLeft,
    AccountFrozen,
    AccountThawed,
    AccountMerged,
    AccountAbsorbed,
    ItemOffered,
    StockChanged,
    ItemWithdrawn,
)
"""Every event of accounts and items."""
