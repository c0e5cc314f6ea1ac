"""From a standing and a command to events, or to a refusal.

Nothing here reads a clock or knows an order or points: which orders somebody had accepted is given.
An offer declined is not among them, so declining can never be an absence.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypeAlias

from practice_core.lifecycle import Actor, Refused, Role
from practice_core.units import Instant, OrderId, instant, is_identifier, moment
from practice_core.volunteers.standing import commands as c
from practice_core.volunteers.standing import events as e
from practice_core.volunteers.standing.loop import STANDING
from practice_core.volunteers.standing.model import (
    BlacklistReason,
    EndReason,
    StandingRules,
    StandingState,
    VolunteerStanding,
)
from practice_core.volunteers.standing.refusals import StandingRefusal as Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["decide"]

Outcome: TypeAlias = "tuple[e.StandingEvent, ...] | Refusal"
_BY_POINTS = {EndReason.YEAR_POINTS, EndReason.LIFETIME_POINTS}
_END_REASONS: Mapping[Role, Collection[EndReason]] = {
    Role.VOLUNTEER: {EndReason.OWN_WISH},
    Role.OFFICER: {EndReason.OWN_WISH, *_BY_POINTS},
    Role.SYSTEM: _BY_POINTS,
}
"""Who gives which; absences end a registration by themselves, and only so."""


def decide(  # noqa: PLR0913, PLR0917 - as every lifecycle's, and what he had accepted
    standing: VolunteerStanding | None,
    command: c.StandingCommand,
    at: Instant,
    by: Actor,
    rules: StandingRules,
    accepted: Collection[OrderId] = (),
) -> tuple[e.StandingEvent, ...] | Refused:
    """Decide what a command does to a volunteer's standing.

    Parameters
    ----------
    standing
        As it stands, or None if nothing was ever written down: then it is good.
    command
        What is asked.
    at
        When, in ms since the epoch.
    by
        Who asks.
    rules
        Of the place, in force now.
    accepted
        The orders that he, or his team with him, had accepted; asked of an absence alone.

    Returns
    -------
    tuple of StandingEvent, or Refused
        One event or several, to be applied in order; or the first refusal that applies. The
        absence that reaches a limit yields the end of the registration in the same step.

    Examples
    --------
    >>> from practice_core.units import ActorId, VolunteerId
    >>> rules = StandingRules(no_show_limit_per_year=1)
    >>> missed = c.RecordAbsence(VolunteerId("v-7"), OrderId("o-1"), 0, False, False)
    >>> officer = Actor(ActorId("desk"), Role.OFFICER)
    >>> [event.kind for event in decide(None, missed, 9, officer, rules, {"o-1"})]
    ['volunteer.absence_recorded', 'volunteer.registration_ended']
    >>> decide(None, missed, 9, officer, rules).reason.value
    'not_accepted'
    """
    kind = type(command)
    outcome: Outcome | None = _barred(standing, command, by)
    if outcome is None and isinstance(command, c.RecordAbsence):
        outcome = _absent(standing, command, at, by, rules, accepted)
    elif outcome is None:
        outcome = _DECIDE[kind](standing, command, at, by, rules)
    return outcome if isinstance(outcome, tuple) else Refused(kind, outcome)


def _barred(
    standing: VolunteerStanding | None, command: c.StandingCommand, by: Actor
) -> Refusal | None:
    """Give what keeps this actor from this command on this standing at any time."""
    rule = STANDING.rule_of[type(command)]
    volunteer: str = command.volunteer
    known = standing is None or standing.volunteer == volunteer
    if not known or not is_identifier(volunteer):
        return Refusal.UNKNOWN_VOLUNTEER
    if by.role not in rule.roles:
        return Refusal.ROLE
    if by.role is Role.VOLUNTEER and by.id != volunteer:
        return Refusal.SCOPE
    if by.role is Role.OFFICER and by.id == volunteer:
        return Refusal.OWN_CASE
    state = StandingState.UNRECORDED if standing is None else standing.state
    return None if state in rule.sources else Refusal.STATE


def _no_absence(
    s: VolunteerStanding | None,
    v: c.RecordAbsence,
    at: Instant,
    by: Actor,
    accepted: Collection[OrderId],
) -> Refusal | None:
    """Give why an absence is not written down."""
    if at < v.missed:
        return Refusal.EARLY
    if v.malicious and by.role is Role.SYSTEM:
        return Refusal.REASON
    if v.order not in accepted:
        return Refusal.NOT_ACCEPTED
    if v.missed < 0 or (v.excused and v.malicious):
        return Refusal.INVALID_VALUE
    known = () if s is None else s.absences
    return Refusal.REPEATED if v.order in {one.order for one in known} else None


def _absent(  # noqa: PLR0913, PLR0917 - as `decide`
    s: VolunteerStanding | None,
    v: c.RecordAbsence,
    at: Instant,
    by: Actor,
    rules: StandingRules,
    accepted: Collection[OrderId],
) -> Outcome:
    refusal = _no_absence(s, v, at, by, accepted)
    if refusal is not None:
        return refusal
    year = moment(v.missed, offset=rules.offset).year
    recorded = e.AbsenceRecorded(
        v.volunteer, at, by.id, v.order, v.missed, year, v.excused, v.malicious
    )
    reason = _reached(s, recorded, rules)
    if reason is None:
        return (recorded,)
    due_at = max(at, _next_year(year, rules))
    return (recorded, e.RegistrationEnded(v.volunteer, at, by.id, reason, due_at))


def _reached(
    s: VolunteerStanding | None, new: e.AbsenceRecorded, rules: StandingRules
) -> EndReason | None:
    """Give the limit that an absence reaches, the graver first; an excused one reaches none."""
    settled = s is not None and s.settled is not None and new.year <= s.settled
    if new.excused or settled:
        return None
    before = () if s is None else s.absences
    counted = [one for one in before if one.year == new.year and not one.excused]
    malicious = 1 + sum(one.malicious for one in counted)
    if new.malicious and _reaches(malicious, rules.malicious_limit_per_year):
        return EndReason.MALICIOUS_NO_SHOWS
    if _reaches(1 + len(counted), rules.no_show_limit_per_year):
        return EndReason.NO_SHOWS
    return None


def _reaches(count: int, limit: int | None) -> bool:
    return limit is not None and count >= limit


def _next_year(year: int, rules: StandingRules) -> Instant:
    """Give the first instant after a local year."""
    zone = dt.timezone(dt.timedelta(milliseconds=rules.offset))
    return instant(dt.datetime(year + 1, 1, 1, tzinfo=zone))


def _blacklist(
    s: VolunteerStanding | None,
    v: c.BlacklistVolunteer,
    at: Instant,
    by: Actor,
    rules: StandingRules,
) -> Outcome:
    # Points are counted by a program; whether somebody did harm is for people to say.
    if by.role is Role.SYSTEM and v.reason is not BlacklistReason.LOST_POINTS:
        return Refusal.REASON
    due_at = at + rules.appeal_within
    return (e.VolunteerBlacklisted(v.volunteer, at, by.id, v.reason, due_at),)


def _appeal(
    s: VolunteerStanding,
    v: c.AppealBlacklisting,
    at: Instant,
    by: Actor,
    rules: StandingRules,
) -> Outcome:
    if at > s.due_at:  # type: ignore[operator]  # blacklisted: has a clock
        return Refusal.LATE
    return (e.AppealLodged(v.volunteer, at, by.id, v.ground, at + rules.decide_within),)


def _judge(
    s: VolunteerStanding,
    v: c.DecideAppeal,
    at: Instant,
    by: Actor,
    rules: StandingRules,
) -> Outcome:
    if at > s.due_at:  # type: ignore[operator]  # appealed: has a clock
        return Refusal.LATE
    if by.id == s.blacklisted_by:
        return Refusal.SAME_OFFICER
    if v.allowed:
        return (e.VolunteerReinstated(v.volunteer, at, by.id, e.ReinstateReason.ALLOWED),)
    return (e.BlacklistingUpheld(v.volunteer, at, by.id),)


def _expire(
    s: VolunteerStanding,
    v: c.ExpireAppeal,
    at: Instant,
    by: Actor,
    rules: StandingRules,
) -> Outcome:
    if at < s.due_at:  # type: ignore[operator]  # appealed: has a clock
        return Refusal.EARLY
    return (e.VolunteerReinstated(v.volunteer, at, by.id, e.ReinstateReason.UNDECIDED),)


def _end(
    s: VolunteerStanding | None,
    v: c.EndRegistration,
    at: Instant,
    by: Actor,
    rules: StandingRules,
) -> Outcome:
    if v.reason not in _END_REASONS[by.role]:
        return Refusal.REASON
    state = StandingState.UNRECORDED if s is None else s.state
    appealable = s is not None and state is StandingState.BLACKLISTED and at <= s.due_at  # type: ignore[operator]  # blacklisted: has a clock
    if appealable and by.role is not Role.VOLUNTEER:
        return Refusal.APPEAL_OPEN
    if state is StandingState.ENDED and v.reason is EndReason.YEAR_POINTS:
        return Refusal.REPEATED
    good = state in {StandingState.UNRECORDED, StandingState.GOOD}
    if not good or v.reason is EndReason.LIFETIME_POINTS:
        return (e.VolunteerRemoved(v.volunteer, at, by.id, v.reason),)
    year = moment(at, offset=rules.offset).year
    due_at = at if v.reason is EndReason.OWN_WISH else _next_year(year, rules)
    return (e.RegistrationEnded(v.volunteer, at, by.id, v.reason, due_at),)


def _renew(
    s: VolunteerStanding,
    v: c.RenewRegistration,
    at: Instant,
    by: Actor,
    rules: StandingRules,
) -> Outcome:
    if at < s.due_at:  # type: ignore[operator]  # ended: has a clock
        return Refusal.EARLY
    return (e.RegistrationRenewed(v.volunteer, at, by.id),)


_DECIDE: Mapping[type[c.StandingCommand], Callable[..., Outcome]] = {
    c.BlacklistVolunteer: _blacklist,
    c.AppealBlacklisting: _appeal,
    c.DecideAppeal: _judge,
    c.ExpireAppeal: _expire,
    c.EndRegistration: _end,
    c.RenewRegistration: _renew,
}
