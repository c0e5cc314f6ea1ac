"""A journal in memory: for tests, for simulations, and to show what the others do."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from contextlib import contextmanager
from operator import attrgetter
from threading import RLock
from typing import TYPE_CHECKING

import attrs

from practice_core.journal.chain import GENESIS
from practice_core.journal.codec import CODEC
from practice_core.journal.contract import Carried, Head, KeptSnapshot, KeptText, Row, TextId
from practice_core.journal.errors import HandleUnusable
from practice_core.journal.stored import StoredJournal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from practice_core.journal.codec import Codec
    from practice_core.units import CommandId

__all__ = ["Memory", "MemoryJournal"]


@attrs.define
class Memory:
    """What several handles on one memory journal share."""

    rows: list[Row] = attrs.field(factory=list)
    streams: dict[str, list[Row]] = attrs.field(factory=lambda: defaultdict(list))
    commands: dict[CommandId, Carried] = attrs.field(factory=dict)
    kept: dict[TextId, KeptText] = attrs.field(factory=dict)
    snapshots: dict[str, KeptSnapshot] = attrs.field(factory=dict)
    lock: RLock = attrs.field(factory=RLock)

    def carried(self, command: CommandId) -> Carried | None:
        """Give what was carried out under a command's id."""
        return self.commands.get(command)

    def versions(self, streams: Sequence[str]) -> Mapping[str, int]:
        """Give how many events each stream has."""
        return {name: len(self.streams[name]) for name in streams if name in self.streams}

    def head(self) -> Head:
        """Give where the journal ends."""
        return Head(len(self.rows), self.rows[-1].hash) if self.rows else Head(0, GENESIS)

    def known_texts(self, ids: Sequence[TextId]) -> Sequence[TextId]:
        """Give those of the ids that were used before."""
        return [key for key in ids if key in self.kept]

    def write(
        self, rows: Sequence[Row], texts: Mapping[TextId, KeptText], carried: Carried
    ) -> None:
        """Write all of it; nothing here can fail half way."""
        for row in rows:
            self.streams[row.stream].append(row)
        self.kept.update(texts)
        self.commands[carried.command] = carried
        self.rows.extend(rows)


class MemoryJournal(StoredJournal):
    """A journal that is gone with the program.

    Parameters
    ----------
    memory
        What another handle keeps its events in; by default a new, empty one.
    codec
        The events it holds.

    Examples
    --------
    >>> from practice_core.journal import Write
    >>> from practice_core.orders import OrderReviewed
    >>> reviewed = OrderReviewed("o-1", 0, "desk", due_at=60_000)
    >>> with MemoryJournal() as journal:
    ...     journal.append([Write("order/o-1", 0, (reviewed,))], command="c-1", digest=b"1")
    ...     [(one.position, one.event.kind) for one in journal.read()]
    Appended(position_first=1, position_last=1)
    [(1, 'order.reviewed')]
    """

    def __init__(self, memory: Memory | None = None, *, codec: Codec = CODEC) -> None:
        super().__init__("memory", codec)
        self._memory: Memory | None = Memory() if memory is None else memory

    @property
    def memory(self) -> Memory:
        """What it keeps its events in."""
        if self._memory is None:
            raise HandleUnusable(self.where, "it was closed")
        return self._memory

    @contextmanager
    def _writing(self) -> Iterator[Memory]:
        with self.memory.lock:
            yield self.memory

    def _carried(self, command: CommandId) -> Carried | None:
        with self.memory.lock:
            return self.memory.carried(command)

    def _page(self, after: int, limit: int) -> Sequence[Row]:
        rows = self.memory.rows
        begin = bisect_right(rows, after, key=attrgetter("position"))
        return rows[begin : begin + limit]

    def _stream_page(self, stream: str, after: int, limit: int) -> Sequence[Row]:
        return self.memory.streams.get(stream, [])[after : after + limit]

    def head(self) -> Head:
        """Give where the journal ends."""
        with self.memory.lock:
            return self.memory.head()

    def texts(self, ids: Sequence[TextId]) -> Mapping[TextId, KeptText]:
        """Give free texts with their salts."""
        return {key: self.memory.kept[key] for key in ids if key in self.memory.kept}

    def _erase(self, key: TextId) -> bool:
        with self.memory.lock:
            known = key in self.memory.kept
            if known:
                self.memory.kept[key] = KeptText(None, None)
            return known

    def snapshot(self, projection: str) -> KeptSnapshot | None:
        """Give the last snapshot that was kept of a projection."""
        return self.memory.snapshots.get(projection)

    def keep_snapshot(self, snapshot: KeptSnapshot) -> None:
        """Keep a snapshot in place of the last one of its projection."""
        self.memory.snapshots[snapshot.projection] = snapshot

    def close(self) -> None:
        """Close this handle."""
        self._memory = None
