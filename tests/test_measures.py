"""Every measure, of the whole and of each group, computed again from events, order by order."""

from __future__ import annotations

import copy
import datetime as dt
import math
from collections import Counter, defaultdict
from fractions import Fraction
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import load_area
from practice_core.dispatch import policy
from practice_core.hierarchy import Level
from practice_core.orders import (
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
from practice_core.simulation import GROUPS, KPIS, Measure, Run, load_scenario, run
from practice_core.simulation.measures import (
    _gini,
    _gini_poisson,
    _quantile,
    _restricted,
    _spread,
    _variance_beyond_chance,
)
from practice_core.simulation.outcomes import whole_months
from practice_core.simulation.tape import OWN
from practice_core.terms import Category, word
from practice_core.units import DAY, HOUR, MINUTE, WEEK, instant, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from practice_core.orders import OrderEvent, Request
    from practice_core.units import OrderId, SiteId, TeamId
    from practice_core.volunteers import Team

WEEKS = 5
"""From Monday 25 January to the end of February 2021: one whole month and a part of another."""
SMALL = {
    "horizon.starts_on": "2021-01-18",
    "horizon.weeks": WEEKS,
    "horizon.warmup_weeks": 1,
    "resident.per_year": 6_000,
    "site_request.per_year": 3_000,
    "own_activity.per_year": 6_000,
    "teams.count": 350,
    "service.dissatisfied": 0.2,
    "service.team_no_show": 0.1,
}
NEVER = math.inf


@pytest.fixture(scope="module")
def done() -> Run:
    return run(
        load_scenario("wujiang").with_values(SMALL), policy("home_first"), seed=5, replication=1
    )


EVERYWHERE = ("", "")
PARTS = [EVERYWHERE, *((str(d), str(group)) for d, groups in GROUPS.items() for group in groups)]
SCARCE = {Category.LAW, Category.SCIENCE, Category.THEORY}


class Slow:
    """What `measures` does, order by order and in the plainest way."""

    def __init__(self, done: Run) -> None:
        self.tape = tape = done.tape
        self.city = tape.city
        self.hierarchy = tape.city.hierarchy
        demand = tape.demand
        low, high = tape.scenario.cohort
        self.request = {order: tape.request(n, ("wj",)) for n, order in enumerate(demand.ids)}  # type: ignore[arg-type]  # any route
        stream = dict(zip(demand.ids, demand.stream.tolist(), strict=True))
        self.stream = stream
        self.mine = set(self.request)
        self.cohort = [
            o for o, r in self.request.items() if stream[o] != OWN and low <= r.placed_at < high
        ]
        self.categories = set(Category)
        self.stations = {s.id for s in self.hierarchy.at_level(Level.STATION)}
        self.story: dict[OrderId, list[OrderEvent]] = defaultdict(list)
        self.events = list(done.log.events())
        for event in self.events:
            self.story[event.order].append(event)
        self.home = {team.id: team.home for team in self.city.teams}
        self.served_by: dict[OrderId, TeamId] = {}
        for order in self.cohort:
            team = None
            for event in self.story[order]:
                if isinstance(event, OfferAccepted):
                    team = event.team
                if isinstance(event, ServiceCompleted):
                    assert team is not None
                    if event.at <= self.request[order].latest:
                        self.served_by[order] = team
                    break

    def part(self, dimension: str, group: str) -> Slow:
        """Give the same of one group's orders only."""
        found = copy.copy(self)
        fits: Callable[[Request], bool]
        if dimension == "tier":
            scarce = group == "scarce"
            found.categories = {c for c in Category if (c in SCARCE) == scarce}
            fits = lambda r: r.category in found.categories  # noqa: E731 - one line a dimension
        elif dimension == "requested_time":
            fits = lambda r: r.requested_time.value == group  # noqa: E731 - as above
        else:
            found.stations = self.quarter(int(group[-1]))
            fits = lambda r: r.site in found.stations  # noqa: E731 - as above
        found.mine = {o for o, r in self.request.items() if fits(r)}
        found.cohort = [o for o in self.cohort if o in found.mine]
        found.served_by = {o: team for o, team in self.served_by.items() if o in found.mine}
        return found

    def quarter(self, number: int) -> set[SiteId]:
        """Give the stations of a quarter: 72 of 289 each, but 73 in the third."""
        seat = self.hierarchy.root.id
        outwards = sorted(
            (s.id for s in self.hierarchy.at_level(Level.STATION)),
            key=lambda s: (self.hierarchy.km(seat, s), s),
        )
        edges = [0, 72, 144, 217, 289]
        assert len(outwards) == edges[-1]
        return set(outwards[edges[number - 1] : edges[number]])

    def able(self) -> list[Team]:
        """Give the teams that are free at times and serve a category of this part."""
        return [
            team
            for team in self.city.teams
            if max(team.free) > 0 and self.categories & set(team.categories)
        ]

    def first(self, order: OrderId, kind: type) -> float:
        return next((e.at for e in self.story[order] if isinstance(e, kind)), NEVER)

    def share(self, orders: Sequence[OrderId]) -> Fraction | None:
        return ratio([o in self.served_by for o in orders])

    def km(self, site: SiteId, team: TeamId) -> float:
        return 1.3 * self.hierarchy.km(site, self.home[team])

    def institute(self, site: SiteId) -> SiteId | None:
        chain = self.hierarchy.chain(site)
        return next((s for s in chain if self.hierarchy.site(s).level is Level.INSTITUTE), None)

    def count(self, kind: type) -> int:
        return sum(isinstance(e, kind) for o in self.cohort for e in self.story[o])


@pytest.fixture(scope="module")
def everything(done: Run) -> Slow:
    return Slow(done)


@pytest.fixture(scope="module", params=PARTS, ids="-".join)
def name(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Dimension and group."""
    part: tuple[str, str] = request.param
    return part


@pytest.fixture(scope="module")
def slow(everything: Slow, name: tuple[str, str]) -> Slow:
    return everything if name == EVERYWHERE else everything.part(*name)


@pytest.fixture(scope="module")
def found(done: Run, name: tuple[str, str]) -> Mapping[str, Measure]:
    dimension, group = name
    return done.measures if name == EVERYWHERE else done.groups[dimension][group]


def exactly(measure: Measure) -> Fraction | None:
    if not measure.denominator:
        assert not measure.numerator
        return None
    return Fraction(measure.numerator, measure.denominator)


def ratio(each: Sequence[int]) -> Fraction | None:
    return Fraction(sum(each), len(each)) if each else None


def test_served_shares(found: Mapping[str, Measure], slow: Slow) -> None:
    by = {
        "served_share": slow.cohort,
        "served_share_resident": [o for o in slow.cohort if ".r." in o],
        "served_share_site": [o for o in slow.cohort if ".s." in o],
        "served_share_scarce": [o for o in slow.cohort if slow.request[o].category in SCARCE],
    }
    for kpi, orders in by.items():
        assert exactly(found[kpi]) == slow.share(orders)


def test_equity_is_between_fixed_quarters_of_the_stations(
    found: Mapping[str, Measure], slow: Slow
) -> None:
    near, far = slow.quarter(1), slow.quarter(4)
    a = slow.share([o for o in slow.cohort if slow.request[o].site in far])
    b = slow.share([o for o in slow.cohort if slow.request[o].site in near])
    assert exactly(found["served_share_far"]) == a
    assert exactly(found["equity"]) == (None if a is None or b is None else a - b)


def test_the_spread_between_institutes_has_the_binomial_noise_removed(
    found: Mapping[str, Measure], slow: Slow
) -> None:
    groups: dict[SiteId, list[int]] = defaultdict(list)
    for order in slow.cohort:
        institute = slow.institute(slow.request[order].site)
        if institute is not None:
            groups[institute].append(order in slow.served_by)
    each = [g for g in groups.values() if len(g) > 1]
    shares = [mean(g) for g in each]
    noise = mean(mean(g) * (1 - mean(g)) / (len(g) - 1) for g in each)
    spread = math.sqrt(max(0.0, float(np.var(shares, ddof=1)) - noise))
    assert found["institute_spread"].value == pytest.approx(spread, abs=1e-6)


def test_waits(found: Mapping[str, Measure], slow: Slow) -> None:
    placed = {o: slow.request[o].placed_at for o in slow.cohort}
    accepted = sorted(slow.first(o, OfferAccepted) - placed[o] for o in slow.cohort)
    begun = [
        slow.first(o, ServiceStarted) - placed[o] if o in slow.served_by else NEVER
        for o in slow.cohort
    ]
    assert found["accept_rm"].value == pytest.approx(mean(min(t / HOUR, 168) for t in accepted))
    assert found["service_rm"].value == pytest.approx(mean(min(t / HOUR, 504) for t in begun))
    residents = [t / HOUR for o, t in zip(slow.cohort, begun, strict=True) if ".r." in o]
    finite = [t for t in residents if t < NEVER]
    assert found["service_mean"].value == pytest.approx(mean(finite))
    half = (len(accepted) - 1) / 2
    median = (accepted[math.floor(half)] + accepted[math.ceil(half)]) / 2 / HOUR
    assert found["accept_p50"].value == pytest.approx(min(168, median))
    ninth = float(np.quantile([min(t / HOUR, 168) for t in accepted], 0.9))
    assert found["accept_p90"].value == pytest.approx(ninth)


def test_asking(done: Run, found: Mapping[str, Measure], slow: Slow) -> None:
    size = len(slow.cohort)
    offers = slow.count(OfferMade)
    declines = [
        e.reason for o in slow.cohort for e in slow.story[o] if isinstance(e, OfferDeclined)
    ]
    reasons = Counter(declines)
    assert exactly(found["offers"]) == Fraction(offers, size)
    assert exactly(found["declines"]) == Fraction(reasons[DeclineReason.UNWILLING], size)
    assert exactly(found["lost_offers"]) == Fraction(reasons[DeclineReason.SLOT_GONE], size)
    assert exactly(found["expiries"]) == Fraction(slow.count(OfferExpired), size)
    assert exactly(found["desk_hours"]) == Fraction(offers * 5, 60)
    first = {
        o: next((e.team for e in slow.story[o] if isinstance(e, OfferMade)), None)
        for o in slow.cohort
    }
    by_first = sum(slow.served_by.get(o) == team is not None for o, team in first.items())
    assert exactly(found["first_offer_share"]) == Fraction(by_first, size)
    low, high = done.tape.scenario.cohort
    weekly = Counter(
        (e.team, (e.at - low) // WEEK)
        for e in slow.events
        if isinstance(e, OfferMade)
        and e.order in slow.mine
        and slow.stream[e.order] != OWN
        and low <= e.at < high
    )
    many = sum(count > 3 for count in weekly.values())
    assert exactly(found["notifications"]) == Fraction(many, WEEKS * len(slow.city.teams))


def test_some_teams_are_asked_more_than_three_times_in_a_week(done: Run) -> None:
    assert done.measures["notifications"].numerator > 0


def test_travel(found: Mapping[str, Measure], slow: Slow) -> None:
    request = slow.request
    km = [2 * slow.km(request[o].site, team) for o, team in slow.served_by.items()]
    assert found["km_per_served"].value == pytest.approx(mean(km), abs=1e-3)
    outside = [
        slow.institute(request[o].site) != slow.institute(slow.home[team])
        for o, team in slow.served_by.items()
    ]
    assert exactly(found["outside_share"]) == ratio(outside)
    wasted = 0.0
    for order in slow.cohort:
        team = None
        for event in slow.story[order]:
            if isinstance(event, OfferAccepted):
                team = event.team
            if isinstance(event, TeamAbsent) and event.present:
                assert team is not None
                wasted += 2 * slow.km(request[order].site, team)
    assert found["wasted_km"].value == pytest.approx(wasted / len(km), abs=1e-3)


def test_some_teams_travel_in_vain(done: Run) -> None:
    assert done.measures["wasted_km"].numerator > 0


def test_the_load_of_teams(done: Run, found: Mapping[str, Measure], slow: Slow) -> None:
    jobs = Counter(slow.served_by.values())
    able = slow.able()
    assert set(jobs) <= {team.id for team in able}
    loads = [jobs[team.id] / team.jobs_per_week for team in able]
    assert found["load_gini"].value == pytest.approx(gini(loads))
    at_random = poisson_gini(sum(jobs.values()) / len(able))
    assert found["load_gini_poisson"].value == pytest.approx(at_random, abs=1e-6)
    low, high = done.tape.scenario.cohort
    hosted = {done.tape.demand.ids[n]: h.members for n, h in done.tape.hostings.items()}
    used = 0
    for order in slow.mine:
        members = hosted.get(order, slow.request[order].needed)
        for a, b in pairwise(slow.story[order]):
            if isinstance(a, ServiceStarted) and isinstance(b, ServiceCompleted):
                used += members * b.minutes * (low <= a.at < high)
    spans = load_area("wujiang").parts.spans
    lengths = [(b - a) // MINUTE for a, b in spans] * 7
    free = sum(f * m for t in slow.city.teams for f, m in zip(t.free, lengths, strict=True))
    assert exactly(found["utilisation"]) == Fraction(used, WEEKS * free)


def gini(loads: list[float]) -> float:
    """Give half the mean difference of two teams, by the mean."""
    n, total = len(loads), sum(loads)
    return sum(abs(a - b) for a in loads for b in loads) / (2 * n * total)


def poisson_gini(mean_jobs: float) -> float:
    """Give half the mean difference of two Poisson numbers, by their mean: the sum of F (1 - F)."""
    p = below = math.exp(-mean_jobs)
    difference = 0.0
    for jobs in range(1, 200):
        difference += below * (1 - below)
        p *= mean_jobs / jobs
        below += p
    return difference / mean_jobs


def test_ratings(found: Mapping[str, Measure], slow: Slow) -> None:
    scores = {
        o: next((e.score for e in slow.story[o] if isinstance(e, OrderRated)), None)
        for o in slow.served_by
    }
    rated = [score for score in scores.values() if score is not None]
    served = len(slow.served_by)
    assert exactly(found["rated_share"]) == Fraction(len(rated), served)
    bad = sum(score < 3 for score in rated)
    assert exactly(found["dissatisfied_share"]) == Fraction(bad, served)
    assert 0 < bad < len(rated)


def in_february(at: int) -> bool:
    return moment(at, offset=8 * HOUR).strftime("%Y-%m") == "2021-02"


def test_coverage(found: Mapping[str, Measure], slow: Slow) -> None:
    cells = {
        (slow.request[e.order].site, slow.request[e.order].category)
        for e in slow.events
        if isinstance(e, ServiceCompleted) and e.order in slow.mine and in_february(e.at)
    }
    held = [cell for cell in cells if cell[0] in slow.stations]
    categories = [c for c in list(Category)[:8] if c in slow.categories]
    size = len(slow.stations) * len(categories)
    assert found["coverage"] == Measure(len(held), size)
    assert 0 < len(held) < size


def test_a_month_that_is_not_whole_is_no_month_of_coverage(done: Run, everything: Slow) -> None:
    low, high = everything.tape.scenario.cohort
    counted = [
        e for e in everything.events if isinstance(e, ServiceCompleted) and low <= e.at < high
    ]
    assert not all(in_february(e.at) for e in counted)
    with_january = {
        (everything.request[e.order].site, everything.request[e.order].category, in_february(e.at))
        for e in counted
        if everything.request[e.order].site in everything.stations
    }
    only = {cell for cell in with_january if cell[-1]}
    assert len(with_january) > len(only) == done.measures["coverage"].numerator


# ------------------------------------------------------------------ what a measure is


def test_every_measure_is_there_defined_and_named_in_both_languages(done: Run) -> None:
    assert list(done.measures) == list(KPIS)
    for kpi in KPIS:
        assert word("measure", kpi, "zh") != word("measure", kpi, "en")


def test_numerators_and_denominators_are_whole_numbers(done: Run) -> None:
    parts = [group for groups in done.groups.values() for group in groups.values()]
    for measure in (one for part in (done.measures, *parts) for one in part.values()):
        assert type(measure.numerator) is int
        assert type(measure.denominator) is int


def test_with_nothing_to_count_there_is_no_value() -> None:
    none = {"resident.per_year": 0, "site_request.per_year": 0, "own_activity.per_year": 0}
    empty = SMALL | none | {"horizon.weeks": 1}
    found = run(
        load_scenario("wujiang").with_values(empty), policy("nearest"), seed=1, replication=0
    )
    parts = [group for groups in found.groups.values() for group in groups.values()]
    for part in (found.measures, *parts):
        counted = {kpi for kpi, measure in part.items() if measure.value is not None}
        assert counted == {"notifications", "desk_hours", "utilisation"}
        assert all(part[kpi].value == 0 for kpi in counted)


# ------------------------------------------------------------------ whole months


days = st.integers(0, 2_000)


@given(days, days, st.integers(-12, 12))
def test_every_month_between_the_edges_is_whole_and_none_is_left_out(
    first: int, length: int, hours: int
) -> None:
    low, high, offset = first * DAY, (first + length) * DAY, hours * HOUR
    zone = dt.timezone(dt.timedelta(hours=hours))
    years = range(1969, 1983)
    starts = [instant(dt.datetime(y, m, 1, tzinfo=zone)) for y in years for m in range(1, 13)]
    inside = [a for a, b in pairwise(starts) if low <= a and b <= high]
    assert list(whole_months(low, high, offset))[:-1] == inside
    if inside:
        edges = whole_months(low, high, offset)
        assert edges[-1] == starts[starts.index(inside[-1]) + 1]


def test_a_month_is_one_of_local_time() -> None:
    zone = dt.timezone(dt.timedelta(hours=8))
    low, high = (instant(dt.datetime(2021, month, 1, tzinfo=zone)) for month in (2, 3))
    assert whole_months(low, high, 8 * HOUR) == (low, high)
    assert whole_months(low, high, 0) == ()


# ------------------------------------------------------------------ equity


WEIGHTS = np.array([4, 3, 2.5, 2, 2, 1.5, 1.5, 1, 1, 1, 0.8])
"""Of the institutes of Wujiang."""
DRAWS = 2_000


def alike(orders: int, served: float = 0.915) -> tuple[np.ndarray, np.ndarray]:
    """Draw orders and served ones by institute, all of which are served alike."""
    draw = np.random.default_rng(orders)
    asked = draw.multinomial(orders, WEIGHTS / WEIGHTS.sum(), size=DRAWS)
    return asked, draw.binomial(asked, served)


@pytest.mark.parametrize(("orders", "mean_gap"), [(3_061, 0.060), (20_000, 0.024)])
def test_chance_alone_makes_a_gap_between_institutes_but_no_spread(
    orders: int, mean_gap: float
) -> None:
    asked, served = alike(orders)
    gap = np.ptp(served / asked, axis=1)
    assert gap.mean() == pytest.approx(mean_gap, abs=0.002)
    pairs = list(zip(asked, served, strict=True))
    beyond = np.array([_variance_beyond_chance(a, s) for a, s in pairs], float)
    error = beyond.std(ddof=1) / math.sqrt(DRAWS)
    assert abs(beyond.mean()) < 4 * error
    spread = mean(_spread(a, s).value or 0.0 for a, s in pairs)
    assert spread < mean_gap / 8
    # Planted: with its noise left in, the variance is far from 0.
    share = served / asked
    assert share.var(axis=1, ddof=1).mean() > 40 * error


def test_one_gap_of_chance_in_twenty_is_above_nine_points() -> None:
    asked, served = alike(3_061)
    assert np.quantile(np.ptp(served / asked, axis=1), 0.95) == pytest.approx(0.091, abs=0.004)


@given(st.floats(0.02, 0.08))
def test_a_true_spread_is_found_beneath_the_noise(true: float) -> None:
    draw = np.random.default_rng(7)
    found = []
    for _ in range(60):
        share = np.clip(0.85 + true * draw.choice([-1, 1], size=100), 0, 1)
        asked = draw.integers(100, 600, size=100)
        found.append(_spread(asked, draw.binomial(asked, share)).value or 0.0)
    assert mean(found) == pytest.approx(true, rel=0.08)


def test_an_institute_of_one_order_shows_no_spread_and_one_institute_none_at_all() -> None:
    asked, served = np.array([1, 40, 60]), np.array([0, 30, 30])
    assert _spread(asked, served) == _spread(asked[1:], served[1:])
    assert _spread(asked[:2], served[:2]).value is None


spans = st.lists(st.integers(0, 60) | st.just(None), min_size=1, max_size=40)


@given(spans, st.integers(0, 9))
def test_a_quantile_is_numpys_of_hours_up_to_tau(hours: list[int | None], tenths: int) -> None:
    never = np.iinfo(np.int64).max
    ordered = np.sort([never if h is None else h * HOUR for h in hours])
    found = _quantile(ordered, tenths, DAY)
    capped = [min(24, 99 if h is None else h) for h in hours]
    assert found.value == pytest.approx(float(np.quantile(capped, tenths / 10)))


@given(spans)
def test_a_restricted_mean_counts_at_most_tau(hours: list[int | None]) -> None:
    never = np.iinfo(np.int64).max
    found = _restricted(np.array([never if h is None else h * HOUR for h in hours]), DAY)
    assert found.value == pytest.approx(mean(min(24, 99 if h is None else h) for h in hours))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_gini_is_the_mean_difference_of_two_teams(loads: list[int]) -> None:
    found = _gini(np.array(loads))
    if not any(loads):
        assert found.value is None
    else:
        assert found.value == pytest.approx(gini([float(load) for load in loads]))


def test_gini_of_one_team_that_does_everything() -> None:
    assert _gini(np.array([0, 0, 0, 8])).value == 0.75


@pytest.mark.parametrize(("jobs", "chance"), [(1.4, 0.45), (9, 0.19)])
def test_even_by_chance_alone_a_few_jobs_fall_unevenly_to_teams(jobs: float, chance: float) -> None:
    teams = 10_000
    found = _gini_poisson(round(jobs * teams), teams)
    assert found.value == pytest.approx(chance, abs=0.005)
    assert found.value == pytest.approx(poisson_gini(jobs), abs=1e-6)
    dealt = np.random.default_rng(5).poisson(jobs, teams)
    assert _gini(dealt).value == pytest.approx(found.value, abs=0.01)
    # Planted: dealt in turn, the same jobs are far from what chance makes of them.
    in_turn = np.bincount(np.arange(round(jobs * teams)) % teams)
    assert (_gini(in_turn).value or 0.0) < chance - 0.1


@given(st.integers(1, 10**6), st.integers(1, 10**5))
def test_gini_of_chance_falls_as_jobs_double(jobs: int, teams: int) -> None:
    found = _gini_poisson(jobs, teams)
    assert found.denominator == 1_000_000
    assert 0 < found.numerator <= 1_000_000
    assert _gini_poisson(2 * jobs, teams).numerator < found.numerator


def test_without_jobs_chance_has_no_gini() -> None:
    assert _gini_poisson(0, 5).value is None
    assert _gini_poisson(0, 0).value is None
