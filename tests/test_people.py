"""Standings, role models and benefits in a practice: asked, sanctioned, clocked, told."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import load_rules
from practice_core.honours import (
    ConsentToStory,
    Deed,
    EvaluateNominee,
    HonourNominee,
    HonourTitle,
    NominateRoleModel,
    NominationRefusal,
    NominationState,
    PublishNomination,
    Selection,
    TellStory,
)
from practice_core.journal import Memory, MemoryJournal, verify
from practice_core.lifecycle import Actor, Refused, Role
from practice_core.orders import ReportAbsence, Served
from practice_core.points import BenefitKind, Expiry
from practice_core.points.accounts import (
    ForfeitPoints,
    GiveBenefit,
    PointsCharged,
    PointsForfeited,
    PointsRefusal,
)
from practice_core.service import Practice, Transaction
from practice_core.units import DAY, HOUR, AccountId, ActorId, CommandId, NominationId, VolunteerId
from practice_core.volunteers.standing import (
    AppealBlacklisting,
    AppealGround,
    BlacklistReason,
    BlacklistVolunteer,
    DecideAppeal,
    EndReason,
    RecordAbsence,
    RegistrationEnded,
    StandingRefusal,
    StandingState,
    VolunteerBlacklisted,
    VolunteerRemoved,
)
from tests.practising import AREA, AT_CENTER, AT_EAST, RED, SITES, TEAMS, Days, of

if TYPE_CHECKING:
    from practice_core.points import RuleSet

V_1, V_2 = VolunteerId("v-1"), VolunteerId("v-2")
LONGQUANYI = load_rules("longquanyi").versions[-1]
ZHANGJIAGANG = load_rules("zhangjiagang").versions[-1]
OTHER_OFFICER = attrs.evolve(AT_CENTER, id=ActorId("officer-9"))


class People:
    """A practice under some points rules, and people who ask it."""

    def __init__(self, rules: RuleSet, **options: Any) -> None:  # noqa: ANN401 - of a practice
        self.days = Days()
        self.memory = Memory()
        self.open(rules, **options)
        self._numbers = count(1)

    def open(self, rules: RuleSet, **options: Any) -> None:  # noqa: ANN401 - as above
        area = attrs.evolve(AREA, rules=attrs.evolve(rules, effective=0))
        journal = MemoryJournal(self.memory)
        self.days.practice = Practice.open(journal, area, hierarchy=SITES, teams=TEAMS, **options)

    @property
    def practice(self) -> Practice:
        return self.days.practice

    def ask(self, subject: str, command: Any, by: Actor) -> Transaction | Refused:  # noqa: ANN401 - any
        name = CommandId(f"p-{next(self._numbers)}")
        key: Any = subject
        return self.practice.transact(key, command, id=name, by=by, at=self.days.at)

    def kinds(self, subject: str, command: Any, by: Actor) -> list[str]:  # noqa: ANN401 - any
        done = self.ask(subject, command, by)
        assert isinstance(done, Transaction), done
        return [event.kind for event in done.events]

    def refuses(self, subject: str, command: Any, by: Actor) -> Any:  # noqa: ANN401 - of three lists
        length = self.days.length
        refused = self.ask(subject, command, by)
        assert isinstance(refused, Refused), refused
        assert self.days.length == length
        return refused.reason


def volunteer(name: VolunteerId) -> Actor:
    return Actor(ActorId(name), Role.VOLUNTEER)


def absent(people: People, key: str, *, excused: bool = False, malicious: bool = False) -> Any:  # noqa: ANN401 - an answer
    """Let a team accept an order and one of its volunteers stay away."""
    days = people.days
    days.scheduled(key)
    days.later(DAY + HOUR)
    missed = RecordAbsence(V_1, days.order(key).id, days.at - HOUR, excused, malicious)
    return people.ask(V_1, missed, AT_CENTER)


def earn(people: People, services: int) -> None:
    """Let a volunteer serve so often, for 15 points each."""
    for number in range(services):
        people.days.served(f"s-{number}", 90, Served(V_1, 90))


# ------------------------------------------------------------------ absences


def test_an_absence_without_notice_is_written_down_and_costs_its_points_in_one_append() -> None:
    people = People(LONGQUANYI)
    earn(people, 2)
    done = absent(people, "o-3")
    assert [event.kind for event in done.events] == ["volunteer.absence_recorded", "points.charged"]
    (charge,) = [event for event in done.events if isinstance(event, PointsCharged)]
    assert LONGQUANYI.no_show_penalty is not None
    assert charge.points + charge.short == LONGQUANYI.no_show_penalty
    book = people.practice.passbook(AccountId(V_1), by=AT_CENTER)
    assert book is not None
    assert book.holding.balance == 30 - charge.points
    assert book.minutes == 180  # hours are another matter
    rows = list(people.practice.journal.read(after=done.appended.position_first - 1))
    assert {row.stream for row in rows} == {"standing/v-1", "account/v-1"}


def test_an_excused_absence_costs_nothing_and_ends_nothing() -> None:
    people = People(LONGQUANYI)
    for number in range(6):
        done = absent(people, f"o-{number}", excused=True)
        assert [event.kind for event in done.events] == ["volunteer.absence_recorded"]
    there = people.practice.standing(V_1, by=volunteer(V_1))
    assert there is not None
    assert there.may_serve


def test_the_fifth_in_a_year_ends_the_registration_as_longquanyi_says() -> None:
    people = People(LONGQUANYI)
    earn(people, 7)  # who falls into debt is struck off before
    for number in range(4):
        absent(people, f"o-{number}")
    done = absent(people, "o-4")
    (ended,) = [event for event in done.events if isinstance(event, RegistrationEnded)]
    assert ended.reason is EndReason.NO_SHOWS


def test_nobody_is_absent_from_what_was_never_accepted() -> None:
    people = People(LONGQUANYI)
    people.days.reviewed("o-1")
    missed = RecordAbsence(V_1, people.days.order().id, people.days.at, False, False)  # noqa: FBT003 - as the command has them
    assert people.refuses(V_1, missed, AT_CENTER) is StandingRefusal.NOT_ACCEPTED
    assert people.refuses(V_2, missed, AT_CENTER) is StandingRefusal.UNKNOWN_VOLUNTEER
    assert people.refuses(V_1, missed, AT_EAST) is StandingRefusal.SCOPE


def test_a_team_that_did_not_come_had_accepted_all_the_same() -> None:
    people = People(LONGQUANYI)
    days = people.days
    days.scheduled("o-1")
    days.later(DAY + 2 * HOUR).do("o-1", ReportAbsence(), AT_CENTER)
    assert days.order().team is None
    missed = RecordAbsence(V_1, days.order().id, days.at - HOUR, False, False)  # noqa: FBT003 - as above
    assert people.kinds(V_1, missed, AT_CENTER)[0] == "volunteer.absence_recorded"


# ------------------------------------------------------------------ misconduct


def test_three_hundred_points_lost_for_misconduct_blacklist_in_the_same_append() -> None:
    people = People(LONGQUANYI)
    earn(people, 21)
    lost = ForfeitPoints(V_1, BlacklistReason.FALSE_RECORD, 299)
    assert "volunteer.blacklisted" not in people.kinds(V_1, lost, AT_CENTER)
    done = people.ask(V_1, attrs.evolve(lost, points=1), AT_CENTER)
    assert isinstance(done, Transaction)
    assert [type(event) for event in done.events][:2] == [PointsForfeited, VolunteerBlacklisted]
    book = people.practice.passbook(AccountId(V_1), by=AT_CENTER)
    assert book is not None
    assert book.holding.balance == 315 - 300
    assert book.minutes == 21 * 90


def test_whoever_loses_more_points_than_he_earned_in_the_year_is_no_longer_registered() -> None:
    people = People(LONGQUANYI)
    earn(people, 1)
    done = people.ask(V_1, ForfeitPoints(V_1, BlacklistReason.FALSE_RECORD, 16), AT_CENTER)
    assert isinstance(done, Transaction)
    lost, ended, removed = done.events
    assert isinstance(lost, PointsForfeited)
    assert (lost.points, lost.short) == (15, 1)  # no account is ever below zero
    assert isinstance(ended, RegistrationEnded)
    assert ended.reason is EndReason.YEAR_POINTS
    assert isinstance(removed, VolunteerRemoved)  # below zero all together, too


def test_what_expires_at_that_very_moment_keeps_nobody_from_the_blacklist() -> None:
    rules = attrs.evolve(LONGQUANYI, expiry=Expiry.MONTHS, expiry_months=1, year_debt_ends=None)
    people = People(attrs.evolve(rules, lifetime_debt_ends=None))
    earn(people, 1)
    people.days.later(60 * DAY)  # nobody has settled
    lost = ForfeitPoints(V_1, BlacklistReason.FALSE_RECORD, 300)
    kinds = people.kinds(V_1, lost, AT_CENTER)
    assert kinds == ["points.expired", "points.forfeited", "volunteer.blacklisted"]


def test_the_blacklist_can_be_appealed_and_silence_reinstates() -> None:
    people = People(LONGQUANYI)
    people.kinds(V_1, BlacklistVolunteer(V_1, BlacklistReason.HARM_DONE), AT_CENTER)
    assert people.practice.settle(people.days.at) == ()
    people.kinds(V_1, AppealBlacklisting(V_1, AppealGround.FACTS), volunteer(V_1))
    refused = people.refuses(V_1, DecideAppeal(V_1, allowed=False), AT_CENTER)
    assert refused is StandingRefusal.SAME_OFFICER
    due_at = people.practice.next_settlement()
    assert due_at is not None
    assert people.practice.settle(due_at - 1) == ()
    (done,) = people.practice.settle(due_at)
    assert [event.kind for event in done.events] == ["volunteer.reinstated"]
    assert people.practice.settle(due_at + DAY) == ()
    assert people.practice.next_settlement() is None


def test_another_officer_decides_the_appeal() -> None:
    people = People(LONGQUANYI)
    people.kinds(V_1, BlacklistVolunteer(V_1, BlacklistReason.HARM_DONE), AT_CENTER)
    people.kinds(V_1, AppealBlacklisting(V_1, AppealGround.FACTS), volunteer(V_1))
    people.kinds(V_1, DecideAppeal(V_1, allowed=False), OTHER_OFFICER)
    there = people.practice.standing(V_1, by=AT_CENTER)
    assert there is not None
    assert there.state is StandingState.UPHELD
    assert people.practice.standing(V_1, by=volunteer(V_2)) is None


# ------------------------------------------------------------------ levels and benefits


def test_a_prize_is_given_once_and_again_with_the_next_cycle_of_300_hours() -> None:
    people = People(ZHANGJIAGANG)
    days = people.days
    prize = next(one.id for one in ZHANGJIAGANG.benefits if one.kind is BenefitKind.PRIZE)
    given = GiveBenefit(V_1, prize)
    assert people.refuses(V_1, given, AT_CENTER) is PointsRefusal.NOT_ENTITLED
    orders = iter(range(1, 1000))
    hours = 0
    while hours < 30:
        days.served(f"o-{next(orders)}", 180, Served(V_1, 180))
        hours += 3
    assert people.kinds(V_1, given, AT_CENTER) == ["account.benefit_given"]
    assert people.refuses(V_1, given, AT_CENTER) is PointsRefusal.NOT_ENTITLED
    due = {
        one.benefit.id: one.due
        for one in people.practice.entitlements(V_1, by=volunteer(V_1), at=days.at)
    }
    assert due[prize] == 0
    done = people.practice.merits(V_1, by=volunteer(V_1), at=days.at)
    assert done is not None
    assert done.minutes == 30 * 60
    assert people.practice.merits(V_1, by=volunteer(V_2), at=days.at) is None
    assert people.practice.entitlements(V_1, by=volunteer(V_2), at=days.at) == ()


# ------------------------------------------------------------------ role models


def test_a_role_model_is_selected_evaluated_honoured_and_told() -> None:
    people = People(AREA.rules, selection=Selection(quorum=2, publish_for=7 * DAY))
    key = NominationId("n-1")
    neighbour = Actor(ActorId("ann"), Role.REQUESTER)
    nominate = NominateRoleModel(key, ActorId(V_1), next(iter(Deed)))
    assert people.kinds(key, nominate, neighbour) == ["honour.nominated"]
    assert people.practice.nomination(key, by=volunteer(V_2)) is None
    for judge in (AT_CENTER, OTHER_OFFICER):
        people.kinds(key, EvaluateNominee(9), judge)
    publish = PublishNomination(next(iter(HonourTitle)))
    assert people.refuses(key, publish, AT_EAST) is NominationRefusal.SCOPE
    people.kinds(key, publish, AT_CENTER)
    assert people.practice.nomination(key, by=volunteer(V_2)) is not None  # shown in public
    assert people.refuses(key, HonourNominee(), AT_CENTER) is NominationRefusal.EARLY
    people.days.later(8 * DAY)
    people.kinds(key, HonourNominee(), AT_CENTER)
    assert people.refuses(key, TellStory(), AT_CENTER) is NominationRefusal.STATE
    people.kinds(key, ConsentToStory(), volunteer(V_1))
    people.kinds(key, TellStory(), AT_CENTER)
    found = people.practice.nomination(key, by=neighbour)
    assert found is not None
    assert found.state is NominationState.TOLD
    assert verify(people.practice.journal) == ()


def test_a_nomination_that_nobody_evaluates_is_dropped_when_its_time_is_over() -> None:
    people = People(AREA.rules)
    key = NominationId("n-1")
    nominate = NominateRoleModel(key, ActorId(V_1), next(iter(Deed)))
    people.kinds(key, nominate, Actor(ActorId("ann"), Role.REQUESTER))
    due_at = people.practice.next_settlement()
    assert due_at is not None
    (done,) = people.practice.settle(due_at)
    assert [event.kind for event in done.events] == ["honour.dropped"]
    assert people.practice.next_settlement() is None


@given(st.integers(0, 5))
def test_what_is_known_of_people_survives_a_snapshot(rounds: int) -> None:
    people = People(LONGQUANYI)
    people.days.served("o-1", 90, Served(V_1, 90))
    for number in range(rounds):
        absent(people, f"x-{number}")
    people.kinds(
        "n-1", NominateRoleModel(NominationId("n-1"), ActorId(V_2), next(iter(Deed))), of(RED)
    )
    books = people.practice.books
    again = type(books).load(books.dump())
    assert again.standings == books.standings
    assert again.nominations == books.nominations
    assert again.next_settlement() == books.next_settlement()
    assert again.to_settle(2**52) == books.to_settle(2**52)


@pytest.mark.parametrize("subject", ["", "a b", "x" * 65, "area:shop/.."])
def test_a_subject_is_an_id(subject: str) -> None:
    people = People(LONGQUANYI)
    with pytest.raises(ValueError, match="1 to 64"):
        people.ask(subject, BlacklistVolunteer(V_1, BlacklistReason.HARM_DONE), AT_CENTER)
