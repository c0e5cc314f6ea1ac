"""Awards: points with their reasons, line by line."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from practice_core.errors import DefinitionError, Fault
from practice_core.points.checks import MOST_MINUTES
from practice_core.points.rules import Occasion, Rounding
from practice_core.units import Instant, Minutes, VolunteerId, value

if TYPE_CHECKING:
    from practice_core.points.rules import RuleSet
    from practice_core.volunteers import ServiceRecord

__all__ = [
    "NOTHING",
    "Award",
    "AwardReason",
    "History",
    "Line",
    "OccasionRecord",
    "award",
    "bad_minutes",
]

_GRADES = (None, 1, 2, 3)
_MOST_COUNT = 1_000_000


class AwardReason(enum.StrEnum):
    """Why a line of an award stands there, in the order in which lines stand."""

    NO_RULES = "no_rules"
    """No version was in force."""
    SERVICE_TIME = "service_time"
    ROLE_TIME = "role_time"
    COMPLAINT = "complaint"
    LATE_CLAIM = "late_claim"
    ACTIVITY_TIME = "activity_time"
    """Time beyond the most of one activity."""
    DAY_TIME = "day_time"
    """Time beyond the most of one day."""
    QUANTUM = "quantum"
    """Time to the next whole step."""
    CATEGORY = "category"
    GRADE = "grade"
    SERVICE = "service"
    ROLE = "role"
    OCCASION = "occasion"
    OCCASION_CAP = "occasion_cap"
    RECEIVED = "received"
    NO_SHOW = "no_show"
    DAY_CAP = "day_cap"
    YEAR_CAP = "year_cap"
    STORAGE_CAP = "storage_cap"


@value
class Line:
    """One line of an award.

    Parameters
    ----------
    reason
        Why it stands there.
    minutes
        By how much it changes the time that counts.
    points
        By how much it changes the points.
    """

    reason: AwardReason
    minutes: Minutes
    points: int


@value
class Award:
    """Points with their reasons.

    Parameters
    ----------
    points
        The sum of the points of all lines.
    minutes
        The time that counted for them, the sum of their minutes; never more than a way to points:
        nobody's hours of service are lowered by it.
    lines
        What was done, in order.
    """

    points: int
    minutes: Minutes
    lines: tuple[Line, ...]


@value
class OccasionRecord:
    """Something other than service, that earns or costs points.

    Parameters
    ----------
    volunteer
        Whom it concerns.
    occasion
        What it was.
    at
        When, in ms since 1970-01-01T00:00Z.
    count
        How many at once.
    """

    volunteer: VolunteerId
    occasion: Occasion
    at: Instant
    count: int = 1


@value
class History:
    """What a person has earned before a record, as far as that record's award depends on it.

    Parameters
    ----------
    activity_minutes
        Time so far in the same activity, served or allowed for a role.
    day_minutes
        Time so far on the same local day, no more of each activity than counts.
    day_points, year_points
        Points earned on the same local day, and in the same year.
    balance
        Points held.
    occasion_points
        Points earned on the same kind of occasion, in the period of its limit.
    """

    activity_minutes: Minutes = 0
    day_minutes: Minutes = 0
    day_points: int = 0
    year_points: int = 0
    balance: int = 0
    occasion_points: int = 0


NOTHING = History()
"""Of somebody's first record."""


def award(
    rules: RuleSet, record: ServiceRecord | OccasionRecord, history: History = NOTHING
) -> Award:
    """Give the points of one record, line by line.

    Time that counts: what was served, and is allowed for a role; none of it after a complaint or
    if it was entered too late; no more than the most of an activity and of a day; in whole steps.
    Its points: by the rate and the coefficients, rounded once; then those of a service as such and
    of a role; no more than the most of a day, a year and an account.

    Parameters
    ----------
    rules
        The version in force.
    record
        The service, or another occasion.
    history
        What the person has earned before.

    Returns
    -------
    Award
        Its lines add up to its points and minutes exactly. Below zero only for a service received
        or a person who stayed away, if the rules say what that costs.

    Raises
    ------
    DefinitionError
        With every number of the record that is impossible.

    Examples
    --------
    >>> from practice_core.points import RuleSet
    >>> from practice_core.units import OrderId, VolunteerId
    >>> from practice_core.volunteers import ServiceRecord
    >>> rules = RuleSet(
    ...     id="demo",
    ...     version=1,
    ...     effective=0,
    ...     rate_per_hour=10,
    ...     max_minutes_per_activity=120,
    ...     source="assumed: demo",
    ... )
    >>> record = ServiceRecord(VolunteerId("v-1"), OrderId("o-1"), at=0, minutes=150)
    >>> given = award(rules, record)
    >>> given.points, [(line.reason.value, line.minutes, line.points) for line in given.lines]
    (20, [('service_time', 150, 25), ('activity_time', -30, -5)])
    """
    if isinstance(record, OccasionRecord):
        return _occasion(rules, record, history)
    _check(record)
    role = None if record.role is None else rules.roles.get(record.role)
    minutes, worth = record.minutes, rules.worth()
    sheet = _Sheet(AwardReason.SERVICE_TIME, minutes, _rounded(minutes, worth, rules.rounding))
    if role is not None:
        minutes += role.minutes
        sheet.to(AwardReason.ROLE_TIME, minutes, _rounded(minutes, worth, rules.rounding))
    zeroed = _zeroed(rules, record)
    if zeroed is not None:
        sheet.to(zeroed, 0, 0)
        return sheet.award()
    if rules.max_minutes_per_activity is not None:
        minutes = _capped(minutes, history.activity_minutes, rules.max_minutes_per_activity)
        sheet.to(AwardReason.ACTIVITY_TIME, minutes, _rounded(minutes, worth, rules.rounding))
    if rules.max_minutes_per_day is not None:
        minutes = _capped(minutes, history.day_minutes, rules.max_minutes_per_day)
        sheet.to(AwardReason.DAY_TIME, minutes, _rounded(minutes, worth, rules.rounding))
    minutes = _rounded(minutes, (1, rules.quantum), rules.rounding) * rules.quantum
    sheet.to(AwardReason.QUANTUM, minutes, _rounded(minutes, worth, rules.rounding))
    if rules.category_coefficient:
        worth = rules.worth(record.category)
        sheet.to(AwardReason.CATEGORY, minutes, _rounded(minutes, worth, rules.rounding))
    if rules.grade_coefficient:
        worth = rules.worth(record.category, record.grade)
        sheet.to(AwardReason.GRADE, minutes, _rounded(minutes, worth, rules.rounding))
    if rules.per_service:
        sheet.to(AwardReason.SERVICE, minutes, sheet.points + rules.per_service)
    if role is not None:
        sheet.to(AwardReason.ROLE, minutes, sheet.points + role.points)
    return _within(rules, sheet, history)


class _Sheet:
    """An award as it grows: each line is what a step changes."""

    def __init__(self, reason: AwardReason, minutes: Minutes, points: int) -> None:
        self.minutes, self.points = minutes, points
        self._lines = [Line(reason, minutes, points)]

    def to(self, reason: AwardReason, minutes: Minutes, points: int) -> None:
        """Add a line that leads to so many minutes and points, unless it changes nothing."""
        if (minutes, points) != (self.minutes, self.points):
            self._lines.append(Line(reason, minutes - self.minutes, points - self.points))
            self.minutes, self.points = minutes, points

    def award(self) -> Award:
        return Award(self.points, self.minutes, tuple(self._lines))


def _within(rules: RuleSet, sheet: _Sheet, history: History) -> Award:
    """Keep an award within the most of a day, a year and an account."""
    if rules.max_points_per_day is not None:
        most = _capped(sheet.points, history.day_points, rules.max_points_per_day)
        sheet.to(AwardReason.DAY_CAP, sheet.minutes, most)
    if rules.max_points_per_year is not None:
        most = _capped(sheet.points, history.year_points, rules.max_points_per_year)
        sheet.to(AwardReason.YEAR_CAP, sheet.minutes, most)
    if rules.storage_cap is not None:
        most = _capped(sheet.points, history.balance, rules.storage_cap)
        sheet.to(AwardReason.STORAGE_CAP, sheet.minutes, most)
    return sheet.award()


def _occasion(rules: RuleSet, record: OccasionRecord, history: History) -> Award:
    occasion, count = record.occasion, record.count
    if not 1 <= count <= _MOST_COUNT:
        subject = f"{occasion} of {record.volunteer}"
        fault = Fault("count", str(count), f"1 to {_MOST_COUNT:,}", "count what happened")
        raise DefinitionError(subject, (fault,))
    if occasion is Occasion.RECEIVED:
        return _Sheet(AwardReason.RECEIVED, 0, -count * (rules.received_debit or 0)).award()
    if occasion is Occasion.NO_SHOW:
        return _Sheet(AwardReason.NO_SHOW, 0, -count * (rules.no_show_penalty or 0)).award()
    event = rules.events.get(occasion)
    sheet = _Sheet(AwardReason.OCCASION, 0, 0 if event is None else count * event.points)
    if event is not None and event.most is not None:
        most = _capped(sheet.points, history.occasion_points, event.most)
        sheet.to(AwardReason.OCCASION_CAP, 0, most)
    return _within(rules, sheet, history)


def _zeroed(rules: RuleSet, record: ServiceRecord) -> AwardReason | None:
    """Give why a service earns nothing, if it does not."""
    if record.complaint and rules.zero_on_complaint:
        return AwardReason.COMPLAINT
    if record.claimed is None or rules.claim_window_days is None:
        return None
    late = rules.day(record.claimed) - rules.day(record.at) > rules.claim_window_days
    return AwardReason.LATE_CLAIM if late else None


def _capped(amount: int, before: int, most: int) -> int:
    return min(amount, max(most - before, 0))


def _rounded(amount: int, ratio: tuple[int, int], how: Rounding) -> int:
    """Multiply by a ratio and round to a whole number."""
    above, below = ratio
    if how is Rounding.FLOOR:
        return amount * above // below
    if how is Rounding.NEAREST:
        return (2 * amount * above + below) // (2 * below)
    return -(-amount * above // below)


def _check(record: ServiceRecord) -> None:
    if 0 <= record.minutes <= MOST_MINUTES and record.grade in _GRADES:
        return
    faults = []
    if not 0 <= record.minutes <= MOST_MINUTES:
        faults.append(bad_minutes(record.minutes))
    if record.grade not in _GRADES:
        faults.append(Fault("grade", str(record.grade), "1, 2 or 3", "grade it so, or leave it"))
    subject = f"service record of {record.volunteer} on {record.order}"
    raise DefinitionError(subject, faults)


def bad_minutes(minutes: int, place: str = "minutes") -> Fault:
    """Give what is wrong with minutes that nobody can have served."""
    return Fault(place, str(minutes), f"0 to {MOST_MINUTES}", "record the minutes actually served")
