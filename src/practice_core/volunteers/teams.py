"""Teams and when their members are free."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault
from practice_core.units import is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from practice_core.terms import Category
    from practice_core.units import Duration, Instant, SiteId, TeamId

__all__ = ["BLOCKS_A_DAY", "BLOCKS_A_WEEK", "DayParts", "Team", "taken"]

BLOCKS_A_DAY = 3
BLOCKS_A_WEEK = 7 * BLOCKS_A_DAY
_MOST_MEMBERS = 1_000_000


@attrs.frozen
class DayParts:
    """The three blocks of a day in which members are free or not: morning, afternoon, evening.

    Parameters
    ----------
    spans
        (from, to) after local midnight, in ms, ascending and apart.

    Raises
    ------
    DefinitionError
        If there are not three ascending spans.
    """

    spans: tuple[tuple[Duration, Duration], ...]

    def __attrs_post_init__(self) -> None:
        edges = [edge for span in self.spans for edge in span]
        if len(self.spans) != BLOCKS_A_DAY or edges != sorted(set(edges)):
            fault = Fault("day parts", repr(self.spans), "three ascending spans", "mend the hours")
            subject = "day parts"
            raise DefinitionError(subject, (fault,))


@attrs.frozen
class Team:
    """A volunteer team.

    Parameters
    ----------
    id
        Of the team.
    home
        The site it belongs to.
    categories
        What it may serve.
    members
        Active members, from 1 to 1,000,000.
    jobs_per_week
        The most jobs it takes in one calendar week.
    free
        Members free in each of the 21 blocks of a week, Monday morning first.
    skills
        What all its members were trained in.
    qualifications
        What all its members are licensed for.
    youngest
        Age of the youngest who serve, in years.
    guardians
        Whether the guardians of all members under 18 have consented.
    insured
        Whether all members are insured against the dangers of their service.

    Raises
    ------
    DefinitionError
        With every fault of the team.
    """

    id: TeamId
    home: SiteId
    categories: tuple[Category, ...]
    members: int
    jobs_per_week: int
    free: tuple[int, ...]
    skills: frozenset[str] = frozenset()
    qualifications: frozenset[str] = frozenset()
    youngest: int = 18
    guardians: bool = False
    insured: bool = False

    def __attrs_post_init__(self) -> None:
        faults = tuple(self._faults())
        if faults:
            subject = f"team {self.id}"
            raise DefinitionError(subject, faults)

    def _faults(self) -> Iterable[Fault]:
        def fault(key: str, found: object, expected: str) -> Fault:
            return Fault(f"team {self.id}: {key}", repr(found), expected, f"change {key}")

        if not is_identifier(self.id):
            yield fault("id", self.id, "1 to 64 of A-Za-z0-9._:-")
        if not self.categories or len(set(self.categories)) < len(self.categories):
            yield fault("categories", self.categories, "one or more different categories")
        if not 1 <= self.members <= _MOST_MEMBERS:
            yield fault("members", self.members, "from 1 to 1,000,000")
        if self.jobs_per_week < 1:
            yield fault("jobs_per_week", self.jobs_per_week, "at least 1")
        if self.youngest < 0:
            yield fault("youngest", self.youngest, "an age in years")
        if len(self.free) != BLOCKS_A_WEEK or not _within(self.free, self.members):
            yield fault("free", self.free, f"{BLOCKS_A_WEEK} numbers from 0 to the members")


@cache
def _within(free: tuple[int, ...], members: int) -> bool:
    return all(0 <= count <= members for count in free)


def taken(
    jobs: Iterable[tuple[Instant, Instant, int]], spare: int
) -> tuple[tuple[Instant, Instant], ...]:
    """Give the times at which jobs take more members of a team than it can spare.

    Parameters
    ----------
    jobs
        (start, end, members).
    spare
        How many members may be away at once.

    Returns
    -------
    tuple of (Instant, Instant)
        Apart and ascending.

    Examples
    --------
    >>> taken([(0, 10, 2), (5, 20, 2), (30, 40, 2)], spare=3)
    ((5, 10),)
    """
    steps = [step for start, end, members in jobs for step in ((start, members), (end, -members))]
    found: list[tuple[Instant, Instant]] = []
    away, since = 0, None
    for at, group in groupby(sorted(steps), key=lambda step: step[0]):
        away += sum(members for _, members in group)
        if away > max(spare, 0) and since is None:
            since = at
        elif away <= max(spare, 0) and since is not None:
            found.append((since, at))
            since = None
    return tuple(found)
