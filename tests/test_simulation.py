"""A whole run: what is conserved, what comes again, and whether it is the specified model."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from practice_core.areas import load_area
from practice_core.dispatch import policy
from practice_core.hierarchy import Hierarchy
from practice_core.orders import (
    ORDER,
    OfferAccepted,
    OfferDeclined,
    OrderState,
    ServiceCompleted,
    ServiceScheduled,
    ServiceStarted,
    TeamAbsent,
    evolve,
)
from practice_core.points import award
from practice_core.simulation import ISSUANCE, Run, Scenario, load_scenario, run, run_tape
from practice_core.simulation.city import draw_city
from practice_core.simulation.tape import OWN, make_tape, tape_for
from practice_core.units import DAY, HOUR, MINUTE, WEEK

if TYPE_CHECKING:
    from collections.abc import Callable

    from practice_core.orders import Order
    from practice_core.units import OrderId

SMALL = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 1,
    "resident.per_year": 6_000,
    "site_request.per_year": 2_500,
    "own_activity.per_year": 6_000,
    "teams.count": 400,
}
ROAD_KM_PER_HOUR = 25
STUDY = Path(__file__).parent.parent / "simulations" / "wujiang_dispatch"


def small(**changes: float) -> Scenario:
    named = {key.replace("__", "."): value for key, value in changes.items()}
    return load_scenario("wujiang").with_values(SMALL | named)


@pytest.fixture(scope="module")
def done() -> Run:
    """A run with more no-shows than usual, so that teams are released and orders come back."""
    return run(small(service__team_no_show=0.15), policy("nearest"), seed=7, replication=0)


# ------------------------------------------------------------------ conservation


def test_every_order_ends_in_exactly_one_final_state(done: Run) -> None:
    assert set(done.final) <= ORDER.final
    ends = Counter(event.order for event in done.log.events() if _is_end(event))
    assert ends == Counter(done.tape.demand.ids)


def _is_end(event: object) -> bool:
    return type(event).__name__ in {"OrderClosed", "OrderUnserved"}


def test_no_order_of_the_cohort_is_open_when_the_run_out_ends(done: Run) -> None:
    closed = {event.order: event.at for event in done.log.events() if _is_end(event)}
    low, high = done.tape.scenario.cohort
    placed = zip(done.tape.demand.ids, done.tape.demand.placed.tolist(), strict=True)
    cohort = [order for order, at in placed if low <= at < high]
    assert len(cohort) > 100
    assert max(closed[order] for order in cohort) < done.tape.scenario.ends


def test_replaying_the_log_gives_the_same_final_states(done: Run) -> None:
    orders: dict[OrderId, Order | None] = defaultdict(lambda: None)
    for event in done.log.events():
        orders[event.order] = evolve(orders[event.order], event)
    replayed = [orders[order] for order in done.tape.demand.ids]
    assert [order and order.state for order in replayed] == list(done.final)
    assert {OrderState.CLOSED, OrderState.UNSERVED} == set(done.final)


def test_no_team_is_over_its_members_in_a_block_or_its_jobs_in_a_week(done: Run) -> None:
    busy: Counter[tuple[str, int]] = Counter()
    jobs: Counter[tuple[str, int]] = Counter()
    team_of, booked = {}, {}
    tape, roster = done.tape, done.tape.roster()
    teams = {team.id: team for team in roster.teams}
    demand = tape.demand
    rank = {order: n for n, order in enumerate(demand.ids)}
    spans = done_spans()
    full = 0
    # A host's members are promised from the start, before anybody is asked for anything else.
    events = sorted(done.log.events(), key=lambda e: demand.stream[rank[e.order]] != OWN)
    for event in events:
        if isinstance(event, OfferAccepted):
            team_of[event.order] = event.team
        elif isinstance(event, ServiceScheduled):
            n = rank[event.order]
            team = team_of[event.order]
            own = demand.stream[n] == OWN
            members = tape.hostings[n].members if own else int(demand.needed[n])
            way = 0.0 if own else 2 * roster.km(tape.site_of(n), team) / ROAD_KM_PER_HOUR * HOUR
            since = event.start - tape.grid.begins
            day = since // DAY
            blocks = [
                (team, day * 3 + part)
                for part, (opens, closes) in enumerate(spans)
                if day * DAY + closes > since
                and day * DAY + opens < event.end - tape.grid.begins + int(way)
            ]
            week = (team, since // WEEK)
            booked[event.order] = (blocks, members, week)
            for block in blocks:
                busy[block] += members
                free = teams[team].free[block[1] % 21]
                assert busy[block] <= free
                full += busy[block] == free
            jobs[week] += 1
            assert jobs[week] <= teams[team].jobs_per_week
        elif isinstance(event, TeamAbsent):
            blocks, members, week = booked[event.order]
            busy.subtract(dict.fromkeys(blocks, members))
            jobs[week] -= 1
    assert full > 0  # the limit is met, so the check could fail


def done_spans() -> tuple[tuple[int, int], ...]:
    hours = ((8, 12), (13, 17), (18, 21))
    return tuple((a * HOUR, b * HOUR) for a, b in hours)


def test_every_credited_minute_belongs_to_a_served_order(done: Run) -> None:
    minutes, present = {}, {}
    served: Counter[str] = Counter()
    for event in done.log.events():
        if isinstance(event, ServiceStarted):
            present[event.order] = event.present
        elif isinstance(event, ServiceCompleted):
            minutes[event.order] = event.minutes
            served[event.order] += event.minutes * present[event.order]
    credited: Counter[str] = Counter()
    for record in done.records:
        assert record.minutes == minutes[record.order]
        credited[record.order] += record.minutes
    assert credited == served


def test_nobody_serves_twice_at_one_service(done: Run) -> None:
    seen = {(r.order, r.volunteer, r.at) for r in done.records}
    assert len(seen) == len(done.records)


def test_a_county_that_declines_every_offer_loses_no_point_and_gains_none() -> None:
    """Teams that decline and teams that keep silent stand the same afterwards."""
    for silent in (0.0, 0.8):
        county = small(own_activity__per_year=0.0, answer__eta=-50.0, answer__silent_share=silent)
        refused = run(county, policy("nearest"), seed=5, replication=0)
        assert any(isinstance(event, OfferDeclined) for event in refused.log.events())
        assert not any(refused.ledger().balances().values())


def test_points_are_those_of_the_rules_and_the_ledger_holds_nothing(done: Run) -> None:
    rules, ledger = load_area("wujiang").rules, done.ledger()
    earned: Counter[str] = Counter()
    for record in done.records:
        earned[record.volunteer] += award(rules, record).points
    balances = ledger.balances()
    assert balances.pop(ISSUANCE) == -sum(earned.values())
    assert {who: points for who, points in balances.items() if points} == earned
    assert ledger.total() == 0


# ------------------------------------------------------------------ reproducible


def test_the_same_key_gives_the_same_log_byte_for_byte(done: Run) -> None:
    again = run(done.tape.scenario, policy("nearest"), seed=7, replication=0)
    assert again.log.to_bytes() == done.log.to_bytes()
    assert again.measures == done.measures
    assert again.groups == done.groups


def test_another_seed_or_replication_gives_another_log(done: Run) -> None:
    logs = [
        run(done.tape.scenario, policy("nearest"), seed=seed, replication=replication)
        for seed, replication in ((8, 0), (7, 1))
    ]
    texts = {each.log.to_bytes() for each in (*logs, done)}
    assert len(texts) == 3


@pytest.mark.parametrize("name", ["nearest", "random"])
def test_shuffling_teams_or_sites_changes_no_result(name: str) -> None:
    scenario = small()
    city = draw_city(scenario, 3, 0)
    sites = list(city.hierarchy)
    teams = list(city.teams)
    shuffle = random.Random(5).shuffle  # noqa: S311 - an order, not a secret
    shuffle(sites)
    shuffle(teams)
    mixed = attrs.evolve(
        city, hierarchy=Hierarchy(sites, load_area("wujiang").outline), teams=tuple(teams)
    )
    plain, shuffled = (
        run_tape(tape_for(scenario, each, 3, 0), policy(name)) for each in (city, mixed)
    )
    assert plain.log.to_bytes() == shuffled.log.to_bytes()
    assert plain.measures == shuffled.measures
    assert plain.groups == shuffled.groups


# ------------------------------------------------------------------ the specified model


NAMES = ("nearest", "home_first", "random")
IDS = ["run", "kept"]


def served_shares(kd: float) -> list[float]:
    """Give the served shares over four weeks of Wujiang, all but kd at the defaults."""
    scenario = load_scenario("wujiang").with_values(
        {"horizon.weeks": 4, "horizon.warmup_weeks": 1, "answer.kd_per_km": kd}
    )
    runs = (run(scenario, policy(name), seed=7, replication=0) for name in NAMES)
    return [each.measures["served_share"].value or 0.0 for each in runs]


def kept_shares(result: str) -> list[float]:
    """Give the same from the study's kept result: eight weeks, four replications."""
    text = (STUDY / "result" / result / "summary.json").read_text(encoding="utf-8")
    measures = json.loads(text)["measures"]
    return [measures[name]["served_share"]["mean"] for name in NAMES]


@pytest.mark.slow
@pytest.mark.parametrize("shares", [lambda: served_shares(0.10), lambda: kept_shares(".")], ids=IDS)
def test_at_the_defaults_nearest_and_home_first_are_close_and_random_is_far_below(
    shares: Callable[[], list[float]],
) -> None:
    nearest, home_first, at_random = shares()
    assert abs(nearest - home_first) < 0.02
    assert min(nearest, home_first) > at_random + 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    "shares", [lambda: served_shares(0.0), lambda: kept_shares("kd_0")], ids=IDS
)
def test_where_distance_does_not_matter_to_teams_the_policies_serve_alike(
    shares: Callable[[], list[float]],
) -> None:
    found = shares()
    assert max(found) - min(found) < 0.02


def test_travel_grows_from_nearest_over_home_first_to_random() -> None:
    nearest, home_first, far = (
        run(small(), policy(name), seed=7, replication=0).measures["km_per_served"].value or 0.0
        for name in NAMES
    )
    assert 0 < nearest < home_first < far / 2


def test_what_is_held_is_counted_beside_what_is_placed(done: Run) -> None:
    totals = done.totals
    assert totals["held"] == sum(totals[f"held_{name}"] for name in ("resident", "site", "own"))
    low, high = done.tape.scenario.cohort
    begun = [
        event.present
        for event in done.log.events()
        if isinstance(event, ServiceStarted) and low <= event.at < high
    ]
    assert totals["participations"] == sum(begun)


def test_a_year_tape_is_drawn_once_for_all_policies(done: Run) -> None:
    assert make_tape(done.tape.scenario, 7, 0) is make_tape(done.tape.scenario, 7, 0)


def test_every_instant_is_a_whole_minute(done: Run) -> None:
    assert not (done.log.column("at") % MINUTE).any()
