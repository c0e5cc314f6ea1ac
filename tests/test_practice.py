"""The service: one area on one journal; what it promises of commands, clocks and dispatching."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest

from practice_core.dispatch import Channel, Escalate, Offer, Post, Wait, policy
from practice_core.errors import DefinitionError
from practice_core.journal import (
    CommandReused,
    Credit,
    KeptSnapshot,
    Memory,
    MemoryJournal,
    TextId,
    project,
    verify,
)
from practice_core.orders import (
    AbsorbNeed,
    AcceptOffer,
    Actor,
    CancelOrder,
    CancelReason,
    CollectNeed,
    DeclineOffer,
    EscalateOrder,
    MergeNeed,
    Mode,
    OfferOrder,
    OrderState,
    PauseOrder,
    PauseReason,
    PlaceOrder,
    PostOrder,
    Progress,
    RateOrder,
    Refusal,
    Refused,
    ReportProgress,
    ReviewOrder,
    ScheduleService,
    Served,
    SplitOrder,
    WithdrawReason,
    WithdrawTeam,
)
from practice_core.points import PointsAwarded
from practice_core.service import (
    BOOKS,
    Books,
    ClockWentBack,
    Done,
    LimitReached,
    Limits,
    Practice,
    UnlawfulDecision,
)
from practice_core.units import (
    DAY,
    HOUR,
    MINUTE,
    ActorId,
    CommandId,
    OrderId,
    SiteId,
    TeamId,
    VolunteerId,
)
from practice_core.volunteers import ServiceRecorded, TeamBooked, TeamFreed
from tests.practising import (
    ANN,
    AREA,
    AT_CENTER,
    AT_EAST_1,
    AT_WEST_1,
    BLUE,
    BOB,
    CENTER,
    EAST,
    EAST_1,
    RED,
    SITES,
    SYSTEM,
    TEAMS,
    WEST_1,
    Days,
    of,
    request,
)
from tests.telling import MONDAY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from practice_core.dispatch import CandidateArrays, Decision, Draw, View
    from practice_core.orders import Order, OrderCommand
    from practice_core.units import Duration

O_1, O_2 = OrderId("o-1"), OrderId("o-2")
V_1, V_2 = VolunteerId("v-1"), VolunteerId("v-2")


# ------------------------------------------------------------------ one append for all of it


def test_an_order_its_booking_its_hours_and_its_points_are_one_append() -> None:
    days = Days()
    done = days.served("o-1", 90, Served(V_1, 90), Served(V_2, 64))
    journal = days.practice.journal
    rows = list(journal.read(after=done.appended.position_first - 1))
    assert {row.command for row in rows} == {done.command}
    assert [(row.stream, type(row.event).__name__) for row in rows] == [
        ("order/o-1", "ServiceCompleted"),
        ("account/v-1", "ServiceRecorded"),
        ("account/v-1", "PointsAwarded"),
        ("account/v-2", "ServiceRecorded"),
        ("account/v-2", "PointsAwarded"),
        ("team/red", "TeamFreed"),
    ]
    assert rows[-1].position == done.appended.position_last
    center = days.practice.account(V_1, by=AT_CENTER)
    assert center == Credit(V_1, 90, 15)  # 10 points an hour
    assert days.practice.account(V_2, by=AT_CENTER) == Credit(V_2, 64, 10)  # 60 minutes count
    assert verify(journal) == ()


def test_time_below_the_quantum_is_hours_and_no_points() -> None:
    days = Days()
    days.served("o-1", 90, Served(V_1, 5))
    events = [row.event for row in days.practice.journal.stream("account/v-1")]
    assert [type(event) for event in events] == [ServiceRecorded]
    assert days.practice.account(V_1, by=AT_CENTER) == Credit(V_1, 5, 0)


def test_an_award_names_the_rules_that_gave_it() -> None:
    days = Days()
    days.served("o-1", 90, Served(V_1, 90))
    (awarded,) = [
        row.event
        for row in days.practice.journal.stream("account/v-1")
        if isinstance(row.event, PointsAwarded)
    ]
    assert (awarded.order, awarded.points, awarded.rules, awarded.version) == (
        O_1,
        15,
        AREA.rules.id,
        AREA.rules.version,
    )


# ------------------------------------------------------------------ once


def test_a_command_given_again_changes_nothing_and_gets_the_first_answer() -> None:
    days = Days()
    first = days.placed()
    days.do("o-1", ReviewOrder(), AT_CENTER, id=CommandId("review"))
    days.do("o-1", CancelOrder(CancelReason.MISTAKE), ANN)
    before = days.length
    again = days.later(HOUR).give("o-1", ReviewOrder(), AT_CENTER, id=CommandId("review"))
    assert isinstance(again, Done)
    assert again.order.state is OrderState.REVIEWED  # as it left it, not as it is now
    assert [event.kind for event in again.events] == ["order.reviewed"]
    repeated = PlaceOrder(first.order.request)
    assert days.give("o-1", repeated, ANN, id=first.command) == first
    assert days.length == before


def test_an_id_that_was_used_is_good_for_no_other_command() -> None:
    days = Days()
    days.placed()
    days.do("o-1", ReviewOrder(), AT_CENTER, id=CommandId("once"))
    before = days.length
    others: Sequence[tuple[str, OrderCommand, Actor]] = (
        ("o-1", CancelOrder(CancelReason.MISTAKE), ANN),
        ("o-1", ReviewOrder(), AT_EAST_1),
        ("o-2", ReviewOrder(), AT_CENTER),
    )
    for order, command, by in others:
        with pytest.raises(CommandReused, match="once"):
            days.give(order, command, by, id=CommandId("once"))
    assert days.length == before


def test_what_was_refused_is_decided_anew() -> None:
    days = Days()
    days.reviewed()
    early = days.give("o-1", AcceptOffer(), of(RED), id=CommandId("yes"))
    assert isinstance(early, Refused)
    days.do("o-1", OfferOrder((RED,), DAY), AT_CENTER)
    days.do("o-1", AcceptOffer(), of(RED), id=CommandId("yes"))


# ------------------------------------------------------------------ authority


@pytest.mark.parametrize(
    ("by", "refusal"),
    [
        (BOB, Refusal.UNKNOWN_ORDER),  # another's order does not exist for him
        (AT_WEST_1, Refusal.UNKNOWN_ORDER),
        (AT_EAST_1, None),
        (AT_CENTER, None),
        (of(RED), Refusal.UNKNOWN_ORDER),
        (ANN, Refusal.ROLE),
        (SYSTEM, Refusal.ROLE),
    ],
)
def test_a_command_is_for_some_roles_in_their_scope(by: Actor, refusal: Refusal | None) -> None:
    days = Days()
    days.placed()
    if refusal is None:
        days.do("o-1", ReviewOrder(), by)
    else:
        assert days.refuses("o-1", ReviewOrder(), by) is refusal


def test_a_stations_officer_only_reads_what_a_higher_desk_holds() -> None:
    days = Days()
    days.reviewed()
    days.do("o-1", EscalateOrder(), AT_EAST_1)
    assert days.order().holder == EAST
    assert days.refuses("o-1", EscalateOrder(), AT_EAST_1) is Refusal.SCOPE
    assert days.practice.order(O_1, by=AT_EAST_1) is not None


def test_an_order_that_is_not_there_is_refused_like_one_that_may_not_be_read() -> None:
    days = Days()
    assert days.refuses("o-9", ReviewOrder(), AT_CENTER) is Refusal.UNKNOWN_ORDER
    assert days.refuses("o-9", AcceptOffer(), of(RED)) is Refusal.UNKNOWN_ORDER


def test_an_order_names_the_desks_of_its_site() -> None:
    days = Days()
    wrong = request(route=(EAST_1, CENTER))
    assert days.refuses("o-1", PlaceOrder(wrong), ANN) is Refusal.INVALID_REQUEST
    assert days.practice.route(EAST_1) == (EAST_1, EAST, CENTER)


def test_a_team_that_the_area_does_not_have_is_offered_and_accepts_nothing() -> None:
    days = Days()
    days.reviewed()
    strange = of(TeamId("strange"))
    assert strange.team is not None
    offer = OfferOrder((strange.team,), DAY)
    assert days.refuses("o-1", offer, AT_CENTER) is Refusal.UNKNOWN_TEAM
    days.do("o-1", PostOrder(DAY), AT_CENTER)
    assert days.refuses("o-1", AcceptOffer(), strange) is Refusal.UNKNOWN_ORDER
    assert days.practice.order(O_1, by=strange) is None
    assert days.practice.inbox(strange.team, by=strange).items == ()


# ------------------------------------------------------------------ bookings


def test_a_team_is_not_booked_for_more_members_than_it_has() -> None:
    days = Days()
    days.scheduled("o-1", needed=3)
    days.accepted("o-2", needed=3)  # five members, three are taken
    start = days.at + DAY
    twice = ScheduleService(start + HOUR, start + 3 * HOUR)
    assert days.refuses("o-2", twice, of(RED)) is Refusal.DOUBLE_BOOKED
    days.do("o-2", ScheduleService(start + 2 * HOUR, start + 4 * HOUR), of(RED))
    days.accepted("o-3", needed=2)  # the other two members are free
    days.do("o-3", ScheduleService(start + HOUR, start + 3 * HOUR), of(RED))


def test_agreeing_on_another_time_of_the_same_order_is_no_double_booking() -> None:
    days = Days()
    days.scheduled("o-1", needed=5)
    later = days.at + DAY + HOUR
    days.do("o-1", ScheduleService(later, later + 2 * HOUR), of(RED))
    (booking,) = days.practice.calendar(RED, by=AT_CENTER)
    assert (booking.start, booking.members) == (later, 5)


@pytest.mark.parametrize(
    ("command", "by"),
    [
        (WithdrawTeam(WithdrawReason.ILLNESS), of(RED)),
        (CancelOrder(CancelReason.MISTAKE), ANN),
        (PauseOrder(PauseReason.WEATHER, MONDAY + 2 * DAY), AT_CENTER),
    ],
)
def test_a_team_whose_job_falls_through_is_free_again(command: OrderCommand, by: Actor) -> None:
    days = Days()
    if isinstance(command, PauseOrder):
        days = Days(profile=attrs.evolve(AREA.profile, pause_within=3 * DAY))
    days.scheduled("o-1", needed=5)
    days.do("o-1", command, by)
    assert days.practice.calendar(RED, by=AT_CENTER) == ()
    stream = [type(row.event) for row in days.practice.journal.stream("team/red")]
    assert stream == [TeamBooked, TeamFreed]
    days.scheduled("o-2", needed=5)


# ------------------------------------------------------------------ several orders at once


def collected(days: Days, *keys: str) -> None:
    for key in keys:
        wanted = request(key, placed_by=AT_EAST_1.id, placed_at=days.at)
        days.do(key, CollectNeed(wanted), AT_EAST_1)


def gathering() -> Days:
    return Days(profile=attrs.evolve(AREA.profile, collects=True))


def test_alike_needs_are_merged_all_or_none() -> None:
    days = gathering()
    collected(days, "o-1", "o-2", "o-3")
    before = days.length
    odd = days.practice.consolidate(
        O_1, [O_2, OrderId("o-9")], id=CommandId("m-1"), by=AT_EAST_1, at=days.at
    )
    assert isinstance(odd, Refused)
    assert odd.reason is Refusal.UNKNOWN_ORDER
    assert days.length == before
    needs = [O_2, OrderId("o-3")]
    done = days.practice.consolidate(O_1, needs, id=CommandId("m-2"), by=AT_EAST_1, at=days.at)
    assert isinstance(done, Done)
    assert done.order.docket.merged == (O_2, OrderId("o-3"))
    assert (
        days.practice.consolidate(O_1, needs, id=CommandId("m-2"), by=AT_EAST_1, at=days.at) == done
    )
    assert {row.command for row in days.practice.journal.read(after=before)} == {"m-2"}


def test_an_order_is_divided_among_teams_all_or_none() -> None:
    days = Days()
    days.reviewed(needed=5)
    days.reviewed("o-3")
    before = days.length

    def divided(shares: dict[OrderId, int], by: Actor = AT_EAST_1) -> Done | Refused:
        name = CommandId(f"d-{len(shares)}-{by.id}-{min(shares, default='')}")
        return days.practice.divide(O_1, shares, id=name, by=by, at=days.at)

    for shares in ({}, {OrderId("o-3"): 2}, {O_2: 5}):
        refused = divided(shares)
        assert isinstance(refused, Refused), shares
        assert refused.reason is Refusal.INVALID_VALUE
    assert isinstance(divided({O_2: 2}, AT_WEST_1), Refused)
    assert days.length == before
    done = divided({O_2: 2})
    assert isinstance(done, Done)
    assert (days.order("o-1").request.needed, days.order("o-2").request.needed) == (3, 2)
    assert days.order("o-2").request.parent == O_1


@pytest.mark.parametrize("half", [MergeNeed(O_2), AbsorbNeed(O_2), SplitOrder(O_2, 1)])
def test_half_of_what_is_done_to_several_orders_is_not_done_to_one(half: OrderCommand) -> None:
    days = gathering()
    collected(days, "o-1", "o-2")
    assert days.refuses("o-1", half, AT_EAST_1) is Refusal.ROLE


# ------------------------------------------------------------------ clocks


def test_a_tick_does_what_every_clock_demands_and_only_once() -> None:
    days = Days()
    days.reviewed("o-1")
    days.do("o-1", OfferOrder((RED,), HOUR), AT_CENTER)
    days.reviewed("o-2", site=WEST_1)
    assert days.practice.due(days.at) == ()
    assert days.practice.next_tick() == days.at + HOUR
    days.later(HOUR)
    (due,) = days.practice.due(days.at)
    assert (due.order, type(due.command).__name__, due.due_at) == (O_1, "ExpireOffers", days.at)
    (done,) = days.practice.tick(days.at)
    assert done.order.state is OrderState.REVIEWED
    assert days.practice.tick(days.at) == ()
    assert days.practice.next_tick() == days.order("o-1").due_at


def test_a_late_tick_makes_up_for_all_that_was_missed() -> None:
    days = Days()
    for n in range(4):
        days.reviewed(f"o-{n}")
    days.later(30 * DAY)
    done = days.practice.tick(days.at)
    assert {days.order(f"o-{n}").state for n in range(4)} == {OrderState.UNSERVED}
    assert {one.events[0].by for one in done} == {"system"}
    assert days.practice.next_tick() is None
    assert days.practice.due(days.at + 365 * DAY) == ()


def test_two_programs_that_tick_at_once_do_it_once() -> None:
    memory = Memory()
    one, two = Days(MemoryJournal(memory)), Days(MemoryJournal(memory))
    one.reviewed()
    one.do("o-1", OfferOrder((RED,), HOUR), AT_CENTER)
    two.later(HOUR)
    (first,) = one.practice.tick(one.at + HOUR)
    before = one.length
    assert two.practice.tick(two.at + 5) == ()
    given = two.practice.due(two.at)  # seen before the other was faster
    assert given == ()
    assert one.length == before
    assert first.order == two.order()


# ------------------------------------------------------------------ dispatching


def test_a_policy_of_the_library_dispatches_real_orders() -> None:
    days = Days()
    days.reviewed("o-1", needed=2)
    (done,) = days.practice.dispatch(policy("nearest"), at=days.at)
    assert isinstance(done.decision, Offer)
    assert done.decision.teams == (RED,)  # at home in the station itself
    assert done.decision.channel is Channel.PLATFORM
    assert done.events[0].by == ActorId(EAST_1)  # in the name of the desk that holds the order
    assert days.practice.dispatch(policy("nearest"), at=days.at) == ()
    days.do("o-1", DeclineOffer(), of(RED))
    (again,) = days.practice.dispatch(policy("nearest"), at=days.at)
    assert isinstance(again.decision, Offer)
    assert again.decision.teams == (BLUE,)


@attrs.frozen
class Saying:
    """A policy of a user's own: decides as it is told, and remembers what it was asked."""

    say: Callable[[Order, View], Decision | None]
    period: Duration = 0
    asked: list[OrderId] = attrs.field(factory=list)

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:
        self.asked.extend(order.id for order in orders)
        assert 0 < draw.uniform(str(orders[0].id)) < 1
        said = [self.say(order, view) for order in orders]
        return [one for one in said if one is not None]


def test_a_policy_that_waits_is_asked_again_when_it_said_or_when_a_team_is_free() -> None:
    days = Days()
    days.scheduled("o-1", needed=5)
    days.reviewed("o-2")
    waiting = Saying(lambda order, view: Wait(order.id, view.now + 3 * HOUR))
    assert days.practice.dispatch(waiting, at=days.at) == ()
    assert days.practice.next_dispatch(waiting, days.at) == days.at + 3 * HOUR
    days.practice.dispatch(waiting, at=days.at + HOUR)
    assert waiting.asked == [O_2]
    days.practice.dispatch(waiting, at=days.at + 3 * HOUR)
    assert waiting.asked == [O_2, O_2]
    days.later(4 * HOUR).do("o-1", WithdrawTeam(WithdrawReason.ILLNESS), of(RED))
    days.practice.dispatch(waiting, at=days.at, orders={O_2})
    assert waiting.asked == [O_2, O_2, O_2]


def test_a_policy_that_says_nothing_is_asked_again_after_half_a_day() -> None:
    days = Days()
    days.reviewed()
    silent = Saying(lambda *_: None)
    assert days.practice.next_dispatch(silent, days.at) == days.at
    days.practice.dispatch(silent, at=days.at)
    assert days.practice.next_dispatch(silent, days.at) == days.at + 12 * HOUR


def test_a_policy_with_a_period_is_asked_about_all_that_wait_oldest_first() -> None:
    days = Days()
    for key in ("o-3", "o-1", "o-2"):
        days.reviewed(key)
    batch = Saying(lambda order, _: Post(order.id, DAY), period=HOUR)
    done = days.practice.dispatch(batch, at=days.at)
    assert batch.asked == ["o-3", "o-1", "o-2"]
    assert [one.order.state for one in done] == [OrderState.POOLED] * 3
    assert days.practice.next_dispatch(batch, days.at) is None


def test_a_policy_may_escalate_and_is_then_asked_about_the_next_desk() -> None:
    days = Days()
    days.reviewed()
    upwards = Saying(lambda order, _: Escalate(order.id))
    (done,) = days.practice.dispatch(upwards, at=days.at)
    assert done.order.holder == EAST
    (done,) = days.practice.dispatch(upwards, at=days.at)
    assert done.order.holder == CENTER
    assert done.events[0].by == ActorId(EAST)


def test_no_order_is_dispatched_whose_clock_has_run_out_or_whose_host_is_known() -> None:
    days = Days()
    days.reviewed("o-1")
    days.reviewed("o-2", by=AT_EAST_1, host=RED, route=(EAST_1, EAST, CENTER))
    asked = Saying(lambda *_: None)
    late = days.order("o-1").due_at
    assert late is not None
    days.practice.dispatch(asked, at=late)
    assert asked.asked == []
    days.practice.dispatch(asked, at=late - 1)
    assert asked.asked == [O_1]


def test_nothing_of_an_unlawful_decision_is_done() -> None:
    days = Days()
    days.reviewed("o-1")
    days.reviewed("o-2")
    stranger = TeamId("stranger")
    unlawful: Sequence[tuple[Callable[[Order, View], Decision], str]] = (
        (lambda o, _: Offer(o.id, (stranger,), DAY), "stranger may not be asked now"),
        (lambda *_: Offer(O_1, (RED,), DAY), "not asked about"),
        (lambda o, _: Offer(o.id, (), DAY), "no_team"),
        (lambda o, v: Wait(o.id, v.now), "not after now"),
        (lambda o, _: Post(o.id, 0), "invalid_value"),
    )
    before = days.length
    for say, why in unlawful:
        mixed = Saying(lambda o, v, say=say: say(o, v) if o.id == O_2 else Post(o.id, DAY), HOUR)  # type: ignore[misc]  # bound now
        with pytest.raises(UnlawfulDecision, match=why):
            days.practice.dispatch(mixed, at=days.at)
        assert days.length == before


def test_a_team_with_no_time_left_is_no_candidate() -> None:
    days = Days(teams=[attrs.evolve(TEAMS[0], jobs_per_week=1)])
    days.scheduled("o-1")
    days.reviewed("o-2", latest=days.at + 2 * DAY)
    (done,) = days.practice.dispatch(policy("grab"), at=days.at) or (None,)
    assert done is None or not isinstance(done.decision, Offer)
    found: list[int] = []

    def look(order: Order, view: View) -> Decision | None:
        found.append(len(list(view.candidates(order))))
        assert view.home(RED) == EAST_1
        assert [one.id for one in view.waiting(EAST)] == [O_2]
        assert list(view.waiting(SITES.root.id)) == list(view.waiting())
        return None

    if days.order("o-2").state is OrderState.REVIEWED:
        days.later(13 * HOUR)
        days.practice.dispatch(Saying(look), at=days.at)
        assert found == [0]


def test_a_new_week_has_a_roster_of_its_own_with_all_that_was_booked() -> None:
    days = Days(teams=[attrs.evolve(TEAMS[0], jobs_per_week=1)])
    days.scheduled("o-1", after=6 * DAY)  # next Sunday
    seen: list[tuple[int, int, int]] = []

    def look(order: Order, view: View) -> Decision | None:
        seen.extend((c.open_jobs, c.offers_7d, c.minutes_28d) for c in view.candidates(order))
        return None

    for week in range(3):
        days.reviewed(f"w-{week}")
        days.practice.dispatch(Saying(look), at=days.at, orders={OrderId(f"w-{week}")})
        days.later(7 * DAY)
        days.practice.tick(days.at)
    # In the week of the job the team takes no other; then it came to nothing, but was accepted.
    assert seen == [(0, 0, 270), (0, 0, 270)]


# ------------------------------------------------------------------ limits


def test_an_actor_gives_so_many_commands_a_minute() -> None:
    days = Days(limits=Limits(commands_a_minute=3))
    days.placed()
    for _ in range(2):
        days.refuses("o-1", ReviewOrder(), ANN)
    with pytest.raises(LimitReached, match=r"ann: commands_a_minute is 3.*2020-04-06T01:01:00Z"):
        days.give("o-1", ReviewOrder(), ANN)
    days.do("o-1", ReviewOrder(), AT_CENTER)  # others go on
    assert days.later(MINUTE).refuses("o-1", ReviewOrder(), ANN) is Refusal.ROLE


def test_a_requester_has_so_many_orders_open() -> None:
    days = Days(limits=Limits(open_orders=2))
    days.placed("o-1")
    days.placed("o-2")
    before = days.length
    with pytest.raises(LimitReached, match=r"ann: open_orders is 2; .* let some of them end first"):
        days.placed("o-3")
    assert days.length == before
    days.placed("o-4", by=BOB)
    days.do("o-1", CancelOrder(CancelReason.MISTAKE), ANN)
    days.placed("o-3")


def test_a_command_long_before_the_last_event_of_its_order_is_refused_by_the_clock() -> None:
    days = Days()
    days.placed()
    before = days.length
    days.later(-2 * MINUTE)
    with pytest.raises(ClockWentBack, match="120 s before its last event") as caught:
        days.give("o-1", ReviewOrder(), AT_CENTER)
    assert (caught.value.stream, caught.value.last - caught.value.at) == ("order/o-1", 2 * MINUTE)
    assert days.length == before
    days.later(MINUTE).do("o-1", ReviewOrder(), AT_CENTER)  # clocks never quite agree


# ------------------------------------------------------------------ texts


def test_a_free_text_is_for_those_who_may_read_its_order_and_can_be_erased() -> None:
    days = Days()
    note = TextId("o-1:where")
    wanted = PlaceOrder(request())
    days.do("o-1", wanted, ANN, texts={note: "third door, the bell is broken"})
    practice = days.practice
    assert practice.text(note, by=ANN) == "third door, the bell is broken"
    assert practice.text(note, by=AT_EAST_1) == "third door, the bell is broken"
    assert practice.text(note, by=BOB) is None
    assert practice.text(note, by=of(RED)) is None
    assert practice.text(TextId("o-1:what"), by=ANN) is None
    for nobody in (BOB, of(RED), SYSTEM, AT_WEST_1):
        assert not practice.erase_text(note, by=nobody)
    assert practice.erase_text(note, by=ANN)
    assert practice.text(note, by=ANN) is None
    assert verify(practice.journal) == ()


# ------------------------------------------------------------------ opening


def test_a_journal_of_another_area_is_refused() -> None:
    memory = Memory()
    days = Days(MemoryJournal(memory))
    days.placed("o-1")
    with pytest.raises(DefinitionError, match="placed: 1: site east-1; expected a site of wuj"):
        Practice.open(MemoryJournal(memory), AREA)


def test_a_team_without_a_home_is_refused_and_no_file_stays_open(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    lost = [attrs.evolve(TEAMS[0], home=SiteId("nowhere"))]
    with pytest.raises(DefinitionError, match="team red: home"):
        Practice.open(tmp_path / "journal", AREA, hierarchy=SITES, teams=lost)


def test_a_practice_opens_an_address_and_closes_what_it_opened(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    where = tmp_path / "journal"
    with Practice.open(where, AREA, hierarchy=SITES) as practice:
        assert practice.journal.head().length == 0
    practice.close()
    with Practice.open(str(where), AREA) as practice:
        assert practice.hierarchy.root.id == "wj"


# ------------------------------------------------------------------ snapshots


def lived(days: Days) -> None:
    """Let something of everything happen."""
    days.served("o-1", 90, Served(V_1, 90))
    days.do("o-1", RateOrder(5), ANN, texts={TextId("praise"): "thank you"})
    days.scheduled("o-2", team=BLUE)
    days.reviewed("o-3", site=WEST_1, by=BOB)
    days.practice.dispatch(policy("nearest"), at=days.at)
    days.placed("o-4")
    days.do("o-4", CancelOrder(CancelReason.MISTAKE), ANN)


def told(books: Books) -> bytes:
    """Everything that books hold, but for what only spares time."""
    return books.dump()


def test_books_from_a_snapshot_are_the_books_of_a_replay() -> None:
    memory = Memory()
    days = Days(MemoryJournal(memory))
    lived(days)
    days.practice.keep()
    kept = Practice.open(MemoryJournal(memory), AREA, hierarchy=SITES, teams=TEAMS)
    journal = MemoryJournal(memory)
    memory.snapshots.clear()
    assert told(kept.books) == told(project(journal, BOOKS).state) == told(days.practice.books)
    assert kept.due(days.at + 30 * DAY) == days.practice.due(days.at + 30 * DAY)
    nearest = policy("nearest")
    assert kept.next_dispatch(nearest, days.at) == days.practice.next_dispatch(nearest, days.at)


@pytest.mark.parametrize("damage", [b"", b"x", b"{}\n", None])
def test_a_snapshot_that_is_damaged_is_passed_over(damage: bytes | None) -> None:
    memory = Memory()
    days = Days(MemoryJournal(memory))
    lived(days)
    days.practice.keep()
    kept = memory.snapshots["books"]
    state = kept.state.replace(b'"accounts"', b'"account"') if damage is None else damage
    memory.snapshots["books"] = KeptSnapshot("books", kept.version, kept.head, state)
    again = Practice.open(MemoryJournal(memory), AREA, hierarchy=SITES, teams=TEAMS)
    assert told(again.books) == told(days.practice.books)


def test_what_others_do_is_seen_before_anything_is_answered() -> None:
    memory = Memory()
    one, two = Days(MemoryJournal(memory)), Days(MemoryJournal(memory))
    one.placed("o-1")
    two.numbers = iter(range(100, 200))  # type: ignore[assignment]  # ids of its own
    two.do("o-1", ReviewOrder(), AT_CENTER)
    assert one.order().state is OrderState.REVIEWED
    one.do("o-1", OfferOrder((RED,), DAY), AT_CENTER)
    assert [order.id for order in two.practice.inbox(RED, by=of(RED)).items] == [O_1]
    assert two.practice.books.dump() == one.practice.books.dump()


# ------------------------------------------------------------------ one keeps no other from its due


def test_an_unlawful_answer_about_one_order_keeps_no_other_from_its_dispatch() -> None:
    days = Days()
    for key in ("o-1", "o-2", "o-3"):
        days.reviewed(key)
    odd = Saying(lambda o, _: Post(o.id, 0 if o.id == O_2 else DAY))
    with pytest.raises(UnlawfulDecision, match="order o-2: PostOrder: refused: invalid") as caught:
        days.practice.dispatch(odd, at=days.at)
    assert [one.order.id for one in caught.value.done] == ["o-1", "o-3"]
    assert days.practice.dispatch(odd, at=days.at) == ()  # asked again as one that waits
    assert days.practice.next_dispatch(odd, days.at) == days.at + 12 * HOUR
    again: UnlawfulDecision = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - just made
    assert (again.done, str(again)) == (caught.value.done, str(caught.value))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (None, "NoneType is no sequence of decisions"),
        (5, "int is no sequence"),
        ([None], "NoneType is no decision"),
        ([Post(O_1, 1.5)], "open_for: invalid value"),  # type: ignore[arg-type]  # that is it
        ([Wait(O_1, float("nan"))], "until: invalid value"),  # type: ignore[arg-type]  # that is it
        ([Post(O_1, np.int64(5))], "open_for: invalid value"),  # type: ignore[arg-type]  # that is it
    ],
)
def test_what_is_no_decision_is_an_unlawful_one(said: Any, why: str) -> None:  # noqa: ANN401 - that is it
    days = Days()
    days.reviewed()
    before = days.length

    class Odd:
        period = 0

        def choose(self, orders: object, view: object, draw: object) -> Any:  # noqa: ANN401, ARG002 - that is it
            return said

    with pytest.raises(UnlawfulDecision, match=why):
        days.practice.dispatch(Odd(), at=days.at)
    assert days.length == before


def test_decisions_may_come_one_by_one() -> None:
    days = Days()
    days.reviewed()

    class Lazy:
        period = 0

        def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Any:  # noqa: ANN401, ARG002 - any iterable
            return (Post(order.id, DAY) for order in orders)

    (done,) = days.practice.dispatch(Lazy(), at=days.at)
    assert done.order.state is OrderState.POOLED


def test_a_policys_key_cannot_change_what_the_roster_knows() -> None:
    days = Days()
    days.reviewed()
    seen: list[float] = []

    def look(order: Order, view: View) -> Decision | None:
        def key(columns: CandidateArrays) -> list[Any]:
            with pytest.raises(ValueError, match="read-only"):
                columns.km[:] = -1
            return [columns.km]

        found = view.candidates(order).least(key)
        assert found is not None
        seen.append(found.km)
        return None

    days.practice.dispatch(Saying(look), at=days.at)
    assert seen == [0.0]


def test_free_texts_of_the_pool_are_for_who_was_asked() -> None:
    days = Days()
    note = TextId("where")
    days.do("o-1", PlaceOrder(request()), ANN, texts={note: "flat 7"})
    days.do("o-1", ReviewOrder(), AT_CENTER)
    days.do("o-1", PostOrder(DAY), AT_CENTER)
    assert days.practice.order(O_1, by=of(RED)) is not None
    assert days.practice.text(note, by=of(RED)) is None
    days.do("o-1", AcceptOffer(), of(RED))
    assert days.practice.text(note, by=of(RED)) == "flat 7"


def test_a_host_is_a_team_of_the_area() -> None:
    days = Days()
    hosted = PlaceOrder(request(host=TeamId("strange"), placed_by=AT_EAST_1.id))
    assert days.refuses("o-1", hosted, AT_EAST_1) is Refusal.UNKNOWN_TEAM


def test_needs_count_among_what_somebody_has_open() -> None:
    days = Days(profile=attrs.evolve(AREA.profile, collects=True), limits=Limits(open_orders=2))
    for key in ("o-1", "o-2"):
        days.do(key, CollectNeed(request(key)), ANN)
    with pytest.raises(LimitReached, match="open_orders is 2"):
        days.give("o-3", CollectNeed(request("o-3")), ANN)
    days.do("o-1", PlaceOrder(request("o-1")), ANN)  # it is one of the two


def test_points_are_awarded_from_the_day_on_which_the_rules_hold() -> None:
    later = attrs.evolve(AREA.rules, effective=MONDAY + 30 * DAY)
    practice = Practice.open(
        "memory", attrs.evolve(AREA, rules=later), hierarchy=SITES, teams=TEAMS
    )
    days = Days()
    days.practice = practice
    days.served("o-1", 90, Served(V_1, 90))
    assert practice.account(V_1, by=AT_CENTER) == Credit(V_1, 90, 0)


def test_a_journal_in_a_state_that_the_loop_does_not_have_is_refused() -> None:
    memory = Memory()
    days = Days(MemoryJournal(memory))
    days.reviewed()
    days.do("o-1", PostOrder(DAY), AT_CENTER)
    directed = attrs.evolve(AREA, profile=attrs.evolve(AREA.profile, modes=(Mode.DIRECTED,)))
    with pytest.raises(DefinitionError, match="pooled; expected a state in which the loop three"):
        Practice.open(MemoryJournal(memory), directed, hierarchy=SITES, teams=TEAMS)


def test_one_answer_is_told_by_one_program() -> None:
    memory = Memory()
    one, two = Days(MemoryJournal(memory)), Days(MemoryJournal(memory))
    one.reviewed()
    first = one.practice.dispatch(policy("nearest"), at=one.at)
    assert len(first) == 1
    assert two.practice.dispatch(policy("nearest"), at=one.at) == ()


def test_no_row_of_commands_walks_back_in_time() -> None:
    days = Days()
    days.scheduled()
    for _ in range(2):
        days.later(-MINUTE // 2).do("o-1", ReportProgress(Progress.CONTACTED), of(RED))
    with pytest.raises(ClockWentBack):
        days.later(-1).give("o-1", ReportProgress(Progress.CONTACTED), of(RED))
