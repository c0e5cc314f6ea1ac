"""The lifecycle of a volunteer's standing as data: every edge and every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from practice_core.lifecycle import Edge, Lifecycle, Role, Rule
from practice_core.volunteers.standing import commands as c
from practice_core.volunteers.standing import events as e
from practice_core.volunteers.standing.model import StandingState as S

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["STANDING"]

_OFFICE = (Role.OFFICER, Role.SYSTEM)
_GOOD = (S.UNRECORDED, S.GOOD)
_FROM_GOOD = {
    e.AbsenceRecorded: S.GOOD,
    e.VolunteerBlacklisted: S.BLACKLISTED,
    e.RegistrationEnded: S.ENDED,
    e.VolunteerRemoved: S.REMOVED,
}
_TARGETS: dict[S, dict[type, S]] = {
    S.UNRECORDED: {**_FROM_GOOD},
    S.GOOD: {**_FROM_GOOD},
    S.BLACKLISTED: {e.AppealLodged: S.APPEALED, e.VolunteerRemoved: S.REMOVED},
    S.APPEALED: {e.VolunteerReinstated: S.GOOD, e.BlacklistingUpheld: S.UPHELD},
    S.UPHELD: {e.VolunteerRemoved: S.REMOVED},
    S.ENDED: {e.RegistrationRenewed: S.GOOD, e.VolunteerRemoved: S.REMOVED},
}


def _rule(command: type, sources: Iterable[S], roles: Iterable[Role], *outcomes: type) -> Rule[S]:
    return Rule(command, frozenset(sources), frozenset(roles), frozenset(outcomes))


STANDING: Lifecycle[S] = Lifecycle(
    name="standing",
    initial=S.UNRECORDED,
    final=frozenset({S.REMOVED}),
    edges=tuple(Edge(s, event, t) for s, row in _TARGETS.items() for event, t in row.items()),
    rules=(
        _rule(c.RecordAbsence, _GOOD, _OFFICE, e.AbsenceRecorded, e.RegistrationEnded),
        _rule(c.BlacklistVolunteer, _GOOD, _OFFICE, e.VolunteerBlacklisted),
        _rule(c.AppealBlacklisting, [S.BLACKLISTED], [Role.VOLUNTEER], e.AppealLodged),
        _rule(
            c.DecideAppeal,
            [S.APPEALED],
            [Role.OFFICER],
            e.VolunteerReinstated,
            e.BlacklistingUpheld,
        ),
        _rule(c.ExpireAppeal, [S.APPEALED], [Role.SYSTEM], e.VolunteerReinstated),
        _rule(
            c.EndRegistration,
            [*_GOOD, S.BLACKLISTED, S.UPHELD, S.ENDED],
            [*_OFFICE, Role.VOLUNTEER],
            e.RegistrationEnded,
            e.VolunteerRemoved,
        ),
        _rule(
            c.RenewRegistration,
            [S.ENDED],
            [Role.OFFICER, Role.VOLUNTEER],
            e.RegistrationRenewed,
        ),
    ),
)
"""The lifecycle of every volunteer's standing."""
