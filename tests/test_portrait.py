"""One run drawn: counted again from events, added up to the measures, and counted by hand."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pytest

from practice_core.areas import load_area
from practice_core.dispatch import Grid, Slot, policy
from practice_core.hierarchy import Hierarchy, Level, Site
from practice_core.orders import (
    OfferAccepted,
    OfferMade,
    OrderPosted,
    ServiceCompleted,
    ServiceStarted,
)
from practice_core.points import award
from practice_core.simulation import (
    ISSUANCE,
    EventLog,
    Measure,
    Portrait,
    Run,
    Tape,
    load_scenario,
    portrait,
    run,
)
from practice_core.simulation.city import DrawnCity
from practice_core.simulation.outcomes import outcomes_of
from practice_core.simulation.tape import OWN, RESIDENT, SITE_REQUEST, Demand, Hosting
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, MINUTE, WEEK, ActorId, OrderId, SiteId, TeamId, moment
from practice_core.volunteers import Team

if TYPE_CHECKING:
    from practice_core.orders import OrderEvent, Request
    from practice_core.simulation import SitePortrait

SMALL = {
    "horizon.weeks": 3,
    "horizon.warmup_weeks": 1,
    "resident.per_year": 6_000,
    "site_request.per_year": 3_000,
    "own_activity.per_year": 6_000,
    "teams.count": 350,
    "service.dissatisfied": 0.2,
    "service.team_no_show": 0.1,
}


@pytest.fixture(scope="module")
def done() -> Run:
    return run(
        load_scenario("wujiang").with_values(SMALL), policy("nearest"), seed=5, replication=1
    )


@pytest.fixture(scope="module")
def drawn(done: Run) -> Portrait:
    return portrait(done, "nearest#2")


# ------------------------------------------------------------------ it adds up to the run


def test_the_sites_add_up_to_the_measures_of_the_run(done: Run, drawn: Portrait) -> None:
    share = done.measures["served_share"]
    assert sum(site.orders for site in drawn.sites) == share.denominator > 100
    assert sum(site.served for site in drawn.sites) == share.numerator
    assert sum(site.jobs for site in drawn.sites) == share.numerator
    assert sum(site.wait.numerator for site in drawn.sites) == done.measures["service_rm"].numerator
    assert sum(site.wait.denominator for site in drawn.sites) == 60 * share.denominator
    assert sum(map(sum, (site.week for site in drawn.sites))) == done.totals["held"]
    assert sum(site.teams for site in drawn.sites) == len(done.tape.city.teams)


def test_hours_blocks_and_categories_add_up_to_the_measures_of_the_run(
    done: Run, drawn: Portrait
) -> None:
    share = done.measures["served_share"]
    assert (len(drawn.hours), len(drawn.blocks)) == (168, 21)
    assert sum(drawn.hours) == share.denominator
    assert sum(drawn.blocks) == share.numerator
    assert sum(each.orders for each in drawn.categories) == share.denominator
    assert sum(each.served for each in drawn.categories) == share.numerator


def test_the_points_are_what_the_ledger_gained_in_the_weeks_that_count(
    done: Run, drawn: Portrait
) -> None:
    ledger, (low, high) = done.ledger(), done.tape.scenario.cohort
    gained = [
        ledger.as_of(ISSUANCE, week - 1) - ledger.as_of(ISSUANCE, week + WEEK - 1)
        for week in range(low, high, WEEK)
    ]
    assert list(drawn.points.by_week) == gained
    assert 0 < drawn.points.points == sum(gained) < -ledger.balance(ISSUANCE)


# ------------------------------------------------------------------ counted again from events


class Slow:
    """What a portrait counts, event by event and in the plainest way."""

    def __init__(self, done: Run) -> None:
        tape, demand = done.tape, done.tape.demand
        self.low, self.high = tape.scenario.cohort
        self.teams = {team.id: team for team in tape.city.teams}
        self.request: dict[OrderId, Request] = {}
        self.cohort = []
        for n, order in enumerate(demand.ids):
            request = self.request[order] = tape.request(n, (SiteId("wj"),))
            if demand.stream[n] != OWN and self.low <= request.placed_at < self.high:
                self.cohort.append(order)
        self.story: dict[OrderId, list[OrderEvent]] = defaultdict(list)
        for event in done.log.events():
            self.story[event.order].append(event)
        self.held: list[tuple[OrderId, int]] = []
        for order, story in self.story.items():
            for a, b in pairwise(story):
                if isinstance(a, ServiceStarted) and isinstance(b, ServiceCompleted):
                    self.held += [(order, a.at)] if self.low <= b.at < self.high else []
        self.begun: dict[OrderId, int] = {}
        self.by: dict[OrderId, Team] = {}
        for order in self.cohort:
            self.find_service(order)

    def find_service(self, order: OrderId) -> None:
        start, team = 0, None
        for event in self.story[order]:
            if isinstance(event, OfferAccepted):
                team = self.teams[event.team]
            elif isinstance(event, ServiceStarted):
                start = event.at
            elif isinstance(event, ServiceCompleted):
                if event.at <= self.request[order].latest:
                    assert team is not None
                    self.by[order], self.begun[order] = team, start
                return

    def hours(self, order: OrderId) -> float:
        """Give the hours that an order waits, at most three weeks."""
        begun = self.begun.get(order, self.high + 4 * WEEK)
        return min((begun - self.request[order].placed_at) / HOUR, 504.0)


@pytest.fixture(scope="module")
def slow(done: Run) -> Slow:
    return Slow(done)


def block(at: int) -> int:
    """Give the block of the week of an instant, by the clock on the wall of Wujiang."""
    local = moment(at, offset=8 * HOUR)
    part = [local.hour >= hour for hour in (8, 13, 18)].count(True) - 1
    assert part >= 0
    return 3 * local.weekday() + part


def test_every_site_counted_again(done: Run, drawn: Portrait, slow: Slow) -> None:
    hierarchy = done.tape.city.hierarchy
    weeks: dict[SiteId, Counter[int]] = defaultdict(Counter)
    for order, start in slow.held:
        weeks[slow.request[order].site][block(start)] += 1
    at = {
        site.id: [o for o in slow.cohort if slow.request[o].site == site.id] for site in hierarchy
    }
    jobs = Counter(team.home for team in slow.by.values())
    assert [site.id for site in drawn.sites] == sorted(site.id for site in hierarchy)
    for found in drawn.sites:
        site, orders = hierarchy.site(found.id), at[found.id]
        assert (found.name, found.level, found.lon, found.lat, found.synthetic) == (
            site.name,
            site.level,
            site.lon,
            site.lat,
            site.synthetic,
        )
        assert (found.id, *found.chain) == hierarchy.chain(found.id)
        teams = [team for team in slow.teams.values() if team.home == found.id]
        assert found.teams == len(teams)
        assert found.orders == len(orders)
        assert found.served == sum(order in slow.begun for order in orders)
        assert found.jobs == jobs[found.id]
        assert found.week == tuple(weeks[found.id][n] for n in range(21))
        waited = mean(slow.hours(order) for order in orders) if orders else None
        assert found.wait.value == (None if waited is None else pytest.approx(waited))
        room = sum(team.jobs_per_week for team in teams) * 3
        assert found.load == Measure(jobs[found.id], room)


def test_some_sites_have_no_order_some_no_team_and_own_activities_are_held(
    done: Run, drawn: Portrait
) -> None:
    def has_none(site: SitePortrait) -> tuple[bool, bool]:
        return site.wait.value is None, site.load.value is None

    assert {has_none(site) for site in drawn.sites} >= {(True, True), (False, False)}
    assert 0 < done.totals["held_own"] < done.totals["held"]


def test_hours_and_blocks_counted_again(drawn: Portrait, slow: Slow) -> None:
    hours = Counter(
        24 * placed.weekday() + placed.hour
        for order in slow.cohort
        for placed in [moment(slow.request[order].placed_at, offset=8 * HOUR)]
    )
    assert drawn.hours == tuple(hours[n] for n in range(168))
    blocks = Counter(map(block, slow.begun.values()))
    assert drawn.blocks == tuple(blocks[n] for n in range(21))


def test_categories_counted_again(drawn: Portrait, slow: Slow) -> None:
    assert [each.category for each in drawn.categories] == list(Category)[:8]
    for found in drawn.categories:
        orders = [o for o in slow.cohort if slow.request[o].category is found.category]
        assert found.orders == len(orders)
        assert found.served == sum(order in slow.begun for order in orders)
        assert found.teams == sum(found.category in t.categories for t in slow.teams.values())
        asked = [any(isinstance(e, OfferMade) for e in slow.story[order]) for order in orders]
        assert found.nobody == asked.count(False)
    assert sum(each.nobody for each in drawn.categories) > 0


def test_points_counted_again(done: Run, drawn: Portrait, slow: Slow) -> None:
    rules = load_area("wujiang").rules
    ours = [record for record in done.records if slow.low <= record.at < slow.high]
    by_week: Counter[int] = Counter()
    earned = set()
    for record in ours:
        points = award(rules, record).points
        by_week[(record.at - slow.low) // WEEK] += points
        earned |= {record.volunteer} if points else set()
    assert drawn.points.records == len(ours)
    assert drawn.points.volunteers == len(earned) < len(ours)
    assert drawn.points.by_week == tuple(by_week[n] for n in range(3))
    assert drawn.points.rules is rules


def test_an_order_on_the_board_is_not_one_that_nobody_was_asked_to_serve(done: Run) -> None:
    grabbed = run(done.tape.scenario, policy("grab"), seed=5, replication=1)
    story = Slow(grabbed)

    def without(*kinds: type) -> int:
        return sum(not any(isinstance(e, kinds) for e in story.story[o]) for o in story.cohort)

    found = portrait(grabbed, "grab").categories
    assert sum(each.nobody for each in found) == without(OfferMade, OrderPosted)
    assert without(OfferMade, OrderPosted) < without(OfferMade)


# ------------------------------------------------------------------ counted by hand

WEEKS = 2
T1, T2 = TeamId("t1"), TeamId("t2")
CITY = (
    Site(SiteId("c"), "<b>Center</b>", Level.CENTER, None, 120.6, 31.1, synthetic=False),
    Site(SiteId("i"), "Institute", Level.INSTITUTE, SiteId("c"), 120.61, 31.1, synthetic=False),
    Site(SiteId("s1"), "First", Level.STATION, SiteId("i"), 120.62, 31.1, synthetic=True),
    Site(SiteId("s2"), "Second", Level.STATION, SiteId("i"), 120.63, 31.1, synthetic=False),
)
TEAMS = (
    Team(T1, SiteId("s1"), (Category.LAW,), 2, 2, (2,) * 21),
    Team(T2, SiteId("i"), (Category.AID, Category.LAW), 2, 1, (2,) * 21),
)


def by_hand() -> Run:
    """Five orders, two teams, two weeks.

    ========  ==========  ====  ===========  ==========================================
    order     stream      at    placed       what came of it
    ========  ==========  ====  ===========  ==========================================
    s1.r.0    resident    s1    Mon 09:30    t1, Tuesday 13:00 to 13:05, both members
    s1.r.1    resident    s1    Sun 23:59    t2 was asked and kept silent
    s2.s.0    site        s2    2. Wed 00:00 nobody was asked
    i.o.0     own         i     2. Mon 08:00 t2, 2. Saturday 18:00 to 19:00, 2 and 1 more
    s1.r.2    resident    s1    2. Sun 20:00 t2, Monday of the third week 08:00 to 09:00
    ========  ==========  ====  ===========  ==========================================
    """
    scenario = load_scenario("wujiang").with_values(
        {"horizon.weeks": WEEKS, "horizon.warmup_weeks": 0}
    )
    begins = scenario.begins
    grid = Grid(load_area("wujiang").parts, begins, 6)
    law, aid = (list(Category).index(one) for one in (Category.LAW, Category.AID))
    half_past_nine, nearly_monday = 9 * HOUR + 30 * MINUTE, WEEK - MINUTE
    second = WEEK
    rows = [  # id, stream, site, category, needed, minutes, placed, earliest
        ("s1.r.0", RESIDENT, 2, law, 2, 5, half_past_nine, half_past_nine),
        ("s1.r.1", RESIDENT, 2, aid, 1, 60, nearly_monday, nearly_monday),
        ("i.o.0", OWN, 1, aid, 3, 60, second + 8 * HOUR, second + 5 * DAY + 18 * HOUR),
        ("s2.s.0", SITE_REQUEST, 3, aid, 2, 60, second + 2 * DAY, second + 2 * DAY),
        ("s1.r.2", RESIDENT, 2, law, 1, 60, second + 6 * DAY + 20 * HOUR, second + 6 * DAY),
    ]
    columns = [np.array(column, np.int64) for column in list(zip(*rows, strict=True))[1:]]
    stream, site, category, needed, duration, placed, earliest = columns
    size = len(rows)
    demand = Demand(
        tuple(OrderId(row[0]) for row in rows),
        np.arange(size, dtype=np.uint64),
        stream,
        site,
        category,
        np.zeros(size, np.int64),
        needed,
        duration,
        begins + placed,
        begins + earliest,
        begins + placed + 10 * DAY,
        np.zeros(size, np.int64),
        np.zeros(size),
    )
    own = begins + WEEK + 5 * DAY + 18 * HOUR
    hosting = Hosting(1, Slot(own, own + HOUR, 38, 1), 2, 2, 1)
    city = DrawnCity(
        Hierarchy(CITY, load_area("wujiang").outline),
        TEAMS,
        {T1: 0.0, T2: 0.0},
        {SiteId("i"): 1.0},
    )
    sites = tuple(one.id for one in CITY)
    tape = Tape(scenario, 1, 0, city, grid, sites, demand, {2: hosting}, (0.0, 0.0, 0.0))
    log = EventLog(demand.ids, lambda n: tape.request(n, ()), sites, (T1, T2))

    def served(n: int, team: TeamId, at: int, minutes: int, present: int) -> None:
        order, by = demand.ids[n], ActorId("x")
        start = begins + at
        end = start + minutes * MINUTE
        asked = start - HOUR
        log.write(n, [OfferMade(order, asked, by, team, start)])
        log.write(n, [OfferAccepted(order, asked, by, team, start)])
        log.write(n, [ServiceStarted(order, start, by, present)])
        log.write(n, [ServiceCompleted(order, end, by, minutes, end)])

    served(0, T1, DAY + 13 * HOUR, 5, 2)
    late = begins + WEEK
    log.write(1, [OfferMade(demand.ids[1], late, ActorId("x"), T2, late + DAY)])
    served(2, T2, WEEK + 5 * DAY + 18 * HOUR, 60, 3)
    served(4, T2, 2 * WEEK + 8 * HOUR, 60, 1)
    outcomes = outcomes_of(tape, log, tape.roster())
    return Run(policy("nearest"), tape, log, (), outcomes, {}, {})


def test_a_run_counted_by_hand() -> None:
    found = portrait(by_hand(), "by hand")
    assert (found.policy, found.replication, found.weeks) == ("by hand", 0, 2)
    assert found.made_up == {"sites": True, "teams": True}
    center, institute, first, second = (site.to_dict() for site in found.sites)

    none = [0] * 21
    own = [1 if n == 3 * 5 + 2 else 0 for n in range(21)]
    tuesday_afternoon = [1 if n == 3 * 1 + 1 else 0 for n in range(21)]
    assert center == {
        "id": "c",
        "name": "<b>Center</b>",
        "level": "center",
        "chain": [],
        "lon": 120.6,
        "lat": 31.1,
        "synthetic": False,
        "teams": 0,
        "orders": 0,
        "served": 0,
        "wait_hours": None,
        "jobs": 0,
        "load": None,
        "week": none,
    }
    # t2 may take a job a week and served one in two weeks; what it hosted is no dispatched job.
    assert institute["chain"] == ["c"]
    assert (institute["teams"], institute["jobs"], institute["load"]) == (1, 1, 0.5)
    assert (institute["orders"], institute["wait_hours"], institute["week"]) == (0, None, own)
    # 27.5, 504 and 12 hours; the last of the three services is held after the weeks that count.
    assert first["chain"] == ["i", "c"]
    assert (first["teams"], first["jobs"], first["load"]) == (1, 1, 0.25)
    assert (first["orders"], first["served"]) == (3, 2)
    assert first["wait_hours"] == round((27.5 + 504 + 12) / 3, 2)
    assert first["week"] == tuesday_afternoon
    assert (second["teams"], second["load"], second["orders"], second["served"]) == (0, None, 1, 0)
    assert (second["wait_hours"], second["week"]) == (504.0, none)

    # Monday 9:30, Sunday 23:59, Wednesday 0:00, Sunday 20:00.
    assert {n: count for n, count in enumerate(found.hours) if count} == {
        9: 1,
        6 * 24 + 23: 1,
        2 * 24: 1,
        6 * 24 + 20: 1,
    }
    # Tuesday afternoon and Monday morning.
    assert {n: count for n, count in enumerate(found.blocks) if count} == {4: 1, 0: 1}
    named = {each["category"]: each for each in (one.to_dict() for one in found.categories)}
    assert named["law"] == {"category": "law", "teams": 2, "orders": 2, "served": 2, "nobody": 0}
    assert named["aid"] == {"category": "aid", "teams": 1, "orders": 2, "served": 0, "nobody": 1}
    # Two for five minutes, below the six that count; three for an hour at ten points, of whom one
    # is of the first two.
    points = found.points.to_dict()
    assert points["by_week"] == [0, 30]
    assert (points["points"], points["records"], points["volunteers"]) == (30, 5, 3)
    assert (points["rules"], points["rate_per_hour"]) == ("wujiang-default", 10)
    assert points["quantum_minutes"] == 6


# ------------------------------------------------------------------ as data


def test_a_portrait_as_data_is_json_and_nothing_but_its_parts(drawn: Portrait) -> None:
    found = drawn.to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found) == [field.name for field in attrs.fields(Portrait)]
    assert (found["policy"], found["replication"], found["weeks"]) == ("nearest#2", 1, 3)
    assert found["name"] == {"zh": "吴江", "en": "Wujiang"}
    assert found["made_up"] == {"sites": True, "teams": True}
    outline = load_area("wujiang").outline
    assert outline is not None
    assert len(found["outline"]) == len(outline.polygons)
    assert tuple(map(tuple, found["outline"][0][0])) == outline.polygons[0][0]
    assert found["points"]["points"] == sum(found["points"]["by_week"])
    assert found["points"]["source"] == load_area("wujiang").rules.source


def test_an_area_without_an_outline_has_none_to_draw(drawn: Portrait) -> None:
    assert attrs.evolve(drawn, outline=None).to_dict()["outline"] is None
