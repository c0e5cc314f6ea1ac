"""One order's story: asked, answered, served, rated; and what a policy may not do."""

from __future__ import annotations

import math
import pickle
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from practice_core.areas import load_area, load_loop, loop_names
from practice_core.dispatch import Escalate, Offer, Post, Wait, policy
from practice_core.errors import DefinitionError, UnlawfulCommand
from practice_core.hierarchy import Level
from practice_core.lifecycle import Role
from practice_core.orders import (
    CloseReason,
    DeclineReason,
    LoopProfile,
    Mode,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OrderClosed,
    OrderPlaced,
    OrderPosted,
    OrderRated,
    OrderReopened,
    OrderReturned,
    OrderReviewed,
    OrderUnserved,
    PlaceOrder,
    RateOrder,
    ServiceCompleted,
    ServiceScheduled,
    ServiceStarted,
    Step,
    TeamAbsent,
    UnservedReason,
)
from practice_core.simulation import Run, load_scenario, run, run_tape
from practice_core.simulation.model import quorum
from practice_core.simulation.tape import OWN
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, OrderId, TeamId, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from practice_core.dispatch import Decision, Draw, View
    from practice_core.orders import Order, OrderEvent

SMALL = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 4_000,
    "site_request.per_year": 1_500,
    "own_activity.per_year": 4_000,
    "teams.count": 300,
}


@attrs.frozen
class Policy:
    """A policy made of one function."""

    one: Callable[[Order, View], Decision | None]
    period: int = 0

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:
        assert 0 < draw.uniform("any", 1) < 1
        found = [self.one(order, view) for order in orders]
        return [decision for decision in found if decision is not None]


def simulate(one: Callable[[Order, View], Decision | None] | str, **changes: float) -> Run:
    named = {key.replace("__", "."): value for key, value in changes.items()}
    scenario = load_scenario("wujiang").with_values(SMALL | named)
    chosen = policy(one) if isinstance(one, str) else Policy(one)
    return run(scenario, chosen, seed=11, replication=0)


def dispatched(done: Run) -> dict[OrderId, list[OrderEvent]]:
    demand = done.tape.demand
    own = {o for o, s in zip(demand.ids, demand.stream.tolist(), strict=True) if s == OWN}
    stories: dict[OrderId, list[OrderEvent]] = defaultdict(list)
    for event in done.log.events():
        if event.order not in own:
            stories[event.order].append(event)
    return stories


def of_day(at: int) -> int:
    return (at + 8 * HOUR) % DAY


def nearest(order: Order, view: View) -> Decision | None:
    return next((Offer(order.id, (c.team,), DAY) for c in view.candidates(order)), None)


# ------------------------------------------------------------------ asking


@pytest.fixture(scope="module")
def done() -> Run:
    return simulate("nearest", service__team_no_show=0.2)


def test_nobody_is_asked_or_answers_at_night() -> None:
    looked: set[OrderId] = set()

    def late(order: Order, view: View) -> Decision | None:
        if order.id not in looked:
            looked.add(order.id)
            return Wait(order.id, view.now - of_day(view.now) + 23 * HOUR)
        return nearest(order, view)

    kinds = (OfferMade, OfferAccepted, OfferDeclined)
    stories = dispatched(simulate(late)).values()
    waking = [of_day(e.at) for es in stories for e in es if isinstance(e, kinds)]
    assert min(waking) >= 8 * HOUR
    assert max(waking) < 21 * HOUR


def test_reviews_are_in_working_time(done: Run) -> None:
    calendar = load_area("wujiang").calendar
    reviews = [e for es in dispatched(done).values() for e in es if isinstance(e, OrderReviewed)]
    assert reviews
    assert all(calendar.is_working(event.at) for event in reviews)


def test_a_team_is_asked_at_most_once_in_an_opening(done: Run) -> None:
    for events in dispatched(done).values():
        asked: set[TeamId] = set()
        for event in events:
            if isinstance(event, OrderReopened):
                asked.clear()
            if isinstance(event, OfferMade):
                assert event.team not in asked
                asked.add(event.team)


def test_an_order_ends_after_nine_failed_rounds() -> None:
    refused = simulate("nearest", answer__eta=-50.0)
    reasons: Counter[UnservedReason] = Counter()
    for events in dispatched(refused).values():
        offers = sum(isinstance(event, OfferMade) for event in events)
        end = events[-1]
        assert isinstance(end, OrderUnserved)
        reasons[end.reason] += 1
        assert offers <= 9
        assert offers == 9 or end.reason is not UnservedReason.TRIES
        assert (offers == 0) == (end.reason is UnservedReason.NOBODY)
    assert set(reasons) == set(UnservedReason)


def test_every_answer_is_what_the_answer_model_says() -> None:
    done = simulate("nearest", teams__count=120, answer__kn=0.5, answer__kl=1.5)
    tape, roster = done.tape, done.tape.roster()
    law, willing = tape.scenario.answer, tape.city.willingness
    rank = {order: n for n, order in enumerate(tape.demand.ids)}
    ours = dispatched(done)
    limit = {team.id: team.jobs_per_week for team in tape.city.teams}
    offers: dict[TeamId, list[int]] = defaultdict(list)
    accepted: dict[TeamId, list[int]] = defaultdict(list)
    opening: Counter[OrderId] = Counter()
    said: dict[tuple[OrderId, TeamId, int], bool] = {}
    expected: dict[tuple[OrderId, TeamId, int], bool] = {}
    burdened = 0
    for event in done.log.events():
        if event.order not in ours:
            continue
        if isinstance(event, OrderReopened):
            opening[event.order] += 1
        elif isinstance(event, OfferMade):
            team, n = event.team, rank[event.order]
            note = sum(event.at - 7 * DAY < at for at in offers[team])
            load = sum(event.at - 28 * DAY < at for at in accepted[team]) / (4 * limit[team])
            km = roster.km(tape.site_of(n), team)
            odds = law.eta + willing[team] + float(tape.demand.effect[n])
            odds -= law.kd_per_km * km + law.kl * load + law.kn * note
            burdened += note > 0 and load > 0
            answer = tape.answer(event.order, team, opening[event.order])
            when = event.at + answer.delay
            if not 8 * HOUR <= of_day(when) < 21 * HOUR:
                when += (8 * HOUR - of_day(when)) % DAY + answer.morning
            yes = answer.u < 1 / (1 + math.exp(-odds))
            key = (event.order, team, opening[event.order])
            if when <= event.until and (yes or not answer.silent):
                expected[key] = yes
            offers[team].append(event.at)
        elif isinstance(event, OfferAccepted):
            said[event.order, event.team, opening[event.order]] = True
            accepted[event.team].append(event.at)
        elif isinstance(event, OfferDeclined):
            gone = event.reason is DeclineReason.SLOT_GONE
            said[event.order, event.team, opening[event.order]] = gone
    assert said == expected
    assert burdened > 50


def test_silent_teams_let_their_offer_expire_after_a_day_or_at_the_end() -> None:
    silent = simulate("nearest", answer__eta=-50.0, answer__silent_share=1.0)
    for events in dispatched(silent).values():
        for made, ended in pairwise(events):
            if isinstance(made, OfferMade):
                assert isinstance(ended, OfferExpired)
                assert ended.at == made.until <= made.at + DAY


def test_willing_teams_that_come_serve_every_order_somebody_could_be_asked_for() -> None:
    willing = simulate(
        "nearest", answer__eta=50.0, service__team_no_show=0.0, service__member_no_show=0.0
    )
    for events in dispatched(willing).values():
        kinds = {type(event) for event in events}
        if OfferAccepted in kinds:
            assert ServiceCompleted in kinds
        assert TeamAbsent not in kinds
        declines = [e.reason for e in events if isinstance(e, OfferDeclined)]
        assert set(declines) <= {DeclineReason.SLOT_GONE}


def test_an_order_that_waits_is_looked_at_again_when_a_team_is_released() -> None:
    # At 13:00 and 18:00 services start and nothing else happens by the clock.
    scarce = {"service__team_no_show": 0.6, "teams__count": 60, "resident__per_year": 9_000}
    stories = dispatched(simulate("nearest", **scarce))
    absences = {e.at: e.order for es in stories.values() for e in es if isinstance(e, TeamAbsent)}
    waited = [
        e
        for es in stories.values()
        for before, e in pairwise(es)
        if isinstance(e, OfferMade)
        and of_day(e.at) in {13 * HOUR, 18 * HOUR}
        and e.at in absences
        and absences[e.at] != e.order
        and before.at < e.at
    ]
    assert waited


def test_a_service_needs_its_quorum(done: Run) -> None:
    assert [quorum(n, 0.6) for n in (1, 2, 3, 4, 5, 10)] == [1, 2, 2, 3, 3, 6]
    needed = dict(zip(done.tape.demand.ids, done.tape.demand.needed.tolist(), strict=True))
    for order, events in dispatched(done).items():
        for event in events:
            if isinstance(event, ServiceStarted):
                assert quorum(needed[order], 0.6) <= event.present <= needed[order]
            if isinstance(event, TeamAbsent):
                assert event.present < quorum(needed[order], 0.6)


def test_services_lie_in_their_windows(done: Run) -> None:
    demand = done.tape.demand
    window = dict(zip(demand.ids, zip(demand.earliest, demand.latest, strict=True), strict=True))
    for order, events in dispatched(done).items():
        opening = 0
        for event in events:
            opening += isinstance(event, OrderReopened)
            if isinstance(event, ServiceScheduled) and not opening:
                assert window[order][0] <= event.start < event.end <= window[order][1]
                assert event.start >= event.at + 2 * HOUR


# ------------------------------------------------------------------ rating


def test_a_dissatisfied_requester_gets_one_redo() -> None:
    bad = simulate("nearest", service__dissatisfied=1.0, service__rating_given=1.0)
    redone = 0
    for events in dispatched(bad).values():
        kinds = [type(event) for event in events]
        if ServiceCompleted not in kinds:
            continue
        assert kinds.count(OrderReopened) == 1
        assert kinds.count(ServiceCompleted) == kinds.count(OrderRated) <= 2
        redone += kinds.count(ServiceCompleted) == 2
    assert redone


def test_an_unrated_order_closes_after_seven_days_and_an_unrated_redo_at_once() -> None:
    mute = simulate("nearest", service__rating_given=0.0)
    ends = [(es[-2], es[-1]) for es in dispatched(mute).values()]
    closed = [(a, b) for a, b in ends if isinstance(b, OrderClosed)]
    assert closed
    assert all(b.at == a.at + 7 * DAY and b.reason is CloseReason.WINDOW_OVER for a, b in closed)
    rare = simulate("nearest", service__rating_given=0.5, service__dissatisfied=1.0)
    called = [
        (es[-2], es[-1])
        for es in dispatched(rare).values()
        if isinstance(es[-1], OrderClosed) and es[-1].reason is CloseReason.CALLED_BACK
    ]
    assert called
    assert all(isinstance(a, ServiceCompleted) and a.at == b.at for a, b in called)


# ------------------------------------------------------------------ own activities


def test_an_own_activity_goes_through_the_loop_with_its_host(done: Run) -> None:
    hosts = {done.tape.demand.ids[n]: h for n, h in done.tape.hostings.items()}
    stories: dict[OrderId, list[OrderEvent]] = defaultdict(list)
    for event in done.log.events():
        if event.order in hosts:
            stories[event.order].append(event)
    assert stories.keys() == hosts.keys()
    teams = sorted(team.id for team in done.tape.city.teams)
    for order, events in stories.items():
        made = [e for e in events if isinstance(e, OfferMade)]
        begun = [e for e in events if isinstance(e, ServiceStarted)]
        assert [e.team for e in made] == [teams[hosts[order].team]]
        present = hosts[order].members_present + hosts[order].individuals_present
        assert [(e.at, e.present) for e in begun] == [(hosts[order].slot.start, present)]
        assert isinstance(events[-1], OrderClosed)


def test_an_activity_without_a_host_is_not_held() -> None:
    crowded = simulate("nearest", own_activity__per_year=30_000, teams__count=60)
    demand = crowded.tape.demand
    own = [n for n, s in enumerate(demand.stream.tolist()) if s == OWN]
    without = {demand.ids[n] for n in own if n not in crowded.tape.hostings}
    unserved = {
        e.order for e in crowded.log.events() if isinstance(e, OrderUnserved) and ".o." in e.order
    }
    assert unserved == without
    assert without


# ------------------------------------------------------------------ what a policy may decide


def test_of_several_teams_asked_at_once_the_first_yes_wins() -> None:
    def three(order: Order, view: View) -> Decision | None:
        teams = view.candidates(order).arrays(3).teams
        return Offer(order.id, teams, DAY) if teams else None

    done = simulate(three)
    widths: Counter[int] = Counter()
    for events in dispatched(done).values():
        open_now: set[TeamId] = set()
        for event in events:
            if isinstance(event, OfferMade):
                open_now.add(event.team)
                widths[len(open_now)] += 1
            elif isinstance(event, (OfferDeclined, OfferExpired)):
                open_now.remove(event.team)
            elif isinstance(event, OfferAccepted):
                assert event.team in open_now
                open_now.clear()
            elif isinstance(event, OrderReturned):
                assert not open_now
    assert widths[3] > 100


def test_a_posted_order_is_grabbed_by_a_lawful_team_or_comes_back() -> None:
    done = simulate(lambda order, _: Post(order.id, DAY))
    after = Counter(
        type(b)
        for es in dispatched(done).values()
        for a, b in pairwise(es)
        if isinstance(a, OrderPosted)
    )
    assert set(after) == {OfferAccepted, OrderReturned}
    teams = {team.id: team for team in done.tape.city.teams}
    demand = done.tape.demand
    category = dict(zip(demand.ids, demand.category.tolist(), strict=True))
    for order, events in dispatched(done).items():
        for event in events:
            if isinstance(event, OfferAccepted):
                assert list(Category)[category[order]] in teams[event.team].categories


def test_a_policy_with_a_period_is_asked_every_period_by_day_about_all_that_wait() -> None:
    asked: list[tuple[int, int]] = []

    @attrs.frozen
    class Batch:
        period: int = 4 * HOUR

        def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:  # noqa: ARG002 - the contract
            asked.append((view.now, len(orders)))
            waiting = view.waiting()
            assert list(orders) == [
                o for o in waiting if o.due_at is not None and view.now < o.due_at
            ]
            assert view.waiting(view.hierarchy.root.id) == view.waiting()
            later = view.now + HOUR
            return [nearest(order, view) or Wait(order.id, later) for order in orders]

    scenario = load_scenario("wujiang").with_values(SMALL)
    done = run(scenario, Batch(), seed=11, replication=0)
    assert {of_day(at) for at, _ in asked} == {8 * HOUR, 12 * HOUR, 16 * HOUR, 20 * HOUR}
    assert max(count for _, count in asked) > 1
    made = {e.at for es in dispatched(done).values() for e in es if isinstance(e, OfferMade)}
    assert made <= {at for at, _ in asked}
    share = done.measures["served_share"].value
    assert share is not None
    assert share > 0.5


def test_an_order_a_policy_says_nothing_about_waits_twelve_hours_and_ends_when_due() -> None:
    looked: dict[OrderId, list[int]] = defaultdict(list)

    def silent(order: Order, view: View) -> Decision | None:
        looked[order.id].append(view.now)
        return None

    done = simulate(silent)
    ends = {order: events[-1] for order, events in dispatched(done).items()}
    assert all(isinstance(end, OrderUnserved) for end in ends.values())
    gaps = {b - a for times in looked.values() for a, b in pairwise(times)}
    assert min(gaps) == 12 * HOUR
    assert max(gaps) < DAY


@pytest.mark.parametrize(
    ("decide", "why"),
    [
        (lambda order, _: Escalate(order.id), "refused: last_desk"),
        (
            lambda order, _: Offer(order.id, (TeamId("nobody"),), DAY),
            "team nobody may not be asked",
        ),
        (lambda order, _: Offer(order.id, (), DAY), "refused: no_team"),
        (lambda order, view: Wait(order.id, view.now), "not after now"),
        (lambda order, _: Post(order.id, 0), "refused: invalid_value"),
        (lambda *_: Wait(OrderId("another"), 0), "not asked about"),
    ],
)
def test_what_the_law_forbids_stops_the_run(
    decide: Callable[[Order, View], Decision], why: str
) -> None:
    with pytest.raises(UnlawfulCommand, match=why) as caught:
        simulate(decide)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (str(again), again.order) == (str(caught.value), caught.value.order)


def test_a_team_of_another_category_may_not_be_offered_the_order() -> None:
    def stranger(order: Order, view: View) -> Decision:
        lawful = set(view.candidates(order).arrays().teams)
        team = next(t.id for t in tape.city.teams if t.id not in lawful)
        assert view.home(team) in view.hierarchy
        return Offer(order.id, (team,), DAY)

    tape = simulate("nearest").tape
    with pytest.raises(UnlawfulCommand, match="may not be asked"):
        run_tape(tape, Policy(stranger))


def test_two_decisions_about_one_order_are_one_too_many() -> None:
    class Twice:
        period = 0

        def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:  # noqa: ARG002 - the contract
            return [Wait(order.id, view.now + HOUR) for order in (*orders, *orders)]

    scenario = load_scenario("wujiang").with_values(SMALL)
    with pytest.raises(UnlawfulCommand, match="not asked about"):
        run(scenario, Twice(), seed=11, replication=0)


# ------------------------------------------------------------------ other loops


def simulate_in(
    name: str,
    *,
    horizon: dict[str, float] | None = None,
    **loop: Any,  # noqa: ANN401 - any field of the profile
) -> Run:
    changes = SMALL | {"own_activity.per_year": 0.0} | (horizon or {})
    scenario = load_scenario("wujiang").with_values(changes)
    area = scenario.area
    profile = attrs.evolve(area.profile, **loop)
    changed = attrs.evolve(area, profile=profile, digest=repr(loop))
    return run(attrs.evolve(scenario, area=changed), policy(name), seed=11, replication=0)


def test_where_nobody_reviews_a_team_is_asked_at_once() -> None:
    steps = (Step("接单", "accept", ("AcceptOffer",)),)
    done = simulate_in("nearest", review_within=None, steps=steps)
    stories = dispatched(done).values()
    reviews = [e for events in stories for e in events if isinstance(e, OrderReviewed)]
    placed = {e.order: e.at for events in stories for e in events if isinstance(e, OrderPlaced)}
    assert reviews
    assert all(placed[event.order] == event.at for event in reviews)


@pytest.mark.parametrize("name", ["nearest", "batch"])
def test_orders_of_a_monthly_issue_are_offered_on_its_days_alone(name: str) -> None:
    done = simulate_in(name, issue_days=(8, 12))
    first: dict[OrderId, OfferMade] = {}
    for event in done.log.events():
        if isinstance(event, OfferMade):
            first.setdefault(event.order, event)
    assert {moment(event.at, offset=8 * HOUR).day for event in first.values()} == {8, 12}


def test_only_teams_of_the_levels_that_take_orders_are_asked() -> None:
    done = simulate_in("nearest", takers=(Level.CENTER,))
    level = done.tape.city.hierarchy.site
    home = {team.id: level(team.home).level for team in done.tape.city.teams}
    asked = {e.team for es in dispatched(done).values() for e in es if isinstance(e, OfferMade)}
    assert asked
    assert {home[team] for team in asked} == {Level.CENTER}


@pytest.mark.parametrize(
    ("loop", "place"),
    [
        ({"issue_days": (1,)}, "own_activity.per_year"),
        (
            {"modes": (Mode.POOL,), "steps": (Step("抢", "grab", ("PostOrder",)),)},
            "own_activity.per_year",
        ),
        (
            {"steps": (Step("点", "order", ("PlaceOrder",), (Role.PROXY,)),)},
            "area.toml: loop.steps",
        ),
    ],
)
def test_a_loop_that_forbids_what_the_model_does_is_refused_before_it_runs(
    loop: dict[str, Any], place: str
) -> None:
    scenario = load_scenario("wujiang")
    changed = attrs.evolve(scenario.area, profile=attrs.evolve(scenario.area.profile, **loop))
    with pytest.raises(DefinitionError) as caught:
        attrs.evolve(scenario, area=changed)
    assert place in [fault.place for fault in caught.value.faults]


@pytest.mark.parametrize("name", loop_names())
def test_every_loop_that_ships_is_played_to_its_end_or_says_who_is_missing(name: str) -> None:
    """In a pool loop by `grab`, else by `nearest`; a model has no proxies who alone may order."""
    profile = load_loop(name).profile
    pool = Mode.DIRECTED not in profile.modes and Mode.SEVERAL not in profile.modes
    lacking = [
        command
        for command in (PlaceOrder, RateOrder)
        if command in profile.rules and Role.REQUESTER not in profile.rules[command].roles
    ]
    law = {
        field.name: getattr(profile, field.name)
        for field in attrs.fields(LoopProfile)
        if field.init and field.name != "name"
    }
    if lacking:
        with pytest.raises(DefinitionError, match="not by the requester, who gives it"):
            simulate_in("nearest", **law)
        return
    done = simulate_in("grab" if pool else "nearest", horizon={"horizon.runout_days": 45}, **law)
    ended = [events[-1] for events in dispatched(done).values()]
    assert ended
    assert {type(event) for event in ended} <= {OrderClosed, OrderUnserved}
