"""What has happened to a volunteer's standing: facts, with every deadline they set.

Reasons are closed lists. What people write about each other is no event.
"""

from __future__ import annotations

import enum
from typing import ClassVar, TypeAlias

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
class AbsenceRecorded:
    """He had accepted an order and did not come; `year` is the one in which it counts."""

    kind: ClassVar[str] = "volunteer.absence_recorded"
    schema: ClassVar[int] = 1

    volunteer: VolunteerId
    at: Instant
    by: ActorId
    order: OrderId
    missed: Instant
    year: int
    excused: bool
    malicious: bool


@value
class VolunteerBlacklisted:
    """He is on the blacklist, and may appeal until `due_at`."""

    kind: ClassVar[str] = "volunteer.blacklisted"
    schema: ClassVar[int] = 1

    volunteer: VolunteerId
    at: Instant
    by: ActorId
    reason: BlacklistReason
    due_at: Instant


@value
class AppealLodged:
    """He appealed; if nobody decides by `due_at`, he is reinstated."""

    kind: ClassVar[str] = "volunteer.appealed"
    schema: ClassVar[int] = 1

    volunteer: VolunteerId
    at: Instant
    by: ActorId
    ground: AppealGround
    due_at: Instant


@value
class VolunteerReinstated:
    """He is in good standing again."""

    kind: ClassVar[str] = "volunteer.reinstated"
    schema: ClassVar[int] = 1

    volunteer: VolunteerId
    at: Instant
    by: ActorId
    reason: ReinstateReason


@value
class BlacklistingUpheld:
    """He stays on the blacklist."""

    kind: ClassVar[str] = "volunteer.blacklisting_upheld"
    schema: ClassVar[int] = 1

    volunteer: VolunteerId
    at: Instant
    by: ActorId


@value
class RegistrationEnded:
    """He is not registered any more, and may be again from `due_at` on."""

    kind: ClassVar[str] = "volunteer.registration_ended"
    schema: ClassVar[int] = 1

    volunteer: VolunteerId
    at: Instant
    by: ActorId
    reason: EndReason
    due_at: Instant


@value
class RegistrationRenewed:
    """He is registered again."""

    kind: ClassVar[str] = "volunteer.registration_renewed"
    schema: ClassVar[int] = 1

    volunteer: VolunteerId
    at: Instant
    by: ActorId


@value
class VolunteerRemoved:
    """His file is closed for good."""

    kind: ClassVar[str] = "volunteer.removed"
    schema: ClassVar[int] = 1

    volunteer: VolunteerId
    at: Instant
    by: ActorId
    reason: EndReason


StandingEvent: TypeAlias = (
    AbsenceRecorded
    | VolunteerBlacklisted
    | AppealLodged
    | VolunteerReinstated
    | BlacklistingUpheld
    | RegistrationEnded
    | RegistrationRenewed
    | VolunteerRemoved
)
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
