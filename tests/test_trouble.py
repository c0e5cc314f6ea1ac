"""A practice in trouble: its store fails, and it says so, has done nothing, and goes on."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections import deque
from contextlib import closing, contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
import pytest

from practice_core.dispatch import Wait, policy
from practice_core.journal import (
    HandleUnusable,
    JournalBusy,
    JournalFull,
    JournalReadOnly,
    JournalUnavailable,
    Memory,
    MemoryJournal,
    Projected,
    SqliteJournal,
    StoreError,
    verify,
)
from practice_core.journal.postgres import PostgresJournal
from practice_core.orders import (
    CompleteService,
    OfferOrder,
    RecallOrder,
    RecallReason,
    Refused,
    Served,
    StartService,
)
from practice_core.service import BOOKS, Books, ClockWentBack, Done
from practice_core.units import DAY, HOUR, MINUTE, CommandId, OrderId, VolunteerId
from tests.meeting import Interrupted
from tests.practising import ANN, AT_CENTER, BLUE, RED, Days, of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from practice_core.dispatch import Decision, Draw, View
    from practice_core.journal import Appended, Journal, Recorded, Write
    from practice_core.orders import Order
    from practice_core.units import Instant

ONCE, O_2 = CommandId("once"), OrderId("o-2")
MANY = tuple([Served(VolunteerId(f"v-{n}"), 90) for n in range(200)])
END = CompleteService(90, MANY)
"""An order, a booking and the hours and points of many: more than a page of any store."""
WHOLE = 1 + 1 + 2 * len(MANY)


def serving(journal: Journal) -> Days:
    """Let an order be served whose service may now end, and another wait to be dispatched."""
    days = Days(journal)
    days.scheduled("o-1")
    days.later(DAY).do("o-1", StartService(len(MANY)), of(RED))
    days.reviewed("o-2")
    return days.later(90 * MINUTE)


def refuses_whole(days: Days, error: type[BaseException], said: str | None = None) -> None:
    """Assert that a command fails so, that nothing is written and the books are as they were."""
    books, length = days.practice.books.dump(), days.length
    with pytest.raises(error, match=said):
        days.give("o-1", END, of(RED), id=ONCE)
    assert days.practice.books.dump() == books
    assert days.length == length
    assert days.order().version == 6


def goes_on(days: Days) -> None:
    """Assert that the same practice does what it could not do before: whole, and once."""
    length = days.length
    done = days.do("o-1", END, of(RED), id=ONCE)
    assert days.do("o-1", END, of(RED), id=ONCE) == done
    assert days.length == length + WHOLE
    assert done.appended.position_last == days.length
    same_books(days)
    assert days.practice.books.account(MANY[0].volunteer).minutes == 90
    assert verify(days.practice.journal) == ()


def same_books(days: Days) -> None:
    """Assert that its books are those that all events come to."""
    folded = Projected(days.practice.journal, BOOKS, BOOKS.begin(), 0)
    folded.catch_up()
    days.practice.catch_up()
    assert days.practice.books.dump() == folded.state.dump()


# ------------------------------------------------------------------ SQLite


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with SqliteJournal(tmp_path / "a.journal", busy_timeout=40) as opened:
        yield opened


def hold(path: str, said: Connection) -> None:
    """Hold the lock of a journal until somebody says something."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        said.send("held")
        said.recv()
        connection.execute("ROLLBACK")


@contextmanager
def held(path: str) -> Iterator[None]:
    """Let another process hold the lock of a journal."""
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe()
    holder = context.Process(target=hold, args=(path, theirs))
    holder.start()
    assert ours.recv() == "held"
    yield
    ours.send("enough")
    holder.join()
    assert holder.exitcode == 0


def test_while_another_program_holds_the_journal_nothing_is_done_and_all_is_read(
    journal: SqliteJournal,
) -> None:
    days = serving(journal)
    practice, length = days.practice, days.length
    with held(journal.where):
        refuses_whole(days, JournalBusy, "locked by somebody else")
        with pytest.raises(JournalBusy):
            practice.dispatch(policy("nearest"), at=days.at)
        with pytest.raises(JournalBusy):
            practice.tick(days.at + 8 * DAY)
        with pytest.raises(JournalBusy):
            practice.keep()
        assert days.length == length
        assert [one.order for one in practice.calendar(RED, by=of(RED))] == ["o-1"]
    goes_on(days)
    assert [one.order.id for one in practice.dispatch(policy("nearest"), at=days.at)] == ["o-2"]
    assert practice.tick(days.at + 8 * DAY)
    practice.keep()
    same_books(days)


def test_on_a_full_disk_nothing_is_done_until_there_is_room(journal: SqliteJournal) -> None:
    days = serving(journal)
    (pages,) = journal.connection.execute("PRAGMA page_count").fetchone()
    journal.connection.execute(f"PRAGMA max_page_count = {pages}")
    refuses_whole(days, JournalFull, "no room left: .*make room and try again")
    journal.connection.execute("PRAGMA max_page_count = 100000")
    goes_on(days)


def test_on_a_journal_that_may_only_be_read_nothing_is_done_and_all_is_read(
    journal: SqliteJournal,
) -> None:
    days = serving(journal)
    journal.connection.execute("PRAGMA query_only = ON")
    refuses_whole(days, JournalReadOnly, "may not be written to")
    journal.connection.execute("PRAGMA query_only = OFF")
    goes_on(days)


def test_a_closed_practice_does_and_tells_nothing_and_another_goes_on(
    journal: SqliteJournal,
) -> None:
    days = serving(journal)
    books, length = days.practice.books.dump(), days.length
    days.practice.close()
    for attempt in (
        lambda: days.give("o-1", END, of(RED), id=ONCE),
        lambda: days.practice.order(OrderId("o-1"), by=ANN),
        lambda: days.practice.tick(days.at),
        lambda: days.practice.dispatch(policy("nearest"), at=days.at),
        days.practice.keep,
    ):
        with pytest.raises(HandleUnusable, match="it was closed"):
            attempt()
    assert days.practice.books.dump() == books
    with SqliteJournal(journal.where) as other:
        again = Days(other)
        assert again.length == length
        again.at = days.at
        goes_on(again)


# ------------------------------------------------------------------ PostgreSQL


@pytest.fixture
def served(postgres: str, request: pytest.FixtureRequest) -> Iterator[Days]:
    schema = f"s{abs(hash(request.node.name))}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"')
    address = f"{postgres}&options=-csearch_path%3D{schema}"
    with PostgresJournal(address, busy_timeout=40) as journal:
        yield serving(journal)


def test_while_another_program_holds_the_head_nothing_is_done(served: Days) -> None:
    journal: Any = served.practice.journal
    journal.connection.execute("SET lock_timeout TO '500ms'")
    with PostgresJournal(journal._address) as other:  # noqa: SLF001 - to hold it
        with other.connection.transaction():
            other.connection.execute("SELECT * FROM journal_head FOR UPDATE")
            refuses_whole(served, JournalBusy, "locked by somebody else")
        goes_on(served)


def test_on_a_server_that_only_reads_nothing_is_done_and_all_is_read(served: Days) -> None:
    journal: Any = served.practice.journal
    journal.connection.execute("SET default_transaction_read_only TO on")
    refuses_whole(served, JournalReadOnly)
    journal.connection.execute("SET default_transaction_read_only TO off")
    goes_on(served)


def test_a_practice_that_has_lost_its_server_goes_on_when_it_is_back(served: Days) -> None:
    journal: Any = served.practice.journal
    pid = journal.connection.info.backend_pid
    with psycopg.connect(journal._address, autocommit=True) as other:  # noqa: SLF001 - to cut it off
        other.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
    books = served.practice.books.dump()
    with pytest.raises(JournalUnavailable, match="given again with its id"):
        served.give("o-1", END, of(RED), id=ONCE)
    assert served.practice.books.dump() == books
    goes_on(served)


# ------------------------------------------------------------------ at the worst moment


class Failing(Interrupted):
    """A handle that fails where it is told to.

    Attributes
    ----------
    answering : deque
        What goes wrong with each append as soon as it was carried out; None: nothing.
    reading : deque
        After how many events each reading fails; None: it does not.
    """

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self.answering: deque[BaseException | None] = deque()
        self.reading: deque[int | None] = deque()

    def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        appended = super().append(writes, **rest)
        error = self.answering.popleft() if self.answering else None
        if error is not None:
            raise error
        return appended

    def read(self, **rest: Any) -> Iterator[Recorded]:  # noqa: ANN401 - as it is given
        left = self.reading.popleft() if self.reading else None
        for one in self.journal.read(**rest):
            if left is not None:
                if not left:
                    break
                left -= 1
            yield one
        if left is not None:
            raise StoreError(self.journal.where, "no answer")  # type: ignore[attr-defined]  # it is stored


@attrs.frozen
class Two:
    """Two programs on one journal: the first has a handle that fails."""

    memory: Memory
    journal: Failing
    first: Days
    second: Days


@pytest.fixture
def two() -> Two:
    memory = Memory()
    journal = Failing(MemoryJournal(memory))
    first = serving(journal.as_journal())
    second = Days(MemoryJournal(memory))
    second.at, second.numbers = first.at, count(1_000)
    return Two(memory, journal, first, second)


@pytest.mark.parametrize("error", [JournalUnavailable("there", "no answer"), KeyboardInterrupt()])
def test_a_command_whose_answer_was_lost_is_answered_when_it_is_given_again(
    two: Two, error: BaseException
) -> None:
    two.journal.answering.append(error)
    length = two.first.length
    with pytest.raises(type(error)):
        two.first.give("o-1", END, of(RED), id=ONCE)
    assert two.first.length == length + WHOLE
    done = two.first.do("o-1", END, of(RED), id=ONCE)
    assert done.appended.position_last == two.first.length == length + WHOLE
    assert two.second.do("o-1", END, of(RED), id=ONCE) == done
    same_books(two.first)


def test_a_practice_that_cannot_read_what_it_has_done_says_so_and_has_done_it_once(
    two: Two,
) -> None:
    two.journal.meanwhile["append"] = [lambda: two.second.placed("o-3")]
    two.journal.reading += [None, 1]
    length = two.first.length
    with pytest.raises(StoreError, match="no answer"):
        two.first.give("o-1", END, of(RED), id=ONCE)
    assert two.first.length == length + 1 + WHOLE
    assert isinstance(two.first.give("o-1", END, of(RED), id=ONCE), Done)
    assert two.first.length == length + 1 + WHOLE
    same_books(two.first)


def test_a_practice_that_stops_in_the_middle_of_taking_in_what_it_did_goes_on_from_there(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply, left = Books.apply, 3

    def stops(books: Books, recorded: Recorded) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise MemoryError
        apply(books, recorded)

    monkeypatch.setattr(Books, "apply", stops)
    with pytest.raises(MemoryError):
        two.first.give("o-1", END, of(RED), id=ONCE)
    monkeypatch.undo()
    assert isinstance(two.first.give("o-1", END, of(RED), id=ONCE), Done)
    same_books(two.first)


@attrs.frozen
class Waiting:
    """A policy that waits for an hour, and remembers what it was asked about."""

    asked: list[OrderId]
    period: int = 0

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:  # noqa: ARG002 - the contract's
        self.asked.extend(order.id for order in orders)
        return [Wait(order.id, view.now + HOUR) for order in orders]


def test_a_practice_that_read_half_of_what_others_did_hears_all_of_it_afterwards(two: Two) -> None:
    waiting = Waiting([])
    two.first.practice.dispatch(waiting, at=two.first.at)
    two.second.do("o-2", OfferOrder((BLUE,), DAY), AT_CENTER)
    two.second.do("o-2", RecallOrder(RecallReason.OTHER), AT_CENTER)
    two.journal.reading.append(2)
    with pytest.raises(StoreError):
        two.first.practice.catch_up()
    two.first.practice.dispatch(waiting, at=two.first.at)
    assert waiting.asked == ["o-2", "o-2"]
    same_books(two.first)


# ------------------------------------------------------------------ clocks


@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_that_went_back_is_told_and_a_little_does_not_matter(
    two: Two, *, restarted: bool
) -> None:
    days, reviewed = two.first, two.first.at - 90 * MINUTE
    if restarted:
        days.practice.keep()
        days = Days(MemoryJournal(two.memory))
    length = days.length

    def attempts(at: Instant) -> Iterator[Callable[[], Done | Refused]]:
        practice, desk = days.practice, AT_CENTER
        offer, shares = OfferOrder((BLUE,), DAY), {OrderId("o-3"): 1}
        name = CommandId(f"at-{at}")
        yield lambda: practice.do(O_2, offer, id=name, by=desk, at=at)
        yield lambda: practice.divide(O_2, shares, id=name, by=desk, at=at)

    for attempt in attempts(reviewed - MINUTE - 1):
        with pytest.raises(
            ClockWentBack, match=r"60\.001 s before its last event; .*set the machine"
        ):
            attempt()
        assert days.length == length
    *_, divide = attempts(reviewed - MINUTE)
    assert isinstance(divide(), Done)
    same_books(days)
