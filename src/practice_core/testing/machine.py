"""The conformance machine: drive anybody's implementation of a lifecycle, and miss no edge.

Rules drawn blindly almost never reach the late states of a lifecycle. So subjects are seeded along
shortest walks to every state in which somebody acts, some of them old when they arrive; one rule
draws among legal commands only, another gives illegal ones of every kind and finds no trace of
them, the clock is a rule of its own, at the end every subject is drained to a final state, and a
run that never fired some edge fails.
"""

from __future__ import annotations

import enum
from collections import Counter
from operator import attrgetter
from random import Random
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    Protocol,
    TypeAlias,
    TypeVar,
    get_args,
)

import attrs
from hypothesis import note
from hypothesis import settings as Settings  # noqa: N812 - a class under a function's name
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from practice_core.lifecycle import Lifecycle, Role, Rule

if TYPE_CHECKING:
    import unittest
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

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

S = TypeVar("S", bound=enum.StrEnum)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
V = TypeVar("V")
W = TypeVar("W")

_AGAIN = 4
"""Times as many examples, before something counts as never met."""
_DRAIN = 100
"""A subject that has not ended after so many commands never will."""
_FAR = 50
"""A walk that has not arrived after so many commands never will."""
_DETOURS = 3
"""A subject may first go to so many other states."""
_LINGERS = 4
"""It may do so many things in its state before it goes on."""
_WAITS = 3
"""It may wait so often before it goes on."""
_DICE = st.integers(0, 2**16 - 1).map(Random)
"""Illegal commands leave no trace, so many are given at a time, thrown by dice: drawing is slow."""
_Pace: TypeAlias = Literal["steady", "slow", "unseen"]
_PACES: tuple[_Pace, ...] = get_args(_Pace)
"""On its way a subject acts at once, or waits and lets its clocks run, or nobody looks at them."""


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

    def worlds(self) -> st.SearchStrategy[W]:
        """Draw worlds, in each of which every state can be reached."""
        ...

    def implement(self, world: W) -> Implementation[T]:
        """Start a new subject in the implementation under test."""
        ...

    def replay(self, subject: T | None, events: Sequence[Any]) -> T | None:
        """Fold further events into a subject, independently of the implementation."""
        ...

    def state(self, subject: T | None) -> S:
        """Give the state of a subject."""
        ...

    def due(self, subject: T | None) -> tuple[Instant, type] | None:
        """Give the next clock and the command that the system gives when it runs out."""
        ...

    def moments(self, world: W, subject: T | None, at: Instant) -> Sequence[Instant]:
        """Give, in order, the instants after `at` at which something else may be legal."""
        ...

    def plain(self, world: W, subject: T | None, command: type, role: Role, at: Instant) -> Call:
        """Build the call most likely to be legal: if it is not, then none is."""
        ...

    def varied(
        self,
        world: W,
        subject: T | None,
        call: Call,
        draw: Callable[[st.SearchStrategy[Any]], Any],
    ) -> Call:
        """Draw the like of a plain call with other arguments, mostly legal."""
        ...

    def wild(self, world: W, subject: T | None, at: Instant, dice: Random) -> Iterable[Call]:
        """Give calls that are mostly illegal, over many throws in every way there is."""
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
    """One subject of an example: its world, its clock, what its events tell, what it has had.

    It is unsound while a command is looked at: what failed then is not to be drained, which would
    fail again and hide why.
    """

    world: W
    there: Implementation[T]
    now: Instant = 0
    told: T | None = None
    calls: list[Call] = attrs.field(factory=list)
    states: list[enum.StrEnum] = attrs.field(factory=list)
    sound: bool = True


class LifecycleMachine(RuleBasedStateMachine):
    """The machine itself; `lifecycle_machine` binds it to an adapter."""

    adapter: ClassVar[Adapter[Any, Any, Any]]
    coverage: ClassVar[Coverage[Any]]
    onward: ClassVar[Mapping[Any, Mapping[Any, frozenset[type]]]]
    targets: ClassVar[Sequence[Any]]
    detours: ClassVar[Sequence[Any]]
    to_the_end: ClassVar[Mapping[Any, int]]
    given_in: ClassVar[Mapping[Any, Sequence[Rule[Any]]]]

    def __init__(self) -> None:
        super().__init__()
        self.subjects: list[_Subject[Any, Any]] = []

    @precondition(lambda self: not self._open())
    @rule(data=st.data(), dice=_DICE)
    def seed(self, data: st.DataObject, dice: Random) -> None:
        """Walk a subject to some state, trespass there, and take each way on with one of its own.

        One more lets its clock run out. The other rules go on with one of these, until it has
        ended.
        """
        subject = self._walk(data)
        self._linger(data, subject)
        self._trespass(subject, dice)
        state, now = self._state(subject), self._ways(subject)
        ways = [subject]
        for calls in now.values():
            other = self._again(subject)
            ways.append(other)
            self._go(data, other, calls)
            if self._state(other) is state:
                then = self._ways(other)
                new = [command for command in then if command not in now]
                if new:
                    self._go(data, other, then[_one(data, new, "command")])
        if self.adapter.due(subject.there.read()):
            ways.append(self._again(subject))
            self._accepted(ways[-1], self._next(ways[-1]))
        chosen = ways[_one(data, range(len(ways)), "way on")]
        self.subjects += [*(way for way in ways if way is not chosen), chosen]

    @precondition(lambda self: self._open())
    @rule(data=st.data(), wait=st.integers(0, 24 * 3_600_000))
    def step(self, data: st.DataObject, wait: Duration) -> None:
        """Give a legal command, at once or a little later."""
        subject = self.subjects[-1]
        due = self.adapter.due(subject.there.read())
        if due is None or subject.now + wait <= due[0]:
            subject.now += wait
        self._any(data, subject)

    @precondition(lambda self: self.subjects)
    @rule(dice=_DICE)
    def trespass(self, dice: Random) -> None:
        """Give illegal commands: each refused for the documented reason, and without a trace."""
        self._trespass(self.subjects[-1], dice)

    @precondition(lambda self: self.subjects and self.adapter.due(self.subjects[-1].there.read()))
    @rule(past=st.sampled_from([-1, 0, 1, 30 * 86_400_000]))
    def clock(self, past: Duration) -> None:
        """Move to just before, exactly at or after the next clock; the system then acts on it."""
        subject = self.subjects[-1]
        at, command = self.adapter.due(subject.there.read())  # type: ignore[misc]  # there is one
        subject.now = max(subject.now, at + past)
        call = self._plain(subject, command, Role.SYSTEM, subject.now)
        if subject.now < at:
            self._refused(subject, [call])
        else:
            self._accepted(subject, call)

    def teardown(self) -> None:
        """Drain: by its clocks or, without one, the shortest way out, every subject can end."""
        for subject in filter(attrgetter("sound"), self.subjects):
            self._wait(subject)

    def _state(self, subject: _Subject[Any, Any]) -> enum.StrEnum:
        state: enum.StrEnum = self.adapter.state(subject.there.read())
        return state

    def _ended(self, subject: _Subject[Any, Any]) -> bool:
        return self._state(subject) in self.adapter.lifecycle.final

    def _open(self) -> bool:
        return bool(self.subjects) and not self._ended(self.subjects[-1])

    def _walk(self, data: st.DataObject) -> _Subject[Any, Any]:
        """Walk a new subject to a drawn state: straight, or after some detours."""
        target = _one(data, self.targets, "state")
        world = data.draw(self.adapter.worlds(), label="world")
        pace = _one(data, _PACES, "pace")
        subject = _Subject(world, self.adapter.implement(world))
        for _ in range(_one(data, range(_DETOURS + 1), "detours")):
            subject = self._approach(data, subject, _one(data, self.detours, "state"), pace)
            if not self._ended(subject):
                self._any(data, subject)
        straight = pace == "steady" and not subject.calls
        subject = self._approach(data, subject, target, pace)
        reached = target in {self.adapter.lifecycle.initial, *subject.states}
        assert reached or not straight, f"the walk to {target} ended in {self._state(subject)}"
        return subject

    def _linger(self, data: st.DataObject, subject: _Subject[Any, Any]) -> None:
        """Give some commands that leave a subject in its state: what is done twice is refused.

        What one of them has made possible comes next.
        """
        state, known = self._state(subject), frozenset[type]()
        row = self.adapter.lifecycle.table[state]
        for _ in range(_one(data, range(_LINGERS + 1), "lingers")):
            ways = self._ways(subject)
            staying = [
                command
                for command, calls in ways.items()
                if any(row.get(event) is state for event in self._outcomes(calls[0]))
            ]
            new = [command for command in staying if known and command not in known]
            known = frozenset(ways)
            if staying:
                self._go(data, subject, ways[_one(data, new or staying, "command")])
            if self._state(subject) is not state:
                break

    def _approach(
        self, data: st.DataObject, subject: _Subject[Any, Any], target: object, pace: _Pace
    ) -> _Subject[Any, Any]:
        """Go on by the next event of a shortest way, as long as there is one."""
        for _ in range(_FAR):
            times = self._times(subject)
            if pace == "unseen":
                times.insert(0, _one(data, times, "instant"))
            if pace == "slow":
                subject = self._later(data, subject)
                times = self._times(subject)
            state = self._state(subject)
            events = self.onward[target].get(state)
            if not events:
                break
            leading = [one for one in self.given_in[state] if not one.outcomes.isdisjoint(events)]
            calls = self._first(subject, leading, times)
            if not calls:
                break
            if pace == "steady" or not subject.calls:
                self._accepted(subject, _one(data, calls, "call"))
            else:
                self._go(data, subject, calls)
        return subject

    def _later(self, data: st.DataObject, subject: _Subject[Any, Any]) -> _Subject[Any, Any]:
        """Give the subject as its clocks will have left it, unless that is the end of it."""
        for _ in range(_one(data, range(_WAITS + 1), "waits")):
            later = self._again(subject)
            self._wait(later, _one(data, self._times(later), "instant"))
            subject = subject if self._ended(later) else later
        return subject

    def _wait(self, subject: _Subject[Any, Any], until: Instant | None = None) -> None:
        """Let the clocks run out, up to an instant, or else to the end; that is not for ever."""
        for _ in range(_DRAIN):
            due = self.adapter.due(subject.there.read())
            if self._ended(subject) or (until is not None and (due is None or due[0] > until)):
                subject.now = max(subject.now, until or 0)
                return
            self._accepted(subject, self._next(subject))
        message = f"{subject.there.read()} has not ended after {_DRAIN} commands"
        raise AssertionError(message)

    def _again(self, subject: _Subject[Any, Any]) -> _Subject[Any, Any]:
        """Give another subject that has had the same life."""
        there = self.adapter.implement(subject.world)
        for call in subject.calls:
            there.give(call)
        other = _Subject(subject.world, there, subject.now, subject.told, list(subject.calls))
        self._same_as_replayed(other)
        return other

    def _any(self, data: st.DataObject, subject: _Subject[Any, Any]) -> None:
        ways = self._ways(subject)
        self._go(data, subject, ways[_one(data, list(ways), "command")])

    def _go(self, data: st.DataObject, subject: _Subject[Any, Any], calls: Sequence[Call]) -> None:
        call = _one(data, calls, "call")
        other = self.adapter.varied(subject.world, subject.there.read(), call, data.draw)
        self._accepted(subject, call if self._refusal(subject, other) else other)

    def _trespass(self, subject: _Subject[Any, Any], dice: Random) -> None:
        """Give illegal calls; those that turn out legal are carried out on others like it."""
        there = subject.there.read()
        wild = list(self.adapter.wild(subject.world, there, subject.now, dice))
        self._refused(subject, wild)
        lawful = {type(c.command): c for c in wild if self._refusal(subject, c) is None}
        for call in lawful.values():
            self._accepted(self._again(subject), call)

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
            return self._plain(subject, due[1], Role.SYSTEM, max(subject.now, due[0]))
        row = self.adapter.lifecycle.table[self.adapter.state(there)]

        def to_the_end(call: Call) -> int:
            return min(self.to_the_end[row[e]] for e in self._outcomes(call) if e in row)

        return min((calls[0] for calls in self._ways(subject).values()), key=to_the_end)

    def _ways(self, subject: _Subject[Any, Any]) -> dict[type, list[Call]]:
        """Give for each command the plain legal calls, at the first instant at which any is."""
        times = self._times(subject)
        ways: dict[type, list[Call]] = {}
        for one in self.given_in[self._state(subject)]:
            if calls := self._first(subject, [one], times):
                ways[one.command] = calls
        assert ways or self._ended(subject), f"{subject.there.read()}: nobody may do anything"
        return ways

    def _times(self, subject: _Subject[Any, Any]) -> list[Instant]:
        now = subject.now
        return [now, *self.adapter.moments(subject.world, subject.there.read(), now)]

    def _first(
        self, subject: _Subject[Any, Any], rules: Iterable[Rule[Any]], times: Iterable[Instant]
    ) -> list[Call]:
        """Give the plain legal calls at the first instant at which there is any."""
        given = [(one.command, role) for one in rules for role in sorted(one.roles)]
        for at in times:
            calls = [self._plain(subject, command, role, at) for command, role in given]
            lawful = [call for call in calls if self._refusal(subject, call) is None]
            if lawful:
                return lawful
        return []

    def _outcomes(self, call: Call) -> frozenset[type]:
        return self.adapter.lifecycle.rule_of[type(call.command)].outcomes

    def _plain(self, subject: _Subject[Any, Any], command: type, role: Role, at: Instant) -> Call:
        return self.adapter.plain(subject.world, subject.there.read(), command, role, at)

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
            subject.states.append(state)
        subject.now = max(subject.now, call.at)
        subject.calls.append(call)
        subject.told = self.adapter.replay(subject.told, events)
        after = subject.there.read()
        assert self.adapter.state(after) is state, f"{call}: {after} is not in state {state}"
        self._same_as_replayed(subject)
        self.adapter.check(subject.world, before, call, events, after)
        subject.sound = True

    def _same_as_replayed(self, subject: _Subject[Any, Any]) -> None:
        there = subject.there.read()
        assert there == subject.told, f"stands at {there}, its events say {subject.told}"


def _one(data: st.DataObject, things: Sequence[V], label: str) -> V:
    """Draw one of some things, ten times as fast as `sampled_from` a list made for once."""
    if len(things) == 1:
        return things[0]
    chosen = things[data.draw(st.integers(0, len(things) - 1), label=label)]
    note(chosen)
    return chosen


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
    resting = [state for state in lifecycle.states if state not in lifecycle.passed]
    detours = [state for state in resting if state not in lifecycle.final]
    bound: dict[str, object] = {
        "adapter": adapter,
        "coverage": Coverage(lifecycle, adapter.refusals),
        "onward": {state: _onward(lifecycle, state) for state in resting},
        # From a final state nothing leads on, and every order gets to one in the end.
        "targets": [*resting, *detours * 3],
        "detours": detours,
        "to_the_end": _distances(lifecycle, lifecycle.final),
        "given_in": {
            state: [one for one in lifecycle.rules if state in one.sources]
            for state in lifecycle.states
        },
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
        refusal, nor one of four times as many examples.
    """
    machine.coverage.clear()
    run_state_machine_as_test(machine, settings=settings)
    if machine.coverage.missing():
        # What is drawn depends on which modules are loaded: what was missed may be bad luck.
        given = settings or machine.TestCase.settings
        more = Settings(given, max_examples=_AGAIN * given.max_examples)
        run_state_machine_as_test(machine, settings=more)
    machine.coverage.check()
    return machine.coverage


def _distances(lifecycle: Lifecycle[S], targets: Iterable[S]) -> Mapping[S, int]:
    """Give for every state the fewest events to one of the targets, if it can be reached."""
    steps = dict.fromkeys(targets, 0)
    reached = list(steps)
    for target in reached:  # grows while it is read
        for edge in lifecycle.edges:
            if edge.target is target and edge.source not in steps:
                steps[edge.source] = steps[target] + 1
                reached.append(edge.source)
    return steps


def _onward(lifecycle: Lifecycle[S], target: S) -> Mapping[S, frozenset[type]]:
    """Give for every state the next events of the shortest ways to the target."""
    steps = _distances(lifecycle, [target])
    return {
        state: frozenset(
            event
            for event, then in lifecycle.table[state].items()
            if then in steps and steps[then] < steps[state]
        )
        for state in steps
    }
