"""Who stores events on the disk beside our journal: eventsourcing's recorders on SQLite.

Every contender is given the same orders in the same batches and has a file of its own, in SQLite's
write-ahead log with full synchronisation: ours asks for it, of theirs it is looked at before. A
contender prepares a batch, which is not timed, and gives what stores it, which is.

Ours is held to more than the others: whether a command was carried out before is looked up, the
version of each stream compared, each row chained to the one before by its hash. The recorders are
given finished bytes, so that nothing but storing is timed; ``eventsourcing_store`` makes the bytes
as well, as an application of theirs does, out of plain data. The recorder of aggregates has no
global order to read on from; the recorder of applications has, and is the one to compare with.
"""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

from eventsourcing.persistence import EventStore, JSONTranscoder, Mapper, StoredEvent
from eventsourcing.sqlite import (
    SQLiteAggregateRecorder,
    SQLiteApplicationRecorder,
    SQLiteDatastore,
)

from practice_core.journal import CODEC, open_journal
from practice_core.journal.shapes import plain
from practice_core.units import CommandId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from practice_core.journal import Write

__all__ = ["OTHERS", "Contender", "contenders", "datastore", "file_of"]

Contender: TypeAlias = "Callable[[Sequence[Write]], Callable[[], object]]"

OTHERS = ("eventsourcing_aggregates", "eventsourcing_application", "eventsourcing_store")
FULL = 2
"""What SQLite calls full synchronisation."""


@dataclass(frozen=True)
class Happened:
    """An event as eventsourcing wants it: where it belongs, and a dictionary of the rest."""

    originator_id: str
    originator_version: int
    fields: dict[str, Any]


def file_of(folder: Path, name: str) -> Path:
    """Give the file of a contender."""
    return folder / f"{name}.db"


@contextmanager
def contenders(folder: Path) -> Iterator[dict[str, Contender]]:
    """Open every contender's file in a folder."""
    with ExitStack() as opened:
        journal = opened.enter_context(open_journal(file_of(folder, "ours")))
        commands = map("c-{}".format, count())

        def ours(writes: Sequence[Write]) -> Callable[[], object]:
            return partial(
                journal.append, writes, command=CommandId(next(commands)), digest=b"digest"
            )

        aggregates, application, applied = (
            opened.enter_context(datastore(folder, name)) for name in OTHERS
        )
        recorder = SQLiteAggregateRecorder(aggregates)
        numbering = SQLiteApplicationRecorder(application)
        beneath = SQLiteApplicationRecorder(applied)
        for one in (recorder, numbering, beneath):
            one.create_table()
        store: EventStore[str] = EventStore(Mapper(JSONTranscoder()), beneath)
        yield {
            "ours": ours,
            OTHERS[0]: lambda writes: partial(recorder.insert_events, _stored(writes)),
            OTHERS[1]: lambda writes: partial(numbering.insert_events, _stored(writes)),
            OTHERS[2]: lambda writes: partial(store.put, _happened(writes)),
        }


@contextmanager
def datastore(folder: Path, name: str) -> Iterator[SQLiteDatastore]:
    """Open a file of theirs, and see that it keeps what it is told as well as ours does."""
    path = str(file_of(folder, name))
    with closing(SQLiteDatastore(path, originator_id_type="text")) as datastore:
        with datastore.get_connection(commit=True) as connection:
            kept = []
            for what in ("journal_mode", "synchronous"):
                cursor = connection.cursor()
                cursor.execute(f"PRAGMA {what}")
                kept.append(cursor.fetchone()[0])
        if kept != ["wal", FULL]:
            raise AssertionError(kept)
        yield datastore


def _stored(writes: Sequence[Write]) -> list[StoredEvent]:
    return [
        StoredEvent(write.stream, version, event.kind, CODEC.encode(event))
        for write in writes
        for version, event in enumerate(write.events, write.expected + 1)
    ]


def _happened(writes: Sequence[Write]) -> list[Happened]:
    return [
        Happened(write.stream, version, plain(CODEC.encode(event)))
        for write in writes
        for version, event in enumerate(write.events, write.expected + 1)
    ]
