"""The adapter of nominations, and their law written a second time, as its documentation reads."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

import attrs
from hypothesis import strategies as st

from practice_core.honours import (
    NOMINATION,
    ConsentToStory,
    Deed,
    DropNomination,
    DropReason,
    EvaluateNominee,
    EvaluationPassed,
    ExpireEvaluation,
    HonourNominee,
    HonourTitle,
    NominateRoleModel,
    Nomination,
    NominationDropped,
    NominationEvent,
    NominationPublished,
    NominationRefusal,
    NominationState,
    ObjectionGround,
    PublishNomination,
    RaiseObjection,
    RejectObjection,
    RevokeConsent,
    RoleModelHonoured,
    RoleModelNominated,
    Selection,
    StoryTold,
    WithdrawNomination,
    clock_of,
    decide,
    evolve,
)
from practice_core.lifecycle import Actor, Role
from practice_core.testing.throwing import SmallAdapter, answered
from practice_core.units import DAY, ActorId, Instant, NominationId, is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from practice_core.testing.machine import Call, Implementation

__all__ = ["NominationAdapter", "SteppedNomination"]

_ID = NominationId("n-1")
_NOMINEE, _NOMINATOR, _DESK = ActorId("nominee"), ActorId("nominator"), ActorId("desk")
_JURY = tuple(ActorId(f"juror-{n}") for n in range(9))
_PANEL = frozenset({*_JURY, _NOMINEE, _NOMINATOR})
_PERSONAL = (ConsentToStory, RevokeConsent, WithdrawNomination)


@attrs.define
class SteppedNomination:
    """A nomination held in memory and moved by `practice_core.honours`."""

    world: Selection
    nomination: Nomination | None = None

    def read(self) -> Nomination | None:
        """Give the nomination."""
        return self.nomination

    def give(self, call: Call) -> tuple[NominationEvent, ...] | NominationRefusal:
        """Give it a command."""
        answer = answered(
            decide(self.nomination, call.command, call.at, call.by, self.world), NominationRefusal
        )
        if isinstance(answer, NominationRefusal):
            return answer
        self.nomination = reduce(evolve, answer, self.nomination)  # type: ignore[arg-type]  # events of a nomination
        return answer  # type: ignore[return-value]  # as above


class NominationAdapter(SmallAdapter[NominationState, Nomination, Selection]):
    """Drives the nominations of any implementation.

    Parameters
    ----------
    implementation
        Starts one nomination, not yet made, in a place that selects so; by default
        `SteppedNomination`. Each gets a store of its own: all nominations of a run have one id.
    """

    lifecycle = NOMINATION
    refusals = tuple(NominationRefusal)

    def __init__(
        self, implementation: type[Implementation[Nomination]] = SteppedNomination
    ) -> None:
        super().__init__(implementation)

    def worlds(self) -> st.SearchStrategy[Selection]:
        """Draw places with quorums large and small, with a panel and without."""
        return st.builds(
            Selection,
            quorum=st.sampled_from([6, 4, 1, 2, 3]),
            best=st.just(10),
            mark=st.integers(2, 10),
            panel=st.sampled_from([_PANEL, frozenset()]),
            evaluate_within=st.integers(1, 9).map(lambda days: days * DAY),
            publish_for=st.integers(1, 9).map(lambda days: days * DAY),
        )

    def step(self, subject: Nomination | None, event: Any) -> Nomination:  # noqa: ANN401 - as in the base
        """Apply one event through `evolve`."""
        return evolve(subject, event)

    def due(self, subject: Nomination | None) -> tuple[Instant, type] | None:
        """Give the nomination's clock."""
        return None if subject is None else clock_of(subject)

    def moments(
        self,
        world: Selection,  # noqa: ARG002 - as in the base
        subject: Nomination | None,
        at: Instant,
    ) -> list[Instant]:
        """Give the limit still to come, with its neighbours."""
        due_at = None if subject is None else subject.due_at
        near = () if due_at is None else (due_at - 1, due_at, due_at + 1)
        return [when for when in near if when > at]

    def actor(
        self,
        world: Selection,  # noqa: ARG002 - as in the base
        subject: Nomination | None,
        command: type,
        role: Role,
    ) -> Actor:
        """Give the nominee for what is his alone, a new juror, a new objector, else the desk."""
        if command in _PERSONAL:
            return Actor(_NOMINEE, role)
        if command is NominateRoleModel:
            return Actor(_NOMINATOR, role)
        spoken = set() if subject is None else {who for who, _ in subject.scores}
        if command is RaiseObjection:
            spoken = set() if subject is None else {*subject.objectors}
        if command in {EvaluateNominee, RaiseObjection}:
            return Actor(next((one for one in _JURY if one not in spoken), _JURY[0]), role)
        return Actor(_DESK, role)

    def others(self, world: Selection, subject: Nomination | None) -> list[Actor]:  # noqa: ARG002 - as in the base
        """Give those whose own case it is, and others, in every role."""
        people = (_NOMINEE, _NOMINATOR, _JURY[0], ActorId("stranger"))
        return [Actor(who, role) for role in Role for who in people]

    def values(
        self, name: str, world: Selection, subject: Nomination | None, call: Call
    ) -> Sequence[Any]:
        """Give the best score and the first of each list; then the others."""
        if name == "reason" and call.command is DropNomination:
            return [DropReason.UNTRUE, *DropReason]
        objectors = () if subject is None else subject.open
        found: dict[str, Sequence[Any]] = {
            "nomination": (_ID, _ID, NominationId("-")),
            "nominee": (_NOMINEE, _NOMINEE, ActorId("张三")),
            "deed": tuple(Deed),
            "score": (world.best, 1, world.mark, world.mark - 1, 0, world.best + 1),
            "title": tuple(HonourTitle),
            "ground": tuple(ObjectionGround),
            "objector": (*objectors, _DESK),
        }
        return found[name]

    def refusal(
        self, world: Selection, subject: Nomination | None, call: Call
    ) -> NominationRefusal | None:
        """Give the first member of `NominationRefusal` that applies."""
        case = _Case(world, subject, call.command, call.at, call.by)
        return next((one for one in NominationRefusal if getattr(case, one)()), None)

    def check(
        self,
        world: Selection,
        before: Nomination | None,
        call: Call,
        events: Sequence[Any],
        after: Nomination,
    ) -> None:
        """Assert what no single event shows."""
        for event in events:
            about = (event.nomination, event.at, event.by)
            assert about == (after.id, call.at, call.by.id), f"{event} is not of {call}"
            _deed(world, before, call, event)
        if isinstance(call.command, EvaluateNominee) and before is not None:
            _verdict(world, before, call, events)
        judges = [who for who, _ in after.scores]
        assert len(set(judges)) == len(judges), f"{after}: somebody evaluated twice"
        partial = {after.nominee, after.nominated_by} & {*judges}
        assert not partial, f"{after}: evaluated by {partial}"


def _verdict(
    world: Selection, before: Nomination, call: Call, events: Sequence[NominationEvent]
) -> None:
    """Assert that the score that makes the quorum decides, and no other."""
    scores = [*(score for _, score in before.scores), call.command.score]
    passed = any(isinstance(event, EvaluationPassed) for event in events)
    dropped = any(isinstance(event, NominationDropped) for event in events)
    enough = len(scores) >= world.quorum
    good = enough and Fraction(sum(scores), len(scores)) >= world.mark
    assert (passed, dropped) == (good, enough and not good), f"{call}: should pass: {good}"


def _deed(world: Selection, before: Nomination | None, call: Call, event: NominationEvent) -> None:
    """Assert the deadline that an event sets, and what it needs to have been before."""
    match event:
        case RoleModelNominated(due_at=due_at):
            assert due_at == call.at + world.evaluate_within, f"{event}: evaluated otherwise"
        case NominationPublished(due_at=due_at):
            assert due_at == call.at + world.publish_for, f"{event}: shown otherwise"
        case RoleModelHonoured(title=title):
            shown = before is not None and before.due_at is not None and before.due_at <= call.at
            assert shown, f"{event}: was not shown long enough"
            assert before is not None
            assert not before.open, f"{event}: over an objection"
            assert title is before.title, f"{event}: was shown as {before.title}"
        case StoryTold():
            agreed = before is not None and before.state is NominationState.CONSENTED
            assert agreed, f"{event}: without consent"
        case NominationDropped(reason=reason) if isinstance(call.command, ExpireEvaluation):
            assert reason is DropReason.NO_QUORUM, f"{event}: too few had evaluated"
        case _:
            pass


@attrs.frozen
class _Case:
    """A call on a nomination: one method for each refusal says whether it applies.

    Each may rely on those before it, in the order of `NominationRefusal`, not applying.
    """

    world: Selection
    nomination: Nomination | None
    command: Any
    at: Instant
    by: Actor

    def _due(self) -> Iterator[Instant]:
        if self.nomination is not None and self.nomination.due_at is not None:
            yield self.nomination.due_at

    def _is(self, *commands: type) -> bool:
        return isinstance(self.command, commands)

    def unknown_nomination(self) -> bool:
        return self.nomination is None and not self._is(NominateRoleModel)

    def role(self) -> bool:
        return self.by.role not in NOMINATION.rule_of[type(self.command)].roles

    def scope(self) -> bool:
        theirs = self.nomination is not None and self.by.id == self.nomination.nominee
        return self._is(*_PERSONAL) and not theirs

    def state(self) -> bool:
        state = NominationState.ABSENT if self.nomination is None else self.nomination.state
        return state not in NOMINATION.rule_of[type(self.command)].sources

    def late(self) -> bool:
        timed = self._is(EvaluateNominee, RaiseObjection)
        return timed and any(self.at > due_at for due_at in self._due())

    def early(self) -> bool:
        timed = self._is(ExpireEvaluation, HonourNominee)
        return timed and any(self.at < due_at for due_at in self._due())

    def invalid_value(self) -> bool:
        v = self.command
        if self._is(NominateRoleModel):
            return not (is_identifier(v.nomination) and is_identifier(v.nominee))
        if self._is(EvaluateNominee):
            return bool(v.score < 1 or v.score > self.world.best)
        return self._is(DropNomination) and v.reason in {DropReason.NO_QUORUM, DropReason.SCORE}

    def not_on_panel(self) -> bool:
        panel = self.world.panel
        return self._is(EvaluateNominee) and bool(panel) and self.by.id not in panel

    def own_case(self) -> bool:
        judged = (EvaluateNominee, PublishNomination, RaiseObjection, RejectObjection)
        own = self.nomination is not None and self.by.id == self.nomination.nominee
        return own and self._is(*judged, HonourNominee, DropNomination)

    def own_nominee(self) -> bool:
        own = self.nomination is not None and self.by.id == self.nomination.nominated_by
        return own and self._is(EvaluateNominee, RejectObjection)

    def repeated(self) -> bool:
        if self.nomination is None:
            return False
        if self._is(RaiseObjection):
            return self.by.id in self.nomination.objectors
        return self._is(EvaluateNominee) and self.by.id in dict(self.nomination.scores)

    def no_objection(self) -> bool:
        opened = () if self.nomination is None else self.nomination.open
        return self._is(RejectObjection) and self.command.objector not in opened

    def objection_open(self) -> bool:
        opened = () if self.nomination is None else self.nomination.open
        return self._is(HonourNominee) and bool(opened)
