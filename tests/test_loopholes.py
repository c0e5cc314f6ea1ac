"""What somebody could once do to a practice by way of its points, and no longer can."""

from __future__ import annotations

import time
from copy import copy
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from practice_core.honours import (
    Deed,
    EvaluateNominee,
    HonourTitle,
    NominateRoleModel,
    NominationRefusal,
    ObjectionGround,
    PublishNomination,
    RaiseObjection,
)
from practice_core.journal import Memory, MemoryJournal, Recorded
from practice_core.lifecycle import Actor, Refused, Role
from practice_core.orders import CompleteService, Served, StartService
from practice_core.points import Benefit, BenefitKind, Expiry, Passing, RuleSet, StarLevel
from practice_core.points.accounts import (
    AuditAward,
    AwardService,
    CancelRedemption,
    CollectRedemption,
    CorrectAward,
    ForfeitPoints,
    FreezeAccount,
    GiveBenefit,
    GivePoints,
    Item,
    ItemKind,
    JoinHousehold,
    LeaveHousehold,
    MergeAccount,
    OfferItem,
    Passbook,
    PointsRefusal,
    RedeemPoints,
    Redemption,
    RedemptionCancelled,
    RedemptionCollected,
    RedemptionReserved,
    RedemptionState,
    VoidAward,
    merits,
    served,
)
from practice_core.service import ClockWentBack, Practice, Transaction
from practice_core.service.books import Books
from practice_core.units import (
    DAY,
    HOUR,
    AccountId,
    ActorId,
    CommandId,
    ItemId,
    NominationId,
    OrderId,
    RedemptionId,
    VolunteerId,
)
from practice_core.volunteers import ServiceRecorded
from practice_core.volunteers.standing import (
    AppealBlacklisting,
    AppealGround,
    BlacklistReason,
    BlacklistVolunteer,
    RecordAbsence,
    StandingRefusal,
)
from tests.meeting import Interrupted
from tests.practising import AT_CENTER, EAST, RED, SITES, Days, of

if TYPE_CHECKING:
    from collections.abc import Callable

    from practice_core.journal import Journal

N_1, N_2 = NominationId("n-1"), NominationId("n-2")
R_1, SOAP, HELP = RedemptionId("r-1"), ItemId("soap"), ItemId("help")
SHOP, POOL = AccountId("area:shop"), AccountId("area:donation_pool")
ANN, BOB = (Actor(ActorId(name), Role.REQUESTER) for name in ("v-1", "v-2"))
V_1, V_2 = VolunteerId("v-1"), VolunteerId("v-2")
RULES = RuleSet(id="demo", version=1, effective=0, rate_per_hour=10, source="assumed: for a test")


class Asked:
    """A practice under some points rules, of which things are asked one after another."""

    def __init__(self, **changes: Any) -> None:  # noqa: ANN401 - of a rule set
        self.memory = Memory()
        self.days = Days(
            Interrupted(MemoryJournal(self.memory)).as_journal(),
            rules=attrs.evolve(RULES, **changes),
        )
        self.practice = self.days.practice
        self.area = self.practice.area

    def meanwhile(self, act: Callable[[Asked], object]) -> None:
        """Let somebody act at another practice just before the next append."""
        other = copy(self)
        other.practice = self.opened(MemoryJournal(self.memory))
        other.days = copy(self.days)
        other.days.practice = other.practice
        self.practice.journal.meanwhile["append"].append(lambda: act(other))  # type: ignore[attr-defined]  # it is interrupted

    def opened(self, journal: Journal, **changes: Any) -> Practice:  # noqa: ANN401 - of a rule set
        """Open another practice on a journal, under rules that may be others."""
        area = attrs.evolve(self.area, rules=attrs.evolve(self.area.rules, **changes))
        teams = tuple(self.practice.teams.values())
        return Practice.open(journal, area, hierarchy=SITES, teams=teams)

    def ask(self, subject: str, command: Any, by: Actor = AT_CENTER) -> Any:  # noqa: ANN401 - any
        name: Any = f"p-{next(self.days.numbers)}"
        key: Any = subject
        answer = self.practice.transact(key, command, id=name, by=by, at=self.days.at)
        return answer.reason if isinstance(answer, Refused) else answer

    def done(self, subject: str, command: Any, by: Actor = AT_CENTER) -> list[str]:  # noqa: ANN401 - any
        answer = self.ask(subject, command, by)
        assert isinstance(answer, Transaction), answer
        return [event.kind for event in answer.events]

    def book(self, account: str) -> Any:  # noqa: ANN401 - a passbook
        found = self.practice.passbook(AccountId(account), by=AT_CENTER)
        assert found is not None
        return found

    def earn(self, key: str = "o-1", *who: Served) -> None:
        self.days.served(key, 60, *(who or (Served(V_1, 60),)))


def test_nobody_nominates_under_the_id_of_another_nomination() -> None:
    asked = Asked()
    asked.done(N_1, NominateRoleModel(N_1, ActorId("v-9"), Deed.RESCUE), ANN)
    for judge in ("j-1", "j-2", "j-3"):
        asked.done(N_1, EvaluateNominee(9), Actor(ActorId(judge), Role.VOLUNTEER))
    again = NominateRoleModel(N_1, ActorId("v-9"), Deed.RESCUE)
    assert asked.ask(N_2, again, BOB) is NominationRefusal.UNKNOWN_NOMINATION
    Practice.open(asked.practice.journal, asked.area, hierarchy=SITES)


@pytest.mark.parametrize("cancelled", [False, True])
def test_goods_without_a_code_are_handed_out_and_cancelled(cancelled: bool) -> None:  # noqa: FBT001 - a case
    asked = Asked(pickup_code=False)
    asked.earn()
    asked.done(SHOP, OfferItem(SOAP, ItemKind.GOODS, "香皂", price=4))
    asked.done(V_1, RedeemPoints(R_1, SOAP), ANN)
    end = CancelRedemption(R_1) if cancelled else CollectRedemption(R_1)
    assert asked.done(V_1, end)[0] == f"redemption.{'cancelled' if cancelled else 'collected'}"


def test_an_account_lives_on_in_one_that_it_has_given_points_to() -> None:
    asked = Asked(passing=Passing.FREE)
    asked.earn()
    asked.done(V_1, GivePoints(AccountId(V_2), 3), ANN)
    asked.done(V_1, MergeAccount(AccountId(V_2)))
    assert asked.book(V_1).holding.balance == 0
    assert asked.book(V_2).holding.balance == 10


def test_an_account_that_lives_on_in_another_brings_all_that_was_done_and_lost() -> None:
    prize = Benefit(id="cup", zh="杯", en="cup", kind=BenefitKind.PRIZE, minutes=60)
    star = StarLevel(zh="一星", en="one star", minutes=60)
    asked = Asked(benefits=(prize,), levels=(star,))
    asked.earn()
    asked.done(V_1, GiveBenefit(V_1, "cup"))
    asked.done(V_1, ForfeitPoints(V_1, BlacklistReason.FALSE_RECORD, 4))
    asked.done(V_1, MergeAccount(AccountId(V_2)))
    done = asked.practice.merits(V_2, by=AT_CENTER, at=asked.days.at)
    assert done is not None
    assert (done.minutes, done.points, done.lost_points, done.highest) == (60, 6, 4, 1)
    assert asked.ask(V_2, GiveBenefit(V_2, "cup")) is PointsRefusal.NOT_ENTITLED


def test_everybody_in_a_household_has_benefits_and_months_of_his_own() -> None:
    prize = Benefit(id="cup", zh="杯", en="cup", kind=BenefitKind.PRIZE, minutes=60)
    asked, home = Asked(benefits=(prize,)), AccountId("h-1")
    asked.earn("o-1", Served(V_1, 60), Served(V_2, 60))
    for who in (V_1, V_2, VolunteerId("v-3")):
        asked.done(home, JoinHousehold(who))
    for who in (V_1, V_2):
        asked.done(home, GiveBenefit(who, "cup"))
        assert asked.ask(home, GiveBenefit(who, "cup")) is PointsRefusal.NOT_ENTITLED
    later = asked.days.later(400 * DAY).at
    months = [asked.practice.merits(who, by=AT_CENTER, at=later) for who in (V_1, "v-3")]  # type: ignore[arg-type]  # a volunteer
    assert [one and one.registered_months for one in months] == [13, 0]
    assert months[0] is not None
    assert months[0].points == 10  # earned before he joined


def test_what_was_done_is_read_in_a_time_that_grows_with_it_alone() -> None:
    book = Passbook(AccountId(V_1))
    for number in range(5_000):
        order = OrderId(f"o-{number}")
        book.apply(ServiceRecorded(V_1, number * DAY, ActorId("red"), order, 60))
    begun = time.process_time()
    assert merits(RULES, V_1, [book], 5_000 * DAY).minutes == 5_000 * 60
    assert time.process_time() - begun < 5  # squared, it was a minute


def test_one_person_under_two_numbers_serves_once() -> None:
    asked = Asked()
    asked.earn()
    asked.done(V_1, MergeAccount(AccountId(V_2)))
    asked.earn("o-2", Served(V_1, 60), Served(V_2, 30))
    account = asked.practice.account(V_2, by=AT_CENTER)
    assert account is not None
    assert (account.minutes, account.points) == (120, 20)
    assert asked.book(V_2).minutes == 120


def test_nobody_stayed_away_from_where_he_served() -> None:
    asked = Asked(no_show_limit_per_year=1)
    asked.earn()
    absent = RecordAbsence(V_1, OrderId("o-1"), asked.days.at - HOUR, excused=False, malicious=True)
    assert asked.ask(V_1, absent) is StandingRefusal.INVALID_VALUE


def test_who_objected_and_who_gave_which_score_officers_alone_see() -> None:
    asked = Asked()
    asked.done(N_1, NominateRoleModel(N_1, ActorId(V_1), Deed.RESCUE), BOB)
    for judge in ("j-1", "j-2", "j-3"):
        asked.done(N_1, EvaluateNominee(9), Actor(ActorId(judge), Role.VOLUNTEER))
    asked.done(N_1, PublishNomination(HonourTitle.GOOD_PERSON))
    asked.done(N_1, RaiseObjection(next(iter(ObjectionGround))), BOB)
    seen = [asked.practice.nomination(N_1, by=by) for by in (ANN, BOB, AT_CENTER)]
    assert [one and (len(one.scores), one.objectors, one.open) for one in seen] == [
        (0, (), ()),
        (0, (BOB.id,), (BOB.id,)),
        (3, (BOB.id,), (BOB.id,)),
    ]


def test_no_clock_runs_out_for_ever_after_points_that_expire_follow_others_that_do_not() -> None:
    asked = Asked()
    asked.earn()
    asked.done(SHOP, OfferItem(SOAP, ItemKind.GOODS, "香皂", price=10))
    asked.done(V_1, RedeemPoints(R_1, SOAP), ANN)
    asked.practice = asked.days.practice = asked.opened(
        asked.practice.journal, expiry=Expiry.MONTHS, expiry_months=1
    )
    asked.earn("o-2")
    assert asked.practice.next_settlement() == asked.book(V_1).due_at()
    asked.practice.settle(asked.days.later(60 * DAY).at)
    assert asked.practice.next_settlement() is None


def test_what_was_awarded_wrongly_and_taken_back_is_awarded_anew() -> None:
    asked = Asked(max_points_per_day=10)
    asked.earn()
    (wrong,) = asked.book(V_1).awards
    asked.done(V_1, CorrectAward(wrong))
    asked.done(V_1, AwardService(OrderId("o-1")))
    assert asked.book(V_1).holding.balance == 10
    assert asked.ask(V_1, AwardService(OrderId("o-1"))) is PointsRefusal.REPEATED


def test_a_service_costs_what_it_cost_when_its_points_were_set_aside() -> None:
    book = Passbook(AccountId(V_1))
    kept = Redemption(R_1, HELP, 2, 8, 0, order=OrderId("o-1"))
    dear = Item(kept.item, ItemKind.SERVICE, "帮助", price=9)
    (paid,) = served(book, dear, kept, 60, 0, ActorId("red"))
    assert isinstance(paid, RedemptionCollected)
    assert paid.points == 4


def test_no_account_lives_on_in_what_was_a_household_s() -> None:
    asked, home = Asked(), AccountId("h-1")
    asked.done(home, JoinHousehold(V_1))
    asked.earn()
    asked.done(home, LeaveHousehold(V_1))
    assert asked.ask(V_1, MergeAccount(home)) is PointsRefusal.STATE
    assert asked.ask(home, MergeAccount(AccountId(V_1))) is PointsRefusal.STATE


def test_points_that_have_expired_are_not_kept_by_reserving_them_again_and_again() -> None:
    asked = Asked(expiry=Expiry.MONTHS, expiry_months=1, passing=Passing.FREE)
    asked.earn("o-1", Served(V_1, 60), Served(V_2, 60))
    asked.done(SHOP, OfferItem(SOAP, ItemKind.GOODS, "香皂", price=6))
    asked.done(V_1, RedeemPoints(R_1, SOAP), ANN)
    asked.days.later(40 * DAY)
    asked.practice.settle(asked.days.at)
    asked.done(V_1, CancelRedemption(R_1), ANN)
    again = RedeemPoints(RedemptionId("r-2"), SOAP)
    assert asked.ask(V_1, again, ANN) is PointsRefusal.TOO_FEW_POINTS
    assert asked.ask(V_1, GivePoints(AccountId(V_2), 1), ANN) is PointsRefusal.TOO_FEW_POINTS
    asked.earn("o-2")
    assert asked.done(V_1, GivePoints(AccountId(V_2), 10), ANN) == [
        "points.expired",
        "points.given",
        "points.received",
    ]


def test_an_absence_counts_in_the_year_of_its_order() -> None:
    asked = Asked(no_show_limit_per_year=1)
    asked.days.scheduled("o-1")
    asked.days.later(2 * DAY)
    absent = RecordAbsence(V_1, OrderId("o-1"), 0, excused=False, malicious=False)
    assert asked.ask(V_1, absent) is StandingRefusal.INVALID_VALUE
    missed = attrs.evolve(absent, missed=asked.days.at - DAY)
    assert asked.done(V_1, missed) == [
        "volunteer.absence_recorded",
        "volunteer.registration_ended",
    ]


def test_no_officer_acts_in_his_own_case() -> None:
    asked = Asked(audit_required=True, passing=Passing.DONATION)
    me, home = VolunteerId(AT_CENTER.id), AccountId("h-1")
    other = attrs.evolve(AT_CENTER, id=ActorId("officer-9"))
    asked.earn("o-1", Served(me, 60), Served(V_1, 60))
    for account in (me, V_1):
        (award,) = asked.book(account).awards
        mine = asked.ask(account, AuditAward(award))
        assert (mine is PointsRefusal.OWN_CASE) is (account == me)
    asked.done(me, AuditAward(1 + 1), other)
    asked.done(V_1, GivePoints(POOL, 5), ANN)
    assert asked.ask(POOL, GivePoints(AccountId(me), 5)) is PointsRefusal.OWN_CASE
    assert asked.ask(home, JoinHousehold(me)) is PointsRefusal.OWN_CASE
    asked.done(home, JoinHousehold(me), other)
    assert asked.ask(home, FreezeAccount()) is PointsRefusal.OWN_CASE
    asked.done(POOL, GivePoints(AccountId(V_2), 5))


def test_a_second_number_rids_nobody_of_a_blacklisting() -> None:
    asked, into = Asked(), MergeAccount(AccountId(V_2))
    asked.earn()
    asked.done(V_1, BlacklistVolunteer(V_1, BlacklistReason.HARM_DONE))
    assert asked.ask(V_1, into) is PointsRefusal.STATE
    assert asked.ask(V_2, MergeAccount(AccountId(V_1))) is PointsRefusal.STATE
    again = Asked()
    again.earn()
    again.done(V_1, into)
    listed = BlacklistVolunteer(V_1, BlacklistReason.HARM_DONE)
    assert again.ask(V_1, listed) is StandingRefusal.UNKNOWN_VOLUNTEER


def test_what_was_reserved_without_a_code_is_handed_out_without_one() -> None:
    asked = Asked(pickup_code=False)
    asked.earn()
    asked.done(SHOP, OfferItem(SOAP, ItemKind.GOODS, "香皂", price=4))
    asked.done(V_1, RedeemPoints(R_1, SOAP), ANN)
    asked.practice = asked.opened(asked.practice.journal, pickup_code=True)
    asked.done(V_1, RedeemPoints(RedemptionId("r-2"), SOAP), ANN)
    assert asked.done(V_1, CollectRedemption(R_1)) == ["redemption.collected"]
    second = CollectRedemption(RedemptionId("r-2"))
    assert asked.ask(V_1, second) is PointsRefusal.WRONG_CODE


def test_what_ends_a_redemption_does_not_look_at_all_the_others() -> None:
    books = Books()
    for number in range(50_000):
        key = RedemptionId(f"r-{number}")
        order = OrderId(f"o-{number}")
        set_aside = RedemptionReserved(
            AccountId(V_1), 0, ANN.id, None, key, SOAP, 1, 4, None, order
        )
        books.apply(Recorded(number + 1, "account/v-1", number + 1, set_aside, CommandId("c"), ()))
    begun = time.process_time()
    for number in range(2_000):
        end = RedemptionCancelled(AccountId(V_1), 0, ANN.id, None, RedemptionId(f"r-{number}"))
        place = 50_001 + number
        books.apply(Recorded(place, "account/v-1", place, end, CommandId("d"), ()))
    assert time.process_time() - begun < 2  # with a look at each, it was six
    assert len(books.serving) == 48_000
    assert Books.load(books.dump()).serving == books.serving


def test_no_clock_goes_back_on_a_standing_or_a_nomination() -> None:
    asked = Asked()
    asked.done(N_1, NominateRoleModel(N_1, ActorId(V_1), Deed.RESCUE), BOB)
    asked.done(V_1, BlacklistVolunteer(V_1, BlacklistReason.HARM_DONE))
    asked.days.later(-DAY)
    appeal = AppealBlacklisting(V_1, AppealGround.FACTS)
    with pytest.raises(ClockWentBack):
        asked.ask(V_1, appeal, Actor(ActorId(V_1), Role.VOLUNTEER))
    with pytest.raises(ClockWentBack):
        asked.ask(N_1, EvaluateNominee(9), Actor(ActorId("j-1"), Role.VOLUNTEER))


def in_service(**changes: Any) -> Asked:  # noqa: ANN401 - of a rule set
    """Give an order that somebody placed for another and that is being served, and their points."""
    asked = Asked(passing=Passing.FREE, **changes)
    asked.earn("o-0", Served(V_1, 60), Served(V_2, 60))
    asked.done(SHOP, OfferItem(HELP, ItemKind.SERVICE, "帮扶", price=4))
    asked.days.scheduled("o-1", by=Actor(ANN.id, Role.PROXY), for_whom=BOB.id)
    asked.days.later(DAY).do("o-1", StartService(1), of(RED))
    asked.days.later(HOUR)
    return asked


PAYS = RedeemPoints(R_1, HELP, 1, OrderId("o-1"))


def test_an_order_that_is_paid_for_while_it_ends_ends_what_it_is_paid_with() -> None:
    asked = in_service()
    asked.meanwhile(lambda other: other.done(V_1, PAYS, ANN))
    asked.days.do("o-1", CompleteService(60, ()), of(RED))
    assert asked.book(V_1).redemptions[R_1].state is RedemptionState.COLLECTED
    assert asked.practice.books.serving == {}


def test_an_order_that_ends_while_it_is_to_be_paid_for_is_paid_for_no_more() -> None:
    asked = in_service()
    asked.meanwhile(lambda other: other.days.do("o-1", CompleteService(60, ()), of(RED)))
    assert asked.ask(V_1, PAYS, ANN) is PointsRefusal.UNKNOWN_ORDER


def test_one_order_is_paid_for_once_whoever_is_faster() -> None:
    asked = in_service()
    asked.meanwhile(lambda other: other.done(V_2, PAYS, BOB))
    assert asked.ask(V_1, PAYS, ANN) is PointsRefusal.REPEATED
    assert asked.practice.books.serving == {OrderId("o-1"): (AccountId(V_2), R_1)}


def test_who_joins_two_households_at_once_belongs_to_the_later_one() -> None:
    asked, home, other_home = Asked(), AccountId("h-1"), AccountId("h-2")
    asked.meanwhile(lambda other: other.done(other_home, JoinHousehold(V_1)))
    asked.done(home, JoinHousehold(V_1))
    asked.earn()
    assert asked.book(home).holding.balance == 10
    assert asked.practice.passbook(home, by=ANN) is not None
    assert asked.practice.passbook(other_home, by=ANN) is None
    asked.done(other_home, LeaveHousehold(V_1))
    assert asked.practice.books.holder(V_1) == home


@pytest.mark.parametrize(("before", "after", "left"), [(None, 5, 5), (5, None, None), (5, 7, 9)])
def test_what_was_taken_of_a_stock_goes_back_to_it(
    before: int | None, after: int | None, left: int | None
) -> None:
    asked = Asked()
    asked.earn()
    asked.done(SHOP, OfferItem(SOAP, ItemKind.GOODS, "香皂", price=4, stock=before))
    asked.done(V_1, RedeemPoints(R_1, SOAP, 2), ANN)
    asked.done(SHOP, OfferItem(SOAP, ItemKind.GOODS, "香皂", price=4, stock=after))
    asked.done(V_1, CancelRedemption(R_1), ANN)
    assert asked.practice.books.items[SOAP].stock == left


AT_STATION = Actor(ActorId("officer-2"), Role.OFFICER, site=EAST)


@pytest.mark.parametrize("pickup_code", [False, True])
def test_an_outlet_neither_redeems_for_others_nor_hands_out_without_a_code(
    pickup_code: bool,  # noqa: FBT001 - a case
) -> None:
    asked = Asked(pickup_code=False)
    asked.earn()
    asked.done(SHOP, OfferItem(SOAP, ItemKind.GOODS, "香皂", price=4, outlet=EAST), AT_STATION)
    assert asked.ask(V_1, RedeemPoints(R_1, SOAP), AT_STATION) is PointsRefusal.SCOPE
    asked.done(V_1, RedeemPoints(R_1, SOAP))
    asked.practice = asked.opened(asked.practice.journal, pickup_code=pickup_code)
    refused = PointsRefusal.WRONG_CODE if pickup_code else PointsRefusal.SCOPE
    assert asked.ask(V_1, CollectRedemption(R_1), AT_STATION) is refused
    asked.done(V_1, CollectRedemption(R_1))


def test_an_outlet_hands_out_for_the_code_that_the_owner_shows() -> None:
    asked = Asked()
    asked.earn()
    asked.done(SHOP, OfferItem(SOAP, ItemKind.GOODS, "香皂", price=4, outlet=EAST), AT_STATION)
    asked.done(V_1, RedeemPoints(R_1, SOAP), ANN)
    code = asked.practice.pickup_code(AccountId(V_1), R_1, by=ANN)
    asked.done(V_1, CollectRedemption(R_1, code), AT_STATION)


@pytest.mark.parametrize("who", [V_1, V_2, VolunteerId("v-3"), VolunteerId("h-1")])
def test_nobody_serves_himself_or_who_he_orders_for_and_no_household_serves(
    who: VolunteerId,
) -> None:
    asked = Asked()
    asked.done("v-3", MergeAccount(AccountId(V_2)))
    asked.done("h-1", JoinHousehold(VolunteerId("v-4")))
    asked.days.scheduled("o-1", by=Actor(ANN.id, Role.PROXY), for_whom=BOB.id)
    asked.days.later(DAY).do("o-1", StartService(1), of(RED))
    asked.days.later(HOUR)
    asked.days.refuses("o-1", CompleteService(60, (Served(who, 60),)), of(RED))
    asked.days.do("o-1", CompleteService(60, (Served(VolunteerId("v-4"), 60),)), of(RED))


def test_staying_away_costs_points_and_is_no_misconduct() -> None:
    asked = Asked(no_show_penalty=4, misconduct_limit=4)
    asked.earn()
    asked.days.scheduled("o-2")
    asked.days.later(2 * DAY)
    absent = RecordAbsence(V_1, OrderId("o-2"), asked.days.at - DAY, excused=False, malicious=False)
    assert asked.done(V_1, absent) == ["volunteer.absence_recorded", "points.charged"]
    done = asked.practice.merits(V_1, by=AT_CENTER, at=asked.days.at)
    assert done is not None
    assert (done.points, done.lost_points) == (6, 0)
    assert asked.done(V_1, ForfeitPoints(V_1, BlacklistReason.FALSE_RECORD, 4)) == [
        "points.forfeited",
        "volunteer.blacklisted",
    ]


def test_rules_that_change_lose_no_service_before_the_new_ones_hold() -> None:
    asked = Asked(audit_required=True)
    asked.earn("o-1")
    (award,) = asked.book(V_1).awards
    asked.done(V_1, VoidAward(award))
    old, effective = asked.area.rules, asked.days.at + 30 * DAY
    rules = attrs.evolve(old, version=2, effective=effective, rate_per_hour=30)
    asked.practice = asked.days.practice = Practice.open(
        asked.practice.journal,
        attrs.evolve(asked.area, rules=rules),
        hierarchy=SITES,
        teams=tuple(asked.practice.teams.values()),
        earlier=(old,),
    )
    asked.earn("o-2")
    asked.days.at = effective
    asked.earn("o-3")
    asked.done(V_1, AwardService(OrderId("o-1")))
    told = [one.event for one in asked.book(V_1).awards.values() if one.number != award]
    assert [(one.order, one.version, one.points) for one in told] == [
        ("o-2", 1, 10),
        ("o-3", 2, 30),
        ("o-1", 1, 10),
    ]


def test_what_was_earned_for_a_household_that_he_left_is_still_what_he_has_done() -> None:
    asked, home = Asked(), AccountId("h-1")
    asked.done(home, JoinHousehold(V_1))
    asked.earn()
    asked.done(home, LeaveHousehold(V_1))
    asked.done(V_1, MergeAccount(AccountId(V_2)))
    for who in (V_1, V_2):
        done = asked.practice.merits(who, by=AT_CENTER, at=asked.days.at)
        assert done is not None
        assert (done.minutes, done.points) == (60, 10)
    assert asked.practice.books.homes(V_1) == (AccountId(V_2), AccountId(V_1), home)
