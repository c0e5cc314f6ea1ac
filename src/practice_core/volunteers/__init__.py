"""Volunteers: who they are by number, the units they form, when they are free, what they did.

Only opaque numbers are kept: no names, phones or identity numbers. A corps is a tree of units
beside the tree of sites. Service is recorded in whole minutes, and a certificate says what the
records say. `practice_core.volunteers.standing` says who may serve: absences, the blacklist with
its appeal, the end of a registration. This room never dispatches and awards no points.

Examples
--------
>>> from practice_core.terms import Category
>>> team = Team("t-1", "wj-s001", (Category.LAW,), members=12, jobs_per_week=2, free=(3,) * 21)
>>> team.free[0]
3
>>> weekend = Availability.of(days=[5, 6])
>>> free_members([weekend, ALWAYS])[-1]
2
"""

from practice_core.volunteers.attendance import (
    Attendance,
    Confirmer,
    RecordRules,
    Span,
    TimeUse,
    served_minutes,
)
from practice_core.volunteers.availability import ALWAYS, NEVER, Availability, free_members
from practice_core.volunteers.book import Entry, Objection, RecordBook, kept_until, record_book
from practice_core.volunteers.certificate import (
    Asker,
    Certificate,
    CertificateRequest,
    CertificateWord,
    Certified,
    Certifier,
    Issuer,
    certify,
    hours_text,
)
from practice_core.volunteers.corps import Corps, Office, Unit, UnitKind, UnitLevel
from practice_core.volunteers.events import EVENTS, ServiceRecorded, TeamBooked, TeamFreed
from practice_core.volunteers.exchange import Exchange, exchange_certificates
from practice_core.volunteers.muster import muster
from practice_core.volunteers.patterns import CorpsPlan, Part, build_corps
from practice_core.volunteers.records import ServiceRecord, ServiceRole
from practice_core.volunteers.teams import BLOCKS_A_DAY, BLOCKS_A_WEEK, DayParts, Team, taken
from practice_core.volunteers.volunteer import (
    Qualification,
    Volunteer,
    VolunteerStatus,
    opaque_faults,
)

__all__ = [
    "ALWAYS",
    "BLOCKS_A_DAY",
    "BLOCKS_A_WEEK",
    "EVENTS",
    "NEVER",
    "Asker",
    "Attendance",
    "Availability",
    "Certificate",
    "CertificateRequest",
    "CertificateWord",
    "Certified",
    "Certifier",
    "Confirmer",
    "Corps",
    "CorpsPlan",
    "DayParts",
    "Entry",
    "Exchange",
    "Issuer",
    "Objection",
    "Office",
    "Part",
    "Qualification",
    "RecordBook",
    "RecordRules",
    "ServiceRecord",
    "ServiceRecorded",
    "ServiceRole",
    "Span",
    "Team",
    "TeamBooked",
    "TeamFreed",
    "TimeUse",
    "Unit",
    "UnitKind",
    "UnitLevel",
    "Volunteer",
    "VolunteerStatus",
    "build_corps",
    "certify",
    "exchange_certificates",
    "free_members",
    "hours_text",
    "kept_until",
    "muster",
    "opaque_faults",
    "record_book",
    "served_minutes",
    "taken",
]
