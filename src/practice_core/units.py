"""Units of time, identity and working time, on which every other room stands.

An instant is a whole number of milliseconds since 1970-01-01T00:00Z: in the core, in the journal
and as SimPy's ``env.now``. Aware datetimes exist only at the edges. This room reads no clock.

Examples
--------
>>> from datetime import datetime, timezone
>>> monday = instant(datetime(2020, 4, 6, tzinfo=timezone.utc))
>>> office = Calendar.weekly(days=range(5), opens="08:30", closes="17:30")
>>> moment(office.add_working(monday, 9 * HOUR + 30 * MINUTE), offset=8 * HOUR).isoformat()
'2020-04-07T09:00:00+08:00'
"""

from __future__ import annotations

import datetime as dt
import os
import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NewType, TypeAlias, TypeVar

import attrs

from practice_core.errors import DefinitionError, Fault, OperationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "WEEK",
    "AccountId",
    "ActorId",
    "Calendar",
    "CommandId",
    "Duration",
    "Instant",
    "ItemId",
    "Minutes",
    "NominationId",
    "OrderId",
    "RedemptionId",
    "SiteId",
    "TeamId",
    "TransferId",
    "VolunteerId",
    "instant",
    "is_identifier",
    "moment",
    "value",
]

Instant: TypeAlias = int
"""Milliseconds since 1970-01-01T00:00Z."""
Duration: TypeAlias = int
"""Milliseconds."""
Minutes: TypeAlias = int
"""Whole minutes; service time only."""

MINUTE: Duration = 60_000
HOUR: Duration = 60 * MINUTE
DAY: Duration = 24 * HOUR
WEEK: Duration = 7 * DAY

AccountId = NewType("AccountId", str)
ActorId = NewType("ActorId", str)
CommandId = NewType("CommandId", str)
ItemId = NewType("ItemId", str)
NominationId = NewType("NominationId", str)
OrderId = NewType("OrderId", str)
RedemptionId = NewType("RedemptionId", str)
SiteId = NewType("SiteId", str)
TeamId = NewType("TeamId", str)
TransferId = NewType("TransferId", str)
VolunteerId = NewType("VolunteerId", str)

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
_WEEKDAYS = 7

T = TypeVar("T")


if TYPE_CHECKING:
    from attrs import frozen as value
elif os.environ.get("PRACTICE_CORE_FROZEN"):
    value = attrs.frozen
else:
    # Frozen for the type checker and the test suite, a plain class in production: a frozen
    # constructor costs three times a plain one, and a year builds millions (docs/adr/0003).
    def value(cls: type[T]) -> type[T]:
        """Make `cls` a value: slots, equality, hash; see docs/adr/0003."""
        return attrs.define(cls, unsafe_hash=True)


def is_identifier(text: str) -> bool:
    """Tell whether `text` may be an id: 1 to 64 of ``A-Za-z0-9._:-``, first a letter or digit.

    >>> is_identifier("st-001"), is_identifier("-st"), is_identifier("")
    (True, False, False)
    """
    return _IDENTIFIER.fullmatch(text) is not None


def instant(when: dt.datetime) -> Instant:
    """Turn an aware datetime into an instant.

    Raises
    ------
    TypeError
        If `when` is naive: a time without its zone is not an instant.
    """
    if when.tzinfo is None:
        message = f"naive datetime {when.isoformat()}; give it a tzinfo"
        raise TypeError(message)
    return (when - _EPOCH) // dt.timedelta(milliseconds=1)


def moment(at: Instant, *, offset: Duration = 0) -> dt.datetime:
    """Turn an instant into an aware datetime at a fixed `offset` east of UTC."""
    zone = dt.timezone(dt.timedelta(milliseconds=offset))
    return (_EPOCH + dt.timedelta(milliseconds=at)).astimezone(zone)


Span: TypeAlias = tuple[Duration, Duration]


@attrs.frozen
class Calendar:
    """When the desks work: a weekly pattern and dated exceptions.

    Parameters
    ----------
    week
        For each weekday, Monday first, the open spans as (from, to) after local midnight, in ms,
        ascending and apart.
    exceptions
        Open spans of single local days, by days since 1970-01-01: empty for a holiday, hours for a
        make-up day. Absent means plain weeks.
    offset
        Local time east of UTC, in ms (China: 8 hours all year).

    Raises
    ------
    DefinitionError
        If a span is empty, reversed, overlapping or outside its day, or no weekday is open.
    """

    week: tuple[tuple[Span, ...], ...]
    exceptions: Mapping[int, tuple[Span, ...]] = attrs.field(factory=dict, hash=False)
    offset: Duration = 8 * HOUR

    def __attrs_post_init__(self) -> None:
        days = [(f"week[{n}]", spans) for n, spans in enumerate(self.week)]
        days += [(f"exceptions[{n}]", spans) for n, spans in self.exceptions.items()]
        faults = [
            Fault(place, f"spans {spans}", "ascending spans inside one day", "mend the hours")
            for place, spans in days
            if not _spans_in_order(spans)
        ]
        if len(self.week) != _WEEKDAYS or not any(self.week):
            faults.append(
                Fault("week", f"{len(self.week)} weekdays", "seven, one open", "open a weekday")
            )
        if faults:
            raise DefinitionError("calendar", faults)

    @classmethod
    def weekly(
        cls,
        *,
        days: Iterable[int],
        opens: str,
        closes: str,
        offset: Duration = 8 * HOUR,
    ) -> Calendar:
        """Build plain weeks: the same hours on each of `days` (Monday is 0, Sunday 6)."""
        span = (clock(opens), clock(closes))
        chosen = set(days)
        odd = sorted(chosen - set(range(_WEEKDAYS)))
        if odd:
            fault = Fault("days", repr(odd), "0 for Monday to 6 for Sunday", "renumber the days")
            raise DefinitionError("calendar", (fault,))
        week = tuple((span,) if day in chosen else () for day in range(_WEEKDAYS))
        return cls(week, offset=offset)

    def spans(self, day: int) -> tuple[Span, ...]:
        """Give the open spans of local day number `day`, in ms after its midnight."""
        exception = self.exceptions.get(day)
        return self.week[(day + _EPOCH_WEEKDAY) % _WEEKDAYS] if exception is None else exception

    def is_working(self, t: Instant) -> bool:
        """Tell whether the desks are open at `t`; a span includes its start, not its end."""
        day, since = divmod(t + self.offset, DAY)
        return any(opens <= since < closes for opens, closes in self.spans(day))

    def add_working(self, t: Instant, d: Duration) -> Instant:
        """Give the instant at which `d` ms of working time have passed since `t`.

        The result is always an instant at which the desks are open: for ``d = 0`` it is `t` itself
        or the next opening, and time that runs out at closing runs out at the next opening.

        Raises
        ------
        OperationError
            If `d` is negative: working time is not counted backwards.
        """
        if d < 0:
            message = f"working time of {d} ms"
            raise OperationError(message)
        left = d
        day, since = divmod(t + self.offset, DAY)
        while True:
            for opens, closes in self.spans(day):
                begin = max(opens, since)
                if begin < closes and left < closes - begin:
                    return day * DAY + begin + left - self.offset
                left -= max(0, closes - begin)
            day, since = day + 1, 0

    def working_between(self, start: Instant, end: Instant) -> Duration:
        """Give the working time in ``[start, end)``; 0 if `end` is not after `start`."""
        total = 0
        for day in range((start + self.offset) // DAY, (end + self.offset) // DAY + 1):
            midnight = day * DAY - self.offset
            for opens, closes in self.spans(day):
                total += max(0, min(end, midnight + closes) - max(start, midnight + opens))
        return total


def clock(text: str) -> Duration:
    """Read ``"HH:MM"`` as ms after midnight.

    >>> clock("08:30") == 8 * HOUR + 30 * MINUTE
    True
    """
    found = re.fullmatch(r"([01]\d|2[0-4]):([0-5]\d)", text, re.ASCII)
    if found is None or text > "24:00":
        fault = Fault("clock", repr(text), "HH:MM from 00:00 to 24:00", "write the hour so")
        raise DefinitionError("clock", (fault,))
    return int(found[1]) * HOUR + int(found[2]) * MINUTE


def _spans_in_order(spans: tuple[Span, ...]) -> bool:
    edges = [edge for span in spans for edge in span]
    rising = all(a < b for a, b in spans) and edges == sorted(edges)
    return rising and bisect_right(edges, DAY) == len(edges) and (not edges or edges[0] >= 0)
