"""Standing: absences, the blacklist with its appeal, and the end and renewal of a registration.

The standing of every volunteer is good until something is written down. An absence that was
excused never counts, an offer declined is none, and what counts ends a registration only where the
rules give a number. Nobody on the blacklist is removed before he could appeal, and an appeal that
nobody decides in time succeeds.

Examples
--------
>>> from practice_core.lifecycle import Actor, Role
>>> from practice_core.units import ActorId, VolunteerId
>>> ann = VolunteerId("v-7")
>>> wrong = BlacklistVolunteer(ann, BlacklistReason.PAYMENT_TAKEN)
>>> (event,) = decide(None, wrong, 0, Actor(ActorId("desk"), Role.OFFICER), StandingRules())
>>> standing = evolve(None, event)
>>> standing.state.value, standing.may_serve
('blacklisted', False)
"""

from __future__ import annotations

from practice_core.volunteers.standing.commands import (
    COMMANDS,
    AppealBlacklisting,
    BlacklistVolunteer,
    DecideAppeal,
    EndRegistration,
    ExpireAppeal,
    RecordAbsence,
    RenewRegistration,
    StandingCommand,
)
from practice_core.volunteers.standing.decide import decide
from practice_core.volunteers.standing.events import (
    EVENTS,
    AbsenceRecorded,
    AppealGround,
    AppealLodged,
    BlacklistingUpheld,
    RegistrationEnded,
    RegistrationRenewed,
    ReinstateReason,
    StandingEvent,
    VolunteerBlacklisted,
    VolunteerReinstated,
    VolunteerRemoved,
)
from practice_core.volunteers.standing.evolve import clock_of, evolve
from practice_core.volunteers.standing.loop import STANDING
from practice_core.volunteers.standing.model import (
    Absence,
    BlacklistReason,
    EndReason,
    StandingRules,
    StandingState,
    VolunteerStanding,
)
from practice_core.volunteers.standing.refusals import StandingRefusal

__all__ = [
    "COMMANDS",
    "EVENTS",
    "STANDING",
    "Absence",
    "AbsenceRecorded",
    "AppealBlacklisting",
    "AppealGround",
    "AppealLodged",
    "BlacklistReason",
    "BlacklistVolunteer",
    "BlacklistingUpheld",
    "DecideAppeal",
    "EndReason",
    "EndRegistration",
    "ExpireAppeal",
    "RecordAbsence",
    "RegistrationEnded",
    "RegistrationRenewed",
    "ReinstateReason",
    "RenewRegistration",
    "StandingCommand",
    "StandingEvent",
    "StandingRefusal",
    "StandingRules",
    "StandingState",
    "VolunteerBlacklisted",
    "VolunteerReinstated",
    "VolunteerRemoved",
    "VolunteerStanding",
    "clock_of",
    "decide",
    "evolve",
]
