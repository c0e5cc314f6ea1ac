"""The tape: everything random, as a pure function of its key (MODEL section 3).

What belongs to an order is a column of the tape; what belongs to an (order, team) pair is computed
when asked. Adding a team, changing a policy or asking in another order never shifts another draw.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_right
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np
from scipy.special import ndtri, pdtr
from scipy.stats import binom

from practice_core.dispatch import Draw, Grid, Roster, Slot
from practice_core.hierarchy import Level
from practice_core.keyed import Draws, Purpose, entity, stream, uniform, uniforms
from practice_core.orders import Request, RequestedTime
from practice_core.simulation.city import DrawnCity, draw_city, log_normal, pick
from practice_core.simulation.liking import likings
from practice_core.terms import Category
from practice_core.units import (
    DAY,
    HOUR,
    MINUTE,
    WEEK,
    ActorId,
    Duration,
    OrderId,
    TeamId,
    value,
)
from practice_core.volunteers import BLOCKS_A_DAY, BLOCKS_A_WEEK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from practice_core.areas import Area
    from practice_core.simulation.parts import OwnActivity, Resident, SiteRequest
    from practice_core.simulation.scenario import Scenario
    from practice_core.units import SiteId

__all__ = ["STREAMS", "Answer", "Demand", "Hosting", "Tape", "make_tape"]

STREAMS = ("r", "s", "o")
"""Resident orders, site requests, own activities; a stream's place is its code."""
RESIDENT, SITE_REQUEST, OWN = range(3)

_WEEKEND = 5
_FIRST_HOUR = 8
_HOURS_OF_PLACING = 9
_CATEGORIES = tuple(Category)
_TIMES = tuple(RequestedTime)
FAR = 700.0
"""Of an exponent: beyond it exp overflows, or is so near 0 that nothing can be divided by it."""
_LARGEST_EVENT = 10_000
_LONGEST_REVIEW = 100_000
"""Hours: no order waits so long."""

Column: TypeAlias = "NDArray[np.int64]"


@value
class Answer:
    """What one team makes of one order, whenever and however often it is asked.

    Parameters
    ----------
    u
        It accepts if this uniform number is below its probability of accepting.
    silent
        Whether it keeps silent if it does not accept.
    delay
        How long it takes to answer, in ms.
    morning
        Minute after the end of the quiet hours at which it answers if the answer falls in them.
    """

    u: float
    silent: bool
    delay: Duration
    morning: Duration


@attrs.frozen(eq=False)
class Demand:
    """Every order of a replication as columns of one length, by (placed, key).

    ``stream`` (place in `STREAMS`), ``site`` (place in the sorted sites), ``category``,
    ``requested_time`` (places in their enums), ``needed`` (volunteers), ``duration`` (minutes),
    ``placed``, ``earliest``, ``latest`` (ms), ``review`` (ms of working time), ``effect``
    (log-odds), ``key`` (of the id).
    """

    ids: tuple[OrderId, ...]
    key: NDArray[np.uint64]
    stream: Column
    site: Column
    category: Column
    requested_time: Column
    needed: Column
    duration: Column
    placed: Column
    earliest: Column
    latest: Column
    review: Column
    effect: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)


@attrs.frozen
class Hosting:
    """The host of one own activity: its team's index, its slot, and who comes.

    Parameters
    ----------
    team
        Index of the team on the roster.
    slot
        When.
    members
        Members of the host team that are planned.
    members_present, individuals_present
        Members and other volunteers who come.
    """

    team: int
    slot: Slot
    members: int
    members_present: int
    individuals_present: int


@attrs.frozen(eq=False)
class Tape:
    """All that one replication draws, before any policy decides anything.

    Parameters
    ----------
    scenario
        What is assumed.
    seed, replication
        The key.
    city
        The sites and teams.
    grid
        The blocks of the horizon.
    demand
        The orders.
    hostings
        The host of each own activity, by its place among the orders; those without are absent.
    expected
        Expected orders of each stream over the horizon.
    """

    scenario: Scenario
    seed: int
    replication: int
    city: DrawnCity
    grid: Grid
    sites: tuple[SiteId, ...]
    demand: Demand
    hostings: Mapping[int, Hosting]
    expected: tuple[float, float, float]
    _bases: Mapping[Purpose, int] = attrs.field(init=False)
    _host_of: Mapping[int, TeamId] = attrs.field(init=False)
    _delay: tuple[float, float] = attrs.field(init=False)
    _turnout: dict[int, list[float]] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        bases = {purpose: stream(self.seed, self.replication, purpose) for purpose in Purpose}
        object.__setattr__(self, "_bases", bases)
        teams = sorted(team.id for team in self.city.teams)
        hosts = {order: teams[hosting.team] for order, hosting in self.hostings.items()}
        object.__setattr__(self, "_host_of", hosts)
        law = self.scenario.answer
        delay = (math.log(law.delay_median_hours * HOUR), law.delay_sigma)
        object.__setattr__(self, "_delay", delay)

    def roster(self) -> Roster:
        """Give a roster on which the own activities are booked and nothing else."""
        ties = Draws(self.seed, self.replication, Purpose.POLICY)
        takers = self.scenario.area.profile.takers
        roster = Roster(
            self.city.teams, self.city.hierarchy, grid=self.grid, ties=ties, takers=takers
        )
        for hosting in self.hostings.values():
            roster.book(hosting.team, hosting.slot, hosting.members)
        return roster

    def policy_draw(self) -> Draw:
        """Give the draws that a policy may use."""
        return Draws(self.seed, self.replication, Purpose.POLICY)

    def site_of(self, order: int) -> SiteId:
        """Give the site of the order at a place on the tape."""
        return self.sites[self.demand.site.item(order)]

    def request(self, order: int, route: tuple[SiteId, ...]) -> Request:
        """Build the request of the order at a place on the tape."""
        found = self._requests[order]
        order_id, site, category, asked, code, placed, earliest, latest, needed, duration = found
        place = self.sites[site]
        return Request(
            order_id,
            place,
            _CATEGORIES[category],
            ActorId(f"{STREAMS[code]}.{place}"),
            placed,
            earliest,
            latest,
            needed,
            duration,
            _TIMES[asked],
            route,
            self._host_of.get(order),
        )

    @cached_property
    def _requests(self) -> list[tuple[Any, ...]]:
        d = self.demand
        columns = [d.site, d.category, d.requested_time, d.stream]
        columns += [d.placed, d.earliest, d.latest, d.needed, d.duration]
        return list(zip(d.ids, *[column.tolist() for column in columns], strict=True))

    def answer(self, order: OrderId, team: TeamId, opening: int) -> Answer:
        """Give what `team` makes of `order` in an opening: 0, or 1 after it was reopened."""
        return self.answer_of(entity(order), entity(team), opening)

    def answer_of(self, order: int, team: int, opening: int) -> Answer:
        """Give an answer by the keys of order and team."""
        bases, law = self._bases, self.scenario.answer
        log_median, sigma = self._delay
        z = float(ndtri(uniform(bases[Purpose.DELAY], order, team, opening)))
        delay = max(1, round(math.exp(log_median + sigma * z) / MINUTE)) * MINUTE
        return Answer(
            uniform(bases[Purpose.ANSWER], order, team, opening),
            uniform(bases[Purpose.SILENT], order, team, opening) < law.silent_share,
            delay,
            int(60 * uniform(bases[Purpose.MORNING_MINUTE], order, team, opening)) * MINUTE,
        )

    def looks(self, order: int, teams: NDArray[np.uint64], opening: int) -> NDArray[np.bool_]:
        """Tell which teams look at the board while an order is posted; by keys."""
        u = uniforms(self._bases[Purpose.LOOKS], order, teams, opening)
        return u < self.scenario.answer.board_share

    def shows_up(self, order: int, team: int, opening: int) -> bool:
        """Tell whether an accepting team comes at all; by keys."""
        u = uniform(self._bases[Purpose.TEAM_NO_SHOW], order, team, opening)
        return u >= self.scenario.service.team_no_show

    def present(self, order: int, team: int, opening: int, needed: int) -> int:
        """Give how many of the `needed` members come; by keys."""
        edges = self._turnout.get(needed)
        if edges is None:
            shows = 1 - self.scenario.service.member_no_show
            edges = self._turnout[needed] = binom.cdf(np.arange(needed), needed, shows).tolist()
        u = uniform(self._bases[Purpose.MEMBERS_PRESENT], order, team, opening)
        return bisect_right(edges, u)

    def rating(self, order: int, opening: int, waited: Duration) -> bool | None:
        """Tell whether the requester is satisfied; None if he does not rate. By key."""
        law = self.scenario.service
        if uniform(self._bases[Purpose.RATING_GIVEN], order, opening) >= law.rating_given:
            return None
        late = max(0.0, waited / DAY - law.dissatisfied_after_days)
        threshold = law.dissatisfied + law.dissatisfied_per_day * late
        return uniform(self._bases[Purpose.SATISFIED], order, opening) >= threshold


@lru_cache(maxsize=1)
def make_tape(scenario: Scenario, seed: int, replication: int) -> Tape:
    """Draw one replication of a scenario.

    Parameters
    ----------
    scenario
        What is assumed.
    seed, replication
        The key.
    """
    return tape_for(scenario, draw_city(scenario, seed, replication), seed, replication)


def tape_for(scenario: Scenario, city: DrawnCity, seed: int, replication: int) -> Tape:
    """Draw one replication for a given city, in whatever order its sites and teams come."""
    area = scenario.area
    weeks = -((scenario.begins - scenario.ends) // WEEK)
    grid = Grid(area.parts, scenario.begins, weeks)
    maker = _Maker(scenario, area, city, grid, seed=seed, replication=replication)
    resident, site_request, own = maker.residents(), maker.site_requests(), maker.own_activities()
    demand, own_block = maker.merge((resident, site_request, own))
    hostings = maker.hostings(demand, own_block)
    expected = (resident.expected, site_request.expected, own.expected)
    return Tape(scenario, seed, replication, city, grid, maker.sites, demand, hostings, expected)


@attrs.frozen(eq=False)
class _Stream:
    """Columns of one stream before all are merged."""

    code: int
    expected: float
    ids: list[OrderId]
    columns: dict[str, Any]


class _Maker:
    """Draws the columns of one replication."""

    def __init__(  # noqa: PLR0913 - all of one replication
        self,
        scenario: Scenario,
        area: Area,
        city: DrawnCity,
        grid: Grid,
        *,
        seed: int,
        replication: int,
    ) -> None:
        self.scenario = scenario
        self.area = area
        self.city = city
        self.grid = grid
        self.seed = seed
        self.replication = replication
        self.sites = tuple(site.id for site in city.hierarchy)
        self.site_keys = np.array([entity(site) for site in self.sites], np.uint64)
        self.levels = [site.level for site in city.hierarchy]

    def base(self, purpose: Purpose) -> int:
        return stream(self.seed, self.replication, purpose)

    # -- streams --------------------------------------------------------------------------------

    def residents(self) -> _Stream:
        law = self.scenario.resident
        share = self._resident_shares(law)
        rate, hours = self._placing_rate()
        site, k, expected = self._arrivals(RESIDENT, share * law.per_year * rate)
        ids, keys = self._ids(RESIDENT, site, k)
        minute = np.interp(self._arrival_u(RESIDENT, site, k), hours, np.arange(len(hours)) * 60.0)
        placed = self.grid.begins + minute.astype(np.int64) * MINUTE
        days = log_normal(
            uniforms(self.base(Purpose.PATIENCE), keys),
            law.patience_median_days,
            law.patience_sigma,
            law.patience_shortest_days,
            law.patience_longest_days,
        )
        latest = placed + np.round(days * (DAY // MINUTE)).astype(np.int64) * MINUTE
        duration = self._durations(law, keys)
        latest = np.maximum(latest, placed + duration * MINUTE)  # nobody asks for what has no time
        needed = pick(uniforms(self.base(Purpose.NEED), keys), law.needed_shares) + 1
        return self._stream(
            RESIDENT,
            law,
            expected,
            ids,
            keys=keys,
            site=site,
            placed=placed,
            earliest=placed,
            latest=latest,
            needed=needed,
            duration=duration,
        )

    def site_requests(self) -> _Stream:
        law = self.scenario.site_request
        share = self._level_shares(law.level_shares)
        rate, hours = self._placing_rate()
        site, k, expected = self._arrivals(SITE_REQUEST, share * law.per_year * rate)
        ids, keys = self._ids(SITE_REQUEST, site, k)
        minute = np.interp(
            self._arrival_u(SITE_REQUEST, site, k), hours, np.arange(len(hours)) * 60.0
        )
        placed = self.grid.begins + minute.astype(np.int64) * MINUTE
        duration = self._durations(law, keys)
        times = self._requested_times(keys)
        earliest, latest = self._fixed_blocks(law, placed, duration, times, keys)
        u = uniforms(self.base(Purpose.NEED), keys)
        needed = law.needed_least + np.floor(u * (law.needed_most - law.needed_least + 1))
        return self._stream(
            SITE_REQUEST,
            law,
            expected,
            ids,
            keys=keys,
            site=site,
            placed=placed,
            earliest=earliest,
            latest=latest,
            needed=needed.astype(np.int64),
            duration=duration,
        )

    def own_activities(self) -> _Stream:
        law = self.scenario.own_activity
        share = self._level_shares(law.level_shares)
        weight, total = self._activity_weights(law)
        horizon = float(np.sum(weight)) / total
        site, k, expected = self._arrivals(OWN, share * law.per_year * horizon)
        ids, keys = self._ids(OWN, site, k)
        edges = np.cumsum(weight)
        u = self._arrival_u(OWN, site, k)
        block = np.minimum(np.searchsorted(edges, u * edges[-1], side="right"), len(edges) - 1)
        day, part = np.divmod(block, BLOCKS_A_DAY)
        opens = np.array([span[0] for span in self.area.parts.spans])
        room = self.area.parts.spans[-1][1] - opens
        duration = np.minimum(self._durations(law, keys), (room // MINUTE)[part])
        start = self.grid.begins + day * DAY + opens[part]
        u = uniforms(self.base(Purpose.PATIENCE), keys)
        minute = _FIRST_HOUR * 60 + np.floor(u * _HOURS_OF_PLACING * 60)
        placed = self.grid.begins + (day - law.lead_days) * DAY + minute.astype(np.int64) * MINUTE
        placed = np.maximum(placed, self.grid.begins)
        found = self._stream(
            OWN,
            law,
            expected,
            ids,
            keys=keys,
            site=site,
            placed=placed,
            earliest=start,
            latest=start + duration * MINUTE,
            needed=self._own_needed(law, keys),
            duration=duration,
        )
        found.columns["requested_time"] = np.full(len(ids), _TIMES.index(RequestedTime.ANY))
        found.columns["block"] = block
        return found

    def merge(self, streams: Sequence[_Stream]) -> tuple[Demand, Column]:
        """Put the streams together, by (placed, key): the order of the streams plays no part."""
        names = [field.name for field in attrs.fields(Demand) if field.name != "ids"]
        columns = {
            name: np.concatenate([s.columns[name] for s in streams]) for name in (*names, "block")
        }
        ids = [order for s in streams for order in s.ids]
        by = np.lexsort((columns["key"], columns["placed"]))
        ordered = {name: column[by] for name, column in columns.items()}
        block = ordered.pop("block")
        return Demand(tuple([ids[n] for n in by.tolist()]), **ordered), block

    # -- hosts ----------------------------------------------------------------------------------

    def hostings(self, demand: Demand, own_block: Column) -> dict[int, Hosting]:
        """Draw the host of each own activity among the near teams with room, in time order.

        Each (activity, team) pair has a draw of its own, a time whose rate is the team's weight,
        and the first wins: so a team is drawn in proportion to its weight, and one that comes or
        goes moves an activity to or from itself, never between two others.
        """
        law = self.scenario.own_activity
        ties = Draws(self.seed, self.replication, Purpose.POLICY)
        takers = self.scenario.area.profile.takers
        roster = Roster(
            self.city.teams, self.city.hierarchy, grid=self.grid, ties=ties, takers=takers
        )
        own = np.flatnonzero(demand.stream == OWN)
        own = own[np.lexsort((demand.key[own], own_block[own]))]
        keys = demand.key[own]
        places, place = np.unique(
            demand.site[own] * len(_CATEGORIES) + demand.category[own], return_inverse=True
        )
        near = [self._near(roster, law, *divmod(p, len(_CATEGORIES))) for p in places.tolist()]
        by_place = np.argsort(place, kind="stable")
        edges = np.searchsorted(place[by_place], np.arange(len(places) + 1))
        races: dict[int, NDArray[np.float64]] = {}
        for p, (teams, weight) in enumerate(near):
            rows = by_place[edges[p] : edges[p + 1]]
            some = slice(law.host_reach)
            times = self._race(keys[rows], roster.keys[teams[some]], weight[some])
            races.update(zip(rows.tolist(), times, strict=True))
        taken: list[tuple[int, int, Slot, int]] = []
        for n, order in enumerate(own.tolist()):
            slot = self._slot(demand, order, int(own_block[order]))
            teams, weight = near[place[n]]
            host = _first(roster, teams[: law.host_reach], races[n], slot)
            if host is None:  # no near one has room: any team of the category
                times = self._race(keys[n : n + 1], roster.keys[teams], weight)
                host = _first(roster, teams, times[0], slot)
            if host is None:
                continue
            free = int(roster.free[host, slot.block : slot.block + slot.blocks].min())
            members = min(int(demand.needed[order]), free)
            roster.book(host, slot, members)
            taken.append((order, host, slot, members))
        return self._turnout(demand, taken)

    def _near(
        self, roster: Roster, law: OwnActivity, site: int, category: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        walk = roster.walk(self.sites[site], _CATEGORIES[category], None)
        ties = uniforms(
            self.base(Purpose.HOST),
            int(self.site_keys[site]),
            roster.keys[walk.teams],
            category + 1,
        )
        by = np.lexsort((ties, walk.km))
        return walk.teams[by], np.exp(-np.minimum(law.host_decay_per_km * walk.km[by], FAR))

    def _race(
        self, orders: NDArray[np.uint64], teams: NDArray[np.uint64], weight: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return -np.log(uniforms(self.base(Purpose.HOST), orders[:, None], teams)) / weight

    def _slot(self, demand: Demand, order: int, block: int) -> Slot:
        start, duration = int(demand.earliest[order]), int(demand.duration[order])
        of_week = block % BLOCKS_A_WEEK
        pattern = self.grid.pattern(RequestedTime.ANY, duration)
        blocks = next(count for _, first, count, _ in pattern if first == of_week)
        return Slot(start, start + duration * MINUTE, block, blocks)

    def _turnout(
        self, demand: Demand, taken: list[tuple[int, int, Slot, int]]
    ) -> dict[int, Hosting]:
        orders = np.array([t[0] for t in taken], np.int64)
        members = np.array([t[3] for t in taken], np.int64)
        others = demand.needed[orders] - members
        shows = 1 - self.scenario.service.member_no_show
        keys = demand.key[orders]
        came = binom.ppf(uniforms(self.base(Purpose.MEMBERS_PRESENT), keys), members, shows)
        more = binom.ppf(uniforms(self.base(Purpose.INDIVIDUAL), keys), others, shows)
        presence = zip(np.maximum(came, 1).tolist(), np.asarray(more).tolist(), strict=True)
        return {
            order: Hosting(team, slot, planned, int(a), int(b))
            for (order, team, slot, planned), (a, b) in zip(taken, presence, strict=True)
        }

    # -- parts of a stream ----------------------------------------------------------------------

    def _arrivals(self, code: int, expected: NDArray[np.float64]) -> tuple[Column, Column, float]:
        """Give site and running number of every arrival: Poisson counts, nested in demand."""
        u = uniforms(self.base(Purpose.COUNT), self.site_keys, code)
        counts = np.array(
            [poisson_count(p, mean) for p, mean in zip(u.tolist(), expected.tolist(), strict=True)],
            np.int64,
        )
        site = np.repeat(np.arange(len(self.sites)), counts)
        k = np.arange(len(site)) - np.repeat(np.cumsum(counts) - counts, counts)
        return site, k, float(math.fsum(expected))

    def _arrival_u(self, code: int, site: Column, k: Column) -> NDArray[np.float64]:
        base = self.base(Purpose.ARRIVAL)
        codes = np.full(len(site), code, np.uint64)
        return uniforms(base, self.site_keys[site], codes, k.astype(np.uint64))

    def _ids(self, code: int, site: Column, k: Column) -> tuple[list[OrderId], NDArray[np.uint64]]:
        letter, sites = STREAMS[code], self.sites
        ids = [
            OrderId(f"{sites[s]}.{letter}.{n}")
            for s, n in zip(site.tolist(), k.tolist(), strict=True)
        ]
        return ids, np.array([entity(order) for order in ids], np.uint64)

    def _stream(  # noqa: PLR0913 - one column each
        self,
        code: int,
        law: Resident | SiteRequest | OwnActivity,
        expected: float,
        ids: list[OrderId],
        *,
        keys: NDArray[np.uint64],
        site: Column,
        placed: Column,
        earliest: Column,
        latest: Column,
        needed: Column,
        duration: Column,
    ) -> _Stream:
        places = np.array([_CATEGORIES.index(category) for category in law.mix])
        category = places[pick(uniforms(self.base(Purpose.CATEGORY), keys), law.mix.values())]
        service, answer = self.scenario.service, self.scenario.answer
        hours = log_normal(
            uniforms(self.base(Purpose.REVIEW), keys),
            service.review_median_hours,
            service.review_sigma,
            0,
            _LONGEST_REVIEW,
        )
        liking = np.round(answer.points_elasticity * np.array(likings(self.area.rules)), 6)
        columns = {
            "key": keys,
            "stream": np.full(len(ids), code),
            "site": site,
            "category": category,
            "requested_time": self._requested_times(keys),
            "needed": needed,
            "duration": duration,
            "placed": placed,
            "earliest": earliest,
            "latest": latest,
            "review": np.round(hours * 60).astype(np.int64) * MINUTE,
            "effect": np.round(
                answer.order_effect_sd * ndtri(uniforms(self.base(Purpose.ORDER_EFFECT), keys)), 6
            )
            + liking[category],
            "block": np.full(len(ids), -1),
        }
        return _Stream(code, expected, ids, columns)

    def _durations(
        self, law: Resident | SiteRequest | OwnActivity, keys: NDArray[np.uint64]
    ) -> Column:
        sigma = math.sqrt(2 * math.log(law.duration_mean_min / law.duration_median_min))
        minutes = log_normal(
            uniforms(self.base(Purpose.DURATION), keys),
            law.duration_median_min,
            sigma,
            law.duration_shortest_min,
            law.duration_longest_min,
        )
        return np.round(minutes).astype(np.int64)

    def _requested_times(self, keys: NDArray[np.uint64]) -> Column:
        shares = self.scenario.requested_time.shares
        places = np.array([_TIMES.index(asked) for asked in shares])
        return places[pick(uniforms(self.base(Purpose.REQUESTED_TIME), keys), shares.values())]

    def _own_needed(self, law: OwnActivity, keys: NDArray[np.uint64]) -> Column:
        mass_mean = (law.mean_needed - (1 - law.mass_share) * law.usual_mean) / law.mass_share
        usual_sigma = math.sqrt(2 * math.log(law.usual_mean / law.usual_median))
        mass_sigma = math.sqrt(2 * math.log(mass_mean / law.mass_median))
        u = uniforms(self.base(Purpose.NEED), keys)
        usual = log_normal(u, law.usual_median, usual_sigma, 1, _LARGEST_EVENT)
        mass = log_normal(u, law.mass_median, mass_sigma, 1, _LARGEST_EVENT)
        is_mass = uniforms(self.base(Purpose.MASS), keys) < law.mass_share
        return np.round(np.where(is_mass, mass, usual)).astype(np.int64)

    def _fixed_blocks(
        self,
        law: SiteRequest,
        placed: Column,
        duration: Column,
        times: Column,
        keys: NDArray[np.uint64],
    ) -> tuple[Column, Column]:
        u = uniforms(self.base(Purpose.BLOCK), keys)
        earliest, latest = np.empty_like(placed), np.empty_like(placed)
        spans = self.area.parts.spans
        whole = Grid(self.area.parts, self.grid.begins, self.grid.weeks + 4)
        rows = zip(u.tolist(), placed.tolist(), duration.tolist(), times.tolist(), strict=True)
        for n, (draw, at, minutes, asked) in enumerate(rows):
            low, high = at + law.ahead_least_days * DAY, at + law.ahead_most_days * DAY
            starts = whole.starts(_TIMES[asked], minutes, low, high)
            start, block, blocks, _ = starts[int(draw * len(starts))]
            closes = spans[block % BLOCKS_A_DAY + blocks - 1][1]
            midnight = start - spans[block % BLOCKS_A_DAY][0]
            earliest[n] = start
            latest[n] = max(start + minutes * MINUTE, midnight + closes)
        return earliest, np.minimum(latest, placed + law.ahead_most_days * DAY)

    # -- intensities ----------------------------------------------------------------------------

    def _resident_shares(self, law: Resident) -> NDArray[np.float64]:
        hierarchy, weight = self.city.hierarchy, self.city.institute_weight
        stations = [n for n, level in enumerate(self.levels) if level is Level.STATION]
        institute = {n: hierarchy.parent(self.sites[n]) for n in stations}
        siblings: dict[SiteId | None, int] = {}
        for parent in institute.values():
            siblings[parent] = siblings.get(parent, 0) + 1
        total = sum(weight[i] for i in weight if i in siblings)
        share = np.zeros(len(self.sites))
        for n in stations:
            parent = institute[n]
            by_weight = weight[parent] / total / siblings[parent]  # type: ignore[index]  # a station has a parent
            share[n] = law.even_share / len(stations) + (1 - law.even_share) * by_weight
        return share

    def _level_shares(self, shares: Mapping[Level, float]) -> NDArray[np.float64]:
        counts = {level: self.levels.count(level) for level in Level}
        return np.array([shares.get(level, 0.0) / counts[level] for level in self.levels])

    def _placing_rate(self) -> tuple[float, NDArray[np.float64]]:
        """Give the horizon's share of a year's orders, and its cumulative share at each hour."""
        season = self.scenario.season
        by_hour = np.ones(24)
        by_hour[season.peak_hours] = season.peak_factor
        by_hour[season.night_hours] = season.night_factor

        def of_day(day: dt.date) -> NDArray[np.float64]:
            weekend = season.weekend_factor if day.weekday() >= _WEEKEND else 1.0
            return by_hour * weekend * season.month_factors[day.month - 1]

        weights = np.concatenate([of_day(day) for day in self._days()])
        year = math.fsum(float(of_day(day).sum()) for day in self._year())
        cumulative = np.concatenate([[0.0], np.cumsum(weights)])
        # Where no month of the horizon has a rate nothing is placed, whenever it would be.
        whole = float(cumulative[-1])
        return whole / year, cumulative / (whole or 1.0)

    def _activity_weights(self, law: OwnActivity) -> tuple[NDArray[np.float64], float]:
        """Give the weight of each block of the horizon, and the weight of a year."""
        parts = np.array(law.part_shares)
        months = self.scenario.season.month_factors

        def of_day(day: dt.date) -> NDArray[np.float64]:
            return parts * law.weekday_factors[day.weekday()] * months[day.month - 1]

        weights = np.concatenate([of_day(day) for day in self._days()])
        return weights, math.fsum(float(of_day(day).sum()) for day in self._year())

    def _days(self) -> list[dt.date]:
        first = dt.date.fromisoformat(self.scenario.horizon.starts_on)
        return [first + dt.timedelta(days=n) for n in range(7 * self.grid.weeks)]

    def _year(self) -> list[dt.date]:
        year = int(self.scenario.horizon.starts_on[:4])
        first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
        return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def poisson_count(u: float, mean: float) -> int:
    """Give the Poisson quantile: the least count whose cumulative probability exceeds `u`.

    Never falls when `mean` rises, so that more demand keeps the first arrivals.

    >>> [poisson_count(0.5, mean) for mean in (0.0, 1.0, 4.0, 5.0)]
    [0, 1, 4, 5]
    """
    edges = _poisson_edges(mean)
    return int(np.searchsorted(edges, u, side="right"))


@lru_cache(maxsize=4096)
def _poisson_edges(mean: float) -> NDArray[np.float64]:
    counts = np.arange(math.ceil(mean + 12 * math.sqrt(mean) + 30))
    return np.asarray(pdtr(counts, mean), np.float64)


def _first(
    roster: Roster, teams: NDArray[np.int64], times: NDArray[np.float64], slot: Slot
) -> int | None:
    """Give the team with room that comes first, if time runs faster where more members are free."""
    week, of_week = divmod(slot.block, BLOCKS_A_WEEK)
    free = roster.free[teams, slot.block : slot.block + slot.blocks].min(axis=1)
    room = np.flatnonzero((roster.jobs[teams, week] < roster.jobs_limit[teams]) & (free > 0))
    if not len(room):
        return None
    teams = teams[room]
    return int(teams[np.argmin(times[room] / roster.capacity[teams, of_week])])
