"""A volunteer's standing: absences, the blacklist with its appeal, the end of a registration."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from typing import Any, ClassVar, TypeAlias

import attrs
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from practice_core.areas import load_rules
from practice_core.errors import DefinitionError, ImpossibleEvent
from practice_core.lifecycle import Actor, Refused, Role
from practice_core.testing import (
    Call,
    StandingAdapter,
    StandingWorld,
    SteppedStanding,
    lifecycle_machine,
    run_lifecycle_machine,
)
from practice_core.units import DAY, ActorId, Instant, OrderId, VolunteerId, instant
from practice_core.volunteers.standing import (
    COMMANDS,
    EVENTS,
    STANDING,
    AppealBlacklisting,
    AppealGround,
    BlacklistReason,
    BlacklistVolunteer,
    DecideAppeal,
    EndReason,
    EndRegistration,
    ExpireAppeal,
    RecordAbsence,
    RegistrationEnded,
    RenewRegistration,
    StandingCommand,
    StandingEvent,
    StandingRefusal,
    StandingRules,
    StandingState,
    VolunteerStanding,
    clock_of,
    decide,
    evolve,
)

Answer: TypeAlias = "tuple[StandingEvent, ...] | StandingRefusal"

FEW = settings(
    max_examples=300,
    stateful_step_count=10,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
)
ANN = VolunteerId("v-7")
DESK = Actor(ActorId("desk"), Role.OFFICER)
OTHER = Actor(ActorId("other-desk"), Role.OFFICER)
SELF = Actor(ActorId(ANN), Role.VOLUNTEER)
SYSTEM = Actor(ActorId("system"), Role.SYSTEM)
RULES = load_rules("longquanyi").versions[-1]
LONGQUANYI = StandingRules(
    no_show_limit_per_year=RULES.no_show_limit_per_year,
    malicious_limit_per_year=RULES.malicious_limit_per_year,
)

TestStandings = lifecycle_machine(StandingAdapter()).TestCase
TestStandings.settings = settings(max_examples=60, stateful_step_count=20)


def at(*when: int) -> int:
    return instant(dt.datetime(*when, tzinfo=dt.timezone(dt.timedelta(hours=8))))  # type: ignore[arg-type,misc]  # year, month, day and on


SPRING = at(2025, 3, 5)
LATER = SPRING + 800 * DAY


def missed(
    n: int, when: Instant, *, excused: bool = False, malicious: bool = False
) -> RecordAbsence:
    return RecordAbsence(ANN, OrderId(f"o-{n}"), when, excused, malicious)


def after(
    *given: tuple[StandingCommand, Instant, Actor],
    standing: VolunteerStanding | None = None,
    rules: StandingRules = LONGQUANYI,
) -> VolunteerStanding:
    for command, when, by in given:
        orders = {OrderId(getattr(command, "order", "none"))}
        events = decide(standing, command, when, by, rules, orders)
        assert not isinstance(events, Refused), events
        standing = reduce(evolve, events, standing)
    assert standing is not None
    return standing


def refused(
    command: StandingCommand,
    when: Instant,
    by: Actor,
    standing: VolunteerStanding | None = None,
) -> str:
    answer = decide(standing, command, when, by, LONGQUANYI, {OrderId("o-1")})
    assert isinstance(answer, Refused)
    assert answer.command is type(command)
    return answer.reason.value


# ------------------------------------------------------------------ absences


def test_in_longquanyi_the_fifth_unexcused_absence_of_a_year_ends_a_registration() -> None:
    four = after(*[(missed(n, SPRING), SPRING, DESK) for n in range(4)])
    assert (four.state, four.may_serve) == (StandingState.GOOD, True)
    five = after((missed(4, SPRING), SPRING, DESK), standing=four)
    assert (five.state, five.may_serve) == (StandingState.ENDED, False)
    assert five.due_at == at(2026, 1, 1)


def test_in_longquanyi_the_third_malicious_one_does() -> None:
    bad = [(missed(n, SPRING, malicious=True), SPRING, DESK) for n in range(3)]
    assert after(*bad[:2]).state is StandingState.GOOD
    assert after(*bad).state is StandingState.ENDED


@given(
    st.lists(st.tuples(st.integers(0, 700), st.booleans()), max_size=30),
    st.none() | st.integers(1, 4),
    st.none() | st.integers(1, 4),
)
def test_an_excused_absence_never_ends_anything(
    absences: list[tuple[int, bool]], limit: int | None, malicious: int | None
) -> None:
    rules = StandingRules(no_show_limit_per_year=limit, malicious_limit_per_year=malicious)
    standing, excused = None, 0
    for n, (days, pardoned) in enumerate(absences):
        when = SPRING + days * DAY
        events = decide(
            standing,
            missed(n, when, excused=pardoned),
            SPRING + 800 * DAY,
            DESK,
            rules,
            {OrderId(f"o-{n}")},
        )
        if isinstance(events, Refused):
            assert standing is not None
            assert standing.state is StandingState.ENDED
            break
        assert not (pardoned and len(events) > 1)
        excused += pardoned
        standing = reduce(evolve, events, standing)
    if excused == len(absences) and standing is not None:
        assert standing.may_serve


def test_an_absence_counts_in_the_local_year_in_which_it_was_whenever_it_is_written_down() -> None:
    rules = StandingRules(no_show_limit_per_year=2)
    new_year = at(2026, 1, 1)
    apart = after(
        (missed(1, new_year - 1), new_year + DAY, DESK),
        (missed(2, new_year), new_year + DAY, DESK),
        rules=rules,
    )
    assert [one.year for one in apart.absences] == [2025, 2026]
    assert apart.state is StandingState.GOOD
    late = after((missed(3, new_year - 2), new_year + DAY, DESK), standing=apart, rules=rules)
    assert (late.state, late.due_at) == (StandingState.ENDED, new_year + DAY)


def test_the_absences_of_a_year_end_a_registration_once() -> None:
    rules = StandingRules(no_show_limit_per_year=1)
    new_year = at(2026, 1, 1)
    renewed = after(
        (missed(1, SPRING), SPRING, DESK), (RenewRegistration(ANN), new_year, SELF), rules=rules
    )
    assert refused(RenewRegistration(ANN), new_year, SELF, renewed) == "state"
    old = after((missed(2, SPRING + DAY), new_year, DESK), standing=renewed, rules=rules)
    assert old.state is StandingState.GOOD
    assert after((missed(3, new_year), new_year, DESK), standing=old, rules=rules).state == "ended"


def test_who_left_by_himself_and_came_back_keeps_his_absences() -> None:
    back = after(
        *[(missed(n, SPRING), SPRING, DESK) for n in range(4)],
        (EndRegistration(ANN, EndReason.OWN_WISH), SPRING, SELF),
        (RenewRegistration(ANN), SPRING, SELF),
    )
    assert back.state is StandingState.GOOD
    assert after((missed(4, SPRING), SPRING, DESK), standing=back).state is StandingState.ENDED


def test_declining_is_no_absence_since_the_order_was_not_accepted() -> None:
    assert refused(missed(2, SPRING), SPRING, DESK) == "not_accepted"


def test_without_a_number_in_the_rules_no_absences_end_anything() -> None:
    many = [(missed(n, SPRING, malicious=True), SPRING, DESK) for n in range(50)]
    assert after(*many, rules=StandingRules()).may_serve


# ------------------------------------------------------------------ the blacklist


LISTED = (BlacklistVolunteer(ANN, BlacklistReason.PRIVACY_BREACHED), SPRING, DESK)
APPEAL = AppealBlacklisting(ANN, AppealGround.FACTS)


def test_an_appeal_is_decided_by_another_officer() -> None:
    appealed = after(LISTED, (APPEAL, SPRING + DAY, SELF))
    assert refused(DecideAppeal(ANN, True), SPRING + DAY, DESK, appealed) == "same_officer"  # noqa: FBT003 - the field itself
    good = after((DecideAppeal(ANN, True), SPRING + DAY, OTHER), standing=appealed)  # noqa: FBT003 - as above
    assert (good.state, good.reason, good.blacklisted_by) == (StandingState.GOOD, None, None)
    upheld = after((DecideAppeal(ANN, False), SPRING + DAY, OTHER), standing=appealed)  # noqa: FBT003 - as above
    assert upheld.state is StandingState.UPHELD
    assert refused(APPEAL, SPRING + DAY, SELF, upheld) == "state"


def test_an_appeal_that_nobody_decides_in_time_succeeds() -> None:
    appealed = after(LISTED, (APPEAL, SPRING, SELF))
    clock = clock_of(appealed)
    assert clock == (SPRING + 30 * DAY, ExpireAppeal)
    assert refused(ExpireAppeal(ANN), SPRING + 30 * DAY - 1, SYSTEM, appealed) == "early"
    assert after((ExpireAppeal(ANN), SPRING + 30 * DAY, SYSTEM), standing=appealed).may_serve


def test_nobody_is_removed_while_he_may_appeal_unless_he_asks_for_it() -> None:
    listed = after(LISTED)
    end = EndRegistration(ANN, EndReason.OWN_WISH)
    assert refused(end, SPRING + 30 * DAY, DESK, listed) == "appeal_open"
    assert refused(APPEAL, SPRING + 30 * DAY + 1, SELF, listed) == "late"
    for command in ((end, SPRING, SELF), (end, SPRING + 30 * DAY + 1, DESK)):
        assert after(command, standing=listed).state is StandingState.REMOVED


def test_a_program_blacklists_for_lost_points_alone_and_sees_no_malice() -> None:
    assert refused(LISTED[0], SPRING, SYSTEM) == "reason"
    assert refused(missed(1, SPRING, malicious=True), SPRING, SYSTEM) == "reason"
    counted = (BlacklistVolunteer(ANN, BlacklistReason.LOST_POINTS), SPRING, SYSTEM)
    assert after(counted).state is StandingState.BLACKLISTED


def test_points_below_zero_end_a_registration_for_a_year_or_for_good() -> None:
    year = after((EndRegistration(ANN, EndReason.YEAR_POINTS), SPRING, SYSTEM))
    assert (year.state, year.due_at) == (StandingState.ENDED, at(2026, 1, 1))
    assert refused(RenewRegistration(ANN), at(2026, 1, 1) - 1, SELF, year) == "early"
    lifetime = after((EndRegistration(ANN, EndReason.LIFETIME_POINTS), SPRING, SYSTEM))
    assert lifetime.state is StandingState.REMOVED


# ------------------------------------------------------------------ the lifecycle as data


def test_walks_reach_every_state() -> None:
    assert set(STANDING.walks()) == set(StandingState)


def test_events_begin_with_the_volunteer_the_instant_and_the_actor_and_hold_no_free_text() -> None:
    for event in EVENTS:
        names = [field.name for field in attrs.fields(event)]
        assert names[:3] == ["volunteer", "at", "by"]
        assert event.kind.startswith("volunteer.")
        assert event.schema == 1
        kinds = {str(field.type) for field in attrs.fields(event)}
        assert "str" not in kinds
    assert {rule.command for rule in STANDING.rules} == set(COMMANDS)


def test_an_event_out_of_order_is_impossible() -> None:
    listed = after(LISTED)
    event = RegistrationEnded(ANN, SPRING, ActorId("desk"), EndReason.OWN_WISH, SPRING)
    with pytest.raises(ImpossibleEvent, match="RegistrationEnded"):
        evolve(listed, event)


def test_impossible_rules_are_told_all_at_once() -> None:
    with pytest.raises(DefinitionError) as told:
        StandingRules(malicious_limit_per_year=367, appeal_within=0, offset=2 * DAY)
    places = [fault.place for fault in told.value.faults]
    assert places == ["malicious_limit_per_year", "appeal_within", "offset"]


# ------------------------------------------------------------------ planted faults


class Faulty(SteppedStanding):
    """An implementation with one thing wrong with it, and what the machine says of it."""

    said: ClassVar[str]

    def asked(self, call: Call) -> Call:
        """Give the call that it takes it for."""
        return call

    def answers(self, call: Call, answer: Answer) -> Answer:  # noqa: ARG002 - for those below
        """Give the answer, where `answer` is right."""
        return answer

    def becomes(self, call: Call, after: VolunteerStanding | None) -> VolunteerStanding | None:  # noqa: ARG002 - as above
        """Give the standing after a call."""
        return after

    def give(self, call: Call) -> Answer:
        asked, world = self.asked(call), self.world
        found = decide(
            self.standing, asked.command, asked.at, asked.by, world.rules, world.accepted
        )
        right = StandingRefusal(found.reason) if isinstance(found, Refused) else found
        answer = self.answers(call, right)
        if not isinstance(answer, StandingRefusal):
            self.standing = self.becomes(call, reduce(evolve, answer, self.standing))
        return answer


class AnExcusedAbsenceCounts(Faulty):
    said = "should as None"

    def asked(self, call: Call) -> Call:
        if isinstance(call.command, RecordAbsence) and not call.command.malicious:
            return attrs.evolve(call, command=attrs.evolve(call.command, excused=False))
        return call

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, RecordAbsence) and not isinstance(answer, StandingRefusal):
            told: Any = answer[0]
            return (attrs.evolve(told, excused=call.command.excused), *answer[1:])
        return answer


class NobodyIsEverSentAway(Faulty):
    said = "ends as None, should as"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, RecordAbsence) and not isinstance(answer, StandingRefusal):
            return answer[:1]
        return answer


class MaliceIsForgotten(Faulty):
    said = "should as malicious_no_shows"

    def __init__(self, world: StandingWorld) -> None:
        rules = attrs.evolve(world.rules, malicious_limit_per_year=None)
        super().__init__(attrs.evolve(world, rules=rules))


class WhoBlacklistsJudges(Faulty):
    said = "instead of the refusal same_officer"

    def asked(self, call: Call) -> Call:
        judges = isinstance(call.command, DecideAppeal) and call.by.role is Role.OFFICER
        return attrs.evolve(call, by=OTHER) if judges and call.by.id == "desk" else call


class ADeclineIsAnAbsence(Faulty):
    said = "instead of the refusal not_accepted"

    def __init__(self, world: StandingWorld) -> None:
        every = world.accepted | {OrderId("declined")}
        super().__init__(attrs.evolve(world, accepted=every))


class NobodyMayAppeal(Faulty):
    said = "refused as late, though legal"

    def answers(self, call: Call, answer: Answer) -> Answer:
        lost = isinstance(call.command, AppealBlacklisting)
        return StandingRefusal.LATE if lost and isinstance(answer, tuple) else answer


class RemovedBeforeTheAppeal(Faulty):
    said = "instead of the refusal appeal_open"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if answer is not StandingRefusal.APPEAL_OPEN:
            return answer
        later = call.at + 100 * DAY
        found = decide(self.standing, call.command, later, call.by, self.world.rules)
        return answer if isinstance(found, Refused) else found


class YearsOfGreenwich(Faulty):
    said = "counts in 2024, was in 2025|may be renewed from"

    def __init__(self, world: StandingWorld) -> None:
        rules = attrs.evolve(world.rules, offset=0)
        super().__init__(attrs.evolve(world, rules=rules))


class ARenewalForgivesAll(Faulty):
    said = "its events say"

    def becomes(self, call: Call, after: VolunteerStanding | None) -> VolunteerStanding | None:
        renews = isinstance(call.command, RenewRegistration)
        return attrs.evolve(after, absences=()) if after and renews else after


class AnAbsenceCountsTwice(Faulty):
    said = "instead of the refusal repeated"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if answer is StandingRefusal.REPEATED and isinstance(call.command, RecordAbsence):
            v = call.command
            ended = EndRegistration(v.volunteer, EndReason.OWN_WISH)
            found = decide(self.standing, ended, call.at, SELF, self.world.rules)
            return () if isinstance(found, Refused) else found
        return answer


class ABlacklistingIsForGood(Faulty):
    said = "appeals end otherwise"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, BlacklistVolunteer) and not isinstance(answer, StandingRefusal):
            told: Any = answer[0]
            return (attrs.evolve(told, due_at=call.at),)
        return answer


@pytest.mark.parametrize("faulty", Faulty.__subclasses__(), ids=lambda faulty: faulty.__name__)
def test_a_faulty_implementation_is_caught(faulty: type[Faulty]) -> None:
    with pytest.raises(AssertionError, match=f"(?m){faulty.said}"):
        run_lifecycle_machine(lifecycle_machine(StandingAdapter(faulty)), settings=FEW)
