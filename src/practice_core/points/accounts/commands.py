"""What may be asked of an account or of the shop; refused, or turned into events."""

from __future__ import annotations

from practice_core.points.accounts.model import (  # noqa: TC001 - cattrs reads the fields' types
    ItemKind,
)
from practice_core.points.rules import (
    Occasion,
    Period,
)
from practice_core.units import (
    AccountId,
    Instant,
    ItemId,
    OrderId,
    RedemptionId,
    SiteId,
    VolunteerId,
    value,
)
from practice_core.volunteers import (  # noqa: TC001 - cattrs reads the fields' types
    ServiceRole,
)
from practice_core.volunteers.standing import (  # noqa: TC001 - cattrs reads the fields' types
    BlacklistReason,
)

__all__ = [
    "COMMANDS",
    "AccountCommand",
    "AuditAward",
    "AwardService",
    "CancelRedemption",
    "CollectRedemption",
    "CorrectAward",
    "ForfeitPoints",
    "FreezeAccount",
    "GiveBenefit",
    "GivePoints",
    "JoinHousehold",
    "LeaveHousehold",
    "MergeAccount",
    "OfferItem",
    "RecordOccasion",
    "RedeemPoints",
    "RefundRedemption",
    "RestockItem",
    "SettleAccount",
    "ThawAccount",
    "VoidAward",
    "WithdrawItem",
]


@value
class AccountCommand:
    """Root of the commands; the account is the one it is given to."""


@value
class RedeemPoints(AccountCommand):
    """Set points and an item aside: goods to be collected, or hours of an order's service.

    Parameters
    ----------
    redemption
        An id of its own.
    item
        What for.
    quantity
        Pieces, or hours of service.
    order
        The order by which the service is given; goods have none.
    """

    redemption: RedemptionId
    item: ItemId
    quantity: int = 1
    order: OrderId | None = None


@value
class CollectRedemption(AccountCommand):
    """Hand out what was set aside, for the code that its owner shows."""

    redemption: RedemptionId
    code: str | None = None


@value
class CancelRedemption(AccountCommand):
    """Set what was set aside free again."""

    redemption: RedemptionId


@value
class RefundRedemption(AccountCommand):
    """Take back what was handed out, and give back its points."""

    redemption: RedemptionId


@value
class GivePoints(AccountCommand):
    """Pass points to another account, or to the area's pool for people in need."""

    to: AccountId
    points: int


@value
class AwardService(AccountCommand):
    """Award a service that was recorded and not yet awarded.

    Parameters
    ----------
    order
        On which order.
    role, grade, claimed, complaint
        As of `practice_core.volunteers.ServiceRecord`, as far as the center knows more of it.
    """

    order: OrderId
    role: ServiceRole | None = None
    grade: int | None = None
    claimed: Instant | None = None
    complaint: bool = False


@value
class RecordOccasion(AccountCommand):
    """Note something other than service that earns or costs points by the rules."""

    volunteer: VolunteerId
    occasion: Occasion
    count: int = 1


@value
class ForfeitPoints(AccountCommand):
    """Take points of a volunteer for listed misconduct: so many, or what there is of them."""

    volunteer: VolunteerId
    reason: BlacklistReason
    points: int


@value
class GiveBenefit(AccountCommand):
    """Note that a volunteer got what his level or his hours entitle him to."""

    volunteer: VolunteerId
    benefit: str


@value
class AuditAward(AccountCommand):
    """Confirm that an award is right; it is the event of that number of its account."""

    award: int


@value
class VoidAward(AccountCommand):
    """Let an award that does not count yet come to nothing."""

    award: int


@value
class CorrectAward(AccountCommand):
    """Take back points of an award that counts: all that is left of it, unless told."""

    award: int
    points: int | None = None


@value
class JoinHousehold(AccountCommand):
    """Let what a volunteer earns go to this household's account."""

    volunteer: VolunteerId


@value
class LeaveHousehold(AccountCommand):
    """Let what a volunteer earns go to an account of his own again."""

    volunteer: VolunteerId


@value
class FreezeAccount(AccountCommand):
    """Let an account neither give nor get."""


@value
class ThawAccount(AccountCommand):
    """Let an account give and get again."""


@value
class MergeAccount(AccountCommand):
    """Let an account, one person's second, live on in his other."""

    into: AccountId


@value
class SettleAccount(AccountCommand):
    """Do what has fallen due on an account."""


@value
class OfferItem(AccountCommand):
    """Offer an item for points, or change its terms; the fields are those of `Item`."""

    item: ItemId
    kind: ItemKind
    name: str
    price: int
    stock: int | None = None
    outlet: SiteId | None = None
    limit: int | None = None
    limit_per: Period = Period.LIFETIME
    deadline_days: int | None = None
    refundable: bool | None = None


@value
class RestockItem(AccountCommand):
    """Add pieces of an item, or take some away."""

    item: ItemId
    change: int


@value
class WithdrawItem(AccountCommand):
    """Offer an item no longer."""

    item: ItemId


COMMANDS = (
    RedeemPoints,
    CollectRedemption,
    CancelRedemption,
    RefundRedemption,
    GivePoints,
    AwardService,
    RecordOccasion,
    ForfeitPoints,
    GiveBenefit,
    AuditAward,
    VoidAward,
    CorrectAward,
    JoinHousehold,
    LeaveHousehold,
    FreezeAccount,
    ThawAccount,
    MergeAccount,
    SettleAccount,
    OfferItem,
    RestockItem,
    WithdrawItem,
)
"""Every command of accounts and of the shop."""
