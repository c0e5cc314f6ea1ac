"""The clairvoyant bound: what no policy can pass, though it knew every answer in advance.

An edge joins an order of the cohort to a team and a week in which that team could serve it: it
would say yes if it were idle and had not been notified, it would come, and it is free beside the
activities it hosts. A policy serves an order through one of these edges, and a team takes at most
its weekly jobs; so the largest matching of orders to team-weeks is at least what any policy serves
(MODEL section 4).

Examples
--------
>>> from practice_core.simulation import load_scenario, make_tape
>>> short = {"horizon.weeks": 1, "horizon.warmup_weeks": 0, "own_activity.per_year": 0.0}
>>> few = {"resident.per_year": 1_500.0, "site_request.per_year": 500.0, "teams.count": 200}
>>> tape = make_tape(load_scenario("wujiang").with_values(short | few), 7, 0)
>>> found = bound(edges(tape))
>>> found.served <= found.cohort - found.no_start - found.late - found.nobody - found.unwilling
True
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import attrs
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching, min_weight_full_bipartite_matching
from scipy.special import ndtri
from scipy.stats import binom

from practice_core.dispatch.roster import NOTICE, ROAD_KM_PER_HOUR
from practice_core.dispatch.slots import NO_NEXT
from practice_core.errors import DefinitionError, Fault
from practice_core.keyed import Purpose, stream, uniforms
from practice_core.orders import (
    EVENTS,
    OfferAccepted,
    RequestedTime,
    ServiceCompleted,
    ServiceScheduled,
)
from practice_core.simulation import Measure, run_tape
from practice_core.simulation.measures import TAU_SERVICE
from practice_core.simulation.model import GRAIN, p_yes, quorum
from practice_core.simulation.tape import FAR, OWN
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, MINUTE, WEEK
from practice_core.volunteers import BLOCKS_A_WEEK

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from practice_core.dispatch import Policy
    from practice_core.dispatch.slots import Start
    from practice_core.simulation import Run, Scenario, Tape
    from practice_core.units import Instant, OrderId, TeamId

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = [
    "Bound",
    "Clairvoyant",
    "Edges",
    "Reasons",
    "bound",
    "edges",
    "min_km",
    "outside",
    "reasons",
    "refuse_unbounded",
    "restricted_wait",
]

REASONS = ("no_start", "late", "nobody", "unwilling", "contested")
"""Why orders lie beyond the bound: each is counted once, under the first that applies."""
_CATEGORIES = tuple(Category)
_TIMES = tuple(RequestedTime)
_HALF = 0.5
_NEAR, _CLOSE = 2 / GRAIN, 1e-6
"""So near a rounded probability, or a half minute, numpy's exp may differ: Python's decides."""
_METRES = 1000
_FIRST_KEPT = 16
"""Cheapest edges kept of each order at first."""
_GUESSES = 8
"""Prices that are guessed before the way between two known ones is halved."""
_ROUNDS = 1000
"""How long prices may rise before a matching counts as unproven."""


@attrs.frozen(eq=False)
class Edges:
    """Who could serve what, and when: the columns of one length are the edges.

    Parameters
    ----------
    cohort
        Places on the tape of the orders that count.
    no_start
        Those of them whose window holds no start of the requested kind, were they reviewed at once.
    late
        Those of the others whose window holds none any more when they are reviewed.
    nobody
        Those of the others for which no qualified team is free beside its own activities.
    order, team, week
        Place of the order on the tape, index of the team on the roster, week of the horizon.
    metres
        Road there and back, in whole metres.
    wait
        Minutes from placing to the first start in that week, at least one.
    room
        Jobs each team may take in each week beside its own activities; of shape (teams, weeks).
    """

    cohort: Ints
    no_start: Ints
    late: Ints
    nobody: Ints
    order: Ints
    team: Ints
    week: Ints
    metres: Ints
    wait: Ints
    room: Ints

    def __len__(self) -> int:
        return len(self.order)


@attrs.frozen
class Bound:
    """The most orders that can be served, and why not more.

    Parameters
    ----------
    cohort
        Orders that count.
    served
        The most of them that can be served.
    no_start
        Whose window holds no start of the requested kind, were they reviewed at once.
    late
        Whose window holds none any more when they are reviewed: a matter of the desk's hours.
    nobody
        For which no qualified team is free, whatever it would answer: recruit.
    unwilling
        For which a qualified team is free, but none of them would say yes and come.
    edges
        Edges of the matching.
    """

    cohort: int
    served: int
    no_start: int
    late: int
    nobody: int
    unwilling: int
    edges: int

    @property
    def contested(self) -> int:
        """Orders that could each be served, but not all at once."""
        beyond = self.no_start + self.late + self.nobody + self.unwilling
        return self.cohort - self.served - beyond

    @property
    def served_share(self) -> Measure:
        """The clairvoyant bound of the measure of this name."""
        return Measure(self.served, self.cohort)

    def measures(self) -> dict[str, Measure]:
        """Give the bound and its reasons as shares of the cohort, which sum to one."""
        shares = {name: Measure(getattr(self, name), self.cohort) for name in REASONS}
        return {"served_share": self.served_share, **shares}


@attrs.frozen
class Clairvoyant:
    """Stands in an experiment where a policy stands, and knows every answer.

    Parameters
    ----------
    beside
        A policy; the least road for the very orders that it serves is a bound of its travel. Of
        other orders the travel says nothing, so without it there is none.
    """

    beside: Policy | None = None

    def measures(self, tape: Tape) -> dict[str, Measure]:
        """Give the bounds of ``served_share``, ``service_rm`` and travel, and the reasons."""
        found = edges(tape)
        measures = {**bound(found).measures(), "service_rm": restricted_wait(found)}
        if self.beside is not None:
            order, _, _ = _services(run_tape(tape, self.beside))
            measures["km_per_served"] = min_km(found, orders=order.tolist())
        return measures


# ------------------------------------------------------------------ edges


def edges(tape: Tape) -> Edges:
    """Find every (order, team, week) through which any policy could serve an order of the cohort.

    Parameters
    ----------
    tape
        All that chance decides.

    Raises
    ------
    DefinitionError
        If load or offers make teams readier (kl or kn below 0): then an idle team is not the most
        willing one, and this is no bound.

    Notes
    -----
    Why no policy serves through anything else, whatever its period, however many teams it asks at
    once, through whichever channel (the quicker counts here), and whether or not it posts:

    - A first service is in the first opening, where a team has one answer and one turnout for an
      order. Load and notifications only lower its probability of yes.
    - Nobody is asked before the review, nor in the quiet hours. An answer comes no earlier than its
      delay after that; if then it is in the quiet hours, not before they end. Asking later never
      brings this forward, as moving instants to the end of the quiet hours keeps their order.
    - An offer or a posting is open no longer than the loop allows: a longer delay is no answer.
    - A service starts no earlier than the notice after the answer, in a free block. Here only what
      a team hosts takes blocks, so it is free whenever it was free beside other orders.
    """
    refuse_unbounded(tape.scenario)
    search = _Search(tape)
    demand = tape.demand
    low, high = tape.scenario.cohort
    ours = (demand.stream != OWN) & (demand.placed >= low) & (demand.placed < high)
    cohort = np.flatnonzero(ours)
    no_start: list[int] = []
    late: list[int] = []
    nobody: list[int] = []
    parts: list[tuple[Ints, ...]] = [(_NONE,) * len(_COLUMNS)]
    for rank in cohort.tolist():
        starts = search.starts(rank, search.reviewed_at(rank))
        if not starts:
            in_time = search.starts(rank, demand.placed.item(rank))
            (late if in_time else no_start).append(rank)
            continue
        part = search.edges_of(rank, starts)
        if len(part[0]):
            parts.append(part)
        elif not search.somebody(rank, starts):
            nobody.append(rank)
    order, team, week, metres, wait = (np.concatenate(each) for each in zip(*parts, strict=True))
    roster = search.roster
    room = roster.jobs_limit[:, None].astype(np.int64) - roster.jobs
    return Edges(
        cohort, _ints(no_start), _ints(late), _ints(nobody), order, team, week, metres, wait, room
    )


_NONE: Ints = np.empty(0, np.int64)


def _ints(numbers: Sequence[int]) -> Ints:
    return np.array(numbers, np.int64)


def refuse_unbounded(scenario: Scenario) -> None:
    """Refuse a scenario for which there is no bound.

    Raises
    ------
    DefinitionError
        If load or offers make teams readier (kl or kn below 0).
    """
    law = scenario.answer
    faults = [
        Fault(f"answer.{key}", repr(number), "0 or more", "set it to 0 if it is not surely below")
        for key, number in (("kl", law.kl), ("kn", law.kn))
        if number < 0
    ]
    if faults:
        subject = "clairvoyant bound"
        raise DefinitionError(subject, faults)


class _Search:
    """Looks for the edges of one order after another."""

    def __init__(self, tape: Tape) -> None:
        area = tape.scenario.area
        self.tape = tape
        self.profile = area.profile
        self.roster = tape.roster()
        self.members = np.array([team.members for team in self.roster.teams], np.int64)
        willingness = tape.city.willingness
        self.willing = np.array([willingness[team] for team in self.roster.ids])
        self.service = tape.scenario.service
        self._too_few = cache(self._too_few_come)
        law = tape.scenario.answer
        self.quiet = (law.quiet_from_hour * HOUR, law.quiet_to_hour * HOUR)
        self.delay = (math.log(law.delay_median_hours * HOUR), law.delay_sigma)
        self.quickest = min(1.0, law.phone_delay_factor)
        self.bases = {each: stream(tape.seed, tape.replication, each) for each in Purpose}

    def starts(self, rank: int, reviewed_at: Instant) -> list[Start]:
        """Give the times at which an order could be served by a team that said yes at once."""
        demand = self.tape.demand
        latest = demand.latest.item(rank)
        if reviewed_at >= latest:
            return []
        low = max(demand.earliest.item(rank), self._first_asked(reviewed_at) + NOTICE)
        asked, duration = _TIMES[demand.requested_time.item(rank)], demand.duration.item(rank)
        return self.tape.grid.starts(asked, duration, low, latest)

    def edges_of(self, rank: int, starts: list[Start]) -> tuple[Ints, ...]:
        """Give order, team, week, metres and wait of the order's edges."""
        teams, km = self._qualified(rank)
        comes = self._accepts(rank, teams, km)
        teams, km = teams[comes], km[comes]
        comes = self._turns_up(rank, teams)
        teams, km = teams[comes], km[comes]
        begins, low = self.tape.grid.begins, self._answered(rank, teams) + NOTICE
        first_week = starts[0][1] // BLOCKS_A_WEEK
        weeks = starts[-1][1] // BLOCKS_A_WEEK - first_week + 1
        earliest = np.full((len(teams), weeks), -1)
        for start in reversed(starts):
            fits = self._free(rank, teams, km, start) & (start[0] - begins >= low)
            earliest[fits, start[1] // BLOCKS_A_WEEK - first_week] = start[0]
        which, week = np.nonzero(earliest >= 0)
        wait = (earliest[which, week] - self.tape.demand.placed[rank]) // MINUTE
        metres = np.rint(2 * _METRES * km[which]).astype(np.int64)
        return np.full(len(which), rank), teams[which], week + first_week, metres, wait

    def somebody(self, rank: int, starts: list[Start]) -> bool:
        """Tell whether any qualified team is free for the order."""
        teams, km = self._qualified(rank)
        return any(self._free(rank, teams, km, start).any() for start in starts)

    def _qualified(self, rank: int) -> tuple[Ints, Floats]:
        demand = self.tape.demand
        category = _CATEGORIES[demand.category.item(rank)]
        walk = self.roster.walk(self.tape.site_of(rank), category)
        enough = self.members[walk.teams] >= demand.needed[rank]
        return walk.teams[enough], walk.km[enough]

    def _drawn(self, purpose: Purpose, rank: int, teams: Ints) -> Floats:
        key = self.tape.demand.key.item(rank)
        return uniforms(self.bases[purpose], key, self.roster.keys[teams])

    def _accepts(self, rank: int, teams: Ints, km: Floats) -> Mask:
        """Tell which teams say yes if idle and not notified, to the last bit as the model does."""
        law = self.tape.scenario.answer
        u = self._drawn(Purpose.ANSWER, rank, teams)
        effect = self.tape.demand.effect.item(rank)
        odds = law.eta + self.willing[teams] + effect - law.kd_per_km * km
        p = np.rint(GRAIN / (1 + np.exp(np.minimum(-odds, FAR)))) / GRAIN
        for n in np.flatnonzero(np.abs(u - p) < _NEAR).tolist():
            p[n] = p_yes(float(odds[n]))
        return u < p

    def _turns_up(self, rank: int, teams: Ints) -> Mask:
        comes = self._drawn(Purpose.TEAM_NO_SHOW, rank, teams) >= self.service.team_no_show
        too_few = self._too_few(self.tape.demand.needed.item(rank))
        comes &= self._drawn(Purpose.MEMBERS_PRESENT, rank, teams) >= too_few
        return comes

    def _too_few_come(self, needed: int) -> float:
        """Give the probability that fewer members come than make a service."""
        shows = 1 - self.service.member_no_show
        return float(binom.cdf(quorum(needed, self.service.quorum) - 1, needed, shows))

    def _answered(self, rank: int, teams: Ints) -> Ints:
        """Give how long after the beginning each team answers at the earliest; far off if never."""
        log_median, sigma = self.delay
        log_delay = log_median + sigma * ndtri(self._drawn(Purpose.DELAY, rank, teams))
        minutes = np.minimum(np.exp(log_delay) / MINUTE, _NEVER // MINUTE)
        delay = np.maximum(np.rint(minutes), 1).astype(np.int64) * MINUTE
        for n in np.flatnonzero(np.abs(minutes % 1 - _HALF) < _CLOSE).tolist():
            delay[n] = max(1, round(math.exp(log_delay[n]) / MINUTE)) * MINUTE
        delay = np.rint(delay * self.quickest / MINUTE).astype(np.int64) * MINUTE
        first = self._first_asked(self.reviewed_at(rank)) - self.tape.grid.begins
        quiet, loud = self.quiet
        at = first + delay
        since = at % DAY
        at += np.where(since < loud, loud - since, np.where(since >= quiet, DAY + loud - since, 0))
        return np.where(delay <= self.profile.offer_open, at, _NEVER)

    def reviewed_at(self, rank: int) -> Instant:
        """Give when the order is reviewed."""
        demand = self.tape.demand
        return self.profile.calendar.add_working(demand.placed.item(rank), demand.review.item(rank))

    def _first_asked(self, t: Instant) -> Instant:
        quiet, loud = self.quiet
        since = (t - self.tape.grid.begins) % DAY
        if since < loud:
            return t - since + loud
        return t - since + DAY + loud if since >= quiet else t

    def _free(self, rank: int, teams: Ints, km: Floats, start: Start) -> Mask:
        """Tell which teams could come at a start, as `Roster.first_fit` does for one."""
        roster, needed = self.roster, self.tape.demand.needed.item(rank)
        _, block, blocks, slack = start
        week = block // BLOCKS_A_WEEK
        fits: Mask = roster.jobs[teams, week] < roster.jobs_limit[teams]
        for n in range(blocks):
            fits &= roster.free[teams, block + n] >= needed
        if slack < NO_NEXT:
            travel = (2 * km / ROAD_KM_PER_HOUR * HOUR).astype(np.int64)
            fits &= (travel <= slack) | (roster.free[teams, block + blocks] >= needed)
        return fits


_NEVER = 1 << 60


# ------------------------------------------------------------------ matchings


def bound(edges: Edges) -> Bound:
    """Count the most orders that can be served at once, and say why not more.

    Parameters
    ----------
    edges
        From `edges`.

    Notes
    -----
    A largest matching of orders to team-weeks, each of which counts as often as the team takes jobs
    in that week; found by the algorithm of Hopcroft and Karp, SIAM Journal on Computing 2, 1973.
    """
    row, slot, room = _slots(edges, slice(None))
    each, column = _copies(slot, room)
    orders = len(np.unique(row))
    graph = csr_array((np.ones(len(each)), (row[each], column)), (orders, int(room.sum())))
    matched = maximum_bipartite_matching(graph, perm_type="column")
    served = int(np.count_nonzero(matched >= 0))
    cohort, no_start = len(edges.cohort), len(edges.no_start)
    late, nobody = len(edges.late), len(edges.nobody)
    unwilling = cohort - no_start - late - nobody - orders
    return Bound(cohort, served, no_start, late, nobody, unwilling, len(edges))


def min_km(
    edges: Edges, *, served: int | None = None, orders: Collection[int] | None = None
) -> Measure:
    """Bound from below the road km per order that serving so many, or these, orders takes.

    Parameters
    ----------
    edges
        From `edges`.
    served
        How many orders of the cohort are served, whichever; None: as many as can be.
    orders
        Places on the tape of the very orders that are served. Held beside what a policy drove for
        the orders it served, this is the fairer figure: other orders lie elsewhere.

    Returns
    -------
    Measure
        Metres there and back, by 1,000 times the orders served; as ``km_per_served``.

    Raises
    ------
    DefinitionError
        If so many, or these, cannot be served at once.

    Notes
    -----
    Exact over the edges at the largest number and for given orders, and so a lower bound for any
    policy that serves them. At a smaller number it is at most a metre per order below the least:
    the least total is convex in the number served, and what is given is a line under it, at the
    price of one order more (Lagrangian duality).
    """
    if orders is not None:
        chosen = np.unique(np.fromiter(orders, np.int64))
        edges = _of(edges, chosen)
        served = len(chosen)
    dear = 1 + int(edges.metres.max(initial=0)) * (len(np.unique(edges.order)) + 1)
    most, metres = _cheapest(edges, edges.metres, dear)
    if served is None or served == most:
        return Measure(metres, _METRES * most)
    if not 0 <= served < most:
        fault = Fault("served", str(served), f"0 to {most}", "ask for fewer")
        subject = "least travel"
        raise DefinitionError(subject, (fault,))
    least = _between(edges, served, _Known(most, metres, dear)) if served else 0
    return Measure(least, _METRES * served)


def restricted_wait(edges: Edges) -> Measure:
    """Bound from below the mean hours from placing to service, at most 504, as ``service_rm``.

    Orders that are not served count as 504 hours. Each served order starts at the first start of
    its week, so the bound holds for every policy, and for every set of orders served.

    Parameters
    ----------
    edges
        From `edges`.
    """
    tau = TAU_SERVICE // MINUTE
    served, minutes = _cheapest(edges, edges.wait, tau)
    cohort = len(edges.cohort)
    return Measure(minutes + tau * (cohort - served), HOUR // MINUTE * cohort)


@attrs.frozen
class _Known:
    """The least metres for a number of orders served, and a price of one more that leads there."""

    served: int
    metres: int
    price: int


def _between(edges: Edges, served: int, many: _Known) -> int:
    """Give the least metres for fewer orders than are known, to a metre an order."""
    dear = many.price
    few = _Known(0, 0, 0)
    _, row = np.unique(edges.order, return_inverse=True)
    nearest = np.full(int(row.max()) + 1, dear)
    np.minimum.at(nearest, row, edges.metres)
    price = int(np.sort(nearest)[served - 1])
    least = tried = 0
    while few.price + 1 < many.price:
        price = min(max(price, few.price + 1), many.price - 1)
        found = _Known(*_cheapest(edges, edges.metres, price), price)
        least = max(least, found.metres + price * (served - found.served))
        few, many = (found, many) if found.served < served else (few, found)
        wanted, step = served - few.served, many.served - few.served
        rise = many.metres - few.metres
        if least + served >= few.metres + wanted * rise // step:
            break
        tried += 1
        if tried > _GUESSES:
            price = (few.price + many.price) // 2
        elif many.price == dear:
            price = rise // step
        else:
            price = few.price + wanted * (many.price - few.price) // step
    return least


def _of(edges: Edges, orders: Ints) -> Edges:
    some = np.isin(edges.order, orders)
    columns = {name: getattr(edges, name)[some] for name in _COLUMNS}
    return attrs.evolve(edges, cohort=orders, **columns)


_COLUMNS = ("order", "team", "week", "metres", "wait")


def _copies(slot: Ints, room: Ints) -> tuple[Ints, Ints]:
    """Give each edge once for every column of its slot: the edge, and the column."""
    count = room[slot]
    each = np.repeat(np.arange(len(slot)), count)
    nth = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
    return each, (np.cumsum(room) - room)[slot][each] + nth


def _slots(edges: Edges, some: Ints | slice) -> tuple[Ints, Ints, Ints]:
    """Give numbers of the order and the team-week of some edges, and the room of each team-week."""
    _, row = np.unique(edges.order[some], return_inverse=True)
    cells = edges.team[some] * edges.room.shape[1] + edges.week[some]
    found, slot = np.unique(cells, return_inverse=True)
    return row, slot, edges.room.reshape(-1)[found]


def _cheapest(edges: Edges, cost: Ints, unserved: int) -> tuple[int, int]:
    """Give number and total cost of the orders served if one not served costs `unserved`."""
    worth = np.flatnonzero(cost < unserved)
    if not len(worth):
        return 0, 0
    worth = worth[np.lexsort((cost[worth], edges.order[worth]))]
    assignment = _Assignment(*_slots(edges, worth), cost[worth], unserved)
    kept = _FIRST_KEPT
    while True:
        has, whole = assignment.cheapest(kept)
        if whole or assignment.proves(has):
            return len(has), int(assignment.cost[has].sum())
        kept *= 2


@attrs.frozen(eq=False)
class _Assignment:
    """Orders (rows), team-weeks (slots) and the costs of the edges, each row's cheapest first."""

    row: Ints
    slot: Ints
    room: Ints
    cost: Ints
    unserved: int

    def cheapest(self, kept: int) -> tuple[Ints, bool]:
        """Give the cheapest matching in the first edges of each row, and whether these are all."""
        place = np.arange(len(self.row)) - np.searchsorted(self.row, self.row)
        few = np.flatnonzero(place < kept)
        row, slot = self.row[few], self.slot[few]
        rows, columns = int(row[-1]) + 1, int(self.room.sum())
        each, column = _copies(slot, self.room)
        alone = np.arange(rows)
        # No weight may be zero: such an edge would not be there.
        weight = np.concatenate([self.cost[few][each], np.full(rows, self.unserved)]) + 1.0
        to = np.concatenate([column, columns + alone])
        graph = csr_array(
            (weight, (np.concatenate([row[each], alone]), to)), (rows, columns + rows)
        )
        who, where = min_weight_full_bipartite_matching(graph)
        served = where < columns
        found = np.searchsorted(np.cumsum(self.room), where[served], side="right")
        keys = row * len(self.room) + slot
        by = np.argsort(keys)
        has = by[np.searchsorted(keys[by], who[served] * len(self.room) + found)]
        return few[has], len(few) == len(self.row)

    def proves(self, has: Ints) -> bool:
        """Tell whether at some prices of the slots every row has what is cheapest for it.

        Then no other matching is cheaper, through whichever edges. Prices rise from zero to what
        others would pay; if that drives a row away, or the price of a slot with room above zero,
        another matching is cheaper.
        """
        by = np.argsort(self.slot, kind="stable")
        row, cost = self.row[by], self.cost[by]
        begins = np.searchsorted(self.slot[by], np.arange(len(self.room)))
        spare = np.bincount(self.slot[has], minlength=len(self.room)) < self.room
        price = np.zeros(len(self.room), np.int64)
        pays = np.full(int(row.max()) + 1, self.unserved)
        for _ in range(_ROUNDS):
            pays[self.row[has]] = self.cost[has] + price[self.slot[has]]
            offered = np.maximum(np.maximum.reduceat(pays[row] - cost, begins), 0)
            if np.any(offered[spare]) or np.any(pays > self.unserved):
                return False
            if np.array_equal(offered, price):
                return True
            price = offered
        return False  # pragma: no cover - prices that rise for so long would fall over an end


# ------------------------------------------------------------------ beside a run


def outside(edges: Edges, run: Run) -> tuple[tuple[OrderId, TeamId, int], ...]:
    """Give the services of a run, by order, team and week, that lie outside the edges.

    There is none, or the edges are no bound: every run can be tested.

    Parameters
    ----------
    edges
        Of the run's tape.
    run
        Any policy's.
    """
    weeks = edges.room.shape[1]
    order, team, week = _services(run)
    ours = (edges.order * len(edges.room) + edges.team) * weeks + edges.week
    theirs = (order * len(edges.room) + team) * weeks + week
    stray = np.flatnonzero(~np.isin(theirs, ours)).tolist()
    ids, teams = run.log.orders, run.log.teams
    return tuple([(ids[order[n]], teams[team[n]], int(week[n])) for n in stray])


def _services(run: Run) -> tuple[Ints, Ints, Ints]:
    """Give order, team and week of the first service of each order of the cohort, if in time."""
    demand = run.tape.demand
    low, high = run.tape.scenario.cohort
    kind, order = run.log.column("kind"), run.log.column("order").astype(np.int64)
    codes = [EVENTS.index(each) for each in (OfferAccepted, ServiceScheduled, ServiceCompleted)]
    rows = np.flatnonzero(np.isin(kind, codes))
    rows = rows[np.argsort(order[rows], kind="stable")]
    # In each order's story, a completed service follows its time, which follows its acceptance.
    ends = np.flatnonzero(kind[rows] == codes[-1])
    ends = ends[np.unique(order[rows[ends]], return_index=True)[1]]
    done, agreed, accepted = rows[ends], rows[ends - 1], rows[ends - 2]
    who = order[done]
    ours = (demand.stream[who] != OWN) & (demand.placed[who] >= low) & (demand.placed[who] < high)
    ours &= run.log.column("at")[done] <= demand.latest[who]
    a = run.log.column("a")
    week = (a[agreed] - run.tape.grid.begins) // WEEK
    return who[ours], a[accepted][ours], week[ours]


@attrs.frozen
class Reasons:
    """How far a policy is from the clairvoyant bound, and what lies beyond the bound: shares.

    Parameters
    ----------
    possible
        The bound: no policy, even one that knew every answer in advance, could serve more.
    served
        What the policy serves.
    distance
        Between the two; an unknown part of it cannot be had without foresight.
    no_start, late, nobody, unwilling, contested
        What is beyond the bound, by reason; see `Bound`.
    capture
        How much of the way from a foil to the bound the policy goes; None if there is no way.
    """

    possible: float
    served: float
    distance: float
    no_start: float
    late: float
    nobody: float
    unwilling: float
    contested: float
    capture: float | None


def reasons(
    bounds: Sequence[Mapping[str, Measure]],
    policy: Sequence[Measure],
    foil: Sequence[Measure] | None = None,
) -> Reasons | None:
    """Compare a policy's served share with the bound, as means over replications.

    Parameters
    ----------
    bounds
        Measures of the bound, replication by replication; see `Clairvoyant`.
    policy
        The policy's ``served_share`` in the same replications; further ones are left out.
    foil
        The same of the policy that capture is measured from, such as ``random``.

    Returns
    -------
    Reasons or None
        None if there was nothing to serve.

    Examples
    --------
    >>> shares = {"served_share": 96, "no_start": 1, "late": 0}
    >>> shares |= {"nobody": 2, "unwilling": 1, "contested": 0}
    >>> known = {name: Measure(count, 100) for name, count in shares.items()}
    >>> found = reasons([known], [Measure(90, 100)], [Measure(76, 100)])
    >>> round(found.distance, 3), found.nobody, round(found.capture, 3)
    (0.06, 0.02, 0.7)
    """
    possible = _mean([each["served_share"] for each in bounds])
    served = _mean(policy[: len(bounds)])
    if possible is None or served is None:
        return None
    low = None if foil is None else _mean(foil[: len(bounds)])
    capture = None
    if low is not None and low < possible:
        capture = (served - low) / (possible - low)
    beyond = {name: _mean([each[name] for each in bounds]) or 0.0 for name in REASONS}
    return Reasons(possible, served, possible - served, **beyond, capture=capture)


def _mean(measures: Sequence[Measure]) -> float | None:
    values = [each.value for each in measures if each.value is not None]
    return math.fsum(values) / len(values) if values else None
