"""Role models: select, evaluate, honour, tell."""

from __future__ import annotations

from functools import reduce
from typing import Any, ClassVar, TypeAlias

import attrs
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from practice_core.errors import DefinitionError, ImpossibleEvent
from practice_core.honours import (
    COMMANDS,
    EVENTS,
    NOMINATION,
    ConsentToStory,
    Deed,
    DropNomination,
    DropReason,
    EvaluateNominee,
    ExpireEvaluation,
    HonourNominee,
    HonourTitle,
    NominateRoleModel,
    Nomination,
    NominationCommand,
    NominationEvent,
    NominationRefusal,
    NominationState,
    ObjectionGround,
    PublishNomination,
    RaiseObjection,
    RejectObjection,
    RevokeConsent,
    Selection,
    StoryTold,
    TellStory,
    WithdrawNomination,
    clock_of,
    decide,
    evolve,
)
from practice_core.lifecycle import Actor, Refused, Role
from practice_core.testing import (
    Call,
    NominationAdapter,
    SteppedNomination,
    lifecycle_machine,
    run_lifecycle_machine,
)
from practice_core.units import DAY, ActorId, Instant, NominationId

Answer: TypeAlias = "tuple[NominationEvent, ...] | NominationRefusal"

FEW = settings(
    max_examples=300,
    stateful_step_count=10,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
)
DESK = Actor(ActorId("desk"), Role.OFFICER)
NEIGHBOUR = Actor(ActorId("r-1"), Role.REQUESTER)
ANN = Actor(ActorId("v-7"), Role.VOLUNTEER)
SYSTEM = Actor(ActorId("system"), Role.SYSTEM)
JURY = [Actor(ActorId(f"j-{n}"), Role.VOLUNTEER) for n in range(5)]
PLACE = Selection()
PROPOSAL = NominateRoleModel(NominationId("n-1"), ANN.id, Deed.CARE)

TestNominations = lifecycle_machine(NominationAdapter()).TestCase
TestNominations.settings = settings(max_examples=60, stateful_step_count=20)


def after(
    *given: tuple[NominationCommand, Instant, Actor],
    nomination: Nomination | None = None,
    place: Selection = PLACE,
) -> Nomination:
    for command, at, by in given:
        events = decide(nomination, command, at, by, place)
        assert not isinstance(events, Refused), events
        nomination = reduce(evolve, events, nomination)
    assert nomination is not None
    return nomination


def refused(
    nomination: Nomination | None, command: NominationCommand, at: Instant, by: Actor
) -> str:
    answer = decide(nomination, command, at, by, PLACE)
    assert isinstance(answer, Refused)
    return answer.reason.value


PROPOSED = after((PROPOSAL, 0, NEIGHBOUR))
EVALUATED = after(*[(EvaluateNominee(6), 1, one) for one in JURY[:3]], nomination=PROPOSED)
PUBLISHED = after((PublishNomination(HonourTitle.GOOD_PERSON), 2, DESK), nomination=EVALUATED)
HONOURED = after((HonourNominee(), 2 + 7 * DAY, DESK), nomination=PUBLISHED)


def test_a_role_model_is_chosen_evaluated_honoured_and_told_of() -> None:
    story = [(ConsentToStory(), 9 * DAY, ANN), (TellStory(), 9 * DAY, DESK)]
    states = [one.state for one in (PROPOSED, EVALUATED, PUBLISHED, HONOURED)]
    assert states == ["nominated", "evaluated", "published", "honoured"]
    told = after(*story, nomination=HONOURED)
    assert (told.state, told.title) == (NominationState.TOLD, HonourTitle.GOOD_PERSON)


@given(st.lists(st.integers(1, 10), min_size=1, max_size=5), st.integers(1, 10))
def test_the_mean_of_the_quorum_decides_exactly(scores: list[int], mark: int) -> None:
    place = Selection(quorum=len(scores), mark=mark)
    said = [(EvaluateNominee(score), 1, one) for score, one in zip(scores, JURY, strict=False)]
    found = after(*said, nomination=PROPOSED, place=place)
    good = sum(scores) / len(scores) >= mark
    assert found.state == ("evaluated" if good else "dropped")
    if said[:-1]:
        assert after(*said[:-1], nomination=PROPOSED, place=place).state == "nominated"


def test_nobody_evaluates_himself_or_whom_he_nominated_or_twice() -> None:
    once = after((EvaluateNominee(9), 1, JURY[0]), nomination=PROPOSED)
    assert refused(once, EvaluateNominee(9), 1, ANN) == "own_case"
    assert refused(once, EvaluateNominee(9), 1, NEIGHBOUR) == "own_nominee"
    assert refused(once, EvaluateNominee(9), 1, JURY[0]) == "repeated"


def test_where_there_is_a_panel_nobody_else_evaluates() -> None:
    panel = Selection(panel=frozenset(one.id for one in JURY[:3]))
    answer = decide(PROPOSED, EvaluateNominee(9), 1, JURY[4], panel)
    assert isinstance(answer, Refused)
    assert answer.reason is NominationRefusal.NOT_ON_PANEL


def test_too_few_in_time_and_it_is_dropped() -> None:
    assert clock_of(PROPOSED) == (30 * DAY, ExpireEvaluation)
    assert refused(PROPOSED, ExpireEvaluation(), 30 * DAY - 1, SYSTEM) == "early"
    assert refused(PROPOSED, EvaluateNominee(9), 30 * DAY + 1, JURY[0]) == "late"
    dropped = after((ExpireEvaluation(), 30 * DAY, SYSTEM), nomination=PROPOSED)
    assert dropped.state is NominationState.DROPPED


def test_nobody_is_honoured_before_he_was_shown_or_over_an_objection() -> None:
    assert refused(PUBLISHED, HonourNominee(), 1 + 7 * DAY, DESK) == "early"
    objection = RaiseObjection(ObjectionGround.UNTRUE)
    doubted = after((objection, DAY, JURY[0]), nomination=PUBLISHED)
    assert refused(doubted, HonourNominee(), 8 * DAY, DESK) == "objection_open"
    assert refused(doubted, objection, DAY, JURY[0]) == "repeated"
    assert refused(doubted, objection, 8 * DAY, JURY[1]) == "late"
    assert refused(doubted, RejectObjection(JURY[1].id), DAY, DESK) == "no_objection"
    cleared = after((RejectObjection(JURY[0].id), DAY, DESK), nomination=doubted)
    assert after((HonourNominee(), 8 * DAY, DESK), nomination=cleared).state == "honoured"
    untrue = (DropNomination(DropReason.UNTRUE), DAY, DESK)
    assert after(untrue, nomination=doubted).state is NominationState.DROPPED


def test_nobody_is_told_of_without_his_consent() -> None:
    assert refused(HONOURED, TellStory(), 9 * DAY, DESK) == "state"
    assert refused(HONOURED, ConsentToStory(), 9 * DAY, NEIGHBOUR) == "scope"
    agreed = after((ConsentToStory(), 9 * DAY, ANN), nomination=HONOURED)
    revoked = after((RevokeConsent(), 9 * DAY, ANN), nomination=agreed)
    assert refused(revoked, TellStory(), 9 * DAY, DESK) == "state"
    with pytest.raises(ImpossibleEvent, match="StoryTold"):
        evolve(HONOURED, StoryTold(HONOURED.id, 9 * DAY, DESK.id))
    sources = {edge.source for edge in NOMINATION.edges if edge.event is StoryTold}
    assert sources == {NominationState.CONSENTED}


@pytest.mark.parametrize("nomination", [PROPOSED, EVALUATED, PUBLISHED])
def test_the_nominee_alone_withdraws(nomination: Nomination) -> None:
    assert refused(nomination, WithdrawNomination(), 3, NEIGHBOUR) == "scope"
    gone = after((WithdrawNomination(), 3, ANN), nomination=nomination)
    assert gone.state is NominationState.WITHDRAWN


def test_an_honour_may_be_taken_back_but_not_for_a_score() -> None:
    assert refused(HONOURED, DropNomination(DropReason.SCORE), 9 * DAY, DESK) == "invalid_value"
    back = after((DropNomination(DropReason.MISCONDUCT), 9 * DAY, DESK), nomination=HONOURED)
    assert back.state is NominationState.DROPPED


def test_who_is_no_id_is_not_nominated() -> None:
    bad = attrs.evolve(PROPOSAL, nominee=ActorId("张三"))
    assert refused(None, bad, 0, NEIGHBOUR) == "invalid_value"
    assert refused(None, TellStory(), 0, DESK) == "unknown_nomination"


def test_walks_reach_every_state() -> None:
    assert set(NOMINATION.walks()) == set(NominationState)


def test_events_begin_with_the_nomination_the_instant_and_the_actor_and_hold_no_free_text() -> None:
    for event in EVENTS:
        names = [field.name for field in attrs.fields(event)]
        assert names[:3] == ["nomination", "at", "by"]
        assert event.kind.startswith("honour.")
        assert event.schema == 1
        assert "str" not in {str(field.type) for field in attrs.fields(event)}
    assert {rule.command for rule in NOMINATION.rules} == set(COMMANDS)


def test_an_impossible_selection_is_told_all_at_once() -> None:
    with pytest.raises(DefinitionError) as told:
        Selection(quorum=0, mark=11, publish_for=0)
    assert [fault.place for fault in told.value.faults] == ["quorum", "mark", "publish_for"]


# ------------------------------------------------------------------ planted faults


class Faulty(SteppedNomination):
    """An implementation with one thing wrong with it, and what the machine says of it."""

    said: ClassVar[str]

    def asked(self, call: Call) -> Call:
        """Give the call that it takes it for."""
        return call

    def read_as(self, nomination: Nomination) -> Nomination:
        """Give the nomination that it decides on."""
        return nomination

    def answers(self, call: Call, answer: Answer) -> Answer:  # noqa: ARG002 - for those below
        """Give the answer, where `answer` is right."""
        return answer

    def give(self, call: Call) -> Answer:
        asked, there = self.asked(call), self.nomination
        taken = None if there is None else self.read_as(there)
        found = decide(taken, asked.command, asked.at, asked.by, self.world)
        right = NominationRefusal(found.reason) if isinstance(found, Refused) else found
        answer = self.answers(call, right)
        if not isinstance(answer, NominationRefusal):
            self.nomination = reduce(evolve, answer, there)
        return answer


class EverybodyJudgesHisOwn(Faulty):
    said = "instead of the refusal own_nominee"

    def read_as(self, nomination: Nomination) -> Nomination:
        return attrs.evolve(nomination, nominated_by=ActorId("nobody"))


class AJurorSpeaksTwice(Faulty):
    said = "instead of the refusal repeated"

    def read_as(self, nomination: Nomination) -> Nomination:
        scores = tuple((ActorId(f"x-{n}"), score) for n, (_, score) in enumerate(nomination.scores))
        return attrs.evolve(nomination, scores=scores)


class OneIsAQuorum(Faulty):
    said = "should pass: False"

    def __init__(self, world: Selection) -> None:
        super().__init__(attrs.evolve(world, quorum=1))


class AMeanIsRounded(Faulty):
    said = "should pass: False"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if not isinstance(call.command, EvaluateNominee) or not isinstance(answer, tuple):
            return answer
        scores = [score for _, score in self.nomination.scores] if self.nomination else []
        mean = sum([*scores, call.command.score]) / (len(scores) + 1)
        if len(answer) == 1 or round(mean) < self.world.mark:
            return answer
        passed = decide(self.nomination, EvaluateNominee(10), call.at, call.by, one_score_enough())
        return (answer[0], passed[1]) if isinstance(passed, tuple) else answer


def one_score_enough() -> Selection:
    return Selection(quorum=1, mark=1)


class HonouredAtOnce(Faulty):
    said = "instead of the refusal early"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if not isinstance(call.command, HonourNominee) or answer is not NominationRefusal.EARLY:
            return answer
        later = call.at + 100 * DAY
        found = decide(self.nomination, call.command, later, call.by, self.world)
        return answer if isinstance(found, Refused) else found


class ObjectionsAreNotHeard(Faulty):
    said = "instead of the refusal objection_open"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if answer is not NominationRefusal.OBJECTION_OPEN or self.nomination is None:
            return answer
        deaf = attrs.evolve(self.nomination, open=())
        found = decide(deaf, call.command, call.at, call.by, self.world)
        return answer if isinstance(found, Refused) else found


class AnotherTitle(Faulty):
    said = "was shown as"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, HonourNominee) and isinstance(answer, tuple):
            shown = self.nomination.title if self.nomination else None
            other = next(one for one in HonourTitle if one is not shown)
            told: Any = answer[0]
            return (attrs.evolve(told, title=other),)
        return answer


class AnybodyWithdraws(Faulty):
    said = "instead of the refusal scope"

    def asked(self, call: Call) -> Call:
        own = isinstance(call.command, WithdrawNomination) and self.nomination is not None
        if not own or self.nomination is None:
            return call
        return attrs.evolve(call, by=attrs.evolve(call.by, id=self.nomination.nominee))


class ToldInSilence(Faulty):
    said = "StoryTold is no declared outcome"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, ConsentToStory) and isinstance(answer, tuple):
            event = answer[0]
            return (event, StoryTold(event.nomination, event.at, event.by))
        return answer


class ShownForAMoment(Faulty):
    said = "shown otherwise"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, PublishNomination) and isinstance(answer, tuple):
            told: Any = answer[0]
            return (attrs.evolve(told, due_at=call.at),)
        return answer


@pytest.mark.parametrize("faulty", Faulty.__subclasses__(), ids=lambda faulty: faulty.__name__)
def test_a_faulty_implementation_is_caught(faulty: type[Faulty]) -> None:
    with pytest.raises(AssertionError, match=f"(?m){faulty.said}"):
        run_lifecycle_machine(lifecycle_machine(NominationAdapter(faulty)), settings=FEW)
