"""From signing in and out to whole minutes of service: what counts, and what does not."""

from __future__ import annotations

import enum
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault
from practice_core.units import DAY, HOUR, MINUTE, value
from practice_core.volunteers.records import ServiceRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from practice_core.terms import Category
    from practice_core.units import Duration, Instant, Minutes, OrderId, VolunteerId
    from practice_core.volunteers.records import ServiceRole

__all__ = ["Attendance", "Confirmer", "RecordRules", "Span", "TimeUse", "served_minutes"]

_CHINA = 8 * HOUR


class TimeUse(enum.StrEnum):
    """What a stretch of time was spent on."""

    SERVICE = "service"
    TRAVEL = "travel"
    BREAK = "break"
    TRAINING = "training"
    MEETING = "meeting"
    LECTURE = "lecture"
    """Listened to one; giving one is a service."""
    OFFICE_DUTY = "office_duty"
    """On duty in an office."""
    REHEARSAL = "rehearsal"


class Confirmer(enum.StrEnum):
    """As what somebody confirms a record."""

    BENEFICIARY = "beneficiary"
    ORGANISER = "organiser"


@value
class Span:
    """A stretch of time from signing in to signing out, and what it was spent on."""

    start: Instant
    end: Instant
    use: TimeUse = TimeUse.SERVICE


@attrs.frozen(kw_only=True)
class RecordRules:
    """What a document says of service records; empty and None: it says nothing.

    Parameters
    ----------
    uncounted
        What is no service time.
    spans_a_day
        How often somebody may sign in on one local day.
    signs_daily
        Whether whoever serves on several days signs in and out on each.
    activity_days
        How long one activity may last, in days.
    role_minutes
        Time allowed for what somebody did beside serving.
    confirmers
        Who may confirm a record; empty: it need not be confirmed.
    entry_days
        Within how many days of its end a service is entered.
    late_entry
        Whether a later one may be entered by its own procedure.
    notice_days
        For how many days a certificate is shown inside the unit.
    keep_years
        For how many years a record is kept.
    offset
        Local time east of UTC, in ms.

    Raises
    ------
    DefinitionError
        With every impossible number.
    """

    uncounted: frozenset[TimeUse] = frozenset()
    spans_a_day: int | None = None
    signs_daily: bool = False
    activity_days: int | None = None
    role_minutes: Mapping[ServiceRole, Minutes] = attrs.field(factory=dict, hash=False)
    confirmers: tuple[Confirmer, ...] = ()
    entry_days: int | None = None
    late_entry: bool = True
    notice_days: int | None = None
    keep_years: int | None = None
    offset: Duration = _CHINA

    def __attrs_post_init__(self) -> None:
        faults = tuple(self._faults())
        if faults:
            subject = "record rules"
            raise DefinitionError(subject, faults)

    def _faults(self) -> Iterator[Fault]:
        counts = {
            "spans_a_day": self.spans_a_day,
            "activity_days": self.activity_days,
            "entry_days": self.entry_days,
            "notice_days": self.notice_days,
            "keep_years": self.keep_years,
        }
        counts |= {f"role_minutes.{role}": least for role, least in self.role_minutes.items()}
        for key, count in counts.items():
            if count is not None and count < 1:
                yield Fault(key, str(count), "1 or more", f"change {key.rpartition('.')[2]}")
        if TimeUse.SERVICE in self.uncounted:
            yield Fault("uncounted", "service", "what is no service", "remove it")


@attrs.frozen
class Attendance:
    """What is known of one volunteer's presence on one order.

    Parameters
    ----------
    volunteer, order
        Who, and on which order.
    spans
        When, in any order; those of breaks and travel may lie within those of service.
    category, role
        As for `ServiceRecord`.
    """

    volunteer: VolunteerId
    order: OrderId
    spans: tuple[Span, ...]
    category: Category | None = None
    role: ServiceRole | None = None

    def record(self, rules: RecordRules) -> ServiceRecord:
        """Give the record of it, in whole minutes, ending when the service did.

        Raises
        ------
        DefinitionError
            With everything about the spans that is impossible or that the rules do not allow, and
            if no whole minute counts.

        Examples
        --------
        >>> rules = RecordRules(uncounted=frozenset({TimeUse.BREAK}))
        >>> day = (Span(0, 5 * HOUR), Span(4 * HOUR, 4 * HOUR + 30 * MINUTE, TimeUse.BREAK))
        >>> Attendance("v-1", "o-1", day).record(rules).minutes
        270
        """
        faults = list(_span_faults(self.spans, rules))
        minutes = 0 if faults else served_minutes(self.spans, rules)
        if not faults and not minutes:
            faults.append(Fault("spans", "no minute that counts", "1 or more", "record nothing"))
        if faults:
            subject = f"attendance at {self.order}"
            raise DefinitionError(subject, faults)
        if self.role is not None:
            minutes += rules.role_minutes.get(self.role, 0)
        end = max(span.end for span in self.spans if span.use not in rules.uncounted)
        return ServiceRecord(
            self.volunteer, self.order, end, minutes, category=self.category, role=self.role
        )


def served_minutes(spans: Iterable[Span], rules: RecordRules) -> Minutes:
    """Give the whole minutes of the time that counts; seconds are dropped once, at the end.

    Time signed for twice counts once, and time that does not count is taken out of the time that
    does, whether or not somebody stayed signed in.

    Parameters
    ----------
    spans
        In any order; each must end after it starts.
    rules
        What is no service time.
    """
    counted: Counter[bool] = Counter()
    edges = [
        edge
        for span in spans
        for edge in (
            (span.start, span.use not in rules.uncounted, 1),
            (span.end, span.use not in rules.uncounted, -1),
        )
    ]
    total, since = 0, 0
    for at, serves, step in sorted(edges):
        if counted[True] and not counted[False]:
            total += at - since
        counted[serves] += step
        since = at
    return total // MINUTE


def _span_faults(spans: tuple[Span, ...], rules: RecordRules) -> Iterator[Fault]:
    for n, span in enumerate(spans):
        if span.end <= span.start:
            found, expected = "signed out no later than in", "a later end"
            yield Fault(f"spans[{n}]", found, expected, "mend the times")
        elif rules.signs_daily and span.use is TimeUse.SERVICE and span.end - span.start > DAY:
            found, expected = "signed in for more than 24 h", "a sign-out every day"
            yield Fault(f"spans[{n}]", found, expected, "enter each day")
    days = Counter(
        (span.start + rules.offset) // DAY for span in spans if span.use is TimeUse.SERVICE
    )
    most = rules.spans_a_day
    for count in days.values():
        if most is not None and count > most:
            found, expected = f"signed in {count} times on one day", f"at most {most}"
            yield Fault("spans", found, expected, "join the spans")
    longest = rules.activity_days
    if spans and longest is not None:
        lasted = max(span.end for span in spans) - min(span.start for span in spans)
        if lasted > longest * DAY:
            found, expected = f"an activity of {-(-lasted // DAY)} days", f"at most {longest}"
            yield Fault("spans", found, expected, "make several activities of it")
