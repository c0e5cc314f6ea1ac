"""What a journal is: what is written to it, what it answers, and what may be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, NewType, Protocol

import attrs

from practice_core.units import CommandId, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

__all__ = [
    "Appended",
    "Carried",
    "Event",
    "Head",
    "Journal",
    "KeptSnapshot",
    "KeptText",
    "Recorded",
    "Row",
    "TextId",
    "Write",
    "is_stream",
]

TextId = NewType("TextId", str)

_STREAM = re.compile(
    r"(?:account|area|item|nomination|order|standing|team)/[A-Za-z0-9][A-Za-z0-9._:-]{0,63}"
)


def is_stream(name: str) -> bool:
    """Tell whether `name` may name a stream.

    >>> is_stream("order/o-1"), is_stream("order/"), is_stream("orders/o-1")
    (True, False, False)
    """
    return _STREAM.fullmatch(name) is not None


class Event(Protocol):
    """What happened: a value that names its kind and the schema of its fields."""

    kind: ClassVar[str]
    schema: ClassVar[int]


@attrs.frozen
class Write:
    """Events to be appended to one stream; none, if it is only to be as it was.

    Parameters
    ----------
    stream
        ``order/<id>``, ``account/<id>``, ``team/<id>``, ``item/<id>``, ``standing/<id>``,
        ``nomination/<id>`` or ``area/<id>``.
    expected
        How many events the stream had when all was decided.
    events
        In order. Of all that is appended at once there is at least one.
    """

    stream: str
    expected: int
    events: tuple[Event, ...]


@attrs.frozen
class Appended:
    """Where the events of a command stand in the global order, without a gap."""

    position_first: int
    position_last: int


@attrs.frozen
class Carried:
    """A command that was carried out.

    Parameters
    ----------
    command
        Its id.
    digest
        Of its content, as it was given.
    appended
        What was answered.
    """

    command: CommandId
    digest: bytes
    appended: Appended


@value
class Recorded:
    """An event with its place.

    Parameters
    ----------
    position
        In the global order, from 1.
    stream, version
        Its stream, and its number in that, from 1.
    event
        What happened.
    command
        The command that it came of.
    texts
        Free texts that were appended with this event, by id.
    """

    position: int
    stream: str
    version: int
    event: Event
    command: CommandId
    texts: tuple[TextId, ...] = ()


@value
class Row:
    """An event as it is stored.

    Parameters
    ----------
    position, stream, version, command
        As in `Recorded`.
    body
        The event as canonical JSON.
    seals
        Salted hashes of the texts appended with it, as canonical JSON; empty if there are none.
    hash
        Of the row before and of all of this one: see `practice_core.journal.chain`.
    """

    position: int
    stream: str
    version: int
    command: str
    body: bytes
    seals: bytes
    hash: bytes


@attrs.frozen
class Head:
    """Where a journal ends: how many events it has, and the hash of the last."""

    length: int
    hash: bytes


@attrs.frozen
class KeptText:
    """A free text with the salt of its hash; both None once it was erased."""

    text: str | None
    salt: bytes | None


@attrs.frozen
class KeptSnapshot:
    """A projection of all events up to a position, kept beside the log.

    Parameters
    ----------
    projection, version
        Which, by which version of its code.
    head
        Where the journal ended then.
    state
        The projection as bytes.
    """

    projection: str
    version: int
    head: Head
    state: bytes


class Journal(Protocol):
    """An append-only log of events in one global order, of which each stream is a part.

    A handle belongs to the thread that opened it; any number of handles, in any number of
    processes, may be open on one journal. What `append` has answered survives a crash.
    """

    def append(
        self,
        writes: Sequence[Write],
        *,
        command: CommandId,
        digest: bytes,
        texts: Mapping[TextId, str] = ...,
    ) -> Appended:
        """Append to all streams or to none.

        Parameters
        ----------
        writes
            Each stream at most once.
        command
            The id of the command that the events come of, made by the caller.
        digest
            Of the command's content, 1 to 64 bytes: the same id with another digest is an error.
        texts
            Free texts by ids that were never used, to be kept beside the log where `erase_text`
            reaches them. The first row of the append holds their salted hashes.

        Returns
        -------
        Appended
            If this command was carried out before, what was answered then.

        Raises
        ------
        Conflict
            If streams are not as expected; it names each.
        CommandReused
            If the command was carried out before with another digest.
        AppendRefused
            If a name, a number or a size is out of bounds, or an event cannot be stored.
        StoreError
            If the store fails.
        """
        ...

    def carried(self, command: CommandId) -> Carried | None:
        """Give what was carried out under a command's id; None if nothing was.

        Whatever cannot be an id is no error: nothing was carried out under it.
        """
        ...

    def stream(self, name: str, *, after: int = 0) -> Iterator[Recorded]:
        """Give the events of one stream, in order, from the version after `after`.

        Raises
        ------
        NotAStream
            If none can have this name; one that has no events yet is empty.
        """
        ...

    def read(self, *, after: int = 0, limit: int | None = None) -> Iterator[Recorded]:
        """Give all events in the global order, from the position after `after`.

        Positions have no gap, at any time, whoever else writes: who has read to a position has
        read everything up to it and will never miss anything. That makes it a platform's outbox.
        """
        ...

    def rows(self, *, after: int = 0, limit: int | None = None) -> Iterator[Row]:
        """Give what `read` gives, as it is stored."""
        ...

    def head(self) -> Head:
        """Give where the journal ends."""
        ...

    def text(self, key: TextId) -> str | None:
        """Give a free text; None if it was erased.

        Raises
        ------
        UnknownText
            If none was ever kept under this id.
        """
        ...

    def erase_text(self, key: TextId) -> None:
        """Remove a free text and its salt for good; the chain still verifies.

        It may be repeated: with SQLite it fails as `JournalBusy` while others read what the log
        still holds of the text.

        Raises
        ------
        UnknownText
            If none was ever kept under this id.
        """
        ...

    def texts(self, ids: Sequence[TextId]) -> Mapping[TextId, KeptText]:
        """Give free texts with their salts, as they are stored; unknown ids are left out."""
        ...

    def snapshot(self, projection: str) -> KeptSnapshot | None:
        """Give the last snapshot that was kept of a projection."""
        ...

    def keep_snapshot(self, snapshot: KeptSnapshot) -> None:
        """Keep a snapshot in place of the last one of its projection."""
        ...

    def close(self) -> None:
        """Close this handle; once more does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
