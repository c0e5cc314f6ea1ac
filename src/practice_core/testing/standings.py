"""The adapter of standing, and its law written a second time, as its documentation reads."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from typing import TYPE_CHECKING, Any

import attrs
from hypothesis import strategies as st

from practice_core.lifecycle import Actor, Role
from practice_core.testing.throwing import SmallAdapter, answered
from practice_core.units import (
    DAY,
    HOUR,
    ActorId,
    Instant,
    OrderId,
    VolunteerId,
    instant,
    is_identifier,
)
from practice_core.volunteers.standing import (
    STANDING,
    AppealBlacklisting,
    AppealGround,
    AppealLodged,
    BlacklistReason,
    BlacklistVolunteer,
    DecideAppeal,
    EndReason,
    EndRegistration,
    ExpireAppeal,
    RecordAbsence,
    RegistrationEnded,
    ReinstateReason,
    RenewRegistration,
    StandingEvent,
    StandingRefusal,
    StandingRules,
    StandingState,
    VolunteerBlacklisted,
    VolunteerReinstated,
    VolunteerStanding,
    clock_of,
    decide,
    evolve,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from practice_core.testing.machine import Call, Implementation

__all__ = ["StandingAdapter", "StandingWorld", "SteppedStanding"]

_ANN, _BOB = VolunteerId("v-1"), VolunteerId("v-2")
_DESK, _OTHER_DESK = ActorId("desk"), ActorId("other-desk")
_ORDERS = tuple(OrderId(f"o-{n}") for n in range(40))
_DECLINED = OrderId("declined")
_CHINA = dt.timezone(dt.timedelta(hours=8))
_YEAR_END = instant(dt.datetime(2024, 12, 31, 12, tzinfo=_CHINA))


@attrs.frozen
class StandingWorld:
    """The world of one standing.

    Parameters
    ----------
    rules
        What its place says.
    begins
        When it begins: some days before the end of a year.
    accepted
        The orders that the volunteer had accepted.
    """

    rules: StandingRules
    begins: Instant = 0
    accepted: frozenset[OrderId] = attrs.field(default=frozenset(_ORDERS), repr=False)


@attrs.define
class SteppedStanding:
    """A standing held in memory and moved by `practice_core.volunteers.standing`."""

    world: StandingWorld
    standing: VolunteerStanding | None = None

    def read(self) -> VolunteerStanding | None:
        """Give the standing."""
        return self.standing

    def give(self, call: Call) -> tuple[StandingEvent, ...] | StandingRefusal:
        """Give it a command."""
        world = self.world
        answer = answered(
            decide(self.standing, call.command, call.at, call.by, world.rules, world.accepted),
            StandingRefusal,
        )
        if isinstance(answer, StandingRefusal):
            return answer
        self.standing = reduce(evolve, answer, self.standing)  # type: ignore[arg-type]  # events of a standing
        return answer  # type: ignore[return-value]  # as above


class StandingAdapter(SmallAdapter[StandingState, VolunteerStanding, StandingWorld]):
    """Drives the standing of any implementation.

    Parameters
    ----------
    implementation
        Starts the standing of a volunteer of whom nothing is written down; by default
        `SteppedStanding`. Each gets a store of its own: all volunteers of a run are one.
    """

    lifecycle = STANDING
    refusals = tuple(StandingRefusal)

    def __init__(
        self, implementation: type[Implementation[VolunteerStanding]] = SteppedStanding
    ) -> None:
        super().__init__(implementation)

    def worlds(self) -> st.SearchStrategy[StandingWorld]:
        """Draw worlds with low limits, or none, that begin near the end of a year."""
        limit = st.none() | st.integers(1, 3)
        rules = st.builds(
            StandingRules,
            no_show_limit_per_year=limit,
            malicious_limit_per_year=limit,
            appeal_within=st.integers(1, 3).map(lambda days: days * DAY),
            decide_within=st.integers(1, 3).map(lambda days: days * DAY),
        )
        return st.builds(
            StandingWorld, rules, st.integers(0, 4).map(lambda days: _YEAR_END - days * DAY)
        )

    def step(self, subject: VolunteerStanding | None, event: Any) -> VolunteerStanding:  # noqa: ANN401 - as in the base
        """Apply one event through `evolve`."""
        return evolve(subject, event)

    def due(self, subject: VolunteerStanding | None) -> tuple[Instant, type] | None:
        """Give the standing's clock."""
        return None if subject is None else clock_of(subject)

    def moments(
        self, world: StandingWorld, subject: VolunteerStanding | None, at: Instant
    ) -> list[Instant]:
        """Give every limit still to come, with its neighbours, and the begin of the next year."""
        due_at = None if subject is None else subject.due_at
        near = () if due_at is None else (due_at - 1, due_at, due_at + 1)
        return sorted(when for when in {*near, world.begins, _next_year(at)} if when > at)

    def actor(
        self,
        world: StandingWorld,  # noqa: ARG002 - as in the base
        subject: VolunteerStanding | None,
        command: type,  # noqa: ARG002 - as in the base
        role: Role,
    ) -> Actor:
        """Give the volunteer himself, or an officer who has not blacklisted him."""
        if role is Role.VOLUNTEER:
            return Actor(ActorId(_ANN), role)
        judged = subject is not None and subject.blacklisted_by == _DESK
        return Actor(_OTHER_DESK if judged else _DESK, role)

    def others(
        self,
        world: StandingWorld,  # noqa: ARG002 - as in the base
        subject: VolunteerStanding | None,
    ) -> list[Actor]:
        """Give everybody else, he who has blacklisted him and the volunteer in another role."""
        found = [Actor(ActorId(who), role) for role in Role for who in (_ANN, "stranger")]
        if subject is not None and subject.blacklisted_by is not None:
            found += [Actor(subject.blacklisted_by, Role.OFFICER)] * len(found)
        return found

    def values(
        self,
        name: str,
        world: StandingWorld,  # noqa: ARG002 - as in the base
        subject: VolunteerStanding | None,
        call: Call,
    ) -> Sequence[Any]:
        """Give an absence that counts, a lawful reason; then the others."""
        at = call.at
        recorded = () if subject is None else subject.absences
        if name == "reason" and call.command is EndRegistration:
            ended = subject is not None and subject.state is StandingState.ENDED
            by_points = EndReason.LIFETIME_POINTS if ended else EndReason.YEAR_POINTS
            first = by_points if call.by.role is Role.SYSTEM else EndReason.OWN_WISH
            return [first, *EndReason]
        known = {one.order for one in recorded}
        found: dict[str, Sequence[Any]] = {
            "volunteer": (_ANN, _ANN, VolunteerId("-") if subject is None else _BOB),
            "order": (
                next((one for one in _ORDERS if one not in known), _DECLINED),
                _DECLINED,
                *(one.order for one in recorded[-1:]),
            ),
            "missed": (at, at, at - 1, at - 9 * DAY, at + 1, -1),
            "excused": (False, True),
            "malicious": (False, True, True),
            "allowed": (False, True),
            "reason": tuple(BlacklistReason),
            "ground": tuple(AppealGround),
        }
        return found[name]

    def refusal(
        self, world: StandingWorld, subject: VolunteerStanding | None, call: Call
    ) -> StandingRefusal | None:
        """Give the first member of `StandingRefusal` that applies."""
        case = _Case(world, subject, call.command, call.at, call.by)
        return next((one for one in StandingRefusal if getattr(case, one)()), None)

    def check(
        self,
        world: StandingWorld,
        before: VolunteerStanding | None,
        call: Call,
        events: Sequence[Any],
        after: VolunteerStanding,
    ) -> None:
        """Assert what no single event shows."""
        for event in events:
            about = (event.volunteer, event.at, event.by)
            assert about == (call.command.volunteer, call.at, call.by.id), (
                f"{event} is not of {call}"
            )
        ended = next((one for one in events if isinstance(one, RegistrationEnded)), None)
        if isinstance(call.command, RecordAbsence):
            limit = _limit(world.rules, before, after)
            found = ended and ended.reason
            assert found == limit, f"{call}: ends as {found}, should as {limit}"
        for event in events:
            _deadline(world, call, event)
        kept = () if before is None else before.absences
        assert after.absences[: len(kept)] == kept, f"{call}: an absence is forgotten"


def _limit(
    rules: StandingRules, before: VolunteerStanding | None, after: VolunteerStanding
) -> EndReason | None:
    """Give the limit that the last absence reaches, counted anew from all of them."""
    last = after.absences[-1]
    year = _year(last.missed)
    assert last.year == year, f"{last} counts in {last.year}, was in {year}"
    same = [one for one in after.absences if _year(one.missed) == year and not one.excused]
    malicious = [one for one in same if one.malicious]
    if last.excused or (before is not None and (before.settled or 0) >= year):
        return None
    limits = (
        (EndReason.MALICIOUS_NO_SHOWS, rules.malicious_limit_per_year, malicious),
        (EndReason.NO_SHOWS, rules.no_show_limit_per_year, same),
    )
    for reason, limit, counted in limits:
        if limit is not None and len(counted) >= limit and last in counted:
            return reason
    return None


def _deadline(world: StandingWorld, call: Call, event: Any) -> None:  # noqa: ANN401 - an event
    """Assert the deadline that an event sets, and why somebody is reinstated."""
    rules = world.rules
    match event:
        case VolunteerBlacklisted(due_at=due_at):
            assert due_at == call.at + rules.appeal_within, f"{event}: appeals end otherwise"
        case AppealLodged(due_at=due_at):
            assert due_at == call.at + rules.decide_within, f"{event}: is decided otherwise"
        case RegistrationEnded(reason=EndReason.OWN_WISH, due_at=due_at):
            assert due_at == call.at, f"{event}: who left himself may come back"
        case RegistrationEnded(due_at=due_at):
            missed = getattr(call.command, "missed", call.at)
            anew = max(call.at, _next_year(missed))
            assert due_at == anew, f"{event}: may be renewed from {anew} on"
        case VolunteerReinstated(reason=reason):
            late = isinstance(call.command, ExpireAppeal)
            right = ReinstateReason.UNDECIDED if late else ReinstateReason.ALLOWED
            assert reason is right, f"{event}: reinstated as {right}"
        case _:
            pass
    allowed = getattr(call.command, "allowed", True)
    assert allowed or not isinstance(event, VolunteerReinstated), f"{event}: it was not allowed"


def _year(at: Instant) -> int:
    return (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=at + 8 * HOUR)).year


def _next_year(at: Instant) -> Instant:
    return instant(dt.datetime(_year(at) + 1, 1, 1, tzinfo=_CHINA))


@attrs.frozen
class _Case:
    """A call on a standing: one method for each refusal says whether it applies.

    Each may rely on those before it, in the order of `StandingRefusal`, not applying.
    """

    world: StandingWorld
    standing: VolunteerStanding | None
    command: Any
    at: Instant
    by: Actor

    @property
    def _state(self) -> StandingState:
        return StandingState.UNRECORDED if self.standing is None else self.standing.state

    def _due(self) -> Iterator[Instant]:
        if self.standing is not None and self.standing.due_at is not None:
            yield self.standing.due_at

    def unknown_volunteer(self) -> bool:
        named = self.command.volunteer
        other = self.standing is not None and self.standing.volunteer != named
        return other or not is_identifier(named)

    def role(self) -> bool:
        return self.by.role not in STANDING.rule_of[type(self.command)].roles

    def scope(self) -> bool:
        return self.by.role is Role.VOLUNTEER and str(self.by.id) != self.command.volunteer

    def own_case(self) -> bool:
        return self.by.role is Role.OFFICER and str(self.by.id) == self.command.volunteer

    def state(self) -> bool:
        return self._state not in STANDING.rule_of[type(self.command)].sources

    def late(self) -> bool:
        timed = isinstance(self.command, (AppealBlacklisting, DecideAppeal))
        return timed and any(self.at > due_at for due_at in self._due())

    def early(self) -> bool:
        if isinstance(self.command, RecordAbsence):
            return bool(self.command.missed > self.at)
        timed = isinstance(self.command, (ExpireAppeal, RenewRegistration))
        return timed and any(self.at < due_at for due_at in self._due())

    def reason(self) -> bool:
        if isinstance(self.command, RecordAbsence):
            return self.by.role is Role.SYSTEM and bool(self.command.malicious)
        reason = getattr(self.command, "reason", None)
        if isinstance(self.command, BlacklistVolunteer):
            return self.by.role is Role.SYSTEM and reason != BlacklistReason.LOST_POINTS
        if not isinstance(self.command, EndRegistration):
            return False
        if reason == EndReason.OWN_WISH:
            return self.by.role is Role.SYSTEM
        counted = reason in {EndReason.NO_SHOWS, EndReason.MALICIOUS_NO_SHOWS}
        return counted or self.by.role is Role.VOLUNTEER

    def same_officer(self) -> bool:
        judges = isinstance(self.command, DecideAppeal)
        return judges and self.standing is not None and self.standing.blacklisted_by == self.by.id

    def appeal_open(self) -> bool:
        ends = isinstance(self.command, EndRegistration) and self.by.role is not Role.VOLUNTEER
        listed = self._state is StandingState.BLACKLISTED
        return ends and listed and any(self.at <= due_at for due_at in self._due())

    def not_accepted(self) -> bool:
        missed = isinstance(self.command, RecordAbsence)
        return missed and self.command.order not in self.world.accepted

    def invalid_value(self) -> bool:
        if not isinstance(self.command, RecordAbsence):
            return False
        return self.command.missed < 0 or (self.command.excused and self.command.malicious)

    def repeated(self) -> bool:
        if isinstance(self.command, RecordAbsence):
            known = () if self.standing is None else self.standing.absences
            return any(one.order == self.command.order for one in known)
        ended = self._state is StandingState.ENDED
        return ended and getattr(self.command, "reason", None) == EndReason.YEAR_POINTS
