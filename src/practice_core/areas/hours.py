"""Opening hours as one line of text: the part of OpenStreetMap's ``opening_hours`` that is needed.

Weekdays and dates, each with spans of hours or ``off``: ``Mo-Fr 08:30-17:30; 2020 Jan 24-30 off``.
A weekday of which nothing is said is closed; the hours of a date replace those of its weekday. A
zone other than China's stands at the end: ``UTC+09:00``.
"""

from __future__ import annotations

import datetime as dt
import re
from itertools import groupby
from typing import TYPE_CHECKING

from practice_core.errors import DefinitionError, Fault, attempt
from practice_core.units import HOUR, MINUTE, Calendar, clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from practice_core.units import Duration, Span

__all__ = ["LONGEST_HOURS", "hours_text", "read_hours"]

LONGEST_HOURS = 800
"""Characters: a year of holidays in a line of a spreadsheet."""
_CHINA = 8 * HOUR
_EPOCH = dt.date(1970, 1, 1)
_WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEK = "|".join(_WEEKDAYS)
_RULE = re.compile(
    rf"(?:(?P<days>(?:{_WEEK})(?:-(?:{_WEEK}))?(?:,(?:{_WEEK})(?:-(?:{_WEEK}))?)*)"
    rf"|(?P<year>\d{{4}}) (?P<month>{'|'.join(_MONTHS)}) (?P<first>\d\d?)(?:-(?P<last>\d\d?))?)"
    r" (?P<spans>off|\d\d:\d\d-\d\d:\d\d(?:,\d\d:\d\d-\d\d:\d\d)*)",
    re.ASCII,
)
_ZONE = re.compile(r"UTC([+-])(\d\d):([0-5]\d)", re.ASCII)
_FARTHEST = 14 * HOUR
_EXPECTED = "such as Mo-Fr 08:30-17:30; Sa 09:00-12:00; 2020 Jan 24-30 off"


def read_hours(text: str, place: str = "hours") -> Calendar:
    """Read opening hours.

    Parameters
    ----------
    text
        As of this module.
    place
        For the faults.

    Raises
    ------
    DefinitionError
        With every part that is none, or says of a day again when it is open.

    Examples
    --------
    >>> hours = read_hours("Mo-Fr 08:30-17:30; Sa,Su 09:00-12:00,14:00-17:00; 2020 Jan 1 off")
    >>> [len(spans) for spans in hours.week], hours.spans(18_262)
    ([1, 1, 1, 1, 1, 2, 2], ())
    """
    faults: list[Fault] = []
    if len(text) > LONGEST_HOURS:
        found, expected = f"{len(text)} characters", f"at most {LONGEST_HOURS}"
        raise DefinitionError("hours", [Fault(place, found, expected, "shorten hours")])
    week: dict[int, tuple[Span, ...]] = {}
    dates: dict[int, tuple[Span, ...]] = {}
    offset = _CHINA
    for part in filter(None, map(str.strip, text.split(";"))):
        zone, rule = _ZONE.fullmatch(part), _RULE.fullmatch(part)
        if zone is not None:
            offset = int(f"{zone[1]}1") * (int(zone[2]) * HOUR + int(zone[3]) * MINUTE)
        days = None if rule is None else _days(rule)
        if (zone is None and not days) or abs(offset) > _FARTHEST:
            faults.append(Fault(place, f"hours {part!r}", _EXPECTED, "mend hours"))
        elif rule is not None and days:
            spans = attempt(faults, _spans, rule["spans"])
            known = week if rule["days"] else dates
            if known.keys() & days:
                faults.append(Fault(place, f"hours {part!r}", "each day once", "remove one"))
            known |= dict.fromkeys(days, spans or ())
    if not faults:
        built = attempt(faults, Calendar, tuple(week.get(n, ()) for n in range(7)), dates, offset)
        if built is not None:
            return built
    raise DefinitionError("hours", [Fault(place, f.found, f.expected, f.remedy) for f in faults])


def hours_text(hours: Calendar) -> str:
    """Write opening hours as `read_hours` reads them.

    Raises
    ------
    DefinitionError
        If they are not to the minute, are of a zone that is none, or are too long for a line.

    Examples
    --------
    >>> hours_text(Calendar.weekly(days=range(5), opens="08:30", closes="17:30"))
    'Mo-Fr 08:30-17:30'
    """
    rules = [
        f"{_run(_WEEKDAYS, days)} {_hours(spans)}"
        for days, spans in _runs(dict(enumerate(hours.week)))
        if spans
    ]
    rules += [
        f"{_dates(days)} {_hours(spans)}" for days, spans in _runs(hours.exceptions, months=True)
    ]
    if hours.offset != _CHINA:
        east = abs(hours.offset) // MINUTE
        sign = "-" if hours.offset < 0 else "+"
        rules.append(f"UTC{sign}{east // 60:02}:{east % 60:02}")
    text = "; ".join(rules)
    if len(text) > LONGEST_HOURS or attempt([], read_hours, text) != hours:
        expected = f"whole minutes of days from 1970, in at most {LONGEST_HOURS} characters"
        fault = Fault("hours", f"hours {text[:80]!r}", expected, "shorten hours")
        raise DefinitionError("hours", [fault])
    return text


def _days(rule: re.Match[str]) -> list[int]:
    """Give the weekdays, or the days since 1970, of a rule; none if there is no such day."""
    if rule["days"]:
        found = []
        for part in rule["days"].split(","):
            first, _, last = part.partition("-")
            begin, end = _WEEKDAYS.index(first), _WEEKDAYS.index(last or first)
            found += [(begin + n) % 7 for n in range((end - begin) % 7 + 1)]
        return found if len(set(found)) == len(found) else []
    month = _MONTHS.index(rule["month"]) + 1
    try:
        first, last = (
            (dt.date(int(rule["year"]), month, int(day)) - _EPOCH).days
            for day in (rule["first"], rule["last"] or rule["first"])
        )
    except ValueError:
        return []
    return list(range(first, last + 1))


def _spans(text: str) -> tuple[Span, ...]:
    if text == "off":
        return ()
    pairs = (span.split("-") for span in text.split(","))
    return tuple((clock(opens), clock(closes)) for opens, closes in pairs)


def _runs(
    days: Mapping[int, tuple[Span, ...]], *, months: bool = False
) -> Iterator[tuple[Sequence[int], tuple[Span, ...]]]:
    """Part days into runs of one after another with the same hours, and of one month if wanted."""

    def key(place: tuple[int, int]) -> tuple[object, ...]:
        number, day = place
        return day - number, days[day], _date(day).replace(day=1) if months else None

    for _, run in groupby(enumerate(sorted(days)), key):
        found = [day for _, day in run]
        yield found, days[found[0]]


def _run(names: Sequence[str], days: Sequence[int]) -> str:
    first, last = names[days[0]], names[days[-1]]
    return first if first == last else f"{first}-{last}"


def _dates(days: Sequence[int]) -> str:
    first, last = _date(days[0]), _date(days[-1])
    until = "" if first == last else f"-{last.day}"
    return f"{first.year:04} {_MONTHS[first.month - 1]} {first.day}{until}"


def _date(day: int) -> dt.date:
    try:
        return _EPOCH + dt.timedelta(days=day)
    except OverflowError:
        return dt.date.max


def _hours(spans: Sequence[Span]) -> str:
    return ",".join(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in spans) or "off"


def _clock(time: Duration) -> str:
    return f"{time // HOUR:02}:{time % HOUR // MINUTE:02}"
