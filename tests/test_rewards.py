"""What the course of an order means for accounts: by whose rules, in the same append."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import load_rules
from practice_core.lifecycle import Role
from practice_core.orders import (
    AcceptOffer,
    CancelOrder,
    CancelReason,
    CompleteService,
    OfferOrder,
    RateOrder,
    ScheduleService,
    Served,
    StartService,
)
from practice_core.points import Expiry, Occasion, OccasionRecord, Passing, Tally, awards
from practice_core.points.accounts import (
    AuditAward,
    AwardConfirmed,
    AwardService,
    AwardState,
    FreezeAccount,
    ItemKind,
    JoinHousehold,
    OfferItem,
    PointsAwarded,
    PointsCharged,
    PointsRefusal,
    RecordOccasion,
    RedeemPoints,
    RedemptionState,
    ThawAccount,
    VoidAward,
)
from practice_core.service import InputRefused, Transaction
from practice_core.units import DAY, HOUR, AccountId, ActorId, VolunteerId
from practice_core.volunteers import ServiceRecord, ServiceRole
from practice_core.volunteers.standing import RecordAbsence
from tests.practising import ANN, AREA, AT_CENTER, RED, Days, of
from tests.test_people import People, volunteer

if TYPE_CHECKING:
    from practice_core.points import RuleSet
    from practice_core.points.accounts import AccountEvent, Passbook
    from practice_core.units import Minutes

V_1, V_2 = VolunteerId("v-1"), VolunteerId("v-2")
HAINAN, SHOUGUANG, XIHU, GUANGZHOU = (
    load_rules(name).versions[-1] for name in ("hainan", "shouguang", "xihu", "guangzhou")
)


def book(people: People, account: str = "v-1") -> Passbook:
    found = people.practice.passbook(AccountId(account), by=AT_CENTER)
    assert found is not None
    return found


def told(people: People, account: str = "v-1") -> list[str]:
    rows = people.practice.journal.stream(f"account/{account}")
    return [row.event.kind for row in rows]


# ------------------------------------------------------------------ by the rules


def test_grades_and_roles_count_as_hainan_has_them() -> None:
    people = People(HAINAN)
    leader = Served(V_1, 60, role=ServiceRole.LEADER, grade=2)
    people.days.served("o-1", 60, leader, Served(V_2, 60))
    assert book(people, "v-1").holding.balance == 12 + 2  # grade 2 is 1.2 times, a leader 2 more
    assert book(people, "v-2").holding.balance == 10


def test_a_grade_is_1_2_or_3() -> None:
    days = Days()
    days.scheduled()
    days.later(DAY).do("o-1", StartService(1), of(RED))
    days.later(60 * 60_000)
    with pytest.raises(InputRefused, match=r"served\[0\].grade: 4; expected 1, 2 or 3"):
        days.give("o-1", CompleteService(60, (Served(V_1, 60, grade=4),)), of(RED))
    with pytest.raises(InputRefused, match=r"nobody's begins with area:"):
        days.give("o-1", CompleteService(60, (Served(VolunteerId("area:shop"), 60),)), of(RED))


@given(st.lists(st.integers(1, 90), min_size=1, max_size=4), st.sampled_from([None, 6, 20]))
def test_limits_count_what_was_earned_before_as_awards_do(
    minutes: list[Minutes], most: int | None
) -> None:
    rules = attrs.evolve(
        AREA.rules,
        max_points_per_day=most,
        max_minutes_per_day=100,
        max_points_per_year=25,
        storage_cap=24,
    )
    people = People(rules)
    for number, one in enumerate(minutes):
        people.days.served(f"o-{number}", one, Served(V_1, one))
    events = [one.event for one in book(people).awards.values()]
    records = [
        ServiceRecord(V_1, record.order, record.at, record.minutes)
        for record in book(people).records.values()
    ]
    expected = list(awards((attrs.evolve(rules, effective=0),), records, Tally()))
    assert [event.points for event in events] == [one.points for one in expected]
    assert [event.lines for event in events] == [one.lines for one in expected]
    assert book(people).minutes == sum(minutes)  # whatever counted


def test_what_was_earned_under_a_version_stays_when_the_next_one_holds() -> None:
    people = People(AREA.rules)
    people.days.served("o-1", 60, Served(V_1, 60))
    people.open(attrs.evolve(AREA.rules, version=9, rate_per_hour=1))
    people.days.served("o-2", 60, Served(V_1, 60))
    first, second = book(people).awards.values()
    assert (first.points, first.event.version) == (10, AREA.rules.version)
    assert (second.points, second.event.version) == (1, 9)


# ------------------------------------------------------------------ audit and publicity


def test_shouguang_audits_then_shows_for_seven_days_and_then_it_counts() -> None:
    people = People(SHOUGUANG)
    people.days.served("o-1", 60, Served(V_1, 60))
    (award,) = book(people).awards.values()
    assert award.state is AwardState.AUDITING
    assert book(people).holding.balance == 0
    assert book(people).holding.pending_credits == 1
    people.kinds("v-1", AuditAward(award.number), AT_CENTER)
    assert book(people).awards[award.number].state is AwardState.SHOWN
    due_at = people.practice.next_settlement()
    assert due_at is not None
    assert 7 * DAY <= due_at - people.days.at < 8 * DAY
    assert people.practice.settle(due_at - 1) == ()
    (done,) = people.practice.settle(due_at)
    (event,) = done.events
    assert isinstance(event, AwardConfirmed)
    assert book(people).holding.balance == 1
    assert people.practice.account(V_1, by=AT_CENTER) is not None
    assert people.practice.books.account(V_1).points == 1


def test_an_award_that_is_objected_to_was_never_there() -> None:
    people = People(SHOUGUANG)
    people.days.served("o-1", 60, Served(V_1, 60))
    (award,) = book(people).awards.values()
    people.kinds("v-1", AuditAward(award.number), AT_CENTER)
    people.kinds("v-1", VoidAward(award.number), AT_CENTER)
    assert people.practice.settle(people.days.at + 30 * DAY) == ()
    assert (book(people).holding.balance, book(people).minutes) == (0, 60)


# ------------------------------------------------------------------ whose account


def test_a_household_gets_what_its_people_earn_and_hours_stay_theirs() -> None:
    people = People(AREA.rules)
    for who in (V_1, V_2):
        people.kinds("home-1", JoinHousehold(who), AT_CENTER)
    people.days.served("o-1", 60, Served(V_1, 60), Served(V_2, 30))
    assert book(people, "home-1").holding.balance == 15
    assert book(people, "v-1").holding.balance == 0
    assert book(people, "v-1").minutes == 60
    seen = people.practice.passbook(AccountId("home-1"), by=volunteer(V_2))
    assert seen is not None
    assert people.practice.passbook(AccountId("home-1"), by=ANN) is None


def test_a_frozen_account_gets_its_points_later() -> None:
    people = People(AREA.rules)
    people.kinds("v-1", FreezeAccount(), AT_CENTER)
    people.days.served("o-1", 60, Served(V_1, 60))
    assert told(people) == ["account.frozen", "service.recorded"]
    late = AwardService(people.days.order("o-1").id)
    assert people.refuses("v-1", late, AT_CENTER) is PointsRefusal.FROZEN
    people.kinds("v-1", ThawAccount(), AT_CENTER)
    people.kinds("v-1", late, AT_CENTER)
    assert book(people).holding.balance == 10
    assert people.refuses("v-1", late, AT_CENTER) is PointsRefusal.REPEATED


# ------------------------------------------------------------------ time banks


def test_in_xihu_registering_gives_five_and_being_helped_costs_one() -> None:
    people = People(XIHU)
    ann = VolunteerId(ANN.id)
    done = people.ask(ann, RecordOccasion(ann, Occasion.REGISTER), AT_CENTER)
    assert isinstance(done, Transaction)
    assert book(people, ann).holding.balance == 5
    again = people.ask(ann, RecordOccasion(ann, Occasion.REGISTER), AT_CENTER)
    assert isinstance(again, Transaction)
    assert book(people, ann).holding.balance == 5  # once in a lifetime
    people.days.served("o-1", 60, Served(V_1, 60))  # placed by ann
    assert book(people, ann).holding.balance == 4
    assert book(people, "v-1").holding.balance == 1
    (charge,) = book(people, ann).charges
    assert isinstance(charge, PointsCharged)
    assert (charge.points, charge.short, charge.occasion) == (1, 0, Occasion.RECEIVED)


def bank(rules: RuleSet) -> People:
    """A time bank in which v-1 has 15 points, and an hour of care costs 4."""
    people = People(rules)
    people.days.served("s-1", 90, Served(V_1, 90))
    care = OfferItem("care", ItemKind.SERVICE, "陪护", 4)  # type: ignore[arg-type]  # its id
    people.kinds("area:shop", care, AT_CENTER)
    return people


def reserve(people: People, order: str = "o-1", hours: int = 2) -> list[str]:
    key = people.days.order(order).id
    redeem = RedeemPoints("r-1", "care", hours, key)  # type: ignore[arg-type]  # their ids
    return people.kinds("v-1", redeem, volunteer(V_1))


def test_a_service_is_paid_in_the_append_that_completes_it_for_the_hours_begun() -> None:
    people = bank(AREA.rules)
    days = people.days
    days.scheduled("o-1", by=attrs.evolve(ANN, id=ActorId(V_1)))
    assert reserve(people) == ["redemption.reserved"]
    assert book(people).holding.available == 15 - 8
    days.later(DAY).do("o-1", StartService(3), of(RED))
    done = days.later(50 * 60_000).do("o-1", CompleteService(50, (Served(V_2, 50),)), of(RED))
    rows = list(people.practice.journal.read(after=done.appended.position_first - 1))
    kinds = [row.event.kind for row in rows]
    assert "redemption.collected" in kinds
    assert "points.awarded" in kinds
    assert book(people).holding.balance == 15 - 4  # 50 minutes are one hour begun
    assert book(people).redemptions["r-1"].state is RedemptionState.COLLECTED  # type: ignore[index]  # its id


def test_a_service_that_comes_to_nothing_is_not_paid() -> None:
    people = bank(AREA.rules)
    people.days.placed("o-1", by=attrs.evolve(ANN, id=ActorId(V_1)))
    reserve(people)
    reason = next(iter(CancelReason))
    people.days.do("o-1", CancelOrder(reason), attrs.evolve(ANN, id=ActorId(V_1)))
    assert book(people).holding.available == 15
    assert book(people).redemptions["r-1"].state is RedemptionState.CANCELLED  # type: ignore[index]  # its id
    assert people.practice.settle(people.days.at + 400 * DAY) == ()


def test_whoever_serves_is_not_charged_twice_where_being_helped_costs_anyway() -> None:
    people = bank(attrs.evolve(AREA.rules, received_debit=1))
    before = book(people).holding.balance
    days = people.days
    days.scheduled("o-1", by=attrs.evolve(ANN, id=ActorId(V_1)))
    reserve(people)
    days.later(DAY).do("o-1", StartService(3), of(RED))
    days.later(60 * 60_000).do("o-1", CompleteService(60, ()), of(RED))
    assert book(people).holding.balance == before - 4
    assert book(people).charges == []


@pytest.mark.parametrize(
    ("passing", "reason"),
    [
        (None, PointsRefusal.NOT_PASSED_ON),
        (Passing.DONATION, PointsRefusal.NOT_PASSED_ON),
        (Passing.FAMILY, None),
        (Passing.FREE, None),
    ],
)
def test_help_for_a_relative_is_had_where_points_pass_to_family(
    passing: Passing | None, reason: PointsRefusal | None
) -> None:
    people = bank(attrs.evolve(AREA.rules, passing=passing))
    mother = ActorId("mother")
    own = attrs.evolve(ANN, id=ActorId(V_1), role=Role.PROXY)
    people.days.placed("o-1", by=own, for_whom=mother)
    redeem = RedeemPoints("r-1", "care", 1, people.days.order("o-1").id)  # type: ignore[arg-type]  # their ids
    if reason is None:
        assert people.kinds("v-1", redeem, volunteer(V_1)) == ["redemption.reserved"]
    else:
        assert people.refuses("v-1", redeem, volunteer(V_1)) is reason


# ------------------------------------------------------------------ clocks


def test_points_of_several_awards_expire_each_on_its_day() -> None:
    rules = attrs.evolve(AREA.rules, expiry=Expiry.MONTHS, expiry_months=1)
    people = People(rules)
    for number in range(3):
        people.days.served(f"o-{number}", 60, Served(V_1, 60))
    losses: list[AccountEvent] = []
    instants = []
    while (due_at := people.practice.next_settlement()) is not None:
        (done,) = people.practice.settle(due_at)
        losses += done.events  # type: ignore[arg-type]  # all of an account
        instants.append(due_at)
    assert [event.points for event in losses] == [10, 10, 10]  # type: ignore[attr-defined]  # they are losses
    assert instants == sorted(set(instants))
    assert book(people).holding.balance == 0
    assert book(people).minutes == 180


def test_a_cap_of_guangzhou_holds_what_is_earned() -> None:
    people = People(attrs.evolve(GUANGZHOU, storage_cap=2))
    for number in range(3):
        people.days.served(f"o-{number}", 60, Served(V_1, 60))
    assert book(people).holding.balance == 2
    last = list(book(people).awards.values())[-1]
    assert isinstance(last.event, PointsAwarded)
    assert last.event.points == 0
    assert "storage_cap" in {line.reason.value for line in last.event.lines}


def test_an_occasion_is_told_as_it_was_counted() -> None:
    people = People(SHOUGUANG)
    done = people.ask("v-1", RecordOccasion(V_1, Occasion.RESCUE), AT_CENTER)
    assert isinstance(done, Transaction)
    (event,) = done.events
    assert isinstance(event, PointsAwarded)
    record = OccasionRecord(V_1, Occasion.RESCUE, people.days.at)
    assert event.points == next(awards((SHOUGUANG,), [record])).points


# ------------------------------------------------------------------ what being helped costs


def debits(people: People, account: str) -> list[tuple[int, int, str | None]]:
    charges = book(people, account).charges
    return [(one.points, one.short, getattr(one, "order", None)) for one in charges]


def serve_again(people: People, key: str) -> None:
    """Let an order be reopened by whoever was served badly, and be served again."""
    days = people.days
    days.do(key, RateOrder(1), attrs.evolve(ANN, id=days.order(key).request.placed_by))
    days.do(key, OfferOrder((RED,), DAY), AT_CENTER)
    days.do(key, AcceptOffer(), of(RED))
    begin = days.later(HOUR).at
    days.do(key, ScheduleService(begin, begin + 2 * HOUR), of(RED))
    days.do(key, StartService(3), of(RED))
    days.later(HOUR).do(key, CompleteService(60, (Served(V_2, 60),)), of(RED))


@pytest.mark.parametrize("moves", [False, True])
def test_an_order_that_is_served_again_is_charged_once(*, moves: bool) -> None:
    people = People(XIHU)
    ann = VolunteerId(ANN.id)
    people.kinds(ann, RecordOccasion(ann, Occasion.REGISTER), AT_CENTER)
    people.days.served("o-1", 60, Served(V_1, 60))
    if moves:
        people.kinds("home-1", JoinHousehold(ann), AT_CENTER)
    serve_again(people, "o-1")
    assert debits(people, ann) == [(1, 0, "o-1")]
    assert debits(people, "home-1") == []
    people.days.served("o-2", 60, Served(V_1, 60))
    account = "home-1" if moves else ann
    assert debits(people, account)[-1][2] == "o-2", "another order costs again"


def test_an_order_that_was_paid_with_points_costs_nothing_when_it_is_served_again() -> None:
    people = bank(attrs.evolve(AREA.rules, received_debit=1))
    days = people.days
    days.scheduled("o-1", by=attrs.evolve(ANN, id=ActorId(V_1)))
    reserve(people)
    days.later(DAY).do("o-1", StartService(3), of(RED))
    days.later(60 * 60_000).do("o-1", CompleteService(60, ()), of(RED))
    before = book(people).holding.balance
    serve_again(people, "o-1")
    assert (debits(people, "v-1"), book(people).holding.balance) == ([], before)


def test_being_helped_is_not_paid_with_points_that_have_expired() -> None:
    people = People(attrs.evolve(XIHU, expiry=Expiry.MONTHS, expiry_months=1))
    ann, days = VolunteerId(ANN.id), people.days
    people.kinds(ann, RecordOccasion(ann, Occasion.REGISTER), AT_CENTER)
    due_at = people.practice.next_settlement()
    assert due_at is not None
    days.at = due_at
    days.served("o-1", 60, Served(V_1, 60))
    assert told(people, ann)[1:] == ["points.expired", "points.charged"]
    assert debits(people, ann) == [(0, 1, "o-1")]
    assert book(people, ann).holding.balance == 0


def test_staying_away_is_not_paid_with_points_that_have_expired() -> None:
    rules = attrs.evolve(XIHU, no_show_penalty=2, expiry=Expiry.MONTHS, expiry_months=1)
    people = People(rules)
    people.kinds("v-1", RecordOccasion(V_1, Occasion.REGISTER), AT_CENTER)
    due_at = people.practice.next_settlement()
    assert due_at is not None
    days = people.days
    days.scheduled("o-1")
    days.at = max(days.at + DAY, due_at)
    missed = RecordAbsence(
        V_1,
        days.order("o-1").id,
        days.order("o-1").request.earliest,
        excused=False,
        malicious=False,
    )
    assert people.kinds("v-1", missed, AT_CENTER)[1:] == ["points.expired", "points.charged"]
    assert debits(people, "v-1") == [(0, 2, None)]
