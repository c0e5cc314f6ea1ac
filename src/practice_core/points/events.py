"""What is written down of points."""

from __future__ import annotations

from typing import ClassVar

from practice_core.units import AccountId, ActorId, Instant, OrderId, value

__all__ = ["EVENTS", "PointsAwarded"]


@value
class PointsAwarded:
    """An account got points for a service on an order, by a version of the area's rules."""

    kind: ClassVar[str] = "points.awarded"
    schema: ClassVar[int] = 1

    account: AccountId
    at: Instant
    by: ActorId
    order: OrderId
    points: int
    rules: str
    version: int


EVENTS = (PointsAwarded,)
