"""When the desks of an area work, as its file says: weekly hours, holidays and make-up days."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.errors import DefinitionError, Fault, attempt
from practice_core.units import HOUR, MINUTE, Calendar, clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from practice_core.units import Duration, Span

__all__ = [
    "USUAL",
    "CalendarFile",
    "calendar_of",
    "hours_of",
    "plain_calendar",
    "time_of_day",
    "working_day",
]

USUAL = Calendar.weekly(days=range(5), opens="08:30", closes="17:30")
"""What is assumed of desks of which no file says when they work."""

_FARTHEST_EAST = 14
_LONGEST_HOLIDAY = 31
_NAMED = 3
_EPOCH = dt.date(1970, 1, 1)


@attrs.frozen
class CalendarFile:
    """The section ``[calendar]`` of a file."""

    utc_offset_hours: int
    working_weekdays: list[int]
    opens: str
    closes: str
    holidays: list[str] = attrs.field(factory=list)
    make_up_days: list[str] = attrs.field(factory=list)
    holidays_document: str = ""


def calendar_of(found: CalendarFile) -> Calendar:
    """Build a calendar from what a file says of it.

    Raises
    ------
    DefinitionError
        With every fault, each at its key.
    """
    faults: list[Fault] = []
    opens = time_of_day("calendar.opens", found.opens, faults)
    closes = time_of_day("calendar.closes", found.closes, faults)
    if not faults and opens >= closes:
        expected = f"a time after {found.opens}"
        faults.append(Fault("calendar.closes", repr(found.closes), expected, "mend the hours"))
    days = set(found.working_weekdays)
    if not days or not days <= set(range(7)):
        key, expected = "calendar.working_weekdays", "one or more of 0 for Monday to 6 for Sunday"
        faults.append(Fault(key, repr(found.working_weekdays), expected, "renumber the days"))
    hours = found.utc_offset_hours
    if abs(hours) > _FARTHEST_EAST:
        faults.append(Fault("calendar.utc_offset_hours", str(hours), "-14 to 14", "8 is China's"))
    free = _dates("calendar.holidays", found.holidays, faults)
    worked = _dates("calendar.make_up_days", found.make_up_days, faults)
    both = sorted(free & worked)
    if both:
        twice = ", ".join(map(str, both[:_NAMED]))
        remedy = "leave each in one list"
        faults.append(Fault("calendar.make_up_days", f"{twice} is a holiday too", "others", remedy))
    if (free or worked) and not found.holidays_document.strip():
        expected = "the notice that says so"
        faults.append(Fault("calendar.holidays_document", "nothing", expected, "name it"))
    if faults:
        raise DefinitionError("calendar", faults)
    plain = Calendar.weekly(days=days, opens=found.opens, closes=found.closes, offset=hours * HOUR)
    exceptions = {_day(date): () for date in free} | {
        _day(date): ((opens, closes),) for date in worked
    }
    return attrs.evolve(plain, exceptions=dict(sorted(exceptions.items())))


def working_day(calendar: Calendar) -> Duration:
    """Give the working time of the longest day of a usual week."""
    return max(sum(closes - opens for opens, closes in spans) for spans in calendar.week)


def hours_of(spans: Iterable[Span]) -> tuple[str, ...]:
    """Give the open spans of a day as ``08:30-17:30``."""
    return tuple(
        f"{opens // HOUR:02}:{opens % HOUR // MINUTE:02}"
        f"-{closes // HOUR:02}:{closes % HOUR // MINUTE:02}"
        for opens, closes in spans
    )


def plain_calendar(calendar: Calendar) -> dict[str, Any]:
    """Give a calendar as plain data: the week, Monday first, and the dates that are otherwise."""
    return {
        "utc_offset_hours": calendar.offset / HOUR,
        "week": [list(hours_of(spans)) for spans in calendar.week],
        "exceptions": {
            (_EPOCH + dt.timedelta(days=day)).isoformat(): list(hours_of(spans))
            for day, spans in calendar.exceptions.items()
        },
    }


def _dates(key: str, texts: Sequence[str], faults: list[Fault]) -> set[dt.date]:
    """Read dates and spans of dates, ``2020-01-01`` and ``2020-01-24/2020-01-30``."""
    found: set[dt.date] = set()
    for n, text in enumerate(texts):
        first, _, last = text.partition("/")
        try:
            begin, end = (dt.date.fromisoformat(day) for day in (first, last or first))
        except ValueError:
            begin, end = dt.date.max, dt.date.min
        if not 0 <= (end - begin).days < _LONGEST_HOLIDAY or any(
            len(day) not in {0, 10} for day in (first, last)
        ):
            expected = f"YYYY-MM-DD, or YYYY-MM-DD/YYYY-MM-DD of at most {_LONGEST_HOLIDAY} days"
            faults.append(Fault(f"{key}[{n}]", repr(text), expected, "mend the date"))
            continue
        found |= {begin + dt.timedelta(days=more) for more in range((end - begin).days + 1)}
    return found


def _day(date: dt.date) -> int:
    """Give the number of a local day, from 1970-01-01."""
    return (date - _EPOCH).days


def time_of_day(key: str, text: str, faults: list[Fault]) -> Duration:
    """Read a time of day; 0, and a fault at its key, if it is none."""
    found: list[Fault] = []
    read_time = attempt(found, clock, text)
    faults += [attrs.evolve(fault, place=key) for fault in found]
    return read_time or 0
