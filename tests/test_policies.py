"""The policies beyond the first three: whom they ask, what they never do, and one's own."""

from __future__ import annotations

import math
import multiprocessing
import pickle
import re
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from copy import copy
from itertools import pairwise, permutations
from operator import attrgetter
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from practice_core.dispatch import (
    POLICIES,
    Batch,
    BestAnswer,
    Channel,
    Fitted,
    Grab,
    Grid,
    HomeFirst,
    LeastBusy,
    LeastRecentlyNotified,
    Nearest,
    Offer,
    Policy,
    Post,
    Random,
    Roster,
    StatusQuo,
    TwoChoices,
    Wait,
    Waves,
    load_policy,
    policy,
)
from practice_core.errors import DefinitionError
from practice_core.hierarchy import Hierarchy, Level, Site
from practice_core.keyed import Draws, Purpose, entity, stream, uniform
from practice_core.orders import (
    OfferAccepted,
    OfferDeclined,
    OfferMade,
    Order,
    OrderPosted,
    OrderReopened,
    OrderReturned,
    OrderState,
    Request,
    RequestedTime,
)
from practice_core.simulation import Run, load_scenario, run, run_tape
from practice_core.simulation.tape import OWN, make_tape
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, MINUTE, WEEK, ActorId, OrderId, SiteId, TeamId
from practice_core.volunteers import DayParts, Team

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from practice_core.dispatch import Candidate, Candidates, Decision, Draw, View
    from practice_core.orders import OrderEvent
    from practice_core.simulation.tape import Tape

MONDAY = 18_323 * DAY - 8 * HOUR  # 2020-03-02, 00:00 in China
NOW = MONDAY + 9 * HOUR
WEEKS = 3
BLOCKS = 21
GRID = Grid(
    DayParts(((8 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR), (18 * HOUR, 21 * HOUR))),
    MONDAY,
    WEEKS,
)
Z4 = 3.2e-5  # the upper tail of a normal beyond four standard deviations
each_policy = pytest.mark.parametrize("name", sorted(POLICIES))


def site(name: str, level: Level, parent: str | None, lon: float) -> Site:
    above = None if parent is None else SiteId(parent)
    return Site(SiteId(name), name, level, above, lon, 31.10, synthetic=True)


NETWORK = Hierarchy(
    [
        site("c", Level.CENTER, None, 120.60),
        site("i1", Level.INSTITUTE, "c", 120.60),
        site("i2", Level.INSTITUTE, "c", 120.70),
        site("s1", Level.STATION, "i1", 120.62),
        site("s2", Level.STATION, "i1", 120.62),
        site("s3", Level.STATION, "i2", 120.75),
    ]
)
SITES = [one.id for one in NETWORK]


def team(name: str, home: str = "s1", **changes: Any) -> Team:  # noqa: ANN401 - any field of a team
    fields: dict[str, Any] = {
        "categories": (Category.LAW,),
        "members": 5,
        "jobs_per_week": 2,
        "free": (5,) * BLOCKS,
    }
    return Team(TeamId(name), SiteId(home), **fields | changes)


def order(name: str = "order-1", asked: tuple[str, ...] = (), **changes: Any) -> Order:  # noqa: ANN401 - any field of a request
    fields: dict[str, Any] = {
        "site": SiteId("s1"),
        "category": Category.LAW,
        "placed_by": ActorId("resident"),
        "placed_at": MONDAY,
        "earliest": MONDAY,
        "latest": MONDAY + 2 * WEEK,
        "needed": 2,
        "duration": 90,
        "requested_time": RequestedTime.ANY,
        "route": (SiteId("c"),),
    }
    request = Request(id=OrderId(name), **fields | changes)
    return Order(
        request=request,
        state=OrderState.REVIEWED,
        version=2,
        attempts=0,
        holder=SiteId("c"),
        offers=(),
        team=None,
        start=None,
        due_at=request.latest,
        due=None,
        opening=0,
        asked=tuple(map(TeamId, asked)),
    )


@attrs.frozen
class Desk:
    """The view that a service would give: a roster, an instant, a network."""

    roster: Roster
    now: int = NOW
    hierarchy: Hierarchy = NETWORK

    def candidates(self, order: Order, *, within: SiteId | None = None) -> Candidates:
        return self.roster.candidates(order, self.now, within)

    def home(self, team: TeamId) -> SiteId:
        return self.roster.teams[self.roster.index[team]].home

    def waiting(self, scope: SiteId | None = None) -> Sequence[Order]:
        raise NotImplementedError(scope)


@attrs.frozen
class Ties:
    """The draws that break ties: by keyed hash."""

    draws: Draws = attrs.field(factory=lambda: Draws(7, 0, Purpose.POLICY))

    def uniform(self, *key: str | int) -> float:
        return self.draws.uniform(*key)

    def uniforms(self, order: str, teams: Any) -> Any:  # noqa: ANN401 - arrays
        return self.draws.uniforms(order, teams)


@attrs.frozen
class ByPlace(Ties):
    """A planted fault: ties by a team's place in the list it was given in."""

    places: dict[int, float] = attrs.field(factory=dict)

    def uniform(self, *key: str | int) -> float:
        return self.places[int(key[1])]

    def uniforms(self, order: str, teams: Any) -> Any:  # noqa: ANN401, ARG002 - arrays; as it is
        return np.array([self.places[int(one)] for one in teams])


History = list[tuple[str, int, int]]


def desk(teams: Sequence[Team], history: History = [], *, by_place: bool = False) -> Desk:  # noqa: B006 - never changed
    """A desk at `NOW`; what happened before, by the number in a team's name, hours ago."""
    ties = Ties()
    if by_place:
        ties = ByPlace(
            places={entity(one.id): (n + 1) / (len(teams) + 1) for n, one in enumerate(teams)}
        )
    made = Roster(teams, NETWORK, grid=GRID, ties=ties)  # type: ignore[arg-type]  # as Draws
    for what, n, hours in sorted(history, key=lambda each: -each[2]):
        found = made.index.get(TeamId(f"t{n}"))
        if found is not None and what == "offer":
            made.note_offer(found, NOW - hours * HOUR)
        elif found is not None:
            made.note_accepted(found, NOW - hours * HOUR, 180)
    return Desk(made)


DRAW: Draw = Draws(7, 0, Purpose.POLICY)


def decide(by: Policy, on: Desk, *orders: Order) -> list[Decision]:
    return list(by.choose(orders, on, DRAW))


def asked_first(by: Policy, on: Desk, wanted: Order) -> TeamId | None:
    (decision,) = decide(by, on, wanted)
    if isinstance(decision, Wait):
        return None
    assert isinstance(decision, Offer)
    (one,) = decision.teams
    return one


@st.composite
def some_teams(draw: st.DrawFn, most: int = 6) -> list[Team]:
    ties: list[SiteId] = [SiteId("s1"), SiteId("s2")]
    homes = draw(st.sampled_from([SITES, ties]))
    return [
        team(
            f"t{n}",
            draw(st.sampled_from(homes)),
            categories=draw(st.sampled_from([(Category.LAW,), (Category.LAW, Category.AID)])),
            free=(draw(st.sampled_from([0, 1, 5, 5, 5])),) * BLOCKS,
            jobs_per_week=draw(st.integers(1, 2)),
        )
        for n in range(draw(st.integers(0, most)))
    ]


histories = st.lists(
    st.tuples(
        st.sampled_from(["offer", "offer", "accept"]),
        st.integers(0, 5),
        st.sampled_from([1, 30, 100, 200, 500, 800]),
    ),
    max_size=8,
)


@st.composite
def some_orders(draw: st.DrawFn, most: int = 4) -> list[Order]:
    return [
        order(
            f"order-{n}",
            draw(st.sampled_from([(), (), ("t0",), ("t2", "t1"), ("gone",)])),
            site=SiteId(draw(st.sampled_from(SITES))),
            category=draw(st.sampled_from([Category.LAW, Category.LAW, Category.AID])),
            placed_at=MONDAY - draw(st.integers(0, 2)) * HOUR,
            needed=draw(st.sampled_from([1, 2, 5])),
        )
        for n in range(draw(st.integers(1, most)))
    ]


def known(wanted: Order, on: Desk) -> Order:
    """Without teams that left the county, whose home a service would still know."""
    return attrs.evolve(wanted, asked=tuple(t for t in wanted.asked if t in on.roster.index))


# ---------------------------------------------------------------------------- all of them


def faults(by: Policy, on: Desk, orders: Sequence[Order]) -> list[str]:
    """What a policy must never do."""
    found = []
    by_id = {one.id: one for one in orders}
    decisions = decide(by, on, *orders)
    for decision in decisions:
        wanted = by_id.pop(decision.order, None)
        if wanted is None:
            found.append("two decisions about one order, or one about another")
        elif isinstance(decision, Offer):
            lawful = {t for t in on.roster.ids if on.roster.slot(wanted, t, on.now) is not None}
            if not decision.teams or len(set(decision.teams)) < len(decision.teams):
                found.append("an offer to nobody, or to one team twice")
            if not set(decision.teams) <= lawful - set(wanted.asked):
                found.append("an unlawful team")
        elif isinstance(decision, Wait) and decision.until <= on.now:
            found.append("waits for the past")
    return found


@each_policy
@given(some_teams(), histories, some_orders())
@settings(max_examples=40)
def test_no_policy_asks_an_unlawful_team_or_decides_twice(
    name: str, teams: list[Team], history: History, orders: list[Order]
) -> None:
    on = desk(teams, history)
    assert not faults(policy(name), on, [known(one, on) for one in orders])


def test_a_policy_that_asks_anybody_or_decides_twice_is_found_out() -> None:
    @attrs.frozen
    class Careless:
        period: int = 0

        def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:  # noqa: ARG002 - the contract
            one = orders[0].id
            teams = (TeamId("t0"), TeamId("t0"))
            return [Offer(one, teams, DAY), Wait(one, view.now), Post(OrderId("x"), DAY)]

    found = faults(Careless(), desk([team("t0", members=1, free=(1,) * BLOCKS)]), [order()])
    assert len(found) == 4
    assert not faults(Nearest(), desk([team("t0")]), [order()])


def told(by: Policy, on: Desk, orders: Sequence[Order]) -> dict[OrderId, Decision]:
    return {decision.order: decision for decision in decide(by, on, *orders)}


@each_policy
@given(some_teams(), histories, some_orders(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_in_which_teams_and_orders_are_listed_changes_no_decision(
    name: str,
    teams: list[Team],
    history: History,
    orders: list[Order],
    random: Any,  # noqa: ANN401 - Hypothesis' own
) -> None:
    on, other = desk(teams, history), desk(random.sample(teams, len(teams)), history)
    orders = [known(one, on) for one in orders]
    shuffled = random.sample(orders, len(orders))
    assert told(policy(name), on, orders) == told(policy(name), other, shuffled)


@pytest.mark.parametrize("name", sorted(POLICIES.keys() - {"grab"}))
def test_a_tie_rule_by_place_is_found_out(name: str) -> None:
    ten = [team(f"t{n}") for n in range(10)]
    on, other = desk(ten, by_place=True), desk(ten[::-1], by_place=True)
    assert told(policy(name), on, [order()]) != told(policy(name), other, [order()])


def uneven(by: Policy, *, by_place: bool = False) -> bool:
    """Whether chi-square tells the shares of ten equal teams apart, at four deviations."""
    on = desk([team(f"t{n}") for n in range(10)], by_place=by_place)
    count = 300
    found: Counter[TeamId] = Counter()
    for n in range(count):
        (decision,) = decide(by, on, order(f"order-{n}"))
        assert isinstance(decision, Offer)
        found.update(decision.teams)
    expected = found.total() / 10
    misfit = sum((found[TeamId(f"t{n}")] - expected) ** 2 for n in range(10)) / expected
    return bool(misfit > chi2.isf(Z4, 9))


@pytest.mark.parametrize("name", sorted(POLICIES.keys() - {"grab"}))
def test_equal_teams_are_asked_equally_often(name: str) -> None:
    assert not uneven(policy(name))
    assert uneven(policy(name), by_place=True)


@each_policy
def test_a_policy_is_a_plain_value_that_offers_for_as_long_as_it_says(name: str) -> None:
    assert isinstance(POLICIES[name], Policy)
    found: Any = POLICIES[name]
    assert found == type(found)()
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - what was just written
    shorter = attrs.evolve(found, open_for=2 * HOUR)
    (decision,) = decide(shorter, desk([team("t1")]), order())
    assert isinstance(decision, Offer | Post)
    assert decision.open_for == 2 * HOUR


@each_policy
def test_every_policy_says_what_it_is_and_when_it_is_a_bad_idea(name: str) -> None:
    said = " ".join((type(POLICIES[name]).__doc__ or "").split())
    for part in (r"Idea: ", r"(Key|Formula)\b[\w ]*: ", r"Source: ", r"[Cc]ost: ", r"Bad "):
        assert re.search(part, said), part


# ---------------------------------------------------------------------------- each by its rule


def named(by: Policy, found: list[Candidate]) -> TeamId | None:
    """Whom the rule names, from the candidates one by one; nearest first."""

    def odds(one: Candidate) -> float:
        return 1.6 - 0.1 * one.km - (0.8 * one.load + 0.25 * one.offers_7d)

    keys: dict[type, Callable[[Candidate], tuple[float, ...]]] = {
        LeastBusy: lambda one: (one.load, one.km, one.tie),
        TwoChoices: lambda one: (one.load, one.km, one.tie),
        LeastRecentlyNotified: lambda one: (
            -math.inf if one.last_offered_at is None else one.last_offered_at,
            one.tie,
        ),
        BestAnswer: lambda one: (-odds(one), one.tie),
        Random: lambda one: (one.tie,),
    }
    chosen = min(found[: 2 if isinstance(by, TwoChoices) else None], key=keys[type(by)])
    return chosen.team


@pytest.mark.parametrize(
    "by",
    [LeastBusy(), TwoChoices(), LeastRecentlyNotified(), BestAnswer(), Random()],
    ids=lambda by: type(by).__name__,
)
@given(some_teams(), histories, some_orders(1))
@settings(max_examples=50)
def test_each_policy_asks_the_team_that_its_rule_names(
    by: Policy, teams: list[Team], history: History, orders: list[Order]
) -> None:
    on, wanted = desk(teams, history), orders[0]
    found = list(on.candidates(wanted))
    assert asked_first(by, on, wanted) == (named(by, found) if found else None)


def test_the_rules_differ_where_they_should() -> None:
    teams = [team("t0", "s1"), team("t1", "i1"), team("t2", "s3"), team("t3", "i2")]
    # t0 is near and busy, t1 was just asked, t2 is far and was never asked, t3 is idle.
    history = [("accept", 0, 30), ("accept", 0, 40), ("accept", 2, 99), ("offer", 0, 40)]
    history += [("offer", 1, 1), ("offer", 1, 2), ("offer", 3, 100)]
    on, wanted = desk(teams, history), order()
    asked = {
        name: asked_first(POLICIES[name], on, wanted)
        for name in POLICIES
        if name not in {"grab", "waves", "random"}
    }
    assert asked == {
        "nearest": "t0",
        "home_first": "t0",
        "status_quo": "t0",
        "batch": "t0",
        "least_busy": "t1",
        "two_choices": "t1",
        "least_recently_notified": "t2",
        "best_answer": "t0",
    }
    tired = BestAnswer().fitted(eta=1, kd_per_km=0.01, kl=2, kn=1)
    assert asked_first(tired, on, wanted) == "t2"


def test_best_answer_is_fitted_to_a_countys_own_numbers() -> None:
    assert isinstance(BestAnswer(), Fitted)
    assert not isinstance(Nearest(), Fitted)
    found = BestAnswer().fitted(eta=1, kd_per_km=0.2, kl=0.3, kn=0.4)
    assert found == BestAnswer(1, 0.2, 0.3, 0.4)
    law = load_scenario("wujiang").answer
    fitted = BestAnswer().fitted(eta=law.eta, kd_per_km=law.kd_per_km, kl=law.kl, kn=law.kn)
    assert fitted == BestAnswer()


@given(some_teams(), histories, some_orders(1))
def test_without_coefficients_best_answer_is_random_and_with_distance_only_nearest(
    teams: list[Team], history: History, orders: list[Order]
) -> None:
    on, wanted = desk(teams, history), orders[0]
    indifferent = BestAnswer(0, 0, 0, 0)
    assert asked_first(indifferent, on, wanted) == asked_first(Random(), on, wanted)
    lazy = BestAnswer(0, 1, 0, 0)
    assert asked_first(lazy, on, wanted) == asked_first(Nearest(), on, wanted)


@given(some_teams(), histories, some_orders())
@settings(max_examples=50)
def test_the_status_quo_asks_as_home_first_does_but_by_phone(
    teams: list[Team], history: History, orders: list[Order]
) -> None:
    on = desk(teams, history)
    orders = [known(one, on) for one in orders]
    for ours, theirs in zip(
        decide(StatusQuo(), on, *orders), decide(HomeFirst(), on, *orders), strict=True
    ):
        if isinstance(ours, Offer):
            assert ours.channel is Channel.PHONE
            assert attrs.evolve(ours, channel=Channel.PLATFORM) == theirs
        else:
            assert ours == theirs


@given(some_teams(), histories, some_orders(1), st.integers(1, 4))
def test_a_wave_goes_to_the_nearest_teams_and_a_wave_of_one_is_nearest(
    teams: list[Team], history: History, orders: list[Order], k: int
) -> None:
    on, wanted = desk(teams, history), orders[0]
    nearest = on.candidates(wanted).arrays(k).teams
    (decision,) = decide(Waves(k), on, wanted)
    if nearest:
        assert decision == Offer(wanted.id, nearest, DAY)
    else:
        assert isinstance(decision, Wait)
    assert decide(Waves(1), on, wanted) == decide(Nearest(), on, wanted)


def test_a_wave_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="k"):
        Waves(0)


def test_grab_posts_only_what_somebody_could_take() -> None:
    wanted = order()
    assert decide(Grab(), desk([team("t1")]), wanted) == [Post(wanted.id, DAY)]
    nobody = desk([team("t1", members=1, free=(1,) * BLOCKS)])
    assert decide(Grab(), nobody, wanted) == [Wait(wanted.id, NOW + 12 * HOUR)]


# ---------------------------------------------------------------------------- batch


def best_total(on: Desk, orders: Sequence[Order]) -> tuple[float, dict[OrderId, TeamId]]:
    """The assignment with the least km in all, by trying every one."""
    costs = []
    for wanted in orders:
        found = on.candidates(wanted)
        costs.append({one.team: one.km + 1e-6 * one.tie for one in found})
    columns: list[TeamId | None] = [*on.roster.ids, *[None] * len(orders)]
    best, chosen = math.inf, {}
    for pick in set(permutations(columns, len(orders))):
        total = sum(
            1_000 if one is None else cost.get(one, math.inf)
            for one, cost in zip(pick, costs, strict=True)
        )
        if total < best:
            best = total
            pairs = zip(orders, pick, strict=True)
            chosen = {wanted.id: one for wanted, one in pairs if one is not None}
    return best, chosen


def assigned(by: Policy, on: Desk, orders: Sequence[Order]) -> dict[OrderId, TeamId]:
    return {
        decision.order: decision.teams[0]
        for decision in decide(by, on, *orders)
        if isinstance(decision, Offer)
    }


@given(some_teams(5), histories, some_orders(3))
@settings(max_examples=60)
def test_a_batch_has_the_least_km_of_all_assignments(
    teams: list[Team], history: History, orders: list[Order]
) -> None:
    on = desk(teams, history)
    _, chosen = best_total(on, orders)
    found = assigned(Batch(), on, orders)
    assert found == chosen
    assert len(set(found.values())) == len(found)


def test_a_batch_sees_what_one_order_after_another_does_not() -> None:
    # Both orders have t0 nearest; only t0 may serve the second.
    teams = [
        team("t0", "s1", categories=(Category.LAW, Category.AID)),
        team("t1", "s3"),
    ]
    on = desk(teams)
    both = [order("a"), order("b", category=Category.AID)]
    assert assigned(Batch(), on, both) == {"a": "t1", "b": "t0"}
    assert assigned(Nearest(), on, both) == {"a": "t0", "b": "t0"}  # so the check can fail


def test_a_batch_leaves_the_youngest_without_an_offer_when_it_is_full() -> None:
    on = desk([team(f"t{n}") for n in range(9)])
    orders = [order(f"order-{n}", placed_at=MONDAY - n * HOUR) for n in range(5)]
    unserveable = [order(f"hard-{n}", placed_at=MONDAY - WEEK, needed=6) for n in range(3)]
    found = decide(Batch(at_most=2), on, *orders, *unserveable)
    offered = {decision.order for decision in found if isinstance(decision, Offer)}
    assert offered == {"order-4", "order-3"}
    assert {d.until for d in found if isinstance(d, Wait)} == {NOW + 4 * HOUR}
    assert decide(Batch(), on) == []
    with pytest.raises(ValueError, match="at_most"):
        Batch(at_most=0)


def test_a_batch_leaves_nobody_out_who_could_be_served() -> None:
    on = desk([team(f"t{n}", SITES[n % len(SITES)]) for n in range(60)])
    orders = [order(f"order-{n}", site=SITES[n % 5]) for n in range(40)]
    found = assigned(Batch(), on, orders)
    assert len(found) == len(set(found.values())) == 40


# ---------------------------------------------------------------------------- in the simulation

SMALL = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 1_500.0,
    "site_request.per_year": 500.0,
    "own_activity.per_year": 0.0,
    "teams.count": 200,
}
# Every team accepts with the same probability, and answers soon.
EVEN = SMALL | {
    "answer.kd_per_km": 0.0,
    "answer.kl": 0.0,
    "answer.kn": 0.0,
    "answer.order_effect_sd": 0.0,
    "teams.willingness_sd": 0.0,
    "answer.silent_share": 0.0,
    "answer.delay_median_hours": 0.5,
    "answer.delay_sigma": 0.5,
}


def simulate(by: Policy, changes: dict[str, float] = SMALL) -> Run:
    return run(load_scenario("wujiang").with_values(changes), by, seed=11, replication=0)


def dispatched(done: Run) -> dict[OrderId, list[OrderEvent]]:
    demand = done.tape.demand
    own = {o for o, s in zip(demand.ids, demand.stream.tolist(), strict=True) if s == OWN}
    stories: dict[OrderId, list[OrderEvent]] = defaultdict(list)
    for event in done.log.events():
        if event.order not in own:
            stories[event.order].append(event)
    return stories


def answered_at(at: int, delay: int, morning: int) -> int:
    """When an answer comes that was not given at night."""
    when = at + delay
    since = (when + 8 * HOUR) % DAY
    if 8 * HOUR <= since < 21 * HOUR:
        return when
    return when + (8 * HOUR - since) % DAY + morning


@each_policy
def test_every_policy_serves_a_week_within_the_law(name: str) -> None:
    share = simulate(policy(name)).measures["served_share"].value
    assert share is not None
    assert 0.1 < share < 1


UNSEEN = (Purpose.ANSWER, Purpose.SILENT, Purpose.DELAY, Purpose.LOOKS, Purpose.TEAM_NO_SHOW)
# Everybody keeps silent: whatever is decided is decided without an answer.
FEW = {"resident.per_year": 500.0, "site_request.per_year": 200.0}
MUTE = SMALL | FEW | {"answer.eta": -50.0, "answer.silent_share": 1.0}


def decided_unseen(make: Callable[[Tape], Policy], seed: int) -> bytes:
    """All that happens when the draws that nobody sees are those of a seed."""
    tape = attrs.evolve(make_tape(load_scenario("wujiang").with_values(MUTE), 11, 0))
    other = {purpose: stream(seed, 1, purpose) for purpose in UNSEEN}
    object.__setattr__(tape, "_bases", {**tape._bases, **other})  # noqa: SLF001 - other answers
    return run_tape(tape, make(tape)).log.to_bytes()


@each_policy
def test_no_policy_knows_what_a_team_would_answer(name: str) -> None:
    found = decided_unseen(lambda _: policy(name), 1)
    assert found == decided_unseen(lambda _: policy(name), 2)


def test_a_policy_that_knows_the_answers_is_found_out() -> None:
    @attrs.frozen
    class Clairvoyant:
        tape: Tape
        period: int = 0

        def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:  # noqa: ARG002 - the contract
            return [self.one(order, view) for order in orders]

        def one(self, order: Order, view: View) -> Decision:
            teams = view.candidates(order).arrays().teams
            if not teams:
                return Wait(order.id, view.now + 12 * HOUR)
            best = min(teams, key=lambda team: self.tape.answer(order.id, team, 0).u)
            return Offer(order.id, (best,), DAY)

    assert decided_unseen(Clairvoyant, 1) != decided_unseen(Clairvoyant, 2)


def answered_late(done: Run, factor: float) -> list[tuple[OrderId, TeamId]]:
    """Answers that did not come `factor` times the drawn delay after their offer."""
    wrong = []
    for name, events in dispatched(done).items():
        opening = 0
        made: dict[TeamId, int] = {}
        for event in events:
            opening += isinstance(event, OrderReopened)
            if isinstance(event, OfferMade):
                made[event.team] = event.at
            elif isinstance(event, (OfferAccepted, OfferDeclined)):
                drawn = done.tape.answer(name, event.team, opening)
                delay = round(drawn.delay * factor / MINUTE) * MINUTE
                if event.at != answered_at(made[event.team], delay, drawn.morning):
                    wrong.append((name, event.team))
    return wrong


def test_an_answer_by_phone_takes_twice_as_long() -> None:
    assert answered_late(simulate(StatusQuo()), 2) == []
    assert answered_late(simulate(HomeFirst()), 1) == []
    assert len(answered_late(simulate(HomeFirst()), 2)) > 50
    odd = SMALL | {"answer.phone_delay_factor": 1.37}
    assert answered_late(simulate(StatusQuo(), odd), 1.37) == []


def test_a_phone_that_is_as_fast_makes_the_status_quo_home_first() -> None:
    equal = SMALL | {"answer.phone_delay_factor": 1}
    ours, theirs = simulate(StatusQuo(), equal), simulate(HomeFirst(), equal)
    assert ours.log.to_bytes() == theirs.log.to_bytes()
    assert simulate(StatusQuo()).log.to_bytes() != theirs.log.to_bytes()


def test_what_is_assumed_of_phone_and_board_has_its_range_and_its_limits() -> None:
    base = load_scenario("wujiang")
    assert (base.answer.phone_delay_factor, base.answer.board_share) == (2, 0.05)
    impossible = {"answer.phone_delay_factor": 0, "answer.board_share": 1.01}
    assert [base.bases[key].range for key in impossible] == [(1, 4), (0.01, 0.5)]
    with pytest.raises(DefinitionError) as refused:
        base.with_values(impossible)
    assert {fault.place for fault in refused.value.faults} == impossible.keys()


# Acceptance .3, three teams: .657 find somebody, .243 acceptances in vain (SCIENCE 1.5).
CERTAIN = EVEN | {"answer.eta": math.log(0.3 / 0.7), "resident.per_year": 6_000.0}


def first_waves(done: Run, k: int) -> list[tuple[bool, int]]:
    """Of the first wave of each order: whether it found somebody, and how many said yes."""
    found = []
    for name, events in dispatched(done).items():
        made = [event for event in events if isinstance(event, OfferMade)][:k]
        if len(made) < k or made[-1].at > made[0].at or made[0].until < made[0].at + DAY:
            continue
        taken = [e.team for e in events if isinstance(e, OfferAccepted)][:1]
        answers = [done.tape.answer(name, event.team, 0) for event in made]
        yes = sum(answer.u < 0.3 for answer in answers)
        found.append((bool({event.team for event in made} & set(taken)), yes))
    return found


def test_a_wave_of_three_has_the_chances_of_the_closed_form() -> None:
    waves = first_waves(simulate(Waves(3), CERTAIN), 3)
    n = len(waves)
    assert n > 300
    won = np.array([taken for taken, _ in waves])
    yes = np.array([count for _, count in waves])
    chance = 1 - 0.7**3
    assert chance == pytest.approx(0.657)
    assert won.mean() == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / n))
    in_vain = yes - won
    assert 3 * 0.3 - chance == pytest.approx(0.243)
    assert in_vain.mean() == pytest.approx(0.243, abs=4 * in_vain.std() / math.sqrt(n))
    # One at a time is told apart: the first offer finds somebody in .3.
    single = [taken for taken, _ in first_waves(simulate(Nearest(), CERTAIN), 1)]
    assert abs(np.mean(single) - chance) > 0.2


def test_the_others_of_a_wave_are_cancelled_when_one_accepts() -> None:
    done = simulate(Waves(3))
    widths: Counter[int] = Counter()
    for events in dispatched(done).values():
        for before, after in pairwise(events):
            if isinstance(before, OfferAccepted):
                assert not isinstance(after, (OfferDeclined, OfferAccepted))
        times = Counter(event.at for event in events if isinstance(event, OfferMade))
        widths.update(times.values())
    assert set(widths) <= {1, 2, 3}
    assert widths[3] > 50


# ---------------------------------------------------------------------------- the open pool

keys = st.integers(0, 2**64 - 1)


@given(keys, st.lists(keys, max_size=5), st.integers(0, 1), st.sampled_from([0.01, 0.05, 0.5]))
def test_who_looks_at_the_board_is_the_same_one_by_one_and_as_columns(
    order: int, teams: list[int], opening: int, share: float
) -> None:
    scenario = load_scenario("wujiang").with_values(SMALL | {"answer.board_share": share})
    tape = attrs.evolve(
        make_tape(load_scenario("wujiang").with_values(SMALL), 11, 0), scenario=scenario
    )
    base = stream(11, 0, Purpose.LOOKS)
    expected = [uniform(base, order, one, opening) < share for one in teams]
    assert tape.looks(order, np.array(teams, np.uint64), opening).tolist() == expected


def test_as_many_look_at_the_board_as_the_scenario_says() -> None:
    tape = make_tape(load_scenario("wujiang").with_values(SMALL), 11, 0)
    teams = tape.roster().keys
    looks = np.array([tape.looks(one, teams, 0).mean() for one in tape.demand.key.tolist()[:100]])
    error = 4 * math.sqrt(0.05 * 0.95 / (100 * len(teams)))
    assert looks.mean() == pytest.approx(0.05, abs=error)


Seen = dict[tuple[OrderId, int], tuple[Order, list["Candidate"]]]


@attrs.frozen
class Posting:
    """Posts everything, and notes which teams could have taken it."""

    period: int = 0
    seen: Seen = attrs.field(factory=dict, eq=False)

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:  # noqa: ARG002 - the contract
        for order in orders:
            self.seen[order.id, view.now] = order, list(view.candidates(order))
        return [Post(order.id, DAY) for order in orders]


def misposted(done: Run, seen: Seen, share: float) -> int:
    """Postings that another team, or nobody, should have taken, team by team; how many."""
    tape, law = done.tape, done.tape.scenario.answer
    rank = {name: n for n, name in enumerate(tape.demand.ids)}
    base = stream(tape.seed, tape.replication, Purpose.LOOKS)
    roster = tape.roster()
    accepted: dict[TeamId, list[int]] = defaultdict(list)
    for event in done.log.events():
        if isinstance(event, OfferAccepted):
            accepted[event.team].append(event.at)
    wrong = 0
    for name, events in dispatched(done).items():
        opening = 0
        for event, after in pairwise(events):
            opening += isinstance(event, OrderReopened)
            if not isinstance(event, OrderPosted):
                continue
            wanted, candidates = seen[name, event.at]
            taker = after.team if isinstance(after, OfferAccepted) else None
            yes = []
            for one in candidates:
                odds = law.eta + tape.city.willingness[one.team]
                odds += float(tape.demand.effect[rank[name]]) - law.kd_per_km * one.km
                odds -= law.kl * one.load + law.kn * one.offers_7d
                drawn = tape.answer(name, one.team, opening)
                when = answered_at(event.at, drawn.delay, drawn.morning)
                looks = uniform(base, entity(name), entity(one.team), opening) < share
                # It may be too late for any start, or the team may have taken another job.
                free = roster.slot(wanted, one.team, when) is not None and not any(
                    event.at < at <= when and one.team != taker for at in accepted[one.team]
                )
                if looks and free and drawn.u < 1 / (1 + math.exp(-odds)) and when <= event.until:
                    yes.append((when, one.team))
            found = None if taker is None else (after.at, taker)
            expected = min(yes, default=None)
            wrong += found != expected
    return wrong


def test_a_posted_order_goes_to_the_first_yes_of_those_who_look() -> None:
    by = Posting()
    done = simulate(by, SMALL | {"answer.board_share": 0.2})
    assert len(by.seen) > 100
    assert misposted(done, by.seen, 0.2) == 0
    assert misposted(done, by.seen, 0.5) > 20


def test_a_posting_is_not_a_notification() -> None:
    by = Posting()
    simulate(by)
    found = [one for _, each in by.seen.values() for one in each]
    assert len(found) > 1_000
    assert all(one.offers_7d == 0 and one.last_offered_at is None for one in found)
    assert any(one.load > 0 for one in found)


def test_the_more_look_at_the_board_the_more_is_served() -> None:
    def share(looking: float) -> float:
        done = simulate(Grab(), SMALL | {"answer.board_share": looking})
        back = sum(isinstance(event, OrderReturned) for event in done.log.events())
        assert back > 0
        return done.measures["served_share"].value or 0.0

    assert share(0.05) < share(0.5)


# ---------------------------------------------------------------------------- one's own

OWN_FILE = '''
from __future__ import annotations

import attrs

from practice_core.dispatch import Nearest, Offer, Wait


@attrs.frozen
class Quietest:
    """Offer to the team with the fewest offers of late."""

    weight: float = 1.0
    period: int = 0

    def choose(self, orders, view, draw):
        return [self.one(order, view) for order in orders]

    def one(self, order, view):
        found = view.candidates(order)
        best = min(found, key=lambda c: (self.weight * c.offers_7d, c.tie), default=None)
        if best is None:
            return Wait(order.id, view.now + 43_200_000)
        return Offer(order.id, (best.team,), 3_600_000)

    def fitted(self, *, eta, kd_per_km, kl, kn):
        return attrs.evolve(self, weight=kn)


class Needs:
    period = 0

    def __init__(self, much):
        self.much = much

    def choose(self, orders, view, draw):
        return []


class Clockless:
    def choose(self, orders, view, draw):
        return []


class Late:
    period = -1
    choose = None


twice = Quietest(2.0)
plain = Nearest()
fraction = Needs(1)
fraction.period = 0.5
figure = 3
'''


@pytest.fixture
def own(tmp_path: Path) -> str:
    file = tmp_path / "own.py"
    file.write_text(OWN_FILE, encoding="utf-8")
    return str(file)


def asked_here(by: Policy) -> list[Decision]:
    return decide(by, desk([team("t0"), team("t1", "s3")], [("offer", 0, 1)]), order())


def test_a_policy_of_ones_own_decides_as_it_says(own: str) -> None:
    for name in ("Quietest", "twice"):
        by = load_policy(f"{own}:{name}")
        assert isinstance(by, Policy)
        assert by.period == 0
        assert asked_here(by) == [Offer(OrderId("order-1"), (TeamId("t1"),), HOUR)]
    assert asked_here(load_policy(f"{own}:plain")) == asked_here(Nearest())


def test_it_is_fitted_if_it_can_be(own: str) -> None:
    by = load_policy(f"{own}:Quietest")
    assert isinstance(by, Fitted)
    fitted: Any = by.fitted(eta=1, kd_per_km=0, kl=0, kn=7)
    assert fitted.policy.weight == 7
    assert isinstance(fitted, Fitted)
    assert not isinstance(load_policy(f"{own}:plain"), Fitted)


def test_it_travels_to_a_fresh_process_even_without_its_file(own: str, tmp_path: Path) -> None:
    by: Any = load_policy(f"{own}:twice")
    fitted = by.fitted(eta=1, kd_per_km=0, kl=0, kn=7)
    (tmp_path / "own.py").write_text("raise SystemExit", encoding="utf-8")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(attrgetter("period"), by).result() == 0
        back = pool.submit(copy, fitted).result()
    assert back == fitted
    assert back.policy.weight == 7
    assert asked_here(back) == asked_here(by)


def test_by_itself_what_the_file_holds_does_not_travel(
    own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    by: Any = load_policy(f"{own}:twice")
    alone, carried = pickle.dumps(by.policy), pickle.dumps(by)
    monkeypatch.delitem(sys.modules, type(by.policy).__module__)
    with pytest.raises(ModuleNotFoundError):
        pickle.loads(alone)  # noqa: S301 - our own bytes
    back = pickle.loads(carried)  # noqa: S301 - our own bytes
    assert asked_here(back) == asked_here(by)


def test_an_edited_file_is_another_policy(own: str, tmp_path: Path) -> None:
    before = load_policy(f"{own}:Quietest")
    assert load_policy(f"{own}:Quietest") == before
    changed = OWN_FILE.replace("3_600_000", "7_200_000")
    (tmp_path / "own.py").write_text(changed, encoding="utf-8")
    after = load_policy(f"{own}:Quietest")
    assert after != before
    assert pickle.dumps(after) != pickle.dumps(before)
    (old,), (new,) = asked_here(before), asked_here(after)
    assert isinstance(old, Offer)
    assert isinstance(new, Offer)
    assert (old.open_for, new.open_for) == (HOUR, 2 * HOUR)


def test_it_runs_in_a_simulation(own: str) -> None:
    done = simulate(load_policy(f"{own}:Quietest"), SMALL | {"resident.per_year": 500.0})
    assert any(isinstance(event, OfferAccepted) for event in done.log.events())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Quiet", "no 'Quiet' in it; expected one of: .*Quietest, .*plain, twice"),
        ("", "no '' in it"),
        ("Needs", "raises TypeError: .*without arguments; expected defaults"),
        ("Clockless", "1 fault\n.*Clockless: period: None; expected whole ms"),
        ("Late", "2 faults\n.*Late: period: -1; .*\n.*Late: choose: None; expected choose"),
        ("fraction", "period: 0.5"),
        ("figure", "2 faults"),
    ],
)
def test_a_name_that_is_no_policy_is_refused(own: str, name: str, why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        load_policy(f"{own}:{name}")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("raise SystemExit(3)", "raises SystemExit: 3; expected a file that can be imported"),
        ("1 / 0", "raises ZeroDivisionError"),
        ("import nothing_of_this_name", "raises ModuleNotFoundError"),
        ("def", "raises SyntaxError"),
        ("# coding: rot\n", "cannot be read: unknown encoding"),
        ("\0", "raises (SyntaxError|ValueError)"),
        ("#" * (1 << 20) + "\n", "more than 1048576 bytes"),
    ],
)
def test_a_file_that_does_not_run_is_refused_each_time(
    tmp_path: Path, content: str, why: str
) -> None:
    file = tmp_path / "own.py"
    file.write_text(dedent(content), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(DefinitionError, match=why) as refused:
            load_policy(f"{file}:Name")
        assert refused.value.subject == "policy"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nearest", "nearest: no colon; expected file.py:Name"),
        ("none.py:Name", "none.py: cannot be read: .*No such file"),
        (":Name", "cannot be read"),
        (".:Name", "cannot be read"),
        ("\0:Name", "cannot be read"),
    ],
)
def test_a_text_that_names_no_file_is_refused(text: str, why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        load_policy(text)
