"""Whether something is a journal: examples, drawn histories against a model, and races.

`check_journal` is given a way to open journals and knows nothing else of them. The law of a journal
stands here a second time, as its contract reads: a list of what happened, and a table of commands.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from practice_core.errors import PracticeError
from practice_core.journal import (
    GENESIS,
    Appended,
    AppendRefused,
    CommandReused,
    Conflict,
    Head,
    Journal,
    KeptSnapshot,
    Recorded,
    TextId,
    UnknownText,
    Write,
    link,
    seal,
)
from practice_core.orders import OrderReviewed
from practice_core.units import ActorId, CommandId, OrderId

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MakeJournal", "check_journal", "journal_machine"]

MakeJournal: TypeAlias = "Callable[[str], Journal]"

STREAMS = ("order/o-1", "order/o-2", "team/t-1")
DIGEST = b"digest"
FEW = settings(
    max_examples=30,
    stateful_step_count=15,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
)


def check_journal(make_journal: MakeJournal, *, settings: settings = FEW) -> None:
    """Check that something is a journal as `practice_core.journal.Journal` describes it.

    Parameters
    ----------
    make_journal
        Given a name, opens the journal of that name: a new, empty one at first, and then other
        handles on the same one, also from other threads.
    settings
        How many histories are drawn, and how long.

    Raises
    ------
    AssertionError
        If it is none; it says what was expected.

    Examples
    --------
    >>> from collections import defaultdict
    >>> from hypothesis import settings
    >>> from practice_core.journal import Memory, MemoryJournal
    >>> stores = defaultdict(Memory)
    >>> few = settings(max_examples=2, stateful_step_count=4, deadline=None, database=None)
    >>> check_journal(lambda name: MemoryJournal(stores[name]), settings=few)
    """
    for number, check in enumerate(_CHECKS):
        try:
            check(make_journal, f"check{number}")
        except PracticeError as error:
            message = f"{check.__name__.replace('_', ' ').strip()}: {error}"
            raise AssertionError(message) from error
    machine = journal_machine(make_journal)
    run_state_machine_as_test(machine, settings=settings)
    _check_races(make_journal, settings)


class _Stranger:
    kind: ClassVar[str] = "stranger"
    schema: ClassVar[int] = 1


def reviewed(number: int) -> OrderReviewed:
    """Give an event that is like no other."""
    return OrderReviewed(OrderId("o-1"), number, ActorId("desk"), number + 1)


def write(stream: str, expected: int, *numbers: int) -> Write:
    """Write events of those numbers to a stream."""
    return Write(stream, expected, tuple(reviewed(number) for number in numbers))


def _give(journal: Journal, command: str, *writes: Write, digest: bytes = DIGEST) -> Appended:
    return journal.append(writes, command=CommandId(command), digest=digest)


def _refusal(kind: type[Exception], action: Callable[[], object]) -> Any:  # noqa: ANN401 - of that kind
    try:
        answer = action()
    except kind as error:
        return error
    message = f"{kind.__name__} was expected, not {answer}"
    raise AssertionError(message)


# ------------------------------------------------------------------ one example a sentence


def _a_new_journal_is_empty(make: MakeJournal, name: str) -> None:
    with make(name) as journal:
        assert list(journal.read()) == [], "a new journal has events"
        assert list(journal.stream(STREAMS[0])) == [], "a new journal has a stream"
        assert journal.head() == Head(0, GENESIS), "a new journal has a head"


def _an_append_is_read_back_whole_and_in_order(make: MakeJournal, name: str) -> None:
    with make(name) as journal, make(name) as other:
        first = _give(journal, "c-1", write(STREAMS[0], 0, 1, 2), write(STREAMS[2], 0, 3))
        assert first == Appended(1, 3), "positions count from 1 without a gap"
        assert _give(other, "c-2", write(STREAMS[0], 2, 4)) == Appended(4, 4), (
            "positions go on from those of the other handle"
        )
        expected = [
            Recorded(1, STREAMS[0], 1, reviewed(1), CommandId("c-1")),
            Recorded(2, STREAMS[0], 2, reviewed(2), CommandId("c-1")),
            Recorded(3, STREAMS[2], 1, reviewed(3), CommandId("c-1")),
            Recorded(4, STREAMS[0], 3, reviewed(4), CommandId("c-2")),
        ]
        for handle in (journal, other):
            _assert_reads(handle, expected)


def _assert_reads(journal: Journal, expected: Sequence[Recorded]) -> None:
    found = list(journal.read())
    positions = [one.position for one in found]
    assert positions == list(range(1, len(found) + 1)), f"positions with gaps: {positions}"
    assert found == expected, f"read gives {found}, not {expected}"
    for stream in STREAMS:
        part = [one for one in expected if one.stream == stream]
        assert list(journal.stream(stream)) == part, f"the stream {stream} is another"
        assert list(journal.stream(stream, after=1)) == part[1:], "a stream after its first event"
    for after in range(len(expected) + 1):
        rest = expected[after:]
        assert list(journal.read(after=after)) == rest, f"read after {after}"
        assert list(journal.read(after=after, limit=1)) == rest[:1], f"one event after {after}"
    assert journal.head().length == len(expected), "the head is not where the events end"


def _a_long_journal_is_read_whole(make: MakeJournal, name: str) -> None:
    with make(name) as journal:
        _give(journal, "c-1", write(STREAMS[0], 0, *range(1_200)))
        numbers = [one.position for one in journal.read()]
        assert numbers == list(range(1, 1_201)), "a long journal is not read whole"
        rest = [one.version for one in journal.stream(STREAMS[0], after=1)]
        assert rest == list(range(2, 1_201)), "a long stream is not read whole"
        part = [one.position for one in journal.read(after=100, limit=1_001)]
        assert part == list(range(101, 1_102)), "a long part is not read whole"
        _assert_chained(journal)


def _what_is_appended_while_one_reads_comes_in_its_turn(make: MakeJournal, name: str) -> None:
    with make(name) as journal:
        _give(journal, "c-1", write(STREAMS[0], 0, 1, 2))
        reading = journal.read()
        next(reading)
        _give(journal, "c-2", write(STREAMS[0], 2, 3))
        rest = [one.position for one in reading]
        assert rest in ([2], [2, 3]), f"a reader under way went on with {rest}"


def _a_conflict_names_every_stale_stream_and_writes_nothing(make: MakeJournal, name: str) -> None:
    with make(name) as journal:
        _give(journal, "c-1", write(STREAMS[0], 0, 1, 2))
        before = list(journal.read())
        writes = write(STREAMS[0], 1, 3), write(STREAMS[1], 0, 4), write(STREAMS[2], 5, 5)
        conflict = _refusal(Conflict, lambda: _give(journal, "c-2", *writes))
        stale = [(one.stream, one.expected, one.found) for one in conflict.stale]
        assert stale == [(STREAMS[0], 1, 2), (STREAMS[2], 5, 0)], f"stale are not {stale}"
        assert list(journal.read()) == before, "a conflict left something behind"
        again = _give(journal, "c-2", write(STREAMS[0], 2, 3), write(STREAMS[1], 0, 4))
        assert again == Appended(3, 4), "a command that met a conflict may be given again"


def _a_repeated_command_gets_the_first_answer(make: MakeJournal, name: str) -> None:
    with make(name) as journal, make(name) as other:
        first = _give(journal, "c-1", write(STREAMS[0], 0, 1), write(STREAMS[1], 0, 2))
        _give(journal, "c-2", write(STREAMS[0], 1, 3))
        before = list(journal.read())
        for handle in (journal, other):
            again = _give(handle, "c-1", write(STREAMS[0], 0, 1), write(STREAMS[1], 0, 2))
            assert again == first, f"a repeated command was answered {again}, not {first}"
            assert list(journal.read()) == before, "a repeated command was carried out again"
        reused = _refusal(
            CommandReused,
            lambda: _give(other, "c-1", write(STREAMS[0], 2, 9), digest=b"another"),
        )
        assert reused.command == "c-1"
        assert list(journal.read()) == before, "a reused command left something behind"


def _what_is_out_of_bounds_is_refused_whole(make: MakeJournal, name: str) -> None:
    good = write(STREAMS[0], 0, 1)
    with make(name) as journal:
        for writes, command, digest in (
            ((), "c-1", DIGEST),
            ((good, write(STREAMS[1], 0)), "c-1", DIGEST),
            ((good, write("order/", 0, 1)), "c-1", DIGEST),
            ((good, write("hall/h-1", 0, 1)), "c-1", DIGEST),
            ((good, write("order/a\n", 0, 1)), "c-1", DIGEST),
            ((good, write("order/" + "a" * 65, 0, 1)), "c-1", DIGEST),
            ((good, good), "c-1", DIGEST),
            ((good, write(STREAMS[1], -1, 1)), "c-1", DIGEST),
            ((good,), "-c", DIGEST),
            ((good,), "c-1", b""),
            ((good,), "c-1", bytes(65)),
            ((write(STREAMS[0], 0, *range(10_001)),), "c-1", DIGEST),
            ((good, Write(STREAMS[1], 0, (_Stranger(),))), "c-1", DIGEST),
        ):

            def give(w: Any = writes, c: str = command, d: bytes = digest) -> Appended:  # noqa: ANN401 - some are wrong
                return _give(journal, c, *w, digest=d)

            _refusal(AppendRefused, give)
        assert list(journal.read()) == [], "what was refused left something behind"
        assert _give(journal, "c-1", good) == Appended(1, 1), "a refused id was used up"


def _free_text_is_kept_and_erased_beside_the_chain(make: MakeJournal, name: str) -> None:
    note, other = TextId("note-1"), TextId("note-2")
    writes = [write(STREAMS[0], 0, 1, 2)]
    texts = {note: "call 水 first", other: ""}
    with make(name) as journal:
        journal.append(writes, command=CommandId("c-1"), digest=DIGEST, texts=texts)
        journal.append(writes, command=CommandId("c-1"), digest=DIGEST, texts=texts)
        first, second = journal.read()
        assert set(first.texts) == {note, other}, "the first event names the texts"
        assert second.texts == ()
        assert journal.text(note) == texts[note], "a text is not what it was"
        assert journal.text(other) == ""
        kept = journal.texts([note])[note]
        assert kept.salt is not None
        assert kept.text is not None
        sealed = seal(kept.text, kept.salt).encode()
        assert sealed in next(journal.rows()).seals, "the row holds no seal of the text"
        used = [write(STREAMS[1], 0, 1)]
        _refusal(
            AppendRefused,
            lambda: journal.append(
                used, command=CommandId("c-2"), digest=DIGEST, texts={note: "again"}
            ),
        )
        journal.erase_text(note)
        journal.erase_text(note)
        assert journal.text(note) is None, "an erased text is still there"
        assert journal.texts([note])[note].salt is None, "the salt of an erased text is there"
        assert journal.text(other) == ""
        _refusal(UnknownText, lambda: journal.text(TextId("note-3")))
        _refusal(UnknownText, lambda: journal.erase_text(TextId("note-3")))
        assert [one.event for one in journal.read()] == [reviewed(1), reviewed(2)]
        _assert_chained(journal)


def _assert_chained(journal: Journal) -> None:
    before = GENESIS
    for row in journal.rows():
        before = link(before, row)
        assert row.hash == before, f"row {row.position} is not chained to the one before"
    assert journal.head().hash == before, "the head's hash is not that of the last row"


def _a_snapshot_is_kept_in_place_of_the_last(make: MakeJournal, name: str) -> None:
    with make(name) as journal:
        assert journal.snapshot("orders") is None, "a new journal has a snapshot"
        for state in (b"", b"\x00\xff"):
            kept = KeptSnapshot("orders", 1, journal.head(), state)
            journal.keep_snapshot(kept)
            with make(name) as other:
                assert other.snapshot("orders") == kept, "a snapshot is not what it was"


def _what_was_answered_is_there_after_closing(make: MakeJournal, name: str) -> None:
    with make(name) as journal, make(name):
        _give(journal, "c-1", write(STREAMS[0], 0, 1))
    journal.close()
    _refusal(OSError, lambda: list(journal.read()))
    with make(name) as journal:
        expected = [Recorded(1, STREAMS[0], 1, reviewed(1), CommandId("c-1"))]
        _assert_reads(journal, expected)
        assert _give(journal, "c-1", write(STREAMS[0], 0, 1)) == Appended(1, 1), (
            "a command is forgotten when the journal is closed"
        )


_CHECKS: tuple[Callable[[MakeJournal, str], None], ...] = (
    _a_new_journal_is_empty,
    _an_append_is_read_back_whole_and_in_order,
    _a_long_journal_is_read_whole,
    _what_is_appended_while_one_reads_comes_in_its_turn,
    _a_conflict_names_every_stale_stream_and_writes_nothing,
    _a_repeated_command_gets_the_first_answer,
    _what_is_out_of_bounds_is_refused_whole,
    _free_text_is_kept_and_erased_beside_the_chain,
    _a_snapshot_is_kept_in_place_of_the_last,
    _what_was_answered_is_there_after_closing,
)


# ------------------------------------------------------------------ histories against a model


@attrs.define
class Model:
    """The law of a journal: what happened, and what was answered."""

    log: list[Recorded] = attrs.field(factory=list)
    done: dict[str, tuple[bytes, Appended]] = attrs.field(factory=dict)

    def version(self, stream: str) -> int:
        """Give how many events a stream has."""
        return sum(one.stream == stream for one in self.log)

    def append(self, writes: Sequence[Write], command: str, digest: bytes) -> object:
        """Give the answer, or what is named by the error."""
        if command in self.done:
            known, appended = self.done[command]
            return appended if known == digest else CommandReused
        stale = [w.stream for w in writes if w.expected != self.version(w.stream)]
        if stale:
            return stale
        first = len(self.log) + 1
        for one in writes:
            for version, event in enumerate(one.events, one.expected + 1):
                place = len(self.log) + 1
                self.log.append(Recorded(place, one.stream, version, event, CommandId(command)))
        self.done[command] = digest, Appended(first, len(self.log))
        return self.done[command][1]


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
        events=st.integers(1, 3),
    )
    def append(self, handle: int, streams: list[str], off: list[int], events: int) -> None:
        writes = [
            write(
                stream,
                max(0, self.model.version(stream) + wrong),
                *range(len(self.model.log), len(self.model.log) + events),
            )
            for stream, wrong in zip(streams, off, strict=False)
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
            found = _give(self.handles[handle], command, *writes, digest=digest)
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

    def teardown(self) -> None:
        _assert_chained(self.handles[0])
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


def _check_races(make: MakeJournal, drawn: settings) -> None:
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
        _assert_chained(journal)
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
            return found, _give(journal, task.command, *writes)
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
