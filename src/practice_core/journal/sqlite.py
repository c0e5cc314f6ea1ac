"""A journal in one SQLite file: the default store.

Write-ahead log and full synchronisation: what `append` has answered is on the disk. A writer takes
the file's one write lock before it looks at anything, so appends happen one after the other and
positions become visible in order, whichever process they come from.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

from practice_core.journal.chain import GENESIS
from practice_core.journal.codec import CODEC
from practice_core.journal.contract import (
    Appended,
    Carried,
    Head,
    KeptSnapshot,
    KeptText,
    Row,
    TextId,
)
from practice_core.journal.errors import (
    HandleUnusable,
    JournalBusy,
    JournalDamaged,
    JournalFull,
    JournalReadOnly,
    JournalUnavailable,
    NewerJournal,
    NotAJournal,
    StoreError,
)
from practice_core.journal.files import settle
from practice_core.journal.stored import StoredJournal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from practice_core.journal.codec import Codec
    from practice_core.units import CommandId, Duration

__all__ = ["BUSY_TIMEOUT", "SqliteJournal"]

BUSY_TIMEOUT: Duration = 10_000
"""How long a handle waits for another writer."""

_SHORTEST: Final = 512
"""Bytes of SQLite's shortest page: no database is shorter."""
_APPLICATION: Final = 0x50_72_61_43
"""Marks the file as a journal of this package."""
_MIGRATIONS: Final = (
    (
        """CREATE TABLE events (
            position INTEGER PRIMARY KEY,
            stream TEXT NOT NULL,
            version INTEGER NOT NULL,
            command TEXT NOT NULL,
            body TEXT NOT NULL,
            seals TEXT NOT NULL,
            hash BLOB NOT NULL,
            UNIQUE (stream, version)
        ) STRICT""",
        """CREATE TABLE commands (
            command TEXT PRIMARY KEY,
            digest BLOB NOT NULL,
            position_first INTEGER NOT NULL,
            position_last INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        "CREATE TABLE texts (id TEXT PRIMARY KEY, text TEXT, salt BLOB) STRICT, WITHOUT ROWID",
        """CREATE TABLE snapshots (
            projection TEXT PRIMARY KEY,
            version INTEGER NOT NULL,
            length INTEGER NOT NULL,
            hash BLOB NOT NULL,
            state BLOB NOT NULL
        ) STRICT""",
        f"PRAGMA application_id = {_APPLICATION}",
    ),
)
"""From version n to n + 1 of the file's layout, each in one transaction."""
_TYPES: Final = (int, str, int, str, str, str, bytes)
_ROW: Final = "position, stream, version, command, body, seals, hash"
_ERRORS: Final = {
    sqlite3.SQLITE_BUSY: JournalBusy,
    sqlite3.SQLITE_LOCKED: JournalBusy,
    sqlite3.SQLITE_READONLY: JournalReadOnly,
    sqlite3.SQLITE_PERM: JournalReadOnly,
    sqlite3.SQLITE_AUTH: JournalReadOnly,
    sqlite3.SQLITE_FULL: JournalFull,
    sqlite3.SQLITE_CANTOPEN: JournalUnavailable,
    sqlite3.SQLITE_NOTADB: NotAJournal,
    sqlite3.SQLITE_CORRUPT: JournalDamaged,
}


class SqliteJournal(StoredJournal):
    """A journal in one SQLite file.

    Parameters
    ----------
    path
        The file; made if it is not there, with its layout brought up to date if it is older.
    codec
        The events it holds.
    busy_timeout
        How long to wait for another writer, in ms.
    read_only
        Whether only to read a journal that is there: nothing is made and nothing appended.

    Raises
    ------
    NotAJournal
        If the file is something else.
    NewerJournal
        If a later release has written it.
    StoreError
        If it cannot be opened for another reason.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        codec: Codec = CODEC,
        busy_timeout: Duration = BUSY_TIMEOUT,
        read_only: bool = False,
    ) -> None:
        super().__init__(os.fspath(path), codec)
        _look_at(self.where, read_only=read_only)
        self._files: Mapping[Path, tuple[int, int]] = {}
        self._patience = busy_timeout / 1000
        self._connection: sqlite3.Connection | None = None
        # SQLite makes what is not there, unless it is told by such an address.
        place = f"{Path(self.where).absolute().as_uri()}?mode=rw" if read_only else self.where
        with self._told():
            connection = sqlite3.connect(
                place, timeout=self._patience, isolation_level=None, uri=read_only
            )
            try:
                (self._prepare_to_read if read_only else self._prepare)(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            self._files = _files(Path(self.where).resolve())

    # -------------------------------------------------------------- opening

    def _prepare(self, connection: sqlite3.Connection) -> None:
        self._layout(connection)
        # Turning the log on needs the file alone for a moment, and SQLite does not wait for that.
        patience_ends = time.monotonic() + self._patience
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > patience_ends:
                    raise
                time.sleep(0.01)
            else:
                break
        if mode != "wal":
            raise StoreError(self.where, f"no write-ahead log can be kept there, only {mode}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # an erased text leaves no trace
        if self._layout(connection) < len(_MIGRATIONS):
            with _transaction(connection):
                for version in range(self._layout(connection), len(_MIGRATIONS)):
                    for statement in _MIGRATIONS[version]:
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {version + 1}")

    def _prepare_to_read(self, connection: sqlite3.Connection) -> None:
        version = self._layout(connection)
        if not version:
            raise NotAJournal(self.where, "an empty file")
        if version < len(_MIGRATIONS):
            why = f"layout {version}, open it once to write: that brings it up to date"
            raise StoreError(self.where, why)
        connection.execute("PRAGMA query_only = ON")

    def _layout(self, connection: sqlite3.Connection) -> int:
        """Give the version of the file's layout, 0 if it is empty, or refuse it."""
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not objects and not application and not version:
            return 0
        if application != _APPLICATION:
            raise NotAJournal(self.where, "a database of another program")
        if version > len(_MIGRATIONS):
            raise NewerJournal(self.where, f"layout {version}, known up to {len(_MIGRATIONS)}")
        return int(version)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection of this handle."""
        if self._connection is None:
            raise HandleUnusable(self.where, "it was closed")
        self._mind_files()
        return self._connection

    def _mind_files(self) -> None:
        """Refuse to go on with files that nobody else will ever find again.

        Whoever has a file open keeps it when its name is gone, and SQLite would go on with it.
        """
        for file, known in self._files.items():
            if _identity(file) != known:
                why = f"{file.name} was removed or replaced; open it anew"
                raise JournalUnavailable(self.where, why)

    @contextmanager
    def _told(self, where: str | None = None) -> Iterator[None]:
        """Tell what SQLite says as one of the journal's own errors."""
        place = self.where if where is None else where
        try:
            yield
        except sqlite3.ProgrammingError as error:
            raise HandleUnusable(place, str(error).partition(".")[0]) from error
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            # What is no UTF-8 where text should be has no code of its own.
            undecodable = code == sqlite3.SQLITE_ERROR and "decode" in str(error)
            kind = JournalDamaged if undecodable else _ERRORS.get(code, StoreError)
            raise kind(place, str(error)) from error
        except UnicodeError as error:  # of a name in a damaged layout, or that no text can have
            raise JournalDamaged(place, str(error)) from error

    # -------------------------------------------------------------- writing

    @contextmanager
    def _writing(self) -> Iterator[_Writing]:
        with self._told():
            connection = self.connection
            with _transaction(connection):
                yield _Writing(connection)
                self._mind_files()  # once more: it may have waited for others

    def _erase(self, key: TextId) -> bool:
        with self._told():
            with _transaction(self.connection):
                erased = self.connection.execute(
                    "UPDATE texts SET text = NULL, salt = NULL WHERE id = ?", (key,)
                )
                known = erased.rowcount == 1
            # The log would hold the text until it is next written over.
            checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
            (is_busy, _, _) = self.connection.execute(checkpoint).fetchone()
        if is_busy:
            raise JournalBusy(self.where, "the text is erased, but not yet from the log")
        return known

    def keep_snapshot(self, snapshot: KeptSnapshot) -> None:
        """Keep a snapshot in place of the last one of its projection."""
        with self._told(), _transaction(self.connection):
            self.connection.execute(
                "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)",
                (
                    snapshot.projection,
                    snapshot.version,
                    snapshot.head.length,
                    snapshot.head.hash,
                    snapshot.state,
                ),
            )

    # -------------------------------------------------------------- reading

    def _carried(self, command: CommandId) -> Carried | None:
        with self._told():
            return _carried(self.connection, command)

    def _page(self, after: int, limit: int) -> Sequence[Row]:
        return self._rows("position > ? ORDER BY position LIMIT ?", after, limit)

    def _stream_page(self, stream: str, after: int, limit: int) -> Sequence[Row]:
        where = "stream = ? AND version > ? ORDER BY version LIMIT ?"
        return self._rows(where, stream, after, limit)

    def _rows(self, where: str, *values: object) -> Sequence[Row]:
        with self._told():
            found = self.connection.execute(f"SELECT {_ROW} FROM events WHERE {where}", values)  # noqa: S608 - written in this file
            sound = (_sound(row, _TYPES) for row in found)
            return [
                Row(position, stream, version, command, body.encode(), seals.encode(), hash_)
                for position, stream, version, command, body, seals, hash_ in sound
            ]

    def head(self) -> Head:
        """Give where the journal ends."""
        with self._told():
            return _head(self.connection)

    def texts(self, ids: Sequence[TextId]) -> Mapping[TextId, KeptText]:
        """Give free texts with their salts."""
        with self._told():
            found = {}
            for key in ids:
                row = self.connection.execute(
                    "SELECT text, salt FROM texts WHERE id = ?", (key,)
                ).fetchone()
                if row is not None:
                    found[key] = KeptText(*_sound(row, (str, bytes), (NoneType, NoneType)))
            return found

    def snapshot(self, projection: str) -> KeptSnapshot | None:
        """Give the last snapshot that was kept of a projection."""
        with self._told():
            row = self.connection.execute(
                "SELECT version, length, hash, state FROM snapshots WHERE projection = ?",
                (projection,),
            ).fetchone()
        if row is None:
            return None
        version, length, hash_, state = _sound(row, (int, int, bytes, bytes))
        return KeptSnapshot(projection, version, Head(length, hash_), state)

    # -------------------------------------------------------------- the file

    def backup(self, path: str | os.PathLike[str]) -> Head:
        """Copy the journal to a new file while others read and write it.

        Parameters
        ----------
        path
            A file that is not there yet. It appears whole, on the disk, or not at all.

        Returns
        -------
        Head
            Where the copy ends.

        Raises
        ------
        FileExistsError
            If something is there.
        StoreError
            If it cannot be written.
        """
        target = Path(path)
        if target.exists():
            raise FileExistsError(os.fspath(target))
        try:
            handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
            os.close(handle)
        except OSError as error:
            raise JournalUnavailable(os.fspath(target), str(error)) from error
        part = Path(name)
        try:
            with self._told(os.fspath(target)):
                copy = sqlite3.connect(part, isolation_level=None)
                try:
                    # In one step: page by page it would begin anew with each write of others.
                    self.connection.backup(copy, pages=-1)
                    copy.execute("PRAGMA journal_mode = DELETE").fetchone()
                    head = _head(copy)
                finally:
                    copy.close()
            settle(part, target)
        finally:
            part.unlink(missing_ok=True)
        return head

    def close(self) -> None:
        """Close this handle."""
        if self._connection is not None:
            with self._told():
                self._connection.close()
            self._connection = None


class _Writing:
    """An open write transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def carried(self, command: CommandId) -> Carried | None:
        return _carried(self._connection, command)

    def versions(self, streams: Sequence[str]) -> Mapping[str, int]:
        found = {}
        for name in streams:
            row = self._connection.execute(
                "SELECT max(version) FROM events WHERE stream = ?", (name,)
            ).fetchone()
            (version,) = _sound(row, (int,), (NoneType,))
            found[name] = version or 0
        return found

    def head(self) -> Head:
        return _head(self._connection)

    def known_texts(self, ids: Sequence[TextId]) -> Sequence[TextId]:
        query = "SELECT 1 FROM texts WHERE id = ?"
        return [key for key in ids if self._connection.execute(query, (key,)).fetchone()]

    def write(
        self, rows: Sequence[Row], texts: Mapping[TextId, KeptText], carried: Carried
    ) -> None:
        values: Iterator[tuple[Any, ...]] = (
            (
                row.position,
                row.stream,
                row.version,
                row.command,
                row.body.decode(),
                row.seals.decode(),
                row.hash,
            )
            for row in rows
        )
        self._connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        self._connection.executemany(
            "INSERT INTO texts VALUES (?, ?, ?)",
            [(key, kept.text, kept.salt) for key, kept in texts.items()],
        )
        first, last = carried.appended.position_first, carried.appended.position_last
        self._connection.execute(
            "INSERT INTO commands VALUES (?, ?, ?, ?)",
            (carried.command, carried.digest, first, last),
        )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite undoes it itself if the disk is full
            connection.execute("ROLLBACK")
        raise


def _look_at(where: str, *, read_only: bool) -> None:
    """Refuse a file that SQLite, which takes the shortest for empty, might write over.

    It is not opened for that: whoever closes a file of which the same process has another handle
    takes the locks of that handle away, and with them whatever it writes.
    """
    path, size, is_missing = Path(where), 0, False
    with suppress(OSError):  # what cannot be looked at, SQLite will tell
        size = path.stat().st_size if path.is_file() else 0
        is_missing = not path.exists()
    if read_only and is_missing:
        raise JournalUnavailable(where, "no such file")
    if 0 < size < _SHORTEST:
        raise NotAJournal(where, "a file of another kind")


def _files(path: Path) -> dict[Path, tuple[int, int]]:
    """Give which files of a database are there: itself, its log, and the index of that."""
    names = [path.with_name(path.name + end) for end in ("", "-wal", "-shm")]
    found = {file: _identity(file) for file in names}
    return {file: known for file, known in found.items() if known is not None}


def _identity(file: Path) -> tuple[int, int] | None:
    """Tell a file from any other that may come to have its name."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _sound(row: Sequence[Any], *types: tuple[type, ...]) -> Sequence[Any]:
    """Give a row if its values are of the types of its table, which a damaged one need not be."""
    if tuple(map(type, row)) not in types:
        message = f"a row with {', '.join(type(one).__name__ for one in row)}"
        raise sqlite3.DatabaseError(message)
    return row


def _head(connection: sqlite3.Connection) -> Head:
    row = connection.execute(
        "SELECT position, hash FROM events ORDER BY position DESC LIMIT 1"
    ).fetchone()
    return Head(0, GENESIS) if row is None else Head(*_sound(row, (int, bytes)))


def _carried(connection: sqlite3.Connection, command: CommandId) -> Carried | None:
    row = connection.execute(
        "SELECT digest, position_first, position_last FROM commands WHERE command = ?", (command,)
    ).fetchone()
    if row is None:
        return None
    digest, first, last = _sound(row, (bytes, int, int))
    return Carried(command, digest, Appended(first, last))
