"""What points are spent on, and where a redemption stands."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from practice_core.points.ledger import AccountKind
from practice_core.points.rules import Period
from practice_core.units import AccountId, value

if TYPE_CHECKING:
    from practice_core.units import (
        Instant,
        ItemId,
        OrderId,
        RedemptionId,
        SiteId,
    )

__all__ = [
    "AREA_ACCOUNTS",
    "OWN_ACCOUNTS",
    "AwardState",
    "Item",
    "ItemKind",
    "Redemption",
    "RedemptionState",
    "Share",
]

OWN_ACCOUNTS = "area:"
"""How the ids begin of accounts that are the area's own: no person's may."""
AREA_ACCOUNTS: Final = {
    kind: AccountId(f"{OWN_ACCOUNTS}{kind}")
    for kind in AccountKind
    if kind not in {AccountKind.MEMBER, AccountKind.HOUSEHOLD}
}
"""Where an area's points come from and go to."""


class ItemKind(enum.StrEnum):
    """What an item is."""

    GOODS = "goods"
    """Handed out over a counter, by the piece."""
    SERVICE = "service"
    """Somebody's service, by the hour: what a time bank gives."""


@value
class Item:
    """Something to be had for points.

    Parameters
    ----------
    id
        Its id.
    kind
        What it is.
    name
        What it is called there.
    price
        Points for a piece, or for an hour of service.
    stock
        Pieces that can still be reserved; None: as many as are asked for.
    outlet
        The site that hands it out; None: the center.
    limit, limit_per
        The most pieces one account has in a period; None: no limit.
    deadline_days
        Days until it must be collected; None: what the rules say.
    refundable
        Whether it may be given back; None: what the rules say.
    is_offered
        Whether it can be had now.
    """

    id: ItemId
    kind: ItemKind
    name: str
    price: int
    stock: int | None = None
    outlet: SiteId | None = None
    limit: int | None = None
    limit_per: Period = Period.LIFETIME
    deadline_days: int | None = None
    refundable: bool | None = None
    is_offered: bool = True


class RedemptionState(enum.StrEnum):
    """Where a redemption stands."""

    ABSENT = "absent"
    """No redemption under this id yet."""
    RESERVED = "reserved"
    """Its points and pieces are set aside."""
    COLLECTED = "collected"
    """Handed out, or served."""
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    """Not collected in time."""
    REFUNDED = "refunded"


@value
class Redemption:
    """Points for an item.

    Parameters
    ----------
    id
        Its id.
    item
        What for.
    quantity
        Pieces, or hours of service.
    points
        What is set aside, or was paid.
    at
        When it was reserved, in ms since 1970-01-01T00:00Z.
    due_at
        When it lapses; None: it does not, its order's end ends it.
    order
        The order by which its service is given; None: goods.
    taken
        Pieces that it took of the item's stock.
    state
        Where it stands.
    """

    id: RedemptionId
    item: ItemId
    quantity: int
    points: int
    at: Instant
    due_at: Instant | None = None
    order: OrderId | None = None
    taken: int = 0
    state: RedemptionState = RedemptionState.RESERVED


class AwardState(enum.StrEnum):
    """Where an award stands."""

    AUDITING = "auditing"
    """Somebody has still to check it."""
    SHOWN = "shown"
    """It is shown in public (公示), and counts when nobody has objected."""
    COUNTED = "counted"
    """Its points are there."""
    VOIDED = "voided"
    """It was not confirmed: its points were never there."""


@value
class Share:
    """Points that pass from one account to another, with when they expire.

    Parameters
    ----------
    points
        How many.
    expires
        When they do, in ms since 1970-01-01T00:00Z; None: never.
    """

    points: int
    expires: Instant | None
