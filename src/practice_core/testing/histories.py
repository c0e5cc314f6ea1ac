"""Histories of a journal: drawn ones against a model, and races of several writers.

The law of a journal stands here a second time, as its contract reads: a list of what happened, and
a table of commands.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from practice_core.journal import (
    GENESIS,
    Appended,
    Carried,
    CommandReused,
    Conflict,
    Journal,
    Recorded,
    Write,
    link,
)
from practice_core.orders import OrderReviewed
from practice_core.units import ActorId, CommandId, OrderId

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "DIGEST",
    "STREAMS",
    "MakeJournal",
    "assert_chained",
    "check_races",
    "give",
    "journal_machine",
    "reviewed",
    "write",
]

MakeJournal: TypeAlias = "Callable[[str], Journal]"

STREAMS = ("order/o-1", "order/o-2", "team/t-1")
DIGEST = b"digest"


def reviewed(number: int) -> OrderReviewed:
    """Give an event that is like no other."""
    return OrderReviewed(OrderId("o-1"), number, ActorId("desk"), number + 1)


def write(stream: str, expected: int, *numbers: int) -> Write:
    """Write events of those numbers to a stream."""
    return Write(stream, expected, tuple(reviewed(number) for number in numbers))


def give(journal: Journal, command: str, *writes: Write, digest: bytes = DIGEST) -> Appended:
    """Give a command."""
    return journal.append(writes, command=CommandId(command), digest=digest)


def assert_chained(journal: Journal) -> None:
    """Assert that every row is chained to the one before, to the head."""
    before = GENESIS
    for row in journal.rows():
        before = link(before, row)
        assert row.hash == before, f"row {row.position} is not chained to the one before"
    assert journal.head().hash == before, "the head's hash is not that of the last row"


# ------------------------------------------------------------------ histories against a model


@attrs.define
class Model:
    """The law of a journal: what happened, and what was answered."""

    log: list[Recorded] = attrs.field(factory=list)
    carried: dict[str, Carried] = attrs.field(factory=dict)

    def version(self, stream: str) -> int:
        """Give how many events a stream has."""
        return sum(one.stream == stream for one in self.log)

    def append(self, writes: Sequence[Write], command: str, digest: bytes) -> object:
        """Give the answer, or what is named by the error."""
        if command in self.carried:
            known = self.carried[command]
            return known.appended if known.digest == digest else CommandReused
        stale = [w.stream for w in writes if w.expected != self.version(w.stream)]
        if stale:
            return stale
        first = len(self.log) + 1
        for one in writes:
            for version, event in enumerate(one.events, one.expected + 1):
                place = len(self.log) + 1
                self.log.append(Recorded(place, one.stream, version, event, CommandId(command)))
        appended = Appended(first, len(self.log))
        self.carried[command] = Carried(CommandId(command), digest, appended)
        return appended


class JournalMachine(RuleBasedStateMachine):
    """Draws a history of one journal with three handles, and compares it with the model."""

    def __init__(self) -> None:
        super().__init__()
        self.begin()
        self.handles = [self.make() for _ in range(3)]
        self.model = Model()
        self.given: list[tuple[list[Write], str, bytes]] = []

    def begin(self) -> None:
        """Choose a journal of its own."""
        raise NotImplementedError

    def make(self) -> Journal:
        """Open another handle on it."""
        raise NotImplementedError

    @rule(
        handle=st.integers(0, 2),
        streams=st.lists(st.sampled_from(STREAMS), min_size=1, max_size=3, unique=True),
        off=st.lists(st.sampled_from((0, 0, 0, -1, 1)), min_size=3, max_size=3),
        events=st.lists(st.integers(0, 3), min_size=3, max_size=3).filter(lambda many: many[0] > 0),
    )
    def append(self, handle: int, streams: list[str], off: list[int], events: list[int]) -> None:
        writes = [
            write(
                stream,
                max(0, self.model.version(stream) + wrong),
                *range(len(self.model.log), len(self.model.log) + many),
            )
            for stream, wrong, many in zip(streams, off, events, strict=False)
        ]
        self.give(handle, writes, f"c-{len(self.given)}", DIGEST)

    @precondition(lambda self: self.given)
    @rule(handle=st.integers(0, 2), data=st.data(), other=st.booleans())
    def repeat(self, handle: int, data: st.DataObject, *, other: bool) -> None:
        writes, command, digest = data.draw(st.sampled_from(self.given))
        self.give(handle, writes, command, b"other" if other else digest)

    @rule(handle=st.integers(0, 2))
    def reopen(self, handle: int) -> None:
        self.handles[handle].close()
        self.handles[handle] = self.make()

    def give(self, handle: int, writes: list[Write], command: str, digest: bytes) -> None:
        if all(known != command for _, known, _ in self.given):
            self.given.append((writes, command, digest))
        expected = self.model.append(writes, command, digest)
        found: object
        try:
            found = give(self.handles[handle], command, *writes, digest=digest)
        except Conflict as conflict:
            found = [one.stream for one in conflict.stale]
        except CommandReused:
            found = CommandReused
        assert found == expected, f"{command} was answered {found}, not {expected}"

    @invariant()
    def everybody_reads_the_same(self) -> None:
        for handle in self.handles:
            found = list(handle.read())
            assert found == self.model.log, f"read gives {found}, not {self.model.log}"

    @invariant()
    def everybody_finds_what_was_carried_out(self) -> None:
        for handle in self.handles:
            for _, command, _ in self.given:
                found, known = handle.carried(CommandId(command)), self.model.carried.get(command)
                assert found == known, f"carried gives {found} of {command}, not {known}"

    def teardown(self) -> None:
        assert_chained(self.handles[0])
        for handle in self.handles:
            handle.close()


def journal_machine(make_journal: MakeJournal) -> type[RuleBasedStateMachine]:
    """Give a machine that draws histories of one journal with several handles.

    Parameters
    ----------
    make_journal
        As for `check_journal`.
    """
    numbers = count(1)

    class Drawn(JournalMachine):
        def make(self) -> Journal:
            return make_journal(self.name)

        def begin(self) -> None:
            self.name = f"drawn{next(numbers)}"

    return Drawn


# ------------------------------------------------------------------ races


@attrs.frozen
class Task:
    """A command that a writer gives until it is carried out."""

    command: str
    streams: tuple[str, ...]


@attrs.frozen
class Answer:
    """What a writer was answered, and the versions it expected."""

    task: Task
    expected: dict[str, int]
    appended: Appended


def check_races(make: MakeJournal, drawn: settings) -> None:
    """Let several write at once, chosen and drawn commands, their own and the same."""
    alone = [[Task(f"w{n}-{k}", (STREAMS[0], f"team/t-{n}")) for k in range(12)] for n in range(3)]
    same = [[Task(f"c-{k}", STREAMS[:2]) for k in range(8)] for _ in range(3)]
    _race(make, "race-alone", alone)
    _race(make, "race-same", same)
    streams = st.lists(st.sampled_from(STREAMS), min_size=1, max_size=3, unique=True)
    tasks = st.builds(Task, st.integers(0, 6).map("c-{}".format), streams.map(tuple))
    number = 0

    @settings(drawn, max_examples=max(1, drawn.max_examples // 5))
    @given(st.lists(st.lists(tasks, min_size=1, max_size=5), min_size=2, max_size=3))
    def drawn_race(plans: list[list[Task]]) -> None:
        nonlocal number
        number += 1
        _race(make, f"race{number}", plans)

    drawn_race()


def _race(make: MakeJournal, name: str, plans: Sequence[Sequence[Task]]) -> None:
    """Let each plan be carried out by a writer of its own while somebody reads."""
    make(name).close()
    begun, ended = threading.Event(), threading.Event()

    def written(plan: Sequence[Task]) -> list[Answer]:
        with make(name) as journal:
            begun.wait()
            return [Answer(task, *_insisted(journal, task)) for task in plan]

    def read() -> list[Recorded]:
        seen: list[Recorded] = []
        with make(name) as journal:
            begun.wait()
            is_last = False
            while not is_last:
                is_last = ended.is_set()
                seen.extend(journal.read(after=len(seen)))
        return seen

    with ThreadPoolExecutor(len(plans) + 1) as pool:
        reader = pool.submit(read)
        writers = [pool.submit(written, plan) for plan in plans]
        begun.set()
        try:
            answers = [answer for writer in writers for answer in writer.result()]
        finally:
            ended.set()
        seen = reader.result()
    with make(name) as journal:
        log = list(journal.read())
        assert_chained(journal)
    positions = [one.position for one in seen]
    assert positions == list(range(1, len(log) + 1)), (
        f"a reader saw gaps while others wrote: {positions}"
    )
    assert seen == log, "a reader saw something else than what is there"
    _assert_serial(log, answers)


def _insisted(journal: Journal, task: Task) -> tuple[dict[str, int], Appended]:
    """Give a command again and again, as a service would, until nobody is faster."""
    for _ in range(200):
        found = {stream: len(list(journal.stream(stream))) for stream in task.streams}
        writes = [write(stream, n, n, n + 1) for stream, n in found.items()]
        try:
            return found, give(journal, task.command, *writes)
        except Conflict as conflict:
            stale = conflict.stale
        assert all(one.found > one.expected for one in stale), f"no conflict at all: {stale}"
    message = f"{task.command} met 200 conflicts"
    raise AssertionError(message)


def _assert_serial(log: Sequence[Recorded], answers: Sequence[Answer]) -> None:
    """Assert that the log is one order in which the accepted commands could be carried out."""
    versions: Counter[str] = Counter()
    for one in log:
        versions[one.stream] += 1
        assert one.version == versions[one.stream], f"{one.stream} has lost its order"
    by_command: dict[str, list[Recorded]] = {}
    for one in log:
        by_command.setdefault(one.command, []).append(one)
    assert by_command.keys() == {answer.task.command for answer in answers}, (
        "other commands were carried out than were answered"
    )
    for command, part in by_command.items():
        given = [answer for answer in answers if answer.task.command == command]
        places = [one.position for one in part]
        assert places == list(range(places[0], places[-1] + 1)), f"{command} is torn apart"
        place = Appended(places[0], places[-1])
        assert all(one.appended == place for one in given), f"{command}: {given}, not {place}"
        # Whoever was first, its expectations are those that were met.
        before = {one.stream: one.version - 1 for one in reversed(part)}
        assert any(one.expected == before for one in given), f"{command} was stale"
