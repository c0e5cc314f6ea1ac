"""From a standing and an event to the next standing: all that replaying a journal needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.volunteers.standing import commands as c
from practice_core.volunteers.standing import events as e
from practice_core.volunteers.standing.loop import STANDING
from practice_core.volunteers.standing.model import (
    Absence,
    EndReason,
    StandingState,
    VolunteerStanding,
)

if TYPE_CHECKING:
    from practice_core.units import Instant

__all__ = ["clock_of", "evolve"]

_ABSENT = {EndReason.NO_SHOWS, EndReason.MALICIOUS_NO_SHOWS}


def evolve(standing: VolunteerStanding | None, event: e.StandingEvent) -> VolunteerStanding:
    """Apply one event.

    Parameters
    ----------
    standing
        The standing before, or None if this is the first that is written down.
    event
        What happened.

    Raises
    ------
    ImpossibleEvent
        If the lifecycle has no such edge.
    """
    state = StandingState.UNRECORDED if standing is None else standing.state
    target = STANDING.target(state, type(event))
    if standing is None:
        standing = VolunteerStanding(event.volunteer, state, 0)
    s = attrs.evolve(standing, state=target, version=standing.version + 1, due_at=None)
    match event:
        case e.AbsenceRecorded(
            order=order, missed=missed, year=year, excused=excused, malicious=malicious
        ):
            absence = Absence(order, missed, year, excused, malicious)
            return attrs.evolve(s, absences=(*s.absences, absence))
        case e.VolunteerBlacklisted(by=by, reason=reason, due_at=due_at):
            return attrs.evolve(s, reason=reason, blacklisted_by=by, due_at=due_at)
        case e.AppealLodged(due_at=due_at):
            return attrs.evolve(s, due_at=due_at)
        case e.VolunteerReinstated():
            return attrs.evolve(s, reason=None, blacklisted_by=None)
        case e.RegistrationEnded(reason=reason, due_at=due_at):
            last = s.absences[-1:] if reason in _ABSENT else ()
            settled = max((one.year for one in last), default=s.settled)
            return attrs.evolve(s, due_at=due_at, settled=settled)
        case _:
            return s


def clock_of(standing: VolunteerStanding) -> tuple[Instant, type] | None:
    """Give the clock of a standing: when it runs out, and what the system then commands."""
    if standing.state is not StandingState.APPEALED or standing.due_at is None:
        return None
    return standing.due_at, c.ExpireAppeal
