"""The conformance machine: drive anybody's implementation of a lifecycle, and miss no edge.

Rules drawn blindly almost never reach the late states of a lifecycle. So subjects are seeded along
shortest walks to every state, one rule draws among legal commands only, another gives every illegal
one that the adapter knows and finds no trace of it, the clock is a rule of its own, at the end
every subject is drained to a final state, and a run that never fired some edge fails.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from operator import attrgetter
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
    import unittest
    from collections.abc import Collection, Iterable, Mapping, Sequence

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

_DRAIN = 100
"""A subject that has not ended after so many commands never will."""
_PARTS = 3
"""Illegal commands leave no trace, so many are given at a time: one part of all that are known."""


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

    @property
    def lifecycle(self) -> Lifecycle[S]:
        """Whose edges a run must all have fired."""
        ...

    @property
    def refusals(self) -> Collection[enum.StrEnum]:
        """Every refusal that a run must have met."""
        ...

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

    def varied(self, world: W, subject: T | None, call: Call) -> st.SearchStrategy[Call]:
        """Draw the like of a plain call with other arguments, mostly legal."""
        ...

    def wild(self, world: W, subject: T | None, at: Instant) -> Iterable[Call]:
        """Give calls that are mostly illegal, between them in every way there is."""
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
    """One subject of an example: its world, its clock, and the events it has had.

    It is unsound while a command is looked at: what failed then is not to be drained, which would
    fail again and hide why.
    """

    world: W
    there: Implementation[T]
    now: Instant = 0
    events: list[object] = attrs.field(factory=list)
    sound: bool = True


class LifecycleMachine(RuleBasedStateMachine):
    """The machine itself; `lifecycle_machine` binds it to an adapter."""

    adapter: ClassVar[Adapter[Any, Any, Any]]
    coverage: ClassVar[Coverage[Any]]
    walks: ClassVar[Mapping[Any, tuple[type, ...]]]
    to_the_end: ClassVar[Mapping[Any, int]]

    def __init__(self) -> None:
        super().__init__()
        self.subjects: list[_Subject[Any, Any]] = []

    @precondition(lambda self: not self._open())
    @rule(data=st.data(), part=st.integers(0, _PARTS - 1))
    def seed(self, data: st.DataObject, part: int) -> None:
        """Walk a subject to some state, trespass there, and take each way on with one of its own.

        The other rules go on with one of these, until it has ended.
        """
        target = data.draw(st.sampled_from(list(self.walks)), label="state")
        world = data.draw(self.adapter.worlds(target), label="world")
        subject = self._walk(world, target)
        self._trespass(subject, part)
        ways = [subject]
        for calls in self._legal(subject).values():
            ways.append(self._walk(world, target))
            self._go(data, ways[-1], calls)
        chosen = data.draw(st.integers(0, len(ways) - 1), label="way on")
        self.subjects += [*ways[:chosen], *ways[chosen + 1 :], ways[chosen]]

    @precondition(lambda self: self._open())
    @rule(data=st.data(), wait=st.integers(0, 24 * 3_600_000))
    def step(self, data: st.DataObject, wait: Duration) -> None:
        """Give a legal command, at once or a little later."""
        subject = self.subjects[-1]
        due = self.adapter.due(subject.there.read())
        if due is None or subject.now + wait <= due[0]:
            subject.now += wait
        legal = self._legal(subject)
        command = data.draw(st.sampled_from(list(legal)), label="command")
        self._go(data, subject, legal[command])

    @precondition(lambda self: self.subjects)
    @rule(part=st.integers(0, _PARTS - 1))
    def trespass(self, part: int) -> None:
        """Give illegal commands: each refused for the documented reason, and without a trace."""
        self._trespass(self.subjects[-1], part)

    @precondition(lambda self: self.subjects and self.adapter.due(self.subjects[-1].there.read()))
    @rule(past=st.sampled_from([-1, 0, 1, 30 * 86_400_000]))
    def clock(self, past: Duration) -> None:
        """Move to just before, exactly at or after the next clock; the system then acts on it."""
        subject = self.subjects[-1]
        at, command = self.adapter.due(subject.there.read())  # type: ignore[misc]  # there is one
        subject.now = max(subject.now, at + past)
        call = self._plain(subject, command, Role.SYSTEM)
        if subject.now < at:
            self._refused(subject, [call])
        else:
            self._accepted(subject, call)

    def teardown(self) -> None:
        """Drain: by its clocks or, without one, the shortest way out, every subject can end."""
        for subject in filter(attrgetter("sound"), self.subjects):
            for _ in range(_DRAIN):
                if self._ended(subject):
                    break
                self._accepted(subject, self._next(subject))
            else:
                message = f"{subject.there.read()} has not ended after {_DRAIN} commands"
                raise AssertionError(message)

    def _state(self, subject: _Subject[Any, Any]) -> enum.StrEnum:
        state: enum.StrEnum = self.adapter.state(subject.there.read())
        return state

    def _ended(self, subject: _Subject[Any, Any]) -> bool:
        return self._state(subject) in self.adapter.lifecycle.final

    def _open(self) -> bool:
        return bool(self.subjects) and not self._ended(self.subjects[-1])

    def _walk(self, world: object, target: enum.StrEnum) -> _Subject[Any, Any]:
        subject = _Subject(world, self.adapter.implement(world))
        for event in self.walks[target]:
            state = self._state(subject)
            calls = (calls[0] for calls in self._legal(subject).values())
            call = next((call for call in calls if event in self._outcomes(call)), None)
            assert call is not None, f"no legal command leads from {state} by {event.__name__}"
            self._accepted(subject, call)
        reached = self._state(subject)
        assert reached is target, f"the walk to {target} ended in {reached}"
        return subject

    def _go(self, data: st.DataObject, subject: _Subject[Any, Any], calls: Sequence[Call]) -> None:
        call = data.draw(st.sampled_from(calls), label="call")
        varied = self.adapter.varied(subject.world, subject.there.read(), call)
        other = data.draw(varied, label="variation")
        self._accepted(subject, call if self._refusal(subject, other) else other)

    def _trespass(self, subject: _Subject[Any, Any], part: int) -> None:
        wild = self.adapter.wild(subject.world, subject.there.read(), subject.now)
        self._refused(subject, islice(wild, part, None, _PARTS))

    def _refused(self, subject: _Subject[Any, Any], calls: Iterable[Call]) -> None:
        subject.sound = False
        for call in calls:
            expected = self._refusal(subject, call)
            if expected is not None:
                before = subject.there.read()
                answer = subject.there.give(call)
                assert answer == expected, f"{call}: {answer} instead of the refusal {expected}"
                assert subject.there.read() == before, f"{call}: refused, but it left a trace"
                self.coverage.refused[expected] += 1
        self._same_as_replayed(subject)
        subject.sound = True

    def _next(self, subject: _Subject[Any, Any]) -> Call:
        there = subject.there.read()
        due = self.adapter.due(there)
        if due is not None:
            subject.now = max(subject.now, due[0])
            return self._plain(subject, due[1], Role.SYSTEM)
        row = self.adapter.lifecycle.table[self.adapter.state(there)]

        def to_the_end(call: Call) -> int:
            return min(self.to_the_end[row[e]] for e in self._outcomes(call) if e in row)

        return min((calls[0] for calls in self._legal(subject).values()), key=to_the_end)

    def _legal(self, subject: _Subject[Any, Any]) -> dict[type, list[Call]]:
        """Give the plain legal calls for each command that somebody may give now."""
        state = self._state(subject)
        legal: dict[type, list[Call]] = {}
        for one in self.adapter.lifecycle.rules:
            if state in one.sources:
                calls = [self._plain(subject, one.command, role) for role in sorted(one.roles)]
                lawful = [call for call in calls if self._refusal(subject, call) is None]
                if lawful:
                    legal[one.command] = lawful
        assert legal or self._ended(subject), f"{subject.there.read()}: nobody may do anything"
        return legal

    def _outcomes(self, call: Call) -> frozenset[type]:
        return self.adapter.lifecycle.rule_of[type(call.command)].outcomes

    def _plain(self, subject: _Subject[Any, Any], command: type, role: Role) -> Call:
        there = subject.there.read()
        return self.adapter.plain(subject.world, there, command, role, subject.now)

    def _refusal(self, subject: _Subject[Any, Any], call: Call) -> enum.StrEnum | None:
        return self.adapter.refusal(subject.world, subject.there.read(), call)

    def _accepted(self, subject: _Subject[Any, Any], call: Call) -> None:
        subject.sound = False
        lifecycle = self.adapter.lifecycle
        before = subject.there.read()
        events = subject.there.give(call)
        assert isinstance(events, (list, tuple)), f"{call}: refused as {events}, though legal"
        assert events, f"{call}: carried out without an event"
        state = self.adapter.state(before)
        for event in events:
            kind = type(event)
            assert kind in self._outcomes(call), f"{call}: {kind.__name__} is no declared outcome"
            assert kind in lifecycle.table[state], f"{call}: {kind.__name__} in state {state}"
            self.coverage.fired[state, kind] += 1
            state = lifecycle.target(state, kind)
        subject.events.extend(events)
        after = subject.there.read()
        assert self.adapter.state(after) is state, f"{call}: {after} is not in state {state}"
        self._same_as_replayed(subject)
        self.adapter.check(subject.world, before, call, events, after)
        subject.sound = True

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
        A `hypothesis.stateful.RuleBasedStateMachine`. Its ``TestCase``, which pytest and unittest
        collect, and `run_lifecycle_machine` run it with the coverage gate.

    Examples
    --------
    >>> from practice_core.testing import OrderAdapter
    >>> TestOrders = lifecycle_machine(OrderAdapter()).TestCase  # in a file of tests, that is all
    """
    lifecycle = adapter.lifecycle
    bound: dict[str, object] = {
        "adapter": adapter,
        "coverage": Coverage(lifecycle, adapter.refusals),
        "walks": lifecycle.walks(),
        "to_the_end": _to_the_end(lifecycle),
        "__doc__": f"Conformance of the {lifecycle.name} lifecycle.",
    }
    name = f"{lifecycle.name.title()}Machine"
    machine: type[LifecycleMachine] = type(name, (LifecycleMachine,), bound)

    def run(case: unittest.TestCase) -> None:
        run_lifecycle_machine(machine, settings=case.settings)  # type: ignore[attr-defined]  # theirs has them

    gated = type(f"{name}.TestCase", (machine.TestCase,), {"runTest": run})
    type.__setattr__(machine, "TestCase", gated)
    return machine


def run_lifecycle_machine(
    machine: type[LifecycleMachine], *, settings: Settings | None = None
) -> Coverage[Any]:
    """Run a conformance machine, then its coverage gate.

    Parameters
    ----------
    machine
        From `lifecycle_machine`.
    settings
        Of Hypothesis; by default those of the machine's ``TestCase``.

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
    run_state_machine_as_test(machine, settings=settings)
    machine.coverage.check()
    return machine.coverage


def _to_the_end(lifecycle: Lifecycle[S]) -> Mapping[S, int]:
    """Give for every state the fewest events to a final one."""
    steps = dict.fromkeys(lifecycle.final, 0)
    reached = list(steps)
    for target in reached:  # grows while it is read
        for edge in lifecycle.edges:
            if edge.target is target and edge.source not in steps:
                steps[edge.source] = steps[target] + 1
                reached.append(edge.source)
    return steps
