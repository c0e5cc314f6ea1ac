"""Two programs on one journal that meet: who is late decides anew, and nobody is kept waiting."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import attrs
import pytest

from practice_core.dispatch import policy
from practice_core.journal import CommandReused, Conflict, Memory, MemoryJournal, TextId
from practice_core.orders import (
    AcceptOffer,
    CancelOrder,
    CancelReason,
    OfferAccepted,
    OfferMade,
    OfferOrder,
    OrderState,
    PlaceOrder,
    Progress,
    Refusal,
    Refused,
    ReportProgress,
    ReviewOrder,
    ScheduleService,
)
from practice_core.service import Done
from practice_core.units import DAY, HOUR, MINUTE, CommandId, OrderId
from tests.meeting import Interrupted, Overtaken
from tests.practising import ANN, AT_CENTER, BLUE, RED, Days, of, request

if TYPE_CHECKING:
    from practice_core.units import Duration

ONCE = CommandId("once")


@attrs.frozen
class Two:
    """Two programs on one journal: the first may be interrupted by the second."""

    journal: Interrupted
    first: Days
    second: Days

    @classmethod
    def begin(cls) -> Two:
        memory = Memory()
        journal = Interrupted(MemoryJournal(memory))
        first, second = Days(journal.as_journal()), Days(MemoryJournal(memory))
        second.numbers = count(1_000)
        return cls(journal, first, second)

    def report(self) -> None:
        """Let the second do something to the order that leaves it where it is."""
        self.second.do("o-1", ReportProgress(Progress.CONTACTED), of(RED))

    def ahead(self, duration: Duration) -> Days:
        """Set the second's clock before the first's."""
        self.second.at = self.first.at + duration
        return self.second


@pytest.fixture
def two() -> Two:
    return Two.begin()


# ------------------------------------------------------------------ commands


def test_who_is_late_decides_anew_on_what_has_happened_meanwhile(two: Two) -> None:
    two.first.accepted()
    two.journal.meanwhile["append"] = [two.report, two.report]
    done = two.first.do("o-1", ReportProgress(Progress.PLAN_TOLD), of(RED))
    assert two.journal.conflicts == 2
    assert done.order.version == two.first.order().version == 7
    assert done.appended.position_last == two.first.length == 7


def test_who_is_late_is_refused_what_is_lawful_no_more(two: Two) -> None:
    two.first.reviewed()
    cancel = CancelOrder(CancelReason.MISTAKE)
    two.first.do("o-1", OfferOrder((RED,), DAY), AT_CENTER)
    two.journal.meanwhile["append"] = [lambda: two.second.do("o-1", cancel, ANN)]
    answer = two.first.give("o-1", AcceptOffer(), of(RED))
    assert answer == Refused(AcceptOffer, Refusal.UNKNOWN_ORDER)
    assert two.first.order().state is OrderState.CANCELLED


def test_who_is_late_three_times_is_told_and_nothing_of_his_is_written(two: Two) -> None:
    two.first.accepted()
    two.journal.meanwhile["append"] = [two.report] * 3
    with pytest.raises(Conflict, match="read again and decide anew") as told:
        two.first.give("o-1", ReportProgress(Progress.PLAN_TOLD), of(RED), id=ONCE)
    assert [(one.stream, one.found) for one in told.value.stale] == [("order/o-1", 7)]
    assert two.journal.conflicts == 3
    assert two.first.practice.journal.carried(ONCE) is None
    assert two.first.kinds[-3:] == ["order.progress_reported"] * 3
    done = two.first.do("o-1", ReportProgress(Progress.PLAN_TOLD), of(RED), id=ONCE)
    assert done.order == two.second.order()
    assert done.order.version == 8


@pytest.mark.parametrize("moment", ["carried", "append"])
def test_a_command_given_to_two_at_once_is_carried_out_once_with_one_answer(
    two: Two, moment: str
) -> None:
    two.first.placed()
    two.ahead(5)
    answers: list[Done | Refused] = []

    def elsewhere() -> None:
        answers.append(two.second.give("o-1", ReviewOrder(), AT_CENTER, id=ONCE))

    two.journal.meanwhile[moment] = [elsewhere]
    answers.append(two.first.give("o-1", ReviewOrder(), AT_CENTER, id=ONCE))
    assert answers[0] == answers[1]
    assert isinstance(answers[0], Done)
    assert answers[0].events[0].at == two.second.at
    assert two.first.order() == two.second.order()
    assert two.first.length == 2


def test_a_text_that_another_has_kept_with_the_same_command_is_known_here(two: Two) -> None:
    place, note = PlaceOrder(request()), TextId("note")
    two.journal.meanwhile["append"] = [
        lambda: two.second.do("o-1", place, ANN, id=ONCE, texts={note: "third door"})
    ]
    two.first.do("o-1", place, ANN, id=ONCE, texts={note: "the third door"})
    assert two.first.practice.text(note, by=ANN) == "third door"


def test_an_id_that_another_has_just_used_is_good_for_no_other_command(two: Two) -> None:
    two.first.accepted()
    two.journal.meanwhile["append"] = [
        lambda: two.second.do("o-1", ReportProgress(Progress.CONTACTED), of(RED), id=ONCE)
    ]
    with pytest.raises(CommandReused):
        two.first.give("o-1", ReportProgress(Progress.PLAN_TOLD), of(RED), id=ONCE)
    assert two.first.length == 5
    assert two.first.order() == two.second.order()


# ------------------------------------------------------------------ the time of a team


def test_of_two_orders_that_want_a_team_at_one_time_the_second_is_refused(two: Two) -> None:
    two.first.accepted("o-1")
    two.first.accepted("o-2")
    start = two.first.at + DAY
    time = ScheduleService(start, start + 2 * HOUR)
    two.journal.meanwhile["append"] = [lambda: two.second.do("o-2", time, of(RED))]
    answer = two.first.give("o-1", time, of(RED))
    assert answer == Refused(ScheduleService, Refusal.DOUBLE_BOOKED)
    assert two.journal.conflicts == 1
    (booked,) = two.first.practice.calendar(RED, by=of(RED))
    assert booked.order == "o-2"


def test_a_team_may_accept_while_its_last_time_is_taken_but_agrees_on_no_time(two: Two) -> None:
    window = two.first.at + 2 * HOUR
    two.first.accepted("o-1", latest=window)
    two.first.reviewed("o-2", latest=window)
    two.first.do("o-2", OfferOrder((RED,), DAY), AT_CENTER)
    time = ScheduleService(two.first.at, window)
    two.journal.meanwhile["append"] = [lambda: two.second.do("o-1", time, of(RED))]
    done = two.first.do("o-2", AcceptOffer(), of(RED))
    assert isinstance(done.events[0], OfferAccepted)
    assert two.first.refuses("o-2", time, of(RED)) is Refusal.DOUBLE_BOOKED


# ------------------------------------------------------------------ clocks and policies


def test_an_order_commanded_by_a_fast_clock_keeps_no_other_from_its_tick(two: Two) -> None:
    for key in ("o-1", "o-2"):
        two.first.reviewed(key)
        two.first.do(key, OfferOrder((RED,), HOUR), AT_CENTER)
    two.first.later(HOUR)
    two.ahead(5 * MINUTE).do("o-1", OfferOrder((BLUE,), HOUR), AT_CENTER)
    done = two.first.practice.tick(two.first.at)
    assert [one.order.id for one in done] == ["o-2"]
    two.first.later(5 * MINUTE)
    assert [one.order.id for one in two.first.practice.tick(two.first.at)] == ["o-1"]


def test_an_order_that_others_keep_changing_keeps_no_other_from_its_tick(two: Two) -> None:
    for key in ("o-1", "o-2"):
        two.first.accepted(key)
    two.first.later(DAY)
    two.ahead(0)
    two.journal.meanwhile["append"] = [two.report] * 3
    done = two.first.practice.tick(two.first.at)
    assert {one.order.id for one in done} == {"o-1", "o-2"}
    assert two.journal.conflicts == 3


def test_orders_that_others_have_dispatched_meanwhile_are_no_longer_asked_about(two: Two) -> None:
    for key in ("o-1", "o-2"):
        two.first.reviewed(key)

    def elsewhere() -> None:
        two.second.practice.dispatch(policy("nearest"), at=two.first.at)

    slow = Overtaken(policy("nearest"), elsewhere)
    done = two.first.practice.dispatch(slow, at=two.first.at)
    assert done == ()  # both were dispatched by the other, and of each only one program tells
    offers = [one.event for one in two.journal.read() if isinstance(one.event, OfferMade)]
    assert [one.order for one in offers] == ["o-1", "o-2"]


def test_an_order_commanded_by_a_fast_clock_keeps_no_other_from_its_dispatch(two: Two) -> None:
    two.first.placed("o-1")
    two.ahead(5 * MINUTE).do("o-1", ReviewOrder(), AT_CENTER)
    two.first.reviewed("o-2")
    done = two.first.practice.dispatch(policy("nearest"), at=two.first.at)
    assert [one.order.id for one in done] == [OrderId("o-2")]
