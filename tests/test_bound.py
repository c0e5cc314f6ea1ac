"""The clairvoyant bound: no policy passes it, and it is no higher than its edges allow."""

from __future__ import annotations

import math
import pickle
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from practice_core.dispatch import POLICIES
from practice_core.dispatch.roster import NOTICE, way_back
from practice_core.errors import DefinitionError
from practice_core.experiment.bound import (
    REASONS,
    Clairvoyant,
    Edges,
    bound,
    edges,
    min_km,
    outside,
    reasons,
    restricted_wait,
)
from practice_core.orders import RequestedTime
from practice_core.simulation import Measure, Run, Tape, load_scenario, run_tape
from practice_core.simulation.city import draw_city
from practice_core.simulation.model import quorum
from practice_core.simulation.tape import OWN, tape_for
from practice_core.units import DAY, HOUR, MINUTE, OrderId, TeamId
from practice_core.volunteers import BLOCKS_A_WEEK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from practice_core.dispatch import Roster

THIN = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 1_000.0,
    "site_request.per_year": 500.0,
    "own_activity.per_year": 0.0,
    "teams.count": 120,
}
HOSTING = THIN | {"own_activity.per_year": 2_000.0}
# The room exports the function of this name, so the module is asked for by its own.
BOUND = sys.modules[Edges.__module__]
MODULE = Path(__file__).parent.parent / "src" / "practice_core" / "experiment" / "bound.py"
PAGE = Path(__file__).parent.parent / "docs" / "bound.md"


def tape_of(values: dict[str, Any], seed: int = 7) -> Tape:
    scenario = load_scenario("wujiang").with_values(values)
    return tape_for(scenario, draw_city(scenario, seed, 0), seed, 0)


@cache
def known(hosting: bool) -> tuple[Tape, Edges]:  # noqa: FBT001 - one of two tapes
    tape = tape_of(HOSTING if hosting else THIN)
    return tape, edges(tape)


@cache
def done(policy: str, hosting: bool) -> Run:  # noqa: FBT001 - as above
    return run_tape(known(hosting)[0], POLICIES[policy])


def served_by(run: Run) -> list[int]:
    """The orders that a run served, as the edges name them."""
    place = {order: n for n, order in enumerate(run.tape.demand.ids)}
    nothing = attrs.evolve(known(hosting=False)[1], **dict.fromkeys(COLUMNS, np.empty(0, int)))
    return [place[order] for order, _, _ in outside(nothing, run)]


COLUMNS = ("order", "team", "week", "metres", "wait")


def holds(tape: Tape, found: Edges, run: Run) -> None:
    """No service outside the edges, and no measure beyond its bound."""
    assert not outside(found, run)
    most, measures = bound(found), run.measures
    assert measures["served_share"].denominator == most.cohort == len(found.cohort)
    assert measures["served_share"].numerator <= most.served
    wait, service_rm = restricted_wait(found), measures["service_rm"]
    assert wait.denominator == service_rm.denominator
    assert wait.numerator <= service_rm.numerator
    driven, served = measures["km_per_served"], served_by(run)
    assert driven.denominator == 1_000 * len(served)
    same = min_km(found, orders=served)
    assert same.denominator == driven.denominator
    assert min_km(found, served=len(served)).numerator <= same.numerator <= driven.numerator
    assert tape is run.tape


# ------------------------------------------------------------------ beside policies


@given(
    seed=st.integers(0, 2**32),
    policy=st.sampled_from(sorted(POLICIES)),
    values=st.fixed_dictionaries(
        {
            "own_activity.per_year": st.sampled_from([0.0, 2_000.0]),
            "answer.kd_per_km": st.sampled_from([0.0, 0.1]),
            "answer.kn": st.sampled_from([0.0, 0.75]),
            "answer.delay_median_hours": st.sampled_from([0.5, 8.0]),
            "answer.phone_delay_factor": st.sampled_from([0.25, 2.0]),
            "service.team_no_show": st.sampled_from([0.0, 0.3]),
            "teams.availability_factor": st.sampled_from([0.25, 1.0]),
            "teams.count": st.sampled_from([20, 100]),
        }
    ),
)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_policy_passes_the_bound_whatever_is_assumed(
    seed: int, policy: str, values: dict[str, Any]
) -> None:
    tape = tape_of(THIN | values, seed)
    holds(tape, edges(tape), run_tape(tape, POLICIES[policy]))


@pytest.mark.parametrize("hosting", [False, True])
@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_every_service_of_every_policy_lies_in_the_edges(policy: str, hosting: bool) -> None:  # noqa: FBT001 - as above
    holds(*known(hosting), done(policy, hosting))


def test_a_service_through_a_missing_edge_is_named() -> None:
    tape, found = known(hosting=True)
    run = done("nearest", hosting=True)
    order = served_by(run)[3]
    kept = found.order != order
    columns = {name: getattr(found, name)[kept] for name in COLUMNS}
    ((name, team, week),) = outside(attrs.evolve(found, **columns), run)
    assert name == tape.demand.ids[order]
    index = tape.roster().index[team]
    through = (found.order == order) & (found.team == index) & (found.week == week)
    assert np.count_nonzero(through) == 1


def test_edges_of_readier_teams_than_the_tape_has_do_not_hold_its_services() -> None:
    run = done("nearest", hosting=False)
    loath = tape_of(THIN | {"answer.kd_per_km": 0.3})
    assert outside(edges(loath), run)


def test_edges_shifted_by_a_week_do_not_hold_a_service() -> None:
    _, found = known(hosting=False)
    run = done("nearest", hosting=False)
    late = attrs.evolve(found, week=found.week + 1)
    assert outside(late, run)


# ------------------------------------------------------------------ beside slow arithmetic


def slow_edges(tape: Tape) -> Iterator[tuple[int, int, int, int, int]]:
    """The edges order by order and team by team, with what a roster and a tape say of one pair."""
    roster, demand, scenario = tape.roster(), tape.demand, tape.scenario
    profile = scenario.area.profile
    low, high = scenario.cohort
    for rank in range(len(demand)):
        if demand.stream[rank] == OWN or not low <= demand.placed[rank] < high:
            continue
        request = tape.request(rank, (tape.sites[0],))
        reviewed = profile.calendar.add_working(request.placed_at, demand.review.item(rank))
        if reviewed >= request.latest:
            continue
        asked = awake(tape, reviewed)
        for n, team in enumerate(roster.teams):
            if request.category not in team.categories or team.members < request.needed:
                continue
            km = roster.km(request.site, team.id)
            if not says_yes(tape, rank, roster, n, km):
                continue
            delay = tape.answer_of(demand.key.item(rank), roster.key_of[n], 0).delay
            if delay > profile.offer_open:
                continue
            soonest = max(request.earliest, awake(tape, asked + delay) + NOTICE)
            starts = tape.grid.starts(
                RequestedTime(request.requested_time), request.duration, soonest, request.latest
            )
            seen = set()
            for start in starts:
                week = start[1] // BLOCKS_A_WEEK
                fits = roster.first_fit(n, request.needed, way_back(km), [start])
                if fits and week not in seen:
                    seen.add(week)
                    wait = (start[0] - request.placed_at) // MINUTE
                    yield rank, n, week, round(2_000 * km), wait


def awake(tape: Tape, at: int) -> int:
    law = tape.scenario.answer
    since = (at - tape.grid.begins) % DAY
    if law.quiet_to_hour * HOUR <= since < law.quiet_from_hour * HOUR:
        return at
    tomorrow = DAY if since >= law.quiet_from_hour * HOUR else 0
    return at - since + tomorrow + law.quiet_to_hour * HOUR


def says_yes(tape: Tape, rank: int, roster: Roster, team: int, km: float) -> bool:
    law, service, demand = tape.scenario.answer, tape.scenario.service, tape.demand
    order, key, needed = demand.key.item(rank), roster.key_of[team], demand.needed.item(rank)
    ready = law.eta + tape.city.willingness[roster.ids[team]] + demand.effect.item(rank)
    p = round(2**20 / (1 + math.exp(-(ready - law.kd_per_km * km)))) / 2**20
    present = tape.present(order, key, 0, needed)
    yes = tape.answer_of(order, key, 0).u < p
    return yes and tape.shows_up(order, key, 0) and present >= quorum(needed, service.quorum)


def rows(found: Edges) -> set[tuple[int, ...]]:
    return set(zip(*(getattr(found, name).tolist() for name in COLUMNS), strict=True))


@given(
    seed=st.integers(0, 2**32),
    values=st.fixed_dictionaries(
        {
            "answer.delay_median_hours": st.sampled_from([0.5, 8.0]),
            "answer.kd_per_km": st.sampled_from([0.0, 0.1]),
            "service.member_no_show": st.sampled_from([0.0, 0.3]),
            "service.quorum": st.sampled_from([0.0, 0.6, 1.0]),
            "teams.availability_factor": st.sampled_from([0.25, 1.0]),
        }
    ),
)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_edges_are_those_found_one_by_one(seed: int, values: dict[str, Any]) -> None:
    tape = tape_of(HOSTING | values, seed)
    found = edges(tape)
    slow = list(slow_edges(tape))
    assert len(slow) == len(found)
    assert set(slow) == rows(found)
    jobs = tape.roster().jobs
    for n, team in enumerate(tape.roster().teams):
        assert (found.room[n] == team.jobs_per_week - jobs[n]).all()


def test_where_rounding_is_close_the_arithmetic_of_the_model_decides() -> None:
    tape, found = known(hosting=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BOUND, "_NEAR", 2.0)
        patch.setattr(BOUND, "_CLOSE", 1.0)
        assert rows(edges(tape)) == rows(found)


# ------------------------------------------------------------------ beside brute force

SLOTS = 4
hours = st.integers(0, 600)
made_edges = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, SLOTS - 1), st.integers(0, 99), hours),
    max_size=16,
    unique_by=lambda edge: edge[:2],
)
rooms = st.lists(st.integers(1, 2), min_size=SLOTS, max_size=SLOTS)


def by_hand(listed: Sequence[tuple[int, int, int, int]], room: Sequence[int]) -> Edges:
    """Edges between orders 0 to 5 and two teams in two weeks: (order, slot, km, hours)."""
    order, slot, km, waited = np.array(listed, np.int64).reshape(-1, 4).T
    none = np.empty(0, np.int64)
    table = np.array(room, np.int64).reshape(2, 2)
    return Edges(
        np.arange(6), none, none, none, order, slot // 2, slot % 2, 1_000 * km, 60 * waited, table
    )


def matchings(found: Edges) -> Iterator[list[int]]:
    """Every way to serve orders, as places of edges."""

    def of(order: int, left: tuple[int, ...]) -> Iterator[list[int]]:
        if order == 6:
            yield []
            return
        yield from of(order + 1, left)
        for n in np.flatnonzero(found.order == order).tolist():
            slot = 2 * int(found.team[n]) + int(found.week[n])
            if left[slot]:
                after = (*left[:slot], left[slot] - 1, *left[slot + 1 :])
                for more in of(order + 1, after):
                    yield [n, *more]

    yield from of(0, tuple(found.room.reshape(-1).tolist()))


@given(made_edges, rooms, st.sampled_from([1, 2, 16]))
@settings(max_examples=30, deadline=None)
def test_matchings_are_as_good_as_the_best_of_all(
    listed: list[tuple[int, int, int, int]], room: list[int], kept: int
) -> None:
    found = by_hand(listed, room)
    every = list(matchings(found))
    most = max(len(one) for one in every)
    least = [
        min(sum(found.metres[one].tolist()) for one in every if len(one) == size)
        for size in range(most + 1)
    ]
    tau = 504 * 60
    waits = min(
        sum(min(wait, tau) for wait in found.wait[one].tolist()) + tau * (6 - len(one))
        for one in every
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BOUND, "_FIRST_KEPT", kept)
        assert bound(found).served == most
        assert min_km(found) == Measure(least[-1], 1_000 * most)
        for size, metres in enumerate(least):
            line = min_km(found, served=size)
            assert line.denominator == 1_000 * size
            assert metres - size <= line.numerator <= metres
        assert restricted_wait(found) == Measure(waits, 60 * 6)


@given(made_edges, rooms)
@settings(max_examples=20, deadline=None)
def test_the_least_travel_of_given_orders_is_that_of_the_best_way_to_serve_them(
    listed: list[tuple[int, int, int, int]], room: list[int]
) -> None:
    found = by_hand(listed, room)
    least: dict[frozenset[int], int] = {}
    for one in matchings(found):
        orders = frozenset(found.order[one].tolist())
        metres = sum(found.metres[one].tolist())
        least[orders] = min(metres, least.get(orders, metres))
    for orders, metres in least.items():
        assert min_km(found, orders=orders) == Measure(metres, 1_000 * len(orders))


def test_a_team_takes_only_its_jobs_in_a_week() -> None:
    listed = [(order, 0, 10, 1) for order in range(6)]
    for room in (1, 2):
        assert bound(by_hand(listed, [room, 1, 1, 1])).served == room


def test_the_cheapest_edge_of_each_order_alone_would_serve_fewer() -> None:
    # Both orders' nearest team is the same; a matching in the nearest edges only serves one.
    listed = [(0, 0, 1, 1), (1, 0, 2, 1), (1, 2, 30, 1)]
    found = by_hand(listed, [1, 1, 1, 1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BOUND, "_FIRST_KEPT", 1)
        assert min_km(found) == Measure(31_000, 2_000)
        patch.setattr(vars(BOUND)["_Assignment"], "proves", lambda *_: True)
        assert min_km(found) == Measure(1_000, 1_000)


def test_travel_that_nobody_can_have_is_refused() -> None:
    found = by_hand([(0, 0, 1, 1), (1, 0, 2, 1)], [1, 1, 1, 1])
    for wrong in (-1, 2):
        with pytest.raises(DefinitionError, match="0 to 1"):
            min_km(found, served=wrong)
    for orders in ([0, 1], [0, 5]):
        with pytest.raises(DefinitionError, match="0 to 1"):
            min_km(found, orders=orders)


def test_nothing_to_serve_has_bounds_without_a_value() -> None:
    tape = tape_of(THIN | {"resident.per_year": 0.0, "site_request.per_year": 0.0})
    found = edges(tape)
    assert len(found) == 0
    assert bound(found).served_share == Measure(0, 0)
    assert restricted_wait(found).value is None
    assert min_km(found).value is None
    assert min_km(found, served=0).value is None
    assert reasons([Clairvoyant().measures(tape)], [Measure(0, 0)]) is None


# ------------------------------------------------------------------ what moves it


def test_more_teams_never_lower_the_bound() -> None:
    # Without hosted activities: with them a nearer host may take one from another, and its room.
    served = []
    before: set[tuple[OrderId, TeamId, int]] = set()
    for count in (20, 60, 120):
        tape = tape_of(THIN | {"teams.count": count})
        found = edges(tape)
        served.append(bound(found).served)
        ids = tape.roster().ids
        triples = zip(found.order.tolist(), found.team.tolist(), found.week.tolist(), strict=True)
        after = {(tape.demand.ids[o], ids[t], w) for o, t, w in triples}
        assert before < after
        before = after
    assert served == sorted(served)
    assert served[0] < served[-1]


def test_a_tenth_more_demand_keeps_the_orders_and_never_lowers_the_number_served() -> None:
    served = []
    before: set[OrderId] = set()
    for factor in (1.0, 1.1, 2.0):
        more = {key: factor * THIN[key] for key in ("resident.per_year", "site_request.per_year")}
        tape = tape_of(HOSTING | more)
        found = edges(tape)
        after = {tape.demand.ids[n] for n in found.cohort.tolist()}
        assert before <= after
        before = after
        served.append(bound(found).served)
    assert served == sorted(served)
    assert served[0] < served[-1]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"teams.availability_factor": 0.0}, "nobody"),
        ({"answer.eta": -30.0}, "unwilling"),
        ({"service.team_no_show": 1.0}, "unwilling"),
        ({"answer.delay_median_hours": 10_000.0}, "unwilling"),
        ({"service.review_median_hours": 5_000.0}, "late"),
    ],
)
def test_each_order_beyond_the_bound_has_its_reason(values: dict[str, Any], reason: str) -> None:
    usual, found = bound(known(hosting=False)[1]), bound(edges(tape_of(THIN | values)))
    counts = {name: getattr(found, name) for name in REASONS}
    assert counts[reason] > getattr(usual, reason)
    assert found.served == found.contested == 0
    assert sum(counts.values()) == found.cohort == usual.cohort
    # What comes before the reason is as it was, what comes after it has nobody left.
    place = REASONS.index(reason)
    assert all(counts[name] == getattr(usual, name) for name in REASONS[:place])
    assert not any(counts[name] for name in REASONS[place + 1 :])


def test_an_order_without_a_start_in_its_window_is_nobodys_fault() -> None:
    short = {
        "resident.patience_shortest_days": 0.0,
        "resident.patience_median_days": 0.01,
        "resident.patience_sigma": 0.0,
        "site_request.per_year": 0.0,
    }
    found = bound(edges(tape_of(THIN | short)))
    assert found.no_start == found.cohort > 0


def test_orders_that_contend_for_one_team_are_counted_apart() -> None:
    found = bound(by_hand([(0, 0, 1, 1), (1, 0, 2, 1), (2, 0, 2, 1)], [1, 1, 1, 1]))
    assert (found.served, found.contested, found.unwilling) == (1, 2, 3)
    assert found.measures()["contested"] == Measure(2, 6)


def test_a_bound_is_refused_where_load_makes_teams_readier() -> None:
    tape = tape_of(THIN | {"answer.kl": -1.0, "answer.kn": -0.5})
    with pytest.raises(DefinitionError) as refused:
        edges(tape)
    assert [fault.place for fault in refused.value.faults] == ["answer.kl", "answer.kn"]


# ------------------------------------------------------------------ in an experiment


def test_the_clairvoyant_gives_the_bounds_wherever_it_is_sent() -> None:
    tape, found = known(hosting=True)
    measures = pickle.loads(pickle.dumps(Clairvoyant())).measures(tape)  # noqa: S301 - our own bytes
    assert measures == {**bound(found).measures(), "service_rm": restricted_wait(found)}
    beyond = sum(measures[name].numerator for name in REASONS)
    assert beyond + measures["served_share"].numerator == len(found.cohort)


def shares(served: int, **beyond: int) -> dict[str, Measure]:
    counts = dict.fromkeys(REASONS, 0) | beyond | {"served_share": served}
    return {name: Measure(count, 100) for name, count in counts.items()}


def test_the_distance_and_its_reasons_are_means_over_replications() -> None:
    bounds = [shares(96, nobody=3, unwilling=1), shares(94, nobody=5, late=1)]
    policy = [Measure(90, 100), Measure(92, 100), Measure(0, 100)]
    foil = [Measure(80, 100), Measure(76, 100), Measure(0, 100)]
    found = reasons(bounds, policy, foil)
    assert found is not None
    assert found.possible == pytest.approx(0.95)
    assert found.served == pytest.approx(0.91)
    assert found.distance == pytest.approx(0.04)
    assert (found.nobody, found.unwilling, found.late) == (0.04, 0.005, 0.005)
    assert found.capture == pytest.approx((0.91 - 0.78) / (0.95 - 0.78))


def test_nothing_is_captured_where_there_is_no_way_to_go() -> None:
    policy = [Measure(90, 100)]
    assert reasons([shares(90)], policy, policy).capture is None  # type: ignore[union-attr]  # there were orders
    assert reasons([shares(90)], policy).capture is None  # type: ignore[union-attr]  # as above


def test_the_bound_is_never_called_what_it_is_not() -> None:
    for file in (MODULE, PAGE):
        said = file.read_text(encoding="utf-8").lower()
        assert "clairvoyant bound" in said
        assert "optim" not in said
        assert "gap" not in said.split()
