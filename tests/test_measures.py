"""Every measure, computed a second time from the domain's events, order by order."""

from __future__ import annotations

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
from practice_core.simulation import KPIS, Measure, Run, load_scenario, run
from practice_core.simulation.measures import _gini, _quantile, _restricted
from practice_core.simulation.tape import OWN
from practice_core.terms import Category, word
from practice_core.units import DAY, HOUR, MINUTE, WEEK

if TYPE_CHECKING:
    from practice_core.orders import OrderEvent
    from practice_core.units import OrderId, SiteId, TeamId

SMALL = {
    "horizon.weeks": 2,
    "horizon.warmup_weeks": 1,
    "resident.per_year": 9_000,
    "site_request.per_year": 4_000,
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
        self.cohort = [
            o for o, r in self.request.items() if stream[o] != OWN and low <= r.placed_at < high
        ]
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

    def first(self, order: OrderId, kind: type) -> float:
        return next((e.at for e in self.story[order] if isinstance(e, kind)), NEVER)

    def share(self, orders: list[OrderId]) -> Fraction:
        return Fraction(sum(o in self.served_by for o in orders), len(orders))

    def km(self, site: SiteId, team: TeamId) -> float:
        return 1.3 * self.hierarchy.km(site, self.home[team])

    def institute(self, site: SiteId) -> SiteId | None:
        chain = self.hierarchy.chain(site)
        return next((s for s in chain if self.hierarchy.site(s).level is Level.INSTITUTE), None)

    def count(self, kind: type) -> int:
        return sum(isinstance(e, kind) for o in self.cohort for e in self.story[o])


@pytest.fixture(scope="module")
def slow(done: Run) -> Slow:
    return Slow(done)


def exactly(measure: Measure) -> Fraction:
    return Fraction(measure.numerator, measure.denominator)


def test_served_shares(done: Run, slow: Slow) -> None:
    r = slow.request
    by = {
        "served_share": slow.cohort,
        "served_share_resident": [o for o in slow.cohort if ".r." in o],
        "served_share_site": [o for o in slow.cohort if ".s." in o],
        "served_share_scarce": [
            o
            for o in slow.cohort
            if r[o].category in {Category.LAW, Category.SCIENCE, Category.THEORY}
        ],
    }
    for name, orders in by.items():
        assert exactly(done.measures[name]) == slow.share(orders)


def test_equity_is_between_fixed_quarters_of_the_stations(done: Run, slow: Slow) -> None:
    seat = slow.hierarchy.root.id
    stations = sorted(
        (s.id for s in slow.hierarchy.at_level(Level.STATION)),
        key=lambda s: slow.hierarchy.km(seat, s),
    )
    near, far = set(stations[:72]), set(stations[-72:])
    a = slow.share([o for o in slow.cohort if slow.request[o].site in far])
    b = slow.share([o for o in slow.cohort if slow.request[o].site in near])
    assert exactly(done.measures["served_share_far"]) == a
    assert exactly(done.measures["equity"]) == a - b


def test_the_spread_between_institutes_has_the_binomial_noise_removed(
    done: Run, slow: Slow
) -> None:
    groups: dict[SiteId, list[int]] = defaultdict(list)
    for order in slow.cohort:
        institute = slow.institute(slow.request[order].site)
        if institute is not None:
            groups[institute].append(order in slow.served_by)
    shares = [mean(g) for g in groups.values()]
    noise = mean(mean(g) * (1 - mean(g)) / (len(g) - 1) for g in groups.values())
    spread = math.sqrt(max(0.0, float(np.var(shares, ddof=1)) - noise))
    assert done.measures["institute_spread"].value == pytest.approx(spread, abs=1e-6)


def test_waits(done: Run, slow: Slow) -> None:
    placed = {o: slow.request[o].placed_at for o in slow.cohort}
    accepted = sorted(slow.first(o, OfferAccepted) - placed[o] for o in slow.cohort)
    begun = [
        slow.first(o, ServiceStarted) - placed[o] if o in slow.served_by else NEVER
        for o in slow.cohort
    ]
    found = done.measures
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


def test_asking(done: Run, slow: Slow) -> None:
    size = len(slow.cohort)
    found = done.measures
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
    low, _ = done.tape.scenario.cohort
    weekly = Counter(
        (e.team, (e.at - low) // WEEK)
        for e in slow.events
        if isinstance(e, OfferMade) and slow.stream[e.order] != OWN and low <= e.at < low + 2 * WEEK
    )
    many = sum(count > 3 for count in weekly.values())
    assert exactly(found["notifications"]) == Fraction(many, 2 * len(slow.city.teams))
    assert many > 0


def test_travel(done: Run, slow: Slow) -> None:
    found = done.measures
    request = slow.request
    km = [2 * slow.km(request[o].site, team) for o, team in slow.served_by.items()]
    assert found["km_per_served"].value == pytest.approx(mean(km), abs=1e-3)
    outside = [
        slow.institute(request[o].site) != slow.institute(slow.home[team])
        for o, team in slow.served_by.items()
    ]
    assert found["outside_share"].value == pytest.approx(mean(outside))
    wasted = 0.0
    for order in slow.cohort:
        team = None
        for event in slow.story[order]:
            if isinstance(event, OfferAccepted):
                team = event.team
            if isinstance(event, TeamAbsent) and event.present:
                assert team is not None
                wasted += 2 * slow.km(request[order].site, team)
    assert wasted > 0
    assert found["wasted_km"].value == pytest.approx(wasted / len(km), abs=1e-3)


def test_the_load_of_teams(done: Run, slow: Slow) -> None:
    jobs = Counter(slow.served_by.values())
    loads = sorted(
        jobs[team.id] / team.jobs_per_week for team in slow.city.teams if max(team.free) > 0
    )
    n, total = len(loads), sum(loads)
    gini = sum(abs(a - b) for a in loads for b in loads) / (2 * n * total)
    assert done.measures["load_gini"].value == pytest.approx(gini)
    low, high = done.tape.scenario.cohort
    hosted = {done.tape.demand.ids[n]: h.members for n, h in done.tape.hostings.items()}
    used = 0
    for order, events in slow.story.items():
        members = hosted.get(order, slow.request[order].needed)
        for a, b in pairwise(events):
            if isinstance(a, ServiceStarted) and isinstance(b, ServiceCompleted):
                used += members * b.minutes * (low <= a.at < high)
    spans = load_area("wujiang").parts.spans
    lengths = [(b - a) // MINUTE for a, b in spans] * 7
    free = sum(f * m for t in slow.city.teams for f, m in zip(t.free, lengths, strict=True))
    assert exactly(done.measures["utilisation"]) == Fraction(used, 2 * free)


def test_ratings(done: Run, slow: Slow) -> None:
    scores = {
        o: next((e.score for e in slow.story[o] if isinstance(e, OrderRated)), None)
        for o in slow.served_by
    }
    rated = [score for score in scores.values() if score is not None]
    served = len(slow.served_by)
    assert exactly(done.measures["rated_share"]) == Fraction(len(rated), served)
    bad = sum(score < 3 for score in rated)
    assert exactly(done.measures["dissatisfied_share"]) == Fraction(bad, served)
    assert 0 < bad < len(rated)


# ------------------------------------------------------------------ what a measure is


def test_every_measure_is_there_defined_and_named_in_both_languages(done: Run) -> None:
    assert list(done.measures) == list(KPIS)
    for name in KPIS:
        assert word("measure", name, "zh") != word("measure", name, "en")


def test_numerators_and_denominators_are_whole_numbers(done: Run) -> None:
    for measure in done.measures.values():
        assert type(measure.numerator) is int
        assert type(measure.denominator) is int


def test_with_nothing_to_count_there_is_no_value() -> None:
    empty = SMALL | {"resident.per_year": 0, "site_request.per_year": 0, "own_activity.per_year": 0}
    found = run(
        load_scenario("wujiang").with_values(empty), policy("nearest"), seed=1, replication=0
    ).measures
    counted = {name for name, measure in found.items() if measure.value is not None}
    assert counted == {"notifications", "desk_hours", "utilisation"}
    assert all(found[name].value == 0 for name in counted)


spans = st.lists(st.integers(0, 60) | st.just(None), min_size=1, max_size=40)


@given(spans, st.integers(0, 9))
def test_a_quantile_is_numpys_of_hours_up_to_tau(hours: list[int | None], tenths: int) -> None:
    never = np.iinfo(np.int64).max
    found = _quantile(np.array([never if h is None else h * HOUR for h in hours]), tenths, DAY)
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
        n, total = len(loads), sum(loads)
        pairs = sum(abs(a - b) for a in loads for b in loads)
        assert found.value == pytest.approx(pairs / (2 * n * total))


def test_gini_of_one_team_that_does_everything() -> None:
    assert _gini(np.array([0, 0, 0, 8])).value == 0.75
