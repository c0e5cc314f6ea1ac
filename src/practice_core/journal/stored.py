"""What every store has in common: the law of an append, and reading page by page.

A store says how a transaction begins and ends and how rows are read and written; what may be
appended, and what becomes of it, stands here once.
"""

from __future__ import annotations

import abc
import json
import secrets
from itertools import count
from typing import TYPE_CHECKING, Protocol

import attrs

from practice_core.journal.chain import SALT_BYTES, link, seal
from practice_core.journal.contract import (
    Appended,
    Carried,
    Head,
    KeptSnapshot,
    KeptText,
    Recorded,
    Row,
    TextId,
    is_stream,
)
from practice_core.journal.errors import (
    AppendRefused,
    BrokenEvent,
    CommandReused,
    Conflict,
    NotAStream,
    Stale,
    UnknownText,
)
from practice_core.journal.shapes import canonical
from practice_core.units import CommandId, is_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from practice_core.journal.codec import Codec
    from practice_core.journal.contract import Write

__all__ = ["MAX_BYTES", "MAX_EVENTS", "StoredJournal", "Transaction"]

MAX_EVENTS = 10_000
"""Events and texts of one append."""
MAX_BYTES = 16 * 2**20
"""Their bytes together, as stored."""
_MAX_DIGEST = 64
_PAGE = 500


class Transaction(Protocol):
    """What an append needs of a store while nobody else writes to it."""

    def carried(self, command: CommandId) -> Carried | None:
        """Give what was carried out under a command's id."""
        ...

    def versions(self, streams: Sequence[str]) -> Mapping[str, int]:
        """Give how many events each stream has; those that have none may be left out."""
        ...

    def head(self) -> Head:
        """Give where the journal ends."""
        ...

    def known_texts(self, ids: Sequence[TextId]) -> Sequence[TextId]:
        """Give those of the ids that were used before."""
        ...

    def write(
        self, rows: Sequence[Row], texts: Mapping[TextId, KeptText], carried: Carried
    ) -> None:
        """Write all of it."""
        ...


@attrs.frozen
class _Draft:
    """An append as far as it can be prepared without the store."""

    writes: Sequence[Write]
    bodies: Sequence[Sequence[bytes]]
    command: CommandId
    digest: bytes
    texts: Mapping[TextId, KeptText]

    @property
    def seals(self) -> bytes:
        return canonical(
            {key: seal(kept.text or "", kept.salt or b"") for key, kept in self.texts.items()}
        )


class StoredJournal(abc.ABC):
    """A journal on some store; see `practice_core.journal.Journal` for what its methods promise.

    Parameters
    ----------
    where
        What to call it in errors.
    codec
        The events it holds.
    """

    def __init__(self, where: str, codec: Codec) -> None:
        self.where = where
        self.codec = codec

    # -------------------------------------------------------------- what a store provides

    @abc.abstractmethod
    def _writing(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction, alone; leaving commits, an error undoes all of it."""

    @abc.abstractmethod
    def _carried(self, command: CommandId) -> Carried | None:
        """Give what was carried out under a command's id."""

    @abc.abstractmethod
    def _page(self, after: int, limit: int) -> Sequence[Row]:
        """Give up to so many rows from the position after `after`."""

    @abc.abstractmethod
    def _stream_page(self, stream: str, after: int, limit: int) -> Sequence[Row]:
        """Give up to so many rows of a stream from the version after `after`."""

    @abc.abstractmethod
    def _erase(self, key: TextId) -> bool:
        """Remove a text and its salt; tell whether it was known."""

    @abc.abstractmethod
    def head(self) -> Head:
        """Give where the journal ends."""

    @abc.abstractmethod
    def texts(self, ids: Sequence[TextId]) -> Mapping[TextId, KeptText]:
        """Give free texts with their salts, as they are stored; unknown ids are left out."""

    @abc.abstractmethod
    def snapshot(self, projection: str) -> KeptSnapshot | None:
        """Give the last snapshot that was kept of a projection."""

    @abc.abstractmethod
    def keep_snapshot(self, snapshot: KeptSnapshot) -> None:
        """Keep a snapshot in place of the last one of its projection."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close this handle; once more does nothing."""

    # -------------------------------------------------------------- what follows from it

    def append(
        self,
        writes: Sequence[Write],
        *,
        command: CommandId,
        digest: bytes,
        texts: Mapping[TextId, str] | None = None,
    ) -> Appended:
        """Append to all streams or to none."""
        draft = self._drafted(tuple(writes), command, digest, texts or {})
        with self._writing() as store:
            return _carried_out(draft, store)

    def carried(self, command: CommandId) -> Carried | None:
        """Give what was carried out under a command's id; None if nothing was."""
        return self._carried(command) if is_identifier(command) else None

    def stream(self, name: str, *, after: int = 0) -> Iterator[Recorded]:
        """Give the events of one stream, in order."""
        if not is_stream(name):
            raise NotAStream(name)

        def page(after: int, limit: int) -> Sequence[Row]:
            return self._stream_page(name, after, limit)

        return map(self._recorded, _paged(page, lambda row: row.version, after, None))

    def read(self, *, after: int = 0, limit: int | None = None) -> Iterator[Recorded]:
        """Give all events in the global order."""
        return map(self._recorded, self.rows(after=after, limit=limit))

    def rows(self, *, after: int = 0, limit: int | None = None) -> Iterator[Row]:
        """Give what `read` gives, as it is stored."""
        return _paged(self._page, lambda row: row.position, after, limit)

    def text(self, key: TextId) -> str | None:
        """Give a free text; None if it was erased."""
        found = self.texts([key]) if is_identifier(key) else {}
        if key not in found:
            raise UnknownText(key)
        return found[key].text

    def erase_text(self, key: TextId) -> None:
        """Remove a free text and its salt for good."""
        if not is_identifier(key) or not self._erase(key):
            raise UnknownText(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _recorded(self, row: Row) -> Recorded:
        texts = _texts_of(row) if row.seals else ()
        event = self.codec.decode(row.body)
        return Recorded(row.position, row.stream, row.version, event, CommandId(row.command), texts)

    def _drafted(
        self,
        writes: tuple[Write, ...],
        command: CommandId,
        digest: bytes,
        texts: Mapping[TextId, str],
    ) -> _Draft:
        if not is_identifier(command):
            raise AppendRefused("command", _not_an_id(command))
        if not 1 <= len(digest) <= _MAX_DIGEST:
            why = f"{len(digest)} bytes, expected 1 to {_MAX_DIGEST}"
            raise AppendRefused("digest", why)
        _check_writes(writes)
        events = sum(len(write.events) or 1 for write in writes) + len(texts)
        if events > MAX_EVENTS:
            why = f"{events} events and texts, at most {MAX_EVENTS}"
            raise AppendRefused("writes", why)
        bodies = [[self.codec.encode(event) for event in write.events] for write in writes]
        size = sum(len(body) for stream in bodies for body in stream)
        size += sum(len(_utf8(key, text)) for key, text in texts.items())
        if size > MAX_BYTES:
            why = f"{size} bytes, at most {MAX_BYTES}"
            raise AppendRefused("writes", why)
        kept = {key: KeptText(text, secrets.token_bytes(SALT_BYTES)) for key, text in texts.items()}
        return _Draft(writes, bodies, command, bytes(digest), kept)


def _texts_of(row: Row) -> tuple[TextId, ...]:
    try:
        return tuple(TextId(key) for key in json.loads(row.seals))
    except (ValueError, TypeError, RecursionError) as error:
        raise BrokenEvent(row.seals, "its seals are no JSON object") from error


def _check_writes(writes: Sequence[Write]) -> None:
    if not any(write.events for write in writes):
        raise AppendRefused("writes", "no events, expected at least one")
    seen: set[str] = set()
    for write in writes:
        wrong = _wrong_with(write, seen)
        if wrong is not None:
            place = f"stream {write.stream!r:.80}"
            raise AppendRefused(place, wrong)
        seen.add(write.stream)


def _wrong_with(write: Write, seen: Container[str]) -> str | None:
    if not is_stream(write.stream):
        return "expected a kind such as order or team, a slash and an id"
    if write.stream in seen:
        return "written twice, expected once with all its events"
    if type(write.expected) is not int or write.expected < 0:
        return f"expected at version {write.expected}, which cannot be"
    return None


def _not_an_id(found: str) -> str:
    return f"{found!r:.80}, expected 1 to 64 of A-Za-z0-9._:-, first a letter or digit"


def _utf8(key: TextId, text: str) -> bytes:
    if not is_identifier(key):
        raise AppendRefused("text", _not_an_id(key))
    place = f"text {key}"
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise AppendRefused(place, "not text that UTF-8 can hold") from error
    if b"\0" in raw:
        raise AppendRefused(place, "a null character, which not every store can hold")
    return raw


def _carried_out(draft: _Draft, store: Transaction) -> Appended:
    """Carry out an append while nobody else writes: the law that every store obeys."""
    carried = store.carried(draft.command)
    if carried is not None:
        if carried.digest != draft.digest:
            raise CommandReused(draft.command)
        return carried.appended
    found = store.versions([write.stream for write in draft.writes])
    stale = [
        Stale(write.stream, write.expected, found.get(write.stream, 0))
        for write in draft.writes
        if write.expected != found.get(write.stream, 0)
    ]
    if stale:
        raise Conflict(stale)
    used = store.known_texts(list(draft.texts)) if draft.texts else ()
    if used:
        raise AppendRefused(f"text {used[0]}", "kept before, expected an id of its own")  # noqa: EM102, TRY003 - it takes data
    head = store.head()
    rows = _chained(draft, head)
    appended = Appended(head.length + 1, rows[-1].position)
    store.write(rows, draft.texts, Carried(draft.command, draft.digest, appended))
    return appended


def _chained(draft: _Draft, head: Head) -> list[Row]:
    rows: list[Row] = []
    before, places = head.hash, count(head.length + 1)
    seals = draft.seals if draft.texts else b""
    command = str(draft.command)
    for write, bodies in zip(draft.writes, draft.bodies, strict=True):
        for version, body in enumerate(bodies, write.expected + 1):
            position = next(places)
            row = Row(position, write.stream, version, command, body, seals, before)
            before = link(before, row)
            rows.append(Row(position, write.stream, version, command, body, seals, before))
            seals = b""
    return rows


def _paged(
    page: Callable[[int, int], Sequence[Row]],
    place: Callable[[Row], int],
    after: int,
    limit: int | None,
) -> Iterator[Row]:
    """Read page by page, so that no reader holds the store, until there is no more."""
    left, after = limit, max(0, after)
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        rows = page(after, size)
        yield from rows
        if len(rows) < size:
            return
        after = place(rows[-1])
        left = None if left is None else left - size
