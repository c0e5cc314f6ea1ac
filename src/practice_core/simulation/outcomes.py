"""What became of each order: a run's log and tape taken apart once, a row an order."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING

import attrs
import numpy as np

from practice_core.hierarchy import Level
from practice_core.orders import (
    EVENTS,
    DeclineReason,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OrderRated,
    ServiceCompleted,
    ServiceStarted,
    TeamAbsent,
)
from practice_core.simulation.groups import parts, whole
from practice_core.simulation.tape import OWN
from practice_core.terms import Category
from practice_core.units import MINUTE, WEEK, instant, moment
from practice_core.volunteers import BLOCKS_A_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from practice_core.dispatch import Roster
    from practice_core.simulation.groups import Group, Part
    from practice_core.simulation.log import EventLog
    from practice_core.simulation.tape import Tape
    from practice_core.units import Duration, Instant
    from practice_core.volunteers import Team

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["NEVER", "Outcomes", "outcomes_of"]

NEVER = np.iinfo(np.int64).max
"""A time that does not come."""
METRES = 1000


@attrs.frozen(eq=False)
class Outcomes:
    """A run as columns, one row an order of the tape, in its order.

    Parameters
    ----------
    tape
        What was drawn.
    institute
        The site's institute as a small number; -1 above institutes.
    cohort
        Whether the order counts: dispatched, and placed in the weeks that count.
    served
        Whether it counts and was served in time.
    team
        Index of the team that served it, by id; -1 if it was not served.
    accepted_after, begun_after
        ms from placing to the first acceptance, and to the service; `NEVER` if it did not come.
    offers, declines, expiries, losses
        How many offers were made, declined, expired, or accepted when the time was gone.
    by_first
        Whether the first team asked served it.
    outside
        Whether a team from outside the site's institute served it.
    metres, metres_in_vain
        Road there and back: of the service, and of teams that came too few.
    minutes
        Member-minutes of its services that began in the weeks that count.
    rated, dissatisfied
        Whether it was served and rated, and rated dissatisfied.
    asked
        Of each offer in the weeks that count for a dispatched order: order, team and week.
    held
        Of each service held in the weeks that count: its order.
    held_at
        When, in ms since 1970-01-01T00:00Z.
    participations
        People who came to services that began in the weeks that count.
    """

    tape: Tape
    institute: Ints
    cohort: Mask
    served: Mask
    team: Ints
    accepted_after: Ints
    begun_after: Ints
    offers: Ints
    declines: Ints
    expiries: Ints
    losses: Ints
    by_first: Mask
    outside: Mask
    metres: Ints
    metres_in_vain: Ints
    minutes: Ints
    rated: Mask
    dissatisfied: Mask
    asked: tuple[Ints, Ints, Ints]
    held: Ints
    held_at: Ints
    participations: int

    @cached_property
    def whole(self) -> Part:
        """All orders as one part."""
        return whole(self.tape)

    @cached_property
    def parts(self) -> Mapping[Group, Part]:
        """The orders of each group."""
        return parts(self.tape, self.whole)

    @cached_property
    def held_months(self) -> Ints:
        """The month of each service held, as a place in `months`; -1 if in none."""
        edges = [*self.months, NEVER]
        found = np.searchsorted(edges, self.held_at, side="right") - 1
        return np.where(found < len(self.months) - 1, found, -1)

    @cached_property
    def months(self) -> tuple[Instant, ...]:
        """The edges of the whole calendar months, local time, in the weeks that count."""
        offset = self.tape.scenario.area.calendar.offset
        return whole_months(*self.tape.scenario.cohort, offset)

    @cached_property
    def categories(self) -> Mask:
        """Which categories the scenario places, by place."""
        scenario = self.tape.scenario
        mixes = (scenario.resident.mix, scenario.site_request.mix, scenario.own_activity.mix)
        return np.array([any(mix.get(one, 0) > 0 for mix in mixes) for one in Category])

    @cached_property
    def serves(self) -> Mask:
        """Which team, by id, serves which category; none if it is never free."""
        place = {category: n for n, category in enumerate(Category)}
        found = np.zeros((len(self._teams), len(place)), bool)
        able = [(n, team) for n, team in enumerate(self._teams) if max(team.free) > 0]
        pairs = [(n, place[category]) for n, team in able for category in team.categories]
        found[tuple(np.array(pairs, np.int64).reshape(-1, 2).T)] = True
        return found

    @cached_property
    def limits(self) -> Ints:
        """Each team's most jobs a week, by id."""
        return np.array([team.jobs_per_week for team in self._teams], np.int64)

    @cached_property
    def free_minutes(self) -> int:
        """Member-minutes that all teams have free in the weeks that count."""
        spans = self.tape.scenario.area.parts.spans
        lengths = [(closes - opens) // MINUTE for opens, closes in spans]
        free = np.array([team.free for team in self._teams], np.int64)
        return int((free.reshape(-1, BLOCKS_A_DAY) * lengths).sum()) * self.weeks

    @property
    def weeks(self) -> int:
        """Length of the cohort."""
        return self.tape.scenario.horizon.weeks

    @cached_property
    def _teams(self) -> list[Team]:
        return sorted(self.tape.city.teams, key=lambda team: team.id)


def whole_months(low: Instant, high: Instant, offset: Duration) -> tuple[Instant, ...]:
    """Give the edges of the whole calendar months between two instants; none, or two or more.

    Parameters
    ----------
    low, high
        In ms since 1970-01-01T00:00Z.
    offset
        Local time minus UTC, in ms.

    Examples
    --------
    >>> from practice_core.units import DAY, moment
    >>> april_6 = 18_358 * DAY
    >>> [moment(edge).date().isoformat() for edge in whole_months(april_6, april_6 + 60 * DAY, 0)]
    ['2020-05-01', '2020-06-01']
    >>> whole_months(april_6, april_6 + 30 * DAY, 0)
    ()
    """
    zone = dt.timezone(dt.timedelta(milliseconds=offset))
    first = moment(low, offset=offset)
    edges = []
    month = first.year * 12 + first.month - 1
    while (edge := instant(dt.datetime(month // 12, month % 12 + 1, 1, tzinfo=zone))) <= high:
        edges.append(edge)
        month += 1
    edges = [edge for edge in edges if edge >= low]
    return tuple(edges) if len(edges) > 1 else ()


def outcomes_of(tape: Tape, log: EventLog, roster: Roster) -> Outcomes:
    """Take a run apart.

    Parameters
    ----------
    tape, log
        What was drawn and what happened.
    roster
        Any roster of the tape: for distances.
    """
    return _Reader(tape, log, roster).outcomes()


class _Reader:
    """Brings the rows of a log together by order."""

    def __init__(self, tape: Tape, log: EventLog, roster: Roster) -> None:
        self.tape = tape
        self.roster = roster
        self.kind, self.at = log.column("kind"), log.column("at")
        self.order, self.a = log.column("order").astype(np.int64), log.column("a")
        self.b = log.column("b")
        demand, (low, high) = tape.demand, tape.scenario.cohort
        placed = (demand.placed >= low) & (demand.placed < high)
        self.cohort: Mask = (demand.stream != OWN) & placed
        self.institute = _institutes(tape)

    def outcomes(self) -> Outcomes:
        demand = self.tape.demand
        served_row = self.served_row()
        served = served_row >= 0
        ends, who = self.jobs()
        team = self.served_by(served_row, ends, who)
        start = np.where(served, self.when(self.first(ServiceStarted)), NEVER)
        first_offer, rating = self.first(OfferMade), self.first(OrderRated)
        declined = self.rows(OfferDeclined)
        gone = self.b[declined] == list(DeclineReason).index(DeclineReason.SLOT_GONE)
        in_vain = (self.kind[ends] == EVENTS.index(TeamAbsent)) & (self.a[ends] > 0)
        rated = served & (rating >= 0)
        satisfied_from = self.tape.scenario.area.profile.satisfied_from
        begun, done = self.rows(ServiceStarted), self.rows(ServiceCompleted)
        held = done[self.counts(done)]
        return Outcomes(
            tape=self.tape,
            institute=self.institute[demand.site],
            cohort=self.cohort,
            served=served,
            team=team,
            accepted_after=_since(self.when(self.first(OfferAccepted)), demand.placed),
            begun_after=_since(start, demand.placed),
            offers=self.count(self.rows(OfferMade)),
            declines=self.count(declined[~gone]),
            expiries=self.count(self.rows(OfferExpired)),
            losses=self.count(declined[gone]),
            by_first=served & (first_offer >= 0) & (self.a[first_offer] == team),
            outside=self.outside(team),
            metres=self.metres(np.flatnonzero(served), team[served]),
            metres_in_vain=self.metres(self.order[ends[in_vain]], who[in_vain]),
            minutes=self.minutes(begun, done),
            rated=rated,
            dissatisfied=rated & (self.a[rating] < satisfied_from),
            asked=self.asked(),
            held=self.order[held],
            held_at=self.at[held],
            participations=int(self.a[begun[self.counts(begun)]].sum()),
        )

    # -- from rows to orders --------------------------------------------------------------------

    def rows(self, kind: type) -> Ints:
        """Give the rows of one kind of event, in time order."""
        return np.flatnonzero(self.kind == EVENTS.index(kind))

    def first(self, kind: type) -> Ints:
        """Give each order's first row of one kind; -1 if none."""
        found = np.full(len(self.cohort), -1)
        rows = self.rows(kind)[::-1]
        found[self.order[rows]] = rows
        return found

    def when(self, rows: Ints) -> Ints:
        """Give the instants of rows; never for -1."""
        return np.where(rows >= 0, self.at[rows], NEVER)

    def counts(self, rows: Ints) -> Mask:
        """Tell which rows are in the weeks that count."""
        low, high = self.tape.scenario.cohort
        return (self.at[rows] >= low) & (self.at[rows] < high)

    def count(self, rows: Ints) -> Ints:
        """Count rows by order."""
        return np.bincount(self.order[rows], minlength=len(self.cohort))

    # -- services -------------------------------------------------------------------------------

    def served_row(self) -> Ints:
        """Give each cohort order's first completed service, if it was in time; else -1."""
        first = self.first(ServiceCompleted)
        in_time = self.when(first) <= self.tape.demand.latest
        return np.where(self.cohort & in_time, first, -1)

    def jobs(self) -> tuple[Ints, Ints]:
        """Give the rows that end a job, one way or the other, and the team of each."""
        kinds = (OfferAccepted, ServiceCompleted, TeamAbsent)
        rows = np.sort(np.concatenate([self.rows(kind) for kind in kinds]))
        rows = rows[np.argsort(self.order[rows], kind="stable")]
        ends = np.flatnonzero(self.kind[rows] != EVENTS.index(OfferAccepted))
        return rows[ends], self.a[rows[ends - 1]]

    def served_by(self, served_row: Ints, ends: Ints, who: Ints) -> Ints:
        found = np.full(len(self.cohort), -1)
        ours = served_row[self.order[ends]] == ends
        found[self.order[ends[ours]]] = who[ours]
        return found

    def outside(self, team: Ints) -> Mask:
        """Tell which orders a team from outside their institute served."""
        place = {site: n for n, site in enumerate(self.tape.sites)}
        home = self.institute[[place[team.home] for team in self.roster.teams]]
        found = np.zeros(len(team), bool)
        ranks = np.flatnonzero(team >= 0)
        found[ranks] = self.institute[self.tape.demand.site[ranks]] != home[team[ranks]]
        return found

    def metres(self, ranks: Ints, teams: Ints) -> Ints:
        """Give the way there and back of some jobs by order, in whole metres a job."""
        found = [0] * len(self.cohort)
        site, sites = self.tape.demand.site, self.tape.sites
        jobs = zip(ranks.tolist(), site[ranks].tolist(), teams.tolist(), strict=True)
        for rank, s, t in jobs:
            found[rank] += round(2 * METRES * self.roster.km_from(sites[s]).item(t))
        return np.array(found, np.int64)

    def minutes(self, begun: Ints, done: Ints) -> Ints:
        # Every service that began was completed, but the rows are not in the same order.
        done = done[np.lexsort((done, self.order[done]))]
        begun = begun[np.lexsort((begun, self.order[begun]))]
        ours = self.counts(begun)
        members = self.tape.demand.needed.copy()
        for rank, hosting in self.tape.hostings.items():
            members[rank] = hosting.members
        found = np.zeros(len(self.cohort), np.int64)
        np.add.at(found, self.order[begun[ours]], self.a[done[ours]])
        return found * members

    def asked(self) -> tuple[Ints, Ints, Ints]:
        """Give order, team and week of the offers that count as a burden."""
        rows = self.rows(OfferMade)
        rows = rows[self.tape.demand.stream[self.order[rows]] != OWN]
        rows = rows[self.counts(rows)]
        low, _ = self.tape.scenario.cohort
        return self.order[rows], self.a[rows], (self.at[rows] - low) // WEEK


def _since(then: Ints, placed: Ints) -> Ints:
    return np.where(then == NEVER, NEVER, then - placed)


def _institutes(tape: Tape) -> Ints:
    """Give each site's institute as a small number; -1 above institutes."""
    hierarchy = tape.city.hierarchy
    number = {site.id: n for n, site in enumerate(hierarchy.at_level(Level.INSTITUTE))}
    chains = (hierarchy.chain(site) for site in tape.sites)
    return np.array([next((number[s] for s in c if s in number), -1) for c in chains])
