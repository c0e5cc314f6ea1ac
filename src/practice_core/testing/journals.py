"""Whether something is a journal: one example a sentence, drawn histories, and races.

`check_journal` is given a way to open journals and knows nothing else of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from practice_core.errors import PracticeError
from practice_core.journal import (
    GENESIS,
    Appended,
    AppendRefused,
    Carried,
    CommandReused,
    Conflict,
    Head,
    Journal,
    KeptSnapshot,
    Recorded,
    TextId,
    UnknownText,
    Write,
    seal,
)
from practice_core.orders import OrderReviewed
from practice_core.testing.histories import (
    DIGEST,
    STREAMS,
    MakeJournal,
    assert_chained,
    check_races,
    give,
    journal_machine,
    reviewed,
    write,
)
from practice_core.units import CommandId

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["check_journal"]

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
    check_races(make_journal, settings)


class _Stranger:
    kind: ClassVar[str] = "stranger"
    schema: ClassVar[int] = 1


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
        first = give(journal, "c-1", write(STREAMS[0], 0, 1, 2), write(STREAMS[2], 0, 3))
        assert first == Appended(1, 3), "positions count from 1 without a gap"
        assert give(other, "c-2", write(STREAMS[0], 2, 4)) == Appended(4, 4), (
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
        give(journal, "c-1", write(STREAMS[0], 0, *range(1_200)))
        numbers = [one.position for one in journal.read()]
        assert numbers == list(range(1, 1_201)), "a long journal is not read whole"
        rest = [one.version for one in journal.stream(STREAMS[0], after=1)]
        assert rest == list(range(2, 1_201)), "a long stream is not read whole"
        part = [one.position for one in journal.read(after=100, limit=1_001)]
        assert part == list(range(101, 1_102)), "a long part is not read whole"
        assert_chained(journal)


def _what_is_appended_while_one_reads_comes_in_its_turn(make: MakeJournal, name: str) -> None:
    with make(name) as journal:
        give(journal, "c-1", write(STREAMS[0], 0, 1, 2))
        reading = journal.read()
        next(reading)
        give(journal, "c-2", write(STREAMS[0], 2, 3))
        rest = [one.position for one in reading]
        assert rest in ([2], [2, 3]), f"a reader under way went on with {rest}"


def _a_conflict_names_every_stale_stream_and_writes_nothing(make: MakeJournal, name: str) -> None:
    with make(name) as journal:
        give(journal, "c-1", write(STREAMS[0], 0, 1, 2))
        before = list(journal.read())
        writes = write(STREAMS[0], 1, 3), write(STREAMS[1], 0, 4), write(STREAMS[2], 5, 5)
        conflict = _refusal(Conflict, lambda: give(journal, "c-2", *writes))
        stale = [(one.stream, one.expected, one.found) for one in conflict.stale]
        assert stale == [(STREAMS[0], 1, 2), (STREAMS[2], 5, 0)], f"stale are not {stale}"
        assert list(journal.read()) == before, "a conflict left something behind"
        again = give(journal, "c-2", write(STREAMS[0], 2, 3), write(STREAMS[1], 0, 4))
        assert again == Appended(3, 4), "a command that met a conflict may be given again"


def _a_stream_that_is_only_to_be_as_it_was_gets_nothing(make: MakeJournal, name: str) -> None:
    with make(name) as journal, make(name) as other:
        give(journal, "c-1", write(STREAMS[0], 0, 1, 2))
        seen = give(other, "c-2", write(STREAMS[0], 2), write(STREAMS[1], 0, 3))
        assert seen == Appended(3, 3), "a stream that was only looked at got an event"
        before = list(journal.read())
        writes = write(STREAMS[0], 1), write(STREAMS[1], 1, 4), write(STREAMS[2], 0)
        conflict = _refusal(Conflict, lambda: give(journal, "c-3", *writes))
        stale = [(one.stream, one.expected, one.found) for one in conflict.stale]
        assert stale == [(STREAMS[0], 1, 2)], f"stale are {stale}, not what was only looked at"
        assert list(journal.read()) == before, "a conflict left something behind"


def _a_repeated_command_gets_the_first_answer(make: MakeJournal, name: str) -> None:
    with make(name) as journal, make(name) as other:
        first = give(journal, "c-1", write(STREAMS[0], 0, 1), write(STREAMS[1], 0, 2))
        give(journal, "c-2", write(STREAMS[0], 1, 3))
        before = list(journal.read())
        for handle in (journal, other):
            again = give(handle, "c-1", write(STREAMS[0], 0, 1), write(STREAMS[1], 0, 2))
            assert again == first, f"a repeated command was answered {again}, not {first}"
            assert list(journal.read()) == before, "a repeated command was carried out again"
        reused = _refusal(
            CommandReused,
            lambda: give(other, "c-1", write(STREAMS[0], 2, 9), digest=b"another"),
        )
        assert reused.command == "c-1"
        assert list(journal.read()) == before, "a reused command left something behind"


def _what_was_carried_out_is_found_by_its_command(make: MakeJournal, name: str) -> None:
    with make(name) as journal, make(name) as other:
        first = give(journal, "c-1", write(STREAMS[0], 0, 1, 2), digest=b"1")
        second = give(other, "c-2", write(STREAMS[1], 0, 3), digest=b"2")
        _refusal(Conflict, lambda: give(journal, "c-3", write(STREAMS[0], 0, 4)))
        _refusal(CommandReused, lambda: give(other, "c-1", write(STREAMS[0], 2, 4), digest=b"3"))
        for handle in (journal, other):
            for command, digest, appended in (("c-1", b"1", first), ("c-2", b"2", second)):
                known = Carried(CommandId(command), digest, appended)
                found = handle.carried(known.command)
                assert found == known, f"carried gives {found} of {command}, not {known}"
            for command in ("c-3", "c-4", "C-1", "c-1 ", "", "\ud800", "c\0"):
                found = handle.carried(CommandId(command))
                assert found is None, f"carried gives {found} of {command!r}, which never was"


def _what_is_out_of_bounds_is_refused_whole(make: MakeJournal, name: str) -> None:
    good = write(STREAMS[0], 0, 1)
    with make(name) as journal:
        for writes, command, digest in (
            ((), "c-1", DIGEST),
            ((write(STREAMS[0], 0), write(STREAMS[1], 0)), "c-1", DIGEST),
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

            def attempt(w: Any = writes, c: str = command, d: bytes = digest) -> Appended:  # noqa: ANN401 - some are wrong
                return give(journal, c, *w, digest=d)

            _refusal(AppendRefused, attempt)
        assert list(journal.read()) == [], "what was refused left something behind"
        assert give(journal, "c-1", good) == Appended(1, 1), "a refused id was used up"


def _a_clock_that_goes_backwards_changes_nothing(make: MakeJournal, name: str) -> None:
    with make(name) as journal, make(name) as other:
        give(journal, "c-1", write(STREAMS[0], 0, 1_000, 5))
        give(other, "c-2", write(STREAMS[0], 2, 500), write(STREAMS[1], 0, -60_000))
        give(journal, "c-3", write(STREAMS[1], 1, 0))
        for handle in (journal, other):
            instants = [
                one.event.at for one in handle.read() if isinstance(one.event, OrderReviewed)
            ]
            assert instants == [1_000, 5, 500, -60_000, 0], (
                f"events of those instants are read as {instants}: order is that of appending"
            )
        assert_chained(journal)


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
        assert_chained(journal)


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
        give(journal, "c-1", write(STREAMS[0], 0, 1))
    journal.close()
    _refusal(OSError, lambda: list(journal.read()))
    with make(name) as journal:
        expected = [Recorded(1, STREAMS[0], 1, reviewed(1), CommandId("c-1"))]
        _assert_reads(journal, expected)
        assert give(journal, "c-1", write(STREAMS[0], 0, 1)) == Appended(1, 1), (
            "a command is forgotten when the journal is closed"
        )
        known = Carried(CommandId("c-1"), DIGEST, Appended(1, 1))
        assert journal.carried(known.command) == known, (
            "what was carried out is forgotten when the journal is closed"
        )


_CHECKS: tuple[Callable[[MakeJournal, str], None], ...] = (
    _a_new_journal_is_empty,
    _an_append_is_read_back_whole_and_in_order,
    _a_long_journal_is_read_whole,
    _what_is_appended_while_one_reads_comes_in_its_turn,
    _a_conflict_names_every_stale_stream_and_writes_nothing,
    _a_stream_that_is_only_to_be_as_it_was_gets_nothing,
    _a_repeated_command_gets_the_first_answer,
    _what_was_carried_out_is_found_by_its_command,
    _what_is_out_of_bounds_is_refused_whole,
    _a_clock_that_goes_backwards_changes_nothing,
    _free_text_is_kept_and_erased_beside_the_chain,
    _a_snapshot_is_kept_in_place_of_the_last,
    _what_was_answered_is_there_after_closing,
)
