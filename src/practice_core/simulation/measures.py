"""What a run is worth: every measure from its log and its tape, as whole numbers (MODEL section 6).

The cohort are the dispatched orders, those of residents and sites' requests, that were placed in
the weeks that count; own activities are background and left out. A measure keeps its numerator and
denominator as integers and recomputes the ratio; where there is nothing to count it is null.

Service outside the requested window, or after the last instant, cannot happen here, so there is no
row for either.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import attrs
import numpy as np

from practice_core.areas import load_area
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
from practice_core.simulation.tape import OWN, RESIDENT, SITE_REQUEST
from practice_core.terms import Category
from practice_core.units import HOUR, MINUTE, WEEK
from practice_core.volunteers import BLOCKS_A_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from practice_core.dispatch import Roster
    from practice_core.simulation.log import EventLog
    from practice_core.simulation.tape import Tape

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["KPIS", "Measure", "measure", "totals"]

TAU_ACCEPT = 168 * HOUR
"""Hours to acceptance count up to here, and as much if it never happens."""
TAU_SERVICE = 504 * HOUR
SCARCE = (Category.LAW, Category.SCIENCE, Category.THEORY)
"""The categories with few teams."""
MINUTES_AN_OFFER = 5
"""What an offer costs the center's desk."""
MANY_OFFERS = 3
"""More offers than so many in a week are a burden to a team."""
_METRES = 1000
_MILLIONTHS = 1_000_000
_NEVER = np.iinfo(np.int64).max


@attrs.frozen
class Measure:
    """One figure of one run: a ratio of whole numbers.

    Parameters
    ----------
    numerator, denominator
        Their quotient is the value, in the unit that the measure's name says.

    Examples
    --------
    >>> Measure(3, 4).value, Measure(0, 0).value
    (0.75, None)
    """

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """The ratio; None if there was nothing to count."""
        return self.numerator / self.denominator if self.denominator else None


KPIS: Mapping[str, str] = {
    "served_share": "served in time / cohort",
    "served_share_resident": "the same of residents' orders",
    "served_share_site": "the same of sites' requests",
    "served_share_scarce": "the same of law, science and theory",
    "served_share_far": "the same of the quarter of stations farthest from the seat",
    "equity": "that minus the same of the quarter nearest to the seat",
    "institute_spread": "standard deviation between institutes, binomial noise removed",
    "accept_rm": "mean hours to acceptance, at most 168",
    "accept_p50": "median of the same",
    "accept_p90": "90 % quantile of the same",
    "service_rm": "mean hours from placing to service, at most 504",
    "service_mean": "mean hours from placing to service, residents' orders served only",
    "offers": "offers / cohort",
    "declines": "declined offers / cohort",
    "expiries": "expired offers / cohort",
    "lost_offers": "accepted too late, the time was gone / cohort",
    "first_offer_share": "accepted by the first team asked, and served by it / cohort",
    "outside_share": "served by a team from outside the institute / served",
    "km_per_served": "road km there and back / served",
    "wasted_km": "road km there and back of teams that came too few / served",
    "load_gini": "Gini coefficient of served jobs per weekly limit, over teams",
    "utilisation": "member-minutes on jobs / member-minutes free",
    "notifications": "team-weeks with more than three offers / team-weeks",
    "desk_hours": "hours of the desk, five minutes an offer",
    "rated_share": "rated / served",
    "dissatisfied_share": "rated dissatisfied / served",
}
"""Every measure with its definition; the displayed words are in the vocabulary."""


def measure(tape: Tape, log: EventLog, roster: Roster) -> dict[str, Measure]:
    """Compute every measure of a run.

    Parameters
    ----------
    tape, log
        What was drawn and what happened.
    roster
        Any roster of the tape: for distances and capacities.

    Returns
    -------
    dict
        By the names of `KPIS`, in that order.
    """
    counted = _Counted(tape, log, roster)
    found = counted.shares() | counted.waits() | counted.asking()
    found |= counted.travel() | counted.load() | counted.ratings()
    return {name: found[name] for name in KPIS}


def totals(tape: Tape, log: EventLog, roster: Roster) -> dict[str, int]:
    """Count the whole of the weeks that count, to hold beside published totals; own ones included.

    Returns
    -------
    dict
        Orders placed and services held by stream, all services held, and participations.
    """
    counted = _Counted(tape, log, roster)
    demand, low, high = tape.demand, *tape.scenario.cohort
    begun, done = counted.rows(ServiceStarted), counted.rows(ServiceCompleted)
    begun = begun[(counted.at[begun] >= low) & (counted.at[begun] < high)]
    done = done[(counted.at[done] >= low) & (counted.at[done] < high)]
    placed = (demand.placed >= low) & (demand.placed < high)
    found = {}
    for code, name in ((RESIDENT, "resident"), (SITE_REQUEST, "site"), (OWN, "own")):
        found[f"placed_{name}"] = int(np.sum(placed & (demand.stream == code)))
        found[f"held_{name}"] = int(np.sum(demand.stream[counted.order[done]] == code))
    found["held"] = len(done)
    found["participations"] = int(counted.a[begun].sum())
    return found


class _Counted:
    """The log and the tape, taken apart once for all measures."""

    def __init__(self, tape: Tape, log: EventLog, roster: Roster) -> None:
        self.tape = tape
        self.roster = roster
        self.area = load_area(tape.scenario.area)
        self.kind, self.at = log.column("kind"), log.column("at")
        self.order, self.a = log.column("order").astype(np.int64), log.column("a")
        self.b = log.column("b")
        demand = tape.demand
        low, high = tape.scenario.cohort
        self.cohort: Mask = (demand.stream != OWN) & (demand.placed >= low) & (demand.placed < high)

    # -- from rows to orders --------------------------------------------------------------------

    def rows(self, kind: type) -> Ints:
        """Give the rows of one kind of event, in time order."""
        return np.flatnonzero(self.kind == EVENTS.index(kind))

    def of_cohort(self, kind: type) -> Ints:
        """Give the rows of one kind that concern the cohort."""
        rows = self.rows(kind)
        return rows[self.cohort[self.order[rows]]]

    def first(self, kind: type) -> Ints:
        """Give each order's first row of one kind; -1 if none."""
        found = np.full(len(self.cohort), -1)
        rows = self.rows(kind)[::-1]
        found[self.order[rows]] = rows
        return found

    def when(self, rows: Ints) -> Ints:
        """Give the instants of rows; never for -1."""
        return np.where(rows >= 0, self.at[rows], _NEVER)

    @cached_property
    def jobs(self) -> tuple[Ints, Ints]:
        """Rows that end a job, one way or the other, and the team of each."""
        kinds = (OfferAccepted, ServiceCompleted, TeamAbsent)
        rows = np.sort(np.concatenate([self.rows(kind) for kind in kinds]))
        rows = rows[np.argsort(self.order[rows], kind="stable")]
        ends = np.flatnonzero(self.kind[rows] != EVENTS.index(OfferAccepted))
        return rows[ends], self.a[rows[ends - 1]]

    @cached_property
    def served_row(self) -> Ints:
        """Each cohort order's first completed service, if it was in time; else -1."""
        first = self.first(ServiceCompleted)
        in_time = self.when(first) <= self.tape.demand.latest
        return np.where(self.cohort & in_time, first, -1)

    @cached_property
    def served(self) -> Mask:
        """Which orders of the cohort were served in time."""
        return self.served_row >= 0

    @cached_property
    def served_by(self) -> Ints:
        """Index of the team that served, by order; -1 if none."""
        ends, team = self.jobs
        found = np.full(len(self.cohort), -1)
        ours = self.served_row[self.order[ends]] == ends
        found[self.order[ends[ours]]] = team[ours]
        return found

    def share(self, of: Mask) -> Measure:
        """Give the served share of some of the cohort."""
        return Measure(_count(self.served & of), _count(self.cohort & of))

    # -- measures -------------------------------------------------------------------------------

    def shares(self) -> dict[str, Measure]:
        demand = self.tape.demand
        scarce = np.isin(demand.category, [list(Category).index(c) for c in SCARCE])
        near, far = self._quarters()
        a, b = self.share(far), self.share(near)
        return {
            "served_share": self.share(self.cohort),
            "served_share_resident": self.share(demand.stream == RESIDENT),
            "served_share_site": self.share(demand.stream == SITE_REQUEST),
            "served_share_scarce": self.share(scarce),
            "served_share_far": a,
            "equity": Measure(
                a.numerator * b.denominator - b.numerator * a.denominator,
                a.denominator * b.denominator,
            ),
            "institute_spread": self._spread(),
        }

    def _quarters(self) -> tuple[Mask, Mask]:
        hierarchy = self.tape.city.hierarchy
        seat = hierarchy.root.id
        stations = sorted(
            (hierarchy.km(seat, site.id), site.id) for site in hierarchy.at_level(Level.STATION)
        )
        quarter = len(stations) // 4
        place = {site: n for n, site in enumerate(self.tape.sites)}
        near = [place[site] for _, site in stations[:quarter]]
        far = [place[site] for _, site in stations[len(stations) - quarter :]]
        site = self.tape.demand.site
        return np.isin(site, near), np.isin(site, far)

    @cached_property
    def institute(self) -> Ints:
        """Each site's institute as a small number; -1 above institutes."""
        hierarchy = self.tape.city.hierarchy
        number = {site.id: n for n, site in enumerate(hierarchy.at_level(Level.INSTITUTE))}
        chains = (hierarchy.chain(site) for site in self.tape.sites)
        return np.array([next((number[s] for s in c if s in number), -1) for c in chains])

    def _spread(self) -> Measure:
        """Give the spread between institutes beyond what equal shares would show by chance."""
        of = self.institute[self.tape.demand.site]
        asked = np.bincount(of[self.cohort & (of >= 0)])
        served = np.bincount(of[self.served & (of >= 0)], minlength=len(asked))
        served, asked = served[asked > 1], asked[asked > 1]
        if len(asked) < 2:  # noqa: PLR2004 - one institute has no spread
            return Measure(0, 0)
        share = served / asked
        noise = math.fsum((share * (1 - share) / (asked - 1)).tolist()) / len(share)
        mean = math.fsum(share.tolist()) / len(share)
        between = math.fsum(((share - mean) ** 2).tolist()) / (len(share) - 1)
        return Measure(round(math.sqrt(max(0.0, between - noise)) * _MILLIONTHS), _MILLIONTHS)

    def waits(self) -> dict[str, Measure]:
        placed = self.tape.demand.placed
        accepted = self._since(self.when(self.first(OfferAccepted)), placed)
        start = self.when(self.first(ServiceStarted))
        begun = self._since(np.where(self.served, start, _NEVER), placed)
        ours = self.cohort
        resident = self.served & (self.tape.demand.stream == RESIDENT)
        hour = HOUR // MINUTE
        return {
            "accept_rm": _restricted(accepted[ours], TAU_ACCEPT),
            "accept_p50": _quantile(accepted[ours], 5, TAU_ACCEPT),
            "accept_p90": _quantile(accepted[ours], 9, TAU_ACCEPT),
            "service_rm": _restricted(begun[ours], TAU_SERVICE),
            "service_mean": Measure(int(begun[resident].sum()) // MINUTE, hour * _count(resident)),
        }

    def _since(self, then: Ints, placed: Ints) -> Ints:
        return np.where(then == _NEVER, _NEVER, then - placed)

    def asking(self) -> dict[str, Measure]:
        size = _count(self.cohort)
        offers, declined = self.of_cohort(OfferMade), self.of_cohort(OfferDeclined)
        gone = self.b[declined] == list(DeclineReason).index(DeclineReason.SLOT_GONE)
        first = self.first(OfferMade)
        by_first = self.served & (first >= 0) & (self.a[first] == self.served_by)
        return {
            "offers": Measure(len(offers), size),
            "declines": Measure(_count(~gone), size),
            "expiries": Measure(len(self.of_cohort(OfferExpired)), size),
            "lost_offers": Measure(_count(gone), size),
            "first_offer_share": Measure(_count(by_first), size),
            "desk_hours": Measure(len(offers) * MINUTES_AN_OFFER, HOUR // MINUTE),
            "notifications": self._notified(),
        }

    def _notified(self) -> Measure:
        low, _ = self.tape.scenario.cohort
        weeks, teams = self.tape.scenario.horizon.weeks, len(self.tape.city.teams)
        rows = self.rows(OfferMade)
        rows = rows[self.tape.demand.stream[self.order[rows]] != OWN]
        week = (self.at[rows] - low) // WEEK
        inside = (week >= 0) & (week < weeks)
        counts = np.bincount(self.a[rows[inside]] * weeks + week[inside])
        return Measure(_count(counts > MANY_OFFERS), teams * weeks)

    def travel(self) -> dict[str, Measure]:
        ranks = np.flatnonzero(self.served)
        team = self.served_by[ranks]
        site = self.tape.demand.site
        place = {each: n for n, each in enumerate(self.tape.sites)}
        of_team = np.array([place[team.home] for team in self.roster.teams])
        outside = self.institute[site[ranks]] != self.institute[of_team[team]]
        ends, who = self.jobs
        in_vain = (self.kind[ends] == EVENTS.index(TeamAbsent)) & (self.a[ends] > 0)
        in_vain &= self.cohort[self.order[ends]]
        wasted = self._metres(self.order[ends[in_vain]], who[in_vain])
        return {
            "outside_share": Measure(_count(outside), len(ranks)),
            "km_per_served": Measure(self._metres(ranks, team), _METRES * len(ranks)),
            "wasted_km": Measure(wasted, _METRES * len(ranks)),
        }

    def _metres(self, ranks: Ints, teams: Ints) -> int:
        """Give the way there and back of some jobs, in whole metres each."""
        site, sites = self.tape.demand.site, self.tape.sites
        pairs = zip(site[ranks].tolist(), teams.tolist(), strict=True)
        return sum(round(2 * _METRES * self.roster.km_from(sites[s]).item(t)) for s, t in pairs)

    def load(self) -> dict[str, Measure]:
        roster = self.roster
        able = roster.capacity.max(axis=1) > 0
        jobs = np.bincount(self.served_by[self.served], minlength=len(able))[able]
        limits = roster.jobs_limit[able].astype(np.int64)
        return {
            "load_gini": _gini(jobs * (np.lcm.reduce(limits) // limits)),
            "utilisation": self._utilisation(),
        }

    def _utilisation(self) -> Measure:
        low, high = self.tape.scenario.cohort
        done = self.rows(ServiceCompleted)
        begun = self.rows(ServiceStarted)
        # Every service that began was completed, but the rows are not in the same order.
        done = done[np.lexsort((done, self.order[done]))]
        begun = begun[np.lexsort((begun, self.order[begun]))]
        ours = (self.at[begun] >= low) & (self.at[begun] < high)
        members = self.tape.demand.needed.copy()
        for rank, hosting in self.tape.hostings.items():
            members[rank] = hosting.members
        minutes = int((members[self.order[begun[ours]]] * self.a[done[ours]]).sum())
        lengths = [(closes - opens) // MINUTE for opens, closes in self.area.parts.spans]
        free = self.roster.capacity.astype(np.int64).reshape(-1, BLOCKS_A_DAY) * lengths
        return Measure(minutes, int(free.sum()) * self.tape.scenario.horizon.weeks)

    def ratings(self) -> dict[str, Measure]:
        first = self.first(OrderRated)
        rated = self.served & (first >= 0)
        dissatisfied = rated & (self.a[first] < self.area.profile.satisfied_from)
        served = _count(self.served)
        return {
            "rated_share": Measure(_count(rated), served),
            "dissatisfied_share": Measure(_count(dissatisfied), served),
        }


def _count(which: Mask) -> int:
    return int(np.count_nonzero(which))


def _restricted(spans: Ints, tau: int) -> Measure:
    """Give the mean of min(T, tau), in hours."""
    return Measure(int(np.minimum(spans, tau).sum()) // MINUTE, HOUR // MINUTE * len(spans))


def _quantile(spans: Ints, tenths: int, tau: int) -> Measure:
    """Give the type-7 quantile of min(T, tau), in hours."""
    if not len(spans):
        return Measure(0, 0)
    ordered = np.sort(np.minimum(spans, tau))
    low, part = divmod(tenths * (len(spans) - 1), 10)
    a, b = int(ordered[low]), int(ordered[min(low + 1, len(spans) - 1)])
    return Measure(((10 - part) * a + part * b) // MINUTE, 10 * HOUR // MINUTE)


def _gini(loads: Ints) -> Measure:
    """Give the Gini coefficient of whole loads as a ratio of whole numbers."""
    count, total = len(loads), int(loads.sum())
    ranked = int((np.sort(loads) * np.arange(1, count + 1)).sum())
    return Measure(2 * ranked - (count + 1) * total, count * total)
