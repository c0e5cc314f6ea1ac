"""Standings and nominations: folded from their streams, and decided as everything else is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from practice_core import honours
from practice_core.honours import (
    DropNomination,
    HonourNominee,
    NominateRoleModel,
    NominationRefusal,
    PublishNomination,
    RejectObjection,
    TellStory,
)
from practice_core.lifecycle import Actor, Refused, Role
from practice_core.orders import OfferAccepted
from practice_core.points import Occasion, OccasionRecord, sanctions
from practice_core.points.accounts import (
    PointsCharged,
    PointsForfeited,
    merits,
)
from practice_core.units import ActorId
from practice_core.volunteers import standing
from practice_core.volunteers.standing import (
    AbsenceRecorded,
    BlacklistReason,
    BlacklistVolunteer,
    EndRegistration,
    RecordAbsence,
    StandingEvent,
    StandingRefusal,
    StandingRules,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from practice_core.honours import NominationCommand, NominationEvent, Selection
    from practice_core.journal import Journal
    from practice_core.points import RuleSet
    from practice_core.points.accounts import AccountEvent
    from practice_core.service.books import Books
    from practice_core.service.rewards import Passbooks
    from practice_core.units import Instant, NominationId, OrderId, VolunteerId
    from practice_core.volunteers.standing import StandingCommand

    Told: TypeAlias = tuple[AccountEvent | StandingEvent, ...]

__all__ = ["SYSTEM", "on_nomination", "on_standing", "sanctioned"]

SYSTEM = Actor(ActorId("system"), Role.SYSTEM)
_AT_CENTER = (PublishNomination, RejectObjection, HonourNominee, TellStory, DropNomination)
"""Given by an officer of the center alone: they speak for the whole area."""


def rules_of_standing(rules: RuleSet) -> StandingRules:
    """Give what points rules say of standing."""
    return StandingRules(
        no_show_limit_per_year=rules.no_show_limit_per_year,
        malicious_limit_per_year=rules.malicious_limit_per_year,
        offset=rules.offset,
    )


def on_standing(  # noqa: PLR0913, PLR0917 - as a decision has sides
    command: StandingCommand,
    at: Instant,
    by: Actor,
    rules: RuleSet,
    books: Books,
    passbooks: Passbooks,
    journal: Journal,
    *,
    central: bool,
) -> Told | Refused:
    """Decide a command to a volunteer's standing, with what an absence costs.

    Parameters
    ----------
    command, at, by
        What is asked, when, and by whom.
    rules
        The area's points rules.
    books, passbooks, journal
        What has happened so far.
    central
        Whether the actor is an officer of the center.
    """
    if books.person(command.volunteer) != command.volunteer:  # he goes by another number now
        return Refused(type(command), StandingRefusal.UNKNOWN_VOLUNTEER)
    if by.role is Role.OFFICER and not central:
        return Refused(type(command), StandingRefusal.SCOPE)
    accepted: set[OrderId] = set()
    if isinstance(command, RecordAbsence) and command.order in books.orders:
        stream = journal.stream(f"order/{command.order}")
        if any(isinstance(one.event, OfferAccepted) for one in stream):
            accepted = {command.order}
    known = books.standings.get(command.volunteer)
    events = standing.decide(known, command, at, by, rules_of_standing(rules), accepted)
    if isinstance(events, Refused):
        return events
    if isinstance(command, RecordAbsence) and not _was_missed(command, books, passbooks):
        return Refused(type(command), StandingRefusal.INVALID_VALUE)
    return (*events, *_penalties(events, at, by, rules, passbooks))


def _was_missed(command: RecordAbsence, books: Books, passbooks: Passbooks) -> bool:
    """Tell whether an order could begin then, and he did not serve on it."""
    request = books.orders[command.order].request
    served = any(command.order in book.records for book in passbooks.of(command.volunteer))
    return request.earliest <= command.missed <= request.latest and not served


def _penalties(
    events: Iterable[StandingEvent],
    at: Instant,
    by: Actor,
    rules: RuleSet,
    passbooks: Passbooks,
) -> Iterator[AccountEvent]:
    """Give what staying away without notice costs by the rules."""
    for event in events:
        if isinstance(event, AbsenceRecorded) and not event.excused and at >= rules.effective:
            record = OccasionRecord(event.volunteer, Occasion.NO_SHOW, at)
            yield from passbooks.charged(rules, record, at, by.id)


def sanctioned(
    events: Iterable[object], at: Instant, rules: RuleSet, books: Books, passbooks: Passbooks
) -> Iterator[StandingEvent]:
    """Give what the points that somebody loses by some events mean for his standing.

    The passbooks have these events already.
    """
    costs = [one for one in events if isinstance(one, PointsCharged | PointsForfeited)]
    for volunteer in dict.fromkeys([books.person(one.volunteer) for one in costs]):
        known = _after(books, volunteer, events)
        for reason in sanctions(rules, merits(rules, volunteer, passbooks.of(volunteer), at)):
            command: StandingCommand
            if isinstance(reason, BlacklistReason):
                command = BlacklistVolunteer(volunteer, reason)
            else:
                command = EndRegistration(volunteer, reason)
            told = standing.decide(known, command, at, SYSTEM, rules_of_standing(rules))
            for event in () if isinstance(told, Refused) else told:
                known = standing.evolve(known, event)
                yield event


def _after(
    books: Books, volunteer: VolunteerId, events: Iterable[object]
) -> standing.VolunteerStanding | None:
    """Give a standing as some events that are not written yet will leave it."""
    known = books.standings.get(volunteer)
    for event in events:
        if isinstance(event, StandingEvent) and event.volunteer == volunteer:
            known = standing.evolve(known, event)
    return known


def on_nomination(  # noqa: PLR0913, PLR0917 - as a decision has sides
    key: NominationId,
    command: NominationCommand,
    at: Instant,
    by: Actor,
    selection: Selection,
    books: Books,
    *,
    central: bool,
) -> tuple[NominationEvent, ...] | Refused:
    """Decide a command to a nomination."""
    if isinstance(command, NominateRoleModel) and command.nomination != key:
        return Refused(type(command), NominationRefusal.UNKNOWN_NOMINATION)
    if isinstance(command, _AT_CENTER) and by.role is Role.OFFICER and not central:
        return Refused(type(command), NominationRefusal.SCOPE)
    return honours.decide(books.nominations.get(key), command, at, by, selection)
