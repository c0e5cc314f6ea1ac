"""Accounts: what may be asked of them by the rules of eight places, and what comes of it."""

from __future__ import annotations

import attrs

from practice_core.journal import Write
from practice_core.lifecycle import Actor, Role
from practice_core.orders import RateOrder, Served
from practice_core.points import Occasion, Passing, expires
from practice_core.points.accounts import (
    AuditAward,
    AwardService,
    AwardState,
    CancelRedemption,
    CollectRedemption,
    CorrectAward,
    FreezeAccount,
    GivePoints,
    HouseholdJoined,
    ItemKind,
    JoinHousehold,
    LeaveHousehold,
    MergeAccount,
    OfferItem,
    RefundRedemption,
    SettleAccount,
    ThawAccount,
    VoidAward,
)
from practice_core.units import (
    DAY,
    HOUR,
    MINUTE,
    AccountId,
    ActorId,
    CommandId,
    ItemId,
    OrderId,
    SiteId,
    VolunteerId,
    instant,
    moment,
)
from tests.banking import NEIGHBOUR, POOL, RULES, SHOP, Bank, R, person, redeem
from tests.practising import SYSTEM

ANN, BOB, CY, HOME = "ann", "bob", "cy", "home"
V_ANN, V_BOB = VolunteerId(ANN), VolunteerId(BOB)
A_BOB = AccountId(BOB)
LOCAL = 8 * HOUR


def day_of(at: int) -> tuple[int, int, int]:
    when = moment(at, offset=LOCAL)
    return when.year, when.month, when.day


# ------------------------------------------------------------------ eight places


def test_huangshan_takes_nothing_back_and_its_points_last_three_years() -> None:
    bank = Bank("huangshan")
    bank.serves(ANN, 120)
    assert bank.points(ANN) == 20
    served_on = bank.at
    bank.offers("soap", 15)
    key = bank.redeems(ANN)
    assert bank.cannot(ANN, CollectRedemption(key)) is R.WRONG_CODE
    assert bank.cannot(ANN, CollectRedemption(key, "0000000000")) is R.WRONG_CODE
    code = bank.code(ANN, key)
    assert code is not None
    assert len(code) == 10
    bank.can(ANN, CollectRedemption(key, f" {code[:5].lower()}-{code[5:]} "))
    assert bank.code(ANN, key) is None
    assert bank.cannot(ANN, RefundRedemption(key)) is R.NOT_REFUNDABLE
    year, month, day = day_of(served_on)
    due_at = bank.practice.next_settlement()
    assert due_at is not None
    assert day_of(due_at) == (year + 3, month, day)
    bank.at = due_at - 1
    assert bank.settles() == []
    bank.later(1)
    assert bank.settles() == ["points.expired"]
    assert bank.points(ANN) == 0


def test_hailin_lets_a_person_redeem_once_a_quarter() -> None:
    bank = Bank("hailin")
    for _ in range(3):
        bank.serves(ANN, 150)
    assert bank.points(ANN) == 6, "two hours an activity count"
    bank.offers("soap", 2)
    first = bank.redeems(ANN)
    assert bank.cannot(ANN, redeem(), person(ANN)) is R.QUOTA_USED
    bank.can(ANN, CancelRedemption(first), person(ANN))
    bank.redeems(ANN)
    assert bank.cannot(ANN, redeem(), person(ANN)) is R.QUOTA_USED
    assert moment(bank.at, offset=LOCAL).month == 4
    bank.later(91 * DAY)
    bank.redeems(ANN)
    bank.trains(ANN, 3, Occasion.REFERRAL)
    assert bank.points(ANN) == 2 + 6, "two points for each newly registered volunteer"


def test_huangyan_settles_in_january_from_ten_hours_on() -> None:
    bank = Bank("huangyan")
    bank.offers("soap", 1)
    bank.serves(ANN, 9 * 60 + 59)
    at = moment(bank.at, offset=LOCAL)
    bank.at = instant(at.replace(year=at.year + 1, month=1, day=31, hour=23, minute=59))
    assert bank.cannot(ANN, redeem(), person(ANN)) is R.TOO_FEW_HOURS
    bank.later(-2 * HOUR)
    bank.starts("o-last")
    bank.ends("o-last", 1, Served(V_ANN, 1))
    assert moment(bank.at, offset=LOCAL).month == 2
    assert bank.cannot(ANN, redeem(), person(ANN)) is R.WINDOW_CLOSED
    at = moment(bank.at, offset=LOCAL)
    bank.at = instant(at.replace(year=at.year + 1, month=1, day=1, hour=0, minute=0))
    bank.redeems(ANN)
    assert bank.cannot(ANN, redeem(), person(ANN)) is R.QUOTA_USED


def test_guangzhou_stores_1500_and_takes_gifts_to_its_pool_alone() -> None:
    bank = Bank(attrs.evolve(Bank("guangzhou").practice.area.rules, storage_cap=1_500))
    rules = bank.practice.area.rules
    assert rules.storage_cap == 1_500
    bank.serves(ANN, 120)
    bank.offers("soap", 1)
    assert bank.cannot(ANN, redeem(), person(ANN)) is R.TOO_FEW_HOURS
    assert bank.cannot(ANN, GivePoints(A_BOB, 1), person(ANN)) is R.NOT_PASSED_ON
    bank.can(ANN, GivePoints(POOL, 2), person(ANN))
    assert (bank.points(ANN), bank.points(POOL)) == (0, 2)
    assert bank.cannot(POOL, GivePoints(A_BOB, 1), person(ANN)) is R.UNKNOWN_ACCOUNT
    bank.can(POOL, GivePoints(A_BOB, 1))
    assert bank.points(BOB) == 1
    assert bank.book(ANN).minutes == 120, "hours stay"


def test_what_is_stored_in_guangzhou_never_exceeds_its_cap() -> None:
    bank = Bank(attrs.evolve(Bank("guangzhou").practice.area.rules, storage_cap=3))
    bank.serves(ANN, 120)
    bank.serves(ANN, 120)
    assert bank.points(ANN) == 3
    bank.serves(ANN, 60)
    assert bank.points(ANN) == 3
    assert bank.book(ANN).minutes == 300


def test_shouguang_audits_shows_for_seven_days_and_redeems_for_the_family_on_the_15th() -> None:
    bank = Bank("shouguang")
    bank.can(HOME, JoinHousehold(V_ANN))
    bank.serves(ANN, 120)
    book = bank.book(HOME)
    assert (book.holding.available, book.holding.pending_credits) == (0, 2)
    ((number, award),) = book.awards.items()
    assert award.state is AwardState.AUDITING
    assert bank.cannot(HOME, AuditAward(number), person(ANN)) is R.ROLE
    bank.can(HOME, AuditAward(number))
    assert bank.cannot(HOME, AuditAward(number)) is R.STATE
    until = bank.practice.next_settlement()
    assert until is not None
    assert until == (RULES.day(bank.at) + 8) * DAY - LOCAL, "seven whole days"
    bank.at = until - 1
    assert bank.settles() == []
    bank.later(1)
    assert bank.settles() == ["points.award_confirmed"]
    assert bank.points(HOME) == 2
    bank.offers("soap", 1)
    at = moment(bank.at, offset=LOCAL)
    bank.at = instant(at.replace(month=at.month + 1, day=14, hour=23, minute=59))
    assert bank.cannot(HOME, redeem(), person(ANN)) is R.WINDOW_CLOSED
    bank.later(MINUTE)
    bank.can(HOME, redeem(), person(ANN))
    assert bank.cannot(HOME, redeem("other"), person(BOB)) is R.UNKNOWN_ACCOUNT


def test_what_is_objected_to_in_shouguang_comes_to_nothing() -> None:
    bank = Bank("shouguang")
    bank.serves(ANN, 120)
    (number,) = bank.book(ANN).awards
    bank.can(ANN, AuditAward(number))
    bank.can(ANN, VoidAward(number))
    assert bank.practice.next_settlement() is None
    held = bank.book(ANN).holding
    assert (held.balance, held.pending_credits) == (0, 0)
    assert bank.book(ANN).minutes == 120


def test_in_xihu_a_service_received_costs_a_point_and_points_flow_in_the_family() -> None:
    bank = Bank("xihu")
    bank.serves(BOB, 120, by=person(ANN))
    assert bank.points(BOB) == 1, "by the service, however long"
    charged = [
        one.event for one in bank.practice.journal.read() if one.event.kind == "points.charged"
    ]
    assert [(one.volunteer, one.points, one.short) for one in charged] == [(ANN, 0, 1)]  # type: ignore[attr-defined]  # charges
    bank.trains(ANN, 1, Occasion.REGISTER)
    assert bank.points(ANN) == 5
    bank.serves(BOB, 60, by=person(ANN))
    assert bank.points(ANN) == 4
    bank.can(BOB, GivePoints(AccountId(ANN), 2), person(BOB))
    assert bank.points(ANN) == 6


def test_in_xihu_points_pay_for_a_service_for_the_family() -> None:
    bank = Bank("xihu")
    bank.trains(ANN, 1, Occasion.REGISTER)
    bank.offers("care", 1, None, kind=ItemKind.SERVICE)
    bank.placed("o-1", by=Actor(ActorId(ANN), Role.PROXY), for_whom=ActorId("grandma"))
    bank.redeems(ANN, "care", 2, "o-1")
    bank.review("o-1")
    bank.starts_again("o-1")
    bank.ends("o-1", 61)
    assert bank.points(ANN) == 3, "two hours were begun, and nothing is charged besides"


def test_in_kunshan_goods_of_800_to_3800_points_are_had_for_a_code() -> None:
    bank = Bank("kunshan")
    for _ in range(38):
        bank.serves(ANN, 136)
    assert bank.points(ANN) == 38 * 22, "ten an hour, by tenths of one"
    bank.offers("rice", 800, 1)
    bank.offers("pot", 3_800, 1)
    assert bank.cannot(ANN, redeem("r", "pot"), person(ANN)) is R.TOO_FEW_POINTS
    key = bank.redeems(ANN, "rice")
    assert bank.cannot(ANN, redeem("other", "rice"), person(ANN)) is R.OUT_OF_STOCK
    assert bank.cannot(ANN, CollectRedemption(key, "RICE")) is R.WRONG_CODE
    bank.can(ANN, CollectRedemption(key, bank.code(ANN, key)))
    assert bank.points(ANN) == 836 - 800


def test_in_beijing_points_pass_to_the_family_and_never_expire() -> None:
    bank = Bank("beijing")
    bank.serves(ANN, 150)
    assert bank.points(ANN) == 2
    bank.can(ANN, GivePoints(A_BOB, 2), person(ANN))
    assert bank.points(BOB) == 2
    assert bank.practice.next_settlement() is None


# ------------------------------------------------------------------ what went wrong once


def test_somebody_who_gave_to_an_account_can_be_merged_with_it() -> None:
    bank = Bank()
    bank.trains(ANN)
    bank.can(ANN, GivePoints(A_BOB, 4), person(ANN))
    bank.can(ANN, MergeAccount(A_BOB))
    assert (bank.points(ANN), bank.points(BOB)) == (0, 10)
    assert bank.cannot(BOB, MergeAccount(AccountId(ANN))) is R.STATE
    assert bank.cannot(ANN, MergeAccount(A_BOB)) is R.CLOSED
    bank.can(BOB, MergeAccount(AccountId(CY)))
    assert bank.points(CY) == 10
    bank.serves(ANN, 60)
    assert bank.points(CY) == 20, "what he serves under his first number goes to his last account"


def test_a_household_is_nobodys_second_account() -> None:
    bank = Bank()
    bank.can(HOME, JoinHousehold(V_ANN))
    bank.can(HOME, LeaveHousehold(V_ANN))
    assert bank.cannot(HOME, MergeAccount(A_BOB)) is R.STATE
    assert bank.cannot(BOB, MergeAccount(AccountId(HOME))) is R.STATE


def test_an_award_that_was_taken_back_cannot_be_taken_back_again() -> None:
    bank = Bank()
    bank.trains(ANN)
    bank.can(ANN, CorrectAward(1, 4))
    bank.can(ANN, CorrectAward(1))
    assert bank.points(ANN) == 0
    assert bank.cannot(ANN, CorrectAward(1)) is R.TOO_FEW_POINTS


def test_a_service_is_awarded_once_whatever_household_is_joined_since() -> None:
    bank = Bank()
    order = OrderId(bank.serves(ANN, 60))
    bank.can(HOME, JoinHousehold(V_ANN))
    assert bank.cannot(ANN, AwardService(order)) is R.REPEATED
    order = OrderId(bank.serves(ANN, 60))
    bank.can(HOME, LeaveHousehold(V_ANN))
    bank.can("other", JoinHousehold(V_ANN))
    assert bank.cannot(ANN, AwardService(order)) is R.REPEATED


def test_a_service_of_an_account_that_was_merged_is_awarded_to_the_other_once() -> None:
    bank = Bank()
    bank.can(ANN, FreezeAccount())
    late = OrderId(bank.serves(ANN, 60))
    bank.can(ANN, ThawAccount())
    order = OrderId(bank.serves(ANN, 60))
    bank.can(ANN, MergeAccount(A_BOB))
    assert bank.cannot(ANN, AwardService(order)) is R.REPEATED
    bank.can(ANN, AwardService(late))
    assert bank.cannot(ANN, AwardService(late)) is R.REPEATED
    bank.can(HOME, JoinHousehold(V_BOB))
    assert bank.cannot(ANN, AwardService(late)) is R.REPEATED
    assert bank.points(BOB) == 20


def test_hours_served_twice_on_one_order_count_twice() -> None:
    bank = Bank()
    bank.serves(ANN, 90, "o-1")
    bank.do("o-1", RateOrder(1), NEIGHBOUR)
    bank.starts_again("o-1")
    bank.ends("o-1", 60, Served(V_ANN, 60))
    assert bank.book(ANN).minutes == 150 == bank.practice.books.account(V_ANN).minutes


def test_two_numbers_of_one_person_on_one_order_count_once() -> None:
    bank = Bank()
    bank.can(ANN, MergeAccount(A_BOB))
    bank.starts("o-1")
    bank.ends("o-1", 90, Served(V_ANN, 90), Served(V_BOB, 60))
    assert bank.book(BOB).minutes == 90 == bank.practice.books.account(V_BOB).minutes


def test_a_service_costs_what_it_cost_when_it_was_set_aside() -> None:
    bank = Bank()
    bank.trains(ANN, 10)
    bank.offers("care", 10, 5, kind=ItemKind.SERVICE)
    bank.placed("o-1")
    bank.redeems(ANN, "care", 3, "o-1")
    assert bank.item("care").stock == 2
    bank.offers("care", 30, 2, kind=ItemKind.SERVICE)
    bank.review("o-1")
    bank.starts_again("o-1")
    bank.ends("o-1", 60)
    assert bank.points(ANN) == 90
    assert bank.item("care").stock == 4, "two hours of three were not needed"


def test_whoever_ordered_it_one_pays_for_a_service_of_ones_own() -> None:
    bank = Bank(attrs.evolve(RULES, passing=Passing.NONE))
    bank.trains(ANN, 10)
    bank.trains(BOB, 10)
    bank.offers("care", 10, 5, kind=ItemKind.SERVICE)
    bank.placed("o-1", by=Actor(ActorId(BOB), Role.PROXY), for_whom=ActorId(ANN))
    assert bank.cannot(BOB, redeem("r", "care", 1, "o-1"), person(BOB)) is R.NOT_PASSED_ON
    bank.redeems(ANN, "care", 1, "o-1")


def test_points_last_however_late_the_calendar() -> None:
    bank = Bank(attrs.evolve(RULES, expiry_months=1_200))
    last = 253_370_764_799_999
    assert expires(bank.practice.area.rules, last) is None
    bank.at = last
    bank.trains(ANN)
    assert bank.practice.next_settlement() is None


def test_points_that_have_expired_cannot_be_spent_before_the_clock_sees_it() -> None:
    bank = Bank()
    bank.trains(ANN)
    due_at = bank.practice.next_settlement()
    assert due_at is not None
    bank.at = due_at - DAY
    bank.trains(ANN)
    bank.offers("soap", 11)
    bank.at = due_at - 1
    key = bank.redeems(ANN)
    bank.can(ANN, CancelRedemption(key), person(ANN))
    bank.later(1)
    assert bank.cannot(ANN, redeem(), person(ANN)) is R.TOO_FEW_POINTS
    assert bank.cannot(ANN, GivePoints(A_BOB, 11), person(ANN)) is R.TOO_FEW_POINTS
    given = bank.can(ANN, GivePoints(A_BOB, 1), person(ANN))
    assert [(one.kind, str(one.by)) for one in given.events] == [
        ("points.expired", "system"),
        ("points.given", ANN),
        ("points.received", ANN),
    ]
    assert bank.points(ANN) == 9
    assert bank.settles() == []


def test_an_outlet_is_a_site() -> None:
    bank = Bank()
    nowhere = OfferItem(ItemId("soap"), ItemKind.GOODS, "soap", 1, outlet=SiteId("nowhere"))
    assert bank.cannot(SHOP, nowhere) is R.INVALID_VALUE


def test_a_stranger_is_told_nothing_and_an_owner_settles_nothing() -> None:
    bank = Bank()
    bank.trains(ANN)
    assert bank.cannot(ANN, SettleAccount(), person(BOB)) is R.UNKNOWN_ACCOUNT
    assert bank.cannot(ANN, SettleAccount(), person(ANN)) is R.ROLE
    assert bank.cannot(ANN, SettleAccount()) is R.ROLE
    bank.can(ANN, MergeAccount(A_BOB))
    assert bank.cannot(ANN, SettleAccount(), SYSTEM) is R.CLOSED


def test_who_leaves_a_household_that_two_desks_let_him_join_stays_in_the_other() -> None:
    """Two desks at once let him join two: the later one gets his points, until he leaves it."""
    bank = Bank()
    bank.can(HOME, JoinHousehold(V_ANN))
    (joined,) = bank.practice.journal.stream(f"account/{HOME}")
    assert isinstance(joined.event, HouseholdJoined)
    raced = Write("account/other", 0, (attrs.evolve(joined.event, account=AccountId("other")),))
    bank.practice.journal.append([raced], command=CommandId("raced"), digest=b"1")
    bank.practice.catch_up()
    assert bank.practice.books.holder(V_ANN) == "other"
    bank.can(HOME, LeaveHousehold(V_ANN))
    assert bank.practice.books.holder(V_ANN) == "other"
    bank.can("other", LeaveHousehold(V_ANN))
    assert bank.practice.books.holder(V_ANN) == ANN


def test_what_has_no_code_ends_without_one() -> None:
    bank = Bank(attrs.evolve(RULES, pickup_code=False))
    bank.trains(ANN)
    bank.offers()
    bank.can(ANN, CancelRedemption(bank.redeems(ANN)), person(ANN))
    bank.can(ANN, CollectRedemption(bank.redeems(ANN)))
    bank = Bank()
    bank.trains(ANN)
    bank.offers("care", 5, kind=ItemKind.SERVICE)
    bank.placed("o-1")
    paid = bank.redeems(ANN, "care", 1, "o-1")
    assert bank.cannot(ANN, CancelRedemption(paid), person(ANN)) is R.STATE
    bank.can(ANN, CancelRedemption(paid))
    bank.redeems(ANN, "care", 1, "o-1")
    bank.later(40 * DAY)
    assert bank.settles() == ["redemption.lapsed", "item.stock_changed"]
