"""What may be asked of a volunteer's standing: requests in the imperative."""

from __future__ import annotations

from practice_core.units import Instant, OrderId, VolunteerId, value
from practice_core.volunteers.standing.events import AppealGround  # noqa: TC001 - cattrs reads the fields' types
from practice_core.volunteers.standing.model import BlacklistReason, EndReason  # noqa: TC001 - as above

__all__ = [
    "COMMANDS",
    "AppealBlacklisting",
    "BlacklistVolunteer",
    "DecideAppeal",
    "EndRegistration",
    "ExpireAppeal",
    "RecordAbsence",
    "RenewRegistration",
    "StandingCommand",
]


@value
class StandingCommand:
    """Root of the commands: each names the volunteer, of whom nothing need be written down yet."""

    volunteer: VolunteerId


@value
class RecordAbsence(StandingCommand):
    """Write down that he did not come to an order that he had accepted and that began then."""

    order: OrderId
    missed: Instant
    excused: bool
    malicious: bool


@value
class BlacklistVolunteer(StandingCommand):
    """Put him on the blacklist."""

    reason: BlacklistReason


@value
class AppealBlacklisting(StandingCommand):
    """Object to being on it."""

    ground: AppealGround


@value
class DecideAppeal(StandingCommand):
    """Take him off it, or leave him on it."""

    allowed: bool


@value
class ExpireAppeal(StandingCommand):
    """Take him off it, since nobody decided in time."""


@value
class EndRegistration(StandingCommand):
    """End his registration or, of somebody on the blacklist or no longer registered, his file."""

    reason: EndReason


@value
class RenewRegistration(StandingCommand):
    """Register him again."""


COMMANDS: tuple[type[StandingCommand], ...] = (
    RecordAbsence,
    BlacklistVolunteer,
    AppealBlacklisting,
    DecideAppeal,
    ExpireAppeal,
    EndRegistration,
    RenewRegistration,
)
