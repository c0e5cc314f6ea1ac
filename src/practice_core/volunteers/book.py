"""Entries of service records: confirmed, corrected, and never rewritten."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

from practice_core.units import DAY, moment, value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from practice_core.units import ActorId, Instant, OrderId, VolunteerId
    from practice_core.volunteers.attendance import Confirmer, RecordRules
    from practice_core.volunteers.records import ServiceRecord

__all__ = ["Entry", "Objection", "RecordBook", "kept_until", "record_book"]


class Objection(enum.StrEnum):
    """Why an entry does not stand, in the order in which it is asked."""

    UNTIMELY = "untimely"
    """Entered or confirmed before the service ended."""
    LATE = "late"
    """Entered after the time for it, where there is no later way."""
    UNCONFIRMED = "unconfirmed"
    """Nobody who may has confirmed it."""
    OWN_WORD = "own_word"
    """The volunteer confirmed it alone."""
    NOTHING_TO_CORRECT = "nothing_to_correct"
    """It corrects a record that there is not."""
    TWICE = "twice"
    """There is a record of that service: it can only be corrected."""


@value
class Entry:
    """A record as somebody entered it.

    Parameters
    ----------
    record
        What is recorded; of a correction, what should have been. No minutes: that nobody served.
    at
        When it was entered, in ms since 1970-01-01T00:00Z.
    by
        Who entered it.
    confirmed_by, confirmed_as
        Who confirmed it, and as what; None: nobody has.
    corrects
        Whether it takes the place of what was entered before.
    """

    record: ServiceRecord
    at: Instant
    by: ActorId
    confirmed_by: ActorId | None = None
    confirmed_as: Confirmer | None = None
    corrects: bool = False

    @property
    def key(self) -> tuple[VolunteerId, OrderId]:
        """Who served on which order: of these there is one record."""
        return self.record.volunteer, self.record.order


@attrs.frozen
class RecordBook:
    """What stands of all that was entered, and what does not.

    Parameters
    ----------
    standing
        The latest good entry of every service, by the end of the service.
    replaced
        Good entries in whose place a correction stands.
    refused
        Every other entry, with why.
    """

    standing: tuple[Entry, ...]
    replaced: tuple[Entry, ...]
    refused: tuple[tuple[Entry, Objection], ...]


def record_book(entries: Iterable[Entry], rules: RecordRules) -> RecordBook:
    """Read entries in the order in which they were entered.

    Nothing is lost: each is in one of the three parts. A correction needs the same confirmation as
    what it corrects; one that has none changes nothing.

    Parameters
    ----------
    entries
        In any order; those of one instant in the order given.
    rules
        When and by whom.

    Examples
    --------
    >>> from practice_core.volunteers import Confirmer, Entry, RecordRules, ServiceRecord
    >>> rules = RecordRules(confirmers=(Confirmer.BENEFICIARY, Confirmer.ORGANISER))
    >>> first = Entry(ServiceRecord("v-1", "o-1", 1_000, 150), 2_000, "a-1", "a-2", "organiser")
    >>> mended = Entry(ServiceRecord("v-1", "o-1", 1_000, 120), 3_000, "a-1", corrects=True)
    >>> book = record_book([first, mended], rules)
    >>> [entry.record.minutes for entry in book.standing], str(book.refused[0][1])
    ([150], 'unconfirmed')
    """
    standing: dict[tuple[VolunteerId, OrderId], Entry] = {}
    replaced: list[Entry] = []
    refused: list[tuple[Entry, Objection]] = []
    for entry in sorted(entries, key=lambda entry: entry.at):
        before = standing.get(entry.key)
        objection = _objection(entry, before, rules)
        if objection is not None:
            refused.append((entry, objection))
            continue
        if before is not None:
            replaced.append(before)
        standing[entry.key] = entry
    ordered = sorted(standing.values(), key=lambda entry: (entry.record.at, entry.key))
    return RecordBook(tuple(ordered), tuple(replaced), tuple(refused))


def kept_until(record: ServiceRecord, rules: RecordRules) -> Instant | None:
    """Give until when a record must be kept; None if the rules do not say.

    Years are those of the calendar: of 29 February, to 1 March.
    """
    if rules.keep_years is None:
        return None
    ended = moment(record.at, offset=rules.offset)
    year = ended.year + rules.keep_years
    leap = ended.month == 2 and ended.day == 29 and not _is_leap(year)  # noqa: PLR2004 - 29 February
    then = ended.replace(year=year, month=3, day=1) if leap else ended.replace(year=year)
    return record.at + round((then - ended).total_seconds() * 1_000)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _objection(entry: Entry, before: Entry | None, rules: RecordRules) -> Objection | None:
    since = entry.at - entry.record.at
    if since < 0:
        return Objection.UNTIMELY
    timed = not entry.corrects and rules.entry_days is not None and not rules.late_entry
    if timed and since > (rules.entry_days or 0) * DAY:
        return Objection.LATE
    if rules.confirmers:
        if entry.confirmed_by is None or entry.confirmed_as not in rules.confirmers:
            return Objection.UNCONFIRMED
        if str(entry.confirmed_by) == str(entry.record.volunteer):
            return Objection.OWN_WORD
    if entry.corrects and before is None:
        return Objection.NOTHING_TO_CORRECT
    return None if entry.corrects or before is None else Objection.TWICE
