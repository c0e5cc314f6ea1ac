"""The conformance machine: drive anybody's implementation of a lifecycle, and miss no edge.

Rules drawn blindly almost never reach the late states of a lifecycle. So subjects are seeded along
shortest walks to every state, one rule draws among legal commands only, another gives illegal ones
that must leave no trace, the clock is a rule of its own, at the end every subject is drained to a
final state, and a run that never fired some edge fails.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from practice_core.lifecycle import Lifecycle, Role

if TYPE_CHECKING:
    import enum
    from collections.abc import Collection, Sequence

    from hypothesis import settings as Settings  # noqa: N812 - a class under a function's name

    from practice_core.units import Duration, Instant

__all__ = [
    "Adapter",
    "Call",
    "Coverage",
    "Implementation",
    "LifecycleMachine",
    "lifecycle_machine",
    "run_lifecycle_machine",
]

S = TypeVar("S", bound="enum.StrEnum")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
W = TypeVar("W")

_SUBJECTS = 3
_DRAIN = 1_000
"""A subject that has not ended after so many clocks never will."""


@attrs.frozen
class Call:
    """A command, given at an instant by somebody who has a `role`."""

    command: Any
    at: Instant
    by: Any


class Implementation(Protocol[T_co]):
    """One subject in the implementation under test, such as one order in a platform."""

    def read(self) -> T_co | None:
        """Give the subject as it stands; None before its first event."""
        ...

    def give(self, call: Call) -> Sequence[object] | enum.StrEnum:
        """Give a command: the events it yielded, or the refusal."""
        ...


class Adapter(Protocol[S, T, W]):
    """What the machine must know about the subjects of one lifecycle.

    A *world* is what stays the same during a subject's life, such as the rules of its area.
    """

    lifecycle: Lifecycle[S]
    refusals: Collection[enum.StrEnum]
    """Every refusal that a run must have met."""

    def worlds(self, target: S) -> st.SearchStrategy[W]:
        """Draw worlds in which `target` can be reached."""
        ...

    def implement(self, world: W) -> Implementation[T]:
        """Start a new subject in the implementation under test."""
        ...

    def replay(self, events: Sequence[Any]) -> T | None:
        """Fold events into a subject, independently of the implementation."""
        ...

    def state(self, subject: T | None) -> S:
        """Give the state of a subject."""
        ...

    def due(self, subject: T | None) -> tuple[Instant, type] | None:
        """Give the next clock and the command that the system gives when it runs out."""
        ...

    def plain(self, world: W, subject: T | None, command: type, role: Role, at: Instant) -> Call:
        """Build the call most likely to be legal: if it is not, then none is."""
        ...

    def varied(
        self, world: W, subject: T | None, command: type, role: Role, at: Instant
    ) -> st.SearchStrategy[Call]:
        """Draw calls that are mostly legal."""
        ...

    def wild(self, world: W, subject: T | None, at: Instant) -> st.SearchStrategy[Call]:
        """Draw calls that are mostly not."""
        ...

    def refusal(self, world: W, subject: T | None, call: Call) -> enum.StrEnum | None:
        """Give the documented refusal of a call; None if it is legal."""
        ...

    def check(
        self, world: W, before: T | None, call: Call, events: Sequence[Any], after: T
    ) -> None:
        """Assert what else must hold after a call that was carried out."""
        ...


@attrs.define
class Coverage(Generic[S]):
    """What a whole run has met; `check` is the gate.

    Parameters
    ----------
    lifecycle
        Whose edges must all have been fired.
    refusals
        Which must all have been given.
    """

    lifecycle: Lifecycle[S]
    refusals: Collection[enum.StrEnum]
    fired: Counter[tuple[S, type]] = attrs.field(factory=Counter, init=False)
    refused: Counter[enum.StrEnum] = attrs.field(factory=Counter, init=False)

    def clear(self) -> None:
        """Forget everything met so far."""
        self.fired.clear()
        self.refused.clear()

    def missing(self) -> tuple[str, ...]:
        """Name every edge never fired and every refusal never given."""
        edges = (
            f"{edge.source} --{edge.event.__name__}--> {edge.target}"
            for edge in self.lifecycle.edges
            if not self.fired[edge.source, edge.event]
        )
        return (*edges, *(f"refusal {r}" for r in self.refusals if not self.refused[r]))

    def check(self) -> None:
        """Fail if anything was never met.

        Raises
        ------
        AssertionError
            Naming all of it.
        """
        missing = self.missing()
        assert not missing, f"{self.lifecycle.name}: never met: {'; '.join(missing)}"


@attrs.define(eq=False)
class _Subject(Generic[T, W]):
    """One subject of an example: its world, its clock, and the events it has had."""

    world: W
    there: Implementation[T]
    now: Instant = 0
    events: list[object] = attrs.field(factory=list)


class LifecycleMachine(RuleBasedStateMachine):
    """The machine itself; `lifecycle_machine` binds it to an adapter."""

    adapter: ClassVar[Adapter[Any, Any, Any]]
    coverage: ClassVar[Coverage[Any]]

    def __init__(self) -> None:
        super().__init__()
        self.subjects: list[_Subject[Any, Any]] = []

    @precondition(lambda self: len(self._open()) < _SUBJECTS)
    @rule(data=st.data())
    def seed(self, data: st.DataObject) -> None:
        """Walk a new subject to some state, along a shortest walk, and go on from there."""
        lifecycle = self.adapter.lifecycle
        target = data.draw(st.sampled_from(list(type(lifecycle.initial))), label="state")
        world = data.draw(self.adapter.worlds(target), label="world")
        subject = _Subject(world, self.adapter.implement(world))
        self.subjects.append(subject)
        for event in lifecycle.walks()[target]:
            state = self.adapter.state(subject.there.read())
            calls = (
                call
                for call in self._legal(subject)
                if event in lifecycle.rule_of[type(call.command)].outcomes
            )
            call = next(calls, None)
            assert call is not None, f"no command leads from {state} by {event.__name__}"
            self._accepted(subject, call)
        reached = self.adapter.state(subject.there.read())
        assert reached is target, f"the walk to {target} ended in {reached}"
        if target not in lifecycle.final:
            self._any(data, subject)

    @precondition(lambda self: self._open())
    @rule(data=st.data(), wait=st.integers(0, 24 * 3_600_000))
    def step(self, data: st.DataObject, wait: Duration) -> None:
        """Give one legal command to one subject, at once or a little later."""
        subject = data.draw(st.sampled_from(self._open()), label="subject")
        due = self.adapter.due(subject.there.read())
        if due is None or subject.now + wait <= due[0]:
            subject.now += wait
        self._any(data, subject)

    @precondition(lambda self: self.subjects)
    @rule(data=st.data())
    def trespass(self, data: st.DataObject) -> None:
        """Give an illegal command: refused for the documented reason, and without a trace."""
        ended = [s for s in self.subjects if s not in self._open()]
        subject = data.draw(st.sampled_from([*self._open(), *ended[-1:]]), label="subject")
        call = data.draw(
            self.adapter.wild(subject.world, subject.there.read(), subject.now), label="call"
        )
        if self._refusal(subject, call) is not None:
            self._refused(subject, call)

    @precondition(lambda self: any(self.adapter.due(s.there.read()) for s in self.subjects))
    @rule(data=st.data(), past=st.sampled_from([-1, 0, 1, 30 * 86_400_000]))
    def clock(self, data: st.DataObject, past: Duration) -> None:
        """Move to just before, exactly at or after the next clock; the system then acts on it."""
        waiting = [s for s in self.subjects if self.adapter.due(s.there.read())]
        subject = data.draw(st.sampled_from(waiting), label="subject")
        at, command = self.adapter.due(subject.there.read()) or (0, object)
        subject.now = max(subject.now, at + past)
        call = self._plain(subject, command, Role.SYSTEM)
        if subject.now < at:
            assert self._refusal(subject, call) is not None, f"{command.__name__} before its clock"
            self._refused(subject, call)
        else:
            self._accepted(subject, call)

    def teardown(self) -> None:
        """Drain: by clocks alone, or else by one command at a time, every subject can end."""
        for subject in self.subjects:
            for _ in range(_DRAIN):
                if self.adapter.state(subject.there.read()) in self.adapter.lifecycle.final:
                    break
                self._accepted(subject, self._next(subject))
            else:
                message = f"{subject.there.read()} has not ended after {_DRAIN} clocks"
                raise AssertionError(message)

    def _open(self) -> list[_Subject[Any, Any]]:
        final = self.adapter.lifecycle.final
        return [s for s in self.subjects if self.adapter.state(s.there.read()) not in final]

    def _any(self, data: st.DataObject, subject: _Subject[Any, Any]) -> None:
        legal = self._legal(subject)
        assert legal, f"{subject.there.read()}: nobody may do anything"
        call = data.draw(st.sampled_from(legal), label="command")
        other = data.draw(
            self.adapter.varied(
                subject.world, subject.there.read(), type(call.command), call.by.role, subject.now
            ),
            label="variation",
        )
        self._accepted(subject, call if self._refusal(subject, other) else other)

    def _next(self, subject: _Subject[Any, Any]) -> Call:
        due = self.adapter.due(subject.there.read())
        if due is not None:
            subject.now = max(subject.now, due[0])
            return self._plain(subject, due[1], Role.SYSTEM)
        legal = self._legal(subject)
        assert legal, f"{subject.there.read()} has no clock, and nobody may do anything"
        return legal[-1]  # the rules are in the order of a life: the last leads furthest

    def _legal(self, subject: _Subject[Any, Any]) -> list[Call]:
        """Give one legal call for each command that somebody may give now, in order of the rules."""
        lifecycle = self.adapter.lifecycle
        state = self.adapter.state(subject.there.read())
        calls = [
            self._plain(subject, one.command, role)
            for one in lifecycle.rules
            if state in one.sources
            for role in sorted(one.roles)
        ]
        return [call for call in calls if self._refusal(subject, call) is None]

    def _plain(self, subject: _Subject[Any, Any], command: type, role: Role) -> Call:
        there = subject.there.read()
        return self.adapter.plain(subject.world, there, command, role, subject.now)

    def _refusal(self, subject: _Subject[Any, Any], call: Call) -> enum.StrEnum | None:
        return self.adapter.refusal(subject.world, subject.there.read(), call)

    def _refused(self, subject: _Subject[Any, Any], call: Call) -> None:
        expected = self._refusal(subject, call)
        before = subject.there.read()
        answer = subject.there.give(call)
        assert answer == expected, f"{call}: {answer} instead of the refusal {expected}"
        assert subject.there.read() == before, f"{call}: refused, but it changed the subject"
        self._same_as_replayed(subject)
        self.coverage.refused[expected] += 1

    def _accepted(self, subject: _Subject[Any, Any], call: Call) -> None:
        lifecycle = self.adapter.lifecycle
        before = subject.there.read()
        events = subject.there.give(call)
        assert isinstance(events, (list, tuple)), f"{call}: refused as {events}, though legal"
        assert events, f"{call}: carried out without an event"
        outcomes = lifecycle.rule_of[type(call.command)].outcomes
        state = self.adapter.state(before)
        for event in events:
            kind = type(event)
            assert kind in outcomes, f"{call}: {kind.__name__} is no declared outcome"
            self.coverage.fired[state, kind] += 1
            state = lifecycle.target(state, kind)
        subject.events.extend(events)
        after = subject.there.read()
        assert self.adapter.state(after) is state, f"{call}: {after} is not in state {state}"
        self._same_as_replayed(subject)
        self.adapter.check(subject.world, before, call, events, after)

    def _same_as_replayed(self, subject: _Subject[Any, Any]) -> None:
        replayed = self.adapter.replay(subject.events)
        there = subject.there.read()
        assert there == replayed, f"stands at {there}, its events say {replayed}"


def lifecycle_machine(adapter: Adapter[S, T, W]) -> type[LifecycleMachine]:
    """Bind the conformance machine to an adapter.

    Parameters
    ----------
    adapter
        The lifecycle, and how to drive the implementation under test.

    Returns
    -------
    type of LifecycleMachine
        A `hypothesis.stateful.RuleBasedStateMachine`; `run_lifecycle_machine` runs it with the
        coverage gate, its ``TestCase`` without.
    """
    bound: dict[str, object] = {
        "adapter": adapter,
        "coverage": Coverage(adapter.lifecycle, adapter.refusals),
        "__doc__": f"Conformance of the {adapter.lifecycle.name} lifecycle.",
    }
    return type(f"{adapter.lifecycle.name.title()}Machine", (LifecycleMachine,), bound)


def run_lifecycle_machine(
    machine: type[LifecycleMachine], *, settings: Settings | None = None
) -> Coverage[Any]:
    """Run a conformance machine, then its coverage gate.

    Parameters
    ----------
    machine
        From `lifecycle_machine`.
    settings
        Of Hypothesis; by default those in force.

    Returns
    -------
    Coverage
        How often every edge was fired and every refusal given.

    Raises
    ------
    AssertionError
        If the implementation does not conform, or the run never fired some edge or never met some
        refusal.
    """
    machine.coverage.clear()
    run_state_machine_as_test(machine, settings=settings)  # type: ignore[no-untyped-call]  # theirs
    machine.coverage.check()
    return machine.coverage
