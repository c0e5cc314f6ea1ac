"""Dispatch: when a service fits, who may lawfully be asked, and whom each policy asks."""

from __future__ import annotations

import math
import pickle
from collections import Counter
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from practice_core.dispatch import (
    POLICIES,
    Grid,
    HomeFirst,
    Ineligible,
    Nearest,
    Offer,
    Policy,
    Random,
    Roster,
    Slot,
    Wait,
    ineligible,
    policy,
    roster,
)
from practice_core.errors import DefinitionError, UnknownName
from practice_core.hierarchy import Hierarchy, Level, Site
from practice_core.keyed import Draws, Purpose
from practice_core.orders import (
    UNCONDITIONAL,
    Conditions,
    OpenOffer,
    Order,
    OrderState,
    Refusal,
    Request,
    RequestedTime,
)
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, MINUTE, WEEK, ActorId, OrderId, SiteId, TeamId
from practice_core.volunteers import DayParts, Team

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from practice_core.dispatch import Candidate, Candidates, Decision, Draw, Key

MONDAY = 18_323 * DAY - 8 * HOUR  # 2020-03-02, 00:00 in China
WEEKS = 3
BLOCKS = 21
NINE_TO_NINE = DayParts(((8 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR), (18 * HOUR, 21 * HOUR)))
Z4 = 3.2e-5  # the upper tail of a normal beyond four standard deviations


def site(name: str, level: Level, parent: str | None, lon: float, lat: float) -> Site:
    above = None if parent is None else SiteId(parent)
    return Site(SiteId(name), name, level, above, lon, lat, synthetic=True)


# A station and its institute at one place, two stations far away: ties and long ways back.
NETWORK = Hierarchy(
    [
        site("c", Level.CENTER, None, 120.60, 31.10),
        site("i1", Level.INSTITUTE, "c", 120.60, 31.10),
        site("i2", Level.INSTITUTE, "c", 120.90, 31.10),
        site("s1", Level.STATION, "i1", 120.60, 31.15),
        site("s2", Level.STATION, "i1", 120.60, 31.15),
        site("s3", Level.STATION, "i2", 121.20, 31.10),
        site("p1", Level.SPOT, "s1", 120.62, 31.15),
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


def order(**changes: Any) -> Order:  # noqa: ANN401 - any field of a request or an order
    fields: dict[str, Any] = {
        "id": OrderId("order-1"),
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
    asked, offers = changes.pop("asked", ()), changes.pop("offers", ())
    request = Request(**fields | changes)
    return Order(
        request=request,
        state=OrderState.REVIEWED,
        version=2,
        attempts=0,
        holder=SiteId("c"),
        offers=offers,
        team=None,
        start=None,
        due_at=request.latest,
        due=None,
        opening=0,
        asked=asked,
    )


GRID = Grid(NINE_TO_NINE, MONDAY, WEEKS)


def roster_of(teams: Iterable[Team], kind: type[Roster] = Roster, grid: Grid = GRID) -> Roster:
    return kind(tuple(teams), NETWORK, grid=grid, ties=Draws(7, 0, Purpose.POLICY))


@attrs.frozen
class Desk:
    """A view on a roster at an instant."""

    roster: Roster
    now: int = MONDAY
    hierarchy: Hierarchy = NETWORK

    def candidates(self, order: Order, *, within: SiteId | None = None) -> Candidates:
        return self.roster.candidates(order, self.now, within)

    def home(self, team: TeamId) -> SiteId:
        return self.roster.teams[self.roster.index[team]].home

    def waiting(self, scope: SiteId | None = None) -> Sequence[Order]:
        raise NotImplementedError(scope)


DRAW: Draw = Draws(7, 0, Purpose.POLICY)


def decide(by: Policy, desk: Desk, *orders: Order) -> list[Decision]:
    return list(by.choose(orders, desk, DRAW))


# ---------------------------------------------------------------------------- the same, by hand


@cache
def fits(parts: DayParts, asked: RequestedTime, duration: int) -> list[tuple[int, int, int, int]]:
    """Starts in one week as (day, part, blocks, minutes to the next block), found one by one."""
    found = []
    for day, part in product(range(7), range(3)):
        begins = parts.spans[part][0] // MINUTE
        ends = begins + duration
        touched = [n for n in range(part, 3) if parts.spans[n][0] // MINUTE < ends]
        evening_or_weekend = [day >= 5 or n == 2 for n in touched]
        wanted = {
            RequestedTime.ANY: True,
            RequestedTime.WEEKDAY_DAY: not any(evening_or_weekend),
            RequestedTime.EVENING_WEEKEND: all(evening_or_weekend),
        }[asked]
        if not wanted or (touched[-1] == 2 and ends > parts.spans[2][1] // MINUTE):
            continue
        later = [parts.spans[n][0] // MINUTE - ends for n in range(touched[-1] + 1, 3)]
        found.append((day, part, len(touched), later[0] if later else -1))
    return found


@attrs.define
class Books:
    """What is booked, kept by this test: members by (team, block), jobs by (team, week)."""

    roster: Roster
    members: Counter[tuple[TeamId, int]] = attrs.field(factory=Counter)
    jobs: Counter[tuple[TeamId, int]] = attrs.field(factory=Counter)

    def write(self, name: TeamId, slot: Slot, members: int, sign: int = 1) -> None:
        for block in range(slot.block, slot.block + slot.blocks):
            self.members[name, block] += sign * members
        self.jobs[name, slot.block // BLOCKS] += sign

    def slot(self, one: Team, wanted: Order, now: int) -> Slot | None:
        """The first time at which a team may and can come."""
        request = wanted.request
        if request.category not in one.categories or one.id in wanted.asked:
            return None
        km = self.roster.km(request.site, one.id)
        low = max(request.earliest, now + 2 * HOUR)
        for week in range(WEEKS):
            if self.jobs[one.id, week] >= one.jobs_per_week:
                continue
            for day, part, blocks, slack in fits(
                NINE_TO_NINE, request.requested_time, request.duration
            ):
                start = MONDAY + week * WEEK + day * DAY + NINE_TO_NINE.spans[part][0]
                end = start + request.duration * MINUTE
                back_late = 0 <= slack * MINUTE < math.floor(2 * km / 25 * HOUR)
                block = week * BLOCKS + day * 3 + part
                busy = range(block, block + blocks + back_late)
                free = min(one.free[n % BLOCKS] - self.members[one.id, n] for n in busy)
                if start >= low and end <= request.latest and free >= request.needed:
                    return Slot(start, end, block, len(busy))
        return None

    def lawful(self, wanted: Order, now: int) -> list[TeamId]:
        """All teams that may and can come, nearest first, ties by hash."""
        found = [one for one in self.roster.teams if self.slot(one, wanted, now)]
        return [name for _, _, name in sorted(self.rank(wanted, one) for one in found)]

    def rank(self, wanted: Order, one: Team) -> tuple[float, float, TeamId]:
        tie = Draws(7, 0, Purpose.POLICY).uniform(wanted.id, one.id)
        return self.roster.km(wanted.request.site, one.id), tie, one.id


@st.composite
def teams(draw: st.DrawFn) -> list[Team]:
    found = []
    homes = draw(st.sampled_from([SITES, SITES, SITES[-3:]]))  # the last with more ties
    for n in range(draw(st.sampled_from([0, 1, 2, 4, 5, 6]))):
        members = draw(st.sampled_from([1, 3, 4, 6]))
        few = st.sampled_from([0, members // 2, members, members])
        kinds = draw(st.tuples(few, few, few, few))
        free = [kinds[2 * (day >= 5) + (part == 2)] for day in range(7) for part in range(3)]
        free[draw(st.integers(0, 20))] = 0
        found.append(
            team(
                f"t{n}",
                draw(st.sampled_from(homes)),
                categories=draw(st.sampled_from([(Category.LAW,), (Category.AID, Category.LAW)])),
                members=members,
                jobs_per_week=draw(st.integers(1, 2)),
                free=tuple(free),
            )
        )
    return found


@st.composite
def orders(draw: st.DrawFn, name: str = "order-1") -> Order:
    # Named values: of wide ranges Hypothesis would draw windows in which nobody can come.
    earliest = draw(st.sampled_from([-24, 0, 9, 60, 130]))
    latest = earliest + draw(st.sampled_from([2, 13, 50, 120, 200, 300]))
    return order(
        id=OrderId(name),
        site=draw(st.sampled_from(SITES)),
        category=draw(st.sampled_from([Category.LAW] * 4 + [Category.AID])),
        earliest=MONDAY + earliest * HOUR,
        latest=MONDAY + latest * HOUR + draw(st.integers(-1, 1)),
        needed=draw(st.sampled_from([1, 1, 2, 3])),
        duration=draw(
            st.sampled_from([30, 60, 90, 180, 240, 270, 300, 480]) | st.integers(15, 600)
        ),
        requested_time=draw(st.sampled_from(RequestedTime)),
        asked=draw(st.sampled_from([(), (), ("t0",), ("t2", "t1")])),
    )


instants = st.sampled_from([0, 6, 30, 80, 170]).map(lambda hours: MONDAY + hours * HOUR)


@st.composite
def booked(draw: st.DrawFn) -> tuple[Roster, Books, list[Any]]:
    """A roster on which some jobs are booked as they come, the same written down by hand."""
    made = roster_of(draw(teams()))
    books, jobs = Books(made), []
    for n in range(draw(st.integers(0, 8)) if made.teams else 0):
        wanted = draw(orders(f"job-{n}"))
        name = draw(st.sampled_from(made.ids))
        slot = made.slot(wanted, name, MONDAY)
        if slot is not None:
            made.book(made.index[name], slot, wanted.request.needed)
            books.write(name, slot, wanted.request.needed)
            jobs.append((name, slot, wanted.request.needed))
    return made, books, jobs


# ---------------------------------------------------------------------------- blocks


@given(
    edges=st.lists(st.integers(0, 47), min_size=6, max_size=6, unique=True).map(sorted),
    asked=st.sampled_from(RequestedTime),
    duration=st.integers(1, 900),
    window=st.tuples(st.integers(-168, WEEKS * 168), st.integers(0, 336), st.integers(-1, 1)),
)
@example([16, 24, 26, 34, 36, 42], RequestedTime.ANY, 780, (0, 168, 0))
@example([16, 24, 26, 34, 36, 42], RequestedTime.ANY, 60, (-100, 200, 0))
def test_a_service_fits_if_every_block_it_touches_does(
    edges: list[int], asked: RequestedTime, duration: int, window: tuple[int, int, int]
) -> None:
    hour, hours, more = window
    half_hours = [n * 30 * MINUTE for n in edges]
    parts = DayParts(tuple(zip(half_hours[::2], half_hours[1::2], strict=True)))
    low, latest = MONDAY + hour * HOUR + more, MONDAY + (hour + hours) * HOUR
    found = Grid(parts, MONDAY, WEEKS).starts(asked, duration, low, latest)
    by_hand = []
    for week in range(WEEKS):
        for day, part, blocks, slack in fits(parts, asked, duration):
            start = MONDAY + week * WEEK + day * DAY + parts.spans[part][0]
            if start >= low and start + duration * MINUTE <= latest:
                wait = slack * MINUTE if slack >= 0 else WEEK
                by_hand.append((start, week * BLOCKS + day * 3 + part, blocks, wait))
    assert found == by_hand


@pytest.mark.parametrize(
    ("asked", "duration", "blocks_a_week", "touched"),
    [
        (RequestedTime.WEEKDAY_DAY, 240, 10, {1}),
        (RequestedTime.WEEKDAY_DAY, 300, 10, {1}),  # to the end of the gap
        (RequestedTime.WEEKDAY_DAY, 301, 5, {2}),  # afternoon starts would reach the evening
        (RequestedTime.WEEKDAY_DAY, 601, 0, set()),
        (RequestedTime.EVENING_WEEKEND, 180, 11, {1}),
        (RequestedTime.EVENING_WEEKEND, 181, 4, {1}),
        (RequestedTime.ANY, 180, 21, {1}),
        (RequestedTime.ANY, 780, 7, {3}),  # from eight to nine
        (RequestedTime.ANY, 781, 0, set()),
    ],
)
def test_services_of_a_day_of_three_blocks(
    asked: RequestedTime, duration: int, blocks_a_week: int, touched: set[int]
) -> None:
    found = Grid(NINE_TO_NINE, MONDAY, 1).starts(asked, duration, MONDAY, MONDAY + WEEK)
    assert len(found) == blocks_a_week
    assert {blocks for _, _, blocks, _ in found} == touched


# ---------------------------------------------------------------------------- the law


@pytest.mark.parametrize("host", ["t1", "t9", None])
def test_the_first_reason_against_a_team_is_given(host: str | None) -> None:
    for other_category, too_few, asked in product([True, False], repeat=3):
        one = team("t1", categories=(Category.AID,) if other_category else (Category.LAW,))
        wanted = order(needed=6 if too_few else 5, host=host, asked=("t1",) if asked else ("t2",))
        reasons = {
            Ineligible.ASKED: asked,
            Ineligible.CATEGORY: other_category,
            Ineligible.MEMBERS: too_few and host != "t1",
        }
        first = next((reason for reason, holds in reasons.items() if holds), None)
        assert ineligible(one, wanted) is first


def test_reasons_stand_in_order_of_precedence() -> None:
    refusals = [Refusal(reason.value) for reason in Ineligible]
    assert refusals == [one for one in Refusal if one in refusals]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "home": st.sampled_from(SITES),
                "youngest": st.integers(14, 20),
                "guardians": st.booleans(),
                "insured": st.booleans(),
                "skills": st.sampled_from([frozenset(), frozenset({"first-aid"})]),
                "qualifications": st.sampled_from([frozenset(), frozenset({"lawyer"})]),
            }
        ),
        max_size=6,
    ),
    st.builds(
        Conditions,
        min_age=st.sampled_from([0, 16]),
        skills=st.sampled_from([frozenset(), frozenset({"first-aid"})]),
        qualifications=st.sampled_from([frozenset(), frozenset({"lawyer"})]),
        danger=st.booleans(),
    )
    | st.just(UNCONDITIONAL),
    st.sets(st.sampled_from(Level), max_size=2),
)
def test_no_policy_sees_a_team_that_the_law_keeps_from_an_order(
    has: list[dict[str, Any]], asked: Conditions, takers: set[Level]
) -> None:
    """Age, guardians, skill, qualification, insurance, and the level of its home."""
    all_ = [team(f"t{n}", **one) for n, one in enumerate(has)]
    made = Roster(all_, NETWORK, grid=GRID, ties=Draws(7, 0, Purpose.POLICY), takers=takers)
    wanted = order(conditions=asked)
    lawful = {
        one.id
        for one in all_
        if ineligible(one, wanted) is None
        and (not takers or NETWORK.site(one.home).level in takers)
    }
    found = made.candidates(wanted, MONDAY)
    assert {one.team for one in found} == lawful == {*found.arrays().teams}
    assert {one.id for one in all_ if made.slot(wanted, one.id, MONDAY)} == lawful


# ---------------------------------------------------------------------------- who may be offered


def check_lawful(made: Roster, books: Books, wanted: Order, now: int) -> None:
    lawful = books.lawful(wanted, now)
    found = made.candidates(wanted, now)
    assert [one.team for one in found] == lawful
    assert found.arrays().teams == tuple(lawful)
    for one in made.teams:
        assert made.slot(wanted, one.id, now) == books.slot(one, wanted, now)


@given(booked(), orders(), instants)
@settings(max_examples=120)
def test_the_candidates_are_the_teams_found_one_by_one(
    state: tuple[Roster, Books, list[Any]], wanted: Order, now: int
) -> None:
    made, books, _ = state
    check_lawful(made, books, wanted, now)


class Overworked(Roster):
    """A planted fault: it forgets how many jobs a week a team takes."""

    def book(self, team: int, slot: Slot, members: int) -> None:
        super().book(team, slot, members)
        self.jobs[team] = 0


class Hasty(Grid):
    """A planted fault: a service touches the block in which it starts and no other."""

    def starts(self, *asked: Any) -> Any:  # noqa: ANN401 - as it is
        return [(start, block, 1, WEEK) for start, block, _, _ in super().starts(*asked)]


def test_a_roster_that_forgets_the_jobs_of_a_week_is_found_out() -> None:
    one, wanted = team("t1", jobs_per_week=1), order(latest=MONDAY + 3 * DAY)
    for kind, is_right in ((Roster, True), (Overworked, False)):
        made = roster_of([one], kind)
        books = Books(made)
        slot = made.slot(wanted, one.id, MONDAY)
        assert slot is not None
        made.book(0, slot, 2)
        books.write(one.id, slot, 2)
        if is_right:
            check_lawful(made, books, wanted, MONDAY)
        else:
            with pytest.raises(AssertionError):
                check_lawful(made, books, wanted, MONDAY)


def test_a_grid_that_looks_at_the_first_block_only_is_found_out() -> None:
    mornings, wanted = team("t1", free=(5, 0, 0) * 7), order(duration=310)
    for grid, is_right in ((GRID, True), (Hasty(NINE_TO_NINE, MONDAY, WEEKS), False)):
        made = roster_of([mornings], grid=grid)
        if is_right:
            check_lawful(made, Books(made), wanted, MONDAY)
        else:
            with pytest.raises(AssertionError):
                check_lawful(made, Books(made), wanted, MONDAY)


@given(booked(), orders(), instants, st.integers(0, 7))
@settings(max_examples=50)
def test_candidates_one_by_one_are_the_candidates_as_columns(
    state: tuple[Roster, Books, list[Any]], wanted: Order, now: int, k: int
) -> None:
    made = state[0]
    for n in range(len(made.teams)):
        made.note_offer(n, now - n * DAY)
        made.note_accepted(n, now, 90 * n)
    found = made.candidates(wanted, now)
    columns = found.arrays()
    fields = ("km", "load", "open_jobs", "minutes_28d", "offers_7d", "tie")
    for n, one in enumerate(found):
        assert columns.teams[n] == one.team
        assert made.teams[made.index[one.team]].home == one.home
        assert [getattr(columns, name)[n] for name in fields] == [
            getattr(one, name) for name in fields
        ]
        last = columns.last_offered_at[n]
        assert (None if last < 0 else last) == one.last_offered_at
    assert len(columns.teams) == len(list(found))
    first = found.arrays(k)
    for field in attrs.fields(type(columns)):
        assert list(getattr(first, field.name)) == list(getattr(columns, field.name))[:k]


@given(booked(), orders(), instants, st.sampled_from(SITES))
@settings(max_examples=50)
def test_a_scope_keeps_the_teams_homed_in_it_in_their_order(
    state: tuple[Roster, Books, list[Any]], wanted: Order, now: int, within: SiteId
) -> None:
    made = state[0]
    inside = NETWORK.scope(within)
    everybody = list(made.candidates(wanted, now))
    assert list(made.candidates(wanted, now, within)) == [
        one for one in everybody if one.home in inside
    ]


@given(booked(), st.lists(orders(), max_size=4))
@settings(max_examples=50)
def test_what_is_kept_for_the_next_asking_changes_nothing(
    state: tuple[Roster, Books, list[Any]], wanted: list[Order]
) -> None:
    made = state[0]
    kept = [list(made.candidates(one, MONDAY)) for one in wanted]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roster, "_CACHED", 5)
        anew = roster_of(made.teams)
        for name, slot, members in state[2]:
            anew.book(anew.index[name], slot, members)
        assert [list(anew.candidates(one, MONDAY)) for one in wanted] == kept


def test_a_tie_stands_by_its_hash_one_by_one_and_as_columns() -> None:
    made = roster_of(team(f"t{n:02d}", ("s1", "s2")[n % 2]) for n in range(20))
    found = made.candidates(order(), MONDAY)
    assert [one.km for one in found] == [0.0] * 20
    ties = [one.tie for one in found]
    assert ties == sorted(ties)
    assert found.arrays().teams == tuple(one.team for one in found)
    assert found.arrays(5).teams == tuple(one.team for one in found)[:5]


def test_a_way_is_1_3_times_the_great_circle() -> None:
    made = roster_of([team("near", "s1"), team("far", "s3")])
    lon, lat = math.radians(121.20 - 120.60), math.radians(31.10)
    chord = math.cos(lat) * math.sin(lon / 2)
    assert made.km(SiteId("i1"), TeamId("far")) == pytest.approx(
        1.3 * 2 * 6371.0088 * math.asin(chord), rel=1e-6
    )
    assert made.km(SiteId("s2"), TeamId("near")) == 0
    assert made.km_from(SiteId("s2"))[made.index[TeamId("near")]] == 0


def test_a_team_that_comes_home_late_is_busy_in_the_next_block() -> None:
    # 74 km one way at 25 km/h are six hours there and back; 8:00 to 10:00 leaves three to 13:00.
    made = roster_of([team("far", "s3")])
    wanted = order(duration=120, site=SiteId("i1"))
    slot = made.slot(wanted, TeamId("far"), MONDAY - DAY)
    assert slot == Slot(MONDAY + 8 * HOUR, MONDAY + 10 * HOUR, 0, 2)
    no_afternoon = team("far", "s3", free=(5, 0, 5) * 7)
    slot = roster_of([no_afternoon]).slot(wanted, TeamId("far"), MONDAY - DAY)
    assert slot == Slot(MONDAY + 18 * HOUR, MONDAY + 20 * HOUR, 2, 1)


def test_a_team_at_home_is_back_as_the_next_block_begins() -> None:
    made = roster_of([team("t1", free=(5, 0, 5) * 7)])
    wanted = order(duration=300, site=SiteId("s2"), latest=MONDAY + DAY)
    assert made.slot(wanted, TeamId("t1"), MONDAY) == Slot(
        MONDAY + 8 * HOUR, MONDAY + 13 * HOUR, 0, 1
    )
    check_lawful(made, Books(made), wanted, MONDAY)


def test_a_job_is_booked_two_hours_ahead_or_later() -> None:
    made = roster_of([team("t1")])
    at_six = made.slot(order(), TeamId("t1"), MONDAY + 6 * HOUR)
    later = made.slot(order(), TeamId("t1"), MONDAY + 6 * HOUR + 1)
    assert (at_six and at_six.block, later and later.block) == (0, 1)


def test_a_team_asked_already_may_still_answer_the_offer_it_holds() -> None:
    made = roster_of([team("t1")])
    asked = order(asked=("t1",))
    assert made.slot(asked, TeamId("t1"), MONDAY) is None
    open_offer = order(asked=("t1",), offers=(OpenOffer(TeamId("t1"), MONDAY + DAY),))
    assert made.slot(open_offer, TeamId("t1"), MONDAY) is not None


def test_a_team_that_left_the_roster_is_no_candidate_and_no_obstacle() -> None:
    made = roster_of([team("t1")])
    assert [one.team for one in made.candidates(order(asked=("gone",)), MONDAY)] == ["t1"]


def test_a_roster_of_nobody_has_no_candidates() -> None:
    made = roster_of([])
    assert list(made.candidates(order(), MONDAY)) == []
    assert made.candidates(order(), MONDAY).arrays().teams == ()


def test_unknown_homes_and_equal_ids_are_named_at_once() -> None:
    with pytest.raises(DefinitionError) as refused:
        roster_of([team("t1"), team("t2", "s9"), team("t1"), team("t3", "s8")])
    assert [fault.place for fault in refused.value.faults] == [
        "team t2: home",
        "team t3: home",
        "team t1",
    ]


# ---------------------------------------------------------------------------- booking


@given(booked(), st.randoms(use_true_random=False))
def test_no_team_is_over_its_members_or_its_jobs_and_releasing_undoes_booking(
    state: tuple[Roster, Books, list[Any]],
    random: Any,  # noqa: ANN401 - Hypothesis' own
) -> None:
    made, books, jobs = state
    for n, one in enumerate(made.teams):
        for block in range(WEEKS * BLOCKS):
            taken = books.members[one.id, block]
            assert 0 <= taken <= one.free[block % BLOCKS]
            assert made.free[n, block] == one.free[block % BLOCKS] - taken
        for week in range(WEEKS):
            assert made.jobs[n, week] == books.jobs[one.id, week] <= one.jobs_per_week
    random.shuffle(jobs)
    for name, slot, members in jobs:
        made.release(made.index[name], slot, members)
    untouched = roster_of(made.teams)
    assert np.array_equal(made.free, untouched.free)
    assert np.array_equal(made.jobs, untouched.jobs)


# ---------------------------------------------------------------------------- what is remembered

steps = st.lists(
    st.tuples(
        st.sampled_from(["offer", "accept", "done"]),
        st.integers(0, 1),
        st.sampled_from([0, 1, HOUR, 6 * DAY, 7 * DAY - 1, 7 * DAY, 21 * DAY, 28 * DAY]),
    ),
    max_size=12,
)


@given(steps)
def test_jobs_are_remembered_for_28_days_and_offers_for_7(
    happened: list[tuple[str, int, int]],
) -> None:
    made = roster_of([team("t0", jobs_per_week=1), team("t1", jobs_per_week=2)])
    now = MONDAY
    offers: list[tuple[int, int]] = []
    accepted: list[tuple[int, int, int]] = []
    done = Counter[int]()
    for what, n, later in happened:
        now += later
        if what == "offer":
            made.note_offer(n, now)
            offers.append((n, now))
        elif what == "accept":
            made.note_accepted(n, now, 60 + n)
            accepted.append((n, now, 60 + n))
        else:
            made.note_done(n)
            done[n] += 1
        made.forget(now)
        for k in (0, 1):
            recent = [minutes for m, at, minutes in accepted if m == k and now - at < 28 * DAY]
            seen = [at for m, at in offers if m == k]
            found = made.candidate(k, 1.5, 0.25)
            assert found.load == made.load_of(k) == len(recent) / (4 * (k + 1))
            assert found.minutes_28d == sum(recent)
            assert found.open_jobs == sum(m == k for m, _, _ in accepted) - done[k]
            notes = sum(now - at < 7 * DAY for at in seen)
            assert found.offers_7d == made.notes_of(k) == notes
            assert found.last_offered_at == (seen[-1] if seen else None)


def test_asking_for_candidates_forgets_what_is_too_old() -> None:
    made = roster_of([team("t1")])
    made.note_offer(0, MONDAY)
    made.note_accepted(0, MONDAY, 180)
    wanted = order(latest=MONDAY + WEEKS * WEEK)
    (soon,) = made.candidates(wanted, MONDAY + 7 * DAY - 1)
    (later,) = made.candidates(wanted, MONDAY + 7 * DAY)
    assert (soon.offers_7d, later.offers_7d) == (1, 0)
    assert later.load == 1 / 8


# ---------------------------------------------------------------------------- policies


@given(booked(), orders(), instants)
def test_each_policy_asks_the_team_that_its_rule_names(
    state: tuple[Roster, Books, list[Any]], wanted: Order, now: int
) -> None:
    made, books, _ = state
    wanted = attrs.evolve(wanted, asked=tuple(t for t in wanted.asked if t in made.index))
    desk = Desk(made, now)
    lawful = books.lawful(wanted, now)
    wait = Wait(wanted.id, now + 12 * HOUR)

    def offer(to: TeamId) -> Offer:
        return Offer(wanted.id, (to,), DAY)

    def tie(name: TeamId) -> float:
        return books.rank(wanted, made.teams[made.index[name]])[1]

    assert decide(Nearest(), desk, wanted) == [offer(lawful[0]) if lawful else wait]
    assert decide(Random(), desk, wanted) == [offer(min(lawful, key=tie)) if lawful else wait]
    for tries in (1, 2, 3):
        named = by_home(made, wanted, lawful, tries)
        expected = wait if named is None else offer(named)
        assert decide(HomeFirst(tries), desk, wanted) == [expected]


def by_home(made: Roster, wanted: Order, lawful: list[TeamId], tries: int) -> TeamId | None:
    """Level by level: the ring of sites that a level adds to those below it."""
    home = {one.id: one.home for one in made.teams}
    below: frozenset[SiteId] = frozenset()
    for above in NETWORK.chain(wanted.request.site):
        scope = NETWORK.scope(above)
        ring = scope - below
        asked = sum(home[name] in ring for name in wanted.asked)
        here = [name for name in lawful if home[name] in ring]
        if above == NETWORK.root.id:
            return lawful[0] if lawful else None
        if asked < tries and here:
            return here[0]
        below = scope
    raise AssertionError(wanted)


def asked_by_home_first(made: Roster) -> list[TeamId]:
    """Teams in the order in which they are asked for one order of station s1, to the last."""
    asked: list[TeamId] = []
    while True:
        (decision,) = decide(HomeFirst(), Desk(made), order(asked=tuple(asked)))
        if not isinstance(decision, Offer):
            assert decision == Wait(OrderId("order-1"), MONDAY + 12 * HOUR)
            return asked
        asked.extend(decision.teams)


def test_home_first_asks_three_of_the_station_then_the_institute_then_the_county() -> None:
    at_station = [team(f"t{n}", "s1") for n in range(5)]
    asked = asked_by_home_first(
        roster_of([*at_station, team("other", "i1"), team("town", "i2"), team("center", "c")])
    )
    # The other team of the institute is farther than the station's fourth and fifth.
    assert asked[3] == "other"
    # The county asks all that are left, nearest first.
    assert set(asked[:3]) | set(asked[4:6]) == {one.id for one in at_station}
    assert asked[6:] == ["center", "town"]


def test_home_first_skips_a_level_without_anybody() -> None:
    asked = asked_by_home_first(roster_of([team("town", "i2"), team("far", "s3")]))
    assert asked == ["town", "far"]


def test_home_first_prefers_a_far_team_of_its_own_institute_to_a_near_one_of_another() -> None:
    wanted = order(site=SiteId("i2"))
    made = roster_of([team("own", "s3"), team("near", "c")])
    (decision,) = decide(HomeFirst(), Desk(made), wanted)
    assert decision == Offer(wanted.id, (TeamId("own"),), DAY)
    made = roster_of([team("own", "s3"), team("near", "i2")])
    (decision,) = decide(HomeFirst(), Desk(made), wanted)
    assert decision == Offer(wanted.id, (TeamId("near"),), DAY)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_nobody_lawful_means_waiting_half_a_day_or_for_the_next_tick(name: str) -> None:
    busy = team("t1", free=(0,) * BLOCKS)
    wanted = order()
    by = policy(name)
    assert decide(by, Desk(roster_of([busy])), wanted) == [
        Wait(wanted.id, MONDAY + (by.period or 12 * HOUR))
    ]


@pytest.mark.parametrize("name", sorted(n for n, by in POLICIES.items() if not by.period))
@given(made=teams(), wanted=st.lists(orders(), min_size=1, max_size=3), now=instants)
@settings(max_examples=20)
def test_orders_are_decided_each_by_itself(
    name: str, made: list[Team], wanted: list[Order], now: int
) -> None:
    alone = [attrs.evolve(one, asked=()) for one in wanted]
    desk = Desk(roster_of(made), now)
    together = decide(policy(name), desk, *alone)
    assert together == [decision for one in alone for decision in decide(policy(name), desk, one)]


def decisions(kind: type[Roster], teams: Sequence[Team], wanted: Order) -> list[Decision]:
    desk = Desk(roster_of(teams, kind))
    return [
        decision
        for by in (Nearest(), Random(), HomeFirst(), HomeFirst(tries=1))
        for decision in decide(by, desk, wanted)
    ]


@given(teams(), orders(), st.randoms(use_true_random=False))
def test_the_order_in_which_the_teams_are_given_changes_no_decision(
    made: list[Team],
    wanted: Order,
    random: Any,  # noqa: ANN401 - Hypothesis' own
) -> None:
    wanted = attrs.evolve(wanted, asked=())
    shuffled = random.sample(made, len(made))
    assert decisions(Roster, made, wanted) == decisions(Roster, shuffled, wanted)


class ByPlace(Roster):
    """A planted fault: ties go to the team that was given first."""

    def __init__(self, teams: Sequence[Team], hierarchy: Hierarchy, **fields: Any) -> None:  # noqa: ANN401 - as it is
        super().__init__(teams, hierarchy, **fields)
        self._place = [teams.index(one) for one in self.teams]

    def tie(self, order: Order, team: int) -> float:
        return self._place[team] / len(self.teams) + 0 * super().tie(order, team)


def shares(kind: type[Roster], by: Policy, made: Sequence[Team], count: int) -> Counter[TeamId]:
    """How often each team is the first to be asked, over as many orders."""
    desk = Desk(roster_of(made, kind))
    found: Counter[TeamId] = Counter()
    for n in range(count):
        (decision,) = decide(by, desk, order(id=OrderId(f"order-{n}")))
        assert isinstance(decision, Offer)
        found.update(decision.teams)
    return found


def uneven(found: Counter[TeamId], teams: int, count: int) -> bool:
    """Whether chi-square tells the counts from equal ones at four standard deviations."""
    expected = count / teams
    misfit = sum((seen - expected) ** 2 for seen in found.values()) / expected
    misfit += (teams - len(found)) * expected
    return misfit > chi2.isf(Z4, teams - 1)


def test_a_tie_goes_to_each_team_equally_often() -> None:
    ten = [team(f"t{n}") for n in range(10)]
    for by in (Nearest(), Random(), HomeFirst()):
        assert not uneven(shares(Roster, by, ten, 600), 10, 600)


def test_a_tie_rule_by_place_is_found_out() -> None:
    ten = [team(f"t{n}") for n in range(10)]
    assert uneven(shares(ByPlace, Nearest(), ten, 100), 10, 100)
    wanted = order()
    assert decisions(ByPlace, ten, wanted) != decisions(ByPlace, ten[::-1], wanted)


def test_random_does_not_look_at_the_distance() -> None:
    spread = [team(f"t{n}", home) for n, home in enumerate(["s1", "s2", "i2", "s3", "c"])]
    assert not uneven(shares(Roster, Random(), spread, 600), 5, 600)
    assert set(shares(Roster, Nearest(), spread, 100)) == {"t0", "t1"}


@given(teams(), orders())
def test_another_team_changes_a_decision_only_in_its_own_favour(
    made: list[Team], wanted: Order
) -> None:
    wanted = attrs.evolve(wanted, asked=())
    assume(made)
    *old, new = made
    for by in (Nearest(), Random(), HomeFirst()):
        (before,) = decide(by, Desk(roster_of(old)), wanted)
        (after,) = decide(by, Desk(roster_of(made)), wanted)
        assert after == before or after == Offer(wanted.id, (new.id,), DAY)


@pytest.mark.parametrize("found", [Nearest(), Random(), HomeFirst()], ids=str)
def test_a_policy_is_a_plain_value(found: Nearest | Random | HomeFirst) -> None:
    assert isinstance(found, Policy)
    assert found.period == 0
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - what was just written
    assert found in POLICIES.values()
    longer = type(found)(open_for=2 * HOUR)
    (decision,) = decide(longer, Desk(roster_of([team("t1")])), order())
    assert decision == Offer(OrderId("order-1"), (TeamId("t1"),), 2 * HOUR)


def test_an_unknown_policy_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownName, match="did you mean 'nearest'") as unknown:
        policy("nerest")
    assert unknown.value.known == tuple(sorted(POLICIES))


# ------------------------------------------------------------------ the least, and nobody


@given(made=teams(), wanted=orders(), now=instants, by=st.sampled_from(["tie", "load", "far"]))
def test_the_least_is_the_lawful_team_that_comes_first_by_its_key(
    made: list[Team], wanted: Order, now: int, by: str
) -> None:
    keys: dict[str, Key] = {
        "tie": lambda _: (),
        "load": lambda teams: (teams.load, teams.km),
        "far": lambda teams: (-teams.km,),
    }
    ranks = {"tie": (), "load": ("load", "km"), "far": ("-km",)}[by]
    on = roster_of(made)

    def rank(one: Candidate) -> tuple[float, ...]:
        parts = [-one.km if name == "-km" else getattr(one, name) for name in ranks]
        return (*parts, one.tie)

    every = list(roster_of(made).candidates(wanted, now))
    assert on.candidates(wanted, now).least(keys[by]) == min(every, key=rank, default=None)


@pytest.mark.parametrize("looked_at", [0, 1])
def test_the_least_is_the_same_however_many_are_looked_at_one_by_one(
    monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    made = [team(f"t{n}", free=((n % 3) * 2,) * BLOCKS) for n in range(20)]
    wanted = order(needed=2)
    expected = roster_of(made).candidates(wanted, MONDAY).least(lambda _: ())
    monkeypatch.setattr("practice_core.dispatch.roster._LOOKED_AT", looked_at)
    assert roster_of(made).candidates(wanted, MONDAY).least(lambda _: ()) == expected
    assert expected is not None


def test_a_released_team_is_found_by_an_order_that_had_nobody() -> None:
    made = roster_of([team("t1", jobs_per_week=1)])
    wanted = order()
    weeks = {start[1] // BLOCKS for start in made.starts(wanted, MONDAY)}
    jobs = [Slot(MONDAY, MONDAY + HOUR, week * BLOCKS, 1) for week in weeks]
    for job in jobs:
        made.book(0, job, 1)
    for _ in range(2):
        assert list(made.candidates(wanted, MONDAY)) == []
        assert made.candidates(wanted, MONDAY).least(lambda _: ()) is None
        assert made.candidates(wanted, MONDAY).arrays().teams == ()
    made.release(0, jobs[-1], 1)
    assert [one.team for one in made.candidates(wanted, MONDAY)] == ["t1"]


def test_an_order_that_had_nobody_has_nobody_until_a_team_is_released_that_may() -> None:
    busy, other = team("t1", free=(0,) * BLOCKS), team("t2", categories=(Category.AID,))
    made = roster_of([busy, other])
    wanted = order()
    assert list(made.candidates(wanted, MONDAY)) == []
    slot = Slot(MONDAY, MONDAY + HOUR, 0, 1)
    for released in (0, 1):
        made.book(released, slot, 0)
        made.release(released, slot, 0)
        assert list(made.candidates(wanted, MONDAY)) == []
