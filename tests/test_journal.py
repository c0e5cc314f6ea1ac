"""Every store is a journal, and whatever is not quite one is found out."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs
import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from practice_core.journal import (
    MAX_BYTES,
    MAX_EVENTS,
    Appended,
    AppendRefused,
    Carried,
    Conflict,
    KeptText,
    Memory,
    MemoryJournal,
    Row,
    SqliteJournal,
    TextId,
    Write,
    is_stream,
    open_journal,
)
from practice_core.journal.postgres import PostgresJournal
from practice_core.orders import OfferMade
from practice_core.testing import check_journal
from practice_core.units import ActorId, CommandId, OrderId, TeamId, is_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from practice_core.journal import Journal, Recorded

Opener: TypeAlias = "Callable[[str], Journal]"

STORES = ("memory", "sqlite", "postgres")


@pytest.fixture(scope="module")
def openers(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Any:  # noqa: ANN401 - a function
    """A function from a store's name to what opens its journals by their names."""
    memories: defaultdict[str, Memory] = defaultdict(Memory)
    folder = tmp_path_factory.mktemp("journals")

    def opener(store: str) -> Opener:
        if store == "memory":
            return lambda name: MemoryJournal(memories[name])
        if store == "sqlite":
            return lambda name: SqliteJournal(folder / f"{name}.journal")
        return in_schemas(request.getfixturevalue("postgres"))

    return opener


def in_schemas(address: str) -> Opener:
    """Open journals in schemas of their own."""

    def make(name: str) -> PostgresJournal:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{name}"')
        return PostgresJournal(f"{address}&options=-csearch_path%3D{name}")

    return make


FEW = settings(
    max_examples=5,
    stateful_step_count=10,
    phases=[Phase.generate],
    database=None,
    deadline=None,
    derandomize=True,
)


# ------------------------------------------------------------------ every store


@pytest.mark.slow
@pytest.mark.parametrize("store", STORES)
def test_every_store_is_a_journal(openers: Callable[[str], Opener], store: str) -> None:
    drawn = settings(FEW, max_examples=10 if store == "postgres" else 40, stateful_step_count=15)
    check_journal(openers(store), settings=drawn)


# ------------------------------------------------------------------ planted faults


class Faulty(MemoryJournal):
    """A journal with one thing wrong with it, and what the kit says of it."""

    said: ClassVar[str]


class HalfWrites(Faulty):
    said = "read gives|positions"

    @contextmanager
    def _writing(self) -> Iterator[Memory]:
        with super()._writing() as memory:
            yield Halving(memory)  # type: ignore[misc]  # it acts like one


@attrs.frozen
class Halving:
    """Loses the last row of an append of several."""

    memory: Memory

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it has
        return getattr(self.memory, name)

    def write(
        self, rows: Sequence[Row], texts: Mapping[TextId, KeptText], carried: Carried
    ) -> None:
        self.memory.write(rows[:-1] if len(rows) > 1 else rows, texts, carried)


class ForgetsAConflict(Faulty):
    said = "Conflict was expected"

    def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        try:
            return super().append(writes, **rest)
        except Conflict as conflict:
            found = {one.stream: one.found for one in conflict.stale}
            mended = [
                attrs.evolve(write, expected=found.get(write.stream, write.expected))
                for write in writes
            ]
            return super().append(mended, **rest)


class WritesWhatIsNotStale(Faulty):
    said = "a conflict left something behind"

    def append(
        self,
        writes: Sequence[Write],
        *,
        command: CommandId,
        **rest: Any,  # noqa: ANN401 - as it is given
    ) -> Appended:
        try:
            return super().append(writes, command=command, **rest)
        except Conflict as conflict:
            stale = {one.stream for one in conflict.stale}
            fresh = [write for write in writes if write.stream not in stale]
            if fresh:
                super().append(fresh, command=CommandId(f"{command}:"), **rest)
            raise


class MindsOnlyWhatItWrites(Faulty):
    said = "Conflict was expected"

    def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        return super().append([write for write in writes if write.events] or writes, **rest)


class NamesOneStaleStream(Faulty):
    said = "stale are not"

    def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        try:
            return super().append(writes, **rest)
        except Conflict as conflict:
            raise Conflict(conflict.stale[:1]) from None


class CarriesOutTwice(Faulty):
    said = "a repeated command was"

    def append(
        self,
        writes: Sequence[Write],
        *,
        command: CommandId,
        **rest: Any,  # noqa: ANN401 - as it is given
    ) -> Appended:
        done = self.memory.commands.pop(command, None)
        now = [
            attrs.evolve(write, expected=len(self.memory.streams[write.stream])) if done else write
            for write in writes
        ]
        return super().append(now, command=command, **rest)


class NeverMindsTheDigest(Faulty):
    said = "CommandReused was expected"

    def append(self, writes: Sequence[Write], *, digest: bytes, **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        return super().append(writes, digest=digest and b"same", **rest)


class UsesUpRefusedIds(Faulty):
    said = "a conflict names every stale stream and writes nothing: command c-2: carried out before"

    def append(
        self,
        writes: Sequence[Write],
        *,
        command: CommandId,
        **rest: Any,  # noqa: ANN401 - as it is given
    ) -> Appended:
        try:
            return super().append(writes, command=command, **rest)
        except Conflict:
            self.memory.commands[command] = Carried(command, b"refused", Appended(0, 0))
            raise


class FindsOnlyItsOwn(Faulty):
    """Remembers in the handle what belongs to the journal."""

    said = "carried gives None of c-2"

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory)
        self.own: set[CommandId] = set()

    def append(self, writes: Sequence[Write], *, command: CommandId, **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        self.own.add(command)
        return super().append(writes, command=command, **rest)

    def carried(self, command: CommandId) -> Carried | None:
        return super().carried(command) if command in self.own else None


class FindsWhatWasRefused(Faulty):
    said = "carried gives .* of 'c-3', which never was"

    def append(self, writes: Sequence[Write], *, command: CommandId, **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        try:
            return super().append(writes, command=command, **rest)
        except Conflict:
            self.refused = command
            raise

    def carried(self, command: CommandId) -> Carried | None:
        if command == getattr(self, "refused", None):
            return Carried(command, b"digest", Appended(1, 1))
        return super().carried(command)


class FindsLaterCommandsElsewhere(Faulty):
    """Wrong after several commands only, so that a drawn history has to find it."""

    said = "carried gives .* of c-.*, not"

    def carried(self, command: CommandId) -> Carried | None:
        found = super().carried(command)
        if found is not None and found.appended.position_first > 4:
            return attrs.evolve(found, appended=Appended(1, found.appended.position_last))
        return found


class ShowsGaps(Faulty):
    said = "positions|read gives"

    def rows(self, **bounds: Any) -> Iterator[Row]:  # noqa: ANN401 - as they are given
        return (row for row in super().rows(**bounds) if row.position != 3)


class LosesOrder(Faulty):
    said = "positions with gaps"

    def read(self, **bounds: Any) -> Iterator[Recorded]:  # noqa: ANN401 - as they are given
        return iter(sorted(super().read(**bounds), key=lambda one: one.stream))


class StopsAfterAPage(Faulty):
    said = "a long journal is not read whole"

    def rows(self, *, after: int = 0, limit: int | None = None) -> Iterator[Row]:
        return super().rows(after=after, limit=min(limit or 500, 500))


class ReadsByTheClock(Faulty):
    said = "order is that of appending"

    def read(self, **bounds: Any) -> Iterator[Recorded]:  # noqa: ANN401 - as they are given
        return iter(sorted(super().read(**bounds), key=lambda one: getattr(one.event, "at", 0)))


class KeepsErasedText(Faulty):
    said = "an erased text is still there"

    def _erase(self, key: TextId) -> bool:
        return key in self.memory.kept


class KeepsTheSalt(Faulty):
    said = "the salt of an erased text"

    def _erase(self, key: TextId) -> bool:
        if key in self.memory.kept:
            self.memory.kept[key] = attrs.evolve(self.memory.kept[key], text=None)
        return key in self.memory.kept


class BreaksTheChain(Faulty):
    said = "is not chained"

    def rows(self, **bounds: Any) -> Iterator[Row]:  # noqa: ANN401 - as they are given
        return (
            attrs.evolve(row, hash=bytes(32)) if row.position == 7 else row
            for row in super().rows(**bounds)
        )


class ForgetsOnClosing(Faulty):
    said = "a repeated command was|what was answered is there after closing|Conflict"

    def close(self) -> None:
        if self._memory is not None:
            self.memory.commands.clear()
        super().close()


class WritesWithoutALock(Faulty):
    said = "positions|lost its order|stale|torn apart|not chained|something else"

    @contextmanager
    def _writing(self) -> Iterator[Memory]:
        yield Slow(self.memory)  # type: ignore[misc]  # it acts like one


@attrs.frozen
class Slow:
    """Lets others in between looking and writing."""

    memory: Memory

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it has
        return getattr(self.memory, name)

    def write(
        self, rows: Sequence[Row], texts: Mapping[TextId, KeptText], carried: Carried
    ) -> None:
        time.sleep(0.0005)
        self.memory.write(rows, texts, carried)


class ShowsRowsLate(Faulty):
    """The trap of a sequence: a number is seen before the one below it."""

    said = "a reader saw gaps while others wrote"

    @contextmanager
    def _writing(self) -> Iterator[Memory]:
        with super()._writing() as memory:
            yield Late(memory)  # type: ignore[misc]  # it acts like one


@attrs.frozen
class Late:
    """Shows the last row of an append for a moment before the others."""

    memory: Memory

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it has
        return getattr(self.memory, name)

    def write(
        self, rows: Sequence[Row], texts: Mapping[TextId, KeptText], carried: Carried
    ) -> None:
        self.memory.rows.append(rows[-1])
        time.sleep(0.001)
        self.memory.rows.pop()
        self.memory.write(rows, texts, carried)


FAULTS = Faulty.__subclasses__()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_journal_with_one_thing_wrong_is_found_out(fault: type[Faulty]) -> None:
    memories: defaultdict[str, Memory] = defaultdict(Memory)
    with pytest.raises(AssertionError, match=fault.said):
        check_journal(lambda name: fault(memories[name]), settings=FEW)


def test_the_fewest_histories_find_nothing_wrong_where_nothing_is() -> None:
    memories: defaultdict[str, Memory] = defaultdict(Memory)
    check_journal(lambda name: MemoryJournal(memories[name]), settings=FEW)


# ------------------------------------------------------------------ names and bounds


@given(st.sampled_from(["order", "account", "team", "area", "hall", ""]), st.text(max_size=70))
def test_a_stream_is_named_by_a_kind_and_an_id(kind: str, name: str) -> None:
    known = kind in {"order", "account", "team", "area"}
    assert is_stream(f"{kind}/{name}") == (known and is_identifier(name))


def offers(many: int, length: int = 1) -> tuple[OfferMade, ...]:
    team = TeamId("t" * length)
    return tuple(OfferMade(OrderId("o-1"), n, ActorId("desk"), team, n) for n in range(many))


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (offers(MAX_EVENTS + 1), r"10001 events and texts, at most 10000; nothing was written"),
        (offers(17, 2**20), r"writes: \d+ bytes, at most 16777216; nothing was written"),
    ],
)
def test_the_error_says_how_much_may_be_appended(events: tuple[OfferMade, ...], said: str) -> None:
    with open_journal("memory") as journal, pytest.raises(AppendRefused, match=said):
        journal.append([Write("order/o-1", 0, events)], command=CommandId("c-1"), digest=b"1")
    assert MAX_BYTES == 16_777_216


def test_as_much_as_may_be_appended_can_be() -> None:
    with open_journal("memory") as journal:
        write = Write("order/o-1", 0, offers(MAX_EVENTS))
        appended = journal.append([write], command=CommandId("c-1"), digest=b"1")
        assert appended == Appended(1, MAX_EVENTS)


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("-n", "x", "text: '-n', expected 1 to 64 of"),
        ("n", "\ud800", "text n: not text that UTF-8 can hold"),
        ("n", "a\0b", "text n: a null character"),
        ("n", "x" * (MAX_BYTES + 1), "writes: 167773.. bytes, at most 16777216"),
    ],
)
def test_a_text_that_cannot_be_kept_is_told(key: str, text: str, said: str) -> None:
    with open_journal("memory") as journal, pytest.raises(AppendRefused, match=said):
        journal.append(
            [Write("order/o-1", 0, offers(1))],
            command=CommandId("c-1"),
            digest=b"1",
            texts={TextId(key): text},
        )
