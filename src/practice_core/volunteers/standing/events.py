"""What has happened to a volunteer's standing: facts, with every deadline they set.

Reasons are closed lists. What people write about each other is no event.
"""

from __future__ import annotations

import enum
from typing import ClassVar

from practice_core.units import ActorId, Instant, OrderId, VolunteerId, value
from practice_core.volunteers.standing.model import BlacklistReason, EndReason  # noqa: TC001 - cattrs reads the fields' types

__all__ = [
    "EVENTS",
    "AbsenceRecorded",
    "AppealGround",
    "AppealLodged",
    "BlacklistingUpheld",
    "RegistrationEnded",
    "RegistrationRenewed",
    "ReinstateReason",
    "StandingEvent",
    "VolunteerBlacklisted",
    "VolunteerReinstated",
    "VolunteerRemoved",
]


class AppealGround(enum.StrEnum):
    """What somebody on the blacklist objects to."""

    FACTS = "facts"
    """It was not so, or it was somebody else."""
    PROCEDURE = "procedure"
    PROPORTION = "proportion"
    """It was so, but does not weigh so much."""


class ReinstateReason(enum.StrEnum):
    """Why somebody is taken off the blacklist."""

    ALLOWED = "allowed"
    """The appeal was allowed."""
    UNDECIDED = "undecided"
    """Nobody decided it in time."""


@value
class StandingEvent:
    """What every event of a standing says first."""

    kind: ClassVar[str]
    schema: ClassVar[int] = 1

    volunteer: VolunteerId
    at: Instant
    by: ActorId

    @property
    def stream(self) -> str:
        """Where it belongs."""
        return f"standing/{self.volunteer}"


@value
class AbsenceRecorded(StandingEvent):
    """He had accepted an order and did not come; `year` is the one in which it counts."""

    kind: ClassVar[str] = "volunteer.absence_recorded"

    order: OrderId
    missed: Instant
    year: int
    excused: bool
    malicious: bool


@value
class VolunteerBlacklisted(StandingEvent):
    """He is on the blacklist, and may appeal until `due_at`."""

    kind: ClassVar[str] = "volunteer.blacklisted"

    reason: BlacklistReason
    due_at: Instant


@value
class AppealLodged(StandingEvent):
    """He appealed; if nobody decides by `due_at`, he is reinstated."""

    kind: ClassVar[str] = "volunteer.appealed"

    ground: AppealGround
    due_at: Instant


@value
class VolunteerReinstated(StandingEvent):
    """He is in good standing again."""

    kind: ClassVar[str] = "volunteer.reinstated"

    reason: ReinstateReason


@value
class BlacklistingUpheld(StandingEvent):
    """He stays on the blacklist."""

    kind: ClassVar[str] = "volunteer.blacklisting_upheld"


@value
class RegistrationEnded(StandingEvent):
    """He is not registered any more, and may be again from `due_at` on."""

    kind: ClassVar[str] = "volunteer.registration_ended"

    reason: EndReason
    due_at: Instant


@value
class RegistrationRenewed(StandingEvent):
    """He is registered again."""

    kind: ClassVar[str] = "volunteer.registration_renewed"


@value
class VolunteerRemoved(StandingEvent):
    """His file is closed for good."""

    kind: ClassVar[str] = "volunteer.removed"

    reason: EndReason


EVENTS: tuple[type[StandingEvent], ...] = (
    AbsenceRecorded,
    VolunteerBlacklisted,
    AppealLodged,
    VolunteerReinstated,
    BlacklistingUpheld,
    RegistrationEnded,
    RegistrationRenewed,
    VolunteerRemoved,
)
