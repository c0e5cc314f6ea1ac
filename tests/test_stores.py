"""What goes wrong with a file or a server is told, and nothing is lost or half written."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import re
import shutil
import sqlite3
import sys
import tempfile
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from practice_core.journal import (
    Appended,
    AppendRefused,
    BrokenEvent,
    CommandReused,
    Conflict,
    HandleUnusable,
    JournalBusy,
    JournalDamaged,
    JournalFull,
    JournalReadOnly,
    JournalUnavailable,
    KeptSnapshot,
    MemoryJournal,
    NewerJournal,
    NotAJournal,
    NotAStream,
    SqliteJournal,
    Stale,
    StoreError,
    TextId,
    UnknownEvent,
    UnknownText,
    Write,
    errors,
    open_journal,
    sqlite,
    verify,
)
from practice_core.journal.postgres import PostgresJournal
from practice_core.orders import OrderReviewed
from practice_core.units import ActorId, CommandId, OrderId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.errors import PracticeError
    from practice_core.journal import Journal

NOBODY = 65534


def give(journal: Journal, number: int, events: int = 1) -> Appended:
    """Give command number so and so, which goes to a stream of its own."""
    order = OrderId(f"o-{number}")
    what = tuple(OrderReviewed(order, n, ActorId("desk"), n + 1) for n in range(events))
    write = Write(f"order/{order}", 0, what)
    return journal.append([write], command=CommandId(f"c-{number}"), digest=b"1")


def commands(journal: Journal) -> list[str]:
    return [one.command for one in journal.read()]


# ------------------------------------------------------------------ the errors themselves

RAISED = (
    Conflict([Stale("order/o-1", 1, 2), Stale("team/t-1", 0, 5)]),
    CommandReused("c-1"),
    AppendRefused("writes", "none"),
    NotAStream("orders/o-1"),
    UnknownText("note-1"),
    UnknownEvent("hall.opened", 2, 1),
    BrokenEvent(b"\xff", "no JSON"),
    *(
        kind("a.journal", "as it says")
        for kind in (
            StoreError,
            NotAJournal,
            NewerJournal,
            JournalBusy,
            JournalReadOnly,
            JournalFull,
            JournalDamaged,
            JournalUnavailable,
            HandleUnusable,
        )
    ),
)


def test_every_error_of_the_journal_is_tried_here() -> None:
    names = {name for name in errors.__all__ if name not in {"JournalError", "Stale"}}
    assert {type(error).__name__ for error in RAISED} == names


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_an_error_is_a_built_in_one_too_and_survives_a_process(error: PracticeError) -> None:
    assert issubclass(type(error), (ValueError, LookupError, RuntimeError, OSError))
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled on this line
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_a_message_says_where_why_and_what_to_do() -> None:
    assert str(JournalFull("a.journal", "disk full")) == (
        "a.journal: no room left: disk full; nothing was written, make room and try again"
    )
    assert str(Conflict([Stale("order/o-1", 1, 2), Stale("team/t-1", 0, 5)])) == (
        "conflict: order/o-1 has 2 events, not 1, team/t-1 has 5 events, not 0; "
        "nothing was written, read again and decide anew"
    )


# ------------------------------------------------------------------ SQLite: opening


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.journal"


def test_an_address_chooses_the_store(tmp_path: Path) -> None:
    with open_journal("memory") as memory, open_journal(tmp_path / "memory") as file:
        assert type(memory) is MemoryJournal
        assert type(file) is SqliteJournal
        assert file.where == str(tmp_path / "memory")


@pytest.mark.parametrize(
    "raw", [b"id,name\n" * 200, b"SQLite format 3\0" + b"\1" * 2000, b"x", b"x" * 511, b"\0" * 512]
)
def test_a_file_that_is_no_journal_is_left_as_it_is(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    with pytest.raises(NotAJournal, match=r"a\.journal: not a journal: "):
        open_journal(path)
    assert path.read_bytes() == raw
    assert list(path.parent.iterdir()) == [path]


def test_the_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE events (position INTEGER)")
    raw = path.read_bytes()
    with pytest.raises(NotAJournal, match="a database of another program"):
        open_journal(path)
    assert path.read_bytes() == raw


def test_an_empty_file_becomes_a_journal(path: Path) -> None:
    path.touch()
    with open_journal(path) as journal:
        assert give(journal, 1) == Appended(1, 1)


@pytest.mark.parametrize("place", [".", "missing/a.journal"])
def test_a_place_where_no_file_can_be_is_told(tmp_path: Path, place: str) -> None:
    with pytest.raises(JournalUnavailable, match="cannot be reached: unable to open"):
        open_journal(tmp_path / place)
    assert list(tmp_path.iterdir()) == []


def test_a_journal_of_a_later_release_is_left_as_it_is(path: Path) -> None:
    with open_journal(path) as journal:
        give(journal, 1)
    with closing(sqlite3.connect(path)) as planted:
        planted.execute("PRAGMA user_version = 2")
    raw = path.read_bytes()
    with pytest.raises(NewerJournal, match=r"layout 2, known up to 1; .*update the program"):
        open_journal(path)
    assert path.read_bytes() == raw


def test_a_journal_of_an_earlier_release_is_brought_up_to_date(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_journal(path) as journal:
        give(journal, 1)
    later = ("CREATE TABLE halls (name TEXT)", "INSERT INTO halls VALUES ('one')")
    monkeypatch.setattr(sqlite, "_MIGRATIONS", (*sqlite._MIGRATIONS, later))  # noqa: SLF001 - what a later release does
    for _ in range(2):
        with SqliteJournal(path) as journal:
            assert commands(journal) == ["c-1"]
            assert journal.connection.execute("SELECT * FROM halls").fetchall() == [("one",)]
            assert journal.connection.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_migration_that_fails_leaves_the_journal_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_journal(path) as journal:
        give(journal, 1)
    later = ("CREATE TABLE halls (name TEXT)", "INSERT INTO nowhere VALUES (1)")
    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "_MIGRATIONS", (*sqlite._MIGRATIONS, later))  # noqa: SLF001 - as above
        with pytest.raises(StoreError, match="no such table"):
            open_journal(path)
    with open_journal(path) as journal:
        assert commands(journal) == ["c-1"]


def test_whoever_only_reads_makes_nothing(path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="no such file"):
        open_journal(path, read_only=True)
    with pytest.raises(JournalUnavailable, match="unable to open"):
        open_journal(path.parent, read_only=True)
    assert list(path.parent.iterdir()) == []
    path.touch()
    with pytest.raises(NotAJournal, match="an empty file"):
        open_journal(path, read_only=True)
    assert path.read_bytes() == b""
    with pytest.raises(NotAJournal, match="gone with its program"):
        open_journal("memory", read_only=True)


@pytest.mark.parametrize("name", ["a.journal", "a%20?mode=memory#b.journal", "大厅.journal"])
def test_whoever_only_reads_changes_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with SqliteJournal(path) as journal:
        give(journal, 1)
        journal.backup(tmp_path / "copy")
    for file in (path, tmp_path / "copy"):
        raw = file.read_bytes()
        with open_journal(file, read_only=True) as reading:
            assert commands(reading) == ["c-1"]
            with pytest.raises(JournalReadOnly):
                give(reading, 2)
            with pytest.raises(JournalReadOnly):
                reading.keep_snapshot(KeptSnapshot("orders", 1, reading.head(), b""))
        assert file.read_bytes() == raw
    assert len(list(tmp_path.iterdir())) == 2


def test_whoever_only_reads_sees_what_others_append(path: Path) -> None:
    with open_journal(path) as journal, open_journal(path, read_only=True) as reading:
        give(journal, 1)
        assert commands(reading) == ["c-1"]
        give(journal, 2)
        assert commands(reading) == ["c-1", "c-2"]


def test_a_journal_of_an_earlier_release_is_not_brought_up_to_date_by_reading(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_journal(path).close()
    later = ("CREATE TABLE halls (name TEXT)",)
    monkeypatch.setattr(sqlite, "_MIGRATIONS", (*sqlite._MIGRATIONS, later))  # noqa: SLF001 - as above
    with pytest.raises(StoreError, match="layout 1, open it once to write"):
        open_journal(path, read_only=True)


def test_what_is_answered_is_on_the_disk(path: Path) -> None:
    with SqliteJournal(path) as journal:
        ask = journal.connection.execute
        assert ask("PRAGMA journal_mode").fetchone() == ("wal",)
        assert ask("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert list(path.parent.iterdir()) == [path]  # one file, when nobody has it open


def test_a_place_without_a_log_is_refused() -> None:
    with pytest.raises(StoreError, match="no write-ahead log can be kept there, only memory"):
        SqliteJournal(":memory:")


def test_a_copy_that_somebody_reads_is_waited_for(path: Path) -> None:
    with SqliteJournal(path) as journal:
        give(journal, 1)
        journal.backup(path.with_name("copy"))
    with closing(sqlite3.connect(path.with_name("copy"), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM events").fetchone()
        with pytest.raises(JournalBusy):
            SqliteJournal(path.with_name("copy"), busy_timeout=30)
    with open_journal(path.with_name("copy")) as copy:
        assert commands(copy) == ["c-1"]


@contextmanager
def as_nobody() -> Iterator[None]:
    """Act as one who owns nothing: the superuser may write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def fenced() -> Iterator[Path]:
    """A folder that one may look into and not write to."""
    folder = Path(tempfile.mkdtemp())
    with open_journal(folder / "a.journal") as journal:
        give(journal, 1)
    (folder / "a.journal").chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_journal_that_may_not_be_written_to_is_told(fenced: Path) -> None:
    with as_nobody(), pytest.raises(JournalReadOnly, match="may not be written to"):
        open_journal(fenced / "a.journal")
    with as_nobody(), pytest.raises(JournalUnavailable):
        open_journal(fenced / "b.journal")
    assert [one.name for one in fenced.iterdir()] == ["a.journal"]


def test_a_handle_that_may_only_read_reads_and_does_not_write(fenced: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("another user than the journal's owner is needed, so the superuser")
    a = fenced / "a.journal"
    with open_journal(a), as_nobody(), open_journal(a) as other:
        assert commands(other) == ["c-1"]
        with pytest.raises(JournalReadOnly):
            give(other, 2)
        assert commands(other) == ["c-1"]


# ------------------------------------------------------------------ SQLite: at work


def test_a_locked_journal_is_told_and_the_command_may_be_given_again(path: Path) -> None:
    with SqliteJournal(path) as first, SqliteJournal(path, busy_timeout=20) as second:
        first.connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalBusy, match="locked by somebody else"):
            give(second, 1)
        assert commands(second) == []  # whoever reads waits for nobody
        first.connection.execute("ROLLBACK")
        assert give(second, 1) == Appended(1, 1)


def test_opening_waits_for_whoever_makes_the_journal(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalBusy):
            SqliteJournal(path, busy_timeout=20)
        other.execute("ROLLBACK")
    with open_journal(path) as journal:
        assert commands(journal) == []


def test_a_full_disk_is_told_and_nothing_is_half_written(path: Path) -> None:
    with SqliteJournal(path) as journal:
        give(journal, 1)
        (pages,) = journal.connection.execute("PRAGMA page_count").fetchone()
        journal.connection.execute(f"PRAGMA max_page_count = {pages + 3}")
        with pytest.raises(JournalFull, match="no room left: database or disk is full"):
            give(journal, 2, events=500)
        assert commands(journal) == ["c-1"]
        journal.connection.execute("PRAGMA max_page_count = 100000")
        assert give(journal, 2, events=500) == Appended(2, 501)


def test_a_disk_that_takes_no_more_is_told_and_nothing_is_half_written(path: Path) -> None:
    resource = pytest.importorskip("resource", reason="no limits on files on this system")
    with SqliteJournal(path) as journal:
        give(journal, 1)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
        try:
            with pytest.raises(StoreError, match="I/O error; nothing is half written"):
                give(journal, 2, events=500)
            assert commands(journal) == ["c-1"]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert give(journal, 2, events=500) == Appended(2, 501)
        assert verify(journal) == ()


def test_a_damaged_page_is_told(path: Path) -> None:
    with SqliteJournal(path) as journal:
        for number in range(300):
            give(journal, number)
    raw = bytearray(path.read_bytes())
    raw[4096 * 12 : 4096 * 30] = b"\x5a" * 4096 * 18
    path.write_bytes(raw)
    with open_journal(path) as journal, pytest.raises(JournalDamaged, match="go back to a backup"):
        list(journal.read())


def test_a_text_that_is_none_is_told(path: Path) -> None:
    with SqliteJournal(path) as journal:
        give(journal, 1)
        journal.connection.execute("UPDATE events SET body = CAST(x'ff' AS TEXT)")
        with pytest.raises(JournalDamaged, match="decode"):
            list(journal.read())


@pytest.mark.parametrize("read_only", [False, True])
def test_a_damaged_layout_is_told(path: Path, *, read_only: bool) -> None:
    open_journal(path).close()
    path.write_bytes(path.read_bytes().replace(b"(stream, version)", b"(stream, versio\xee)", 1))
    with pytest.raises(JournalDamaged, match="decode"):
        open_journal(path, read_only=read_only)


@pytest.mark.parametrize("change", ["body = NULL", "version = 'one'", "hash = 'text'"])
def test_a_row_that_nothing_could_have_written_is_told(path: Path, change: str) -> None:
    with SqliteJournal(path) as journal:
        give(journal, 1)
        for statement in (
            "CREATE TABLE loose AS SELECT * FROM events",
            "DROP TABLE events",
            "ALTER TABLE loose RENAME TO events",
            f"UPDATE events SET {change}",  # noqa: S608 - written above
        ):
            journal.connection.execute(statement)
        with pytest.raises(JournalDamaged, match="damaged: a row with"):
            list(journal.read())


def test_a_free_text_that_nothing_could_have_written_is_told(path: Path) -> None:
    with SqliteJournal(path) as journal:
        for statement in (
            "DROP TABLE texts",
            "CREATE TABLE texts (id, text, salt)",
            "INSERT INTO texts VALUES ('n-1', 7, x'00')",
        ):
            journal.connection.execute(statement)
        with pytest.raises(JournalDamaged, match="damaged: a row with"):
            journal.text(TextId("n-1"))


def test_a_body_that_is_no_event_is_told(path: Path) -> None:
    with SqliteJournal(path) as journal:
        give(journal, 1)
        journal.connection.execute("UPDATE events SET body = '{}'")
        with pytest.raises(BrokenEvent, match="verify the journal and go back to a backup"):
            list(journal.read())


@pytest.mark.parametrize("seals", ["{", "7", "[" * 100_000])
def test_seals_that_are_none_are_told(path: Path, seals: str) -> None:
    with SqliteJournal(path) as journal:
        give(journal, 1)
        journal.connection.execute("UPDATE events SET seals = ?", (seals,))
        with pytest.raises(BrokenEvent, match="its seals are no JSON object"):
            list(journal.read())


def test_a_closed_handle_is_told(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.close()
    journal.close()
    with pytest.raises(HandleUnusable, match="it was closed; open one of your own"):
        give(journal, 1)


def test_a_handle_belongs_to_its_thread(path: Path) -> None:
    told: list[BaseException] = []

    def elsewhere() -> None:
        try:
            give(journal, 1)
        except HandleUnusable as error:
            told.append(error)

    with SqliteJournal(path) as journal:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert commands(journal) == []
    assert "only be used in that same thread" in str(told[0])


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_whoever_interrupts_an_append_leaves_nothing_of_it(
    path: Path, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise error

    with SqliteJournal(path) as journal:
        with monkeypatch.context() as patched:
            patched.setattr(sqlite._Writing, "write", interrupted)  # noqa: SLF001 - while it holds the lock
            with pytest.raises(error):
                give(journal, 1)
        assert commands(journal) == []
        assert give(journal, 1) == Appended(1, 1)


def test_an_erased_text_is_in_no_file_any_more(path: Path) -> None:
    phone = "13800138000"
    with SqliteJournal(path) as journal, SqliteJournal(path) as other:
        event = OrderReviewed(OrderId("o-1"), 0, ActorId("desk"), 1)
        key = TextId("note-1")
        journal.append(
            [Write("order/o-1", 0, (event,))],
            command=CommandId("c-1"),
            digest=b"1",
            texts={key: phone},
        )
        assert any(phone.encode() in one.read_bytes() for one in path.parent.iterdir())
        other.erase_text(key)
        assert not any(phone.encode() in one.read_bytes() for one in path.parent.iterdir())


def test_an_erased_text_that_others_still_read_of_is_told(path: Path) -> None:
    key = TextId("note-1")
    event = OrderReviewed(OrderId("o-1"), 0, ActorId("desk"), 1)
    with SqliteJournal(path, busy_timeout=20) as journal, SqliteJournal(path) as reader:
        journal.append(
            [Write("order/o-1", 0, (event,))],
            command=CommandId("c-1"),
            digest=b"1",
            texts={key: "13800138000"},
        )
        reader.connection.execute("BEGIN")
        reader.head()
        with pytest.raises(JournalBusy, match=r"not yet from the log; .*try again"):
            journal.erase_text(key)
        reader.connection.execute("COMMIT")
        journal.erase_text(key)
        assert journal.text(key) is None


@pytest.mark.parametrize("name", ["orders/o-1", "order/", "", "order/\ud800"])
def test_a_stream_that_cannot_be_is_not_read(path: Path, name: str) -> None:
    with open_journal(path) as journal, pytest.raises(NotAStream, match="no stream can be named"):
        journal.stream(name)


def test_a_text_that_cannot_be_is_not_known(path: Path) -> None:
    with open_journal(path) as journal:
        for ask in (journal.text, journal.erase_text):
            with pytest.raises(UnknownText):
                ask(TextId("\ud800"))


# ------------------------------------------------------------------ SQLite: several processes


def writing(path: Path, writer: int, count: int) -> None:
    with open_journal(path) as journal:
        for number in range(count):
            give(journal, 1000 * writer + number, events=2)


def test_several_processes_make_and_write_one_journal(path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    writers = [context.Process(target=writing, args=(path, n, 30)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    with open_journal(path) as journal:
        log = list(journal.read())
    assert [one.position for one in log] == list(range(1, 181))
    assert {one.command for one in log} == {
        f"c-{1000 * w + n}" for w in range(3) for n in range(30)
    }


# ------------------------------------------------------------------ PostgreSQL


@pytest.fixture
def address(postgres: str, request: pytest.FixtureRequest) -> str:
    """The address of a new journal."""
    schema = f"s{abs(hash(request.node.name))}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"')
    return f"{postgres}&options=-csearch_path%3D{schema}"


def plant(address: str, *statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path: Path) -> None:
    where = f"postgresql://ann:sesame@/practice?host={tmp_path}&password=sesame"
    with pytest.raises(JournalUnavailable, match="cannot be reached") as told:
        open_journal(where)
    assert "sesame" not in str(told.value)
    assert "/practice" in str(told.value)


@pytest.mark.parametrize(
    "where",
    [
        "postgresql://[sesame",
        "postgresql://h:sesame/d",
        "postgresql://h/d?sesame=b",
        "postgresql://ann:sesame",
        "postgresql://ann:open/sesame@h:1/d",
        "postgresql://ann:open@sesame@h:1/d",
        "postgresql://ann:open%sesame@h:1/d",
        "postgresql://ann:open sesame@h:1/d",
        "postgresql://ann:open#sesame@h:1/d?sesame=b",
    ],
)
def test_an_address_that_is_none_is_told_and_not_repeated(where: str) -> None:
    with pytest.raises(JournalUnavailable, match="in a password write / as %2F") as told:
        open_journal(where)
    assert not {"sesame", "open", "ann"} & set(re.findall(r"\w+", str(told.value)))


def test_an_address_is_shown_by_its_place(tmp_path: Path) -> None:
    where = f"postgresql://ann:s%40me@/d?host={tmp_path}&options=-csearch_path%3Dtaicang"
    shown = f"postgresql://{tmp_path}/d?options=-csearch_path=taicang: cannot be reached"
    with pytest.raises(JournalUnavailable, match=re.escape(shown)):
        open_journal(where)
    with pytest.raises(JournalUnavailable, match=r"//127\.0\.0\.1:1/d: cannot be reached"):
        open_journal("postgresql://ann:sesame@127.0.0.1:1/d")


def test_postgresql_without_its_library_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "practice_core.journal.postgres")
    with pytest.raises(ImportError, match=r"pip install 'practice-core\[postgres\]'"):
        open_journal("postgresql://host/practice")


def test_tables_of_a_later_release_are_left_as_they_are(address: str) -> None:
    open_journal(address).close()
    plant(address, "UPDATE journal_head SET layout = 2")
    with pytest.raises(NewerJournal, match="layout 2, known up to 1"):
        open_journal(address)


def test_tables_of_another_program_are_left_as_they_are(address: str) -> None:
    plant(address, "CREATE TABLE journal_head (name text)")
    with pytest.raises(NotAJournal):
        open_journal(address)
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT to_regclass('journal_events')").fetchone() == (None,)


def test_a_head_that_is_gone_is_told(address: str) -> None:
    with open_journal(address) as journal:
        plant(address, "DELETE FROM journal_head")
        with pytest.raises(JournalDamaged):
            give(journal, 1)
        with pytest.raises(JournalDamaged):
            journal.head()
    with pytest.raises(JournalDamaged):
        open_journal(address)


def test_whoever_holds_the_head_lets_others_wait_and_read(address: str) -> None:
    with open_journal(address) as first, PostgresJournal(address, busy_timeout=30) as second:
        give(first, 1)
        with psycopg.connect(address) as holder:
            holder.execute("SELECT * FROM journal_head FOR UPDATE")
            with pytest.raises(JournalBusy, match="locked by somebody else"):
                give(second, 2)
            assert commands(second) == ["c-1"]
        assert give(second, 2) == Appended(2, 2)


def test_a_database_that_may_only_be_read_is_told(address: str) -> None:
    open_journal(address).close()
    with open_journal(address) as journal:
        give(journal, 1)
        assert isinstance(journal, PostgresJournal)
        journal.connection.execute("SET default_transaction_read_only TO on")
        with pytest.raises(JournalReadOnly):
            give(journal, 2)
        assert commands(journal) == ["c-1"]


def test_whoever_only_reads_a_database_makes_and_changes_nothing(address: str) -> None:
    for _ in range(2):
        with pytest.raises(NotAJournal, match="a database without one"):
            open_journal(address, read_only=True)
    with open_journal(address) as journal, open_journal(address, read_only=True) as reading:
        give(journal, 1)
        assert commands(reading) == ["c-1"]
        with pytest.raises(JournalReadOnly):
            give(reading, 2)
        with pytest.raises(JournalReadOnly):
            reading.keep_snapshot(KeptSnapshot("orders", 1, reading.head(), b""))
        assert commands(journal) == ["c-1"]


@pytest.mark.parametrize(
    ("state", "kind"),
    [("53100", JournalFull), ("XX001", JournalDamaged), ("58030", JournalDamaged)],
)
def test_a_server_that_fails_half_way_leaves_nothing(
    address: str, state: str, kind: type[StoreError]
) -> None:
    with open_journal(address) as journal:
        give(journal, 1)
        plant(
            address,
            f"CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'as planted' USING ERRCODE = '{state}'; END $$",
            "CREATE TRIGGER fails BEFORE INSERT ON journal_commands EXECUTE FUNCTION fails()",
        )
        with pytest.raises(kind, match="as planted"):
            give(journal, 2, events=3)
        assert commands(journal) == ["c-1"]
        assert journal.head().length == 1
        plant(address, "DROP TRIGGER fails ON journal_commands")
        assert give(journal, 2, events=3) == Appended(2, 4)


def test_a_lost_connection_is_told_and_the_command_may_be_given_again(address: str) -> None:
    with open_journal(address) as journal:
        give(journal, 1)
        assert isinstance(journal, PostgresJournal)
        pid = journal.connection.info.backend_pid
        plant(address, f"SELECT pg_terminate_backend({pid}, 5000)")
        with pytest.raises(JournalUnavailable, match="given again with its id"):
            give(journal, 2)
        assert give(journal, 2) == Appended(2, 2)
        assert commands(journal) == ["c-1", "c-2"]


def test_a_database_in_another_alphabet_is_refused(postgres: str) -> None:
    plant(postgres, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match="not in UTF-8"):
        open_journal(postgres.replace("/postgres?", "/latin?"))


@pytest.mark.parametrize(
    "setting", ["default_transaction_isolation%3Dserializable", "synchronous_commit%3Doff"]
)
def test_a_journal_minds_what_a_database_is_set_to(address: str, setting: str) -> None:
    with open_journal(f"{address}%20-c{setting}") as one, open_journal(address) as other:
        assert isinstance(one, PostgresJournal)
        assert one.connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        for number in range(4):
            give((one, other)[number % 2], number)
        assert commands(one) == ["c-0", "c-1", "c-2", "c-3"]


def test_a_role_that_may_only_add_events_is_enough_for_a_platform(address: str) -> None:
    open_journal(address).close()
    page = (Path(__file__).parents[1] / "docs" / "journal.md").read_text(encoding="utf-8")
    grants = page.partition("```sql\n")[2].partition("```")[0].split(";")[:-1]
    schema = address.rpartition("%3D")[2]
    role = ("CREATE ROLE platform LOGIN", f'GRANT USAGE ON SCHEMA "{schema}" TO platform')
    plant(address, *role, *grants)
    event = OrderReviewed(OrderId("o-1"), 0, ActorId("desk"), 1)
    write, key = Write("order/o-1", 0, (event,)), TextId("note-1")
    with open_journal(address.replace("//postgres:", "//platform:")) as journal:
        journal.append([write], command=CommandId("c-1"), digest=b"1", texts={key: "ring"})
        journal.erase_text(key)
        assert journal.text(key) is None
        kept = KeptSnapshot("orders", 1, journal.head(), b"")
        journal.keep_snapshot(kept)
        journal.keep_snapshot(kept)
        assert give(journal, 2) == Appended(2, 2)
        assert isinstance(journal, PostgresJournal)
        for change in ("UPDATE journal_events SET body = '{}'", "DELETE FROM journal_commands"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                journal.connection.execute(change)


def test_a_closed_handle_on_a_server_is_told(address: str) -> None:
    journal = open_journal(address)
    journal.close()
    journal.close()
    with pytest.raises(HandleUnusable):
        journal.head()
