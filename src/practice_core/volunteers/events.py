"""What is written down of teams and volunteers: when a team is taken, and who served how long."""

from __future__ import annotations

from typing import ClassVar

from practice_core.units import (
    ActorId,
    Instant,
    Minutes,
    OrderId,
    TeamId,
    VolunteerId,
    value,
)

__all__ = ["EVENTS", "ServiceRecorded", "TeamBooked", "TeamFreed"]


@value
class TeamBooked:
    """So many members of a team are taken by an order; an earlier booking for it is void."""

    kind: ClassVar[str] = "team.booked"
    schema: ClassVar[int] = 1

    team: TeamId
    at: Instant
    by: ActorId
    order: OrderId
    start: Instant
    end: Instant
    members: int

    @property
    def stream(self) -> str:
        """Where it belongs."""
        return f"team/{self.team}"


@value
class TeamFreed:
    """A team is no longer taken by an order: it has served it, or does not."""

    kind: ClassVar[str] = "team.freed"
    schema: ClassVar[int] = 1

    team: TeamId
    at: Instant
    by: ActorId
    order: OrderId

    @property
    def stream(self) -> str:
        """Where it belongs."""
        return f"team/{self.team}"


@value
class ServiceRecorded:
    """A volunteer served on an order for so many whole minutes; `at` is when it ended."""

    kind: ClassVar[str] = "service.recorded"
    schema: ClassVar[int] = 1

    volunteer: VolunteerId
    at: Instant
    by: ActorId
    order: OrderId
    minutes: Minutes

    @property
    def stream(self) -> str:
        """Where it belongs."""
        return f"account/{self.volunteer}"


EVENTS = (TeamBooked, TeamFreed, ServiceRecorded)
