"""Volunteers: teams, when their members are free, and what they did.

Only opaque numbers are kept: no names, phones or identity numbers. This room never dispatches and
awards no points. `practice_core.volunteers.standing` says who may serve: absences, the blacklist
with its appeal, the end of a registration.

Examples
--------
>>> from practice_core.terms import Category
>>> team = Team("t-1", "wj-s001", (Category.LAW,), members=12, jobs_per_week=2, free=(3,) * 21)
>>> team.free[0]
3
"""

from practice_core.volunteers.events import EVENTS, ServiceRecorded, TeamBooked, TeamFreed
from practice_core.volunteers.records import ServiceRecord, ServiceRole
from practice_core.volunteers.teams import BLOCKS_A_DAY, BLOCKS_A_WEEK, DayParts, Team, taken

__all__ = [
    "BLOCKS_A_DAY",
    "BLOCKS_A_WEEK",
    "EVENTS",
    "DayParts",
    "ServiceRecord",
    "ServiceRecorded",
    "ServiceRole",
    "Team",
    "TeamBooked",
    "TeamFreed",
    "taken",
]
