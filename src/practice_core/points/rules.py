"""What a service is worth: versioned rules, and the award with its reasons.

Integers only. There is no national rule: every area publishes its own, so a rule set is data and
names the document it comes from.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, TypeVar

import attrs
import numpy as np
import numpy.typing as npt

from practice_core.errors import DefinitionError, Fault
from practice_core.units import Instant, Minutes, is_identifier, value

if TYPE_CHECKING:
    from practice_core.volunteers import ServiceRecord

__all__ = ["Award", "AwardReason", "Line", "RuleSet", "award", "award_points"]

_Time = TypeVar("_Time", int, npt.NDArray[np.int64])

_MOST = 2**31 - 1  # minutes and rate: their product stays inside 64 bits
_DAY: Minutes = 24 * 60
_HOUR: Minutes = 60


class AwardReason(enum.StrEnum):
    """Why a line of an award stands there."""

    SERVICE_TIME = "service_time"
    UNCOUNTED_TIME = "uncounted_time"


@attrs.frozen(kw_only=True)
class RuleSet:
    """One version of an area's points rules.

    The caller picks the version in force; nothing here reads a clock.

    Parameters
    ----------
    id
        Name of the rule set, the same in all its versions.
    version
        1, 2, 3, ...
    effective
        From when on it holds, in ms since 1970-01-01T00:00Z.
    rate_per_hour
        Points for one credited hour.
    source
        The document that says so, or the word ``assumed`` and the reason.
    quantum
        Service time counts in whole steps of this many minutes, the rest is dropped; 6 is 0.1 h,
        the precision of published records.

    Raises
    ------
    DefinitionError
        With all that is wrong, if anything is.

    Examples
    --------
    >>> RuleSet(id="a b", version=1, effective=0, rate_per_hour=0, source="assumed: example")
    Traceback (most recent call last):
    ...
    practice_core.errors.DefinitionError: points rules a b: 2 faults
      id: 'a b'; expected 1 to 64 of A-Za-z0-9._:-; rename it
      rate_per_hour: 0; expected 1 to 2147483647; give whole points for one hour
    """

    id: str
    version: int
    effective: Instant
    rate_per_hour: int
    source: str
    quantum: Minutes = 6

    def __attrs_post_init__(self) -> None:
        checks = (
            ("id", is_identifier(self.id), "1 to 64 of A-Za-z0-9._:-", "rename it"),
            ("version", self.version >= 1, "1 or more", "count versions from 1"),
            (
                "rate_per_hour",
                1 <= self.rate_per_hour <= _MOST,
                f"1 to {_MOST}",
                "give whole points for one hour",
            ),
            ("source", bool(self.source.strip()), "a document", "say where the rule stands"),
            ("quantum", 1 <= self.quantum <= _DAY, f"1 to {_DAY} minutes", "6 is 0.1 h"),
        )
        faults = [
            Fault(name, repr(getattr(self, name)), expected, remedy)
            for name, holds, expected, remedy in checks
            if not holds
        ]
        if faults:
            subject = f"points rules {self.id}"
            raise DefinitionError(subject, faults)


@value
class Line:
    """One line of an award.

    Parameters
    ----------
    reason
        Why it stands there.
    minutes
        Service time it speaks of, in minutes.
    points
        What it adds.
    """

    reason: AwardReason
    minutes: Minutes
    points: int


@value
class Award:
    """Points with their reasons: the lines add up to the points, and to the minutes served."""

    points: int
    lines: tuple[Line, ...]


def award(rules: RuleSet, record: ServiceRecord) -> Award:
    """Give the points of one service record, line by line.

    Parameters
    ----------
    rules
        The version in force.
    record
        The service.

    Returns
    -------
    Award
        ``floor(credited * rate_per_hour / 60)`` points, where ``credited`` is the minutes in whole
        quanta; time dropped by the quantum has a line of its own.

    Raises
    ------
    DefinitionError
        If the minutes are negative or beyond 2,147,483,647.

    Examples
    --------
    >>> from practice_core.units import OrderId, VolunteerId
    >>> from practice_core.volunteers import ServiceRecord
    >>> rules = RuleSet(id="demo", version=1, effective=0, rate_per_hour=10, source="assumed: demo")
    >>> given = award(rules, ServiceRecord(VolunteerId("v-1"), OrderId("o-1"), at=0, minutes=100))
    >>> given.points, [(line.reason.value, line.minutes, line.points) for line in given.lines]
    (16, [('service_time', 96, 16), ('uncounted_time', 4, 0)])
    """
    if not 0 <= record.minutes <= _MOST:
        subject = f"service record of {record.volunteer} on {record.order}"
        raise DefinitionError(subject, [_bad_minutes(record.minutes)])
    credited = _credited(rules, record.minutes)
    points = _worth(rules, credited)
    base = Line(AwardReason.SERVICE_TIME, credited, points)
    rest = Line(AwardReason.UNCOUNTED_TIME, record.minutes - credited, 0)
    return Award(points, (base, rest) if rest.minutes else (base,))


def award_points(rules: RuleSet, minutes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give the points of many service records at once: `award` for a whole column.

    Parameters
    ----------
    rules
        The version in force.
    minutes
        Minutes served, one entry per record, any shape.

    Returns
    -------
    ndarray of int64
        Points, in the shape of `minutes`.

    Raises
    ------
    DefinitionError
        If any entry is negative or beyond 2,147,483,647.
    TypeError
        If `minutes` are not integers.

    Examples
    --------
    >>> rules = RuleSet(id="demo", version=1, effective=0, rate_per_hour=10, source="assumed: demo")
    >>> award_points(rules, np.array([60, 100, 5])).tolist()
    [10, 16, 0]
    """
    whole = np.asarray(minutes).astype(np.int64, casting="safe", copy=False)
    wrong = np.flatnonzero((whole < 0) | (whole > _MOST))
    if wrong.size:
        first = int(wrong[0])
        fault = _bad_minutes(int(whole.flat[first]), f"minutes[{first}]")
        subject = f"service time, {wrong.size} of {whole.size} entries"
        raise DefinitionError(subject, [fault])
    return _worth(rules, _credited(rules, whole))


def _credited(rules: RuleSet, minutes: _Time) -> _Time:
    return minutes // rules.quantum * rules.quantum


def _worth(rules: RuleSet, credited: _Time) -> _Time:
    return credited * rules.rate_per_hour // _HOUR


def _bad_minutes(minutes: int, place: str = "minutes") -> Fault:
    return Fault(place, str(minutes), f"0 to {_MOST}", "record the minutes actually served")
