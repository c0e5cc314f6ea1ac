"""The loop of an order: what may happen to it, who may do it, and why else it is refused."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.errors import DefinitionError, ImpossibleEvent
from practice_core.hierarchy import Hierarchy, Level, Site
from practice_core.lifecycle import AfterPause, Role
from practice_core.orders import (
    EVENTS,
    ORDER,
    AcceptOffer,
    Access,
    Actor,
    CancelOrder,
    CancelReason,
    Clock,
    CloseOrder,
    CloseReason,
    CollectNeed,
    CompleteService,
    DeclineOffer,
    DeclineReason,
    Desk,
    EscalateOrder,
    ExpireOffers,
    GiveUpOrder,
    MergeNeed,
    Mode,
    NeedMerged,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferOrder,
    OpenOffer,
    Order,
    OrderCancelled,
    OrderClosed,
    OrderCommand,
    OrderEscalated,
    OrderEvent,
    OrderHandedBack,
    OrderPaused,
    OrderPosted,
    OrderRated,
    OrderRecalled,
    OrderRejected,
    OrderReopened,
    OrderReturned,
    OrderState,
    OrderSupervised,
    OrderUnserved,
    PauseOrder,
    PauseReason,
    PlaceOrder,
    PostOrder,
    RateOrder,
    Refusal,
    Refused,
    RejectOrder,
    RejectReason,
    ReportAbsence,
    ResumeOrder,
    ReviewOrder,
    ScheduleService,
    Served,
    ServiceCompleted,
    ServiceScheduled,
    ServiceStarted,
    ShowcaseOrder,
    Standing,
    StartService,
    Step,
    Supervised,
    TeamAbsent,
    TeamWithdrew,
    UnservedReason,
    Watch,
    WithdrawReason,
    WithdrawTeam,
    decide,
    evolve,
    may,
)
from practice_core.terms import Category
from practice_core.testing import Loop, OrderAdapter
from practice_core.units import (
    DAY,
    HOUR,
    MINUTE,
    WEEK,
    ActorId,
    Duration,
    Instant,
    OrderId,
    SiteId,
    TeamId,
    VolunteerId,
)
from practice_core.volunteers import Team
from tests.telling import (
    ANN,
    BLUE,
    BO,
    CENTER,
    LOOP,
    MONDAY,
    OFFICER,
    PLAIN,
    PROXY,
    RED,
    REQUEST,
    ROUTE,
    STATION,
    SYSTEM,
    TOWN,
    WUJIANG,
    Story,
    accepted,
    failed,
    member_of,
    offered,
    placed,
    pooled,
    rated,
    reviewed,
    scheduled,
    served,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# ------------------------------------------------------------------ the whole loop


def test_an_order_goes_from_a_need_to_its_showcase_in_twelve_events() -> None:
    told = Story()
    told.then(CollectNeed(attrs.evolve(REQUEST, placed_by=PROXY.id, for_whom=ANN.id)), PROXY)
    told.at += HOUR
    told.then(
        PlaceOrder(attrs.evolve(REQUEST, placed_by=PROXY.id, for_whom=ANN.id, placed_at=told.at)),
        PROXY,
    )
    told.then(ReviewOrder(), OFFICER, HOUR)
    told.then(OfferOrder((RED, BLUE), DAY), OFFICER)
    told.then(AcceptOffer(), member_of(BLUE), 2 * HOUR)
    told.then(ScheduleService(told.at + DAY, told.at + DAY + 2 * HOUR), member_of(BLUE))
    told.then(StartService(6), member_of(BLUE), DAY)
    told.then(CompleteService(100), OFFICER, 100 * MINUTE)
    told.then(RateOrder(5), PROXY, DAY)
    told.then(ShowcaseOrder(consent=True), OFFICER, HOUR)
    told.then(CloseOrder(), SYSTEM, 3 * DAY)
    assert [event.kind.removeprefix("order.") for event in told.events] == [
        "need_collected",
        "placed",
        "reviewed",
        "offer_made",
        "offer_made",
        "offer_accepted",
        "service_scheduled",
        "service_started",
        "service_completed",
        "rated",
        "showcased",
        "closed",
    ]
    assert told.left == (OrderState.CLOSED, 0, STATION)
    assert (told.order.version, told.order.team) == (12, BLUE)


def test_the_loop_that_wujiang_announced_ends_with_the_rating() -> None:
    told = rated(profile=WUJIANG)
    assert told.last(2) == [OrderRated, OrderClosed]
    assert told.order.state is OrderState.CLOSED
    names = [step.zh for step in WUJIANG.steps]
    assert names == ["收集需求", "基层点单", "中心派单", "团队接单", "群众评单"]


def test_wujiangs_center_asks_nine_times_and_then_the_order_ends_unserved() -> None:
    told = reviewed(attrs.evolve(WUJIANG, chain=WUJIANG.chain[:1]))  # no ally at hand
    for n in range(8):
        assert failed(told, TeamId(f"team-{n}")).left == (OrderState.REVIEWED, n + 1, STATION)
    failed(told, TeamId("team-8"))
    assert told.last(3) == [OfferDeclined, OrderReturned, OrderUnserved]
    assert told.events[-1] == OrderUnserved(
        REQUEST.id, MONDAY, ActorId("of team-8"), UnservedReason.TRIES
    )


# ------------------------------------------------------------------ whatever happens


ENDINGS = (CancelOrder, CloseOrder, GiveUpOrder, MergeNeed, RejectOrder)


@st.composite
def lives(draw: st.DrawFn) -> tuple[Loop, list[OrderEvent]]:
    """Draw a loop and a long life of an order in it: legal commands and clocks, no early end."""
    adapter = OrderAdapter()
    world = draw(adapter.worlds())
    there, now, told = adapter.implement(world), 0, list[OrderEvent]()
    for _ in range(draw(st.integers(10, 40))):
        order = there.read()
        calls = [
            adapter.plain(world, order, rule.command, role, now)
            for rule in ORDER.rules
            for role in sorted(rule.roles)
        ]
        due = adapter.due(order)
        if due is not None:
            calls.append(adapter.plain(world, order, due[1], Role.SYSTEM, max(now, due[0])))
        legal = [call for call in calls if adapter.refusal(world, order, call) is None]
        if not legal:
            break
        going_on = [call for call in legal if not isinstance(call.command, ENDINGS)]
        call = draw(st.sampled_from(going_on or legal))
        varied = adapter.varied(world, order, call, draw)
        call = call if adapter.refusal(world, order, varied) else varied
        events = there.give(call)
        assert isinstance(events, tuple)
        told += events
        now = call.at
    return world, told


few = settings(max_examples=40)


@few
@given(lives())
def test_an_order_is_what_its_events_have_left(life: tuple[Loop, list[OrderEvent]]) -> None:
    loop, events = life
    order: Order | None = None
    for version, event in enumerate(events, start=1):
        before = order
        kept = None if before is None else attrs.asdict(before, recurse=False)
        order = evolve(order, event)
        assert (order.version, order.id) == (version, events[0].order)
        assert kept is None or attrs.asdict(before, recurse=False) == kept  # type: ignore[arg-type]  # None has nothing kept
        assert order.holder in loop.route
        clocked = order.state not in ORDER.final | {OrderState.IN_SERVICE}
        waiting = order.state is OrderState.OFFERED and not order.offers
        assert (order.due_at is not None) == (order.due is not None) == (clocked and not waiting)


@few
@given(lives())
def test_nobody_is_asked_twice_for_an_opening_and_nobody_serves_unasked(
    life: tuple[Loop, list[OrderEvent]],
) -> None:
    _, events = life
    asked: set[TeamId] = set()
    waiting: set[TeamId] = set()
    team: TeamId | None = None
    pool = False
    for event in events:
        if isinstance(event, OfferMade):
            assert event.team not in asked
            asked.add(event.team)
            waiting.add(event.team)
        elif isinstance(event, OfferDeclined | OfferExpired):
            waiting.remove(event.team)
        elif isinstance(event, OfferAccepted):
            assert event.team in waiting or pool
            team = event.team
            asked.add(team)
            waiting.clear()
        elif isinstance(event, OrderRecalled | OrderPaused):
            asked -= waiting  # whoever had not answered is free to be asked again
            if team is not None and isinstance(event, OrderPaused):
                asked.remove(team)
            waiting.clear()
        elif isinstance(event, OrderReopened):
            asked.clear()
        if type(event) in {TeamWithdrew, TeamAbsent, OrderRecalled, OrderPaused, OrderReopened}:
            team = None
        pool = isinstance(event, OrderPosted) or (pool and isinstance(event, OrderSupervised))


@few
@given(lives())
def test_an_order_moves_by_one_desk_at_a_time_and_is_redone_as_often_as_the_loop_allows(
    life: tuple[Loop, list[OrderEvent]],
) -> None:
    loop, events = life
    place = 0
    for event in events:
        if isinstance(event, OrderEscalated | OrderHandedBack):
            place += 1 if isinstance(event, OrderEscalated) else -1
            assert event.holder == loop.route[place]
    redone = [event for event in events if isinstance(event, OrderReopened)]
    assert len(redone) <= loop.profile.redos


@few
@given(lives())
def test_an_order_waits_at_a_desk_only_while_it_has_tries_left(
    life: tuple[Loop, list[OrderEvent]],
) -> None:
    loop, events = life
    nothing: Order | None = None
    order = reduce(evolve, events, nothing)
    assert order is not None
    if order.state is OrderState.REVIEWED and order.opening == 0:
        assert order.attempts < loop.profile.tries


def test_an_event_that_does_not_fit_is_impossible() -> None:
    told = reviewed()
    with pytest.raises(ImpossibleEvent, match="no edge for OrderReviewed in state reviewed"):
        evolve(told.order, told.events[-1])
    with pytest.raises(ImpossibleEvent, match="no edge for OrderReviewed in state absent"):
        evolve(None, told.events[-1])


def test_every_event_says_its_kind_and_schema() -> None:
    kinds = [event.kind for event in EVENTS]
    assert len(set(kinds)) == len(kinds)
    assert all(kind.startswith("order.") for kind in kinds)
    assert {event.schema for event in EVENTS} == {1}


# ------------------------------------------------------------------ needs


def test_a_collected_need_has_no_clock_until_it_is_ordered() -> None:
    told = Story().then(CollectNeed(REQUEST), OFFICER)
    due = (told.order.due, told.order.due_at)
    assert (told.order.state, due) == (OrderState.COLLECTED, (GiveUpOrder, REQUEST.latest))
    later = attrs.evolve(REQUEST, placed_at=MONDAY + DAY, needed=9)
    told.then(PlaceOrder(later), ANN, DAY)
    assert (told.order.request, told.order.due) == (later, GiveUpOrder)
    assert told.order.due_at == REQUEST.latest


def test_a_need_may_live_on_in_another_but_not_in_itself() -> None:
    told = Story().then(CollectNeed(REQUEST), OFFICER)
    assert told.refuses(MergeNeed(REQUEST.id), OFFICER) is Refusal.SAME_ORDER
    told.then(MergeNeed(OrderId("o-2")), OFFICER)
    assert told.order.state is OrderState.CLOSED
    assert told.events[-1] == NeedMerged(REQUEST.id, MONDAY, OFFICER.id, OrderId("o-2"))


def test_a_need_that_nobody_orders_ends_with_its_window() -> None:
    told = Story().then(CollectNeed(attrs.evolve(REQUEST, site=SiteId("spot"))), OFFICER)
    assert told.refuses(GiveUpOrder(), SYSTEM, WEEK - 1) is Refusal.EARLY
    told.then(GiveUpOrder(), SYSTEM, WEEK)
    unserved = OrderUnserved(REQUEST.id, REQUEST.latest, SYSTEM.id, UnservedReason.NOBODY)
    assert told.events[-1] == unserved
    assert (told.order.state, told.order.due_at) == (OrderState.UNSERVED, None)


def test_an_officer_may_give_up_a_need_that_no_desk_holds_yet() -> None:
    told = Story().then(CollectNeed(attrs.evolve(REQUEST, site=SiteId("spot"))), OFFICER)
    assert told.then(GiveUpOrder(), OFFICER).order.state is OrderState.UNSERVED


def test_a_need_may_be_told_by_a_resident_or_a_proxy_but_not_by_a_team() -> None:
    assert Story().refuses(CollectNeed(REQUEST), member_of(RED)) is Refusal.ROLE
    assert Story().then(CollectNeed(REQUEST), ANN).order.state is OrderState.COLLECTED
    mine = attrs.evolve(REQUEST, placed_by=PROXY.id, for_whom=ANN.id)
    assert Story().then(CollectNeed(mine), PROXY).order.state is OrderState.COLLECTED


@pytest.mark.parametrize(
    "fault",
    [
        {"id": "order no. 1"},
        {"placed_by": BO.id},
        {"placed_at": MONDAY - 1},
        {"latest": MONDAY},
        {"earliest": MONDAY - DAY, "latest": MONDAY},
        {"earliest": MONDAY + WEEK},
        {"earliest": -1},
        {"needed": 0},
        {"needed": 10_001},
        {"duration": 0},
        {"duration": 7 * 24 * 60 + 1},
        {"latest": MONDAY + 90 * MINUTE - 1},
        {"route": ()},
        {"route": (STATION, TOWN, STATION)},
    ],
    ids=repr,
)
def test_a_request_with_a_fault_is_neither_collected_nor_placed(fault: dict[str, Any]) -> None:
    request = attrs.evolve(REQUEST, **fault)
    assert Story().refuses(PlaceOrder(request), ANN) is Refusal.INVALID_REQUEST
    if "placed_by" not in fault:  # an officer writes down what others need
        assert Story().refuses(CollectNeed(request), OFFICER) is Refusal.INVALID_REQUEST


def test_a_request_may_ask_for_ten_thousand_and_for_all_of_its_window() -> None:
    request = attrs.evolve(REQUEST, needed=10_000, earliest=0, latest=MONDAY + 90 * MINUTE)
    assert Story().then(PlaceOrder(request), ANN).order.request == request
    exact = attrs.evolve(REQUEST, duration=7 * 24 * 60)
    assert Story().then(PlaceOrder(exact), ANN).order.request == exact


def test_a_collected_need_is_ordered_under_its_own_id() -> None:
    told = Story().then(CollectNeed(REQUEST), OFFICER)
    other = attrs.evolve(REQUEST, id=OrderId("o-2"))
    assert told.refuses(PlaceOrder(other), ANN) is Refusal.INVALID_REQUEST


def test_an_officer_may_place_for_somebody_else_and_a_resident_may_not() -> None:
    assert Story().then(PlaceOrder(REQUEST), OFFICER).order.request.placed_by == ANN.id
    assert Story().refuses(PlaceOrder(REQUEST), BO) is Refusal.INVALID_REQUEST


def test_a_desk_may_reject_with_a_reason_until_it_has_reviewed() -> None:
    told = placed().then(RejectOrder(RejectReason.UNSAFE), OFFICER)
    assert told.events[-1] == OrderRejected(REQUEST.id, MONDAY, OFFICER.id, RejectReason.UNSAFE)
    assert reviewed().refuses(RejectOrder(RejectReason.UNSAFE), OFFICER) is Refusal.STATE


# ------------------------------------------------------------------ offers


def test_an_offer_ends_with_its_time_the_profiles_or_the_windows() -> None:
    short = reviewed().then(OfferOrder((RED,), HOUR), OFFICER)
    assert short.order.offers == (OpenOffer(RED, MONDAY + HOUR),)
    long = reviewed().then(OfferOrder((RED,), WEEK), OFFICER)
    assert long.order.offers == (OpenOffer(RED, MONDAY + DAY),)
    late = reviewed(latest=MONDAY + 2 * HOUR).then(OfferOrder((RED,), WEEK), OFFICER)
    assert late.order.offers == (OpenOffer(RED, MONDAY + 2 * HOUR),)


def test_a_team_may_answer_up_to_the_last_instant_and_no_longer() -> None:
    told = offered(RED)
    assert told.refuses(AcceptOffer(), member_of(RED), DAY + 1) is Refusal.LATE
    assert told.refuses(DeclineOffer(), member_of(RED), DAY + 1) is Refusal.LATE
    assert told.then(AcceptOffer(), member_of(RED), DAY).order.team == RED
    assert offered(RED).then(DeclineOffer(), member_of(RED), DAY).order.attempts == 1


def test_the_team_that_accepts_first_serves_and_the_other_offers_are_void() -> None:
    told = offered(RED, BLUE).then(AcceptOffer(), member_of(BLUE), HOUR)
    assert (told.order.team, told.order.offers) == (BLUE, ())
    assert told.refuses(AcceptOffer(), member_of(RED)) is Refusal.SCOPE
    assert told.order.due_at == MONDAY + HOUR + DAY


def test_one_decline_of_several_leaves_the_other_offers_open() -> None:
    told = offered(RED, BLUE).then(DeclineOffer(DeclineReason.SLOT_GONE), member_of(RED))
    assert told.last(1) == [OfferDeclined]
    assert told.order.offers == (OpenOffer(BLUE, MONDAY + DAY),)
    assert told.left == (OrderState.OFFERED, 0, STATION)
    told.then(DeclineOffer(), member_of(BLUE))
    assert told.last(2) == [OfferDeclined, OrderReturned]
    assert told.left == (OrderState.REVIEWED, 1, STATION)


def test_a_team_that_declined_is_not_asked_again() -> None:
    told = offered(RED).then(DeclineOffer(), member_of(RED))
    assert told.refuses(OfferOrder((BLUE, RED), DAY), OFFICER) is Refusal.ASKED
    assert told.then(OfferOrder((BLUE,), DAY), OFFICER).order.asked == (RED, BLUE)


def test_more_teams_may_be_asked_while_an_offer_is_open() -> None:
    told = offered(RED).then(OfferOrder((BLUE,), HOUR), OFFICER, HOUR)
    assert told.order.due_at == MONDAY + 2 * HOUR
    told.then(ExpireOffers(), SYSTEM, HOUR)
    assert told.last(1) == [OfferExpired]
    assert told.order.offers == (OpenOffer(RED, MONDAY + DAY),)
    told.then(ExpireOffers(), SYSTEM, 22 * HOUR)
    assert told.last(2) == [OfferExpired, OrderReturned]
    assert told.left == (OrderState.REVIEWED, 1, STATION)


def test_a_hundred_teams_may_be_asked_at_once_and_no_more() -> None:
    crowd = tuple(TeamId(f"t-{n}") for n in range(101))
    assert reviewed().refuses(OfferOrder(crowd, DAY), OFFICER) is Refusal.TOO_MANY
    told = reviewed().then(OfferOrder(crowd[:99], DAY), OFFICER)
    assert told.refuses(OfferOrder(crowd[99:], DAY), OFFICER) is Refusal.TOO_MANY
    told.then(OfferOrder(crowd[99:100], HOUR), OFFICER)
    assert told.order.asked == crowd[:100]
    told.then(ExpireOffers(), SYSTEM, HOUR).then(OfferOrder(crowd[100:], DAY), OFFICER)
    assert len(told.order.offers) == 100


@given(st.lists(st.integers(1, 2 * DAY), min_size=1, max_size=20))
def test_the_clock_of_several_offers_is_that_of_the_first_to_end(lengths: list[Duration]) -> None:
    told = reviewed()
    for n, length in enumerate(lengths):
        told.then(OfferOrder((TeamId(f"t-{n}"),), length), OFFICER)
        assert told.order.due_at == min(offer.until for offer in told.order.offers)


def test_offers_expire_by_the_clock_and_not_before() -> None:
    told = offered(RED)
    assert (told.order.due, told.order.due_at) == (ExpireOffers, MONDAY + DAY)
    assert told.refuses(ExpireOffers(), SYSTEM, DAY - 1) is Refusal.EARLY
    assert told.refuses(ExpireOffers(), OFFICER, DAY) is Refusal.ROLE
    assert told.then(ExpireOffers(), SYSTEM, DAY).left == (OrderState.REVIEWED, 1, STATION)


def test_an_offer_goes_to_somebody_once_and_for_some_time() -> None:
    told = reviewed()
    assert told.refuses(OfferOrder((), DAY), OFFICER) is Refusal.NO_TEAM
    assert told.refuses(OfferOrder((RED, RED), DAY), OFFICER) is Refusal.NO_TEAM
    assert told.refuses(OfferOrder((RED,), 0), OFFICER) is Refusal.INVALID_VALUE
    assert told.refuses(PostOrder(0), OFFICER) is Refusal.INVALID_VALUE


def test_any_team_may_grab_from_the_pool_if_it_was_not_asked_before() -> None:
    told = failed(reviewed(), RED).then(PostOrder(DAY), OFFICER)
    assert told.refuses(AcceptOffer(), member_of(RED)) is Refusal.SCOPE
    assert told.refuses(AcceptOffer(), member_of(BLUE), DAY + 1) is Refusal.LATE
    told.then(AcceptOffer(), member_of(BLUE), DAY)
    assert (told.order.team, told.order.asked) == (BLUE, (RED, BLUE))


def test_a_posting_that_nobody_takes_counts_as_a_round() -> None:
    told = pooled().then(ExpireOffers(), SYSTEM, DAY)
    assert told.last(1) == [OrderReturned]
    assert told.left == (OrderState.REVIEWED, 1, STATION)


# ------------------------------------------------------------------ desks


def test_after_its_tries_an_order_moves_to_the_next_desk_where_the_count_begins_anew() -> None:
    told = failed(failed(reviewed(), RED), BLUE)
    assert told.last(3) == [OfferDeclined, OrderReturned, OrderEscalated]
    assert told.left == (OrderState.REVIEWED, 0, TOWN)


def test_after_the_tries_of_the_last_desk_an_order_ends_unserved() -> None:
    told = reviewed()
    for n in range(6):
        failed(told, TeamId(f"team-{n}"))
    assert told.left == (OrderState.UNSERVED, 2, CENTER)
    event = told.events[-1]
    assert isinstance(event, OrderUnserved)
    assert event.reason is UnservedReason.TRIES


def test_a_desk_that_waits_too_long_loses_the_order_to_the_next() -> None:
    told = reviewed()
    assert (told.order.due, told.order.due_at) == (EscalateOrder, MONDAY + 2 * DAY)
    assert told.refuses(EscalateOrder(), SYSTEM, 2 * DAY - 1) is Refusal.EARLY
    told.then(EscalateOrder(), SYSTEM, 2 * DAY).then(EscalateOrder(), SYSTEM, 2 * DAY)
    assert told.left == (OrderState.REVIEWED, 0, CENTER)
    assert (told.order.due, told.order.due_at) == (GiveUpOrder, REQUEST.latest)


def test_a_desk_may_escalate_earlier_but_not_beyond_the_last() -> None:
    told = reviewed().then(EscalateOrder(), OFFICER).then(EscalateOrder(), OFFICER)
    assert told.order.holder == CENTER
    assert told.refuses(EscalateOrder(), OFFICER) is Refusal.LAST_DESK
    assert told.refuses(EscalateOrder(), SYSTEM) is Refusal.EARLY


def test_a_desk_without_a_clock_holds_the_order_until_its_window_is_over() -> None:
    told = reviewed(attrs.evolve(LOOP, desk_within=None))
    assert (told.order.due, told.order.due_at) == (GiveUpOrder, REQUEST.latest)


def alone() -> Story:
    """An order on a desk with none after it."""
    return reviewed(attrs.evolve(LOOP, chain=LOOP.chain[:1]))


@pytest.mark.parametrize(
    ("told", "at", "by", "reason"),
    [
        (placed, REQUEST.latest, SYSTEM, UnservedReason.NOBODY),
        (reviewed, REQUEST.latest, SYSTEM, UnservedReason.NOBODY),
        (alone, MONDAY, OFFICER, UnservedReason.NOBODY),
        (lambda: failed(reviewed(), RED), REQUEST.latest, SYSTEM, UnservedReason.DUE),
        (lambda: failed(alone(), RED), MONDAY, OFFICER, UnservedReason.TRIES),
    ],
)
def test_an_order_that_is_given_up_says_whether_anybody_was_asked_and_time_was_left(
    told: Callable[[], Story], at: Instant, by: Actor, reason: UnservedReason
) -> None:
    ended = told().then(GiveUpOrder(), by, at - MONDAY)
    assert ended.events[-1] == OrderUnserved(REQUEST.id, at, by.id, reason)
    assert ended.order.state is OrderState.UNSERVED


def test_the_clock_gives_up_only_when_the_window_is_over() -> None:
    assert placed().refuses(GiveUpOrder(), SYSTEM, WEEK - 1) is Refusal.EARLY


def test_a_round_that_fails_after_the_window_ends_the_order() -> None:
    told = offered(RED).then(ExpireOffers(), SYSTEM, WEEK)
    assert told.last(3) == [OfferExpired, OrderReturned, OrderUnserved]
    event = told.events[-1]
    assert isinstance(event, OrderUnserved)
    assert event.reason is UnservedReason.DUE


def test_a_desk_clock_seen_to_late_ends_the_order_instead() -> None:
    told = reviewed()
    assert told.refuses(EscalateOrder(), OFFICER, WEEK) is Refusal.LATE
    told.then(EscalateOrder(), SYSTEM, WEEK)
    assert told.last(1) == [OrderUnserved]


@pytest.mark.parametrize("command", [ReviewOrder(), OfferOrder((RED,), DAY), PostOrder(DAY)])
def test_nothing_is_begun_after_the_window(command: OrderCommand) -> None:
    told = placed() if isinstance(command, ReviewOrder) else reviewed()
    assert told.refuses(command, OFFICER, WEEK) is Refusal.LATE


# ------------------------------------------------------------------ service


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (MONDAY, MONDAY + 3 * HOUR),  # begins before now
        (MONDAY + 3 * HOUR, MONDAY + 3 * HOUR),
        (MONDAY + 4 * HOUR, MONDAY + 3 * HOUR),
        (MONDAY + 3 * HOUR, REQUEST.latest + 1),
    ],
)
def test_a_service_begins_before_it_ends_and_within_the_window(
    start: Instant, end: Instant
) -> None:
    told, service = accepted(), ScheduleService(start, end)
    assert told.refuses(service, member_of(RED)) is Refusal.OUTSIDE_WINDOW


def test_a_service_does_not_begin_earlier_than_wanted() -> None:
    told = reviewed(earliest=MONDAY + DAY).then(OfferOrder((RED,), DAY), OFFICER)
    told.then(AcceptOffer(), member_of(RED))
    early = ScheduleService(MONDAY + DAY - 1, MONDAY + 2 * DAY)
    assert told.refuses(early, member_of(RED)) is Refusal.OUTSIDE_WINDOW
    told.then(ScheduleService(MONDAY + DAY, MONDAY + 2 * DAY), member_of(RED))
    assert told.order.state is OrderState.SCHEDULED


def test_a_date_may_be_changed_until_the_service_would_have_ended() -> None:
    told = scheduled()
    begin = told.order.start
    assert begin is not None
    told.then(ScheduleService(begin + DAY, begin + DAY + 2 * HOUR), member_of(RED), HOUR)
    assert (told.order.start, told.order.due_at) == (begin + DAY, begin + DAY + 2 * HOUR)
    later = ScheduleService(begin + 3 * DAY, begin + 4 * DAY)
    assert told.refuses(later, member_of(RED), 3 * DAY) is Refusal.LATE


def test_a_team_that_never_names_a_date_is_absent_by_the_clock() -> None:
    told = accepted()
    assert (told.order.due, told.order.due_at) == (ReportAbsence, MONDAY + HOUR + DAY)
    assert told.refuses(ReportAbsence(), OFFICER, DAY - 1) is Refusal.EARLY
    told.then(ReportAbsence(), SYSTEM, DAY)
    assert told.last(1) == [TeamAbsent]
    assert (*told.left, told.order.team) == (OrderState.REVIEWED, 1, STATION, None)


def test_notice_may_be_given_until_the_service_begins() -> None:
    told = scheduled()
    give_back = WithdrawTeam(WithdrawReason.ILLNESS)
    assert told.refuses(give_back, member_of(RED), DAY + 1) is Refusal.LATE
    assert told.refuses(give_back, member_of(BLUE), DAY) is Refusal.SCOPE
    told.then(give_back, member_of(RED), DAY)
    assert told.last(1) == [TeamWithdrew]
    assert told.left == (OrderState.REVIEWED, 1, STATION)
    assert told.refuses(OfferOrder((RED,), DAY), OFFICER) is Refusal.ASKED


def test_notice_before_a_date_is_named_is_as_good() -> None:
    told = accepted()
    assert told.refuses(WithdrawTeam(WithdrawReason.CLASH), member_of(RED), DAY + 1) is Refusal.LATE
    told.then(WithdrawTeam(WithdrawReason.CLASH), member_of(RED), DAY)
    assert told.left == (OrderState.REVIEWED, 1, STATION)


@pytest.mark.parametrize("by", [ANN, OFFICER])
def test_who_waits_in_vain_may_report_it_from_the_start_and_the_clock_does_at_the_end(
    by: Actor,
) -> None:
    told = scheduled()
    assert told.refuses(ReportAbsence(), by, DAY - 1) is Refusal.EARLY
    assert told.refuses(ReportAbsence(), SYSTEM, DAY + 2 * HOUR - 1) is Refusal.EARLY
    assert told.refuses(ReportAbsence(5), by, DAY) is Refusal.INVALID_VALUE
    assert told.refuses(ReportAbsence(-1), by, DAY) is Refusal.INVALID_VALUE
    told.then(ReportAbsence(4), by, DAY)
    assert told.left == (OrderState.REVIEWED, 1, STATION)


def test_the_clock_of_a_service_that_never_began_returns_the_order() -> None:
    told = scheduled().then(ReportAbsence(), SYSTEM, DAY + 2 * HOUR)
    assert told.last(1) == [TeamAbsent]


def test_the_last_try_may_be_lost_by_absence_too() -> None:
    told = failed(reviewed(), BLUE).then(OfferOrder((RED,), DAY), OFFICER)
    told.then(AcceptOffer(), member_of(RED)).then(ReportAbsence(), SYSTEM, DAY)
    assert told.last(2) == [TeamAbsent, OrderEscalated]
    assert told.left == (OrderState.REVIEWED, 0, TOWN)


def test_a_service_needs_somebody_and_takes_some_time() -> None:
    told = scheduled()
    assert told.refuses(StartService(0), member_of(RED), DAY) is Refusal.INVALID_VALUE
    assert told.refuses(StartService(5), member_of(RED), DAY + 2 * HOUR + 1) is Refusal.LATE
    assert told.refuses(StartService(1_000_001), member_of(RED), DAY) is Refusal.INVALID_VALUE
    told.then(StartService(2), OFFICER, DAY)
    assert told.last(2) == [ServiceScheduled, ServiceStarted]
    assert told.refuses(CompleteService(0), member_of(RED)) is Refusal.INVALID_VALUE
    ann, bob = Served(VolunteerId("v-1"), 1), Served(VolunteerId("v-2"), 1)
    nobody, longer = Served(VolunteerId("-"), 1), Served(VolunteerId("v-3"), 2)
    for came in ((ann, ann), (nobody,), (longer,), (Served(VolunteerId("v-3"), 0),)):
        odd = CompleteService(1, came)
        assert told.refuses(odd, member_of(RED), MINUTE) is Refusal.INVALID_VALUE
    told.then(CompleteService(1, (ann, bob)), member_of(RED), MINUTE)
    assert told.last(1) == [ServiceCompleted]


@given(st.integers(0, 120), st.integers(1, 10))
def test_a_service_lasts_from_when_it_began_and_not_from_when_it_was_to(
    late: int, lasted: int
) -> None:
    told = scheduled().then(StartService(5), member_of(RED), DAY + late * MINUTE)
    assert told.order.docket.started_at == told.at
    after = lasted * MINUTE
    assert told.refuses(CompleteService(lasted), OFFICER, after - 1) is Refusal.INVALID_VALUE
    assert told.refuses(CompleteService(lasted + 1), OFFICER, after) is Refusal.INVALID_VALUE
    told.then(CompleteService(lasted), OFFICER, after)


@given(st.integers(1, 4))
def test_no_more_have_served_than_the_service_began_with(present: int) -> None:
    told = scheduled().then(StartService(present), member_of(RED), DAY)
    every = tuple(Served(VolunteerId(f"v-{n}"), 1) for n in range(present + 1))
    assert told.refuses(CompleteService(1, every), OFFICER, MINUTE) is Refusal.INVALID_VALUE
    told.then(CompleteService(1, every[:-1]), OFFICER, MINUTE)


def test_a_service_that_is_ended_a_month_later_took_twice_as_long_as_agreed_at_most() -> None:
    told = serving()  # of two hours
    assert told.refuses(CompleteService(241), OFFICER, 30 * DAY) is Refusal.INVALID_VALUE
    told.then(CompleteService(240), OFFICER, 30 * DAY)


def test_a_redo_begins_anew() -> None:
    docket = rated(4).order.docket
    assert (docket.present, docket.agreed) == (5, 2 * HOUR)
    assert docket.started_at is not None
    docket = rated(1).order.docket
    assert (docket.started_at, docket.present, docket.agreed) == (None, 0, 0)


def test_a_service_that_has_begun_waits_for_no_clock() -> None:
    told = serving()
    assert (told.order.due_at, told.order.due) == (None, None)


# ------------------------------------------------------------------ rating


def test_a_satisfied_requester_ends_the_loop_where_nothing_is_shown() -> None:
    told = rated(3, PLAIN)
    assert told.events[-1] == OrderClosed(REQUEST.id, told.at, ANN.id, CloseReason.RATED)


@pytest.mark.parametrize("score", [0, 6, -1])
def test_there_are_five_scores(score: int) -> None:
    assert served().refuses(RateOrder(score), ANN) is Refusal.INVALID_VALUE


def test_only_who_placed_the_order_rates_it() -> None:
    assert served().refuses(RateOrder(1), BO) is Refusal.SCOPE
    assert served().refuses(RateOrder(1), OFFICER) is Refusal.ROLE
    assert served().refuses(RateOrder(1), member_of(RED)) is Refusal.ROLE


def test_an_order_that_nobody_rates_closes_unrated_and_never_with_five_stars() -> None:
    told = served()
    assert told.order.due_at == told.at + 7 * DAY
    assert told.refuses(CloseOrder(), SYSTEM, 7 * DAY - 1) is Refusal.EARLY
    assert told.refuses(RateOrder(5), ANN, 7 * DAY + 1) is Refusal.LATE
    told.then(CloseOrder(), SYSTEM, 7 * DAY)
    closed = OrderClosed(REQUEST.id, told.at, SYSTEM.id, CloseReason.WINDOW_OVER)
    assert told.events[-1] == closed
    assert not any(isinstance(event, OrderRated) for event in told.events)


def test_a_desk_may_close_after_calling_back() -> None:
    told = served().then(CloseOrder(), OFFICER, DAY)
    assert told.events[-1] == OrderClosed(REQUEST.id, told.at, OFFICER.id, CloseReason.CALLED_BACK)


def test_a_dissatisfied_requester_gets_a_redo_in_working_time() -> None:
    """Placed on Monday, served on Tuesday; rated on Thursday at 11:30: three working days on."""
    told = served().then(RateOrder(2), ANN, 2 * DAY - 30 * MINUTE)
    assert told.last(2) == [OrderRated, OrderReopened]
    assert told.left == (OrderState.REVIEWED, 1, STATION)
    tuesday = told.at + 5 * DAY
    request = told.order.request
    assert (request.earliest, request.latest) == (told.at, tuesday)
    assert attrs.evolve(request, earliest=MONDAY, latest=MONDAY + WEEK) == REQUEST
    assert (told.order.due, told.order.due_at) == (EscalateOrder, told.at + 2 * DAY)


def test_for_a_redo_everybody_may_be_asked_again() -> None:
    told = rated(1)
    assert told.order.asked == ()
    told.then(OfferOrder((RED,), DAY), OFFICER).then(AcceptOffer(), member_of(RED))
    assert told.order.team == RED


def test_a_redo_at_the_last_desk_ends_with_its_own_window() -> None:
    told = rated(1, attrs.evolve(LOOP, chain=(Desk.STATION,)))
    assert (told.order.due, told.order.due_at) == (GiveUpOrder, told.order.request.latest)


def test_there_is_one_redo_and_then_a_low_score_stands() -> None:
    told = rated(1, PLAIN).then(OfferOrder((BLUE,), DAY), OFFICER)
    told.then(AcceptOffer(), member_of(BLUE))
    told.then(ScheduleService(told.at, told.at + 2 * HOUR), member_of(BLUE))
    told.then(StartService(5), member_of(BLUE)).then(CompleteService(60), member_of(BLUE), HOUR)
    told.then(RateOrder(1), ANN)
    assert told.last(2) == [OrderRated, OrderClosed]


def test_a_result_is_shown_with_consent_only_and_while_it_is_new() -> None:
    told = rated()
    assert (told.order.state, told.order.due) == (OrderState.RATED, CloseOrder)
    assert told.refuses(ShowcaseOrder(consent=False), OFFICER) is Refusal.NO_CONSENT
    late = told.refuses(ShowcaseOrder(consent=True), OFFICER, 3 * DAY + 1)
    assert late is Refusal.LATE
    told.then(ShowcaseOrder(consent=True), OFFICER, 3 * DAY)
    assert told.order.due_at == told.at + 3 * DAY
    assert told.then(CloseOrder(), SYSTEM, 3 * DAY).order.state is OrderState.CLOSED


# ------------------------------------------------------------------ cancelling


@pytest.mark.parametrize("told", [placed, reviewed, offered, pooled, accepted, scheduled, serving])
def test_an_order_may_be_cancelled_until_it_is_served(told: Callable[[], Story]) -> None:
    cancel = CancelOrder(CancelReason.SOLVED_OTHERWISE)
    for by in (ANN, OFFICER):
        ended = told().then(cancel, by)
        assert ended.last(1) == [OrderCancelled]
        assert (ended.order.state, ended.order.due_at) == (OrderState.CANCELLED, None)
    assert told().refuses(cancel, BO) is Refusal.SCOPE
    assert told().refuses(cancel, member_of(RED)) is Refusal.ROLE


@pytest.mark.parametrize("told", [served, rated])
def test_what_was_served_cannot_be_cancelled(told: Callable[[], Story]) -> None:
    assert told().refuses(CancelOrder(CancelReason.MISTAKE), ANN) is Refusal.STATE


# ------------------------------------------------------------------ windows


@pytest.mark.parametrize(
    ("told", "command", "by", "open_for"),
    [
        (accepted, ScheduleService(MONDAY + 2 * DAY, MONDAY + 3 * DAY), member_of(RED), DAY),
        (accepted, WithdrawTeam(WithdrawReason.CLASH), member_of(RED), DAY),
        (scheduled, WithdrawTeam(WithdrawReason.CLASH), member_of(RED), DAY),
        (scheduled, StartService(5), OFFICER, DAY + 2 * HOUR),
        (served, RateOrder(5), ANN, 7 * DAY),
        (rated, ShowcaseOrder(consent=True), OFFICER, 3 * DAY),
    ],
)
def test_a_window_includes_its_last_instant(
    told: Callable[[], Story], command: OrderCommand, by: Actor, open_for: Duration
) -> None:
    assert told().refuses(command, by, open_for + 1) is Refusal.LATE
    told().then(command, by, open_for)


# ------------------------------------------------------------------ other engagements


def engaged(*spans: tuple[Duration, Duration]) -> dict[TeamId, Standing]:
    """Tell of the red team, which serves other orders at these times after Monday."""
    team = Team(RED, STATION, (Category.AID,), members=9, jobs_per_week=7, free=(9,) * 21)
    return {RED: Standing(team, engaged=tuple((MONDAY + a, MONDAY + b) for a, b in spans))}


@pytest.mark.parametrize(
    ("spans", "latest", "refused"),
    [
        ([(0, WEEK)], WEEK, True),
        ([(HOUR, WEEK - HOUR)], WEEK, True),
        ([(HOUR, WEEK - 90 * MINUTE)], WEEK, False),
        ([(WEEK, 2 * WEEK)], 90 * MINUTE, False),  # what comes after the window is no engagement
    ],
)
def test_a_team_may_not_accept_what_its_other_engagements_leave_no_time_for(
    spans: list[tuple[Duration, Duration]], latest: Duration, *, refused: bool
) -> None:
    order = reviewed(latest=MONDAY + latest).then(OfferOrder((RED,), DAY), OFFICER).order
    answer = decide(order, AcceptOffer(), MONDAY, member_of(RED), LOOP, engaged(*spans))
    assert (answer == Refused(AcceptOffer, Refusal.DOUBLE_BOOKED)) is refused


# ------------------------------------------------------------------ pauses


@pytest.mark.parametrize(
    ("after_pause", "latest", "due_at"),
    [
        (AfterPause.DEADLINE, WEEK, 3 * DAY),
        (AfterPause.REMAINING, 8 * DAY, 4 * DAY),
        (AfterPause.RESTART, 9 * DAY, 4 * DAY),
    ],
)
def test_a_pause_is_answered_alike_for_the_window_and_the_clocks_under_supervision(
    after_pause: AfterPause, latest: Duration, due_at: Duration
) -> None:
    """Accepted after a day, to be completed within two; paused then and resumed a day later."""
    complete = Supervised(Clock.COMPLETION, OrderState.ACCEPTED, 2 * DAY)
    profile = attrs.evolve(LOOP, supervised=(complete,), after_pause=after_pause)
    told = reviewed(profile).then(OfferOrder((RED,), WEEK), OFFICER)
    told.then(AcceptOffer(), member_of(RED), DAY)
    told.then(PauseOrder(PauseReason.WEATHER, told.at + 2 * DAY), ANN).then(ResumeOrder(), ANN, DAY)
    assert told.order.request.latest == MONDAY + latest
    assert told.order.docket.watches == (Watch(Clock.COMPLETION, MONDAY + due_at),)


# ------------------------------------------------------------------ which refusal comes first


def test_what_does_not_exist_is_unknown_whoever_asks() -> None:
    for rule in ORDER.rules:
        if OrderState.ABSENT not in rule.sources:
            command: OrderCommand = object.__new__(rule.command)
            answer = decide(None, command, MONDAY, BO, LOOP)
            assert answer == Refused(rule.command, Refusal.UNKNOWN_ORDER)


def test_an_offer_is_refused_for_the_first_reason_that_applies() -> None:
    nobody, again, none = OfferOrder((), 0), OfferOrder((RED,), 0), OfferOrder((BLUE,), 0)
    told = failed(reviewed(), RED)
    over = scheduled()
    assert Story().refuses(nobody, ANN) is Refusal.UNKNOWN_ORDER
    assert over.refuses(nobody, BO, WEEK) is Refusal.ROLE
    assert over.refuses(nobody, OFFICER, WEEK) is Refusal.STATE
    assert told.refuses(nobody, OFFICER, WEEK) is Refusal.LATE
    assert told.refuses(nobody, OFFICER) is Refusal.NO_TEAM
    assert told.refuses(again, OFFICER) is Refusal.ASKED
    assert told.refuses(none, OFFICER) is Refusal.INVALID_VALUE


def test_a_rating_is_refused_for_the_first_reason_that_applies() -> None:
    told, over = served(), rated()
    assert over.refuses(RateOrder(9), OFFICER, WEEK) is Refusal.ROLE
    assert over.refuses(RateOrder(9), BO, WEEK) is Refusal.SCOPE
    assert over.refuses(RateOrder(9), ANN, WEEK) is Refusal.STATE
    assert told.refuses(RateOrder(9), ANN, WEEK + 1) is Refusal.LATE
    assert told.refuses(RateOrder(9), ANN) is Refusal.INVALID_VALUE


def test_an_answer_is_refused_for_the_first_reason_that_applies() -> None:
    told, over = offered(RED), placed()
    assert over.refuses(AcceptOffer(), ANN, WEEK) is Refusal.ROLE
    assert over.refuses(AcceptOffer(), member_of(RED), WEEK) is Refusal.SCOPE
    assert told.refuses(AcceptOffer(), member_of(BLUE), WEEK) is Refusal.SCOPE
    assert told.refuses(AcceptOffer(), Actor(ActorId("x"), Role.TEAM), WEEK) is Refusal.SCOPE
    assert accepted().refuses(AcceptOffer(), member_of(RED), WEEK) is Refusal.STATE
    assert told.refuses(AcceptOffer(), member_of(RED), WEEK) is Refusal.LATE


def test_a_refused_command_names_itself_and_leaves_the_order_as_it_was() -> None:
    told = reviewed()
    before = attrs.asdict(told.order, recurse=False)
    answer = decide(told.order, RateOrder(5), MONDAY, ANN, LOOP)
    assert answer == Refused(RateOrder, Refusal.STATE)
    assert attrs.asdict(told.order, recurse=False) == before


# ------------------------------------------------------------------ who may see and do what


def site(name: str, level: Level, parent: str | None) -> Site:
    above = None if parent is None else SiteId(parent)
    return Site(SiteId(name), name, level, above, 120.6, 31.1, synthetic=True)


AREA = Hierarchy(
    [
        site("center", Level.CENTER, None),
        site("town", Level.INSTITUTE, "center"),
        site("elsewhere", Level.INSTITUTE, "center"),
        site("station", Level.STATION, "town"),
    ]
)


def officer(of: str | None) -> Actor:
    return Actor(ActorId("someone"), Role.OFFICER, site=None if of is None else SiteId(of))


@pytest.mark.parametrize(
    ("holder", "access"),
    [
        ("station", {"station": 2, "town": 2, "center": 2, "elsewhere": 0}),
        ("town", {"station": 1, "town": 2, "center": 2, "elsewhere": 0}),
        ("center", {"station": 1, "town": 1, "center": 2, "elsewhere": 0}),
        ("allied", {"station": 1, "town": 1, "center": 1, "elsewhere": 0, "allied": 2}),
    ],
)
def test_an_officer_commands_what_his_desks_hold_and_reads_what_his_sites_wanted(
    holder: str, access: dict[str, int]
) -> None:
    order = attrs.evolve(reviewed().order, holder=SiteId(holder))
    assert {of: may(officer(of), order, AREA) for of in access} == access
    assert may(officer(None), order, AREA) is Access.NONE
    assert may(officer("allied"), reviewed().order, AREA) is Access.NONE


def test_an_order_from_outside_is_read_by_nobody_here() -> None:
    order = reviewed(site=SiteId("allied station")).order
    abroad = attrs.evolve(order, holder=SiteId("allied"))
    assert may(officer("center"), abroad, AREA) is Access.NONE


def test_a_team_sees_what_it_is_offered_or_has_accepted_and_what_it_may_grab() -> None:
    red, blue, nobody = member_of(RED), member_of(BLUE), Actor(ActorId("x"), Role.TEAM)
    assert may(red, reviewed().order, AREA) is Access.NONE
    for order in (offered(RED).order, accepted().order, served().order):
        assert [may(by, order, AREA) for by in (red, blue, nobody)] == [2, 0, 0]
    pool = failed(reviewed(), BLUE).then(PostOrder(DAY), OFFICER).order
    assert [may(by, pool, AREA) for by in (red, blue, nobody)] == [2, 0, 0]


def test_a_requester_or_proxy_sees_what_he_placed_and_the_clock_everything() -> None:
    order = reviewed().order
    assert may(ANN, order, AREA) is Access.COMMAND
    assert may(attrs.evolve(ANN, role=Role.PROXY), order, AREA) is Access.COMMAND
    assert may(BO, order, AREA) is Access.NONE
    assert may(PROXY, order, AREA) is Access.NONE
    assert may(SYSTEM, order, AREA) is Access.COMMAND


# ------------------------------------------------------------------ the profile


def test_a_profile_tells_all_its_faults_at_once() -> None:
    with pytest.raises(DefinitionError, match="loop profile three desks: 13 faults") as caught:
        attrs.evolve(
            LOOP,
            steps=(Step("派单", "dispatch", ("OfferOrder", "Send")), Step("x", "x", ("Go",))),
            chain=(Desk.STATION, Desk.STATION),
            tries=0,
            review_within=0,
            offer_open=0,
            schedule_within=0,
            desk_within=0,
            rating_within=0,
            satisfied_from=6,
            redos=-1,
            redo_within=0,
            showcase=0,
        )
    assert [fault.place.partition(".")[2] for fault in caught.value.faults] == [
        "review_within",
        "offer_open",
        "schedule_within",
        "rating_within",
        "redo_within",
        "desk_within",
        "showcase",
        "chain",
        "tries",
        "satisfied_from",
        "redos",
        "steps[0].commands",
        "steps[1].commands",
    ]


@pytest.mark.parametrize("change", [{"chain": ()}, {"steps": ()}, {"satisfied_from": 0}])
def test_a_profile_has_a_desk_a_step_and_a_score_to_reach(change: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match=f"three desks.{next(iter(change))}"):
        attrs.evolve(LOOP, **change)


def test_a_profile_leaves_out_what_its_numbers_rule_out() -> None:
    content = attrs.evolve(LOOP, satisfied_from=1)
    assert OrderReopened not in content.lifecycle.table[OrderState.RATED]
    one_by_one = attrs.evolve(LOOP, modes=(Mode.DIRECTED,))
    assert OfferMade not in one_by_one.lifecycle.table[OrderState.OFFERED]
    assert offered(RED, profile=one_by_one).refuses(OfferOrder((BLUE,), DAY), OFFICER) is (
        Refusal.STATE
    )


def test_desks_climb_from_the_site_along_the_chain() -> None:
    assert LOOP.route(STATION, AREA) == ROUTE
    assert LOOP.route(TOWN, AREA) == (TOWN, CENTER)
    assert WUJIANG.route(STATION, AREA) == (CENTER,)


def test_a_site_without_any_desk_has_no_route() -> None:
    stations_only = attrs.evolve(LOOP, chain=(Desk.STATION,))
    with pytest.raises(DefinitionError, match="site town: no desk; expected one of station"):
        stations_only.route(TOWN, AREA)


def test_steps_read_from_a_file_are_a_tuple_of_names() -> None:
    assert all(isinstance(step.commands, tuple) for step in WUJIANG.steps)
    assert len({*WUJIANG.steps}) == 5
