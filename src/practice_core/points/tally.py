"""What each person has earned so far: the fold of awards over their records."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from practice_core.points.earning import (
    Award,
    AwardReason,
    History,
    Line,
    OccasionRecord,
    award,
)
from practice_core.points.rules import Period, in_force
from practice_core.units import VolunteerId, moment
from practice_core.volunteers import ServiceRecord

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from practice_core.points.rules import RuleSet
    from practice_core.units import Instant, Minutes

__all__ = ["Tally", "awards", "span_of"]

_MONTHS_A_QUARTER = 3
_ZEROED = (AwardReason.COMPLAINT, AwardReason.LATE_CLAIM)
_ACTIVITY = {AwardReason.SERVICE_TIME, AwardReason.ROLE_TIME, *_ZEROED}
_DAY = _ACTIVITY | {AwardReason.ACTIVITY_TIME}
"""The lines whose minutes count towards the most of an activity, and of a day."""


class Tally:
    """What each person has earned so far: folds awards into the history of the next record.

    Parameters
    ----------
    balances
        Points held at the beginning.

    Examples
    --------
    >>> from practice_core.points import RuleSet
    >>> from practice_core.units import OrderId
    >>> rules = RuleSet(
    ...     id="demo",
    ...     version=1,
    ...     effective=0,
    ...     rate_per_hour=10,
    ...     max_points_per_day=50,
    ...     source="assumed: demo",
    ... )
    >>> tally, ann = Tally(), VolunteerId("v-1")
    >>> for order in ("o-1", "o-2"):
    ...     record = ServiceRecord(ann, OrderId(order), at=0, minutes=180)
    ...     given = award(rules, record, tally.history(rules, record))
    ...     tally.add(rules, record, given)
    >>> given.points, tally.balance(ann)
    (20, 50)
    """

    def __init__(self, balances: Mapping[VolunteerId, int] | None = None) -> None:
        self._counts: Counter[Hashable] = Counter()
        self._balances: Counter[VolunteerId] = Counter(balances or {})

    def balance(self, volunteer: VolunteerId) -> int:
        """Give the points that a person holds."""
        return self._balances[volunteer]

    def move(self, volunteer: VolunteerId, points: int) -> None:
        """Add points that were not earned, or take those that were spent, given or lost."""
        self._balances[volunteer] += points

    def history(self, rules: RuleSet, record: ServiceRecord | OccasionRecord) -> History:
        """Give what the person of a record has earned before it.

        Parameters
        ----------
        rules
            The version in force: its days are local, and an occasion is counted over its period.
        record
            The next record; what was added before counts, whatever its instant.
        """
        who, counts = record.volunteer, self._counts
        day, year = (span_of(rules, record.at, one) for one in (Period.DAY, Period.YEAR))
        activity = occasion = 0
        if isinstance(record, ServiceRecord):
            activity = counts[who, "order", record.order]
        elif (event := rules.events.get(record.occasion)) is not None:
            occasion = counts[who, record.occasion, span_of(rules, record.at, event.per)]
        return History(
            activity,
            counts[who, "minutes", day],
            counts[who, "points", day],
            counts[who, "points", year],
            self._balances[who],
            occasion,
        )

    def add(self, rules: RuleSet, record: ServiceRecord | OccasionRecord, given: Award) -> None:
        """Add a record's award."""
        who, counts, earned = record.volunteer, self._counts, max(given.points, 0)
        self._balances[who] += given.points
        for period in Period:
            span = span_of(rules, record.at, period)
            counts[who, "points", span] += earned
            if isinstance(record, OccasionRecord):
                counts[who, record.occasion, span] += earned
        if isinstance(record, ServiceRecord):
            counts[who, "order", record.order] += _time(given, _ACTIVITY)
            counts[who, "minutes", span_of(rules, record.at, Period.DAY)] += _time(given, _DAY)


def awards(
    versions: Sequence[RuleSet],
    records: Iterable[ServiceRecord | OccasionRecord],
    tally: Tally | None = None,
) -> Iterator[Award]:
    """Give the award of each record, by the version in force at its instant.

    Parameters
    ----------
    versions
        By the instant from which on they hold. A record before the first earns nothing.
    records
        In the order in which they are awarded.
    tally
        What was earned before; it takes what is earned here. None: nothing was.
    """
    folded = Tally() if tally is None else tally
    for record in records:
        rules = in_force(versions, record.at)
        if rules is None:
            yield Award(0, 0, (Line(AwardReason.NO_RULES, 0, 0),))
            continue
        given = award(rules, record, folded.history(rules, record))
        folded.add(rules, record, given)
        yield given


def _time(given: Award, reasons: set[AwardReason]) -> Minutes:
    return sum(line.minutes for line in given.lines if line.reason in reasons)


def span_of(rules: RuleSet, at: Instant, period: Period) -> Hashable:
    """Give a name for the local span of a period in which an instant lies."""
    if period is Period.LIFETIME:
        return None
    if period is Period.DAY:
        return period, rules.day(at)
    local = moment(at, offset=rules.offset)
    within = {
        Period.MONTH: local.month,
        Period.QUARTER: (local.month - 1) // _MONTHS_A_QUARTER,
        Period.YEAR: 0,
    }
    return period, local.year, within[period]
