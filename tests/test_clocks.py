"""Clocks: what is supervised, what a pause does to them, and days of issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.errors import DefinitionError
from practice_core.lifecycle import AfterPause, Role, resumed
from practice_core.orders import (
    AcceptOffer,
    AskOtherTime,
    CancelOrder,
    CancelReason,
    Clock,
    ClockStarted,
    CloseOrder,
    CompleteService,
    EscalateOrder,
    ExpireOffers,
    GiveUpOrder,
    OfferExpired,
    OfferOrder,
    OrderEscalated,
    OrderReturned,
    OrderReviewed,
    OrderState,
    OrderSupervised,
    OrderUnserved,
    OtherTimeAsked,
    PauseOrder,
    PauseReason,
    PlaceOrder,
    PostOrder,
    Priority,
    Progress,
    RecallOrder,
    RecallReason,
    Refusal,
    ReportAbsence,
    ReportProgress,
    ResumeOrder,
    ReviewOrder,
    ScheduleService,
    StartService,
    Step,
    Supervised,
    SuperviseOrder,
    TeamWithdrew,
    UnservedReason,
    WithdrawReason,
    WithdrawTeam,
    clock_of,
)
from practice_core.testing import profiles
from practice_core.units import DAY, HOUR, MINUTE, WEEK, Instant
from tests.telling import (
    ANN,
    BLUE,
    BO,
    LOOP,
    MONDAY,
    OFFICER,
    RED,
    REQUEST,
    SYSTEM,
    Story,
    accepted,
    failed,
    member_of,
    offered,
    placed,
    pooled,
    reviewed,
    scheduled,
    served,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from practice_core.orders import LoopProfile

CONTACT = Supervised(Clock.CONTACT, OrderState.ACCEPTED, HOUR)
URGENT = Supervised(Clock.CONTACT, OrderState.ACCEPTED, 10 * MINUTE, priority=Priority.URGENT)
FEEDBACK = Supervised(Clock.FEEDBACK, OrderState.PLACED, DAY)
COMPLETION = Supervised(Clock.COMPLETION, OrderState.PLACED, 3 * DAY)
REVIEW = Supervised(Clock.REVIEW, OrderState.PLACED, 4 * HOUR, working=True)
WATCHED = attrs.evolve(LOOP, supervised=(REVIEW, CONTACT, URGENT, FEEDBACK, COMPLETION))
"""1130 as in Hujiamiao (contact in 1 h, feedback in 1 day, done in 3), and a review."""


def running(told: Story) -> dict[Clock, Instant]:
    return {watch.clock: watch.due_at - MONDAY for watch in told.order.docket.watches}


# ------------------------------------------------------------------ supervision


def test_a_loop_without_supervision_starts_no_clock() -> None:
    assert not any(isinstance(event, ClockStarted) for event in served().events)


def test_clocks_start_where_the_loop_says_and_stop_when_the_thing_is_done() -> None:
    told = placed(WATCHED)
    assert running(told) == {Clock.REVIEW: 4 * HOUR, Clock.FEEDBACK: DAY, Clock.COMPLETION: 3 * DAY}
    told.then(ReviewOrder(), OFFICER, HOUR)
    assert running(told) == {Clock.FEEDBACK: DAY, Clock.COMPLETION: 3 * DAY}
    told.then(OfferOrder((RED,), DAY), OFFICER).then(AcceptOffer(), member_of(RED), HOUR)
    assert running(told)[Clock.CONTACT] == 3 * HOUR
    told.then(ReportProgress(Progress.CONTACTED), member_of(RED))
    assert running(told) == {Clock.FEEDBACK: DAY, Clock.COMPLETION: 3 * DAY}
    told.then(ReportProgress(Progress.PLAN_TOLD), OFFICER)
    assert running(told) == {Clock.COMPLETION: 3 * DAY}
    told.then(ScheduleService(told.at, told.at + 2 * HOUR), member_of(RED))
    told.then(StartService(5), member_of(RED)).then(CompleteService(60), member_of(RED), HOUR)
    assert running(told) == {}


def test_working_time_counts_where_the_loop_says_so() -> None:
    """Placed on Friday at 16:30; the desk closes at 17:30 and opens on Monday at 08:30."""
    friday = MONDAY + 4 * DAY + 7 * HOUR + 30 * MINUTE
    told = Story(WATCHED, at=friday)
    told.then(PlaceOrder(attrs.evolve(REQUEST, placed_at=friday, latest=friday + WEEK)), ANN)
    assert running(told)[Clock.REVIEW] == 7 * DAY + 2 * HOUR + 30 * MINUTE


def test_an_urgent_order_has_the_clock_of_urgent_ones() -> None:
    told = reviewed(WATCHED, priority=Priority.URGENT).then(OfferOrder((RED,), DAY), OFFICER)
    assert running(told.then(AcceptOffer(), member_of(RED)))[Clock.CONTACT] == 10 * MINUTE


def test_a_clock_that_runs_out_is_told_once_by_the_system_and_changes_nothing_else() -> None:
    told = placed(WATCHED)
    assert clock_of(told.order) == (MONDAY + 4 * HOUR, SuperviseOrder)
    assert told.refuses(SuperviseOrder(), SYSTEM, 4 * HOUR - 1) is Refusal.EARLY
    assert told.refuses(SuperviseOrder(), OFFICER, 4 * HOUR) is Refusal.ROLE
    before = told.order
    told.then(SuperviseOrder(), SYSTEM, 4 * HOUR)
    assert told.events[-1] == OrderSupervised(REQUEST.id, told.at, SYSTEM.id, Clock.REVIEW)
    assert told.order.docket.overrun == (Clock.REVIEW,)
    assert (told.order.state, told.order.due_at) == (before.state, before.due_at)
    assert told.refuses(SuperviseOrder(), SYSTEM) is Refusal.EARLY
    assert clock_of(told.order) == (MONDAY + DAY, SuperviseOrder)


def test_all_clocks_that_ran_out_are_told_at_once() -> None:
    told = placed(WATCHED).then(SuperviseOrder(), SYSTEM, 4 * DAY)
    assert told.last(3) == [OrderSupervised] * 3
    assert told.order.docket.overrun == (Clock.REVIEW, Clock.FEEDBACK, Clock.COMPLETION)
    assert clock_of(told.order) == (REQUEST.latest, GiveUpOrder)


def test_an_overrun_clock_does_not_start_again_but_the_one_of_contact_does() -> None:
    late = (*(FEEDBACK, COMPLETION), CONTACT)
    loop = attrs.evolve(
        LOOP, supervised=tuple(attrs.evolve(s, since=OrderState.ACCEPTED) for s in late)
    )
    told = reviewed(loop).then(OfferOrder((RED,), DAY), OFFICER).then(AcceptOffer(), member_of(RED))
    told.then(SuperviseOrder(), SYSTEM, 4 * DAY)
    told.then(ReportAbsence(), OFFICER)
    assert running(told) == {}
    told.then(OfferOrder((BLUE,), DAY), OFFICER).then(AcceptOffer(), member_of(BLUE))
    assert running(told) == {Clock.CONTACT: 4 * DAY + HOUR}


def test_who_lost_its_team_waits_for_no_contact() -> None:
    told = accepted(WATCHED)
    assert Clock.CONTACT in running(told)
    told.then(WithdrawTeam(WithdrawReason.ILLNESS), member_of(RED))
    assert Clock.CONTACT not in running(told)
    assert Clock.COMPLETION in running(told)


@pytest.mark.parametrize("told", [placed, reviewed, accepted, scheduled, serving])
def test_an_ended_order_is_supervised_no_more(told: Callable[[LoopProfile], Story]) -> None:
    ended = told(WATCHED).then(CancelOrder(CancelReason.MISTAKE), ANN)
    assert clock_of(ended.order) is None


@pytest.mark.parametrize(
    ("supervised", "place"),
    [
        ((attrs.evolve(CONTACT, within=0),), "supervised[0].within"),
        ((attrs.evolve(CONTACT, since=OrderState.PLACED),), "supervised[0].since"),
        ((CONTACT, CONTACT), "supervised"),
    ],
)
def test_a_clock_has_a_length_a_beginning_and_one_meaning(
    supervised: tuple[Supervised, ...], place: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        attrs.evolve(LOOP, supervised=supervised)
    assert [fault.place for fault in caught.value.faults] == [f"three desks.{place}"]


def test_a_review_is_supervised_only_where_there_is_one() -> None:
    with pytest.raises(DefinitionError, match="a clock of reviews, and no review"):
        attrs.evolve(LOOP, review_within=None, supervised=(REVIEW,))


STOPS = {
    Clock.REVIEW: ReviewOrder,
    Clock.CONTACT: ReportProgress,
    Clock.FEEDBACK: ReportProgress,
    Clock.COMPLETION: CompleteService,
}
RUNS_OUT = {
    OrderState.PLACED: GiveUpOrder,
    OrderState.REVIEWED: EscalateOrder,
    OrderState.PAUSED: ResumeOrder,
    OrderState.OFFERED: ExpireOffers,
    OrderState.POOLED: ExpireOffers,
    OrderState.ACCEPTED: ReportAbsence,
    OrderState.SCHEDULED: ReportAbsence,
    OrderState.SERVED: CloseOrder,
    OrderState.RATED: CloseOrder,
    OrderState.SHOWCASED: CloseOrder,
}


@given(profiles())
def test_every_clock_of_every_loop_has_somebody_who_acts(loop: LoopProfile) -> None:
    """A person in time, or the system when it is over; where no clock runs, an officer."""
    lifecycle = loop.lifecycle
    for one in loop.supervised:
        assert loop.rules[STOPS[one.clock]].roles - {Role.SYSTEM}
        assert loop.rules[SuperviseOrder].roles == {Role.SYSTEM}
    for state in lifecycle.states:
        resting = state not in lifecycle.final | lifecycle.passed | {OrderState.ABSENT}
        if state in RUNS_OUT and resting:
            assert RUNS_OUT[state] in lifecycle.allowed(state, Role.SYSTEM)
        elif resting:
            assert lifecycle.allowed(state, Role.OFFICER)


# ------------------------------------------------------------------ loops without a review


def test_where_nobody_reviews_an_order_may_be_given_to_a_team_at_once() -> None:
    told = placed(attrs.evolve(LOOP, review_within=None))
    assert told.last(1) == [OrderReviewed]
    assert told.order.due_at == MONDAY + 2 * DAY
    assert told.refuses(ReviewOrder(), OFFICER) is Refusal.ROLE


def test_clocks_of_an_order_that_nobody_reviews_start_with_it() -> None:
    since = attrs.evolve(FEEDBACK, since=OrderState.REVIEWED)
    told = placed(attrs.evolve(LOOP, review_within=None, supervised=(since, COMPLETION)))
    assert running(told) == {Clock.COMPLETION: 3 * DAY, Clock.FEEDBACK: DAY}


# ------------------------------------------------------------------ pauses

AWAY = PauseReason.REQUESTER_AWAY


def paused_for(length: int, answer: AfterPause, told: Story | None = None) -> Story:
    """An order reviewed on Monday, which rests from Tuesday on."""
    begun = told or reviewed(attrs.evolve(LOOP, after_pause=answer))
    rests = PauseOrder(AWAY, begun.at + 30 * DAY)
    return begun.then(rests, ANN, DAY - (begun.at - MONDAY)).then(ResumeOrder(), ANN, length)


@pytest.mark.parametrize(
    ("answer", "desk", "latest"),
    [
        (AfterPause.DEADLINE, 4 * DAY, WEEK),  # the desk's clock ran out: at once
        (AfterPause.REMAINING, 5 * DAY, 10 * DAY),
        (AfterPause.RESTART, 6 * DAY, 11 * DAY),
    ],
)
def test_a_clock_has_three_answers_to_a_pause(
    answer: AfterPause, desk: Instant, latest: Instant
) -> None:
    """Two days for the desk, a week for the order; a day is gone, then three days of rest."""
    told = paused_for(3 * DAY, answer)
    assert told.order.request.latest == MONDAY + latest
    assert (told.order.due, told.order.due_at) == (EscalateOrder, MONDAY + desk)
    assert told.refuses(EscalateOrder(), SYSTEM, desk - 4 * DAY - 1) is Refusal.EARLY
    told.then(EscalateOrder(), SYSTEM, desk - 4 * DAY)


def test_an_order_whose_window_is_over_after_the_pause_ends() -> None:
    told = paused_for(WEEK, AfterPause.DEADLINE)
    ended = OrderUnserved(REQUEST.id, told.at, ANN.id, UnservedReason.NOBODY)
    assert told.events[-1] == ended


def test_a_second_pause_counts_from_the_first_ones_end() -> None:
    told = paused_for(3 * DAY, AfterPause.RESTART)
    assert told.order.request.latest - told.at == WEEK
    told.then(PauseOrder(AWAY, told.at + DAY), ANN).then(ResumeOrder(), ANN, HOUR)
    assert told.order.request.latest - told.at == WEEK


def test_supervised_clocks_rest_with_the_order() -> None:
    told = reviewed(WATCHED)
    told.then(PauseOrder(AWAY, MONDAY + 20 * DAY), ANN, HOUR)
    assert clock_of(told.order) == (MONDAY + 20 * DAY, ResumeOrder)
    assert told.refuses(SuperviseOrder(), SYSTEM, 9 * DAY) is Refusal.STATE
    told.then(ResumeOrder(), OFFICER, 9 * DAY)
    assert running(told) == {Clock.FEEDBACK: 10 * DAY, Clock.COMPLETION: 12 * DAY}


def test_the_system_ends_a_pause_that_nobody_ends_and_not_earlier() -> None:
    told = reviewed().then(PauseOrder(AWAY, MONDAY + DAY), ANN)
    assert told.refuses(ResumeOrder(), SYSTEM, DAY - 1) is Refusal.EARLY
    assert told.refuses(ResumeOrder(), BO, DAY) is Refusal.SCOPE
    assert told.then(ResumeOrder(), SYSTEM, DAY).order.state is OrderState.REVIEWED


@pytest.mark.parametrize(
    ("until", "fine"), [(0, False), (1, True), (30 * DAY, True), (30 * DAY + 1, False)]
)
def test_a_pause_ends_later_than_now_and_within_what_the_loop_allows(
    until: int, *, fine: bool
) -> None:
    told, rests = reviewed(), PauseOrder(AWAY, MONDAY + until)
    if fine:
        told.then(rests, ANN)
    else:
        assert told.refuses(rests, ANN) is Refusal.INVALID_VALUE


def test_a_loop_in_which_only_the_team_could_end_a_service_is_none() -> None:
    steps = (
        Step("办结", "complete", ("CompleteService",), (Role.TEAM,)),
        Step("取消", "cancel", ("CancelOrder",), (Role.PROXY,)),
    )
    with pytest.raises(DefinitionError, match="an order that is in_service, with no officer"):
        attrs.evolve(LOOP, steps=steps)


def test_a_loop_may_know_no_pause() -> None:
    told = reviewed(attrs.evolve(LOOP, pause_within=None))
    assert told.refuses(PauseOrder(AWAY, MONDAY + DAY), ANN) is Refusal.ROLE


@pytest.mark.parametrize("told", [offered, pooled, accepted, scheduled])
def test_a_pause_sets_everybody_free_and_counts_as_no_failed_round(
    told: Callable[[], Story],
) -> None:
    rests = told().then(PauseOrder(PauseReason.EMERGENCY, MONDAY + 2 * DAY), OFFICER)
    assert (rests.order.team, rests.order.offers, rests.order.attempts) == (None, (), 0)
    rests.then(ResumeOrder(), OFFICER, HOUR)
    rests.then(OfferOrder((RED,), DAY), OFFICER)  # who was free to answer may be asked again


def test_a_service_that_should_have_begun_is_not_paused() -> None:
    late = scheduled().refuses(PauseOrder(AWAY, MONDAY + 9 * DAY), ANN, DAY + 1)
    assert late is Refusal.LATE
    assert reviewed().refuses(PauseOrder(AWAY, MONDAY + 9 * DAY), ANN, WEEK) is Refusal.LATE
    assert serving().refuses(PauseOrder(AWAY, MONDAY + 9 * DAY), ANN) is Refusal.STATE


def test_a_desk_has_what_was_left_of_its_time_also_where_a_team_had_been_asked() -> None:
    told = paused_for(DAY, AfterPause.REMAINING, told=offered(RED))
    assert told.order.due_at == told.at + DAY  # of two days one was gone


@given(st.data(), st.sampled_from(AfterPause))
def test_no_pause_brings_a_clock_forward_or_takes_from_what_was_left(
    data: st.DataObject, answer: AfterPause
) -> None:
    since = data.draw(st.integers(0, WEEK))
    paused_at = since + data.draw(st.integers(0, WEEK))
    due_at = paused_at + data.draw(st.integers(0, WEEK))
    at = paused_at + data.draw(st.integers(0, WEEK))
    after = resumed(answer, since=since, due_at=due_at, paused_at=paused_at, at=at)
    assert after >= due_at
    if answer is not AfterPause.DEADLINE:
        assert after - at >= due_at - paused_at


# ------------------------------------------------------------------ days of issue

MONTHLY = attrs.evolve(LOOP, issue_days=(10,), desk_within=None)


def test_orders_of_a_monthly_issue_wait_for_its_day() -> None:
    """Chengcheng issues its list on the 10th; this is the 6th of April 2020, 9:00."""
    told = reviewed(MONTHLY, latest=MONDAY + 30 * DAY)
    tenth = MONDAY + 3 * DAY + 15 * HOUR
    for command in (OfferOrder((RED,), DAY), PostOrder(DAY)):
        assert told.refuses(command, OFFICER, tenth - MONDAY - 1) is Refusal.EARLY
        assert told.refuses(command, OFFICER, tenth + DAY - MONDAY) is Refusal.EARLY
    assert (MONTHLY.next_issue(MONDAY), MONTHLY.issues(tenth)) == (tenth, True)
    assert MONTHLY.next_issue(tenth + HOUR) == tenth + HOUR
    assert MONTHLY.next_issue(tenth + DAY) == tenth + 30 * DAY
    assert LOOP.next_issue(MONDAY) == MONDAY
    told.then(PostOrder(DAY), OFFICER, tenth - MONDAY)


@given(st.integers(0, 400 * DAY), st.sets(st.integers(1, 28), min_size=1))
def test_the_next_day_of_issue_is_the_first_from_now_on(more: int, days: set[int]) -> None:
    loop = attrs.evolve(MONTHLY, issue_days=tuple(days))
    at = MONDAY + more
    issue = loop.next_issue(at)
    assert loop.issues(issue)
    assert issue == at or not any(loop.issues(t) for t in range(at, issue, 6 * HOUR))
    assert at <= issue < at + 31 * DAY


def test_an_order_that_was_issued_once_waits_for_no_further_day() -> None:
    """Else a redo of three working days would be over before the next list."""
    told = reviewed(MONTHLY, latest=MONDAY + 30 * DAY)
    told.then(PostOrder(DAY), OFFICER, 3 * DAY + 15 * HOUR).then(ExpireOffers(), SYSTEM, DAY)
    told.then(OfferOrder((RED,), DAY), OFFICER, DAY)


def test_a_desk_that_may_ask_once_a_month_holds_orders_for_as_long() -> None:
    with pytest.raises(DefinitionError, match="31 days or more, as orders are issued monthly"):
        attrs.evolve(MONTHLY, desk_within=30 * DAY)


@pytest.mark.parametrize("days", [(0,), (29,), (10, 31)])
def test_a_day_of_issue_is_one_that_every_month_has(days: tuple[int, ...]) -> None:
    with pytest.raises(DefinitionError, match="days 1 to 28 of a month"):
        attrs.evolve(LOOP, issue_days=days)


# ------------------------------------------------------------------ another time, and nobody there


def test_a_requester_may_ask_for_another_time_which_the_team_confirms() -> None:
    told = scheduled()
    start = told.order.start
    assert start is not None
    other = AskOtherTime(start + DAY, start + DAY + 2 * HOUR)
    assert told.refuses(other, BO) is Refusal.SCOPE
    assert told.refuses(other, member_of(RED)) is Refusal.ROLE
    assert told.refuses(attrs.evolve(other, end=REQUEST.latest + 1), ANN) is Refusal.OUTSIDE_WINDOW
    assert told.refuses(other, ANN, start + 1 - told.at) is Refusal.LATE
    told.then(other, ANN)
    assert told.last(1) == [OtherTimeAsked]
    assert told.order.docket.other_time == (other.start, other.end)
    assert (told.order.start, told.order.due_at) == (start, start + 2 * HOUR)  # it stands
    assert told.refuses(ScheduleService(other.start, other.end), OFFICER) is Refusal.ROLE
    agreed = told.then(ScheduleService(other.start, other.end), member_of(RED)).order
    assert (agreed.start, agreed.docket.other_time) == (other.start, None)


def test_a_team_that_does_not_answer_a_wish_for_another_time_is_not_absent_for_it() -> None:
    told = scheduled()
    wish = AskOtherTime(told.at, told.at + 2 * HOUR)
    told.then(wish, ANN)
    assert told.refuses(ReportAbsence(), ANN) is Refusal.EARLY


def test_what_was_asked_of_one_team_is_not_asked_of_the_next() -> None:
    told = scheduled().then(AskOtherTime(MONDAY + 2 * DAY, MONDAY + 3 * DAY), ANN)
    told.then(WithdrawTeam(WithdrawReason.CLASH), member_of(RED))
    assert told.order.docket.other_time is None


def test_a_team_that_finds_nobody_gives_the_order_back_from_its_start_to_its_end() -> None:
    told, gone = scheduled(), WithdrawTeam(WithdrawReason.NOBODY_THERE)
    assert told.refuses(gone, member_of(RED), DAY - 1) is Refusal.EARLY
    assert told.refuses(gone, member_of(RED), DAY + 2 * HOUR + 1) is Refusal.LATE
    assert accepted().refuses(gone, member_of(RED)) is Refusal.EARLY
    told.then(gone, member_of(RED), DAY)
    assert told.last(1) == [TeamWithdrew]
    assert told.order.state is OrderState.REVIEWED


# ------------------------------------------------------------------ how long a desk holds an order


def test_a_failed_round_gives_a_desk_no_new_time() -> None:
    told = failed(reviewed(), RED)
    assert (told.order.due, told.order.due_at) == (EscalateOrder, MONDAY + 2 * DAY)
    told.then(OfferOrder((BLUE,), DAY), OFFICER, DAY + HOUR)
    told.then(RecallOrder(RecallReason.OTHER), OFFICER, HOUR)
    assert told.order.due_at == MONDAY + 2 * DAY


def test_a_round_that_fails_after_the_desks_time_moves_on_at_once() -> None:
    told = reviewed(attrs.evolve(LOOP, tries=9)).then(OfferOrder((RED,), DAY), OFFICER, DAY + HOUR)
    told.then(ExpireOffers(), SYSTEM, DAY)
    assert told.last(3) == [OfferExpired, OrderReturned, OrderEscalated]


def test_pauses_are_not_longer_together_than_one_may_be() -> None:
    told = paused_for(20 * DAY, AfterPause.REMAINING)
    assert told.refuses(PauseOrder(AWAY, told.at + 10 * DAY + 1), ANN) is Refusal.INVALID_VALUE
    told.then(PauseOrder(AWAY, told.at + 10 * DAY), ANN)


def test_working_time_that_was_left_is_left_in_working_time() -> None:
    """Four working hours from Monday, 9:00; paused at once, until Saturday."""
    loop = attrs.evolve(
        LOOP,
        supervised=(attrs.evolve(COMPLETION, within=4 * HOUR, working=True),),
        after_pause=AfterPause.REMAINING,
    )
    told = reviewed(loop).then(PauseOrder(AWAY, MONDAY + 9 * DAY), ANN)
    told.then(ResumeOrder(), ANN, 5 * DAY)
    assert running(told) == {Clock.COMPLETION: WEEK + 3 * HOUR + 30 * MINUTE}


@pytest.mark.parametrize(
    ("answer", "left"),
    [(AfterPause.DEADLINE, -2), (AfterPause.REMAINING, 2), (AfterPause.RESTART, 3)],
)
def test_supervised_clocks_have_the_three_answers_too(answer: AfterPause, left: int) -> None:
    """Three days to be done; paused for four days after one."""
    loop = attrs.evolve(LOOP, supervised=(COMPLETION,), after_pause=answer)
    told = reviewed(loop, latest=MONDAY + 2 * WEEK).then(
        PauseOrder(AWAY, MONDAY + 9 * DAY), ANN, DAY
    )
    told.then(ResumeOrder(), ANN, 4 * DAY)
    assert running(told) == {Clock.COMPLETION: (5 + left) * DAY}


# ------------------------------------------------------------------ a service has its time


def test_a_service_begins_at_the_agreed_time_or_later_and_lasts_no_longer_than_it_did() -> None:
    told = scheduled()
    assert told.refuses(StartService(5), member_of(RED), DAY - 1) is Refusal.EARLY
    told.then(StartService(5), member_of(RED), DAY)
    assert told.refuses(CompleteService(61), member_of(RED), HOUR) is Refusal.INVALID_VALUE
    told.then(CompleteService(60), member_of(RED), HOUR)


def test_only_the_team_agrees_on_its_time_and_on_one_that_is_long_enough() -> None:
    told, noon = accepted(), MONDAY + DAY
    assert told.refuses(ScheduleService(noon, noon + 2 * HOUR), OFFICER) is Refusal.ROLE
    short = ScheduleService(noon, noon + 90 * MINUTE - 1)
    assert told.refuses(short, member_of(RED)) is Refusal.OUTSIDE_WINDOW
    told.then(ScheduleService(noon, noon + 90 * MINUTE), member_of(RED))
