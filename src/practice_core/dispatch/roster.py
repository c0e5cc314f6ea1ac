"""The teams' working state: who is free when, who did how much lately, who may be offered what.

A `Roster` holds the teams as columns and books their jobs; it finds the lawful teams for an order,
nearest first, on demand. A service and the simulation keep the same roster, so the candidates a
policy sees are the same in both. It forgets by the instant it is given: it reads no clock.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

import attrs
import numpy as np

from practice_core.dispatch.contract import Candidate, CandidateArrays
from practice_core.dispatch.slots import NO_NEXT, Grid, Slot, Start
from practice_core.errors import DefinitionError, Fault
from practice_core.hierarchy import Level, great_circle_km
from practice_core.keyed import Draws, entity
from practice_core.orders.eligibility import ineligible, wanting
from practice_core.orders.model import UNCONDITIONAL
from practice_core.units import DAY, HOUR, MINUTE
from practice_core.volunteers import BLOCKS_A_WEEK, Team

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from practice_core.dispatch.contract import Key
    from practice_core.hierarchy import Hierarchy
    from practice_core.orders import Conditions, Order, Request
    from practice_core.terms import Category
    from practice_core.units import Duration, Instant, OrderId, SiteId, TeamId

__all__ = ["Roster"]

DETOUR = 1.3
"""Road km per great-circle km (MODEL section 6)."""
NOTICE: Duration = 2 * HOUR
"""Least time between booking a job and its start (MODEL section 2.3)."""
ROAD_KM_PER_HOUR = 25
MEMORY: Duration = 28 * DAY
NOTE_MEMORY: Duration = 7 * DAY
_LOOKED_AT = 12
"""Teams looked at one by one before all others are at once."""
_CACHED = 1 << 22
"""Distances kept for the next asking: 32 MiB."""


class Roster:
    """Working state of all teams over some weeks.

    Parameters
    ----------
    teams
        In any order; ties are broken by keyed hash, never by place.
    hierarchy
        Where their homes are.
    grid
        The blocks of the weeks in which jobs are booked.
    ties
        The draws that break ties.
    takers
        The levels at which a team that is to be asked must be at home; empty: any.

    Raises
    ------
    DefinitionError
        If a team's home is unknown or two teams share an id, every fault at once.
    """

    def __init__(
        self,
        teams: Sequence[Team],
        hierarchy: Hierarchy,
        *,
        grid: Grid,
        ties: Draws,
        takers: Collection[Level] = (),
    ) -> None:
        self.teams = tuple(sorted(teams, key=lambda team: team.id))
        self.ids: tuple[TeamId, ...] = tuple(team.id for team in self.teams)
        self.index: dict[TeamId, int] = {team: n for n, team in enumerate(self.ids)}
        _check(self.teams, hierarchy)
        self.hierarchy = hierarchy
        self.grid = grid
        self._weeks = weeks = grid.weeks
        self._several = len(hierarchy.at_level(Level.CENTER)) > 1
        self.ties = ties
        self.keys = np.array([entity(team.id) for team in self.teams], np.uint64)
        self.key_of = self.keys.tolist()
        self._members = np.array([team.members for team in self.teams], np.int64)
        homes = [hierarchy.site(team.home) for team in self.teams]
        self._lon = np.array([site.lon for site in homes])
        self._lat = np.array([site.lat for site in homes])
        self._of_category: dict[Category, NDArray[np.int64]] = {}
        self._takes = [not takers or site.level in takers for site in homes]
        able = [
            n
            for n, team in enumerate(self.teams)
            if self._takes[n] and not wanting(team, UNCONDITIONAL)
        ]
        for category in sorted({c for team in self.teams for c in team.categories}):
            found = [n for n in able if category in self.teams[n].categories]
            self._of_category[category] = np.array(found, np.int64)
        count = len(self.teams)
        self.capacity = np.array([team.free for team in self.teams], np.int32)
        self.capacity = self.capacity.reshape(count, BLOCKS_A_WEEK)
        self.free = np.tile(self.capacity, (1, weeks))
        self.jobs = np.zeros((count, weeks), np.int16)
        self.jobs_limit = np.array([team.jobs_per_week for team in self.teams], np.int16)
        self._limit_of: list[int] = self.jobs_limit.tolist()
        self.load = np.zeros(count, np.int64)
        self.notes = np.zeros(count, np.int64)
        self.minutes = np.zeros(count, np.int64)
        self.open_jobs = np.zeros(count, np.int64)
        self.last_offered_at = np.full(count, -1, np.int64)
        # One storage, two doors: memoryviews read single cells three times as fast as numpy.
        self._free = self.free.reshape(-1).data
        self._jobs = self.jobs.reshape(-1).data
        self._load = self.load.data
        self._notes = self.notes.data
        self._minutes = self.minutes.data
        self._open_jobs = self.open_jobs.data
        self._last_offered_at = self.last_offered_at.data
        self._width = weeks * BLOCKS_A_WEEK
        self._accepted: list[tuple[Instant, int, int]] = []
        self._offered: list[tuple[Instant, int]] = []
        self._walks: dict[tuple[SiteId, Category, SiteId | None, Conditions | None], Walk] = {}
        self._km: dict[SiteId, NDArray[np.float64]] = {}
        self._cached = 0
        self._nobody: dict[tuple[OrderId, SiteId | None], tuple[Request, int, int]] = {}
        self._released: dict[Category, list[int]] = {c: [] for c in self._of_category}

    # -- what is free ---------------------------------------------------------------------------

    def starts(self, order: Order, now: Instant) -> list[Start]:
        """Give the times at which the service asked for could start, earliest first."""
        request = order.request
        low = max(request.earliest, now + NOTICE)
        return self.grid.starts(request.requested_time, request.duration, low, request.latest)

    def first_fit(
        self, team: int, needed: int, travel: Duration, starts: Sequence[Start]
    ) -> tuple[Instant, int, int] | None:
        """Give first start, block and number of blocks at which a team (by index) can come."""
        free, row = self._free, team * self._width
        jobs, week_row, limit = self._jobs, team * self._weeks, self._limit_of[team]
        for start, block, blocks, slack in starts:
            at = row + block
            if free[at] >= needed and jobs[week_row + block // BLOCKS_A_WEEK] < limit:
                busy = blocks + (travel > slack)
                if busy == 1 or all(free[at + n] >= needed for n in range(1, busy)):
                    return start, block, busy
        return None

    def slot(self, order: Order, team: TeamId, now: Instant) -> Slot | None:
        """Give the first time at which `team` can do `order`, or None if it may not or cannot."""
        n = self.index[team]
        if not self._takes[n] or ineligible_now(self.teams[n], order):
            return None
        if self._several and not self.hierarchy.reaches(order.holder, self.teams[n].home):
            return None
        request = order.request
        travel = way_back(self.km(request.site, team))
        fit = self.first_fit(n, request.needed, travel, self.starts(order, now))
        if fit is None:
            return None
        start, block, blocks = fit
        return Slot(start, start + request.duration * MINUTE, block, blocks)

    def km(self, site: SiteId, team: TeamId) -> float:
        """Give the road distance from a team's home to a site, one way."""
        return self.km_from(site).item(self.index[team])

    def km_from(self, site: SiteId) -> NDArray[np.float64]:
        """Give the road distances of all teams' homes from a site, kept for the next asking."""
        found = self._km.get(site)
        if found is None:
            here = self.hierarchy.site(site)
            found = DETOUR * great_circle_km(here.lon, here.lat, self._lon, self._lat)
            found.setflags(write=False)
            self._keep(len(found))
            self._km[site] = found
        return found

    def _keep(self, count: int) -> None:
        """Make room for so many more distances."""
        self._cached += count
        if self._cached > _CACHED:
            self._walks.clear()
            self._km.clear()
            self._cached = count

    # -- what is booked -------------------------------------------------------------------------

    def book(self, team: int, slot: Slot, members: int) -> None:
        """Take `members` of a team for a job."""
        self.free[team, slot.block : slot.block + slot.blocks] -= members
        self._jobs[team * self._weeks + slot.block // BLOCKS_A_WEEK] += 1

    def release(self, team: int, slot: Slot, members: int) -> None:
        """Give the members back: the job does not take place."""
        for category in self.teams[team].categories:
            self._released[category].append(team)
        self.free[team, slot.block : slot.block + slot.blocks] += members
        self._jobs[team * self._weeks + slot.block // BLOCKS_A_WEEK] -= 1

    # -- what is remembered ---------------------------------------------------------------------

    def forget(self, now: Instant) -> None:
        """Drop what is older than the memories: accepted jobs after 28 days, offers after 7."""
        accepted, offered = self._accepted, self._offered
        while accepted and accepted[0][0] <= now:
            _, team, minutes = heappop(accepted)
            self._load[team] -= 1
            self._minutes[team] -= minutes
        while offered and offered[0][0] <= now:
            self._notes[heappop(offered)[1]] -= 1

    def note_offer(self, team: int, now: Instant) -> None:
        """Remember that a team received an offer."""
        self._notes[team] += 1
        heappush(self._offered, (now + NOTE_MEMORY, team))
        self._last_offered_at[team] = now

    def note_accepted(self, team: int, now: Instant, minutes: int) -> None:
        """Remember that a team accepted a job of so many expected member-minutes."""
        self._load[team] += 1
        self._minutes[team] += minutes
        self._open_jobs[team] += 1
        heappush(self._accepted, (now + MEMORY, team, minutes))

    def note_done(self, team: int) -> None:
        """Remember that a job ended, one way or the other."""
        self._open_jobs[team] -= 1

    def load_of(self, team: int) -> float:
        """Give accepted jobs of the last 28 days as a share of the most in four weeks."""
        return self._load[team] / (4 * self._limit_of[team])

    def notes_of(self, team: int) -> int:
        """Give the offers of the last 7 days."""
        return self._notes[team]

    # -- who may be offered ---------------------------------------------------------------------

    def candidates(self, order: Order, now: Instant, within: SiteId | None = None) -> _Found:
        """Give the lawful teams for `order` at `now`, nearest first; see `Candidates`."""
        self.forget(now)
        starts = self.starts(order, now)
        if self._several:
            area = self._area_of(order)
            if within is None or within == self.hierarchy.root.id:
                within = area  # the whole area: that of the desk
            elif not self.hierarchy.covers(area, within):
                starts = []
        return _Found(
            self, order, () if self._still_nobody(order, starts, within) else starts, within
        )

    def _area_of(self, order: Order) -> SiteId:
        """Give the center of the area whose desk holds an order."""
        where = self.hierarchy
        return where.center(order.holder) if order.holder in where else where.root.id

    def note_nobody(self, order: Order, within: SiteId | None) -> None:
        """Remember that no team may be offered `order`: true until one is released that may."""
        request = order.request
        released = len(self._released.get(request.category, ()))
        self._nobody[request.id, within] = (request, order.opening, released)

    def _still_nobody(self, order: Order, starts: Sequence[Start], within: SiteId | None) -> bool:
        """Tell whether nobody was found and no release has changed it.

        Between two releases teams only get fuller, starts pass, and more teams have been asked.
        """
        request = order.request
        of, opening, seen = self._nobody.get((request.id, within), (None, 0, 0))
        if of is not request or opening != order.opening:
            return False
        for team in self._released.get(request.category, ())[seen:]:
            inside = within is None or self.hierarchy.covers(within, self.teams[team].home)
            travel = way_back(self.km_from(request.site).item(team))
            if (
                inside
                and self.ids[team] not in order.asked
                and self.first_fit(team, request.needed, travel, starts)
            ):
                return False
        self.note_nobody(order, within)
        return True

    def walk(
        self,
        site: SiteId,
        category: Category,
        within: SiteId | None = None,
        asked: Conditions = UNCONDITIONAL,
    ) -> Walk:
        """Give the teams of a category that meet conditions, by distance, kept for next time."""
        key = (site, category, within, None if asked is UNCONDITIONAL else asked)
        found = self._walks.get(key)
        if found is None:
            teams = self._of_category.get(category, _NOBODY)
            if asked is not UNCONDITIONAL:
                meets = [not wanting(self.teams[n], asked) for n in teams.tolist()]
                teams = teams[np.array(meets, bool)]
            if within is not None and (self._several or within != self.hierarchy.root.id):
                covers = self.hierarchy.covers
                inside = [covers(within, self.teams[n].home) for n in teams.tolist()]
                teams = teams[np.array(inside, bool)]
            km = self.km_from(site)[teams]
            order = np.argsort(km, kind="stable")
            self._keep(2 * len(teams) + 1)
            found = self._walks[key] = Walk(teams[order], km[order])
            for kept in (found.teams, found.km):  # a policy's key gets to see them
                kept.setflags(write=False)
        return found

    def candidate(self, team: int, km: float, tie: float) -> Candidate:
        """Describe one team as a policy sees it."""
        last = self._last_offered_at[team]
        return Candidate(
            self.teams[team].id,
            self.teams[team].home,
            km,
            self.load_of(team),
            self._open_jobs[team],
            self._minutes[team],
            self._notes[team],
            None if last < 0 else last,
            tie,
        )

    def tie(self, order: Order, team: int) -> float:
        """Give the keyed hash of (order, team)."""
        return self.ties.uniform(order.request.id, self.key_of[team])


def way_back(km: float) -> Duration:
    """Give how long a team is on the road for a job so many road km away: there and back."""
    return int(2 * km / ROAD_KM_PER_HOUR * HOUR)


def ineligible_now(team: Team, order: Order) -> bool:
    """Tell whether the law forbids offering `order` to `team`, offers to it now open apart."""
    reason = ineligible(team, order)
    return reason is not None and not any(offer.team == team.id for offer in order.offers)


_NOBODY: NDArray[np.int64] = np.empty(0, np.int64)


@attrs.frozen(eq=False)
class Walk:
    """Teams (by index) and their road distance, nearest first; a tie is broken by who asks."""

    teams: NDArray[np.int64]
    km: NDArray[np.float64]


class _Found:
    """The lawful teams for one order at one instant: implements `Candidates`."""

    def __init__(
        self, roster: Roster, order: Order, starts: Sequence[Start], within: SiteId | None
    ) -> None:
        self._roster = roster
        self._order = order
        self._starts = starts
        self._within = within
        request = order.request
        self._walk = roster.walk(request.site, request.category, within, request.conditions)
        self._asked = [roster.index[team] for team in order.asked if team in roster.index]

    def __iter__(self) -> Iterator[Candidate]:
        roster, order, starts = self._roster, self._order, self._starts
        if not starts:
            return
        needed, asked, first_fit = order.request.needed, self._asked, roster.first_fit
        km_of, team_at = self._walk.km.data, self._walk.teams.data
        here, end, nobody = 0, len(km_of), True
        while here < end:
            km = km_of[here]
            travel = way_back(km)
            lawful = []
            while here < end and km_of[here] == km:
                team = team_at[here]
                if team not in asked and first_fit(team, needed, travel, starts):
                    lawful.append(team)
                here += 1
            if lawful:
                nobody = False
                for tie, team in sorted([(roster.tie(order, team), team) for team in lawful]):
                    yield roster.candidate(team, km, tie)
        if nobody:
            roster.note_nobody(order, self._within)

    def arrays(self, k: int | None = None) -> CandidateArrays:
        """Give the first `k` (all, if None) as columns; one pass over all, not one by one."""
        teams, km = self._walk.teams, self._walk.km
        lawful = self._lawful(teams, km)
        teams, km = teams[lawful], km[lawful]
        if not len(teams):
            self._roster.note_nobody(self._order, self._within)
        tie = self._ties(teams)
        nearest = np.lexsort((tie, km))[:k]
        return self._columns(teams[nearest], km[nearest], tie[nearest])

    def least(self, key: Key) -> Candidate | None:
        """Give the one with the least key, equal ones by tie; None if there is none."""
        roster, order, starts = self._roster, self._order, self._starts
        if not starts:
            return None
        teams, km = self._walk.teams, self._walk.km
        tie = self._ties(teams)
        by = np.lexsort((tie, *reversed(key(self._columns(teams, km, tie)))))
        needed, asked = order.request.needed, self._asked
        for n in by[:_LOOKED_AT].tolist():
            team = teams.item(n)
            travel = way_back(km.item(n))
            if team not in asked and roster.first_fit(team, needed, travel, starts):
                return roster.candidate(team, km.item(n), tie.item(n))
        rest = by[_LOOKED_AT:]
        lawful = rest[self._lawful(teams[rest], km[rest])]
        if not len(lawful):
            roster.note_nobody(order, self._within)
            return None
        n = lawful.item(0)
        return roster.candidate(teams.item(n), km.item(n), tie.item(n))

    def _ties(self, teams: NDArray[np.int64]) -> NDArray[np.float64]:
        roster = self._roster
        return roster.ties.uniforms(self._order.request.id, roster.keys[teams])

    def _columns(
        self, teams: NDArray[np.int64], km: NDArray[np.float64], tie: NDArray[np.float64]
    ) -> CandidateArrays:
        roster = self._roster
        return CandidateArrays(
            tuple([roster.ids[n] for n in teams.tolist()]),
            km,
            roster.load[teams] / (4 * roster.jobs_limit[teams]),
            roster.open_jobs[teams],
            roster.minutes[teams],
            roster.notes[teams],
            roster.last_offered_at[teams],
            tie,
        )

    def _lawful(self, teams: NDArray[np.int64], km: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Do for all teams at once what `Roster.first_fit` does for one."""
        roster = self._roster
        needed = self._order.request.needed
        travel = (2 * km / ROAD_KM_PER_HOUR * HOUR).astype(np.int64)
        found = np.zeros(len(teams), bool)
        for _, block, blocks, slack in self._starts:
            fits = roster.jobs[teams, block // BLOCKS_A_WEEK] < roster.jobs_limit[teams]
            for n in range(blocks):
                fits &= roster.free[teams, block + n] >= needed
            if slack < NO_NEXT:
                fits &= (travel <= slack) | (roster.free[teams, block + blocks] >= needed)
            found |= fits
        if self._asked:
            found &= ~np.isin(teams, self._asked)
        return found


def _check(teams: tuple[Team, ...], hierarchy: Hierarchy) -> None:
    faults = [
        Fault(f"team {team.id}: home", str(team.home), "a site of the area", "mend the home")
        for team in teams
        if team.home not in hierarchy
    ]
    faults += [
        Fault(f"team {a.id}", "a second team with this id", "different ids", "rename one")
        for a, b in pairwise(teams)
        if a.id == b.id
    ]
    if faults:
        raise DefinitionError("roster", faults)
