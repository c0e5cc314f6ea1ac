"""What a platform shows: only what the one who asks may read, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.areas import load_area
from practice_core.hierarchy import Level
from practice_core.journal import Credit
from practice_core.lifecycle import Role
from practice_core.orders import (
    Access,
    Actor,
    CancelOrder,
    CancelReason,
    EscalateOrder,
    OfferOrder,
    OrderState,
    PlaceOrder,
    PostOrder,
    ReviewOrder,
    Served,
    may,
)
from practice_core.service import Done, InstituteOrders, Limits, Page, Practice
from practice_core.terms import Category
from practice_core.units import DAY, ActorId, CommandId, OrderId, SiteId, VolunteerId

if TYPE_CHECKING:
    from practice_core.orders import Order, OrderCommand

from tests.practising import (
    ANN,
    AT_CENTER,
    AT_EAST,
    AT_EAST_1,
    AT_WEST,
    AT_WEST_1,
    BLUE,
    BOB,
    CENTER,
    EAST,
    EAST_1,
    EAST_2,
    GREEN,
    RED,
    SITES,
    SYSTEM,
    TEAMS,
    WEST,
    WEST_1,
    Days,
    of,
    request,
)
from tests.telling import MONDAY

PEOPLE = (ANN, BOB, AT_CENTER, AT_EAST, AT_WEST, AT_EAST_1, AT_WEST_1, of(RED), of(BLUE), of(GREEN))


def ids(page: Page[Order]) -> list[str]:
    return [order.id for order in page.items]


def busy() -> Days:
    """Six orders: Ann's and Bob's, east and west, on desks, with teams and over."""
    days = Days()
    days.placed("o-1", EAST_1)
    days.reviewed("o-2", EAST_2)
    days.reviewed("o-3", EAST_1, by=BOB)
    days.do("o-3", OfferOrder((RED, BLUE), DAY), AT_EAST_1)
    days.reviewed("o-4", WEST_1, by=BOB)
    days.do("o-4", PostOrder(DAY), AT_WEST_1)
    days.scheduled("o-5", team=BLUE)
    days.placed("o-6", WEST_1)
    days.do("o-6", CancelOrder(CancelReason.MISTAKE), ANN)
    return days


# ------------------------------------------------------------------ whose orders


def test_a_resident_sees_what_he_has_placed_ended_orders_too() -> None:
    practice = busy().practice
    assert ids(practice.orders_of(ANN.id, by=ANN)) == ["o-1", "o-2", "o-5", "o-6"]
    assert ids(practice.orders_of(ANN.id, by=BOB)) == []
    assert ids(practice.orders_of(ANN.id, by=AT_EAST)) == ["o-1", "o-2", "o-5"]
    assert ids(practice.orders_of(ANN.id, by=AT_CENTER)) == ["o-1", "o-2", "o-5", "o-6"]
    assert ids(practice.orders_of(ActorId("nobody"), by=AT_CENTER)) == []


def test_an_officer_finds_what_a_proxy_ordered_for_a_resident() -> None:
    days = Days()
    proxy = Actor(ActorId("proxy"), Role.PROXY)
    days.placed("o-1", by=proxy, for_whom=ANN.id)
    assert ids(days.practice.orders_of(ANN.id, by=AT_EAST_1)) == ["o-1"]
    assert ids(days.practice.orders_of(proxy.id, by=proxy)) == ["o-1"]


# ------------------------------------------------------------------ a station's board


def test_a_board_shows_what_is_under_way_at_a_site_and_below_it() -> None:
    practice = busy().practice
    assert ids(practice.board(EAST_1, by=AT_EAST_1)) == ["o-1", "o-3", "o-5"]
    assert ids(practice.board(EAST, by=AT_EAST)) == ["o-1", "o-2", "o-3", "o-5"]
    assert ids(practice.board(CENTER, by=AT_CENTER)) == ["o-1", "o-2", "o-3", "o-4", "o-5"]
    assert ids(practice.board(WEST, by=AT_EAST)) == []
    assert ids(practice.board(SiteId("nowhere"), by=AT_CENTER)) == []


def test_a_board_shows_a_desk_what_was_escalated_to_it_from_elsewhere() -> None:
    days = busy()
    days.do("o-2", EscalateOrder(), AT_CENTER)
    days.do("o-2", EscalateOrder(), AT_CENTER)
    assert days.order("o-2").holder == CENTER
    assert "o-2" in ids(days.practice.board(EAST_2, by=AT_EAST))  # it is still wanted there


# ------------------------------------------------------------------ a team's inbox and calendar


def test_an_inbox_holds_offers_what_may_be_grabbed_and_jobs() -> None:
    practice = busy().practice
    assert ids(practice.inbox(RED, by=of(RED))) == ["o-3", "o-4"]
    assert ids(practice.inbox(BLUE, by=of(BLUE))) == ["o-3", "o-4", "o-5"]
    assert ids(practice.inbox(GREEN, by=of(GREEN))) == ["o-4"]
    assert ids(practice.inbox(GREEN, by=of(RED))) == ["o-4"]  # the pool is for all
    assert ids(practice.inbox(BLUE, by=of(RED))) == ["o-3", "o-4"]
    assert ids(practice.inbox(BLUE, by=AT_EAST_1)) == ["o-3", "o-5"]


def test_an_inbox_holds_nothing_of_the_pool_that_the_team_may_not_serve() -> None:
    days = Days()
    days.reviewed("o-1", category=Category.LAW)
    days.do("o-1", PostOrder(DAY), AT_CENTER)
    days.reviewed("o-2", needed=6)
    days.do("o-2", PostOrder(DAY), AT_CENTER)
    assert ids(days.practice.inbox(RED, by=of(RED))) == ["o-1"]
    assert ids(days.practice.inbox(BLUE, by=of(BLUE))) == []


def test_a_calendar_shows_when_a_team_is_taken_to_those_who_may_read_the_order() -> None:
    days = busy()
    days.scheduled("o-7", team=BLUE, after=DAY // 2)
    mine = days.practice.calendar(BLUE, by=of(BLUE))
    assert [(one.order, one.members) for one in mine] == [("o-7", 3), ("o-5", 3)]
    assert days.practice.calendar(BLUE, by=AT_EAST_1) == mine
    assert days.practice.calendar(BLUE, by=AT_WEST) == ()
    assert days.practice.calendar(RED, by=AT_CENTER) == ()


# ------------------------------------------------------------------ the center


def test_the_center_sees_each_institute_and_what_lies_below_none() -> None:
    days = busy()
    days.placed("o-7", CENTER)
    counts = {
        EAST: {
            OrderState.PLACED: 1,
            OrderState.REVIEWED: 1,
            OrderState.OFFERED: 1,
            OrderState.SCHEDULED: 1,
        },
        WEST: {OrderState.POOLED: 1, OrderState.CANCELLED: 1},
        CENTER: {OrderState.PLACED: 1},
    }
    rows = days.practice.overview(days.at, by=AT_CENTER)
    assert {row.site: dict(row.states) for row in rows} == counts
    assert [row.overdue for row in rows] == [0, 0, 0]
    assert days.practice.overview(days.at, by=AT_EAST) == (InstituteOrders(EAST, counts[EAST], 0),)
    for nobody in (AT_EAST_1, ANN, of(RED), SYSTEM, attrs.evolve(AT_EAST, site=SiteId("no"))):
        assert days.practice.overview(days.at, by=nobody) == ()


def test_what_is_overdue_is_counted_and_listed() -> None:
    days = busy()
    days.later(DAY)
    late = [due.order for due in days.practice.due(days.at)]
    assert sorted(late) == ["o-3", "o-4"]
    assert ids(days.practice.overdue(days.at, by=AT_CENTER)) == ["o-3", "o-4"]
    assert ids(days.practice.overdue(days.at, by=AT_WEST)) == ["o-4"]
    overdue = {row.site: row.overdue for row in days.practice.overview(days.at, by=AT_CENTER)}
    assert overdue == {CENTER: 0, EAST: 1, WEST: 1}
    days.practice.tick(days.at)
    assert ids(days.practice.overdue(days.at, by=AT_CENTER)) == []


# ------------------------------------------------------------------ one order, one account


def test_a_history_tells_all_that_happened_to_those_who_may_read_it() -> None:
    days = busy()
    page = days.practice.history(OrderId("o-3"), by=BOB, limit=2)
    assert [event.kind for event in page.items] == ["order.placed", "order.reviewed"]
    rest = days.practice.history(OrderId("o-3"), by=BOB, after=page.after or 0)
    assert [event.kind for event in rest.items] == ["order.offer_made", "order.offer_made"]
    assert rest.after is None
    assert days.practice.history(OrderId("o-3"), by=ANN) == Page((), None)
    assert days.practice.history(OrderId("-"), by=AT_CENTER) == Page((), None)


def test_an_account_is_for_the_volunteer_and_the_center() -> None:
    days = Days()
    ann = VolunteerId("v-1")
    days.served("o-1", 90, Served(ann, 60))
    assert days.practice.account(ann, by=AT_CENTER) == Credit(ann, 60, 10)
    assert days.practice.account(ann, by=attrs.evolve(ANN, id=ActorId(ann))) == Credit(ann, 60, 10)
    for nobody in (ANN, AT_EAST, of(RED)):
        assert days.practice.account(ann, by=nobody) is None
    assert days.practice.account(VolunteerId("v-9"), by=AT_CENTER) == Credit(
        VolunteerId("v-9"), 0, 0
    )


# ------------------------------------------------------------------ pages


@given(limit=st.integers(-1, 9), count=st.integers(0, 12))
@settings(max_examples=25, deadline=None)
def test_pages_one_after_the_other_hold_everything_once(limit: int, count: int) -> None:
    days = Days(limits=Limits(page=5, commands_a_minute=10**6))
    for n in range(count):
        days.placed(f"o-{n}")
    for ask in ("board", "orders_of", "overdue"):
        found: list[str] = []
        after: int | None = 0
        while after is not None:
            if ask == "board":
                page = days.practice.board(EAST_1, by=ANN, after=after, limit=limit)
            elif ask == "orders_of":
                page = days.practice.orders_of(ANN.id, by=ANN, after=after, limit=limit)
            else:
                late = days.at + 365 * DAY
                page = days.practice.overdue(late, by=ANN, after=after, limit=limit)
            assert len(page.items) <= min(max(limit, 1), 5)
            found += ids(page)
            after = page.after
        assert found == [f"o-{n}" for n in range(count)], ask


def test_a_page_is_not_moved_by_what_happens_meanwhile() -> None:
    days = Days()
    for n in range(6):
        days.placed(f"o-{n}")
    page = days.practice.board(CENTER, by=AT_CENTER, limit=3)
    days.do("o-1", CancelOrder(CancelReason.MISTAKE), ANN)
    days.placed("o-6")
    rest = days.practice.board(CENTER, by=AT_CENTER, after=page.after or 0)
    assert ids(page) + ids(rest) == [f"o-{n}" for n in range(7)]


# ------------------------------------------------------------------ whoever asks


@pytest.mark.parametrize("by", PEOPLE, ids=lambda actor: actor.id)
def test_no_answer_holds_an_order_that_the_actor_may_not_read(by: Actor) -> None:
    days = busy()
    days.later(DAY)
    practice = days.practice
    answers = [
        *(practice.board(site.id, by=by) for site in SITES),
        *(practice.orders_of(who.id, by=by) for who in (ANN, BOB)),
        *(practice.inbox(team.id, by=by) for team in TEAMS),
        practice.overdue(days.at, by=by),
    ]
    shown = {order.id for page in answers for order in page.items}
    shown |= {one.order for team in TEAMS for one in practice.calendar(team.id, by=by)}
    readable = {
        key for key, order in practice.books.orders.items() if may(by, order, SITES) >= Access.READ
    }
    assert shown <= readable
    everybody = practice.books.orders
    assert {key for key in everybody if practice.order(key, by=by) is not None} == readable
    assert {key for key in everybody if practice.history(key, by=by).items} == readable


def test_an_allied_center_sees_what_it_holds_and_nothing_else() -> None:
    area = load_area("wujiang")
    practice = Practice.open("memory", area)
    site, at = practice.hierarchy.at_level(Level.STATION)[0].id, MONDAY
    route = practice.route(site)
    allied = Actor(ActorId("ally"), Role.OFFICER, site=route[1])
    assert allied.site not in practice.hierarchy
    center = Actor(ActorId("desk"), Role.OFFICER, site=practice.hierarchy.root.id)
    wanted = [request(key, site, at, route=route) for key in ("o-1", "o-2")]
    commands: list[tuple[OrderId, OrderCommand, Actor]] = [
        *((one.id, PlaceOrder(one), ANN) for one in wanted),
        *((one.id, ReviewOrder(), center) for one in wanted),
        (OrderId("o-1"), EscalateOrder(), center),
    ]
    for n, (key, command, by) in enumerate(commands):
        assert isinstance(practice.do(key, command, id=CommandId(f"c-{n}"), by=by, at=at), Done)
    assert ids(practice.board(route[1], by=allied)) == ["o-1"]
    assert ids(practice.board(site, by=allied)) == ["o-1"]
    assert ids(practice.board(route[1], by=center)) == ["o-1"]  # it is still wanted here
    assert practice.overview(at, by=allied) == ()
    assert practice.order(OrderId("o-2"), by=allied) is None
