"""When a service can take place: the blocks of the weeks, and which of them fit a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

from practice_core.orders import RequestedTime
from practice_core.units import DAY, MINUTE, WEEK, Duration, Instant, Minutes, value
from practice_core.volunteers import BLOCKS_A_DAY, BLOCKS_A_WEEK

if TYPE_CHECKING:
    from practice_core.volunteers import DayParts

__all__ = ["NO_NEXT", "Grid", "Slot", "Start"]

NO_NEXT: Duration = WEEK
"""Slack after the last block of a day: no way back is as long."""
_WEEKDAYS = 5
_EVENING = 2

Start: TypeAlias = tuple[Instant, int, int, Duration]
"""Start of a service, first block, blocks it touches, time from its end to the next block."""


@value
class Slot:
    """A time at which a job may take place.

    Parameters
    ----------
    start, end
        Of the service.
    block
        Index of the first block on the roster's grid.
    blocks
        How many blocks in a row the team is busy, its way back included.
    """

    start: Instant
    end: Instant
    block: int
    blocks: int


@attrs.frozen
class Grid:
    """The blocks of some weeks, numbered from the first Monday morning.

    Parameters
    ----------
    parts
        The blocks of a day.
    begins
        A Monday, 00:00 local time.
    weeks
        How many weeks the grid has.
    """

    parts: DayParts
    begins: Instant
    weeks: int
    _patterns: dict[tuple[RequestedTime, Minutes], tuple[_Pattern, ...]] = attrs.field(
        init=False, factory=dict, repr=False, eq=False
    )

    def pattern(self, asked: RequestedTime, duration: Minutes) -> tuple[_Pattern, ...]:
        """Give the possible starts of a service in any week, kept for the next asking.

        A service starts with a block, runs through the gaps between blocks, ends on its day no
        later than the last block, and every block it touches is of the kind asked for. The way
        back may reach into the next block (slack: the time until it begins), of whatever kind.
        """
        key = (asked, duration)
        found = self._patterns.get(key)
        if found is None:
            found = self._patterns[key] = _pattern(self.parts, asked, duration)
        return found

    def starts(
        self, asked: RequestedTime, duration: Minutes, low: Instant, latest: Instant
    ) -> list[Start]:
        """Give the starts from `low` on of a service that ends by `latest`, earliest first."""
        high = latest - duration * MINUTE
        week, since = divmod(max(low - self.begins, 0), WEEK)
        found: list[Start] = []
        while week < self.weeks:
            monday = self.begins + week * WEEK
            for after, block, blocks, slack in self.pattern(asked, duration):
                if monday + after > high:
                    return found
                if after >= since:
                    found.append((monday + after, week * BLOCKS_A_WEEK + block, blocks, slack))
            if monday > high:
                return found
            week, since = week + 1, 0
        return found

    @classmethod
    def around(cls, parts: DayParts, at: Instant, *, offset: Duration, weeks: int) -> Grid:
        """Give a grid from the Monday of the week before, local time `offset` east of UTC."""
        return cls(parts, monday(at, offset) - WEEK, weeks)

    def slot(self, start: Instant, end: Instant, travel: Duration) -> Slot | None:
        """Give what a job at an agreed time keeps a team busy with; None off the grid.

        Parameters
        ----------
        start, end
            Of the service, at whatever times.
        travel
            How long the way back may reach into the next block of its day.
        """
        after, length = start - self.begins, end - start
        if not 0 <= after <= self.weeks * WEEK - length:
            return None
        midnight = after - after % DAY
        touched = []
        while midnight < after + length:
            for part, (opens, closes) in enumerate(self.parts.spans):
                if midnight + opens < after + length and after < midnight + closes:
                    touched.append(midnight // DAY * BLOCKS_A_DAY + part)
            midnight += DAY
        if not touched:
            return Slot(start, end, after // DAY * BLOCKS_A_DAY, 0)
        first, last = touched[0], touched[-1]
        day, part = divmod(last, BLOCKS_A_DAY)
        if part < BLOCKS_A_DAY - 1:
            last += travel > day * DAY + self.parts.spans[part + 1][0] - after - length
        return Slot(start, end, first, last - first + 1)


def monday(at: Instant, offset: Duration) -> Instant:
    """Give the Monday, 00:00 local time, of the week of an instant.

    >>> from practice_core.units import HOUR
    >>> monday(0, 0) // DAY, monday(4 * DAY, 0) // DAY, monday(4 * DAY - 1, 8 * HOUR) // HOUR
    (-3, 4, 88)
    """
    since_thursday = at + offset
    return since_thursday - (since_thursday + 3 * DAY) % WEEK - offset


_Pattern: TypeAlias = tuple[Duration, int, int, Duration]
"""Start after Monday 00:00, block of the week, blocks, slack."""


def _pattern(parts: DayParts, asked: RequestedTime, duration: Minutes) -> tuple[_Pattern, ...]:
    length = duration * MINUTE
    found: list[_Pattern] = []
    for day in range(7):
        kinds = [_is_asked(asked, day, part) for part in range(BLOCKS_A_DAY)]
        for part, (opens, _) in enumerate(parts.spans):
            ends = opens + length
            last = max(n for n in range(BLOCKS_A_DAY) if parts.spans[n][0] < ends)
            if not all(kinds[part : last + 1]):
                continue
            if last == BLOCKS_A_DAY - 1:
                if ends > parts.spans[last][1]:
                    continue
                slack = NO_NEXT
            else:
                slack = parts.spans[last + 1][0] - ends
            block = day * BLOCKS_A_DAY + part
            found.append((day * DAY + opens, block, last - part + 1, slack))
    return tuple(found)


def _is_asked(asked: RequestedTime, day: int, part: int) -> bool:
    if asked is RequestedTime.ANY:
        return True
    daytime = day < _WEEKDAYS and part != _EVENING
    return daytime is (asked is RequestedTime.WEEKDAY_DAY)
