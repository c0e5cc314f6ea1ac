"""A journal in a PostgreSQL database, for a platform of several machines.

The trap of an outbox in PostgreSQL is the sequence: numbers are given out when rows are inserted
and seen when their transactions commit, so a reader at 8 may see 7 appear behind it, and a rolled
back 6 never. Here the number is no sequence. One row, `journal_head`, says where the journal ends;
an append locks it (``SELECT ... FOR UPDATE``) before it looks at anything, takes the next positions
from it and writes it back. PostgreSQL makes a commit visible before it releases the row, so the
next writer, and every reader, sees positions in order and without a gap, and a rolled back append
has used none up.

The lock also makes appends serial, which is all that their checks need, and is why the isolation
is READ COMMITTED: each statement after the lock sees what the last writer committed. Under
SERIALIZABLE the snapshot would be older than the lock, and the second of two writers would fail
instead of wait.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
except ImportError as error:
    message = (
        "a postgresql:// journal needs: pip install 'practice-core[postgres]' 'psycopg[binary]'"
    )
    raise ImportError(message) from error

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
from practice_core.journal.stored import StoredJournal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from practice_core.journal.codec import Codec
    from practice_core.units import CommandId, Duration

__all__ = ["PostgresJournal"]

_BUSY_TIMEOUT: Duration = 10_000
_HANGING: Duration = 10_000
"""How long who holds the head may do nothing: a large append on a busy machine takes its time."""
_LAYOUT: Final = 1
_MAKING: Final = 0x70_72_61_63
"""The advisory lock under which the tables are made."""
_TABLES: Final = (
    """CREATE TABLE journal_head (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        layout integer NOT NULL,
        length bigint NOT NULL,
        hash bytea NOT NULL
    )""",
    """CREATE TABLE journal_events (
        position bigint PRIMARY KEY,
        stream text COLLATE "C" NOT NULL,
        version bigint NOT NULL,
        command text COLLATE "C" NOT NULL,
        body text NOT NULL,
        seals text NOT NULL,
        hash bytea NOT NULL,
        UNIQUE (stream, version)
    )""",
    """CREATE TABLE journal_commands (
        command text COLLATE "C" PRIMARY KEY,
        digest bytea NOT NULL,
        position_first bigint NOT NULL,
        position_last bigint NOT NULL
    )""",
    'CREATE TABLE journal_texts (id text COLLATE "C" PRIMARY KEY, text text, salt bytea)',
    """CREATE TABLE journal_snapshots (
        projection text PRIMARY KEY,
        version integer NOT NULL,
        length bigint NOT NULL,
        hash bytea NOT NULL,
        state bytea NOT NULL
    )""",
)
_ROW: Final = "position, stream, version, command, body, seals, hash"
_NO_ADDRESS: Final = (
    "no address of the form postgresql://user:password@host:port/database; "
    "in a password write / as %2F, @ as %40, % as %25 and a space as %20"
)
_ERRORS: Final = {
    "08": JournalUnavailable,  # connection
    "25006": JournalReadOnly,  # read only transaction
    "42501": JournalReadOnly,  # privilege
    "42P01": NotAJournal,  # no such table
    "42703": NotAJournal,  # no such column
    "53": JournalFull,  # disk, memory, connections
    "53300": JournalUnavailable,  # too many connections
    "55P03": JournalBusy,  # lock
    "57": JournalUnavailable,  # shut down
    "57014": JournalBusy,  # cancelled
    "58": JournalDamaged,  # input and output
    "XX": JournalDamaged,  # data and index
}
"""By SQLSTATE, or by its class."""


class PostgresJournal(StoredJournal):
    """A journal in the tables ``journal_...`` of a PostgreSQL database.

    Several journals may share a database in schemas of their own:
    ``postgresql://host/database?options=-csearch_path%3Dtaicang``.

    Parameters
    ----------
    address
        ``postgresql://user:password@host/database``; the tables are made if they are not there.
    codec
        The events it holds.
    busy_timeout
        How long to wait for another writer, in ms.
    read_only
        Whether only to read a journal that is there: nothing is made and nothing appended.

    Raises
    ------
    StoreError
        If it cannot be opened, as a subclass that says why.
    """

    def __init__(
        self,
        address: str,
        *,
        codec: Codec = CODEC,
        busy_timeout: Duration = _BUSY_TIMEOUT,
        read_only: bool = False,
    ) -> None:
        super().__init__(_shown(address), codec)
        self._address = address
        self._patience = busy_timeout
        self._read_only = read_only
        self._closed = False
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        try:
            with self._told(), self.connection.transaction():
                self._prepare()
        except BaseException:
            self.close()
            raise

    # -------------------------------------------------------------- opening

    def _prepare(self) -> None:
        ask = self.connection.execute
        if _one(ask("SHOW server_encoding")) != "UTF8":
            raise StoreError(self.where, "a database that is not in UTF-8")
        if not self._read_only:
            ask("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
        if _one(ask("SELECT to_regclass('journal_head') IS NULL")):
            if self._read_only:
                raise NotAJournal(self.where, "a database without one")
            for statement in _TABLES:
                ask(statement)
            ask(
                "INSERT INTO journal_head (layout, length, hash) VALUES (%s, 0, %s)",
                (_LAYOUT, GENESIS),
            )
        layout = _one(ask("SELECT layout FROM journal_head"))
        if layout is None:
            raise JournalDamaged(self.where, "journal_head has no row")
        if layout > _LAYOUT:
            raise NewerJournal(self.where, f"layout {layout}, known up to {_LAYOUT}")

    @property
    def connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection of this handle; a new one if the last was lost."""
        if self._closed:
            raise HandleUnusable(self.where, "it was closed")
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._address, autocommit=True)
            self._connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            self._connection.execute(
                "SELECT set_config('lock_timeout', %s, false),"
                # Whoever holds the head and hangs would stop everybody.
                " set_config('idle_in_transaction_session_timeout', %s, false),"
                " CASE current_setting('synchronous_commit') WHEN 'off'"
                " THEN set_config('synchronous_commit', 'on', false) END,"
                " CASE WHEN %s THEN set_config('default_transaction_read_only', 'on', false) END",
                (f"{self._patience}ms", f"{max(self._patience, _HANGING)}ms", self._read_only),
            )
        return self._connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what PostgreSQL says as one of the journal's own errors."""
        try:
            yield
        except psycopg.Error as error:
            state = error.sqlstate or ("08" if isinstance(error, psycopg.OperationalError) else "")
            kind = _ERRORS.get(state) or _ERRORS.get(state[:2], StoreError)
            raise kind(self.where, str(error).partition("\n")[0]) from error

    # -------------------------------------------------------------- writing

    @contextmanager
    def _writing(self) -> Iterator[_Writing]:
        with self._told(), self.connection.transaction():
            row = self.connection.execute(
                "SELECT length, hash FROM journal_head FOR UPDATE"
            ).fetchone()
            if row is None:
                raise JournalDamaged(self.where, "journal_head has no row")
            yield _Writing(self.connection, Head(*row))

    def _erase(self, key: TextId) -> bool:
        with self._told():
            erased = self.connection.execute(
                "UPDATE journal_texts SET text = NULL, salt = NULL WHERE id = %s", (key,)
            )
            # The old row's bytes stay in the table until it is vacuumed.
            self.connection.execute("VACUUM journal_texts")
            return erased.rowcount == 1

    def keep_snapshot(self, snapshot: KeptSnapshot) -> None:
        """Keep a snapshot in place of the last one of its projection."""
        with self._told():
            self.connection.execute(
                "INSERT INTO journal_snapshots VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT (projection) DO UPDATE SET (version, length, hash, state)"
                " = (excluded.version, excluded.length, excluded.hash, excluded.state)",
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
        return self._rows("position > %s ORDER BY position LIMIT %s", after, limit)

    def _stream_page(self, stream: str, after: int, limit: int) -> Sequence[Row]:
        where = "stream = %s AND version > %s ORDER BY version LIMIT %s"
        return self._rows(where, stream, after, limit)

    def _rows(self, where: str, *values: object) -> Sequence[Row]:
        with self._told():
            query = f"SELECT {_ROW} FROM journal_events WHERE {where}"  # noqa: S608 - written in this file
            found = self.connection.execute(query, values, binary=True)
            return [
                Row(position, stream, version, command, body.encode(), seals.encode(), hash_)
                for position, stream, version, command, body, seals, hash_ in found
            ]

    def head(self) -> Head:
        """Give where the journal ends."""
        with self._told():
            row = self.connection.execute("SELECT length, hash FROM journal_head").fetchone()
        if row is None:
            raise JournalDamaged(self.where, "journal_head has no row")
        return Head(*row)

    def texts(self, ids: Sequence[TextId]) -> Mapping[TextId, KeptText]:
        """Give free texts with their salts."""
        with self._told():
            found = self.connection.execute(
                "SELECT id, text, salt FROM journal_texts WHERE id = ANY(%s)", (list(ids),)
            )
            return {TextId(key): KeptText(text, salt) for key, text, salt in found}

    def snapshot(self, projection: str) -> KeptSnapshot | None:
        """Give the last snapshot that was kept of a projection."""
        with self._told():
            row = self.connection.execute(
                "SELECT version, length, hash, state FROM journal_snapshots WHERE projection = %s",
                (projection,),
                binary=True,
            ).fetchone()
        if row is None:
            return None
        version, length, hash_, state = row
        return KeptSnapshot(projection, version, Head(length, hash_), state)

    def close(self) -> None:
        """Close this handle."""
        if self._connection is not None:
            self._connection.close()
        self._closed = True


class _Writing:
    """An open transaction that holds the head."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], head: Head) -> None:
        self._connection = connection
        self._head = head

    def carried(self, command: CommandId) -> Carried | None:
        return _carried(self._connection, command)

    def versions(self, streams: Sequence[str]) -> Mapping[str, int]:
        # One look into the index a stream, however long it is.
        found = self._connection.execute(
            "SELECT name, (SELECT version FROM journal_events WHERE stream = name"
            " ORDER BY version DESC LIMIT 1) FROM unnest(%s::text[]) AS name",
            (list(streams),),
        )
        return {name: version or 0 for name, version in found}

    def head(self) -> Head:
        return self._head

    def known_texts(self, ids: Sequence[TextId]) -> Sequence[TextId]:
        found = self._connection.execute(
            "SELECT id FROM journal_texts WHERE id = ANY(%s)", (list(ids),)
        )
        return [TextId(key) for (key,) in found]

    def write(
        self, rows: Sequence[Row], texts: Mapping[TextId, KeptText], carried: Carried
    ) -> None:
        first, last = carried.appended.position_first, carried.appended.position_last
        with self._connection.pipeline(), self._connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO journal_events SELECT * FROM unnest(%s::bigint[], %s::text[],"
                " %s::bigint[], %s::text[], %s::text[], %s::text[], %s::bytea[])",
                (
                    [row.position for row in rows],
                    [row.stream for row in rows],
                    [row.version for row in rows],
                    [row.command for row in rows],
                    [row.body.decode() for row in rows],
                    [row.seals.decode() for row in rows],
                    [row.hash for row in rows],
                ),
            )
            if texts:
                cursor.executemany(
                    "INSERT INTO journal_texts VALUES (%s, %s, %s)",
                    [(key, kept.text, kept.salt) for key, kept in texts.items()],
                )
            cursor.execute(
                "INSERT INTO journal_commands VALUES (%s, %s, %s, %s)",
                (carried.command, carried.digest, first, last),
            )
            cursor.execute("UPDATE journal_head SET length = %s, hash = %s", (last, rows[-1].hash))


def _carried(connection: psycopg.Connection[tuple[Any, ...]], command: CommandId) -> Carried | None:
    row = connection.execute(
        "SELECT digest, position_first, position_last FROM journal_commands WHERE command = %s",
        (command,),
    ).fetchone()
    return None if row is None else Carried(command, row[0], Appended(row[1], row[2]))


def _one(cursor: psycopg.Cursor[tuple[Any, ...]]) -> Any:  # noqa: ANN401 - whatever was asked for
    row = cursor.fetchone()
    return None if row is None else row[0]


def _shown(address: str) -> str:
    """Give what of an address is no secret; refuse one in which a secret may stand anywhere."""
    try:
        parts = {key: str(part) for key, part in conninfo_to_dict(address).items() if part}
    except psycopg.Error:
        parts = {"host": "@"}
    host, port, database = (parts.get(key, "") for key in ("host", "port", "dbname"))
    # A password with one of these signs in it ends early, and what follows is taken for a place.
    if "@" in host + port + database or not re.fullmatch(r"[\d,]*", port):
        raise JournalUnavailable("postgresql://...", _NO_ADDRESS)
    place = f"postgresql://{host}{port and f':{port}'}/{database}"
    return f"{place}?options={parts['options']}" if "options" in parts else place
